DROP TABLE removed_members;
DROP INDEX members_oidc_subject_key;
ALTER TABLE members DROP COLUMN oidc_subject;
