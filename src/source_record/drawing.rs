//! The network as a picture: a node for each source, those who are relied on at the bottom.

use std::collections::HashMap;

use uuid::Uuid;

use super::network::{NetworkNode, SourceNetwork};
use crate::picture::{Arrow, Look, Node, Picture};
use crate::sources::SourceKind;

impl SourceNetwork {
    /// Draws the network.
    pub fn picture(&self) -> Picture {
        let places: HashMap<Uuid, usize> =
            self.nodes.iter().enumerate().map(|(place, node)| (node.source_id, place)).collect();
        let place = |id: &Uuid| places.get(id).copied();
        let arrows = self.edges.iter().filter_map(|edge| {
            let statements = if edge.statements == 1 { "statement" } else { "statements" };
            let label = format!("{} {statements}", edge.statements);
            Some(Arrow::new(place(&edge.from)?, place(&edge.to)?, Some(label)))
        });
        let middle = self.nodes.first().map(|node| node.name.as_str()).unwrap_or_default();
        let more = if self.truncated { "; there are more" } else { "" };
        Picture::new(
            format!("Who relies on whom around {middle}"),
            format!("{} sources within reach{more}", self.nodes.len()),
            self.nodes.iter().map(node).collect(),
            arrows.collect(),
        )
    }
}

fn node(source: &NetworkNode) -> Node {
    Node {
        name: source.name.clone(),
        lines: Vec::new(),
        look: Look::Source(source.kind),
        dashed: source.kind == SourceKind::Unnamed,
        faded: false,
        tooltip: Some(format!("source {}", source.source_id)),
    }
}
