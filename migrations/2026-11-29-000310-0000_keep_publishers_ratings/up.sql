-- Another publisher's review is told in its own words: our rating is what we take them for.
ALTER TABLE verdicts
    ADD COLUMN textual_rating nfc_text CONSTRAINT verdicts_textual_rating_length CHECK (char_length(textual_rating) BETWEEN 1 AND 300),
    ADD CONSTRAINT verdicts_textual_rating_of_another CHECK (textual_rating IS NULL OR author_id IS NOT NULL);
COMMENT ON COLUMN verdicts.textual_rating IS 'The rating in the words of the review''s publisher, where that is another: told in place of the rating''s label';

CREATE OR REPLACE VIEW past.verdicts AS
SELECT v.record_id AS id, v.newsroom_id, v.parent_id AS claim_id, r.rating_id, r.title, r.summary, r.explanation, r.language, r.url,
    r.reviewed_on, r.author_id, r.claim_reviewed, CASE WHEN gone.away THEN 'retracted' ELSE r.status END AS status, r.supersedes_id,
    r.correction_note, r.correction_reason, CASE WHEN gone.away THEN today.retraction_reason ELSE r.retraction_reason END AS retraction_reason,
    v.public AND coalesce(today.public, false) AS public, r.created_at, CASE WHEN gone.away THEN today.updated_at ELSE r.updated_at END AS updated_at, r.version,
    r.textual_rating
FROM past.versions v CROSS JOIN LATERAL jsonb_populate_record(NULL::public.verdicts, v.after) AS r
LEFT JOIN public.verdicts today ON today.id = v.record_id
CROSS JOIN LATERAL (SELECT r.status = 'published' AND today.status = 'retracted'
                        AND v.newsroom_id IS DISTINCT FROM past.viewer() AS away) AS gone
WHERE v.noun = 'verdict' AND (today.id IS NOT NULL OR v.newsroom_id = past.viewer());

-- It can be erased as what else people have written.
DO $$
DECLARE
    was CONSTANT text := pg_get_functiondef('redact(text, uuid, text[], text, boolean)'::regprocedure);
    becomes CONSTANT text := replace(was, '''{title,summary,', '''{textual_rating,title,summary,');
BEGIN
    IF becomes = was THEN
        RAISE EXCEPTION 'redact() does not list the fields of verdicts any more';
    END IF;
    EXECUTE becomes;
END $$;
