-- Who may see a source, a document or a topic depends on what refers to it. Computing that for every row of a list is
-- slow, so it is kept in the column public and written only when it flips. To show takes FOR KEY SHARE, to hide takes
-- FOR UPDATE: they exclude each other, so that neither decides on what the other has not committed yet.

CREATE FUNCTION show_records(source_ids uuid[], document_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM documents WHERE id = ANY (document_ids) ORDER BY id FOR KEY SHARE;
    UPDATE documents SET public = true WHERE id = ANY (document_ids) AND NOT public;
    PERFORM FROM sources WHERE id = ANY (source_ids) ORDER BY id FOR KEY SHARE;
    UPDATE sources SET public = true WHERE id = ANY (source_ids) AND NOT public;
END $$;
COMMENT ON FUNCTION show_records(uuid[], uuid[]) IS 'Makes sources and documents public because something public refers to them';

CREATE FUNCTION hide_unreferenced(source_ids uuid[], document_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    these_sources uuid[];
    these_documents uuid[];
    kept uuid[];
BEGIN
    -- With everything they lead to: records that only keep each other public (affiliations may form a circle) go together.
    WITH RECURSIVE led_to(noun, id) AS (
        (SELECT 'document', id FROM unnest(document_ids) AS t(id) UNION SELECT 'source', id FROM unnest(source_ids) AS t(id))
        UNION
        SELECT next.noun, next.id FROM led_to CROSS JOIN LATERAL (
            SELECT 'document', derived_from_id FROM documents WHERE led_to.noun = 'document' AND documents.id = led_to.id
            UNION ALL
            SELECT 'source', publisher_id FROM documents WHERE led_to.noun = 'document' AND documents.id = led_to.id
            UNION ALL
            SELECT 'source', affiliation_id FROM sources WHERE led_to.noun = 'source' AND sources.id = led_to.id
        ) AS next(noun, id) WHERE next.id IS NOT NULL)
    SELECT coalesce(array_agg(id) FILTER (WHERE noun = 'source'), '{}'), coalesce(array_agg(id) FILTER (WHERE noun = 'document'), '{}')
        INTO these_sources, these_documents FROM led_to;
    PERFORM FROM documents WHERE id = ANY (these_documents) ORDER BY id FOR UPDATE;
    PERFORM FROM sources WHERE id = ANY (these_sources) ORDER BY id FOR UPDATE;

    WITH RECURSIVE kept_public(noun, id) AS (
        (SELECT 'source', id FROM unnest(these_sources) AS t(id)
         WHERE EXISTS (SELECT FROM statements WHERE source_id = t.id AND public)
            OR EXISTS (SELECT FROM statements WHERE on_behalf_of_id = t.id AND public)
            OR EXISTS (SELECT FROM verdicts WHERE author_id = t.id AND public)
            OR EXISTS (SELECT FROM documents WHERE publisher_id = t.id AND public AND documents.id <> ALL (these_documents))
            OR EXISTS (SELECT FROM sources WHERE affiliation_id = t.id AND public AND sources.id <> ALL (these_sources))
         UNION
         SELECT 'document', id FROM unnest(these_documents) AS t(id)
         WHERE EXISTS (SELECT FROM statements WHERE document_id = t.id AND public)
            OR EXISTS (SELECT FROM appearances JOIN statements ON statements.id = statement_id
                       WHERE appearances.document_id = t.id AND public)
            OR EXISTS (SELECT FROM evidence JOIN verdicts ON verdicts.id = verdict_id WHERE evidence.document_id = t.id AND public)
            OR EXISTS (SELECT FROM documents WHERE derived_from_id = t.id AND public AND documents.id <> ALL (these_documents)))
        UNION
        SELECT next.noun, next.id FROM kept_public CROSS JOIN LATERAL (
            SELECT 'document', derived_from_id FROM documents WHERE kept_public.noun = 'document' AND documents.id = kept_public.id
            UNION ALL
            SELECT 'source', publisher_id FROM documents WHERE kept_public.noun = 'document' AND documents.id = kept_public.id
            UNION ALL
            SELECT 'source', affiliation_id FROM sources WHERE kept_public.noun = 'source' AND sources.id = kept_public.id
        ) AS next(noun, id) WHERE next.id IS NOT NULL)
    SELECT coalesce(array_agg(id), '{}') INTO kept FROM kept_public;
    UPDATE documents SET public = false WHERE id = ANY (these_documents) AND id <> ALL (kept) AND public;
    UPDATE sources SET public = false WHERE id = ANY (these_sources) AND id <> ALL (kept) AND public;
END $$;
COMMENT ON FUNCTION hide_unreferenced(uuid[], uuid[]) IS 'Hides those of these sources and documents, and of what they lead to, that nothing public refers to any more';

CREATE FUNCTION carry_source_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.public AND NEW.affiliation_id IS NOT NULL THEN
        PERFORM show_records(ARRAY[NEW.affiliation_id], '{}');
    END IF;
    IF OLD.public AND OLD.affiliation_id IS NOT NULL AND (NOT NEW.public OR NEW.affiliation_id IS DISTINCT FROM OLD.affiliation_id) THEN
        PERFORM hide_unreferenced(ARRAY[OLD.affiliation_id], '{}');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_source_visibility() IS 'A public source makes its affiliations public';
CREATE TRIGGER sources_carry_visibility AFTER UPDATE OF public, affiliation_id ON sources
    FOR EACH ROW WHEN (OLD.public OR NEW.public) EXECUTE FUNCTION carry_source_visibility();

CREATE FUNCTION carry_document_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.public THEN
        PERFORM show_records(array_remove(ARRAY[NEW.publisher_id], NULL), array_remove(ARRAY[NEW.derived_from_id], NULL));
    END IF;
    IF OLD.public AND (NOT NEW.public OR NEW.publisher_id IS DISTINCT FROM OLD.publisher_id
                       OR NEW.derived_from_id IS DISTINCT FROM OLD.derived_from_id) THEN
        PERFORM hide_unreferenced(array_remove(ARRAY[OLD.publisher_id], NULL), array_remove(ARRAY[OLD.derived_from_id], NULL));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_document_visibility() IS 'A public document makes its publisher and its originals public';
CREATE TRIGGER documents_carry_visibility AFTER UPDATE OF public, publisher_id, derived_from_id ON documents
    FOR EACH ROW WHEN (OLD.public OR NEW.public) EXECUTE FUNCTION carry_document_visibility();

CREATE FUNCTION carry_statement_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    carried uuid[];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.public = OLD.public
        AND (NEW.source_id, NEW.on_behalf_of_id, NEW.document_id) IS NOT DISTINCT FROM (OLD.source_id, OLD.on_behalf_of_id, OLD.document_id) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(document_id) INTO carried FROM appearances WHERE statement_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.public THEN
        PERFORM show_records(array_remove(ARRAY[NEW.source_id, NEW.on_behalf_of_id], NULL), array_remove(carried || NEW.document_id, NULL));
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.public THEN
        PERFORM hide_unreferenced(array_remove(ARRAY[OLD.source_id, OLD.on_behalf_of_id], NULL), array_remove(carried || OLD.document_id, NULL));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_statement_visibility() IS 'A public statement makes its sources and documents public';
CREATE TRIGGER statements_carry_visibility AFTER INSERT OR UPDATE OR DELETE ON statements
    FOR EACH ROW EXECUTE FUNCTION carry_statement_visibility();

CREATE FUNCTION carry_verdict_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cited uuid[];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.public = OLD.public AND NEW.author_id IS NOT DISTINCT FROM OLD.author_id THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(document_id) INTO cited FROM evidence WHERE verdict_id = OLD.id AND document_id IS NOT NULL;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.public THEN
        PERFORM show_records(array_remove(ARRAY[NEW.author_id], NULL), coalesce(cited, '{}'));
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.public THEN
        PERFORM hide_unreferenced(array_remove(ARRAY[OLD.author_id], NULL), coalesce(cited, '{}'));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_verdict_visibility() IS 'A public verdict makes its author and the documents it cites public';
CREATE TRIGGER verdicts_carry_visibility AFTER INSERT OR UPDATE OR DELETE ON verdicts
    FOR EACH ROW EXECUTE FUNCTION carry_verdict_visibility();

-- Appearances and evidence share one function: both are lists of documents behind a record that is public or not.
CREATE FUNCTION carry_listed_document_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    shown boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Its record may be gone by now, so the document itself tells whether there is anything to hide.
        PERFORM hide_unreferenced('{}', ARRAY[OLD.document_id]) FROM documents WHERE id = OLD.document_id AND public;
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'appearances' THEN
        SELECT public INTO shown FROM statements WHERE id = NEW.statement_id;
    ELSE
        SELECT public INTO shown FROM verdicts WHERE id = NEW.verdict_id;
    END IF;
    IF shown THEN
        PERFORM show_records('{}', ARRAY[NEW.document_id]);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_listed_document_visibility() IS 'What a public statement appears in and what a public verdict cites is public';
CREATE TRIGGER appearances_carry_visibility AFTER INSERT OR DELETE ON appearances
    FOR EACH ROW EXECUTE FUNCTION carry_listed_document_visibility();
CREATE TRIGGER evidence_show_documents AFTER INSERT ON evidence
    FOR EACH ROW WHEN (NEW.document_id IS NOT NULL) EXECUTE FUNCTION carry_listed_document_visibility();
CREATE TRIGGER evidence_hide_documents AFTER DELETE ON evidence
    FOR EACH ROW WHEN (OLD.document_id IS NOT NULL) EXECUTE FUNCTION carry_listed_document_visibility();

CREATE FUNCTION carry_claim_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dropped text[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status THEN
        UPDATE statements SET public = (status = 'published' AND NEW.status = 'published')
            WHERE claim_id = NEW.id AND public <> (status = 'published' AND NEW.status = 'published');
        -- guard_verdict() derives the value; only those that may flip are touched.
        UPDATE verdicts SET public = NOT public WHERE claim_id = NEW.id AND status = 'published';
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status = 'published' THEN
        PERFORM FROM topics WHERE slug = ANY (NEW.topics) ORDER BY slug FOR KEY SHARE;
        UPDATE topics SET public = true WHERE slug = ANY (NEW.topics) AND NOT public;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.status = 'published' THEN
        SELECT coalesce(array_agg(slug), '{}') INTO dropped FROM unnest(OLD.topics) AS t(slug)
            WHERE TG_OP = 'DELETE' OR NEW.status <> 'published' OR slug <> ALL (NEW.topics);
    END IF;
    IF dropped <> '{}' THEN
        PERFORM FROM topics WHERE slug = ANY (dropped) ORDER BY slug FOR UPDATE;
        UPDATE topics SET public = false WHERE slug = ANY (dropped) AND public
            AND NOT EXISTS (SELECT FROM claims WHERE status = 'published' AND claims.topics @> ARRAY[slug]);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_claim_visibility() IS 'A claim''s status decides on its statements, verdicts and topics';
CREATE TRIGGER claims_carry_visibility AFTER INSERT OR UPDATE OF status, topics OR DELETE ON claims
    FOR EACH ROW EXECUTE FUNCTION carry_claim_visibility();
