-- The record as it stood. In the schema past lie views with the names and columns of the tables; a transaction that puts
-- past before public in its search_path, and says which instant and who looks, reads them with the very statements that read
-- the present. What is hidden, withdrawn or redacted today is so in the past too.

CREATE SCHEMA past;
COMMENT ON SCHEMA past IS 'The records as they stood at onrecord.as_of, for the newsroom onrecord.viewer';

CREATE FUNCTION past.instant() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('onrecord.as_of')::timestamptz;
COMMENT ON FUNCTION past.instant() IS 'The instant that is looked back to';
CREATE FUNCTION past.viewer() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('onrecord.viewer', true), '')::uuid;
COMMENT ON FUNCTION past.viewer() IS 'The newsroom that looks; null for the public';

CREATE VIEW past.versions AS
SELECT c.noun, c.record_id, c.newsroom_id, c.parent_id, c.public, v.after
FROM public.changes c JOIN public.change_values v ON v.change_id = c.id
WHERE c.operation NOT IN ('delete', 'redact') AND c.at <= past.instant()
    AND NOT EXISTS (SELECT FROM public.changes later
                    WHERE later.noun = c.noun AND later.record_id = c.record_id AND later.id > c.id
                        AND later.at <= past.instant() AND later.operation <> 'redact');
COMMENT ON VIEW past.versions IS 'Each record''s version at the instant';

CREATE VIEW past.sources AS
SELECT v.record_id AS id, v.newsroom_id, r.kind, coalesce(r.name, '[redacted]') AS name, r.description,
    coalesce(r.aliases, '{}') AS aliases, r.affiliation_id, r.country, r.website, r.wikidata_id, r.note,
    v.public AND coalesce(today.public, false) AS public, r.created_at, r.updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.sources, v.after) AS r
LEFT JOIN public.sources today ON today.id = v.record_id
WHERE v.noun = 'source' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.sources IS 'The sources at the instant';

CREATE VIEW past.documents AS
SELECT v.record_id AS id, v.newsroom_id, r.kind, r.title, r.url, r.url_normal, r.description, r.archive_url, r.publisher_id,
    coalesce(r.authors, '{}') AS authors, r.language, r.published_on, r.retrieved_at, r.derived_from_id,
    v.public AND coalesce(today.public, false) AS public, r.created_at, r.updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.documents, v.after) AS r
LEFT JOIN public.documents today ON today.id = v.record_id
WHERE v.noun = 'document' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.documents IS 'The documents at the instant';

-- What was published then and is withdrawn today is withdrawn for all but its newsroom.
CREATE VIEW past.claims AS
SELECT v.record_id AS id, v.newsroom_id, coalesce(r.text, '[redacted]') AS text, r.language, r.context, r.claimed_on, r.event_on,
    r.place, coalesce(r.topics, '{}') AS topics, v.parent_id AS part_of_id,
    CASE WHEN gone.away THEN 'withdrawn' ELSE r.status END AS status,
    CASE WHEN gone.away THEN today.withdrawn_reason ELSE r.withdrawn_reason END AS withdrawn_reason,
    r.created_at, CASE WHEN gone.away THEN today.updated_at ELSE r.updated_at END AS updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.claims, v.after) AS r
LEFT JOIN public.claims today ON today.id = v.record_id
CROSS JOIN LATERAL (SELECT r.status = 'published' AND today.status = 'withdrawn'
                        AND v.newsroom_id IS DISTINCT FROM past.viewer() AS away) AS gone
WHERE v.noun = 'claim' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.claims IS 'The claims at the instant';

CREATE VIEW past.statements AS
SELECT v.record_id AS id, v.newsroom_id, v.parent_id AS claim_id, r.source_id, r.stance, r.spoke_as, r.on_behalf_of_id, r.quote,
    r.quote_language, r.quote_kind, r.translation, r.said_on, r.document_id, r.locator,
    CASE WHEN gone.away THEN 'withdrawn' ELSE r.status END AS status,
    CASE WHEN gone.away THEN today.withdrawn_reason ELSE r.withdrawn_reason END AS withdrawn_reason,
    r.correction_note, r.note, v.public AND coalesce(today.public, false) AS public, r.created_at, CASE WHEN gone.away THEN today.updated_at ELSE r.updated_at END AS updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.statements, v.after) AS r
LEFT JOIN public.statements today ON today.id = v.record_id
CROSS JOIN LATERAL (SELECT r.status = 'published' AND today.status = 'withdrawn'
                        AND v.newsroom_id IS DISTINCT FROM past.viewer() AS away) AS gone
WHERE v.noun = 'statement' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.statements IS 'The statements at the instant';

CREATE VIEW past.appearances AS
SELECT v.record_id AS statement_id, (item ->> 'document_id')::uuid AS document_id, item ->> 'locator' AS locator, (place - 1)::int AS position
FROM past.versions v CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(v.after -> 'appearances', 'null'), '[]')) WITH ORDINALITY AS a(item, place)
WHERE v.noun = 'statement';
COMMENT ON VIEW past.appearances IS 'The appearances of statements at the instant';

CREATE VIEW past.relies_on AS
SELECT v.record_id AS statement_id, (item ->> 'statement_id')::uuid AS relied_on_id, item ->> 'wording' AS wording, (place - 1)::int AS position
FROM past.versions v CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(v.after -> 'relies_on', 'null'), '[]')) WITH ORDINALITY AS a(item, place)
WHERE v.noun = 'statement';
COMMENT ON VIEW past.relies_on IS 'On whose word statements were made, at the instant';

CREATE VIEW past.verdicts AS
SELECT v.record_id AS id, v.newsroom_id, v.parent_id AS claim_id, r.rating_id, r.title, r.summary, r.explanation, r.language, r.url,
    r.reviewed_on, r.author_id, r.claim_reviewed, CASE WHEN gone.away THEN 'retracted' ELSE r.status END AS status, r.supersedes_id,
    r.correction_note, r.correction_reason, CASE WHEN gone.away THEN today.retraction_reason ELSE r.retraction_reason END AS retraction_reason,
    v.public AND coalesce(today.public, false) AS public, r.created_at, CASE WHEN gone.away THEN today.updated_at ELSE r.updated_at END AS updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.verdicts, v.after) AS r
LEFT JOIN public.verdicts today ON today.id = v.record_id
CROSS JOIN LATERAL (SELECT r.status = 'published' AND today.status = 'retracted'
                        AND v.newsroom_id IS DISTINCT FROM past.viewer() AS away) AS gone
WHERE v.noun = 'verdict' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());
COMMENT ON VIEW past.verdicts IS 'The verdicts at the instant';

CREATE VIEW past.evidence AS
SELECT v.record_id AS verdict_id, (item ->> 'statement_id')::uuid AS statement_id, (item ->> 'document_id')::uuid AS document_id,
    item ->> 'bearing' AS bearing, item ->> 'note' AS note, (place - 1)::int AS position
FROM past.versions v CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(v.after -> 'evidence', 'null'), '[]')) WITH ORDINALITY AS a(item, place)
WHERE v.noun = 'verdict';
COMMENT ON VIEW past.evidence IS 'What verdicts rested on at the instant';

CREATE VIEW past.ratings AS
SELECT r.id, v.record_id AS scale_id, r.slug, r.label, r.position, r.numeric_value, r.description, r.labels
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_recordset(NULL::public.ratings, v.after -> 'ratings') AS r
WHERE v.noun = 'rating_scale';
COMMENT ON VIEW past.ratings IS 'The ratings at the instant';

CREATE VIEW past.comment_requests AS
SELECT v.record_id AS id, v.newsroom_id, v.parent_id AS claim_id, r.source_id, r.asked_at, r.channel, r.due_at, r.question, r.note,
    r.status, r.statement_id, r.closed_at, r.created_at, r.updated_at, r.version
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.comment_requests, v.after) AS r
WHERE v.noun = 'comment_request' AND v.newsroom_id = past.viewer();
COMMENT ON VIEW past.comment_requests IS 'What was asked until the instant';
