-- $1 claims, $2 the caller's newsroom or null, $3 the newsroom whose statements it starts from or null, $4 with parts,
-- $5 how many statements at most: one more is read, to tell. How much a recursion finds cannot be estimated: OFFSET 0 keeps each
-- step a look-up by an index, where joins would be planned that read whole tables.
WITH RECURSIVE
tree(id, path) AS (
    SELECT id, ARRAY[id] FROM unnest($1::uuid[]) AS asked(id)
    UNION ALL
    SELECT part.id, path || part.id FROM tree CROSS JOIN LATERAL (SELECT id FROM claims WHERE part_of_id = tree.id OFFSET 0) AS part WHERE $4::boolean
), seen(id, path) AS MATERIALIZED (
    SELECT id, path FROM tree CROSS JOIN LATERAL (
        SELECT FROM claims WHERE claims.id = tree.id AND (status = 'published' OR newsroom_id = $2::uuid) OFFSET 0) AS claim
), linked(one, other) AS MATERIALIZED (
    SELECT one, other FROM same_as_links(ARRAY(SELECT id FROM seen), $2)
), reached(id) AS (
    SELECT own.id FROM seen CROSS JOIN LATERAL (
        SELECT id FROM statements WHERE claim_id = seen.id
            AND (public OR newsroom_id = $2 OR status = 'withdrawn') AND ($3::uuid IS NULL OR newsroom_id = $3) OFFSET 0) AS own
    UNION
    -- Nothing is followed behind what was withdrawn or what the caller may not see.
    SELECT next.id FROM reached CROSS JOIN LATERAL (
        SELECT relied_on_id FROM statements JOIN relies_on ON statement_id = statements.id
            WHERE statements.id = reached.id AND status <> 'withdrawn' AND (public OR newsroom_id = $2) OFFSET 0) AS next(id)
), within AS MATERIALIZED (
    SELECT id FROM reached LIMIT $5::integer + 1
), nodes AS MATERIALIZED (
    SELECT within.id, said.* FROM within LEFT JOIN LATERAL (
        SELECT s.claim_id, s.newsroom_id, s.source_id, s.on_behalf_of_id, s.stance, s.said_on, s.document_id, s.status = 'withdrawn' AS withdrawn,
            s.public OR s.newsroom_id = $2 OR (s.status = 'withdrawn' AND (claims.status = 'published' OR claims.newsroom_id = $2)) AS shown
        FROM statements AS s JOIN claims ON claims.id = s.claim_id WHERE s.id = within.id OFFSET 0) AS said ON true
), positions AS MATERIALIZED (
    SELECT said.* FROM (SELECT DISTINCT other FROM linked) AS claim(id) CROSS JOIN LATERAL (
        SELECT id, claim_id, newsroom_id, source_id, stance, said_on FROM statements
        WHERE claim_id = claim.id AND status <> 'withdrawn' AND (public OR newsroom_id = $2)
            AND is_position(stance) OFFSET 0) AS said
    WHERE source_id IN (SELECT source_id FROM nodes WHERE shown) AND NOT EXISTS (SELECT FROM within WHERE within.id = said.id)
), speakers(id, kind, affiliation_id) AS (
    SELECT source.* FROM (
        SELECT source_id FROM nodes WHERE shown UNION SELECT on_behalf_of_id FROM nodes WHERE shown
    ) AS spoke(id) CROSS JOIN LATERAL (SELECT id, kind, affiliation_id FROM sources WHERE sources.id = spoke.id OFFSET 0) AS source
    UNION
    SELECT body.* FROM speakers CROSS JOIN LATERAL (
        SELECT id, kind, affiliation_id FROM sources WHERE sources.id = speakers.affiliation_id OFFSET 0) AS body
)
SELECT
    (SELECT coalesce(json_agg(id ORDER BY path), '[]') FROM seen)::text AS claims,
    (SELECT coalesce(json_agg(json_build_array(one, other)), '[]') FROM linked)::text AS linked,
    (SELECT coalesce(json_agg(json_build_object('id', id, 'said', CASE WHEN shown THEN json_build_object(
            'claim_id', claim_id, 'newsroom_id', newsroom_id, 'source_id', source_id, 'stance', stance, 'said_on', said_on,
            'withdrawn', withdrawn, 'on_behalf_of_id', CASE WHEN NOT withdrawn THEN on_behalf_of_id END,
            'document_id', CASE WHEN NOT withdrawn THEN document_id END,
            'carried_by', CASE WHEN withdrawn THEN '[]'::json ELSE to_json(array_remove(document_id || ARRAY(
                SELECT appearances.document_id FROM appearances WHERE statement_id = nodes.id ORDER BY position), NULL)) END) END) ORDER BY id), '[]')
     FROM nodes)::text AS nodes,
    (SELECT coalesce(json_agg(json_build_array(id, relied_on_id, wording) ORDER BY id, position), '[]')
     FROM nodes CROSS JOIN LATERAL (
        SELECT relied_on_id, wording, position FROM relies_on WHERE statement_id = nodes.id OFFSET 0) AS link
     WHERE shown AND NOT withdrawn)::text AS edges,
    (SELECT coalesce(json_agg(json_build_object('claim_id', claim_id, 'newsroom_id', newsroom_id, 'source_id', source_id,
            'stance', stance, 'said_on', said_on, 'withdrawn', false, 'carried_by', '[]'::json) ORDER BY id), '[]') FROM positions)::text AS elsewhere,
    (SELECT coalesce(json_agg(json_build_array(id, json_build_object('kind', kind, 'affiliation_id', affiliation_id))), '[]') FROM speakers)::text AS speakers
