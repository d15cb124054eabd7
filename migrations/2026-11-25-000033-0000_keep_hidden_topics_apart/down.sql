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

CREATE OR REPLACE FUNCTION guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
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
                 OR EXISTS (SELECT FROM statements WHERE claim_id = NEW.id AND status <> 'draft' AND newsroom_id <> NEW.newsroom_id)) THEN
            PERFORM refuse('claims_frozen', 'a published verdict or another newsroom''s published or withdrawn statement hangs on this claim');
        END IF;
    END IF;
    INSERT INTO topics (slug, newsroom_id)
        SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
        ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

DROP TABLE newsroom_topics;
COMMENT ON COLUMN topics.newsroom_id IS 'The newsroom that used it first';
