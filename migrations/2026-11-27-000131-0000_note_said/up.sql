-- What is embedded is noted where it is written: an entry of the index stays as it is when words are exchanged that mean nothing to it.
CREATE FUNCTION note_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO embeddings_waiting (record_id) VALUES (NEW.id) ON CONFLICT (record_id) DO UPDATE SET noted_at = clock_timestamp(), taken_until = NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_said() IS 'Notes a record whose texts were changed, to be embedded';
CREATE TRIGGER claims_note_said AFTER UPDATE OF text, context ON claims FOR EACH ROW
    WHEN ((NEW.text, NEW.context) IS DISTINCT FROM (OLD.text, OLD.context)) EXECUTE FUNCTION note_said();
CREATE TRIGGER statements_note_said AFTER UPDATE OF quote, translation ON statements FOR EACH ROW
    WHEN ((NEW.quote, NEW.translation) IS DISTINCT FROM (OLD.quote, OLD.translation)) EXECUTE FUNCTION note_said();

-- Vectors are looked up by record whatever their model, and those that are gone are removed.
CREATE INDEX embeddings_record_id_idx ON embeddings (record_id);
CREATE INDEX embeddings_gone_at_idx ON embeddings (gone_at) WHERE gone_at IS NOT NULL;

-- Words that stand nowhere any more are forgotten: names that were erased may be among them.
CREATE INDEX word_counts_nowhere_idx ON word_counts (word) WHERE entries <= 0;
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
    DELETE FROM word_counts WHERE entries <= 0;
    RETURN folded;
END $$;
