-- Links between claims: the same claim in other words or another language, a repetition, a contradiction, a narrower version.

CREATE TABLE claim_links (
    id uuid CONSTRAINT claim_links_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT claim_links_newsroom_id_fkey REFERENCES newsrooms,
    claim_id uuid NOT NULL CONSTRAINT claim_links_claim_id_fkey REFERENCES claims,
    kind text NOT NULL CONSTRAINT claim_links_kind_known CHECK (kind IN ('same_as', 'repeats', 'contradicts', 'narrower')),
    linked_claim_id uuid NOT NULL CONSTRAINT claim_links_linked_claim_id_fkey REFERENCES claims,
    note nfc_text CONSTRAINT claim_links_note_length CHECK (char_length(note) BETWEEN 1 AND 2000),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT claim_links_not_to_itself CHECK (claim_id <> linked_claim_id)
);
COMMENT ON TABLE claim_links IS 'What one claim is to another: claim_id, kind, linked_claim_id';
COMMENT ON COLUMN claim_links.id IS 'UUIDv7';
COMMENT ON COLUMN claim_links.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN claim_links.claim_id IS 'The claim that is something to the other; never changed';
COMMENT ON COLUMN claim_links.kind IS 'same_as (symmetric, transitive), repeats (the earlier one), contradicts (symmetric) or narrower (says less than the other); never changed';
COMMENT ON COLUMN claim_links.linked_claim_id IS 'The other claim; never changed';
COMMENT ON COLUMN claim_links.note IS 'Why they are linked; shown to whoever sees the link';
COMMENT ON COLUMN claim_links.public IS 'Whether everybody sees it: both claims are published; kept by triggers';
COMMENT ON COLUMN claim_links.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN claim_links.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN claim_links.version IS 'Raised by one with every change; the ETag';
-- What is symmetric is the same link whichever way round it is told.
CREATE UNIQUE INDEX claim_links_symmetric_key ON claim_links
    (newsroom_id, kind, least(claim_id, linked_claim_id), greatest(claim_id, linked_claim_id)) WHERE kind IN ('same_as', 'contradicts');
CREATE UNIQUE INDEX claim_links_directed_key ON claim_links
    (newsroom_id, kind, claim_id, linked_claim_id) WHERE kind IN ('repeats', 'narrower');
CREATE INDEX claim_links_public_idx ON claim_links (id) WHERE public;
CREATE INDEX claim_links_hidden_idx ON claim_links (newsroom_id, id) WHERE NOT public;
CREATE INDEX claim_links_claim_id_idx ON claim_links (claim_id, id);
CREATE INDEX claim_links_linked_claim_id_idx ON claim_links (linked_claim_id, id);
CREATE TRIGGER claim_links_set_version BEFORE UPDATE ON claim_links FOR EACH ROW EXECUTE FUNCTION set_version();
CREATE TRIGGER claim_links_first_version BEFORE INSERT ON claim_links FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE CONSTRAINT TRIGGER claim_links_log AFTER INSERT OR UPDATE OR DELETE ON claim_links DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('claim_link');

CREATE FUNCTION guard_claim_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.claim_id, OLD.linked_claim_id]);
        RETURN OLD;
    ELSIF TG_OP = 'UPDATE' AND (NEW.claim_id, NEW.kind, NEW.linked_claim_id) <> (OLD.claim_id, OLD.kind, OLD.linked_claim_id) THEN
        PERFORM refuse('claim_links_fixed', 'which claims are linked, and how, does not change');
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM lock_claim_trees(ARRAY[NEW.claim_id, NEW.linked_claim_id]);
        IF EXISTS (SELECT FROM claims WHERE id IN (NEW.claim_id, NEW.linked_claim_id) AND status = 'withdrawn') THEN
            PERFORM refuse('claim_links_not_to_withdrawn', 'one of the claims was withdrawn');
        END IF;
    END IF;
    NEW.public := NOT EXISTS (SELECT FROM claims WHERE id IN (NEW.claim_id, NEW.linked_claim_id) AND status <> 'published');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_claim_link() IS 'Locks the trees of both claims, refuses links with withdrawn claims, keeps what is linked, derives public';
CREATE TRIGGER claim_links_guard BEFORE INSERT OR UPDATE OR DELETE ON claim_links FOR EACH ROW EXECUTE FUNCTION guard_claim_link();

-- Once for all claims that a statement publishes, so that the links are locked in id order. They are locked before anybody looks
-- which of them flip: whoever publishes the other claim at the same moment waits, and then sees this one published. The trees
-- of the other claims cannot be locked here, as this transaction holds others already.
CREATE FUNCTION carry_link_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved uuid[];
BEGIN
    SELECT array_agg(becomes.id) INTO moved FROM becomes JOIN was USING (id) WHERE becomes.status <> was.status;
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM claim_links WHERE claim_id = ANY (moved) OR linked_claim_id = ANY (moved) ORDER BY id FOR NO KEY UPDATE;
    -- guard_claim_link() derives the value; only those that flip are touched.
    UPDATE claim_links SET public = NOT public
        WHERE (claim_id = ANY (moved) OR linked_claim_id = ANY (moved))
            AND public = EXISTS (SELECT FROM claims WHERE id IN (claim_id, linked_claim_id) AND status <> 'published');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION carry_link_visibility() IS 'A link is public while both its claims are published';
CREATE TRIGGER claims_carry_link_visibility AFTER UPDATE ON claims REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION carry_link_visibility();

CREATE OR REPLACE FUNCTION is_public(noun text, record uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE noun
    WHEN 'claim' THEN EXISTS (SELECT FROM claims WHERE id = record AND status = 'published')
    WHEN 'statement' THEN EXISTS (SELECT FROM statements WHERE id = record AND public)
    WHEN 'verdict' THEN EXISTS (SELECT FROM verdicts WHERE id = record AND public)
    WHEN 'source' THEN EXISTS (SELECT FROM sources WHERE id = record AND public)
    WHEN 'document' THEN EXISTS (SELECT FROM documents WHERE id = record AND public)
    WHEN 'topic' THEN EXISTS (SELECT FROM topics WHERE md5(slug)::uuid = record AND public)
    WHEN 'claim_link' THEN EXISTS (SELECT FROM claim_links WHERE id = record AND public)
    ELSE noun IN ('newsroom', 'rating_scale') END;

-- redact() is told of one more noun; all else in it stays as it is.
DO $$
DECLARE
    was CONSTANT text := pg_get_functiondef('redact(text, uuid, text[], text, boolean)'::regprocedure);
    becomes CONSTANT text := replace(was, 'WHEN ''comment_request'' THEN', 'WHEN ''claim_link'' THEN ''{note}''
        WHEN ''comment_request'' THEN');
BEGIN
    IF becomes = was THEN
        RAISE EXCEPTION 'redact() does not list its nouns any more';
    END IF;
    EXECUTE becomes;
END $$;

CREATE VIEW past.claim_links AS
SELECT v.record_id AS id, v.newsroom_id, v.parent_id AS claim_id, r.kind, r.linked_claim_id, r.note,
    v.public AND coalesce(today.public, false) AS public, r.created_at, r.updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.claim_links, v.after) AS r
LEFT JOIN public.claim_links today ON today.id = v.record_id
WHERE v.noun = 'claim_link' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.claim_links IS 'The links between claims at the instant';
