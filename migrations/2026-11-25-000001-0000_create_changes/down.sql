DROP FUNCTION grant_to_server(text);
DROP TABLE changes_unsequenced, change_values, changes;
DROP FUNCTION log_change() CASCADE;
DROP FUNCTION log_list() CASCADE;
DROP FUNCTION set_first_version() CASCADE;
DROP FUNCTION keep_log();
DROP FUNCTION blanked(jsonb, text[]);
DROP FUNCTION write_change(text, jsonb, jsonb);
DROP FUNCTION record_lists(text, uuid);
