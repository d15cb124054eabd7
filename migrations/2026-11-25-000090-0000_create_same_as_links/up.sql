-- Reads the past as well, as its names are looked up where it is called.
CREATE FUNCTION same_as_links(claim_ids uuid[], viewer uuid) RETURNS TABLE (one uuid, other uuid) LANGUAGE plpgsql STABLE ROWS 10 AS $$
BEGIN
    RETURN QUERY WITH RECURSIVE linked(one, other) AS (
        SELECT id, id FROM unnest(claim_ids) AS t(id)
        UNION
        SELECT linked.other, next.id FROM linked CROSS JOIN LATERAL (
            SELECT claims.id FROM (
                SELECT linked_claim_id FROM claim_links WHERE claim_id = linked.other AND kind = 'same_as' AND (public OR newsroom_id = viewer)
                UNION ALL
                SELECT claim_id FROM claim_links WHERE linked_claim_id = linked.other AND kind = 'same_as' AND (public OR newsroom_id = viewer)
            ) AS link(id) JOIN claims ON claims.id = link.id
            WHERE (status = 'published' OR status = 'draft' AND newsroom_id = viewer)
                -- Nothing leads through a claim that was withdrawn, not even from it.
                AND EXISTS (SELECT FROM claims AS start WHERE start.id = linked.other
                            AND (start.status = 'published' OR start.status = 'draft' AND start.newsroom_id = viewer))
            OFFSET 0) AS next
    ) SELECT linked.one, linked.other FROM linked;
END $$;
COMMENT ON FUNCTION same_as_links(uuid[], uuid) IS 'The links that say the same, in both directions, on all ways that lead from these claims, as far as this newsroom, or the public where it is null, sees links and claims; each of the claims with itself to begin with';
