DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('fold_words(integer)'::regprocedure), 'id = ANY (ARRAY(SELECT id FROM word_deltas ORDER BY id LIMIT at_most))',
        'id IN (SELECT id FROM word_deltas ORDER BY id LIMIT at_most)');
    EXECUTE replace(pg_get_functiondef('show_records(uuid[], uuid[])'::regprocedure), 'AND public IS NOT TRUE;', 'AND NOT public;');
END $$;
