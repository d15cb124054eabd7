-- From 200,000 claims to a million: each with a statement that relies on another claim's. Made as in fill.sql.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL statement_timeout = 0;
CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('01890000-0000-7000-8000-' || (kind * 100000000000 + n))::uuid;
INSERT INTO claims (id, newsroom_id, text, language, status)
    SELECT pg_temp.id(1, n), newsroom_id, 'One of many claims', 'en', 'published'
    FROM generate_series(200001, 1000000) AS n, claims WHERE claims.id = pg_temp.id(1, 1);
INSERT INTO claim_findings (claim_id, newsroom_id, published)
    SELECT id, newsroom_id, true FROM claims WHERE id > pg_temp.id(1, 200000) ON CONFLICT DO NOTHING;
INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status, public)
    SELECT pg_temp.id(4, 50000000 + n), newsroom_id, pg_temp.id(1, n), pg_temp.id(2, 1 + n % 2000), 'confirms', 'published', true
    FROM generate_series(200001, 1000000) AS n, claims WHERE claims.id = pg_temp.id(1, 1);
INSERT INTO relies_on (statement_id, relied_on_id, position)
    SELECT pg_temp.id(4, 50000000 + n), pg_temp.id(4, 50000000 + n - 1), 0 FROM generate_series(200002, 1000000) AS n WHERE n % 5 > 0;
COMMIT;
SET statement_timeout = 0;
VACUUM ANALYZE claims, claim_findings, statements, relies_on;
CHECKPOINT;
