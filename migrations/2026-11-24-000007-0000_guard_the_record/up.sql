-- Rules that reach across rows. A trigger that only looks is not enough under READ COMMITTED: two writers may each
-- look before the other commits. So every write within a tree of claims first locks the tree's topmost claim, then looks.

CREATE FUNCTION refuse(rule text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = rule, MESSAGE = message;
END $$;
COMMENT ON FUNCTION refuse(text, text) IS 'Fails as a violated constraint of that name would';

CREATE FUNCTION lock_claim_trees(claim_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    roots uuid[];
    locked uuid[] := '{}';
BEGIN
    LOOP
        WITH RECURSIVE upwards(id, part_of_id) AS (
            SELECT id, part_of_id FROM claims WHERE id = ANY (claim_ids)
            UNION
            SELECT claims.id, claims.part_of_id FROM claims JOIN upwards ON claims.id = upwards.part_of_id)
        SELECT array_agg(id ORDER BY id) INTO roots FROM upwards WHERE part_of_id IS NULL;
        -- While we waited for a lock the tree may have been moved under another claim: look again.
        EXIT WHEN roots IS NULL OR roots <@ locked;
        PERFORM FROM claims WHERE id = ANY (roots) ORDER BY id FOR NO KEY UPDATE;
        locked := locked || roots;
    END LOOP;
END $$;
COMMENT ON FUNCTION lock_claim_trees(uuid[]) IS 'Locks the topmost claims of the trees these claims are in, in id order, until the transaction ends';

CREATE FUNCTION check_status_move(noun text, was text, becomes text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF was IS NULL AND becomes = 'withdrawn' THEN
        PERFORM refuse(noun || '_not_created_withdrawn', 'nothing is created withdrawn');
    ELSIF was <> becomes AND (was, becomes) NOT IN (('draft', 'published'), ('published', 'withdrawn')) THEN
        PERFORM refuse(noun || '_status_moves', format('from %s to %s', was, becomes));
    END IF;
END $$;
COMMENT ON FUNCTION check_status_move(text, text, text) IS 'Allows draft to published and published to withdrawn only';

CREATE FUNCTION guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.id]);
        IF OLD.status = 'withdrawn' THEN
            PERFORM refuse('claims_withdrawn_is_final', 'a withdrawn claim stays');
        END IF;
        RETURN OLD;
    END IF;
    PERFORM check_status_move('claims', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status);
    IF TG_OP = 'INSERT' THEN
        IF NEW.part_of_id IS NOT NULL THEN
            PERFORM lock_claim_trees(ARRAY[NEW.part_of_id]);
        END IF;
    ELSIF (NEW.text, NEW.language, NEW.status) IS DISTINCT FROM (OLD.text, OLD.language, OLD.status)
        OR NEW.part_of_id IS DISTINCT FROM OLD.part_of_id THEN
        PERFORM lock_claim_trees(ARRAY[NEW.id, NEW.part_of_id]);
        IF ((NEW.text, NEW.language) <> (OLD.text, OLD.language) OR NEW.part_of_id IS DISTINCT FROM OLD.part_of_id)
            AND (EXISTS (SELECT FROM verdicts WHERE claim_id = NEW.id AND status = 'published')
                 OR EXISTS (SELECT FROM statements WHERE claim_id = NEW.id AND public AND newsroom_id <> NEW.newsroom_id)) THEN
            PERFORM refuse('claims_frozen', 'a published verdict or another newsroom''s public record hangs on this claim');
        END IF;
    END IF;
    INSERT INTO topics (slug, newsroom_id)
        SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
        ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_claim() IS 'Locks the tree, allows legal moves only, makes topics on first use';
CREATE TRIGGER claims_guard BEFORE INSERT OR UPDATE OR DELETE ON claims FOR EACH ROW EXECUTE FUNCTION guard_claim();

CREATE FUNCTION check_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        WITH RECURSIVE upwards(id, part_of_id) AS (
            SELECT id, part_of_id FROM claims WHERE id = NEW.part_of_id
            UNION
            SELECT claims.id, claims.part_of_id FROM claims JOIN upwards ON claims.id = upwards.part_of_id)
        SELECT FROM upwards WHERE id = NEW.id) THEN
        PERFORM refuse('claims_no_circle_of_parts', 'a claim is not part of itself');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_parts() IS 'Refuses a claim that is part of itself, directly or through others';
CREATE TRIGGER claims_check_parts AFTER INSERT OR UPDATE OF part_of_id ON claims
    FOR EACH ROW WHEN (NEW.part_of_id IS NOT NULL) EXECUTE FUNCTION check_parts();

CREATE FUNCTION guard_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id]);
        IF OLD.status = 'withdrawn' THEN
            PERFORM refuse('statements_withdrawn_is_final', 'a withdrawn statement stays');
        END IF;
        RETURN OLD;
    END IF;
    PERFORM check_status_move('statements', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status);
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_claim_trees(ARRAY[NEW.claim_id]);
    ELSIF (NEW.claim_id, NEW.status) <> (OLD.claim_id, OLD.status) THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id, NEW.claim_id]);
    END IF;
    NEW.public := NEW.status = 'published' AND EXISTS (SELECT FROM claims WHERE id = NEW.claim_id AND status = 'published');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_statement() IS 'Locks the claim''s tree, allows legal moves only, derives public';
CREATE TRIGGER statements_guard BEFORE INSERT OR UPDATE OR DELETE ON statements FOR EACH ROW EXECUTE FUNCTION guard_statement();

CREATE FUNCTION check_published_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.claim_id, NEW.status) = (OLD.claim_id, OLD.status) THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM claims WHERE id = NEW.claim_id AND status = 'published') THEN
        PERFORM refuse('statements_published_on_published_claim', 'its claim is not published');
    ELSIF EXISTS (SELECT FROM relies_on JOIN statements ON statements.id = relied_on_id
                  WHERE statement_id = NEW.id AND statements.status <> 'published') THEN
        PERFORM refuse('statements_published_relies_on_published', 'it relies on a statement that is not published');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_published_statement() IS 'A statement is published only while its claim and what it relies on are';
CREATE TRIGGER statements_check_published AFTER INSERT OR UPDATE OF claim_id, status ON statements
    FOR EACH ROW WHEN (NEW.status = 'published') EXECUTE FUNCTION check_published_statement();

CREATE FUNCTION guard_reliance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_claim_trees(array_agg(claim_id)) FROM statements WHERE id IN (NEW.statement_id, NEW.relied_on_id);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_reliance() IS 'Locks the trees of both statements''s claims';
CREATE TRIGGER relies_on_guard BEFORE INSERT ON relies_on FOR EACH ROW EXECUTE FUNCTION guard_reliance();

CREATE FUNCTION check_reliance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND status = 'published')
        AND EXISTS (SELECT FROM statements WHERE id = NEW.relied_on_id AND status <> 'published') THEN
        PERFORM refuse('statements_published_relies_on_published', 'it relies on a statement that is not published');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_reliance() IS 'A published statement takes up reliance on published statements only';
CREATE TRIGGER relies_on_check AFTER INSERT ON relies_on FOR EACH ROW EXECUTE FUNCTION check_reliance();

CREATE FUNCTION guard_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER verdicts_guard BEFORE INSERT OR UPDATE OR DELETE ON verdicts FOR EACH ROW EXECUTE FUNCTION guard_verdict();

CREATE FUNCTION check_published_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER verdicts_check_published AFTER INSERT OR UPDATE OF claim_id, status, supersedes_id ON verdicts
    FOR EACH ROW WHEN (NEW.status = 'published') EXECUTE FUNCTION check_published_verdict();

CREATE FUNCTION check_supersedes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM verdicts WHERE id = NEW.supersedes_id AND claim_id = NEW.claim_id) THEN
        PERFORM refuse('verdicts_supersedes_same_claim', 'it supersedes a verdict on another claim');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_supersedes() IS 'A verdict supersedes verdicts on its own claim only';
CREATE TRIGGER verdicts_check_supersedes AFTER INSERT OR UPDATE OF claim_id, supersedes_id ON verdicts
    FOR EACH ROW WHEN (NEW.supersedes_id IS NOT NULL) EXECUTE FUNCTION check_supersedes();

CREATE FUNCTION guard_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_claim_trees(array_agg(claim_id))
        FROM (SELECT claim_id FROM statements WHERE id = NEW.statement_id
              UNION SELECT claim_id FROM verdicts WHERE id = NEW.verdict_id) AS trees;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_evidence() IS 'Locks the trees of the verdict''s and the statement''s claims';
CREATE TRIGGER evidence_guard BEFORE INSERT ON evidence
    FOR EACH ROW WHEN (NEW.statement_id IS NOT NULL) EXECUTE FUNCTION guard_evidence();

CREATE FUNCTION check_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM verdicts WHERE id = NEW.verdict_id AND status = 'published')
        AND EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND status <> 'published') THEN
        PERFORM refuse('verdicts_published_cites_published', 'it cites a statement that is not published');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION check_evidence() IS 'A published verdict takes up published statements only';
CREATE TRIGGER evidence_check AFTER INSERT ON evidence
    FOR EACH ROW WHEN (NEW.statement_id IS NOT NULL) EXECUTE FUNCTION check_evidence();
