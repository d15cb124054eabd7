-- Feeds tell verdicts in the order in which they became public or were retracted. From then on nothing changes them, so that their
-- last change is that moment.
CREATE INDEX verdicts_in_feeds ON verdicts (updated_at, id) WHERE status IN ('published', 'retracted');
COMMENT ON INDEX verdicts_in_feeds IS 'For feeds: what was published or retracted last';
