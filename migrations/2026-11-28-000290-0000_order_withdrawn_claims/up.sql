-- Feeds tell which claims were withdrawn last.
CREATE INDEX claims_withdrawn_last_idx ON claims (updated_at) WHERE status = 'withdrawn';
COMMENT ON INDEX claims_withdrawn_last_idx IS 'For feeds: which claims, and the verdicts on them, were withdrawn last';
