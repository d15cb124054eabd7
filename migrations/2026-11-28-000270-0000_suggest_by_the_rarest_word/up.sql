-- Of "secret m" the rarest word is "secret": claims that have it are few, and the unfinished one is looked for among them by its beginning. Before, the
-- likeliest words that begin with "m" were found first, which read 2,000 counts; and the rarest was a stem of one language, which hid claims in the others.
CREATE OR REPLACE FUNCTION claims_suggested(typed text, OUT rarest text, OUT wanted text) LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    whole CONSTANT text := substring(typed FROM '^(.*\s)\S*$');
    begun CONSTANT text := folded_name(substring(typed FROM '\S*$'));
    few CONSTANT bigint := 2000;
    frequency bigint;
BEGIN
    IF whole IS NOT NULL THEN
        SELECT '(' || string_agg(DISTINCT '(' || meaning || ')', ' | ') || ')' INTO wanted FROM search_languages
            CROSS JOIN LATERAL term_in(config, whole) AS m(meaning) WHERE meaning <> '';
        SELECT string_agg(quote_literal(word), ' | '), sum(entries) INTO rarest, frequency FROM regexp_split_to_table(btrim(whole), '\s+') AS t(term)
            JOIN word_counts ON word = ANY (wanted_stems(term)) AND entries > 0 GROUP BY term ORDER BY sum(entries) LIMIT 1;
    END IF;
    IF begun <> '' AND frequency <= few THEN
        wanted := concat_ws(' & ', wanted, '(' || concat_ws(' | ', '''' || replace(replace(begun, '\', '\\'), '''', '''''') || ''':*',
            (SELECT string_agg(quote_literal(stem), ' | ') FROM unnest(wanted_stems(begun)) AS t(stem))) || ')');
    ELSIF begun <> '' THEN
        SELECT '(' || string_agg(quote_literal(word), ' | ') || ')', sum(entries) INTO rarest, frequency FROM (
            SELECT word, entries FROM (
                (SELECT word, entries FROM word_counts WHERE word >= begun AND word < begun || U&'\+10FFFF' AND entries > 0 AND word NOT LIKE '=%' ORDER BY word LIMIT 2000)
                UNION SELECT word, entries FROM word_counts WHERE word = ANY (wanted_stems(begun))) AS begins
            ORDER BY entries DESC LIMIT 8) AS likeliest;
        wanted := CASE WHEN rarest IS NOT NULL THEN concat_ws(' & ', wanted, rarest) END;
    END IF;
    IF frequency IS NULL OR frequency > few THEN
        rarest := NULL;
    END IF;
END $$;
COMMENT ON FUNCTION claims_suggested(text) IS 'The words typed so far as tsquery in text form, the last one unfinished, and the rarest of them, which few claims have; that is null where more than some 2,000 may';
