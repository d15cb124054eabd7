ALTER TABLE members
    ADD COLUMN oidc_subject nfc_text CONSTRAINT members_oidc_subject_form CHECK (
        char_length(oidc_subject) <= 760 AND oidc_subject ~ '^https?://[!-~]+ [ -~]{1,255}$');
COMMENT ON COLUMN members.oidc_subject IS 'By whom the member is known at the single sign-on: the issuer, a space, and the subject there; shown to the newsroom''s admins only';
CREATE UNIQUE INDEX members_oidc_subject_key ON members (newsroom_id, oidc_subject);

-- Without this, whoever is removed here and still known there would be back with the next request.
CREATE TABLE removed_members (
    newsroom_id uuid NOT NULL CONSTRAINT removed_members_newsroom_id_fkey REFERENCES newsrooms,
    oidc_subject nfc_text NOT NULL CONSTRAINT removed_members_oidc_subject_length CHECK (char_length(oidc_subject) <= 760),
    removed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT removed_members_pkey PRIMARY KEY (newsroom_id, oidc_subject)
);
COMMENT ON TABLE removed_members IS 'Who was removed from a newsroom and may not come back by signing in, until an admin adds them again';
COMMENT ON COLUMN removed_members.newsroom_id IS 'The newsroom';
COMMENT ON COLUMN removed_members.oidc_subject IS 'As in members';
COMMENT ON COLUMN removed_members.removed_at IS 'When, database time';
