-- The last import of a record, however often it was imported.
CREATE INDEX import_records_identity_import_idx ON import_records (newsroom_id, identity, import_id) WHERE identity IS NOT NULL;
DROP INDEX import_records_identity_idx;
CREATE INDEX import_records_claim_identity_import_idx ON import_records (newsroom_id, claim_identity, import_id, position) WHERE claim_id IS NOT NULL;
DROP INDEX import_records_claim_identity_idx;
