DROP INDEX verdicts_in_feeds;
