DROP TABLE idempotency_keys;
DROP TABLE api_keys;
DROP TABLE members;
DROP TABLE newsrooms;
DROP FUNCTION set_version();
DROP FUNCTION is_text_list(text[], int, int);
DROP DOMAIN partial_date;
DROP FUNCTION is_partial_date(text);
DROP DOMAIN nfc_text;
