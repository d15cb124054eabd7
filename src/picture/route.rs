//! One connected drawing: the layout library orders each layer and finds places, and the ways of the arrows are drawn
//! from what it left free. They cross a layer only straight down, so that none runs through a node or a word.

use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, NodeLabel};

use super::layers::Layers;
use super::layout::{Block, Link, Rect, Size};

/// Between nodes of a layer.
pub const NODE_GAP: f64 = 28.0;
/// Between arrows that pass through a layer.
const ARROW_GAP: f64 = 16.0;
/// Between two layers of nodes, without the words between them.
const LAYER_GAP: f64 = 64.0;
/// How far a loop leads out of its node's side.
pub const LOOP: f64 = 34.0;

/// The way of an arrow.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Between points one above the other it is a line, between others a curve that leaves and arrives upright.
    pub points: Vec<(f64, f64)>,
    /// Whether it leads from a node back to it, beside the node.
    pub is_loop: bool,
    /// Where its words stand.
    pub label: Option<Rect>,
}

impl Route {
    /// From a node to itself, on its right.
    pub fn around(node: Rect, label: Option<Size>) -> Self {
        let (_, y) = node.middle();
        let x = node.right();
        let label = label.map(|size| Rect::around(x + LOOP + 3.0 + size.width / 2.0, y, size));
        Self { points: vec![(x, y - 8.0), (x + LOOP, y), (x, y + 8.0)], is_loop: true, label }
    }

    /// What it takes up: its points and its words.
    pub fn rects(&self) -> impl Iterator<Item = Rect> {
        let points = self.points.iter().map(|(x, y)| Rect { x: *x, y: *y, width: 0.0, height: 0.0 });
        points.chain(self.label)
    }

    /// Moves it.
    pub fn shift(&mut self, x: f64, y: f64) {
        for point in &mut self.points {
            *point = (point.0 + x, point.1 + y);
        }
        if let Some(label) = &mut self.label {
            label.x += x;
            label.y += y;
        }
    }

    /// As the data of an SVG path.
    pub fn path(&self) -> String {
        if let (true, [from, out, to]) = (self.is_loop, self.points.as_slice()) {
            // A curve reaches three quarters of the way to its handles.
            let reach = from.0 + (out.0 - from.0) * 1.3;
            let (above, below) = (from.1 - 6.0, to.1 + 6.0);
            return format!(
                "M{:.1} {:.1}C{reach:.1} {above:.1} {reach:.1} {below:.1} {:.1} {:.1}",
                from.0, from.1, to.0, to.1
            );
        }
        let step = |pair: &[(f64, f64)]| {
            let ((from, above), (x, y)) = (pair[0], pair[1]);
            if (from - x).abs() < 0.1 {
                return format!("V{y:.1}");
            }
            let between = f64::midpoint(above, y);
            format!("C{from:.1} {between:.1} {x:.1} {between:.1} {x:.1} {y:.1}")
        };
        let start = self.points.first().map(|(x, y)| format!("M{x:.1} {y:.1}"));
        start.into_iter().chain(self.points.windows(2).map(step)).collect()
    }
}

type Layered = Graph<NodeLabel, EdgeLabel, GraphLabel>;

/// Places blocks, with room for loops at their right, and finds the ways of the links between them.
pub fn draw(blocks: &[Block], aside: &[f64], links: &[Link], layers: &Layers) -> (Vec<Rect>, Vec<Route>) {
    let mut graph = graph(blocks, aside, links, layers);
    dugong::layout_dagreish(&mut graph);
    let rects: Vec<_> = (0..blocks.len()).map(|node| place(&graph, node, blocks[node], aside[node])).collect();
    let mut ways: Vec<_> = links.iter().enumerate().map(|(at, link)| Way::of(&graph, at, link, layers)).collect();
    let bands = Bands::of(&graph, &ways);
    let ports = Ports::of(blocks, &rects, &ways);
    let routes = ways.drain(..).enumerate().map(|(at, way)| way.route(at, &rects, &bands, &ports)).collect();
    (rects, routes)
}

fn graph(blocks: &[Block], aside: &[f64], links: &[Link], layers: &Layers) -> Layered {
    let mut graph = Layered::new(GraphOptions { multigraph: true, ..GraphOptions::default() });
    graph.set_graph(GraphLabel {
        nodesep: NODE_GAP,
        edgesep: ARROW_GAP,
        ranksep: LAYER_GAP,
        // The layers are decided; every second one is for words.
        ranker: Some("none".into()),
        ..GraphLabel::default()
    });
    for (node, block) in blocks.iter().enumerate() {
        let (width, height) = (block.size.width + aside[node], block.size.height);
        // Ranks are counted from the top.
        let rank = i32::try_from(layers.of[node]).ok().map(|layer| -2 * layer);
        graph.set_node(node.to_string(), NodeLabel { width, height, rank, ..NodeLabel::default() });
    }
    for (at, link) in links.iter().enumerate() {
        let (high, low) = if layers.upward[at] { (link.to, link.from) } else { (link.from, link.to) };
        let minlen = layers.of[high].abs_diff(layers.of[low]);
        let size = link.label.unwrap_or_default();
        let label = EdgeLabel { width: size.width, height: size.height, minlen, weight: 1.0, ..EdgeLabel::default() };
        graph.set_edge_named(high.to_string(), low.to_string(), Some(at.to_string()), Some(label));
    }
    graph
}

fn place(graph: &Layered, node: usize, block: Block, aside: f64) -> Rect {
    let found = graph.node(&node.to_string());
    let x = found.and_then(|label| label.x).unwrap_or_default();
    let y = found.and_then(|label| label.y).unwrap_or_default();
    Rect::around(x - aside / 2.0, y, block.size)
}

/// Where the library leads a link, from the higher end to the lower.
struct Way {
    high: usize,
    low: usize,
    upward: bool,
    /// Through the layers between its ends.
    through: Vec<(f64, f64)>,
    label: Option<Rect>,
}

impl Way {
    fn of(graph: &Layered, at: usize, link: &Link, layers: &Layers) -> Self {
        let upward = layers.upward[at];
        let (high, low) = if upward { (link.to, link.from) } else { (link.from, link.to) };
        let found = graph.edge(&high.to_string(), &low.to_string(), Some(&at.to_string()));
        let points = found.map(|edge| edge.points.as_slice()).unwrap_or_default();
        // The first and the last lie on the nodes' boxes.
        let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        let label = link.label.and_then(|size| {
            let edge = found?;
            Some(Rect::around(edge.x?, edge.y?, size))
        });
        Self { high, low, upward, through: inner.iter().map(|point| (point.x, point.y)).collect(), label }
    }

    fn route(self, at: usize, rects: &[Rect], bands: &Bands, ports: &Ports) -> Route {
        let (from, to) = (rects[self.high], rects[self.low]);
        let (out, into) = (ports.below[at], ports.above[at]);
        let mut points = vec![(out, from.bottom()), (out, bands.at(from.middle().1).1)];
        for (x, y) in self.through {
            let (top, bottom) = bands.at(y);
            points.push((x, top));
            points.push((x, bottom));
        }
        points.push((into, bands.at(to.middle().1).0));
        points.push((into, to.y));
        points.dedup_by(|next, point| (next.0 - point.0).abs() < 0.05 && (next.1 - point.1).abs() < 0.05);
        if self.upward {
            points.reverse();
        }
        Route { points, is_loop: false, label: self.label }
    }
}

/// From where to where each layer reaches: as high as what is highest in it.
struct Bands(Vec<(f64, f64)>);

impl Bands {
    fn of(graph: &Layered, ways: &[Way]) -> Self {
        let nodes =
            graph.nodes().filter_map(|name| graph.node(name)).filter_map(|label| Some((label.y?, label.height)));
        let words = ways.iter().filter_map(|way| way.label).map(|label| (label.middle().1, label.height));
        let mut all: Vec<_> = nodes.chain(words).map(|(y, height)| (y, height / 2.0)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.dedup_by(|next, band| {
            let same = (next.0 - band.0).abs() < 0.5;
            if same {
                band.1 = band.1.max(next.1);
            }
            same
        });
        Self(all)
    }

    /// The upper and lower side of the layer with this middle.
    fn at(&self, y: f64) -> (f64, f64) {
        let half = self.0.iter().find(|(middle, _)| (middle - y).abs() < 0.5).map_or(0.0, |(_, half)| *half);
        (y - half, y + half)
    }
}

/// Where each link leaves the node above it and enters the one below: side by side, in the order of where they lead, so
/// that they do not cross at once and arrowheads do not lie on each other.
struct Ports {
    below: Vec<f64>,
    above: Vec<f64>,
}

impl Ports {
    fn of(blocks: &[Block], rects: &[Rect], ways: &[Way]) -> Self {
        let mut ports = Self { below: vec![0.0; ways.len()], above: vec![0.0; ways.len()] };
        for node in 0..blocks.len() {
            let leaving = ways.iter().enumerate().filter(|(_, way)| way.high == node);
            let leaving = leaving.map(|(at, way)| (at, way.through.first().map_or(0.0, |point| point.0)));
            spread(leaving.collect(), rects[node], blocks[node], &mut ports.below);
            let entering = ways.iter().enumerate().filter(|(_, way)| way.low == node);
            let entering = entering.map(|(at, way)| (at, way.through.last().map_or(0.0, |point| point.0)));
            spread(entering.collect(), rects[node], blocks[node], &mut ports.above);
        }
        ports
    }
}

fn spread(mut links: Vec<(usize, f64)>, rect: Rect, block: Block, ports: &mut [f64]) {
    links.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let count = f64::from(u32::try_from(links.len()).unwrap_or(u32::MAX));
    let step =
        if count > 1.0 { ((block.shape.level(block.size) - 12.0).max(0.0) / (count - 1.0)).min(26.0) } else { 0.0 };
    let mut x = rect.middle().0 - step * (count - 1.0) / 2.0;
    for (at, _) in links {
        ports[at] = x;
        x += step;
    }
}
