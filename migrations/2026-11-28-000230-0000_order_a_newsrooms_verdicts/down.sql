CREATE INDEX verdicts_published_idx ON verdicts (updated_at) WHERE public AND status = 'published';
DROP INDEX verdicts_published_last_idx;
DROP INDEX verdicts_in_newsrooms_feeds;
