DROP TRIGGER documents_check_shown ON documents;
DROP FUNCTION check_shown_document();
DROP TRIGGER sources_check_shown ON sources;
DROP FUNCTION check_shown_source();
