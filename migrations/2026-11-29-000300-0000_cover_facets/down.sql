DROP INDEX verdicts_ratings_idx;
DROP INDEX statements_stances_idx;
