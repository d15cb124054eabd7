//! In which layer each node lies: origins on the ground, whoever relies on others above all of them.

use std::collections::HashSet;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{DfsEvent, depth_first_search};

/// Who lies how high, and which links go against the layers as they close a circle.
#[derive(Debug)]
pub struct Layers {
    /// The layer of each node, 0 for origins; greater is higher.
    pub of: Vec<usize>,
    /// For each link whether it leads upwards.
    pub upward: Vec<bool>,
}

/// Puts so many nodes, connected by these links (from the one who relies), into layers.
pub fn assign(nodes: usize, links: &[(usize, usize)]) -> Layers {
    let graph = super::graph(nodes, links);
    let (tops, rest): (Vec<_>, Vec<_>) = graph.node_indices().partition(|node| is_top(*node, &graph));
    let mut closing = HashSet::new();
    // Each after everything below it.
    let mut done = Vec::with_capacity(nodes);
    // From the top first, so that what is found to close a circle leads back up.
    depth_first_search(&graph, tops.into_iter().chain(rest), |event| match event {
        DfsEvent::BackEdge(from, to) => drop(closing.insert((from.index(), to.index()))),
        DfsEvent::Finish(node, _) => done.push(node.index()),
        _ => {}
    });
    let mut layers = Layers { of: vec![0; nodes], upward: links.iter().map(|link| closing.contains(link)).collect() };
    let mut below = vec![Vec::new(); nodes];
    for ((from, to), upward) in links.iter().zip(&layers.upward) {
        let (high, low) = if *upward { (*to, *from) } else { (*from, *to) };
        below[high].push(low);
    }
    for node in done {
        layers.of[node] = below[node].iter().map(|low| layers.of[*low] + 1).max().unwrap_or(0);
    }
    layers
}

/// Whether nobody relies on it.
fn is_top(node: NodeIndex, graph: &DiGraph<(), ()>) -> bool {
    graph.neighbors_directed(node, petgraph::Incoming).next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_origins_on_the_ground_and_everybody_above_what_they_rely_on() {
        let layers = assign(5, &[(0, 1), (1, 2), (0, 3), (4, 3)]);
        assert_eq!(layers.of, [2, 1, 0, 0, 1]);
        assert_eq!(layers.upward, [false; 4]);
    }

    #[test]
    fn finds_the_link_that_closes_a_circle() {
        let layers = assign(4, &[(0, 1), (1, 2), (2, 0), (3, 0)]);
        assert_eq!(layers.of, [2, 1, 0, 3]);
        assert_eq!(layers.upward, [false, false, true, false]);
        let both = assign(2, &[(0, 1), (1, 0)]);
        assert_eq!((both.of, both.upward), (vec![1, 0], vec![false, true]));
    }
}
