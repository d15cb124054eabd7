//! Drawings of who relies on whom: layers with origins at the bottom, as SVG, DOT or Mermaid.
//!
//! A slice that can draw what it knows makes a [`Picture`] of it and leaves the answer to [`Format::answer`].

mod dot;
mod format;
mod layers;
mod layout;
mod legend;
mod look;
mod mermaid;
mod route;
mod shape;
mod stacks;
#[cfg(test)]
mod stories;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

pub use format::{Format, MOST_NODES, MOST_STEPS};
pub use look::Look;
pub use text::{Type, is_right_to_left};

/// A drawing of who relies on whom.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// What is drawn, above the drawing.
    title: String,
    /// What the drawing says, in a sentence for those who do not see it; it stands below the title too.
    description: String,
    /// Who relies and is relied on.
    nodes: Vec<Node>,
    /// Who relies on whom.
    arrows: Vec<Arrow>,
}

/// Somebody, or what somebody said.
#[derive(Debug, Clone)]
pub struct Node {
    /// Who speaks. Never cut, however long.
    pub name: String,
    /// More lines: a date, what it is on. The look's own word, such as "confirms", is drawn above them.
    pub lines: Vec<String>,
    /// Colour, shape and word.
    pub look: Look,
    /// Of a source that is not named: a dashed outline.
    pub dashed: bool,
    /// Hidden or withdrawn: paler.
    pub faded: bool,
    /// What is told about it where it is pointed at, in SVG and DOT.
    pub tooltip: Option<String>,
}

/// That one node relies on another. There may be several between two nodes, but one from a node to itself.
#[derive(Debug, Clone)]
pub struct Arrow {
    /// Which node relies, by its place among the nodes.
    pub from: usize,
    /// On which one.
    pub to: usize,
    /// In which words, such as "citing".
    pub label: Option<String>,
    /// Whether it is part of a circle, in which everybody relies on themselves in the end.
    circular: bool,
}

impl Node {
    /// Everything that is written below the name.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.look.word().into_iter().chain(self.lines.iter().map(String::as_str))
    }
}

impl Arrow {
    /// An arrow; whether it is part of a circle is for the picture to find.
    pub fn new(from: usize, to: usize, label: Option<String>) -> Self {
        Self { from, to, label, circular: false }
    }

    /// What is written at it.
    fn words(&self) -> Option<String> {
        match (&self.label, self.circular) {
            (Some(label), true) => Some(format!("{label} (circular)")),
            (None, true) => Some("circular".into()),
            (label, false) => label.clone(),
        }
    }
}

impl Picture {
    /// A picture of these nodes and arrows.
    pub fn new(title: String, description: String, nodes: Vec<Node>, arrows: Vec<Arrow>) -> Self {
        let mut picture = Self { title, description, nodes, arrows };
        picture.mark_circles();
        picture
    }

    fn mark_circles(&mut self) {
        let ends: Vec<_> = self.arrows().map(|arrow| (arrow.from, arrow.to)).collect();
        let groups = kosaraju_scc(&graph(self.nodes.len(), &ends));
        let mut group_of = vec![0; self.nodes.len()];
        for (group, nodes) in groups.iter().enumerate() {
            for node in nodes {
                group_of[node.index()] = group;
            }
        }
        for arrow in &mut self.arrows {
            arrow.circular = group_of.get(arrow.from) == group_of.get(arrow.to);
        }
    }

    /// The arrows whose ends exist; one that leads nowhere is left out of all formats.
    fn arrows(&self) -> impl Iterator<Item = &Arrow> {
        self.arrows.iter().filter(|arrow| arrow.from < self.nodes.len() && arrow.to < self.nodes.len())
    }

    /// How many layers all arrows together lead down: what laying it out costs, and how entangled it is.
    fn steps(&self) -> usize {
        let ends: Vec<_> = self.arrows().map(|arrow| (arrow.from, arrow.to)).filter(|(from, to)| from != to).collect();
        let layers = layers::assign(self.nodes.len(), &ends);
        ends.iter().map(|(from, to)| layers.of[*from].abs_diff(layers.of[*to])).sum()
    }

    /// As SVG 1.1, which stands for itself: no scripts, styles, fonts or other files.
    pub fn svg(&self) -> String {
        svg::write(self)
    }

    /// As a graph for Graphviz.
    pub fn dot(&self) -> String {
        dot::write(self)
    }

    /// As a flowchart for Mermaid, version 10 or newer.
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }
}

/// So many nodes and the links between them, for the graph library.
fn graph(nodes: usize, links: &[(usize, usize)]) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(nodes, links.len());
    let places: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
    for (from, to) in links {
        graph.add_edge(places[*from], places[*to], ());
    }
    graph
}
