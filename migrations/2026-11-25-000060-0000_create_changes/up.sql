-- The change log. Each write to each noun is one row, made by a trigger in the same transaction, so that SQL typed by hand is
-- seen too. A row holds salted hashes of the fields; the values lie beside it, where redaction can blank them without
-- breaking what was built upon the hashes.

-- A version's time is taken when its transaction has a number already, for inserts as for updates: then an instant before
-- which no numbered transaction is running any more is settled for good.
CREATE FUNCTION set_first_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_current_xact_id();
    NEW.created_at := clock_timestamp();
    NEW.updated_at := NEW.created_at;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION set_first_version() IS 'Gives a new record its time, which is that of its first version';

-- Versions only rise.
CREATE OR REPLACE FUNCTION set_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Who may see a record is derived from other records, its search words from its text: neither is a change of its own.
    IF to_jsonb(NEW) - '{public,search}'::text[] = to_jsonb(OLD) - '{public,search}'::text[] THEN
        RETURN NEW;
    END IF;
    -- A change of a record's lists alone comes with the version raised already.
    IF NEW.version <= OLD.version THEN
        NEW.version := OLD.version + 1;
    END IF;
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END $$;

CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT changes_pkey PRIMARY KEY,
    noun text NOT NULL,
    record_id uuid NOT NULL,
    newsroom_id uuid,
    parent_id uuid,
    operation text NOT NULL CONSTRAINT changes_operation_known
        CHECK (operation IN ('insert', 'update', 'delete', 'show', 'hide', 'redact')),
    version integer NOT NULL,
    public boolean NOT NULL,
    was_public boolean NOT NULL,
    at timestamptz NOT NULL,
    member_id uuid,
    key_id uuid,
    request_id text,
    changed text[] NOT NULL,
    remark text,
    hashes jsonb NOT NULL
);
COMMENT ON TABLE changes IS 'The change log: one row for each write to a record, never changed and never removed';
COMMENT ON COLUMN changes.id IS 'Rises with every change of a record; across records two may be committed in another order, see change_positions';
COMMENT ON COLUMN changes.noun IS 'What the record is: source, document, claim, statement, verdict …';
COMMENT ON COLUMN changes.record_id IS 'The record; for a topic, the MD5 of its slug as a UUID, after its newsroom''s id where it is that one''s own';
COMMENT ON COLUMN changes.newsroom_id IS 'The newsroom that the record belongs to; null for what comes with OnRecord';
COMMENT ON COLUMN changes.parent_id IS 'What the record hangs on: the claim of a statement, a verdict or a part, the verdict of a comment, the member of a key';
COMMENT ON COLUMN changes.operation IS 'insert, update, delete; show or hide, where only the record''s visibility changed; redact';
COMMENT ON COLUMN changes.version IS 'The record''s version after the change; of a deletion the last one';
COMMENT ON COLUMN changes.public IS 'Whether everybody sees the record after the change';
COMMENT ON COLUMN changes.was_public IS 'Whether everybody saw it before';
COMMENT ON COLUMN changes.at IS 'The version''s time, database time; rises strictly with the versions of a record';
COMMENT ON COLUMN changes.member_id IS 'Who changed it; null for OnRecord itself and for SQL by hand';
COMMENT ON COLUMN changes.key_id IS 'With which key';
COMMENT ON COLUMN changes.request_id IS 'In which request, as in X-Request-Id';
COMMENT ON COLUMN changes.changed IS 'Names of the fields that changed, without version and updated_at';
COMMENT ON COLUMN changes.remark IS 'What a reader of the log should know: why a rule was passed by, why values were redacted';
COMMENT ON COLUMN changes.hashes IS 'For each field with a value, SHA-256 of salt, blank, name, blank and value as jsonb text, in base64';
CREATE INDEX changes_record_idx ON changes (noun, record_id, id);
CREATE INDEX changes_parent_id_idx ON changes (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE change_values (
    change_id bigint CONSTRAINT change_values_pkey PRIMARY KEY CONSTRAINT change_values_change_id_fkey REFERENCES changes,
    after jsonb,
    before jsonb,
    salts jsonb NOT NULL,
    redacted text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE change_values IS 'The values behind the log''s hashes; redaction blanks them, nothing else changes them';
COMMENT ON COLUMN change_values.change_id IS 'The change';
COMMENT ON COLUMN change_values.after IS 'The record after the change, with its lists, without derived columns; null of a deletion';
COMMENT ON COLUMN change_values.before IS 'The fields that changed as they were before; of a deletion all of them';
COMMENT ON COLUMN change_values.salts IS 'The salt of each hashed field, 122 random bits';
COMMENT ON COLUMN change_values.redacted IS 'Names of the fields that were blanked';

CREATE TABLE changes_unsequenced (
    change_id bigint CONSTRAINT changes_unsequenced_pkey PRIMARY KEY
);
COMMENT ON TABLE changes_unsequenced IS 'Changes that have no position yet: what the sequencer takes next';
COMMENT ON COLUMN changes_unsequenced.change_id IS 'The change';

CREATE FUNCTION record_lists(noun text, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE noun
        WHEN 'statement' THEN
            RETURN jsonb_build_object(
                'appearances', (SELECT coalesce(jsonb_agg(jsonb_build_object('document_id', document_id, 'locator', locator) ORDER BY position), '[]')
                                FROM appearances WHERE statement_id = record),
                'relies_on', (SELECT coalesce(jsonb_agg(jsonb_build_object('statement_id', relied_on_id, 'wording', wording) ORDER BY position), '[]')
                              FROM relies_on WHERE statement_id = record));
        WHEN 'verdict' THEN
            RETURN jsonb_build_object(
                'evidence', (SELECT coalesce(jsonb_agg(jsonb_build_object('statement_id', statement_id, 'document_id', document_id,
                                                                          'bearing', bearing, 'note', note) ORDER BY position), '[]')
                             FROM evidence WHERE verdict_id = record));
        WHEN 'rating_scale' THEN
            RETURN jsonb_build_object(
                'ratings', (SELECT coalesce(jsonb_agg(to_jsonb(ratings) - 'scale_id' ORDER BY position), '[]')
                            FROM ratings WHERE scale_id = record));
        ELSE
            RETURN '{}';
    END CASE;
END $$;
COMMENT ON FUNCTION record_lists(text, uuid) IS 'The lists of a record that lie in tables of their own, as members of its JSON';

-- What has no id has a slug, which is its own or its newsroom's.
CREATE FUNCTION logged_slug(noun text, row_of_it jsonb) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(CASE noun WHEN 'newsroom_topic' THEN row_of_it ->> 'newsroom_id' ELSE '' END || (row_of_it ->> 'slug'))::uuid;
COMMENT ON FUNCTION logged_slug(text, jsonb) IS 'The id that the log gives to a record without one';

CREATE FUNCTION logged_public(noun text, row_of_it jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN row_of_it IS NOT NULL
    AND coalesce((row_of_it ->> 'public')::boolean, row_of_it ->> 'status' = 'published', noun IN ('newsroom', 'rating_scale'));
COMMENT ON FUNCTION logged_public(text, jsonb) IS 'Whether everybody sees the record of a row';

CREATE FUNCTION logged_record(noun text, row_of_it jsonb) RETURNS jsonb LANGUAGE sql STABLE
RETURN row_of_it
    -- Derived from others, secret, or written in the background: not the record.
    - '{public,search,name_folded,key_hash,last_used_at}'::text[]
    || CASE WHEN noun IN ('statement', 'verdict', 'rating_scale') THEN record_lists(noun, (row_of_it ->> 'id')::uuid) ELSE '{}' END
    -- Which key it is, and nothing that one could sign in with.
    || CASE noun WHEN 'api_key' THEN jsonb_build_object('key_digest', encode(sha256((row_of_it ->> 'key_hash')::bytea), 'hex')) ELSE '{}' END;
COMMENT ON FUNCTION logged_record(text, jsonb) IS 'The record that the log keeps of a row, with its lists';

-- `was` and `becomes` are whole rows; null where there is none.
CREATE FUNCTION write_change(noun text, was jsonb, becomes jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    -- Bookkeeping: in the record, but no change by itself.
    counters CONSTANT text[] := '{version,updated_at}';
    either CONSTANT jsonb := coalesce(becomes, was);
    record CONSTANT uuid := coalesce((either ->> 'id')::uuid, logged_slug(noun, either));
    shown CONSTANT boolean := coalesce(logged_public(noun, becomes), false);
    was_shown CONSTANT boolean := coalesce(logged_public(noun, was), false);
    newsroom uuid := CASE noun WHEN 'newsroom' THEN record ELSE (either ->> 'newsroom_id')::uuid END;
    kind text := CASE WHEN was IS NULL THEN 'insert' WHEN becomes IS NULL THEN 'delete' ELSE 'update' END;
    after jsonb := logged_record(noun, becomes);
    before jsonb := logged_record(noun, was);
    moment timestamptz := clock_timestamp();
    remark text := nullif(current_setting('onrecord.remark', true), '');
    parent CONSTANT uuid := coalesce(either ->> 'claim_id', either ->> 'verdict_id', either ->> 'part_of_id', either ->> 'member_id')::uuid;
    last jsonb;
BEGIN
    -- The lists as they were are in the log alone: the rows have changed.
    IF was IS NOT NULL AND noun IN ('statement', 'verdict', 'rating_scale') THEN
        SELECT v.after INTO last FROM changes c JOIN change_values v ON v.change_id = c.id
            WHERE c.noun = write_change.noun AND c.record_id = record AND c.operation <> 'redact' ORDER BY c.id DESC LIMIT 1;
        before := before || (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(last)
                             WHERE key IN ('appearances', 'relies_on', 'evidence', 'ratings'));
    END IF;
    IF kind = 'update' THEN
        before := (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(before)
                   WHERE after -> key IS DISTINCT FROM value AND key <> ALL (counters));
        IF before = '{}' AND becomes -> 'version' IS NOT DISTINCT FROM was -> 'version' THEN
            IF shown = was_shown THEN
                RETURN;
            END IF;
            kind := CASE WHEN shown THEN 'show' ELSE 'hide' END;
        END IF;
    END IF;
    -- What only became visible, or is gone, has no version time of its own.
    IF kind IN ('insert', 'update') THEN
        moment := coalesce((either ->> 'updated_at')::timestamptz, moment);
    ELSE
        moment := greatest(moment, (either ->> 'updated_at')::timestamptz + interval '1 microsecond');
    END IF;
    -- What has no newsroom of its own has its member's or its verdict's, which may be gone by now.
    IF noun IN ('api_key', 'verdict_comment') THEN
        SELECT c.newsroom_id INTO newsroom FROM changes c
            WHERE c.noun = CASE write_change.noun WHEN 'api_key' THEN 'member' ELSE 'verdict' END AND c.record_id = parent
            ORDER BY c.id DESC LIMIT 1;
    ELSIF noun = 'verdict' AND becomes ->> 'status' = 'published' AND coalesce(was ->> 'status', '') <> 'published'
        AND NOT (was ->> 'status' = 'approved' AND before - '{status,claim_reviewed}'::text[] = '{}')
        AND (SELECT four_eyes FROM newsrooms WHERE id = newsroom) THEN
        remark := coalesce(remark, 'published without approval by a second person');
    END IF;
    WITH fields AS MATERIALIZED (
        SELECT key, value, gen_random_uuid()::text AS salt FROM jsonb_each(after) WHERE value <> 'null'
    ), change AS (
        INSERT INTO changes (noun, record_id, newsroom_id, parent_id, operation, version, public, was_public, at, member_id, key_id, request_id, changed, remark, hashes)
        SELECT write_change.noun, record, newsroom, parent, kind, coalesce((either ->> 'version')::int, 1), shown, was_shown, moment,
            nullif(current_setting('onrecord.member_id', true), '')::uuid, nullif(current_setting('onrecord.key_id', true), '')::uuid,
            nullif(current_setting('onrecord.request_id', true), ''),
            CASE kind WHEN 'insert' THEN coalesce(array_agg(key), '{}') ELSE ARRAY(SELECT jsonb_object_keys(before)) END,
            remark,
            coalesce(jsonb_object_agg(key, encode(sha256(convert_to(salt || ' ' || key || ' ' || value::text, 'UTF8')), 'base64')), '{}')
        FROM fields
        RETURNING id
    ), kept AS (
        INSERT INTO change_values (change_id, after, before, salts)
        SELECT id, after, before, (SELECT coalesce(jsonb_object_agg(key, salt), '{}') FROM fields) FROM change
    )
    INSERT INTO changes_unsequenced SELECT id FROM change;
END $$;
COMMENT ON FUNCTION write_change(text, jsonb, jsonb) IS 'Adds a row to the change log';

CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    -- Not on a table of somebody's own: that would be a way to write what was never there.
    IF TG_TABLE_SCHEMA <> 'public' THEN
        RAISE EXCEPTION 'only records are logged' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM write_change(TG_ARGV[0],
                         CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
                         CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION log_change() IS 'Logs a write to a record, with the record''s lists as the transaction leaves them';

-- A record that this transaction has written is logged with its lists as they are at the end. A list that somebody changed
-- by itself makes a version of its record.
CREATE FUNCTION log_list() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    record CONSTANT uuid := (CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END ->> TG_ARGV[1])::uuid;
    writer xid;
    last bigint;
    logger xid;
    lists jsonb;
BEGIN
    CASE TG_ARGV[0]
        WHEN 'statement' THEN SELECT xmin INTO writer FROM statements WHERE id = record;
        WHEN 'verdict' THEN SELECT xmin INTO writer FROM verdicts WHERE id = record;
        WHEN 'rating_scale' THEN SELECT xmin INTO writer FROM rating_scales WHERE id = record;
    END CASE;
    SELECT id, xmin INTO last, logger FROM changes WHERE noun = TG_ARGV[0] AND record_id = record AND operation <> 'redact'
        ORDER BY id DESC LIMIT 1;
    -- Where this transaction has written the record, and that is not in the log yet, it will be, with the lists as they are.
    IF writer IS NULL OR writer = pg_current_xact_id()::xid AND logger IS DISTINCT FROM writer THEN
        RETURN NULL;
    END IF;
    lists := record_lists(TG_ARGV[0], record);
    IF EXISTS (SELECT FROM jsonb_each(lists) JOIN change_values ON after -> key IS DISTINCT FROM value WHERE change_id = last) THEN
        EXECUTE format('UPDATE %I SET version = version + 1 WHERE id = $1', TG_ARGV[2]) USING record;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION log_list() IS 'Raises the version of a record, which logs it, if one of its lists was changed by itself';

-- At the end of the transaction: lists are written after their record.
CREATE CONSTRAINT TRIGGER newsrooms_log AFTER INSERT OR UPDATE OR DELETE ON newsrooms DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('newsroom');
CREATE CONSTRAINT TRIGGER members_log AFTER INSERT OR UPDATE OR DELETE ON members DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('member');
CREATE CONSTRAINT TRIGGER api_keys_log AFTER INSERT OR UPDATE OR DELETE ON api_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('api_key');
CREATE CONSTRAINT TRIGGER rating_scales_log AFTER INSERT OR UPDATE OR DELETE ON rating_scales DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('rating_scale');
CREATE CONSTRAINT TRIGGER topics_log AFTER INSERT OR UPDATE OR DELETE ON topics DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('topic');
CREATE CONSTRAINT TRIGGER sources_log AFTER INSERT OR UPDATE OR DELETE ON sources DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('source');
CREATE CONSTRAINT TRIGGER documents_log AFTER INSERT OR UPDATE OR DELETE ON documents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('document');
CREATE CONSTRAINT TRIGGER claims_log AFTER INSERT OR UPDATE OR DELETE ON claims DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('claim');
CREATE CONSTRAINT TRIGGER statements_log AFTER INSERT OR UPDATE OR DELETE ON statements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('statement');
CREATE CONSTRAINT TRIGGER verdicts_log AFTER INSERT OR UPDATE OR DELETE ON verdicts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('verdict');
CREATE CONSTRAINT TRIGGER newsroom_topics_log AFTER INSERT OR UPDATE OR DELETE ON newsroom_topics DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('newsroom_topic');
CREATE CONSTRAINT TRIGGER verdict_comments_log AFTER INSERT OR UPDATE OR DELETE ON verdict_comments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('verdict_comment');
CREATE CONSTRAINT TRIGGER comment_requests_log AFTER INSERT OR UPDATE OR DELETE ON comment_requests DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('comment_request');
CREATE CONSTRAINT TRIGGER appearances_log AFTER INSERT OR UPDATE OR DELETE ON appearances DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_list('statement', 'statement_id', 'statements');
CREATE CONSTRAINT TRIGGER relies_on_log AFTER INSERT OR UPDATE OR DELETE ON relies_on DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_list('statement', 'statement_id', 'statements');
CREATE CONSTRAINT TRIGGER evidence_log AFTER INSERT OR UPDATE OR DELETE ON evidence DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_list('verdict', 'verdict_id', 'verdicts');
CREATE CONSTRAINT TRIGGER ratings_log AFTER INSERT OR UPDATE OR DELETE ON ratings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_list('rating_scale', 'scale_id', 'rating_scales');

CREATE TRIGGER newsrooms_first_version BEFORE INSERT ON newsrooms FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER members_first_version BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER rating_scales_first_version BEFORE INSERT ON rating_scales FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER topics_first_version BEFORE INSERT ON topics FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER sources_first_version BEFORE INSERT ON sources FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER documents_first_version BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER claims_first_version BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER statements_first_version BEFORE INSERT ON statements FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER verdicts_first_version BEFORE INSERT ON verdicts FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER newsroom_topics_first_version BEFORE INSERT ON newsroom_topics FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER comment_requests_first_version BEFORE INSERT ON comment_requests FOR EACH ROW EXECUTE FUNCTION set_first_version();

-- Nobody rewrites the log: the serving role has no privilege to, and whoever has is stopped here. Values can be blanked.
CREATE FUNCTION blanked(fields jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(key, CASE WHEN key = ANY (names) THEN 'null' ELSE value END) FROM jsonb_each(fields));
COMMENT ON FUNCTION blanked(jsonb, text[]) IS 'The object with null in the place of these members';
CREATE FUNCTION keep_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'change_values' THEN
        IF NEW.change_id = OLD.change_id AND OLD.redacted <@ NEW.redacted
            AND NEW.after IS NOT DISTINCT FROM blanked(OLD.after, NEW.redacted) AND NEW.salts = OLD.salts - NEW.redacted
            AND NEW.before IS NOT DISTINCT FROM blanked(OLD.before, ARRAY(SELECT key FROM jsonb_each(NEW.before) WHERE value = 'null')) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is a log: what is in it stays', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
COMMENT ON FUNCTION keep_log() IS 'Refuses every change of the log but the blanking of values';
CREATE TRIGGER changes_keep BEFORE UPDATE OR DELETE ON changes FOR EACH ROW EXECUTE FUNCTION keep_log();
CREATE TRIGGER changes_keep_all BEFORE TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION keep_log();
CREATE TRIGGER change_values_keep BEFORE UPDATE OR DELETE ON change_values FOR EACH ROW EXECUTE FUNCTION keep_log();
CREATE TRIGGER change_values_keep_all BEFORE TRUNCATE ON change_values FOR EACH STATEMENT EXECUTE FUNCTION keep_log();

-- What was recorded before there was a log enters it as it stands.
DO $$
BEGIN
    SET LOCAL timezone = 'UTC';
    SET LOCAL onrecord.remark = 'recorded before there was a log';
    PERFORM write_change('newsroom', NULL, to_jsonb(r)) FROM (SELECT * FROM newsrooms ORDER BY id) AS r;
    PERFORM write_change('member', NULL, to_jsonb(r)) FROM (SELECT * FROM members ORDER BY id) AS r;
    PERFORM write_change('api_key', NULL, to_jsonb(r)) FROM (SELECT * FROM api_keys ORDER BY id) AS r;
    PERFORM write_change('rating_scale', NULL, to_jsonb(r)) FROM (SELECT * FROM rating_scales ORDER BY id) AS r;
    PERFORM write_change('topic', NULL, to_jsonb(r)) FROM (SELECT * FROM topics ORDER BY slug) AS r;
    PERFORM write_change('source', NULL, to_jsonb(r)) FROM (SELECT * FROM sources ORDER BY id) AS r;
    PERFORM write_change('document', NULL, to_jsonb(r)) FROM (SELECT * FROM documents ORDER BY id) AS r;
    PERFORM write_change('claim', NULL, to_jsonb(r)) FROM (SELECT * FROM claims ORDER BY id) AS r;
    PERFORM write_change('statement', NULL, to_jsonb(r)) FROM (SELECT * FROM statements ORDER BY id) AS r;
    PERFORM write_change('verdict', NULL, to_jsonb(r)) FROM (SELECT * FROM verdicts ORDER BY id) AS r;
    PERFORM write_change('newsroom_topic', NULL, to_jsonb(r)) FROM (SELECT * FROM newsroom_topics ORDER BY newsroom_id, slug) AS r;
    PERFORM write_change('verdict_comment', NULL, to_jsonb(r)) FROM (SELECT * FROM verdict_comments ORDER BY id) AS r;
    PERFORM write_change('comment_request', NULL, to_jsonb(r)) FROM (SELECT * FROM comment_requests ORDER BY id) AS r;
    SET LOCAL onrecord.remark = '';
END $$;

CREATE FUNCTION is_public(noun text, record uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE noun
    WHEN 'claim' THEN EXISTS (SELECT FROM claims WHERE id = record AND status = 'published')
    WHEN 'statement' THEN EXISTS (SELECT FROM statements WHERE id = record AND public)
    WHEN 'verdict' THEN EXISTS (SELECT FROM verdicts WHERE id = record AND public)
    WHEN 'source' THEN EXISTS (SELECT FROM sources WHERE id = record AND public)
    WHEN 'document' THEN EXISTS (SELECT FROM documents WHERE id = record AND public)
    WHEN 'topic' THEN EXISTS (SELECT FROM topics WHERE md5(slug)::uuid = record AND public)
    ELSE noun IN ('newsroom', 'rating_scale') END;
COMMENT ON FUNCTION is_public(text, uuid) IS 'Whether everybody sees the record today';
CREATE INDEX topics_record_idx ON topics ((md5(slug)::uuid));

-- The values of fields in former versions, wherever they differ from what the record says today; of a deleted record all.
-- With also_now what it says today goes first, also where it could not be changed otherwise.
CREATE FUNCTION redact(of_noun text, record uuid, names text[], reason text, also_now boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    today jsonb;
    last changes;
    blanked_versions bigint[];
    change bigint;
    told jsonb;
    salts jsonb;
BEGIN
    -- What people have written; all else is what records are made of.
    IF NOT names <@ (CASE of_noun
        WHEN 'source' THEN '{name,description,aliases,website,wikidata_id,note}'
        WHEN 'document' THEN '{title,url,url_normal,description,archive_url,authors}'
        WHEN 'claim' THEN '{text,context,place,withdrawn_reason}'
        WHEN 'statement' THEN '{spoke_as,quote,translation,locator,appearances,note,correction_note,withdrawn_reason}'
        WHEN 'verdict' THEN '{title,summary,explanation,url,claim_reviewed,evidence,correction_note,retraction_reason}'
        WHEN 'member' THEN '{name,email,oidc_subject}'
        WHEN 'comment_request' THEN '{question,note}'
        WHEN 'verdict_comment' THEN '{comment}'
        ELSE '{}' END)::text[] THEN
        RAISE EXCEPTION 'these fields are not to be redacted' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF also_now THEN
        PERFORM set_config('onrecord.redacting', 'on', true);
        EXECUTE (SELECT format('UPDATE %I SET %s WHERE id = $1', of_noun || 's', string_agg(format('%1$I = CASE WHEN %1$I IS NOT NULL THEN %2$s END', name,
                     CASE WHEN name IN ('aliases', 'authors') THEN '''{}''::text[]'
                          WHEN name IN ('url', 'url_normal', 'archive_url', 'website', 'wikidata_id', 'email', 'oidc_subject') THEN 'NULL'
                          ELSE '''[redacted]''' END), ', '))
                 FROM unnest(names || CASE WHEN of_noun = 'source' AND 'name' = ANY (names) THEN '{name_folded}'::text[] END) AS name)
            USING record;
        PERFORM set_config('onrecord.redacting', '', true);
        -- Now, so that the log has what is to be blanked.
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
    END IF;
    SELECT c.* INTO last FROM changes c WHERE noun = of_noun AND record_id = record AND operation <> 'redact' ORDER BY id DESC LIMIT 1;
    SELECT after INTO today FROM change_values WHERE change_id = last.id AND last.operation <> 'delete';
    WITH spoken AS (
        SELECT v.change_id,
            ARRAY(SELECT key FROM jsonb_each(v.after) WHERE key = ANY (names) AND value <> 'null' AND value IS DISTINCT FROM today -> key) AS of_after,
            ARRAY(SELECT key FROM jsonb_each(v.before) WHERE key = ANY (names) AND value <> 'null' AND value IS DISTINCT FROM today -> key) AS of_before
        FROM change_values v JOIN changes c ON c.id = v.change_id
        WHERE c.noun = of_noun AND c.record_id = record AND c.operation <> 'redact'
    ), done AS (
        UPDATE change_values v SET redacted = ARRAY(SELECT DISTINCT unnest(v.redacted || of_after) ORDER BY 1), after = blanked(v.after, v.redacted || of_after),
            before = blanked(v.before, ARRAY(SELECT key FROM jsonb_each(v.before) WHERE value = 'null') || of_before), salts = v.salts - of_after
        FROM spoken WHERE spoken.change_id = v.change_id AND (of_after <> '{}' OR of_before <> '{}')
        RETURNING v.change_id
    ) SELECT array_agg(change_id ORDER BY change_id) INTO blanked_versions FROM done;
    IF blanked_versions IS NULL THEN
        RETURN 0;
    END IF;
    told := jsonb_build_object('fields', to_jsonb(names), 'reason', reason, 'changes', to_jsonb(blanked_versions));
    SELECT jsonb_object_agg(key, gen_random_uuid()) INTO salts FROM jsonb_each(told);
    INSERT INTO changes (noun, record_id, newsroom_id, parent_id, operation, version, public, was_public, at, member_id, key_id, request_id, changed, remark, hashes)
    SELECT last.noun, last.record_id, last.newsroom_id, last.parent_id, 'redact', last.version, last.public,
        EXISTS (SELECT FROM changes c WHERE c.noun = of_noun AND c.record_id = record AND c.public),
        greatest(clock_timestamp(), last.at + interval '1 microsecond'),
        nullif(current_setting('onrecord.member_id', true), '')::uuid, nullif(current_setting('onrecord.key_id', true), '')::uuid,
        nullif(current_setting('onrecord.request_id', true), ''), names, reason,
        (SELECT jsonb_object_agg(key, encode(sha256(convert_to((salts ->> key) || ' ' || key || ' ' || value::text, 'UTF8')), 'base64')) FROM jsonb_each(told))
    RETURNING id INTO change;
    INSERT INTO change_values (change_id, after, salts) VALUES (change, told, salts);
    INSERT INTO changes_unsequenced VALUES (change);
    -- Answers that are kept for repeated requests tell the same values.
    DELETE FROM idempotency_keys WHERE body LIKE '%' || record || '%';
    RETURN change;
END $$;
COMMENT ON FUNCTION redact(text, uuid, text[], text, boolean) IS 'Blanks what these fields of a record said in former versions, and logs that; answers the change, 0 where there was nothing to blank';

-- The role that serves: it reads everything, writes records, and only adds to the log.
CREATE FUNCTION grant_to_server(server text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA public, past TO %I', server);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public, past TO %I', server);
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN
            ('changes', 'change_values', 'changes_unsequenced', 'change_positions', 'log_nodes', '__diesel_schema_migrations') LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO %I', name, server);
    END LOOP;
    EXECUTE format('GRANT INSERT ON change_positions, log_nodes TO %I', server);
    EXECUTE format('GRANT DELETE ON changes_unsequenced TO %I', server);
    EXECUTE format('GRANT EXECUTE ON FUNCTION redact(text, uuid, text[], text, boolean) TO %I', server);
END $$;
COMMENT ON FUNCTION grant_to_server(text) IS 'Gives a role what it needs to serve, and no more';
REVOKE EXECUTE ON FUNCTION write_change(text, jsonb, jsonb), redact(text, uuid, text[], text, boolean), grant_to_server(text),
    log_change(), log_list() FROM PUBLIC;
