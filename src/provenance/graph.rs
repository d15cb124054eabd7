//! Who relies on whom around some claims, as one caller sees it: fetched in one statement.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::graphmap::UnGraphMap;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::partial_date::PartialDate;
use crate::sources::SourceKind;
use crate::stance::Stance;

/// The most statements that a graph may have; reading more would take seconds.
pub const MOST_STATEMENTS: usize = 10_000;

/// Around which claims, and for whom.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The claims whose statements it starts from.
    pub claims: Vec<Uuid>,
    /// With their parts at every level.
    pub parts: bool,
    /// Starting from this newsroom's statements only.
    pub newsroom_id: Option<Uuid>,
    /// As this newsroom sees it; `None` for the public.
    pub viewer: Option<Uuid>,
}

/// A statement of the graph.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    /// The statement.
    pub id: Uuid,
    /// What the caller may see of it; nothing of what others keep hidden.
    pub said: Option<Spoken>,
}

/// What a statement says, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub struct Spoken {
    /// The claim it is on.
    pub claim_id: Uuid,
    /// Who recorded it.
    pub newsroom_id: Uuid,
    /// Who speaks.
    pub source_id: Uuid,
    /// For whom.
    pub on_behalf_of_id: Option<Uuid>,
    /// The position taken.
    pub stance: Stance,
    /// When.
    pub said_on: Option<PartialDate>,
    /// Where it first appeared.
    pub document_id: Option<Uuid>,
    /// All documents that carry it.
    pub carried_by: Vec<Uuid>,
    /// Whether it was withdrawn: then it is nobody's origin.
    pub withdrawn: bool,
}

/// A source, as far as origins go.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Speaker {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The body it belongs to.
    pub affiliation_id: Option<Uuid>,
}

/// Statements and on whose word they were made.
#[derive(Debug, Default)]
pub struct Graph {
    /// The claims it was asked around, then their parts, each after what it is a part of; those that the caller may see.
    pub claims: Vec<Uuid>,
    /// Statements; an edge goes from the one who relies to the one relied on, with the wording.
    pub statements: DiGraph<Node, Option<String>>,
    /// The visible statements by their claim.
    pub by_claim: HashMap<Uuid, Vec<NodeIndex>>,
    /// Positions of the same sources on the same claims that lie outside of the graph.
    pub elsewhere: HashMap<Uuid, Vec<Spoken>>,
    /// For each claim those that are the same by any number of links, with itself; claims of one class share it.
    pub same: HashMap<Uuid, Rc<BTreeSet<Uuid>>>,
    /// The sources that speak or are spoken for, and what they belong to at every level.
    pub speakers: HashMap<Uuid, Speaker>,
    /// Whose statements it starts from, if not everybody's.
    pub newsroom_id: Option<Uuid>,
}

/// How the statement's answer lies in its columns: JSON, which is read at once into what it is.
#[derive(QueryableByName)]
struct Fetched {
    #[diesel(sql_type = Text)]
    claims: String,
    #[diesel(sql_type = Text)]
    linked: String,
    #[diesel(sql_type = Text)]
    nodes: String,
    #[diesel(sql_type = Text)]
    edges: String,
    #[diesel(sql_type = Text)]
    elsewhere: String,
    #[diesel(sql_type = Text)]
    speakers: String,
}

impl Graph {
    /// Fetches the graph. 422 where it has more than 10,000 statements.
    pub async fn fetch(scope: &Scope, mut conn: &AsyncPgConnection) -> Result<Self> {
        let fetched: Fetched = diesel::sql_query(include_str!("graph.sql"))
            .bind::<Array<SqlUuid>, _>(&scope.claims)
            .bind::<Nullable<SqlUuid>, _>(scope.viewer)
            .bind::<Nullable<SqlUuid>, _>(scope.newsroom_id)
            .bind::<Bool, _>(scope.parts)
            .bind::<Integer, _>(i32::try_from(MOST_STATEMENTS).unwrap_or(i32::MAX))
            .get_result(&mut conn)
            .await?;
        let nodes: Vec<Node> = serde_json::from_str(&fetched.nodes)?;
        if nodes.len() > MOST_STATEMENTS {
            return Err(Error::TooMuch(format!(
                "There are more than {MOST_STATEMENTS} statements here and in what they rely on: too many to follow. Ask for one part of the claim, or for one newsroom's statements with newsroom_id."
            )));
        }
        Self::assemble(nodes, &fetched, scope.newsroom_id)
    }

    fn assemble(nodes: Vec<Node>, fetched: &Fetched, newsroom_id: Option<Uuid>) -> Result<Self> {
        let mut graph = Self { claims: serde_json::from_str(&fetched.claims)?, newsroom_id, ..Self::default() };
        let mut places = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let (id, claim_id) = (node.id, node.said.as_ref().map(|said| said.claim_id));
            let place = graph.statements.add_node(node);
            places.insert(id, place);
            if let Some(claim_id) = claim_id {
                graph.by_claim.entry(claim_id).or_default().push(place);
            }
        }
        for (from, to, wording) in serde_json::from_str::<Vec<(Uuid, Uuid, Option<String>)>>(&fetched.edges)? {
            if let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) {
                graph.statements.add_edge(*from, *to, wording);
            }
        }
        for said in serde_json::from_str::<Vec<Spoken>>(&fetched.elsewhere)? {
            graph.elsewhere.entry(said.claim_id).or_default().push(said);
        }
        graph.same = classes(&serde_json::from_str::<Vec<(Uuid, Uuid)>>(&fetched.linked)?);
        graph.speakers = serde_json::from_str::<Vec<(Uuid, Speaker)>>(&fetched.speakers)?.into_iter().collect();
        Ok(graph)
    }

    /// What the caller sees of a statement.
    pub fn said(&self, place: NodeIndex) -> Option<&Spoken> {
        self.statements.node_weight(place).and_then(|node| node.said.as_ref())
    }

    /// The statement's id.
    pub fn id(&self, place: NodeIndex) -> Uuid {
        self.statements.node_weight(place).map(|node| node.id).unwrap_or_default()
    }

    /// The claim's own statements that are asked about.
    pub fn starting(&self, claim_id: Uuid) -> impl Iterator<Item = NodeIndex> + '_ {
        let own = self.by_claim.get(&claim_id).into_iter().flatten().copied();
        own.filter(move |place| {
            self.said(*place).is_some_and(|said| self.newsroom_id.is_none_or(|asked| asked == said.newsroom_id))
        })
    }
}

/// The claims that are joined by links, for each of them.
pub fn classes(links: &[(Uuid, Uuid)]) -> HashMap<Uuid, Rc<BTreeSet<Uuid>>> {
    let linked: UnGraphMap<Uuid, ()> = links.iter().map(|(one, other)| (*one, *other, ())).collect();
    let mut classes = HashMap::new();
    for members in kosaraju_scc(&linked) {
        let class: Rc<BTreeSet<Uuid>> = Rc::new(members.into_iter().collect());
        classes.extend(class.iter().map(|claim| (*claim, Rc::clone(&class))));
    }
    classes
}
