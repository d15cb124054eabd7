-- What claims and quotes mean, as vectors of an embedding service, where one is configured. In plain columns: no extension is needed.

CREATE TABLE embedding_models (
    id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT embedding_models_pkey PRIMARY KEY,
    name text NOT NULL,
    dimensions integer NOT NULL,
    passage_prefix text NOT NULL,
    complete boolean NOT NULL DEFAULT false,
    chosen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT embedding_models_key UNIQUE (name, dimensions, passage_prefix)
);
COMMENT ON TABLE embedding_models IS 'The models that passages were embedded by: the one in use, and the one that is to take its place';
COMMENT ON COLUMN embedding_models.id IS 'Rises';
COMMENT ON COLUMN embedding_models.name IS 'Its name at the service';
COMMENT ON COLUMN embedding_models.dimensions IS 'How many numbers a vector has';
COMMENT ON COLUMN embedding_models.passage_prefix IS 'What is sent in front of each passage';
COMMENT ON COLUMN embedding_models.complete IS 'Whether all that there was has been embedded by it once';
COMMENT ON COLUMN embedding_models.chosen_at IS 'When a process began with it that found another chosen: passages are embedded by the last one only';

CREATE SEQUENCE embeddings_number;
-- Roles are granted tables, whose identities bring their own right to count; this is counted by updates as well.
GRANT USAGE ON SEQUENCE embeddings_number TO PUBLIC;
CREATE TABLE embeddings (
    model_id integer NOT NULL CONSTRAINT embeddings_model_id_fkey REFERENCES embedding_models ON DELETE CASCADE,
    record_id uuid NOT NULL,
    part text NOT NULL CONSTRAINT embeddings_part_known CHECK (part IN ('first', 'second')),
    text_hash uuid,
    vector bytea,
    number bigint NOT NULL DEFAULT nextval('embeddings_number'),
    gone_at timestamptz,
    CONSTRAINT embeddings_pkey PRIMARY KEY (model_id, record_id, part)
);
COMMENT ON TABLE embeddings IS 'A passage''s vector';
COMMENT ON COLUMN embeddings.model_id IS 'By which model';
COMMENT ON COLUMN embeddings.record_id IS 'Of which claim or statement';
COMMENT ON COLUMN embeddings.part IS 'first: a claim''s text, a statement''s quote; second: a claim''s context, a statement''s translation';
COMMENT ON COLUMN embeddings.text_hash IS 'MD5 of the text that was embedded, so that none is embedded twice';
COMMENT ON COLUMN embeddings.vector IS 'The direction in signed bytes, one for each dimension; null where the service has refused the text, or it is gone';
COMMENT ON COLUMN embeddings.number IS 'Rises with every change, so that each process can follow';
COMMENT ON COLUMN embeddings.gone_at IS 'When the text was deleted or replaced by none; such rows are removed a day later';
CREATE INDEX embeddings_number_idx ON embeddings (model_id, number);
ALTER SEQUENCE embeddings_number OWNED BY embeddings.number;

CREATE TABLE embeddings_waiting (
    record_id uuid CONSTRAINT embeddings_waiting_pkey PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_until timestamptz
);
COMMENT ON TABLE embeddings_waiting IS 'Claims and statements that were written and not embedded since; without a service it holds them all';
COMMENT ON COLUMN embeddings_waiting.record_id IS 'The record';
COMMENT ON COLUMN embeddings_waiting.noted_at IS 'When it was last written';
COMMENT ON COLUMN embeddings_waiting.taken_until IS 'Until when a process is at it';
CREATE INDEX embeddings_waiting_noted_at_idx ON embeddings_waiting (noted_at);

CREATE FUNCTION chosen_model() RETURNS integer LANGUAGE sql STABLE
RETURN (SELECT id FROM embedding_models ORDER BY chosen_at DESC, id DESC LIMIT 1);
COMMENT ON FUNCTION chosen_model() IS 'The model that passages are embedded by: the queue is for one alone';

CREATE FUNCTION choose_model(wanted text, length integer, prefix text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('onrecord embedding model'));
    IF EXISTS (SELECT FROM embedding_models WHERE id = chosen_model() AND (name, dimensions, passage_prefix) = (wanted, length, prefix)) THEN
        RETURN;
    END IF;
    INSERT INTO embedding_models (name, dimensions, passage_prefix) VALUES (wanted, length, prefix)
        ON CONFLICT (name, dimensions, passage_prefix) DO UPDATE SET chosen_at = clock_timestamp(), complete = false;
    INSERT INTO embeddings_waiting (record_id) SELECT record_id FROM search_entries WHERE noun IN ('claim', 'statement') ORDER BY record_id
        ON CONFLICT (record_id) DO UPDATE SET taken_until = NULL;
END $$;
COMMENT ON FUNCTION choose_model(text, integer, text) IS 'Lets passages be embedded by this model from now on; where it was another, everything waits to be embedded again';

CREATE FUNCTION passages(record_ids uuid[]) RETURNS TABLE (record_id uuid, part text, said text) LANGUAGE sql STABLE AS $$
    SELECT id, part, left(said, 4000) FROM (
        SELECT id, 'first', text FROM claims WHERE id = ANY (record_ids)
        UNION ALL SELECT id, 'second', context FROM claims WHERE id = ANY (record_ids)
        UNION ALL SELECT id, 'first', quote FROM statements WHERE id = ANY (record_ids) AND status <> 'withdrawn'
        UNION ALL SELECT id, 'second', translation FROM statements WHERE id = ANY (record_ids) AND status <> 'withdrawn'
    ) AS p(id, part, said) WHERE said IS NOT NULL
$$;
COMMENT ON FUNCTION passages(uuid[]) IS 'The texts of claims and statements that are embedded';

CREATE FUNCTION note_passages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM embeddings_waiting USING was WHERE embeddings_waiting.record_id = was.record_id;
        UPDATE embeddings SET vector = NULL, text_hash = NULL, number = nextval('embeddings_number'), gone_at = now()
            FROM was WHERE embeddings.record_id = was.record_id;
    ELSE
        INSERT INTO embeddings_waiting (record_id) SELECT record_id FROM becomes WHERE noun IN ('claim', 'statement') ORDER BY record_id
            ON CONFLICT (record_id) DO UPDATE SET noted_at = clock_timestamp(), taken_until = NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_passages() IS 'Notes records whose passages may be others than before';
CREATE TRIGGER search_entries_note_new_passages AFTER INSERT ON search_entries REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_passages();
CREATE TRIGGER search_entries_note_passages AFTER UPDATE ON search_entries REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_passages();
CREATE TRIGGER search_entries_note_gone_passages AFTER DELETE ON search_entries REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION note_passages();

INSERT INTO embeddings_waiting (record_id) SELECT record_id FROM search_entries WHERE noun IN ('claim', 'statement');
