DROP VIEW past.claim_links;
DO $$
BEGIN
    EXECUTE replace(pg_get_functiondef('redact(text, uuid, text[], text, boolean)'::regprocedure),
        'WHEN ''claim_link'' THEN ''{note}''
        WHEN ''comment_request'' THEN', 'WHEN ''comment_request'' THEN');
END $$;
CREATE OR REPLACE FUNCTION is_public(noun text, record uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE noun
    WHEN 'claim' THEN EXISTS (SELECT FROM claims WHERE id = record AND status = 'published')
    WHEN 'statement' THEN EXISTS (SELECT FROM statements WHERE id = record AND public)
    WHEN 'verdict' THEN EXISTS (SELECT FROM verdicts WHERE id = record AND public)
    WHEN 'source' THEN EXISTS (SELECT FROM sources WHERE id = record AND public)
    WHEN 'document' THEN EXISTS (SELECT FROM documents WHERE id = record AND public)
    WHEN 'topic' THEN EXISTS (SELECT FROM topics WHERE md5(slug)::uuid = record AND public)
    ELSE noun IN ('newsroom', 'rating_scale') END;
DROP TRIGGER claims_carry_link_visibility ON claims;
DROP FUNCTION carry_link_visibility();
DROP TABLE claim_links;
DROP FUNCTION guard_claim_link();
