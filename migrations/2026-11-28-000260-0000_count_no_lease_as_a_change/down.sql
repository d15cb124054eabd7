DROP TRIGGER imports_set_version ON imports;
CREATE TRIGGER imports_set_version BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION set_version();
