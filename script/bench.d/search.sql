-- Makes claims of the texts at standard input (language, text, context; as COPY reads them), as if they had been recorded one by one.
--
-- Without triggers, which do for each row what is done here for all of them: entries, counts of words, findings. Every second claim has
-- a statement and every fourth a verdict, and all have one of 200 topics and a year.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL statement_timeout = 0;
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL synchronous_commit = off;
CREATE TEMP TABLE texts (n bigint GENERATED ALWAYS AS IDENTITY, language text, text text, context text) ON COMMIT DROP;
\copy texts (language, text, context) FROM pstdin
CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('01890000-0000-7000-8000-' || (kind * 100000000000 + n))::uuid;
CREATE TEMP TABLE newsroom ON COMMIT DROP AS SELECT id FROM newsrooms ORDER BY id LIMIT 1;

INSERT INTO topics (slug, newsroom_id, label, public) SELECT 'topic-' || n, newsroom.id, 'Topic ' || n, true FROM generate_series(1, 200) AS n, newsroom;
INSERT INTO sources (id, newsroom_id, kind, name, name_folded, public)
    SELECT pg_temp.id(2, n), newsroom.id, 'person', 'Source ' || n, 'source ' || n, true FROM generate_series(1, 2000) AS n, newsroom;
INSERT INTO claims (id, newsroom_id, text, language, context, claimed_on, topics, status)
    SELECT pg_temp.id(1, n), newsroom.id, text, language, context, (2000 + n % 26)::text, ARRAY['topic-' || 1 + n % 200], 'published' FROM texts, newsroom;
INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status, public)
    SELECT pg_temp.id(4, n), newsroom.id, pg_temp.id(1, n), pg_temp.id(2, 1 + n % 2000), (ARRAY['asserts', 'confirms', 'disputes', 'denies'])[1 + n % 4], 'published', true
    FROM texts, newsroom WHERE n % 2 = 0;
INSERT INTO verdicts (id, newsroom_id, claim_id, rating_id, summary, language, reviewed_on, claim_reviewed, status, public)
    SELECT pg_temp.id(5, n), newsroom.id, pg_temp.id(1, n), rating.ids[1 + n % cardinality(rating.ids)], 'Checked.', language, '2025', text, 'published', true
    FROM texts, newsroom, (SELECT array_agg(id) AS ids FROM ratings) AS rating WHERE n % 4 = 0;
INSERT INTO claim_findings (claim_id, newsroom_id, published) SELECT id, newsroom_id, true FROM claims ON CONFLICT DO NOTHING;

-- An index is made at once, sooner than row by row.
CREATE TEMP TABLE made ON COMMIT DROP AS SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'search_entries' AND indexname <> 'search_entries_pkey';
SELECT 'DROP INDEX ' || indexname FROM made \gexec
INSERT INTO search_entries SELECT entry.* FROM claims CROSS JOIN LATERAL entry_of(ROW(claims.*)::claims) AS entry;
INSERT INTO search_entries SELECT entry.* FROM sources CROSS JOIN LATERAL entry_of(ROW(sources.*)::sources) AS entry;
INSERT INTO search_entries SELECT entry.* FROM verdicts CROSS JOIN LATERAL entry_of(ROW(verdicts.*)::verdicts) AS entry WHERE entry.record_id IS NOT NULL;
SELECT indexdef FROM made \gexec
INSERT INTO word_counts SELECT word, count(*) FROM search_entries CROSS JOIN LATERAL unnest(tsvector_to_array(words)) AS t(word) WHERE claim_id IS NOT NULL GROUP BY word;
INSERT INTO search_languages SELECT DISTINCT substr(word, 2)::regconfig FROM word_counts WHERE word LIKE '=%' ON CONFLICT DO NOTHING;

-- Random vectors for their texts and contexts: of six pieces, as millions of them are to be made.
CREATE TEMP TABLE pieces ON COMMIT DROP AS
    SELECT array_agg(decode(md5(random()::text) || md5(random()::text) || md5(random()::text) || md5(random()::text), 'hex')) AS list FROM generate_series(1, 1000);
CREATE FUNCTION pg_temp.piece(list bytea[]) RETURNS bytea LANGUAGE sql VOLATILE RETURN list[1 + floor(random() * 1000)];
INSERT INTO embedding_models (name, dimensions, passage_prefix, complete) VALUES ('random', 384, '', true);
INSERT INTO embeddings (model_id, record_id, part, vector)
    SELECT m.id, claims.id, part, pg_temp.piece(list) || pg_temp.piece(list) || pg_temp.piece(list) || pg_temp.piece(list) || pg_temp.piece(list) || pg_temp.piece(list)
    FROM claims, pieces, embedding_models AS m, unnest(ARRAY['first', 'second']) AS p(part);
COMMIT;
SET statement_timeout = 0;
VACUUM ANALYZE;
CHECKPOINT;
SELECT format('%s claims; %s of entries with %s of indexes, %s of claims; %s of counted words, %s of vectors', (SELECT count(*) FROM claims),
    pg_size_pretty(pg_table_size('search_entries')), pg_size_pretty(pg_indexes_size('search_entries')), pg_size_pretty(pg_total_relation_size('claims')),
    pg_size_pretty(pg_total_relation_size('word_counts')), pg_size_pretty(pg_total_relation_size('embeddings')));
