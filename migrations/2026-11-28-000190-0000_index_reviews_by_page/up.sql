-- The newsrooms' own reviews of an article, which Google's clients know as a page. By a digest: addresses may be longer than
-- an index takes.
CREATE INDEX verdicts_page_idx ON verdicts (newsroom_id, md5(url)) WHERE author_id IS NULL AND url IS NOT NULL;
