-- A newsroom's verdicts as its page and its feeds have them. And the order of its own in pages and lists: what was published last.
CREATE INDEX verdicts_in_newsrooms_feeds ON verdicts (newsroom_id, updated_at, id) WHERE status IN ('published', 'retracted');
COMMENT ON INDEX verdicts_in_newsrooms_feeds IS 'For feeds and pages of a newsroom: what was published or retracted last';
CREATE INDEX verdicts_published_last_idx ON verdicts (updated_at, id) WHERE public AND status = 'published';
COMMENT ON INDEX verdicts_published_last_idx IS 'For pages: what was published last';
DROP INDEX verdicts_published_idx;
