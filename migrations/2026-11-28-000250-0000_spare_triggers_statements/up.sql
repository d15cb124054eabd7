-- What every write of a claim, a statement and a verdict runs: no statements for lists that are empty, and none that is planned anew each
-- time, as those of functions in SQL are.
CREATE OR REPLACE FUNCTION lock_claim_trees(claim_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $$
DECLARE
    roots uuid[];
    locked uuid[] := '{}';
BEGIN
    -- Most claims are no part of another. While we waited it may have become one: then it is not found.
    IF cardinality(claim_ids) = 1 THEN
        PERFORM FROM claims WHERE id = claim_ids[1] AND part_of_id IS NULL FOR NO KEY UPDATE;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
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

CREATE OR REPLACE FUNCTION show_records(source_ids uuid[], document_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $$
BEGIN
    IF document_ids <> '{}' THEN
        PERFORM FROM documents WHERE id = ANY (document_ids) ORDER BY id FOR KEY SHARE;
        UPDATE documents SET public = true WHERE id = ANY (document_ids) AND NOT public;
    END IF;
    IF source_ids <> '{}' THEN
        PERFORM FROM sources WHERE id = ANY (source_ids) ORDER BY id FOR KEY SHARE;
        UPDATE sources SET public = true WHERE id = ANY (source_ids) AND NOT public;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION note_verdict_author(changed uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO verdict_authors (verdict_id, member_id)
        SELECT id, reviewing_member() FROM verdicts
        WHERE id = changed AND status IN ('draft', 'in_review', 'approved') AND reviewing_member() IS NOT NULL
        ON CONFLICT (verdict_id, member_id) DO UPDATE SET submitted = false WHERE verdict_authors.submitted;
END $$;

CREATE OR REPLACE FUNCTION address_key(url text)
 RETURNS uuid
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN (
        SELECT md5(lower(host) || coalesce(nullif(rtrim(regexp_replace(regexp_replace(regexp_replace(substr(bare, length(host) + 1),
                '([?&])(utm_[^&]*|fbclid=[^&]*|gclid=[^&]*)(?=&|$)', '\1', 'g'), '([?&])&+', '\1', 'g'), '[?&]+$', ''), '/'), ''), ''))::uuid
        FROM (SELECT regexp_replace(split_part(url, '#', 1), '^(https?://[^/?]*?):(80|443)(?=[/?]|$)', '\1', 'i')) AS b(bare)
        CROSS JOIN LATERAL (SELECT substring(bare FROM '^[^/]*//[^/?]*')) AS h(host));
END $$;

CREATE OR REPLACE FUNCTION guard_claim()
 RETURNS trigger
 LANGUAGE plpgsql
AS $$
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
    IF NEW.topics <> '{}' THEN
        INSERT INTO topics (slug, newsroom_id)
            SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
            ON CONFLICT DO NOTHING;
        INSERT INTO newsroom_topics (slug, newsroom_id)
            SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION carry_claim_visibility()
 RETURNS trigger
 LANGUAGE plpgsql
AS $$
DECLARE
    dropped text[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status THEN
        UPDATE statements SET public = (status = 'published' AND NEW.status = 'published')
            WHERE claim_id = NEW.id AND public <> (status = 'published' AND NEW.status = 'published');
        -- guard_verdict() derives the value; only those that may flip are touched.
        UPDATE verdicts SET public = NOT public WHERE claim_id = NEW.id AND status IN ('published', 'superseded');
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status = 'published' AND NEW.topics <> '{}' THEN
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
