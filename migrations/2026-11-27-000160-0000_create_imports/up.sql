CREATE TABLE rating_mappings (
    id uuid CONSTRAINT rating_mappings_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT rating_mappings_newsroom_id_fkey REFERENCES newsrooms,
    publisher nfc_text CONSTRAINT rating_mappings_publisher_length CHECK (char_length(publisher) BETWEEN 1 AND 300),
    publisher_folded nfc_text,
    rating nfc_text NOT NULL CONSTRAINT rating_mappings_rating_length CHECK (char_length(rating) BETWEEN 1 AND 300),
    rating_folded nfc_text NOT NULL,
    rating_id uuid NOT NULL CONSTRAINT rating_mappings_rating_id_fkey REFERENCES ratings,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT rating_mappings_publisher_is_folded CHECK ((publisher IS NULL) = (publisher_folded IS NULL))
);
COMMENT ON TABLE rating_mappings IS 'Which rating of ours a publisher''s own words stand for; imports go by it';
COMMENT ON COLUMN rating_mappings.id IS 'UUIDv7';
COMMENT ON COLUMN rating_mappings.newsroom_id IS 'The newsroom whose imports go by it; only its members see it';
COMMENT ON COLUMN rating_mappings.publisher IS 'The publisher''s name or the host of its site; null: any publisher that has no mapping of its own';
COMMENT ON COLUMN rating_mappings.publisher_folded IS 'The publisher in the form in which it is compared';
COMMENT ON COLUMN rating_mappings.rating IS 'The rating in the publisher''s words';
COMMENT ON COLUMN rating_mappings.rating_folded IS 'The words in the form in which they are compared';
COMMENT ON COLUMN rating_mappings.rating_id IS 'The rating that they stand for';
COMMENT ON COLUMN rating_mappings.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN rating_mappings.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN rating_mappings.version IS 'Raised by one with every change; the ETag';
CREATE UNIQUE INDEX rating_mappings_words_key ON rating_mappings (newsroom_id, rating_folded, publisher_folded) NULLS NOT DISTINCT;
CREATE INDEX rating_mappings_newsroom_id_idx ON rating_mappings (newsroom_id, id);
CREATE INDEX rating_mappings_rating_id_idx ON rating_mappings (rating_id);
CREATE TRIGGER rating_mappings_set_version BEFORE UPDATE ON rating_mappings FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE imports (
    id uuid CONSTRAINT imports_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT imports_newsroom_id_fkey REFERENCES newsrooms,
    member_id uuid CONSTRAINT imports_member_id_fkey REFERENCES members ON DELETE SET NULL,
    name nfc_text CONSTRAINT imports_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    form text NOT NULL CONSTRAINT imports_form_known CHECK (form IN ('json', 'ndjson', 'html', 'csv')),
    charset text CONSTRAINT imports_charset_length CHECK (char_length(charset) BETWEEN 1 AND 100),
    options jsonb NOT NULL CONSTRAINT imports_options_is_object CHECK (jsonb_typeof(options) = 'object'),
    status text NOT NULL CONSTRAINT imports_status_known CHECK (status IN ('receiving', 'waiting', 'running', 'done', 'failed')),
    problem nfc_text CONSTRAINT imports_problem_length CHECK (char_length(problem) BETWEEN 1 AND 5000),
    sha256 bytea CONSTRAINT imports_sha256_length CHECK (octet_length(sha256) = 32),
    bytes bigint NOT NULL DEFAULT 0,
    bytes_read bigint NOT NULL DEFAULT 0,
    records bigint NOT NULL DEFAULT 0,
    created bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    taken_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT imports_failed_says_why CHECK ((status = 'failed') = (problem IS NOT NULL)),
    CONSTRAINT imports_counts_add_up CHECK (records = created + updated + unchanged + changed + failed)
);
COMMENT ON TABLE imports IS 'Files of ClaimReview that were sent to be recorded';
COMMENT ON COLUMN imports.id IS 'UUIDv7';
COMMENT ON COLUMN imports.newsroom_id IS 'The newsroom that imports it; only its members see it';
COMMENT ON COLUMN imports.member_id IS 'Who sent it, and in whose name it is recorded; null: removed since';
COMMENT ON COLUMN imports.name IS 'What the sender calls it';
COMMENT ON COLUMN imports.form IS 'json, ndjson, html or csv';
COMMENT ON COLUMN imports.charset IS 'The encoding by its label; null: as the file itself says, else UTF-8';
COMMENT ON COLUMN imports.options IS 'How it is to be read and recorded, as it was asked for';
COMMENT ON COLUMN imports.status IS 'receiving, waiting, running, done or failed';
COMMENT ON COLUMN imports.problem IS 'Why it failed as a whole';
COMMENT ON COLUMN imports.sha256 IS 'SHA-256 of the file; null while it is received';
COMMENT ON COLUMN imports.bytes IS 'Bytes in the file';
COMMENT ON COLUMN imports.bytes_read IS 'Bytes that were worked on';
COMMENT ON COLUMN imports.records IS 'Records that were worked on: the position at which the work goes on';
COMMENT ON COLUMN imports.created IS 'Of these, how many were new';
COMMENT ON COLUMN imports.updated IS 'How many drafts of earlier imports were brought up to date';
COMMENT ON COLUMN imports.unchanged IS 'How many are recorded already';
COMMENT ON COLUMN imports.changed IS 'How many differ from what is published of them';
COMMENT ON COLUMN imports.failed IS 'How many nothing could be made of';
COMMENT ON COLUMN imports.taken_until IS 'Until when a process is at it';
COMMENT ON COLUMN imports.created_at IS 'When it began to arrive, database time';
COMMENT ON COLUMN imports.updated_at IS 'When it last went on, database time';
COMMENT ON COLUMN imports.version IS 'Raised by one with every change; the ETag';
CREATE INDEX imports_newsroom_id_idx ON imports (newsroom_id, id);
CREATE INDEX imports_member_id_idx ON imports (member_id);
CREATE INDEX imports_unfinished_idx ON imports (id) WHERE status IN ('receiving', 'waiting', 'running');
CREATE TRIGGER imports_set_version BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE import_chunks (
    import_id uuid CONSTRAINT import_chunks_import_id_fkey REFERENCES imports ON DELETE CASCADE,
    number integer NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT import_chunks_pkey PRIMARY KEY (import_id, number)
);
COMMENT ON TABLE import_chunks IS 'Imported files as they came, byte for byte';
COMMENT ON COLUMN import_chunks.import_id IS 'The import';
COMMENT ON COLUMN import_chunks.number IS 'The place in the file, from 0 on';
COMMENT ON COLUMN import_chunks.bytes IS 'Some of its bytes';

CREATE TABLE import_records (
    import_id uuid CONSTRAINT import_records_import_id_fkey REFERENCES imports ON DELETE CASCADE,
    position bigint NOT NULL CONSTRAINT import_records_position_from_1 CHECK (position >= 1),
    newsroom_id uuid NOT NULL,
    raw bytea NOT NULL,
    sha256 bytea NOT NULL CONSTRAINT import_records_sha256_length CHECK (octet_length(sha256) = 32),
    outcome text NOT NULL CONSTRAINT import_records_outcome_known CHECK (outcome IN ('created', 'updated', 'unchanged', 'changed', 'failed')),
    problems jsonb NOT NULL DEFAULT '[]' CONSTRAINT import_records_problems_is_array CHECK (jsonb_typeof(problems) = 'array'),
    identity bytea CONSTRAINT import_records_identity_length CHECK (octet_length(identity) = 32),
    claim_identity bytea CONSTRAINT import_records_claim_identity_length CHECK (octet_length(claim_identity) = 32),
    review_url text,
    publisher nfc_text,
    rating nfc_text,
    claim_id uuid CONSTRAINT import_records_claim_id_fkey REFERENCES claims ON DELETE SET NULL,
    verdict_id uuid CONSTRAINT import_records_verdict_id_fkey REFERENCES verdicts ON DELETE SET NULL,
    made jsonb NOT NULL DEFAULT '{}' CONSTRAINT import_records_made_is_object CHECK (jsonb_typeof(made) = 'object'),
    CONSTRAINT import_records_pkey PRIMARY KEY (import_id, position)
);
COMMENT ON TABLE import_records IS 'Each record of an import as it came, with what was made of it';
COMMENT ON COLUMN import_records.import_id IS 'The import';
COMMENT ON COLUMN import_records.position IS 'Its place in the file, from 1 on';
COMMENT ON COLUMN import_records.newsroom_id IS 'The import''s newsroom';
COMMENT ON COLUMN import_records.raw IS 'The record byte for byte, in UTF-8; the file in another encoding is in import_chunks';
COMMENT ON COLUMN import_records.sha256 IS 'SHA-256 of raw: whether it has changed since';
COMMENT ON COLUMN import_records.outcome IS 'created, updated, unchanged, changed or failed';
COMMENT ON COLUMN import_records.problems IS 'What of it could not be kept or is doubtful: a list of {member, detail}';
COMMENT ON COLUMN import_records.identity IS 'SHA-256 of review address, folded claim and publisher: by which it is known again; null where it could not be read';
COMMENT ON COLUMN import_records.claim_identity IS 'SHA-256 of language, folded claim and claimants: by which other reviews of the claim find it';
COMMENT ON COLUMN import_records.review_url IS 'The address of the review';
COMMENT ON COLUMN import_records.publisher IS 'The publisher as named';
COMMENT ON COLUMN import_records.rating IS 'The rating in the publisher''s words';
COMMENT ON COLUMN import_records.claim_id IS 'The claim that was made of it or found for it; null in a dry run';
COMMENT ON COLUMN import_records.verdict_id IS 'The same of the verdict';
COMMENT ON COLUMN import_records.made IS 'Lists of ids: statements, and sources and documents, of each the reused ones too';
CREATE INDEX import_records_identity_idx ON import_records (newsroom_id, identity) WHERE identity IS NOT NULL;
CREATE INDEX import_records_claim_identity_idx ON import_records (newsroom_id, claim_identity) WHERE claim_id IS NOT NULL;
CREATE INDEX import_records_outcome_idx ON import_records (import_id, outcome, position);
CREATE INDEX import_records_claim_id_idx ON import_records (claim_id);
CREATE INDEX import_records_verdict_id_idx ON import_records (verdict_id);
