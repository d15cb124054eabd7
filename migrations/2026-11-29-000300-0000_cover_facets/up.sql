-- Facets count the stances and ratings of as many claims as a word has: from indexes alone.
CREATE INDEX statements_stances_idx ON statements (claim_id, stance, source_id) WHERE public;
COMMENT ON INDEX statements_stances_idx IS 'For facets: which stances were taken on a claim, and by whom';
CREATE INDEX verdicts_ratings_idx ON verdicts (claim_id, rating_id) WHERE public AND status = 'published';
COMMENT ON INDEX verdicts_ratings_idx IS 'For facets: how a claim is rated';
