DROP INDEX verdicts_published_idx;
