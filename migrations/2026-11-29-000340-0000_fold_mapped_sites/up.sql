-- A site is its host, however it was written. Where one was mapped in two spellings the newer counts, and the older stays as it is.
UPDATE rating_mappings AS m SET publisher_folded = site.host
FROM (SELECT DISTINCT ON (newsroom_id, rating_folded, host) id, newsroom_id, rating_folded, host
      FROM (SELECT *, substring(publisher_folded FROM '^(?:https?://)?(?:www\.)?([a-z0-9.-]+)/?$') AS host FROM rating_mappings
            WHERE publisher_folded ~ '^(https?://|www\.)') AS written
      WHERE host IS NOT NULL ORDER BY newsroom_id, rating_folded, host, id DESC) AS site
WHERE m.id = site.id AND NOT EXISTS (
    SELECT FROM rating_mappings AS other
    WHERE other.newsroom_id = site.newsroom_id AND other.rating_folded = site.rating_folded AND other.publisher_folded = site.host);
