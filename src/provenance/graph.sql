-- $1 claims, $2 the caller's newsroom or null, $3 the newsroom whose statements it starts from or null, $4 with parts,
-- $5 how many statements at most: one more is read, to tell.
WITH RECURSIVE
tree(id, path) AS (
    SELECT id, ARRAY[id] FROM unnest($1) AS asked(id)
    UNION ALL
    SELECT claims.id, path || claims.id FROM tree JOIN claims ON claims.part_of_id = tree.id WHERE $4
), seen(id, path) AS MATERIALIZED (
    SELECT tree.id, path FROM tree JOIN claims ON claims.id = tree.id WHERE claims.status = 'published' OR claims.newsroom_id = $2
), same(claim_id, id) AS (
    SELECT id, id FROM seen
    UNION
    SELECT same.claim_id, other.id FROM same JOIN claims AS one ON one.id = same.id AND one.status <> 'withdrawn' CROSS JOIN LATERAL (
        SELECT linked_claim_id FROM claim_links WHERE claim_id = same.id AND kind = 'same_as' AND (public OR newsroom_id = $2)
        UNION ALL
        SELECT claim_id FROM claim_links WHERE linked_claim_id = same.id AND kind = 'same_as' AND (public OR newsroom_id = $2)
    ) AS link(id) JOIN claims AS other ON other.id = link.id AND (other.status = 'published' OR other.newsroom_id = $2 AND other.status <> 'withdrawn')
), reached(id) AS (
    SELECT statements.id FROM seen JOIN statements ON claim_id = seen.id
    WHERE (public OR newsroom_id = $2 OR statements.status = 'withdrawn') AND ($3 IS NULL OR newsroom_id = $3)
    UNION
    -- Nothing is followed behind what was withdrawn or what the caller may not see.
    SELECT relied_on_id FROM reached
        JOIN statements ON statements.id = reached.id AND status <> 'withdrawn' AND (public OR newsroom_id = $2)
        JOIN relies_on ON statement_id = statements.id
), within AS MATERIALIZED (
    SELECT id FROM reached LIMIT $5 + 1
), nodes AS MATERIALIZED (
    SELECT within.id, s.claim_id, s.newsroom_id, s.source_id, s.on_behalf_of_id, s.stance, s.said_on, s.document_id, s.status = 'withdrawn' AS withdrawn,
        s.public OR s.newsroom_id = $2 OR (s.status = 'withdrawn' AND (claims.status = 'published' OR claims.newsroom_id = $2)) AS shown
    FROM within LEFT JOIN statements AS s ON s.id = within.id LEFT JOIN claims ON claims.id = s.claim_id
), positions AS MATERIALIZED (
    SELECT s.id, s.claim_id, s.newsroom_id, s.source_id, s.stance, s.said_on
    FROM statements AS s
    WHERE s.claim_id IN (SELECT id FROM same) AND s.status <> 'withdrawn' AND (s.public OR s.newsroom_id = $2)
        AND s.stance IN ('asserts', 'confirms', 'partly_confirms', 'disputes', 'denies', 'retracts')
        AND s.source_id IN (SELECT source_id FROM nodes WHERE shown)
        AND NOT EXISTS (SELECT FROM within WHERE within.id = s.id)
), speakers(id, kind, affiliation_id) AS (
    SELECT id, kind, affiliation_id FROM sources
    WHERE id IN (SELECT source_id FROM nodes WHERE shown UNION SELECT on_behalf_of_id FROM nodes WHERE shown)
    UNION
    SELECT sources.id, sources.kind, sources.affiliation_id FROM speakers JOIN sources ON sources.id = speakers.affiliation_id
)
SELECT
    (SELECT coalesce(jsonb_agg(id ORDER BY path), '[]') FROM seen) AS claims,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(claim_id, id)), '[]') FROM same) AS same,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'said', CASE WHEN shown THEN jsonb_build_object(
            'claim_id', claim_id, 'newsroom_id', newsroom_id, 'source_id', source_id, 'stance', stance, 'said_on', said_on,
            'withdrawn', withdrawn, 'on_behalf_of_id', CASE WHEN NOT withdrawn THEN on_behalf_of_id END,
            'document_id', CASE WHEN NOT withdrawn THEN document_id END,
            'carried_by', CASE WHEN withdrawn THEN '[]' ELSE to_jsonb(array_remove(document_id || ARRAY(
                SELECT appearances.document_id FROM appearances WHERE statement_id = nodes.id ORDER BY position), NULL)) END) END) ORDER BY id), '[]')
     FROM nodes) AS nodes,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(statement_id, relied_on_id, wording) ORDER BY statement_id, position), '[]')
     FROM nodes JOIN relies_on ON statement_id = nodes.id WHERE shown AND NOT withdrawn) AS edges,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('claim_id', claim_id, 'newsroom_id', newsroom_id, 'source_id', source_id,
            'stance', stance, 'said_on', said_on, 'withdrawn', false, 'carried_by', '[]'::jsonb) ORDER BY id), '[]') FROM positions) AS elsewhere,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(id, jsonb_build_object('kind', kind, 'affiliation_id', affiliation_id))), '[]') FROM speakers) AS speakers
