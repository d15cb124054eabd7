-- Of "secret m" the rarest word is "secret": claims that have it are few, and the unfinished one is looked for among them by its beginning. Before, the
-- likeliest words that begin with "m" were found first, which read 2,000 counts. And the rarest was one stem of one language, or a word that
-- another language leaves out, which hid all claims in the others; and of what is written without blanks each character was looked for by itself.
CREATE OR REPLACE FUNCTION claims_suggested(typed text, OUT rarest text, OUT wanted text) LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    whole CONSTANT text := substring(typed FROM '^(.*\s)\S*$');
    begun CONSTANT text := folded_name(substring(typed FROM '\S*$'));
    unspaced CONSTANT text := CASE WHEN begun ~ ('[' || without_blanks() || ']') THEN nullif(term_in('simple', begun), '') END;
    few CONSTANT bigint := 2000;
    frequency bigint;
BEGIN
    IF whole IS NOT NULL THEN
        -- Where a language leaves all of it out, as "by", its entries have it nowhere.
        SELECT '(' || string_agg(DISTINCT CASE meaning WHEN '' THEN quote_literal('=' || config) ELSE '(' || meaning || ')' END, ' | ') || ')' INTO wanted
            FROM search_languages CROSS JOIN LATERAL term_in(config, whole) AS m(meaning);
        WITH read AS MATERIALIZED (
            SELECT term, tsvector_to_array(words_of(config, term)) AS stems FROM regexp_split_to_table(btrim(whole), '\s+') AS t(term) CROSS JOIN search_languages
        ), meant AS (
            SELECT DISTINCT term, stem FROM read CROSS JOIN unnest(stems) AS s(stem) WHERE term NOT IN (SELECT term FROM read WHERE stems = '{}')
        )
        SELECT string_agg(quote_literal(word), ' | '), sum(entries) INTO rarest, frequency FROM meant JOIN word_counts ON word = stem AND entries > 0
            GROUP BY term ORDER BY sum(entries) LIMIT 1;
    END IF;
    IF unspaced IS NOT NULL THEN
        wanted := concat_ws(' & ', wanted, '(' || unspaced || ')');
        IF frequency IS NULL OR frequency > few THEN
            SELECT quote_literal(word), entries INTO rarest, frequency FROM regexp_matches(unspaced, '''([^'']+)''', 'g') AS t(term)
                JOIN word_counts ON word = term[1] AND entries > 0 ORDER BY entries LIMIT 1;
        END IF;
    ELSIF begun <> '' AND frequency <= few THEN
        wanted := concat_ws(' & ', wanted, '(' || concat_ws(' | ', '''' || replace(replace(begun, '\', '\\'), '''', '''''') || ''':*',
            (SELECT string_agg(quote_literal(stem), ' | ') FROM unnest(wanted_stems(begun)) AS t(stem)),
            (SELECT string_agg(quote_literal('=' || config), ' | ') FROM search_languages WHERE term_in(config, begun) = '')) || ')');
    ELSIF char_length(begun) > 1 THEN
        -- So many words begin with one letter that the likeliest of them tell nothing.
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
