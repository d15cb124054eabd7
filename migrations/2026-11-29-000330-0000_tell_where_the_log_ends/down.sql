DROP FUNCTION log_end();
