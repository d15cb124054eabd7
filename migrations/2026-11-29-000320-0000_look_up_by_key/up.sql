-- Plans that were good while the tables were as the statistics had them, and read far too much since: all hidden records, by the index of
-- these, to show one of them, and a queue once more for each of its rows.
DO $$
DECLARE
    was CONSTANT text[] := ARRAY[pg_get_functiondef('show_records(uuid[], uuid[])'::regprocedure), pg_get_functiondef('fold_words(integer)'::regprocedure)];
    becomes CONSTANT text[] := ARRAY[replace(was[1], 'AND NOT public;', 'AND public IS NOT TRUE;'),
        replace(was[2], 'id IN (SELECT id FROM word_deltas ORDER BY id LIMIT at_most)', 'id = ANY (ARRAY(SELECT id FROM word_deltas ORDER BY id LIMIT at_most))')];
BEGIN
    IF becomes[1] = was[1] OR becomes[2] = was[2] THEN
        RAISE EXCEPTION 'show_records() or fold_words() is not what it was';
    END IF;
    EXECUTE becomes[1];
    EXECUTE becomes[2];
END $$;
