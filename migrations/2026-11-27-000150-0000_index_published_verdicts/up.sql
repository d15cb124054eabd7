-- What was published or corrected lately, for news sitemaps.
CREATE INDEX verdicts_published_idx ON verdicts (updated_at) WHERE public AND status = 'published';
