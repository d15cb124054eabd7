use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::auth::Viewer;
use crate::columns::Children;
use crate::error::Result;
use crate::picture::{Format, MOST_NODES};
use crate::sources::{Source, SourceKind};

/// Who speaks on whose word around a source, as it stood at one moment: a graph.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceNetwork {
    /// The source in the middle.
    #[schema(example = "#agenpress")]
    pub source_id: Uuid,
    /// The source itself and those within `depth` links, nearest first; of those at one distance the ones first that more
    /// statements lead to. At most 500.
    pub nodes: Vec<NetworkNode>,
    /// Who relies on whom among the nodes, most statements first.
    pub edges: Vec<NetworkEdge>,
    /// Whether there are more sources within `depth` links than are shown.
    pub truncated: bool,
}

/// A source in a network.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NetworkNode {
    /// The source.
    pub source_id: Uuid,
    /// Its name.
    #[schema(example = "POLITICO")]
    pub name: String,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The body it belongs to; null where there is none that you may see. It need not be a node.
    pub affiliation_id: Option<Uuid>,
    /// How many links it is away from the source in the middle, which is at 0.
    #[schema(example = 1)]
    pub distance: i32,
}

/// One source relying on another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NetworkEdge {
    /// The source that relies.
    pub from: Uuid,
    /// The source relied on.
    pub to: Uuid,
    /// How many statements of `from` rely on statements of `to`, on whichever claims.
    #[schema(example = 7)]
    pub statements: i64,
}

/// How far a network reaches.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NetworkQuery {
    /// How many links to follow from the source outwards, in either direction.
    #[validate(range(min = 1, max = 4, message = "must be from 1 to 4"))]
    #[param(minimum = 1, maximum = 4, default = 2)]
    pub depth: Option<u64>,
    /// `svg` for a drawing, `dot` for Graphviz, `mermaid` for a Mermaid flowchart; else as `Accept` asks (`image/svg+xml`,
    /// `text/vnd.graphviz`, `text/vnd.mermaid`), or JSON.
    #[param(inline)]
    pub format: Option<Format>,
}

/// How many links are followed where none are asked for.
const DEPTH: u64 = 2;

/// The graph as it is read.
#[derive(QueryableByName)]
struct Graph {
    #[diesel(sql_type = Jsonb)]
    nodes: Children<NetworkNode>,
    #[diesel(sql_type = Jsonb)]
    edges: Children<NetworkEdge>,
    #[diesel(sql_type = Bool)]
    truncated: bool,
}

impl SourceNetwork {
    /// Reads the network in one snapshot (the connection's transaction): two statements, however large it is. 404 for a
    /// source that the viewer may not see.
    pub async fn find(id: Uuid, query: &NetworkQuery, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let source = Source::find(id, viewer, conn).await?;
        let depth = i64::try_from(query.depth.unwrap_or(DEPTH)).map_err(anyhow::Error::from)?;
        // No more than can be drawn.
        let most = i64::try_from(MOST_NODES).map_err(anyhow::Error::from)?;
        let graph: Graph = diesel::sql_query(GRAPH)
            .bind::<SqlUuid, _>(source.id)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<BigInt, _>(depth)
            .bind::<BigInt, _>(most)
            .get_result(&mut conn)
            .await?;
        let Graph { nodes, edges, truncated } = graph;
        Ok(Self { source_id: id, nodes: nodes.0, edges: edges.0, truncated })
    }
}

/// Goes outwards level by level, each with the sources that no level before it had, so that each source's statements are
/// read once, and looked up by arrays as in `Reliances`; one source more than there may be shows that there are more.
const GRAPH: &str = "
    WITH RECURSIVE levels(distance, found, seen) AS (
        SELECT 0, ARRAY[$1], ARRAY[$1]
        UNION ALL
        SELECT distance + 1, next.found, seen || next.found
        FROM levels CROSS JOIN LATERAL (
            SELECT array_agg(id) AS found
            FROM (SELECT linked.id
                  FROM (SELECT relied_on.source_id AS id
                        FROM unnest(ARRAY(SELECT id FROM statements WHERE source_id = ANY (found))) AS one(id)
                        JOIN relies_on ON statement_id = one.id
                        JOIN statements AS relying ON relying.id = statement_id
                        JOIN statements AS relied_on ON relied_on.id = relied_on_id
                        WHERE relying.status <> 'withdrawn' AND (relying.public OR relying.newsroom_id = $2)
                            AND relied_on.status <> 'withdrawn' AND (relied_on.public OR relied_on.newsroom_id = $2)
                        UNION ALL
                        SELECT relying.source_id
                        FROM unnest(ARRAY(SELECT id FROM statements WHERE source_id = ANY (found))) AS one(id)
                        JOIN relies_on ON relied_on_id = one.id
                        JOIN statements AS relying ON relying.id = statement_id
                        JOIN statements AS relied_on ON relied_on.id = relied_on_id
                        WHERE relying.status <> 'withdrawn' AND (relying.public OR relying.newsroom_id = $2)
                            AND relied_on.status <> 'withdrawn' AND (relied_on.public OR relied_on.newsroom_id = $2)) AS linked
                  JOIN sources ON sources.id = linked.id AND (sources.public OR sources.newsroom_id = $2)
                  WHERE NOT EXISTS (SELECT FROM unnest(seen) AS known(id) WHERE known.id = linked.id)
                  GROUP BY linked.id ORDER BY count(*) DESC, linked.id LIMIT $4 + 1 - cardinality(seen)) AS nearest) AS next
        WHERE distance < $3 AND cardinality(seen) <= $4 AND next.found IS NOT NULL),
    nodes AS MATERIALIZED (
        SELECT id, distance, place FROM levels CROSS JOIN unnest(found) WITH ORDINALITY AS node(id, place)
        ORDER BY distance, place LIMIT $4),
    edges AS (
        SELECT relying.source_id AS \"from\", relied_on.source_id AS \"to\", count(DISTINCT relying.id) AS statements
        FROM unnest(ARRAY(SELECT id FROM statements WHERE source_id = ANY (ARRAY(SELECT id FROM nodes)))) AS one(id)
        JOIN relies_on ON statement_id = one.id
        JOIN statements AS relying ON relying.id = statement_id
        JOIN statements AS relied_on ON relied_on.id = relied_on_id AND relied_on.source_id <> relying.source_id
        JOIN nodes ON nodes.id = relied_on.source_id
        WHERE relying.status <> 'withdrawn' AND (relying.public OR relying.newsroom_id = $2)
            AND relied_on.status <> 'withdrawn' AND (relied_on.public OR relied_on.newsroom_id = $2)
        GROUP BY 1, 2)
    SELECT (SELECT jsonb_agg(jsonb_build_object('source_id', sources.id, 'name', sources.name, 'kind', sources.kind,
                                                'affiliation_id', affiliation.id, 'distance', distance) ORDER BY distance, place)
            FROM nodes JOIN sources ON sources.id = nodes.id
            LEFT JOIN sources AS affiliation ON affiliation.id = sources.affiliation_id
                AND (affiliation.public OR affiliation.newsroom_id = $2)) AS nodes,
           (SELECT coalesce(jsonb_agg(to_jsonb(edges) ORDER BY statements DESC, \"from\", \"to\"), '[]') FROM edges) AS edges,
           (SELECT sum(cardinality(found)) > $4 FROM levels) AS truncated";
