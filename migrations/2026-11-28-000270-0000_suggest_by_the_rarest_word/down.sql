CREATE OR REPLACE FUNCTION claims_suggested(typed text, OUT rarest text, OUT wanted text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    whole CONSTANT text := substring(typed FROM '^(.*\s)\S*$');
    begun CONSTANT text := folded_name(substring(typed FROM '\S*$'));
    likeliest text;
    frequency bigint;
BEGIN
    IF whole IS NOT NULL THEN
        SELECT '(' || string_agg(DISTINCT '(' || meaning || ')', ' | ') || ')' INTO wanted FROM search_languages
            CROSS JOIN LATERAL term_in(config, whole) AS m(meaning) WHERE meaning <> '';
    END IF;
    IF begun <> '' THEN
        SELECT '(' || string_agg(quote_literal(word), ' | ') || ')', sum(entries) INTO likeliest, frequency FROM (
            SELECT word, entries FROM (
                (SELECT word, entries FROM word_counts WHERE word >= begun AND word < begun || U&'\+10FFFF' AND entries > 0 AND word NOT LIKE '=%' ORDER BY word LIMIT 2000)
                UNION SELECT word, entries FROM word_counts WHERE word = ANY (wanted_stems(begun))) AS begins
            ORDER BY entries DESC LIMIT 8) AS likeliest;
        IF likeliest IS NULL THEN
            RETURN;
        END IF;
        wanted := concat_ws(' & ', wanted, likeliest);
        rarest := likeliest;
    END IF;
    IF frequency IS NULL OR frequency > 2000 THEN
        SELECT quote_literal(word), entries INTO rarest, frequency FROM word_counts WHERE word = ANY (wanted_stems(whole)) AND entries > 0
            ORDER BY entries LIMIT 1;
    END IF;
    IF frequency IS NULL OR frequency > 2000 THEN
        rarest := NULL;
    END IF;
END $$;
COMMENT ON FUNCTION claims_suggested(text) IS 'The words typed so far as tsquery in text form, the last one unfinished, and the rarest of them, which few claims have; that is null where more than some 2,000 may';
