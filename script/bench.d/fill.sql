-- What the measurements read: 200,000 claims, 20,000 sources, 40,000 documents, some 300,000 statements and 30,000
-- verdicts, of which the newest nine tenths are drafts, or known to their newsroom only.
--
-- Rows are made without triggers, which look at each row alone and lock its claim's tree: hours instead of a minute. So
-- what they would derive is written here as they would have it. `public` is true for a statement or a verdict that is
-- published, all of those on published claims; for a source or document that one of those refers to; and for a published
-- claim's topics. CHECK constraints, domains and generated columns hold as always. Foreign keys are not looked at, but
-- every reference is computed from the same numbers as the ids.
--
-- ids are numbers of twelve digits behind one prefix, newer ones larger as with UUIDv7: whoever loads the server can
-- make them up. Their first digit tells the table.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL statement_timeout = 0;
SET LOCAL maintenance_work_mem = '256MB';
-- Random texts, but the same ones each time.
SELECT setseed(0.5) \g /dev/null

CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('01890000-0000-7000-8000-' || (kind * 100000000000 + n))::uuid;

-- Sentences of 5 to 24 words, of a real story's vocabulary.
CREATE TEMP TABLE words AS
    SELECT array_agg(DISTINCT word) AS list FROM regexp_split_to_table(:'story', '[^[:alpha:]’]+') AS word WHERE length(word) > 1;
CREATE TEMP TABLE sentences AS
    SELECT n, initcap(list[1 + n * 7 % cardinality(list)]) || ' ' ||
              array_to_string(ARRAY(SELECT list[1 + floor(random() * cardinality(list))] FROM generate_series(1, 4 + n % 20)), ' ') || '.' AS text
    FROM generate_series(0, 3999) AS n, words;
ALTER TABLE sentences ADD PRIMARY KEY (n);
ANALYZE sentences;
-- Several of them.
CREATE FUNCTION pg_temp.prose(seed bigint, count int) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT string_agg((SELECT text FROM sentences WHERE n = (seed * 31 + k * 1009) % 4000), ' ') FROM generate_series(1, count) AS k);

CREATE TEMP TABLE newsroom AS SELECT id FROM newsrooms ORDER BY id LIMIT 1;

INSERT INTO topics (slug, newsroom_id, label, public)
    SELECT 'topic-' || n, newsroom.id, 'Topic ' || n, true FROM generate_series(1, 200) AS n, newsroom;

INSERT INTO sources (id, newsroom_id, kind, name, name_folded, description, aliases, affiliation_id, country, note, public)
    SELECT pg_temp.id(2, n), newsroom.id, (ARRAY['person', 'organization', 'government', 'publication'])[1 + n % 4],
           'Source ' || n, 'source ' || n, pg_temp.prose(n, 1), ARRAY['Alias ' || n],
           CASE WHEN n > 100 THEN pg_temp.id(2, 1 + n % 100) END, 'AM', CASE WHEN n % 5 = 0 THEN pg_temp.prose(n, 2) END, n <= 2000
    FROM generate_series(1, 20000) AS n, newsroom;

INSERT INTO documents (id, newsroom_id, kind, title, url, url_normal, publisher_id, authors, language, published_on, public)
    SELECT pg_temp.id(3, n), newsroom.id, 'article', left(pg_temp.prose(n, 1), 120), url, url,
           pg_temp.id(2, 1 + n % 2000), ARRAY['Author ' || n % 500], 'en', '2023-09-' || lpad((1 + n % 28)::text, 2, '0'), n <= 4000
    FROM generate_series(1, 40000) AS n, newsroom,
         LATERAL (SELECT 'https://news.example/2023/09/' || n || '/a-story-with-a-title-of-usual-length') AS u(url);

INSERT INTO claims (id, newsroom_id, text, language, context, claimed_on, event_on, place, topics, status)
    SELECT pg_temp.id(1, n), newsroom.id, pg_temp.prose(n, 1), 'en', CASE WHEN n % 2 = 0 THEN pg_temp.prose(n + 1, 4) END,
           '2023-10', '2023-09-17', 'Istanbul', ARRAY['topic-' || 1 + n % 200, 'topic-' || 1 + (n + 50) % 200],
           CASE WHEN n <= 20000 THEN 'published' ELSE 'draft' END
    FROM generate_series(1, 200000) AS n, newsroom;

-- On published claims first. The first claim has 200 statements, the second 2, the others 5; each draft claim has 1.
CREATE TEMP TABLE spoken AS
    SELECT row_number() OVER (ORDER BY claim, k) AS n, claim, k
    FROM generate_series(1, 200000) AS claim,
         LATERAL generate_series(1, CASE WHEN claim = 1 THEN 200 WHEN claim = 2 THEN 2 WHEN claim <= 20000 THEN 5 ELSE 1 END) AS k;
INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, spoke_as, quote, quote_language, quote_kind, translation,
                        said_on, document_id, locator, status, note, public)
    SELECT pg_temp.id(4, n), newsroom.id, pg_temp.id(1, claim), pg_temp.id(2, 1 + (claim + k * 7) % 2000),
           (ARRAY['asserts', 'reports', 'confirms', 'disputes', 'denies', 'comments'])[1 + n % 6], 'Spokesman',
           pg_temp.prose(n, 2), 'it', 'translated', CASE WHEN n % 2 = 0 THEN pg_temp.prose(n + 3, 2) END,
           '2023-10-' || lpad((1 + n % 28)::text, 2, '0'), pg_temp.id(3, 1 + (claim + k * 11) % 4000), 'paragraph 3',
           CASE WHEN claim <= 20000 THEN 'published' ELSE 'draft' END, CASE WHEN n % 20 = 0 THEN pg_temp.prose(n, 1) END, claim <= 20000
    FROM spoken, newsroom;
INSERT INTO appearances (statement_id, document_id, locator, position)
    SELECT pg_temp.id(4, n), pg_temp.id(3, 1 + (claim + k * 11 + 2000) % 4000), 'page 2', 0 FROM spoken WHERE k % 2 = 0;
-- The second statement on a claim relies on the first.
INSERT INTO relies_on (statement_id, relied_on_id, wording, position)
    SELECT pg_temp.id(4, n), pg_temp.id(4, n - 1), 'citing', 0 FROM spoken WHERE k % 2 = 0;

INSERT INTO verdicts (id, newsroom_id, claim_id, rating_id, title, summary, explanation, language, reviewed_on, claim_reviewed, status, public)
    SELECT pg_temp.id(5, n), newsroom.id, claims.id, '01890000-0000-7000-8000-000000000102', left(pg_temp.prose(n, 1), 120),
           pg_temp.prose(n + 5, 2), pg_temp.prose(n + 9, 15), 'en', '2023-10-05', CASE WHEN n <= 3000 THEN claims.text END,
           CASE WHEN n <= 3000 THEN 'published' ELSE 'draft' END, n <= 3000
    FROM generate_series(1, 30000) AS n JOIN claims ON claims.id = pg_temp.id(1, n), newsroom;
INSERT INTO evidence (verdict_id, document_id, bearing, position)
    SELECT pg_temp.id(5, n), pg_temp.id(3, 1 + (n + k * 100) % 4000), 'supports', k FROM generate_series(1, 30000) AS n, generate_series(0, 2) AS k;
INSERT INTO claim_findings (claim_id, newsroom_id, published) SELECT id, newsroom_id, status = 'published' FROM claims;
COMMIT;
-- As after a while in service, and so that neither starts by itself amid a measurement.
SET statement_timeout = 0;
VACUUM ANALYZE;
CHECKPOINT;
