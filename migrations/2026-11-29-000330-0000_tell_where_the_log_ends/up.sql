-- Asked before each answer that is kept. The plan is made once for each connection, and must be by index even if it was made while the
-- tables were empty: after many writes the queue is mostly rows that are gone.
CREATE FUNCTION log_end() RETURNS bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (SELECT FROM changes_unsequenced ORDER BY change_id LIMIT 1) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(max(position), 0) FROM change_positions);
END $$;
COMMENT ON FUNCTION log_end() IS 'The last position of the log; null while changes wait for theirs';
