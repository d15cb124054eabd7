-- While nothing public has a topic, each newsroom that uses it sees and describes it for itself: two may file drafts under
-- one slug without learning of each other. The row in topics stands for all of them, and is what everybody sees once a
-- published claim has it.

CREATE TABLE newsroom_topics (
    slug text NOT NULL CONSTRAINT newsroom_topics_slug_fkey REFERENCES topics,
    newsroom_id uuid NOT NULL CONSTRAINT newsroom_topics_newsroom_id_fkey REFERENCES newsrooms,
    label nfc_text CONSTRAINT newsroom_topics_label_length CHECK (char_length(label) BETWEEN 1 AND 300),
    parent_slug text CONSTRAINT newsroom_topics_parent_slug_fkey REFERENCES topics
        CONSTRAINT newsroom_topics_not_its_own_parent CHECK (parent_slug <> slug),
    iptc_code text CONSTRAINT newsroom_topics_iptc_code_shape CHECK (iptc_code ~ '^[0-9]{8}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT newsroom_topics_pkey PRIMARY KEY (slug, newsroom_id)
);
COMMENT ON TABLE newsroom_topics IS 'A topic that a newsroom uses or has made, as that newsroom sees it while it is not public';
COMMENT ON COLUMN newsroom_topics.slug IS 'The topic';
COMMENT ON COLUMN newsroom_topics.newsroom_id IS 'The newsroom that uses it';
COMMENT ON COLUMN newsroom_topics.label IS 'Its name for readers';
COMMENT ON COLUMN newsroom_topics.parent_slug IS 'The wider topic';
COMMENT ON COLUMN newsroom_topics.iptc_code IS 'Eight-digit code of the matching IPTC Media Topic';
COMMENT ON COLUMN newsroom_topics.created_at IS 'When the newsroom first used it, database time';
COMMENT ON COLUMN newsroom_topics.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN newsroom_topics.version IS 'Raised by one with every change; the ETag while the topic is not public';
COMMENT ON COLUMN topics.newsroom_id IS 'The newsroom that made it public; while it is hidden, the one that used it first, which nobody is told';
CREATE INDEX newsroom_topics_newsroom_id_idx ON newsroom_topics (newsroom_id, slug);
CREATE INDEX newsroom_topics_parent_slug_idx ON newsroom_topics (parent_slug);
CREATE TRIGGER newsroom_topics_set_version BEFORE UPDATE ON newsroom_topics FOR EACH ROW EXECUTE FUNCTION set_version();

INSERT INTO newsroom_topics (slug, newsroom_id, label, parent_slug, iptc_code, created_at, updated_at, version)
    SELECT slug, newsroom_id, label, parent_slug, iptc_code, created_at, updated_at, version
    FROM topics WHERE newsroom_id IS NOT NULL;
INSERT INTO newsroom_topics (slug, newsroom_id)
    SELECT DISTINCT slug, claims.newsroom_id FROM claims CROSS JOIN unnest(claims.topics) AS t(slug)
    ON CONFLICT DO NOTHING;

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
            AND NOT is_redacting() AND (EXISTS (SELECT FROM verdicts WHERE claim_id = NEW.id AND status = 'published')
                 OR EXISTS (SELECT FROM statements WHERE claim_id = NEW.id AND status <> 'draft' AND newsroom_id <> NEW.newsroom_id)) THEN
            PERFORM refuse('claims_frozen', 'a published verdict or another newsroom''s published or withdrawn statement hangs on this claim');
        END IF;
    END IF;
    INSERT INTO topics (slug, newsroom_id)
        SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
        ON CONFLICT DO NOTHING;
    INSERT INTO newsroom_topics (slug, newsroom_id)
        SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
        ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

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
        -- As the newsroom that shows it describes it, under a version that no other newsroom knows yet.
        UPDATE topics SET public = true, newsroom_id = own.newsroom_id, label = own.label, parent_slug = own.parent_slug,
                iptc_code = own.iptc_code,
                created_at = CASE WHEN topics.newsroom_id = own.newsroom_id THEN topics.created_at ELSE own.created_at END,
                version = greatest(topics.version, own.version, (SELECT 1 + max(version) FROM newsroom_topics AS others
                                   WHERE others.slug = topics.slug AND others.newsroom_id <> own.newsroom_id))
            FROM newsroom_topics AS own
            WHERE topics.slug = ANY (NEW.topics) AND NOT public AND own.slug = topics.slug AND own.newsroom_id = NEW.newsroom_id;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.status = 'published' THEN
        SELECT coalesce(array_agg(slug), '{}') INTO dropped FROM unnest(OLD.topics) AS t(slug)
            WHERE TG_OP = 'DELETE' OR NEW.status <> 'published' OR slug <> ALL (NEW.topics);
    END IF;
    IF dropped <> '{}' THEN
        PERFORM FROM topics WHERE slug = ANY (dropped) ORDER BY slug FOR UPDATE;
        WITH hidden AS (
            UPDATE topics SET public = false WHERE slug = ANY (dropped) AND public
                AND NOT EXISTS (SELECT FROM claims WHERE status = 'published' AND claims.topics @> ARRAY[slug])
                RETURNING *)
        -- Every newsroom that uses it goes on from what it could read until now.
        UPDATE newsroom_topics AS own SET label = hidden.label, parent_slug = hidden.parent_slug,
                iptc_code = hidden.iptc_code, version = hidden.version + 1
            FROM hidden WHERE own.slug = hidden.slug;
    END IF;
    RETURN NULL;
END $$;
