-- What another newsroom has hidden again, nobody else's record makes public: a source or document is shown once something
-- public of its own newsroom refers to it, and then stays public while anything public does.

CREATE FUNCTION check_shown_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (EXISTS (SELECT FROM statements WHERE source_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM statements WHERE on_behalf_of_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM verdicts WHERE author_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM documents WHERE publisher_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM sources WHERE affiliation_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)) THEN
        PERFORM refuse('shown_by_its_own_newsroom', 'another newsroom has hidden this source');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_shown_source() IS 'Only something public of its own newsroom makes a source public';
CREATE TRIGGER sources_check_shown AFTER UPDATE OF public ON sources
    FOR EACH ROW WHEN (NEW.public AND NOT OLD.public) EXECUTE FUNCTION check_shown_source();

CREATE FUNCTION check_shown_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (EXISTS (SELECT FROM statements WHERE document_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM appearances JOIN statements ON statements.id = statement_id
                       WHERE appearances.document_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM evidence JOIN verdicts ON verdicts.id = verdict_id
                       WHERE evidence.document_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)
            OR EXISTS (SELECT FROM documents WHERE derived_from_id = NEW.id AND public AND newsroom_id = NEW.newsroom_id)) THEN
        PERFORM refuse('shown_by_its_own_newsroom', 'another newsroom has hidden this document');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_shown_document() IS 'Only something public of its own newsroom makes a document public';
CREATE TRIGGER documents_check_shown AFTER UPDATE OF public ON documents
    FOR EACH ROW WHEN (NEW.public AND NOT OLD.public) EXECUTE FUNCTION check_shown_document();
