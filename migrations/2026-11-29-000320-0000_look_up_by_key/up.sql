-- Plans that were good while the tables were as the statistics had them, and read far too much since: all hidden records, by the index of
-- these, to show one of them, and a queue once more for each of its rows.
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('show_records(uuid[], uuid[])'::regprocedure), 'AND NOT public;', 'AND public IS NOT TRUE;');
    EXECUTE replace(pg_get_functiondef('fold_words(integer)'::regprocedure), 'id IN (SELECT id FROM word_deltas ORDER BY id LIMIT at_most)',
        'id = ANY (ARRAY(SELECT id FROM word_deltas ORDER BY id LIMIT at_most))');
END $$;
