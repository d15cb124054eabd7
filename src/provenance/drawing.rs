//! The graph as a picture: a node for each statement, origins at the bottom.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use petgraph::visit::EdgeRef;
use uuid::Uuid;

use super::graph::{Graph, Node, Spoken};
use super::model::Provenance;
use crate::auth::Viewer;
use crate::claims::{Claim, ClaimStatus};
use crate::error::Result;
use crate::picture::{self, Arrow, Look, Picture};
use crate::schema::{claims, sources};
use crate::sources::SourceKind;

/// How much of another claim's text a node shows; the picture of that claim has the whole.
const MOST_OF_A_CLAIM: usize = 80;

/// What the statements refer to, as far as the viewer may see it.
pub struct Names {
    /// Name and kind, and whether the viewer may see the source itself.
    sources: HashMap<Uuid, (String, SourceKind, bool)>,
    claims: HashMap<Uuid, String>,
}

/// Draws the graph.
pub fn draw(claim: &Claim, provenance: &Provenance, graph: &Graph, names: &Names) -> Picture {
    let arrows = graph.statements.edge_references();
    Picture::new(
        claim.text.clone(),
        provenance.summary_line.clone(),
        graph.statements.node_weights().map(|node| names.node(node, claim.id)).collect(),
        arrows.map(|link| Arrow::new(link.source().index(), link.target().index(), link.weight().clone())).collect(),
    )
}

impl Names {
    /// Looks up the names of who speaks and the claims that are spoken on.
    pub async fn load(graph: &Graph, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Self> {
        let own = viewer.newsroom_id().unwrap_or_default();
        let said = || graph.statements.node_weights().filter_map(|node| node.said.as_ref());
        let source_ids: BTreeSet<Uuid> = said().map(|said| said.source_id).collect();
        let claim_ids: BTreeSet<Uuid> = said().map(|said| said.claim_id).collect();
        let (mut for_sources, mut for_claims) = (conn, conn);
        let sources = sources::table
            .filter(sources::id.eq_any(&source_ids))
            .select((sources::id, sources::name, sources::kind, sources::public.or(sources::newsroom_id.eq(own))))
            .load::<(Uuid, String, SourceKind, bool)>(&mut for_sources);
        let claims = claims::table
            .filter(claims::id.eq_any(&claim_ids))
            .filter(claims::status.eq(ClaimStatus::Published).or(claims::newsroom_id.eq(own)))
            .select((claims::id, claims::text))
            .load::<(Uuid, String)>(&mut for_claims);
        let (sources, claims) = futures_util::try_join!(sources, claims)?;
        Ok(Self {
            sources: sources.into_iter().map(|(id, name, kind, seen)| (id, (name, kind, seen))).collect(),
            claims: claims.into_iter().collect(),
        })
    }

    fn node(&self, node: &Node, drawn_claim: Uuid) -> picture::Node {
        let tooltip = Some(format!("statement {}", node.id));
        let Some(said) = &node.said else {
            let name = "hidden statement".to_owned();
            return picture::Node { name, lines: Vec::new(), look: Look::Hidden, dashed: false, faded: true, tooltip };
        };
        let withdrawn = said.withdrawn.then(|| "withdrawn".to_owned());
        let date = said.said_on.as_ref().map(|date| date.as_str().to_owned());
        let (name, unnamed) = self.speaker(said);
        picture::Node {
            name,
            lines: date.into_iter().chain(withdrawn).chain(self.on(said.claim_id, drawn_claim)).collect(),
            look: Look::Stance(said.stance),
            dashed: unnamed,
            faded: said.withdrawn,
            tooltip,
        }
    }

    /// Who speaks, and whether that is somebody unnamed. Who made a withdrawn statement readers are owed.
    fn speaker(&self, said: &Spoken) -> (String, bool) {
        match self.sources.get(&said.source_id) {
            Some((name, kind, seen)) if *seen || said.withdrawn => (name.clone(), *kind == SourceKind::Unnamed),
            _ => ("a source that is not public any more".to_owned(), false),
        }
    }

    /// Which claim a statement is on, if it is not the one that is drawn.
    fn on(&self, claim_id: Uuid, drawn_claim: Uuid) -> Option<String> {
        if claim_id == drawn_claim {
            return None;
        }
        let Some(text) = self.claims.get(&claim_id) else { return Some("on a claim that is not public".to_owned()) };
        let short: String = text.chars().take(MOST_OF_A_CLAIM).collect();
        // Not in the middle of a word, where there are words.
        let cut = short.rsplit_once(' ').map_or(short.as_str(), |(whole, _)| whole);
        Some(if short.len() == text.len() { format!("on: {text}") } else { format!("on: {cut}…") })
    }
}
