use diesel_async::AsyncPgConnection;
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::drawing::{Names, draw};
use super::findings::Findings;
use super::graph::{Graph, Node, Scope};
use super::origins::Grouping;
use crate::auth::Viewer;
use crate::claims::Claim;
use crate::error::Result;
use crate::partial_date::PartialDate;
use crate::picture::{Format, Picture};
use crate::stance::Stance;

/// On whose word: who relies on whom, and what that tells about the claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct Provenance {
    /// The claim.
    #[schema(example = "#talks")]
    pub claim_id: Uuid,
    /// The origins in a sentence: at least so many.
    #[schema(example = "2 independent origins support, 0 oppose")]
    pub summary_line: String,
    /// The claim's statements and whatever they rely on, on other claims too.
    pub nodes: Vec<ProvenanceNode>,
    /// Who relies on whom.
    pub edges: Vec<ProvenanceEdge>,
    /// What the graph tells about the claim itself, never counting what is said on its parts.
    pub findings: Findings,
    /// With `parts=true`: what it tells about each part, at every level, each after the claim that it is a part of.
    pub parts: Option<Vec<PartProvenance>>,
}

/// What the graph tells about a part of the claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartProvenance {
    /// The part.
    pub claim_id: Uuid,
    /// What the graph tells about it.
    pub findings: Findings,
}

/// A statement in the graph.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ProvenanceNode {
    /// A statement that you may see.
    Statement {
        /// The statement.
        statement_id: Uuid,
        /// The claim that it is on.
        claim_id: Uuid,
        /// Who speaks.
        source_id: Uuid,
        /// Where it first appeared.
        document_id: Option<Uuid>,
        /// The position taken.
        stance: Stance,
        /// When it was said.
        said_on: Option<PartialDate>,
        /// Present and true where the statement was withdrawn: then it is nobody's origin, and what it relied on is not
        /// followed.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schema(required = false)]
        withdrawn: bool,
    },
    /// A statement that is relied on and that you may not see: nobody's origin, with nothing followed behind it.
    Hidden {
        /// The statement.
        statement_id: Uuid,
        /// Always true.
        hidden: bool,
    },
}

/// One statement relies on another.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvenanceEdge {
    /// The statement that relies.
    pub from: Uuid,
    /// The statement relied on.
    pub to: Uuid,
    /// How the reliance is worded.
    #[schema(example = "citing")]
    pub wording: Option<String>,
}

/// What to draw and to count.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProvenanceQuery {
    /// Start from the statements that this newsroom recorded; what they rely on is followed all the same.
    pub newsroom_id: Option<Uuid>,
    /// Draws the claim's parts in the same graph, and adds the findings on each.
    #[serde(default)]
    pub parts: bool,
    /// By which rules origins are taken together: `affiliation` (those that belong to one body are one), `unnamed` (unnamed
    /// sources may be the same person), both with a comma between them (the default), or empty for neither.
    #[param(example = "affiliation,unnamed")]
    pub group: Option<String>,
    /// `svg` for a drawing, `dot` for Graphviz, `mermaid` for a Mermaid flowchart; else as `Accept` asks (`image/svg+xml`,
    /// `text/vnd.graphviz`, `text/vnd.mermaid`), or JSON.
    #[param(inline)]
    pub format: Option<Format>,
}

/// The graph as it was read, of which the answer is made when the transaction has ended.
pub struct Read {
    claim: Claim,
    graph: Graph,
    grouping: Grouping,
    parts: bool,
    /// For a picture only.
    names: Option<Names>,
}

impl Read {
    /// Reads the graph around a claim, which the viewer must be allowed to see, in one round trip; for a picture with the
    /// names of who speaks.
    pub async fn find(
        id: Uuid,
        query: &ProvenanceQuery,
        format: Format,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Self> {
        let grouping = Grouping::read(query.group.as_deref())?;
        let scope = Scope {
            claims: vec![id],
            parts: query.parts,
            newsroom_id: query.newsroom_id,
            viewer: viewer.newsroom_id(),
        };
        let (claim, graph) = futures_util::join!(Claim::find(id, viewer, conn), Graph::fetch(&scope, conn));
        let (claim, graph) = (claim?, graph?);
        let names = match format {
            Format::Json => None,
            _ => Some(Names::load(&graph, viewer, conn).await?),
        };
        Ok(Self { claim, graph, grouping, parts: query.parts, names })
    }

    /// What the graph tells.
    pub fn told(&self) -> Provenance {
        let Self { claim, graph, grouping, .. } = self;
        let findings = graph.findings(&[claim.id], *grouping);
        let parts = graph.claims.iter().filter(|part| **part != claim.id);
        let parts = parts.map(|part| PartProvenance { claim_id: *part, findings: graph.findings(&[*part], *grouping) });
        Provenance {
            claim_id: claim.id,
            summary_line: findings.summary_line(),
            nodes: graph.statements.node_weights().map(ProvenanceNode::of).collect(),
            edges: graph.edges(),
            parts: self.parts.then(|| parts.collect()),
            findings,
        }
    }

    /// The graph drawn.
    pub fn picture(&self, told: &Provenance) -> Picture {
        self.names.as_ref().map(|names| draw(&self.claim, told, &self.graph, names)).unwrap_or_default()
    }
}

impl ProvenanceNode {
    fn of(node: &Node) -> Self {
        let Some(said) = &node.said else { return Self::Hidden { statement_id: node.id, hidden: true } };
        Self::Statement {
            statement_id: node.id,
            claim_id: said.claim_id,
            source_id: said.source_id,
            document_id: said.document_id,
            stance: said.stance,
            said_on: said.said_on.clone(),
            withdrawn: said.withdrawn,
        }
    }
}

impl Graph {
    fn edges(&self) -> Vec<ProvenanceEdge> {
        let links = self.statements.edge_references();
        links
            .map(|link| ProvenanceEdge {
                from: self.id(link.source()),
                to: self.id(link.target()),
                wording: link.weight().clone(),
            })
            .collect()
    }
}
