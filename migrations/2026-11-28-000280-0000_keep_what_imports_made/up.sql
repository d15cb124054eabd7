-- What an editor has changed by hand in a draft stays when its record is imported again: what the import made of each member is known
-- by its digest, which stays when the file is erased.
ALTER TABLE import_records ADD digests jsonb CONSTRAINT import_records_digests_is_object CHECK (jsonb_typeof(digests) = 'object');
COMMENT ON COLUMN import_records.digests IS 'SHA-256 of what imports made of its members, by member: what differs by now was edited by hand; null: recorded before this was kept, or failed';
