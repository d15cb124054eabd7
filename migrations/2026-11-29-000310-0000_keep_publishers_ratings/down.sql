DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('redact(text, uuid, text[], text, boolean)'::regprocedure), '{textual_rating,', '{');
END $$;
DROP VIEW past.verdicts;
ALTER TABLE verdicts DROP COLUMN textual_rating;
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
