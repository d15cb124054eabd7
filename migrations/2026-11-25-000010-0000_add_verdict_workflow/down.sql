DROP TRIGGER claims_guard_superseded ON claims;
DROP FUNCTION guard_superseded_claim();
DROP TRIGGER evidence_guard_verdict ON evidence;
DROP FUNCTION guard_verdicts_evidence();
DROP TRIGGER verdicts_a_follow ON verdicts;
DROP FUNCTION follow_verdict();
DROP FUNCTION note_verdict_author(uuid);
DROP TRIGGER verdicts_check_superseded ON verdicts;
DROP FUNCTION check_superseded();

CREATE OR REPLACE FUNCTION check_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM verdicts WHERE id = NEW.verdict_id AND status = 'published')
        AND EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND status <> 'published') THEN
        PERFORM refuse('verdicts_published_cites_published', 'it cites a statement that is not published');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_evidence() IS 'A published verdict takes up published statements only';

CREATE OR REPLACE FUNCTION check_supersedes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM verdicts WHERE id = NEW.supersedes_id AND claim_id = NEW.claim_id) THEN
        PERFORM refuse('verdicts_supersedes_same_claim', 'it supersedes a verdict on another claim');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_supersedes() IS 'A verdict supersedes verdicts on its own claim only';

CREATE OR REPLACE FUNCTION check_published_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' OR (NEW.claim_id, NEW.status) <> (OLD.claim_id, OLD.status)) THEN
        IF NOT EXISTS (SELECT FROM claims WHERE id = NEW.claim_id AND status = 'published') THEN
            PERFORM refuse('verdicts_published_on_published_claim', 'its claim is not published');
        ELSIF EXISTS (SELECT FROM evidence JOIN statements ON statements.id = statement_id
                      WHERE verdict_id = NEW.id AND statements.status <> 'published') THEN
            PERFORM refuse('verdicts_published_cites_published', 'it cites a statement that is not published');
        END IF;
    ELSIF NEW.supersedes_id IS NOT DISTINCT FROM OLD.supersedes_id THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM verdicts WHERE id = NEW.supersedes_id AND status <> 'published') THEN
        PERFORM refuse('verdicts_published_supersedes_published', 'the verdict that it supersedes is not published');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_published_verdict() IS 'A verdict is published only while its claim, the statements it cites and the verdict it supersedes are';

CREATE OR REPLACE FUNCTION guard_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    claim claims;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id]);
        RETURN OLD;
    END IF;
    PERFORM check_status_move('verdicts', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status);
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_claim_trees(ARRAY[NEW.claim_id]);
    ELSIF (NEW.claim_id, NEW.status) <> (OLD.claim_id, OLD.status) THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id, NEW.claim_id]);
    END IF;
    SELECT * INTO claim FROM claims WHERE id = NEW.claim_id;
    IF NEW.status = 'published' AND (TG_OP = 'INSERT' OR (NEW.claim_id, NEW.status) <> (OLD.claim_id, OLD.status)) THEN
        NEW.claim_reviewed := claim.text;
    END IF;
    -- Other newsrooms' verdicts outlive the claim's withdrawal: they are not its owner's to take away.
    NEW.public := NEW.status = 'published'
        AND (claim.status = 'published' OR (claim.status = 'withdrawn' AND claim.newsroom_id <> NEW.newsroom_id));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_verdict() IS 'Locks the claim''s tree, allows legal moves only, keeps the claim''s text, derives public';

CREATE OR REPLACE FUNCTION carry_claim_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP FUNCTION check_four_eyes(verdicts, text, boolean);
DROP FUNCTION check_verdict_move(text, text, boolean);
DROP FUNCTION verdict_content(verdicts);
DROP FUNCTION is_redacting();
DROP FUNCTION reopen_verdicts() CASCADE;
DROP FUNCTION reviewing_member();
DROP TABLE verdict_comments;
DROP FUNCTION new_uuid_v7();
DROP TABLE verdict_authors;

-- What the former statuses cannot say: a superseded verdict was published and stays so, a retracted one must not be shown.
DROP INDEX verdicts_one_open_successor;
ALTER TABLE verdicts DISABLE TRIGGER USER;
ALTER TABLE verdicts DROP CONSTRAINT verdicts_retracted_has_reason;
UPDATE verdicts SET status = CASE status WHEN 'superseded' THEN 'published' ELSE 'draft' END
    WHERE status IN ('in_review', 'approved', 'superseded', 'retracted');
ALTER TABLE verdicts ENABLE TRIGGER USER;

ALTER TABLE verdicts
    DROP CONSTRAINT verdicts_reason_needs_predecessor,
    DROP CONSTRAINT verdicts_published_complete,
    ADD CONSTRAINT verdicts_published_complete
        CHECK (status <> 'published' OR (rating_id IS NOT NULL AND summary IS NOT NULL AND reviewed_on IS NOT NULL)),
    DROP CONSTRAINT verdicts_status_known,
    ADD CONSTRAINT verdicts_status_known CHECK (status IN ('draft', 'published')),
    DROP COLUMN retraction_reason,
    DROP COLUMN correction_reason;
COMMENT ON COLUMN verdicts.status IS 'draft (newsroom only) or published';
ALTER TABLE newsrooms DROP COLUMN four_eyes;
