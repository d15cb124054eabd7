-- A verdict is drafted by one and approved by another; what was published is corrected in the open by a successor, or
-- retracted. All of it holds for plain SQL too, whichever way a verdict is written.

ALTER TABLE newsrooms ADD COLUMN four_eyes boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN newsrooms.four_eyes IS 'Whether a verdict is published only after somebody else than its authors approved it';

ALTER TABLE verdicts
    ADD COLUMN correction_reason text CONSTRAINT verdicts_correction_reason_known
        CHECK (correction_reason IN ('new_evidence', 'our_error', 'wording', 'scale_change')),
    ADD COLUMN retraction_reason nfc_text CONSTRAINT verdicts_retraction_reason_length CHECK (char_length(retraction_reason) BETWEEN 1 AND 2000),
    DROP CONSTRAINT verdicts_status_known,
    ADD CONSTRAINT verdicts_status_known CHECK (status IN ('draft', 'in_review', 'approved', 'published', 'superseded', 'retracted')),
    DROP CONSTRAINT verdicts_published_complete,
    ADD CONSTRAINT verdicts_published_complete
        CHECK (status = 'draft' OR (rating_id IS NOT NULL AND summary IS NOT NULL AND reviewed_on IS NOT NULL)),
    ADD CONSTRAINT verdicts_retracted_has_reason CHECK ((status = 'retracted') = (retraction_reason IS NOT NULL)),
    ADD CONSTRAINT verdicts_reason_needs_predecessor CHECK (correction_reason IS NULL OR supersedes_id IS NOT NULL);
COMMENT ON COLUMN verdicts.status IS 'draft, in_review, approved (all three newsroom only), published, superseded (by a correction) or retracted; the last two are final';
COMMENT ON COLUMN verdicts.correction_reason IS 'Why it replaces an earlier one: new_evidence, our_error, wording or scale_change; shown to everybody';
COMMENT ON COLUMN verdicts.retraction_reason IS 'Why it was retracted; shown to everybody';

-- What is there already, by the new rules: no rule of before knew them.
ALTER TABLE verdicts DISABLE TRIGGER USER;
UPDATE verdicts SET status = 'superseded'
    WHERE status = 'published'
      AND EXISTS (SELECT FROM verdicts AS successor WHERE successor.supersedes_id = verdicts.id AND successor.status = 'published'
                  AND successor.newsroom_id = verdicts.newsroom_id AND successor.claim_id = verdicts.claim_id);
UPDATE verdicts SET supersedes_id = NULL
    WHERE status = 'draft'
      AND (EXISTS (SELECT FROM verdicts AS earlier WHERE earlier.id = verdicts.supersedes_id
                   AND (earlier.newsroom_id, earlier.claim_id) <> (verdicts.newsroom_id, verdicts.claim_id))
           OR EXISTS (SELECT FROM verdicts AS newer WHERE newer.supersedes_id = verdicts.supersedes_id
                      AND newer.status = 'draft' AND newer.id > verdicts.id));
ALTER TABLE verdicts ENABLE TRIGGER USER;
CREATE UNIQUE INDEX verdicts_one_open_successor ON verdicts (supersedes_id) WHERE status IN ('draft', 'in_review', 'approved');

CREATE TABLE verdict_authors (
    verdict_id uuid NOT NULL CONSTRAINT verdict_authors_verdict_id_fkey REFERENCES verdicts ON DELETE CASCADE,
    member_id uuid NOT NULL CONSTRAINT verdict_authors_member_id_fkey REFERENCES members ON DELETE CASCADE,
    submitted boolean NOT NULL DEFAULT false,
    CONSTRAINT verdict_authors_pkey PRIMARY KEY (verdict_id, member_id)
);
COMMENT ON TABLE verdict_authors IS 'Who changed an unpublished verdict, so that they do not approve it';
COMMENT ON COLUMN verdict_authors.verdict_id IS 'The verdict';
COMMENT ON COLUMN verdict_authors.member_id IS 'Who changed it';
COMMENT ON COLUMN verdict_authors.submitted IS 'Whether their last change came before the last submission';
CREATE INDEX verdict_authors_member_id_idx ON verdict_authors (member_id);

-- PostgreSQL makes UUIDv7 from version 18 on only. The 12 bits after the milliseconds are a fraction of one (RFC 9562, 6.2), so
-- that ids made one after the other sort so.
CREATE FUNCTION new_uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(substring(int8send(micros / 1000) FROM 3) || int2send((28672 + micros % 1000 * 4096 / 1000)::int2)
                  || substring(uuid_send(gen_random_uuid()) FROM 9), 'hex')::uuid
    FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros) AS now
$$;
COMMENT ON FUNCTION new_uuid_v7() IS 'A UUIDv7 of this moment';

CREATE TABLE verdict_comments (
    id uuid CONSTRAINT verdict_comments_pkey PRIMARY KEY DEFAULT new_uuid_v7(),
    verdict_id uuid NOT NULL CONSTRAINT verdict_comments_verdict_id_fkey REFERENCES verdicts ON DELETE CASCADE,
    member_id uuid CONSTRAINT verdict_comments_member_id_fkey REFERENCES members ON DELETE SET NULL,
    action text NOT NULL CONSTRAINT verdict_comments_action_known CHECK (action IN ('commented', 'submitted', 'approved', 'rejected',
        'reopened', 'published', 'published_unreviewed', 'corrected', 'superseded', 'retracted')),
    comment nfc_text CONSTRAINT verdict_comments_comment_length CHECK (char_length(comment) BETWEEN 1 AND 5000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT verdict_comments_says_why CHECK (action NOT IN ('commented', 'rejected') OR comment IS NOT NULL)
);
COMMENT ON TABLE verdict_comments IS 'The thread of a verdict''s review: what was done and what was said';
COMMENT ON COLUMN verdict_comments.id IS 'UUIDv7';
COMMENT ON COLUMN verdict_comments.verdict_id IS 'The verdict';
COMMENT ON COLUMN verdict_comments.member_id IS 'Who; null for a member who is gone, and for what OnRecord did by itself';
COMMENT ON COLUMN verdict_comments.action IS 'What was done: commented, or a move of the verdict; reopened is a change after approval, published_unreviewed one without it';
COMMENT ON COLUMN verdict_comments.comment IS 'What was said; for the newsroom''s members only';
COMMENT ON COLUMN verdict_comments.created_at IS 'When, database time';
CREATE INDEX verdict_comments_verdict_id_idx ON verdict_comments (verdict_id, id);
CREATE INDEX verdict_comments_member_id_idx ON verdict_comments (member_id);

CREATE FUNCTION reviewing_member() RETURNS uuid LANGUAGE sql STABLE
RETURN nullif(current_setting('onrecord.member_id', true), '')::uuid;
COMMENT ON FUNCTION reviewing_member() IS 'The member on whose behalf the transaction writes; null for none';

CREATE FUNCTION verdict_content(verdict verdicts) RETURNS jsonb LANGUAGE sql STABLE
RETURN to_jsonb(verdict) - '{status,public,version,created_at,updated_at,claim_reviewed,retraction_reason}'::text[];
COMMENT ON FUNCTION verdict_content(verdicts) IS 'What its authors write of a verdict, without its evidence';

CREATE FUNCTION check_verdict_move(was text, becomes text, corrects boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF was IS NULL THEN
        -- A correction begins in review; what else is recorded is a draft, or an import of what was published already.
        IF becomes NOT IN ('draft', 'published') AND NOT (becomes = 'in_review' AND corrects) THEN
            PERFORM refuse('verdicts_status_moves', format('created %s', becomes));
        END IF;
    ELSIF was <> becomes AND (was, becomes) NOT IN (('draft', 'in_review'), ('draft', 'published'), ('in_review', 'draft'),
        ('in_review', 'approved'), ('in_review', 'published'), ('approved', 'in_review'), ('approved', 'published'),
        ('published', 'superseded'), ('published', 'retracted')) THEN
        PERFORM refuse('verdicts_status_moves', format('from %s to %s', was, becomes));
    END IF;
END $$;
COMMENT ON FUNCTION check_verdict_move(text, text, boolean) IS 'Allows the legal moves of a verdict only';

CREATE FUNCTION check_four_eyes(verdict verdicts, was text, changed boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    member uuid := reviewing_member();
BEGIN
    IF verdict.status = 'approved' AND changed THEN
        PERFORM refuse('verdicts_approved_as_read', 'it changes with its approval');
    ELSIF NOT (SELECT four_eyes FROM newsrooms WHERE id = verdict.newsroom_id) THEN
        RETURN;
    ELSIF verdict.status = 'approved' THEN
        IF NOT EXISTS (SELECT FROM members WHERE id = member AND newsroom_id = verdict.newsroom_id) THEN
            PERFORM refuse('verdicts_approved_by_member', 'no member of its newsroom approves it');
        ELSIF EXISTS (SELECT FROM verdict_authors WHERE verdict_id = verdict.id AND member_id = member) THEN
            PERFORM refuse('verdicts_approved_by_another', 'an author approves it');
        END IF;
    ELSIF (was IS DISTINCT FROM 'approved' OR changed) AND member IS NOT NULL
        AND NOT EXISTS (SELECT FROM members WHERE id = member AND newsroom_id = verdict.newsroom_id AND role = 'admin') THEN
        PERFORM refuse('verdicts_published_after_approval', 'it was not approved');
    END IF;
END $$;
COMMENT ON FUNCTION check_four_eyes(verdicts, text, boolean) IS 'Refuses approval by an author and publication without approval, while the newsroom works by four eyes; admins import what was published elsewhere';

CREATE FUNCTION is_redacting() RETURNS boolean LANGUAGE sql STABLE
RETURN current_setting('onrecord.redacting', true) IS NOT DISTINCT FROM 'on';
COMMENT ON FUNCTION is_redacting() IS 'Whether the transaction erases what must not be kept: what is frozen then gives way';

CREATE OR REPLACE FUNCTION guard_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    claim claims;
    was text;
    changed boolean := true;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id]);
        IF OLD.status IN ('published', 'superseded', 'retracted') THEN
            PERFORM refuse('verdicts_published_is_final', 'it was published');
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_claim_trees(ARRAY[NEW.claim_id]);
    ELSE
        was := OLD.status;
        changed := verdict_content(NEW) <> verdict_content(OLD);
        IF OLD.status IN ('published', 'superseded', 'retracted')
            AND (changed OR (OLD.status = NEW.status AND NEW.retraction_reason IS DISTINCT FROM OLD.retraction_reason))
            AND NOT is_redacting() THEN
            PERFORM refuse('verdicts_published_is_final', 'it was published');
        END IF;
        IF changed AND OLD.status = 'approved' AND NEW.status = 'approved' THEN
            NEW.status := 'in_review';
        END IF;
        IF (NEW.claim_id, NEW.status) <> (OLD.claim_id, OLD.status) THEN
            PERFORM lock_claim_trees(ARRAY[OLD.claim_id, NEW.claim_id]);
        END IF;
    END IF;
    PERFORM check_verdict_move(was, NEW.status, NEW.supersedes_id IS NOT NULL);
    IF NEW.status IN ('approved', 'published') AND NEW.status IS DISTINCT FROM was THEN
        PERFORM check_four_eyes(NEW, was, changed);
    ELSIF NEW.status = 'superseded' AND was = 'published'
        AND NOT EXISTS (SELECT FROM verdicts WHERE supersedes_id = NEW.id AND status IN ('published', 'superseded')) THEN
        PERFORM refuse('verdicts_superseded_by_published', 'no published verdict supersedes it');
    END IF;
    SELECT * INTO claim FROM claims WHERE id = NEW.claim_id;
    IF NEW.status = 'published' AND was IS DISTINCT FROM 'published' THEN
        NEW.claim_reviewed := claim.text;
    END IF;
    -- Other newsrooms' verdicts outlive the claim's withdrawal: they are not its owner's to take away.
    NEW.public := NEW.status IN ('published', 'superseded')
        AND (claim.status = 'published' OR (claim.status = 'withdrawn' AND claim.newsroom_id <> NEW.newsroom_id));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_verdict() IS 'Locks the claim''s tree, allows legal moves only, sends a change after approval back to review, keeps the claim''s text, derives public';

CREATE OR REPLACE FUNCTION check_published_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'published' THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM claims WHERE id = NEW.claim_id AND status = 'published') THEN
        PERFORM refuse('verdicts_published_on_published_claim', 'its claim is not published');
    ELSIF EXISTS (SELECT FROM evidence JOIN statements ON statements.id = statement_id
                  WHERE verdict_id = NEW.id AND statements.status <> 'published') THEN
        PERFORM refuse('verdicts_published_cites_published', 'it cites a statement that is not published');
    END IF;
    IF NEW.supersedes_id IS NOT NULL THEN
        UPDATE verdicts SET status = 'superseded' WHERE id = NEW.supersedes_id AND status = 'published';
        IF NOT FOUND THEN
            PERFORM refuse('verdicts_published_supersedes_published', 'the verdict that it supersedes is not published');
        ELSIF EXISTS (SELECT FROM verdicts WHERE supersedes_id = NEW.supersedes_id AND status IN ('draft', 'in_review', 'approved')) THEN
            PERFORM refuse('verdicts_one_open_successor', 'another correction of that verdict is open');
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_published_verdict() IS 'A verdict is published only while its claim, the statements it cites and the verdict it supersedes are; that one ends with it';

CREATE OR REPLACE FUNCTION check_supersedes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM verdicts WHERE id = NEW.supersedes_id AND claim_id = NEW.claim_id) THEN
        PERFORM refuse('verdicts_supersedes_same_claim', 'it supersedes a verdict on another claim');
    ELSIF NOT EXISTS (SELECT FROM verdicts WHERE id = NEW.supersedes_id AND newsroom_id = NEW.newsroom_id) THEN
        PERFORM refuse('verdicts_supersedes_same_newsroom', 'it supersedes another newsroom''s verdict');
    ELSIF EXISTS (
        WITH RECURSIVE earlier(id, supersedes_id) AS (
            SELECT id, supersedes_id FROM verdicts WHERE id = NEW.supersedes_id
            UNION
            SELECT verdicts.id, verdicts.supersedes_id FROM verdicts JOIN earlier ON verdicts.id = earlier.supersedes_id)
        SELECT FROM earlier WHERE id = NEW.id) THEN
        PERFORM refuse('verdicts_no_circle_of_successors', 'it supersedes itself through others');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_supersedes() IS 'A verdict supersedes earlier verdicts of its newsroom on its own claim only';

CREATE FUNCTION check_superseded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM verdicts WHERE supersedes_id = NEW.id AND claim_id <> NEW.claim_id) THEN
        PERFORM refuse('verdicts_superseded_same_claim', 'a verdict on its former claim supersedes it');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_superseded() IS 'A verdict does not move away from the claim of one that supersedes it';
CREATE TRIGGER verdicts_check_superseded AFTER UPDATE OF claim_id ON verdicts
    FOR EACH ROW WHEN (NEW.claim_id <> OLD.claim_id) EXECUTE FUNCTION check_superseded();

CREATE FUNCTION note_verdict_author(changed uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO verdict_authors (verdict_id, member_id)
        SELECT id, reviewing_member() FROM verdicts
        WHERE id = changed AND status IN ('draft', 'in_review', 'approved') AND reviewing_member() IS NOT NULL
        ON CONFLICT (verdict_id, member_id) DO UPDATE SET submitted = false WHERE verdict_authors.submitted
$$;
COMMENT ON FUNCTION note_verdict_author(uuid) IS 'Counts the acting member among the authors of an unpublished verdict';

CREATE FUNCTION follow_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END;
    done text := CASE
        WHEN NEW.status IS NOT DISTINCT FROM was THEN NULL
        WHEN NEW.status = 'in_review' THEN CASE WHEN was = 'approved' THEN 'reopened' ELSE 'submitted' END
        WHEN NEW.status = 'draft' THEN CASE WHEN was = 'in_review' THEN 'rejected' END
        WHEN NEW.status = 'published' AND (was IS DISTINCT FROM 'approved' OR verdict_content(NEW) <> verdict_content(OLD)) THEN 'published_unreviewed'
        ELSE NEW.status END;
BEGIN
    IF TG_OP = 'INSERT' OR verdict_content(NEW) <> verdict_content(OLD) THEN
        PERFORM note_verdict_author(NEW.id);
    END IF;
    IF was = 'draft' AND NEW.status = 'in_review' THEN
        -- Sent in again without a change, it still has the authors that it had.
        IF EXISTS (SELECT FROM verdict_authors WHERE verdict_id = NEW.id AND NOT submitted) THEN
            DELETE FROM verdict_authors WHERE verdict_id = NEW.id AND submitted;
            UPDATE verdict_authors SET submitted = true WHERE verdict_id = NEW.id;
        END IF;
    END IF;
    IF done IS NOT NULL THEN
        INSERT INTO verdict_comments (verdict_id, member_id, action, comment)
            VALUES (NEW.id, reviewing_member(), done, nullif(current_setting('onrecord.comment', true), ''));
        -- What was said belongs to this move, not to one that follows from it.
        PERFORM set_config('onrecord.comment', '', true);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_verdict() IS 'Notes who changed a verdict, and adds each move to its thread, with the comment in the setting onrecord.comment';
-- By its name the first of the triggers after a change: what it notes comes before what follows from the move.
CREATE TRIGGER verdicts_a_follow AFTER INSERT OR UPDATE ON verdicts FOR EACH ROW EXECUTE FUNCTION follow_verdict();

CREATE FUNCTION guard_verdicts_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.verdict_id ELSE NEW.verdict_id END;
    verdict record;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.verdict_id <> OLD.verdict_id THEN
        PERFORM refuse('evidence_stays_with_verdict', 'it belongs to another verdict');
    END IF;
    -- A verdict that this transaction has recorded is locked, and may be one that is recorded as published.
    SELECT claim_id, created_at >= transaction_timestamp() AND xmin = pg_current_xact_id()::xid AS recorded INTO verdict FROM verdicts WHERE id = changed;
    IF FOUND AND NOT verdict.recorded THEN
        PERFORM lock_claim_trees(ARRAY[verdict.claim_id]);
        PERFORM FROM verdicts WHERE id = changed FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM verdicts WHERE id = changed AND status IN ('published', 'superseded', 'retracted')) THEN
            PERFORM refuse('verdicts_published_is_final', 'it was published');
        END IF;
        UPDATE verdicts SET status = 'in_review' WHERE id = changed AND status = 'approved';
    END IF;
    PERFORM note_verdict_author(changed);
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_verdicts_evidence() IS 'Evidence changes as its verdict does: by authors, back to review after approval, never once published';
-- After evidence_guard, which locks the trees of both claims in one order.
CREATE TRIGGER evidence_guard_verdict BEFORE INSERT OR UPDATE OR DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION guard_verdicts_evidence();

CREATE OR REPLACE FUNCTION check_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM verdicts WHERE id = NEW.verdict_id AND status IN ('published', 'superseded'))
        AND EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND status <> 'published') THEN
        PERFORM refuse('verdicts_published_cites_published', 'it cites a statement that is not published');
    END IF;
    RETURN NULL;
END $$;

-- A superseded verdict is public like the one that took its place, and keeps its claim's wording.
CREATE FUNCTION guard_superseded_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ((NEW.text, NEW.language) <> (OLD.text, OLD.language) OR NEW.part_of_id IS DISTINCT FROM OLD.part_of_id)
        AND NOT is_redacting() AND EXISTS (SELECT FROM verdicts WHERE claim_id = NEW.id AND status = 'superseded') THEN
        PERFORM refuse('claims_frozen', 'a verdict that was published hangs on this claim');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_superseded_claim() IS 'Freezes a claim for its superseded verdicts too';
CREATE TRIGGER claims_guard_superseded BEFORE UPDATE OF text, language, part_of_id ON claims
    FOR EACH ROW EXECUTE FUNCTION guard_superseded_claim();

-- What was approved was approved of the claim as it read.
CREATE FUNCTION reopen_verdicts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE verdicts SET status = 'in_review' WHERE claim_id = NEW.id AND status = 'approved';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reopen_verdicts() IS 'Sends approved verdicts back to review when their claim''s wording changes';
CREATE TRIGGER claims_reopen_verdicts AFTER UPDATE OF text, language ON claims
    FOR EACH ROW WHEN ((NEW.text, NEW.language) <> (OLD.text, OLD.language)) EXECUTE FUNCTION reopen_verdicts();

CREATE OR REPLACE FUNCTION carry_claim_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dropped text[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status THEN
        UPDATE statements SET public = (status = 'published' AND NEW.status = 'published')
            WHERE claim_id = NEW.id AND public <> (status = 'published' AND NEW.status = 'published');
        -- guard_verdict() derives the value; only those that may flip are touched.
        UPDATE verdicts SET public = NOT public WHERE claim_id = NEW.id AND status IN ('published', 'superseded');
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
