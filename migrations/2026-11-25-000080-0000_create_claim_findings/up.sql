-- Whether a claim has a single origin, and whether reports on it run in a circle, for lists to filter by. What a write changes
-- about that is noted by triggers; the service weighs those claims at the end of the same transaction, with a graph library.
-- Where SQL by hand wrote, or too many claims are touched, the service does so in the background.

CREATE TABLE claim_findings (
    claim_id uuid CONSTRAINT claim_findings_pkey PRIMARY KEY
        CONSTRAINT claim_findings_claim_id_fkey REFERENCES claims ON DELETE CASCADE,
    newsroom_id uuid NOT NULL,
    published boolean NOT NULL,
    single_origin boolean DEFAULT false,
    circular boolean DEFAULT false
);
COMMENT ON TABLE claim_findings IS 'What the attribution graph tells about each claim: as the public sees it, or as its newsroom does while it is not published';
COMMENT ON COLUMN claim_findings.claim_id IS 'The claim';
COMMENT ON COLUMN claim_findings.newsroom_id IS 'The newsroom that recorded the claim';
COMMENT ON COLUMN claim_findings.published IS 'Whether the claim was published when it was weighed: whose view this is';
COMMENT ON COLUMN claim_findings.single_origin IS 'Whether exactly one independent origin supports it; null where there are too many statements to tell';
COMMENT ON COLUMN claim_findings.circular IS 'Whether statements rely on each other in a circle; null where there are too many to tell';
CREATE INDEX claim_findings_single_origin_idx ON claim_findings (single_origin, claim_id) WHERE published;
CREATE INDEX claim_findings_circular_idx ON claim_findings (circular, claim_id) WHERE published;
CREATE INDEX claim_findings_hidden_single_origin_idx ON claim_findings (newsroom_id, single_origin, claim_id) WHERE NOT published;
CREATE INDEX claim_findings_hidden_circular_idx ON claim_findings (newsroom_id, circular, claim_id) WHERE NOT published;

CREATE TABLE claims_unweighed (
    writer bigint,
    noun text CONSTRAINT claims_unweighed_noun_known CHECK (noun IN ('claim', 'statement', 'source')),
    id uuid,
    CONSTRAINT claims_unweighed_pkey PRIMARY KEY (writer, noun, id)
);
COMMENT ON TABLE claims_unweighed IS 'What was written and not weighed yet: a write empties its own before it ends, what is left is done in the background';
COMMENT ON COLUMN claims_unweighed.writer IS 'The transaction that wrote, so that none waits for another here; 0 for the background';
COMMENT ON COLUMN claims_unweighed.noun IS 'claim, statement or source';
COMMENT ON COLUMN claims_unweighed.id IS 'The record';

CREATE FUNCTION this_writer() RETURNS bigint LANGUAGE sql VOLATILE RETURN pg_current_xact_id()::text::bigint;
COMMENT ON FUNCTION this_writer() IS 'The number of this transaction';

CREATE FUNCTION is_position(stance text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN stance IN ('asserts', 'confirms', 'partly_confirms', 'disputes', 'denies', 'retracts');
COMMENT ON FUNCTION is_position(text) IS 'Whether a stance takes a side or takes one back';

CREATE FUNCTION note_statements_unweighed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- One that takes no side changes nothing by itself. Nor does a draft on a published claim, which is weighed as the public
        -- sees it, unless a draft of its newsroom says the same.
        INSERT INTO claims_unweighed SELECT this_writer(), 'statement', becomes.id FROM becomes JOIN claims ON claims.id = claim_id
            WHERE is_position(stance) AND (public OR claims.status <> 'published'
                OR EXISTS (SELECT FROM claim_links AS link WHERE link.claim_id = claims.id AND kind = 'same_as')
                OR EXISTS (SELECT FROM claim_links AS link WHERE linked_claim_id = claims.id AND kind = 'same_as'))
            ON CONFLICT DO NOTHING;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO claims_unweighed SELECT DISTINCT this_writer(), 'claim', claim_id FROM was ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO claims_unweighed SELECT this_writer(), noun, touched.id
            FROM was JOIN becomes USING (id) CROSS JOIN LATERAL (VALUES ('statement', id), ('claim', was.claim_id)) AS touched(noun, id)
            WHERE (was.claim_id, was.source_id, was.on_behalf_of_id, was.stance, was.said_on, was.status, was.public)
                IS DISTINCT FROM (becomes.claim_id, becomes.source_id, becomes.on_behalf_of_id, becomes.stance, becomes.said_on, becomes.status, becomes.public)
                AND (noun = 'statement' OR was.claim_id <> becomes.claim_id)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_statements_unweighed() IS 'Notes statements whose writing may change what the graph tells';
CREATE TRIGGER statements_note_new_unweighed AFTER INSERT ON statements REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_statements_unweighed();
CREATE TRIGGER statements_note_unweighed AFTER UPDATE ON statements REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_statements_unweighed();
CREATE TRIGGER statements_note_gone_unweighed AFTER DELETE ON statements REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION note_statements_unweighed();

CREATE FUNCTION note_reliance_unweighed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO claims_unweighed SELECT DISTINCT this_writer(), 'statement', statement_id FROM becomes ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO claims_unweighed SELECT DISTINCT this_writer(), 'statement', statement_id FROM was ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_reliance_unweighed() IS 'Notes statements that rely on others than before';
CREATE TRIGGER relies_on_note_new_unweighed AFTER INSERT ON relies_on REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_reliance_unweighed();
CREATE TRIGGER relies_on_note_unweighed AFTER UPDATE ON relies_on REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_reliance_unweighed();
CREATE TRIGGER relies_on_note_gone_unweighed AFTER DELETE ON relies_on REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION note_reliance_unweighed();

CREATE FUNCTION note_source_unweighed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims_unweighed VALUES (this_writer(), 'source', NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_source_unweighed() IS 'Notes a source that belongs to another body than before, or is of another kind';
CREATE TRIGGER sources_note_unweighed AFTER UPDATE OF kind, affiliation_id ON sources FOR EACH ROW
    WHEN ((NEW.kind, NEW.affiliation_id) IS DISTINCT FROM (OLD.kind, OLD.affiliation_id)) EXECUTE FUNCTION note_source_unweighed();

CREATE FUNCTION note_claims_unweighed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO claim_findings (claim_id, newsroom_id, published) SELECT id, newsroom_id, status = 'published' FROM becomes;
    ELSE
        INSERT INTO claims_unweighed SELECT this_writer(), 'claim', id FROM was JOIN becomes USING (id)
            WHERE was.status <> becomes.status ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_claims_unweighed() IS 'Gives a new claim its findings, and notes one that others see than before';
CREATE TRIGGER claims_make_findings AFTER INSERT ON claims REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims_unweighed();
CREATE TRIGGER claims_note_unweighed AFTER UPDATE ON claims REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims_unweighed();

CREATE FUNCTION note_link_unweighed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    link CONSTANT claim_links := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF link.kind = 'same_as' AND (TG_OP <> 'UPDATE' OR OLD.public <> NEW.public) THEN
        INSERT INTO claims_unweighed VALUES (this_writer(), 'claim', link.claim_id), (this_writer(), 'claim', link.linked_claim_id)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_link_unweighed() IS 'Notes claims that are the same as others than before';
CREATE TRIGGER claim_links_note_unweighed AFTER INSERT OR UPDATE OR DELETE ON claim_links
    FOR EACH ROW EXECUTE FUNCTION note_link_unweighed();

-- In PL/pgSQL, which keeps plans. How much a recursion finds cannot be estimated: OFFSET 0 keeps each step a look-up by an index.
CREATE FUNCTION claims_told_by(statement_ids uuid[], claim_ids uuid[], source_ids uuid[], at_most integer) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        WITH RECURSIVE belonging(id) AS (
            SELECT id FROM unnest(source_ids) AS t(id)
            UNION
            SELECT next.id FROM belonging CROSS JOIN LATERAL (SELECT id FROM sources WHERE affiliation_id = belonging.id OFFSET 0) AS next
        ), relying(id) AS (
            (SELECT id FROM unnest(statement_ids) AS t(id)
             UNION ALL SELECT said.id FROM belonging CROSS JOIN LATERAL (SELECT id FROM statements WHERE source_id = belonging.id OFFSET 0) AS said
             UNION ALL SELECT said.id FROM belonging CROSS JOIN LATERAL (SELECT id FROM statements WHERE on_behalf_of_id = belonging.id OFFSET 0) AS said)
            UNION
            SELECT next.id FROM relying CROSS JOIN LATERAL (SELECT statement_id FROM relies_on WHERE relied_on_id = relying.id OFFSET 0) AS next(id)
        ), told(id) AS (
            (SELECT id FROM unnest(claim_ids) AS t(id)
             UNION ALL SELECT said.id FROM relying CROSS JOIN LATERAL (SELECT claim_id FROM statements WHERE statements.id = relying.id OFFSET 0) AS said(id))
            UNION
            SELECT link.id FROM told CROSS JOIN LATERAL (
                SELECT linked_claim_id FROM claim_links WHERE claim_id = told.id AND kind = 'same_as'
                UNION ALL SELECT claim_id FROM claim_links WHERE linked_claim_id = told.id AND kind = 'same_as' OFFSET 0) AS link(id)
        ) SELECT id FROM told LIMIT at_most);
END $$;
COMMENT ON FUNCTION claims_told_by(uuid[], uuid[], uuid[], integer) IS 'The claims about which the graph may tell something else after these records were written; so many at most, all where that is null';

CREATE FUNCTION are_linked(statement_ids uuid[], claim_ids uuid[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM relies_on WHERE statement_id = ANY (statement_ids))
        OR EXISTS (SELECT FROM relies_on WHERE relied_on_id = ANY (statement_ids))
        OR EXISTS (SELECT FROM claim_links WHERE kind = 'same_as' AND claim_id = ANY (claim_ids))
        OR EXISTS (SELECT FROM claim_links WHERE kind = 'same_as' AND linked_claim_id = ANY (claim_ids));
END $$;
COMMENT ON FUNCTION are_linked(uuid[], uuid[]) IS 'Whether any of these statements or claims is tied to another';

-- Two writers who each look before the other commits would both miss what the other adds to one chain. So whoever touches what
-- is tied to other records is alone from here to its commit; those who touch statements that stand for themselves only lock
-- their claims.
CREATE FUNCTION claims_to_weigh(at_once integer, in_background boolean)
RETURNS TABLE (claim_id uuid, viewer uuid, published boolean, single_origin boolean, circular boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    alone CONSTANT integer := hashtext('onrecord provenance');
    statement_ids uuid[];
    claim_ids uuid[];
    source_ids uuid[];
    affected uuid[];
    tied boolean;
BEGIN
    SELECT coalesce(array_agg(id) FILTER (WHERE noun = 'statement'), '{}'), coalesce(array_agg(id) FILTER (WHERE noun = 'claim'), '{}'),
            coalesce(array_agg(id) FILTER (WHERE noun = 'source'), '{}')
        INTO statement_ids, claim_ids, source_ids FROM claims_unweighed WHERE writer = this_writer();
    IF (statement_ids || claim_ids || source_ids) = '{}' THEN
        RETURN;
    END IF;
    DELETE FROM claims_unweighed WHERE writer = this_writer();
    affected := ARRAY(SELECT claim_id FROM statements WHERE id = ANY (statement_ids) UNION SELECT id FROM unnest(claim_ids) AS t(id));
    tied := source_ids <> '{}' OR are_linked(statement_ids, affected);
    IF NOT tied THEN
        PERFORM pg_advisory_xact_lock_shared(alone);
        -- Somebody may have tied them while we waited.
        tied := are_linked(statement_ids, affected);
    END IF;
    IF tied THEN
        -- What else is to be done at the end is done now, so that others wait for the graph alone.
        SET CONSTRAINTS ALL IMMEDIATE;
        PERFORM pg_advisory_xact_lock(alone);
        IF source_ids <> '{}' AND cardinality(claims_told_by('{}', '{}', source_ids, at_once + 1)) > at_once THEN
            -- Too many for one request to wait for. The background makes claims of them, and does those in batches.
            IF in_background THEN
                INSERT INTO claims_unweighed SELECT 0, 'claim', id FROM unnest(claims_told_by('{}', '{}', source_ids, NULL)) AS t(id)
                    ON CONFLICT DO NOTHING;
            ELSE
                INSERT INTO claims_unweighed SELECT 0, 'source', id FROM unnest(source_ids) AS t(id) ON CONFLICT DO NOTHING;
            END IF;
            source_ids := '{}';
        END IF;
        affected := claims_told_by(statement_ids, claim_ids, source_ids, NULL);
    END IF;
    PERFORM FROM claim_findings WHERE claim_id = ANY (affected) ORDER BY claim_id FOR UPDATE;
    -- For the graph, which is read next. Planning it takes longer than reading it; and what a recursion begins with is as large as
    -- its estimate, which is far too high, or as this allows.
    PERFORM set_config('plan_cache_mode', 'force_generic_plan', true), set_config('work_mem', '64kB', true);
    RETURN QUERY SELECT claim_findings.claim_id, CASE WHEN claims.status <> 'published' THEN claims.newsroom_id END,
            claim_findings.published, claim_findings.single_origin, claim_findings.circular
        FROM claim_findings JOIN claims ON claims.id = claim_findings.claim_id WHERE claim_findings.claim_id = ANY (affected) ORDER BY 1;
END $$;
COMMENT ON FUNCTION claims_to_weigh(integer, boolean) IS 'Locks the claims that this transaction has touched until it ends, and answers whose view of them is to be weighed, and what is known; more than so many by a source''s change are left to the background';

-- What is there already is weighed in the background.
INSERT INTO claim_findings (claim_id, newsroom_id, published) SELECT id, newsroom_id, status = 'published' FROM claims;
INSERT INTO claims_unweighed SELECT DISTINCT 0, 'claim', claim_id FROM statements;
