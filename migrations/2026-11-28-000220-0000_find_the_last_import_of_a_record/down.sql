CREATE INDEX import_records_identity_idx ON import_records (newsroom_id, identity) WHERE identity IS NOT NULL;
DROP INDEX import_records_identity_import_idx;
CREATE INDEX import_records_claim_identity_idx ON import_records (newsroom_id, claim_identity) WHERE claim_id IS NOT NULL;
DROP INDEX import_records_claim_identity_import_idx;
