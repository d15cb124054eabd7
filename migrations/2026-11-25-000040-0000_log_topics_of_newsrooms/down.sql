DROP TRIGGER newsroom_topics_log ON newsroom_topics;
DROP TRIGGER newsroom_topics_first_version ON newsroom_topics;
