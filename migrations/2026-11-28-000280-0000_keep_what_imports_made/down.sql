ALTER TABLE import_records DROP digests;
