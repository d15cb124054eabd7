CREATE OR REPLACE FUNCTION fold_words(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    folded integer;
BEGIN
    -- One at a time; what another is at, it does.
    IF NOT pg_try_advisory_xact_lock(hashtext('onrecord words')) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM word_deltas WHERE id IN (SELECT id FROM word_deltas ORDER BY id LIMIT at_most) RETURNING change, words
    ), counted AS (
        INSERT INTO word_counts SELECT lexeme, sum(change) FROM taken CROSS JOIN LATERAL unnest(words) GROUP BY lexeme HAVING sum(change) <> 0 ORDER BY lexeme
        ON CONFLICT (word) DO UPDATE SET entries = word_counts.entries + excluded.entries
    ) SELECT count(*) INTO folded FROM taken;
    RETURN folded;
END $$;
DROP INDEX word_counts_nowhere_idx;
DROP INDEX embeddings_gone_at_idx;
DROP INDEX embeddings_record_id_idx;
DROP TRIGGER statements_note_said ON statements;
DROP TRIGGER claims_note_said ON claims;
DROP FUNCTION note_said();
