//! Which roots are one origin.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::graph::{Graph, Spoken};
use crate::error::{Error, Result};
use crate::sources::SourceKind;

/// By which rules roots are taken together; one source is one origin under any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    /// Those that belong to one body are one origin.
    pub affiliation: bool,
    /// Unnamed sources may all be the same person.
    pub unnamed: bool,
}

impl Default for Grouping {
    fn default() -> Self {
        Self { affiliation: true, unnamed: true }
    }
}

impl Grouping {
    /// Reads `affiliation`, `unnamed`, both with a comma, or nothing; anything else is a 400.
    pub fn read(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::default()) };
        let mut grouping = Self { affiliation: false, unnamed: false };
        for rule in text.split(',').filter(|_| !text.is_empty()) {
            match rule {
                "affiliation" if !grouping.affiliation => grouping.affiliation = true,
                "unnamed" if !grouping.unnamed => grouping.unnamed = true,
                _ => {
                    let detail = "must be affiliation, unnamed, both with a comma between them, or empty for neither";
                    return Err(Error::parameter("group", detail));
                }
            }
        }
        Ok(grouping)
    }
}

/// The side that an origin takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginSide {
    /// For the claim.
    Supporting,
    /// Against it.
    Opposing,
}

/// Roots that count as one, because they are of one source, of one body, or of unnamed sources that may be the same person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Origin {
    /// The side that it takes.
    pub side: OriginSide,
    /// Who spoke.
    pub source_ids: Vec<Uuid>,
    /// The statements that rely on nobody.
    pub statement_ids: Vec<Uuid>,
    /// Whether unnamed sources only are in it.
    #[serde(skip)]
    pub unnamed: bool,
    /// For each statement the documents that carry it.
    #[serde(skip)]
    pub carried_by: Vec<BTreeSet<Uuid>>,
}

/// A root with whom it speaks for.
struct Root<'a> {
    id: Uuid,
    said: &'a Spoken,
    voice: Uuid,
    /// Whether the one it speaks for has no name.
    unnamed: bool,
    /// Whether it is nobody known: unnamed, and of no named body.
    unknown: bool,
}

/// The origins of one side's roots.
pub fn origins(side: OriginSide, roots: &[NodeIndex], graph: &Graph, grouping: Grouping) -> Vec<Origin> {
    let roots: Vec<Root<'_>> = roots.iter().filter_map(|place| graph.root(*place)).collect();
    let mut origins: Vec<Vec<&Root<'_>>> = groups(&roots, graph, grouping);
    if grouping.unnamed {
        let (unknown, mut known): (Vec<_>, Vec<_>) =
            origins.into_iter().partition(|origin| origin.iter().all(|root| root.unknown));
        // They may be the same person as an unnamed source that is counted already.
        let counted = known.iter().flatten().any(|root| root.unnamed);
        if !unknown.is_empty() && !counted {
            known.push(unknown.into_iter().flatten().collect());
        }
        origins = known;
    }
    let mut origins: Vec<Origin> = origins.into_iter().map(|roots| Origin::of(side, roots)).collect();
    origins.sort_by(|a, b| a.statement_ids.cmp(&b.statement_ids));
    origins
}

/// What makes roots one. Who spoke and who is spoken for are told apart: two lawyers of one firm have two clients.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Joined {
    Root(Uuid),
    Spoke(Uuid),
    Voice(Uuid),
}

/// Roots of one source, of one that is spoken for, and where asked for of one body, are one group.
fn groups<'a>(roots: &'a [Root<'a>], graph: &Graph, grouping: Grouping) -> Vec<Vec<&'a Root<'a>>> {
    let mut places: HashMap<Joined, usize> = HashMap::new();
    let mut place = |joined: Joined| {
        let next = places.len();
        *places.entry(joined).or_insert(next)
    };
    let mut pairs = Vec::new();
    for root in roots {
        pairs.push((place(Joined::Root(root.id)), place(Joined::Spoke(root.said.source_id))));
        pairs.push((place(Joined::Root(root.id)), place(Joined::Voice(root.voice))));
    }
    if grouping.affiliation {
        // Each source belongs to one body at most: those who are joined by affiliations share a top, or a circle there.
        let mut climbed = HashSet::new();
        for root in roots {
            let mut id = root.voice;
            while climbed.insert(id)
                && let Some(body) = graph.body_of(id)
            {
                pairs.push((place(Joined::Voice(id)), place(Joined::Voice(body))));
                id = body;
            }
        }
    }
    let mut joined = UnionFind::<usize>::new(places.len());
    for (one, other) in pairs {
        joined.union(one, other);
    }
    let mut groups: BTreeMap<usize, Vec<&Root<'_>>> = BTreeMap::new();
    for root in roots {
        groups
            .entry(joined.find(places.get(&Joined::Root(root.id)).copied().unwrap_or_default()))
            .or_default()
            .push(root);
    }
    groups.into_values().collect()
}

impl Graph {
    fn root(&self, place: NodeIndex) -> Option<Root<'_>> {
        let said = self.said(place)?;
        let voice = said.on_behalf_of_id.unwrap_or(said.source_id);
        let unnamed = self.speakers.get(&voice).is_some_and(|speaker| speaker.kind == SourceKind::Unnamed);
        let unknown = unnamed && self.body_of(voice).is_none();
        Some(Root { id: self.id(place), said, voice, unnamed, unknown })
    }

    /// The named body that a source belongs to; an affiliation with somebody unnamed tells nothing.
    fn body_of(&self, source_id: Uuid) -> Option<Uuid> {
        let body = self.speakers.get(&source_id)?.affiliation_id?;
        self.speakers.get(&body).filter(|speaker| speaker.kind != SourceKind::Unnamed).map(|_| body)
    }
}

impl Origin {
    fn of(side: OriginSide, roots: Vec<&Root<'_>>) -> Self {
        let mut roots = roots;
        roots.sort_by_key(|root| root.id);
        let source_ids: BTreeSet<Uuid> = roots.iter().map(|root| root.said.source_id).collect();
        Self {
            side,
            source_ids: source_ids.into_iter().collect(),
            statement_ids: roots.iter().map(|root| root.id).collect(),
            unnamed: roots.iter().all(|root| root.unnamed),
            carried_by: roots.iter().map(|root| root.said.carried_by.iter().copied().collect()).collect(),
        }
    }
}
