CREATE TABLE comment_requests (
    id uuid CONSTRAINT comment_requests_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT comment_requests_newsroom_id_fkey REFERENCES newsrooms,
    claim_id uuid NOT NULL CONSTRAINT comment_requests_claim_id_fkey REFERENCES claims,
    source_id uuid NOT NULL CONSTRAINT comment_requests_source_id_fkey REFERENCES sources,
    asked_at timestamptz NOT NULL,
    channel text NOT NULL CONSTRAINT comment_requests_channel_known
        CHECK (channel IN ('email', 'phone', 'letter', 'social_media', 'in_person', 'web_form', 'other')),
    due_at timestamptz,
    question nfc_text CONSTRAINT comment_requests_question_length CHECK (char_length(question) BETWEEN 1 AND 10000),
    note nfc_text CONSTRAINT comment_requests_note_length CHECK (char_length(note) BETWEEN 1 AND 10000),
    status text NOT NULL DEFAULT 'open' CONSTRAINT comment_requests_status_known CHECK (status IN ('open', 'closed')),
    statement_id uuid CONSTRAINT comment_requests_statement_id_fkey REFERENCES statements,
    closed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT comment_requests_due_after_asked CHECK (due_at >= asked_at),
    CONSTRAINT comment_requests_closed_by_statement
        CHECK ((status = 'closed') = (statement_id IS NOT NULL) AND (status = 'closed') = (closed_at IS NOT NULL))
);
COMMENT ON TABLE comment_requests IS 'A source that was asked about a claim: the right of reply';
COMMENT ON COLUMN comment_requests.id IS 'UUIDv7';
COMMENT ON COLUMN comment_requests.newsroom_id IS 'The newsroom that asked; only its members see it';
COMMENT ON COLUMN comment_requests.claim_id IS 'The claim it was asked about';
COMMENT ON COLUMN comment_requests.source_id IS 'Who was asked';
COMMENT ON COLUMN comment_requests.asked_at IS 'When it was asked';
COMMENT ON COLUMN comment_requests.channel IS 'email, phone, letter, social_media, in_person, web_form or other';
COMMENT ON COLUMN comment_requests.due_at IS 'Until when it may answer; null: no date was set';
COMMENT ON COLUMN comment_requests.question IS 'What it was asked, in words';
COMMENT ON COLUMN comment_requests.note IS 'For the newsroom''s members';
COMMENT ON COLUMN comment_requests.status IS 'open, or closed by the answer (final)';
COMMENT ON COLUMN comment_requests.statement_id IS 'The statement that records the answer, or that there was none';
COMMENT ON COLUMN comment_requests.closed_at IS 'When it was closed, database time';
COMMENT ON COLUMN comment_requests.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN comment_requests.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN comment_requests.version IS 'Raised by one with every change; the ETag';
CREATE INDEX comment_requests_newsroom_id_idx ON comment_requests (newsroom_id, id);
CREATE INDEX comment_requests_claim_id_idx ON comment_requests (claim_id, id);
CREATE INDEX comment_requests_source_id_idx ON comment_requests (source_id, id);
CREATE UNIQUE INDEX comment_requests_statement_id_key ON comment_requests (statement_id);
CREATE TRIGGER comment_requests_set_version BEFORE UPDATE ON comment_requests FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE FUNCTION guard_comment_request() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answer statements;
BEGIN
    IF TG_OP = 'UPDATE' AND is_redacting() THEN
        RETURN NEW;
    ELSIF TG_OP <> 'INSERT' AND OLD.status = 'closed' THEN
        PERFORM refuse('comment_requests_closed_is_final', 'it is closed');
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.status = 'closed' THEN
        SELECT * INTO answer FROM statements WHERE id = NEW.statement_id;
        IF (answer.newsroom_id, answer.claim_id, answer.source_id) IS DISTINCT FROM (NEW.newsroom_id, NEW.claim_id, NEW.source_id) THEN
            PERFORM refuse('comment_requests_answer_fits', 'the statement is not an answer to it');
        ELSIF answer.stance = 'no_response' AND (NEW.due_at IS NULL OR NEW.due_at > clock_timestamp()) THEN
            PERFORM refuse('comment_requests_silent_when_due', 'it is not due yet');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_comment_request() IS 'A request is closed once, by an answer of the source on the claim; silence is recorded only when it was due';
CREATE TRIGGER comment_requests_guard BEFORE INSERT OR UPDATE OR DELETE ON comment_requests
    FOR EACH ROW EXECUTE FUNCTION guard_comment_request();
