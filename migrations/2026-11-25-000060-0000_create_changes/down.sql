DROP FUNCTION grant_to_server(text);
DROP FUNCTION redact(text, uuid, text[], text, boolean);
DROP FUNCTION is_public(text, uuid);
DROP INDEX topics_record_idx;
DROP TABLE changes_unsequenced, change_values, changes;
DROP FUNCTION log_change() CASCADE;
DROP FUNCTION log_list() CASCADE;
DROP FUNCTION set_first_version() CASCADE;
DROP FUNCTION keep_log();
DROP FUNCTION blanked(jsonb, text[]);
DROP FUNCTION write_change(text, jsonb, jsonb);
DROP FUNCTION logged_slug(text, jsonb);
DROP FUNCTION logged_record(text, jsonb);
DROP FUNCTION logged_public(text, jsonb);
DROP FUNCTION record_lists(text, uuid);

CREATE OR REPLACE FUNCTION set_version() RETURNS trigger LANGUAGE plpgsql AS $$
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
