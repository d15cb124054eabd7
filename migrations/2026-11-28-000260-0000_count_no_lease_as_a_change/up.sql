-- That a process is still at an import is no change of it: its version, which clients wait for, tells that it has gone on.
DROP TRIGGER imports_set_version ON imports;
CREATE TRIGGER imports_set_version BEFORE UPDATE ON imports FOR EACH ROW
    WHEN ((OLD.taken_until, OLD.tries) IS NOT DISTINCT FROM (NEW.taken_until, NEW.tries) OR (OLD.status, OLD.records) <> (NEW.status, NEW.records))
    EXECUTE FUNCTION set_version();
