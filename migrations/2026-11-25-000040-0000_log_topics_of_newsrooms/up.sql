-- What newsrooms say of topics that are not public is logged as everything else.
CREATE TRIGGER newsroom_topics_first_version BEFORE INSERT ON newsroom_topics FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE CONSTRAINT TRIGGER newsroom_topics_log AFTER INSERT OR UPDATE OR DELETE ON newsroom_topics DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('newsroom_topic');
DO $$
BEGIN
    SET LOCAL timezone = 'UTC';
    SET LOCAL onrecord.remark = 'recorded before there was a log';
    PERFORM write_change('newsroom_topic', NULL, to_jsonb(r)) FROM (SELECT * FROM newsroom_topics ORDER BY newsroom_id, slug) AS r;
    SET LOCAL onrecord.remark = '';
END $$;
