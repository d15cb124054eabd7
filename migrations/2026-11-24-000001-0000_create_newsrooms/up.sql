-- Text as this database keeps it: Unicode normalisation form C, so that one word is one byte sequence.
CREATE DOMAIN nfc_text AS text CONSTRAINT nfc_text_is_nfc CHECK (VALUE IS NFC NORMALIZED);
COMMENT ON DOMAIN nfc_text IS 'Text in Unicode normalisation form C (UAX #15)';

-- "2023", "2023-03" or "2023-03-14". Under collation "C" the text sorts by first possible day, coarser first.
CREATE FUNCTION is_partial_date(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value ~ '^(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$'
   AND (length(value) < 10
        OR substr(value, 9, 2)::int <= date_part('day', make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, 1)
                                                        + interval '1 month' - interval '1 day'));
COMMENT ON FUNCTION is_partial_date(text) IS 'Whether the text is a year, a month of a year or a calendar day (ISO 8601)';
CREATE DOMAIN partial_date AS text COLLATE "C" CONSTRAINT partial_date_is_valid CHECK (is_partial_date(VALUE));
COMMENT ON DOMAIN partial_date IS 'ISO 8601 date known to the year, the month or the day';

-- Lists of text have no domain of their own, so their bounds are checked by one function.
CREATE FUNCTION is_text_list(list text[], most int, longest int) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(list) <= most
   AND NOT EXISTS (SELECT FROM unnest(list) AS t(item)
                   WHERE item IS NULL OR item IS NOT NFC NORMALIZED OR char_length(item) NOT BETWEEN 1 AND longest);
COMMENT ON FUNCTION is_text_list(text[], int, int) IS 'Whether the list has at most so many items, each NFC text of 1 to so many characters';

CREATE FUNCTION set_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Who may see a record is derived from other records, its search words from its text: neither is a change of its own.
    IF to_jsonb(NEW) - '{public,search}'::text[] = to_jsonb(OLD) - '{public,search}'::text[] THEN
        RETURN NEW;
    END IF;
    -- A change of a record's lists alone comes with the version raised already.
    IF NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
    END IF;
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION set_version() IS 'Raises version and updated_at when anything but public changes';

CREATE TABLE newsrooms (
    id uuid CONSTRAINT newsrooms_pkey PRIMARY KEY,
    name nfc_text NOT NULL CONSTRAINT newsrooms_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    site nfc_text CONSTRAINT newsrooms_site_length CHECK (char_length(site) BETWEEN 1 AND 2000),
    logo nfc_text CONSTRAINT newsrooms_logo_length CHECK (char_length(logo) BETWEEN 1 AND 2000),
    corrections_policy nfc_text CONSTRAINT newsrooms_corrections_policy_length CHECK (char_length(corrections_policy) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE newsrooms IS 'An organisation that records and checks claims';
COMMENT ON COLUMN newsrooms.id IS 'UUIDv7';
COMMENT ON COLUMN newsrooms.name IS 'Name as shown to readers';
COMMENT ON COLUMN newsrooms.site IS 'Home page, http or https';
COMMENT ON COLUMN newsrooms.logo IS 'Address of the logo, http or https';
COMMENT ON COLUMN newsrooms.corrections_policy IS 'Address of the corrections policy, http or https';
COMMENT ON COLUMN newsrooms.created_at IS 'When the newsroom was made, database time';
COMMENT ON COLUMN newsrooms.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN newsrooms.version IS 'Raised by one with every change; the ETag';
CREATE TRIGGER newsrooms_set_version BEFORE UPDATE ON newsrooms FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE members (
    id uuid CONSTRAINT members_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT members_newsroom_id_fkey REFERENCES newsrooms,
    name nfc_text NOT NULL CONSTRAINT members_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    email nfc_text CONSTRAINT members_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    role text NOT NULL CONSTRAINT members_role_known CHECK (role IN ('reader', 'checker', 'editor', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE members IS 'A person in a newsroom';
COMMENT ON COLUMN members.id IS 'UUIDv7';
COMMENT ON COLUMN members.newsroom_id IS 'The newsroom the person works in';
COMMENT ON COLUMN members.name IS 'The person''s name; shown to the newsroom only';
COMMENT ON COLUMN members.email IS 'E-mail address; shown to the newsroom''s admins only';
COMMENT ON COLUMN members.role IS 'reader (sees drafts), checker (records and drafts), editor (publishes) or admin (members, keys, settings)';
COMMENT ON COLUMN members.created_at IS 'When the member was added, database time';
COMMENT ON COLUMN members.updated_at IS 'When the member last changed, database time';
COMMENT ON COLUMN members.version IS 'Raised by one with every change; the ETag';
CREATE UNIQUE INDEX members_email_key ON members (newsroom_id, lower(email));
CREATE INDEX members_newsroom_id_idx ON members (newsroom_id, id);
CREATE TRIGGER members_set_version BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE api_keys (
    id uuid CONSTRAINT api_keys_pkey PRIMARY KEY,
    member_id uuid NOT NULL CONSTRAINT api_keys_member_id_fkey REFERENCES members ON DELETE CASCADE,
    name nfc_text NOT NULL CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE
        CONSTRAINT api_keys_key_hash_is_sha256 CHECK (octet_length(key_hash) = 32),
    hint text NOT NULL CONSTRAINT api_keys_hint_length CHECK (char_length(hint) BETWEEN 1 AND 20),
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE api_keys IS 'A member''s key to the API; only its hash is kept';
COMMENT ON COLUMN api_keys.id IS 'UUIDv7';
COMMENT ON COLUMN api_keys.member_id IS 'Whose key it is';
COMMENT ON COLUMN api_keys.name IS 'What the key is for, in the member''s words';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the whole key; keys hold 256 random bits, so no slow hash is needed';
COMMENT ON COLUMN api_keys.hint IS 'First characters of the key, to tell keys apart';
COMMENT ON COLUMN api_keys.expires_at IS 'From when on the key is refused; null: never';
COMMENT ON COLUMN api_keys.revoked_at IS 'When the key was revoked; null: it was not';
COMMENT ON COLUMN api_keys.created_at IS 'When the key was made, database time';
CREATE INDEX api_keys_member_id_idx ON api_keys (member_id, id);

CREATE TABLE idempotency_keys (
    member_id uuid NOT NULL CONSTRAINT idempotency_keys_member_id_fkey REFERENCES members ON DELETE CASCADE,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    body_hash bytea NOT NULL CONSTRAINT idempotency_keys_body_hash_is_sha256 CHECK (octet_length(body_hash) = 32),
    status integer NOT NULL,
    location text,
    etag text,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (member_id, method, path, key)
);
COMMENT ON TABLE idempotency_keys IS 'Answers already given to requests with an Idempotency-Key, for 24 hours';
COMMENT ON COLUMN idempotency_keys.member_id IS 'Who sent the request';
COMMENT ON COLUMN idempotency_keys.method IS 'HTTP method of the request';
COMMENT ON COLUMN idempotency_keys.path IS 'Path of the request';
COMMENT ON COLUMN idempotency_keys.key IS 'The key the client chose';
COMMENT ON COLUMN idempotency_keys.body_hash IS 'SHA-256 of the request''s body: the same key with another body is refused';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the answer';
COMMENT ON COLUMN idempotency_keys.location IS 'Location header of the answer';
COMMENT ON COLUMN idempotency_keys.etag IS 'ETag header of the answer';
COMMENT ON COLUMN idempotency_keys.body IS 'Body of the answer, without secrets';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the answer was given; it is forgotten 24 hours later';
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
