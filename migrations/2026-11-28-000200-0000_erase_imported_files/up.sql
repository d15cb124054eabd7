-- What must be erased, or is not needed any more: a file goes, and what of it stands beside what was made of it. By their digests its
-- records are known again.
ALTER TABLE imports ADD erased_at timestamptz
    CONSTRAINT imports_erased_when_finished CHECK (erased_at IS NULL OR status IN ('done', 'failed'));
COMMENT ON COLUMN imports.erased_at IS 'When the file was erased, database time; null: it is kept';
ALTER TABLE import_records ALTER raw DROP NOT NULL;
COMMENT ON COLUMN import_records.raw IS 'The record byte for byte, in UTF-8; the file in another encoding is in import_chunks; null: erased';
