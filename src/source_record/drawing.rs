//! The network as a picture: a node for each source, those who are relied on at the bottom.

use std::collections::HashMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
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
        let edges: Vec<_> = self
            .edges
            .iter()
            .filter_map(|edge| Some((place(&edge.from)?, place(&edge.to)?, edge.statements)))
            .collect();
        let circle_of = circles(self.nodes.len(), &edges);
        let arrows = edges.iter().map(|(from, to, statements)| Arrow {
            from: *from,
            to: *to,
            label: Some(if *statements == 1 { "1 statement".to_owned() } else { format!("{statements} statements") }),
            circular: circle_of.get(from) == circle_of.get(to),
        });
        let middle = self.nodes.first().map(|node| node.name.as_str()).unwrap_or_default();
        let more = if self.truncated { "; there are more" } else { "" };
        Picture {
            title: format!("Who relies on whom around {middle}"),
            description: format!("{} sources within reach{more}", self.nodes.len()),
            nodes: self.nodes.iter().map(node).collect(),
            arrows: arrows.collect(),
        }
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

/// Which group each node is in: those of one group rely on each other, directly or through others.
fn circles(nodes: usize, edges: &[(usize, usize, i64)]) -> HashMap<usize, usize> {
    let mut graph = DiGraph::<(), ()>::new();
    let places: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
    for (from, to, _) in edges {
        if let (Some(from), Some(to)) = (places.get(*from), places.get(*to)) {
            graph.add_edge(*from, *to, ());
        }
    }
    let groups = kosaraju_scc(&graph);
    groups.iter().enumerate().flat_map(|(group, nodes)| nodes.iter().map(move |node| (node.index(), group))).collect()
}
