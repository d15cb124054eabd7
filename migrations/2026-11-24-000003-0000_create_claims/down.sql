DROP FUNCTION claims_matching(text);
DROP TABLE claims;
DROP FUNCTION search_config(text);
DROP TABLE topics;
