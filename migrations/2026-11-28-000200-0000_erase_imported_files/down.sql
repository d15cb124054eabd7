UPDATE import_records SET raw = '' WHERE raw IS NULL;
ALTER TABLE import_records ALTER raw SET NOT NULL;
COMMENT ON COLUMN import_records.raw IS 'The record byte for byte, in UTF-8; the file in another encoding is in import_chunks';
ALTER TABLE imports DROP erased_at;
