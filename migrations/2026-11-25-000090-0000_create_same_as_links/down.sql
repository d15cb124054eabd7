DROP FUNCTION same_as_links(uuid[], uuid);
