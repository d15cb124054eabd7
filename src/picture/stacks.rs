//! Many outlets of one report, or many origins of one, would make a row that no page holds. They stand in columns
//! instead; the arrows of a column share a line beside it, as they lead to the same node.

use super::layout::{Block, Link, Rect, Size};
use super::route::Route;
use super::shape::Shape;

/// So many stand side by side.
const ROW: usize = 5;
/// The room in which an arrow turns to the line beside the column.
const TURN: f64 = 24.0;
/// From a column's side to its members, with the line in the middle.
const GUTTER: f64 = 16.0;
/// Between a node and the words at its arrow.
const WORDS_GAP: f64 = 8.0;

/// A column of nodes that have one arrow each, all of them to or all of them from one node.
pub struct Stack {
    /// Its links, whose other ends stand in it from the top.
    pub links: Vec<usize>,
    /// The node that is relied on, or that relies.
    pub hub: usize,
    /// Whether the members rely on the hub, so that they stand above it.
    pub above: bool,
}

/// The columns among `nodes` nodes; of those whose number is small there are none.
pub fn find(nodes: usize, links: &[Link], looped: impl Fn(usize) -> bool) -> Vec<Stack> {
    let mut ends = vec![0_usize; nodes];
    for link in links {
        ends[link.from] += 1;
        ends[link.to] += 1;
    }
    let is_leaf = |node: usize| ends[node] == 1 && !looped(node);
    let mut stacks = Vec::new();
    for hub in 0..nodes {
        for above in [true, false] {
            let own = |link: &Link| if above { (link.to, link.from) } else { (link.from, link.to) };
            let leading = links.iter().enumerate().map(|(at, link)| (at, own(link)));
            let found: Vec<_> =
                leading.filter(|(_, (to, leaf))| *to == hub && is_leaf(*leaf)).map(|(at, _)| at).collect();
            if found.len() > ROW {
                let columns = columns(found.len());
                stacks.extend(shares(&found, columns).map(|links| Stack { links: links.to_vec(), hub, above }));
            }
        }
    }
    stacks.retain(|stack| stack.links.len() > 1);
    stacks
}

/// About as many columns as rows, as nodes are wider than high and words stand between them.
fn columns(members: usize) -> usize {
    (ROW - 1..=members).find(|columns| columns * columns >= members).unwrap_or(ROW)
}

/// As equal parts as there can be.
fn shares(all: &[usize], parts: usize) -> impl Iterator<Item = &[usize]> {
    (0..parts).map(move |part| &all[all.len() * part / parts..all.len() * (part + 1) / parts])
}

impl Stack {
    /// Who stands in it, from the top.
    pub fn members<'a>(&'a self, links: &'a [Link]) -> impl Iterator<Item = usize> + 'a {
        self.links.iter().map(|at| if self.above { links[*at].from } else { links[*at].to })
    }

    /// The room it takes, as one block.
    pub fn block(&self, blocks: &[Block], links: &[Link]) -> Block {
        let mut size = Size::default();
        for (member, at) in self.members(links).zip(&self.links) {
            let words = links[*at].label.unwrap_or_default();
            size.width = size.width.max(blocks[member].size.width).max(words.width);
            size.height += cell(blocks[member].size, links[*at].label);
        }
        size.width += 2.0 * GUTTER;
        Block { shape: Shape::Rectangle, size }
    }

    /// Places the members in the column's place, and continues the way between column and hub to each of them.
    pub fn spread(&self, place: Rect, way: &Route, blocks: &[Block], links: &[Link]) -> Vec<(Rect, Route)> {
        let mut spread: Vec<(Rect, Route)> = Vec::new();
        let (middle, _) = place.middle();
        let mut top = place.y;
        for (member, at) in self.members(links).zip(&self.links) {
            let (size, words) = (blocks[member].size, links[*at].label);
            let height = cell(size, words);
            // Seen from the node: words, then the turn, then the line beside the column.
            let y = if self.above { top } else { top + height - size.height };
            let rect = Rect { x: middle - size.width / 2.0, y, width: size.width, height: size.height };
            let label = words.map(|words| {
                let y = if self.above { rect.bottom() + WORDS_GAP } else { rect.y - WORDS_GAP - words.height };
                Rect { x: middle - words.width / 2.0, y, width: words.width, height: words.height }
            });
            let points = if self.above { down(place, rect, label, top + height) } else { up(place, rect, label, top) };
            spread.push((rect, Route { points: self.joined(points, way), is_loop: false, label }));
            top += height;
        }
        spread
    }

    fn joined(&self, own: Vec<(f64, f64)>, way: &Route) -> Vec<(f64, f64)> {
        let shared = way.points.iter().copied();
        let mut points: Vec<_> =
            if self.above { own.into_iter().chain(shared).collect() } else { shared.chain(own).collect() };
        points.dedup();
        points
    }
}

/// From a member down to the column's lower side.
fn down(place: Rect, rect: Rect, label: Option<Rect>, end: f64) -> Vec<(f64, f64)> {
    let (middle, line) = (place.middle().0, place.x + GUTTER / 2.0);
    if end + 0.1 > place.bottom() {
        return vec![(middle, rect.bottom())];
    }
    let turn = label.map_or(rect.bottom(), Rect::bottom);
    vec![(middle, rect.bottom()), (middle, turn), (line, end), (line, place.bottom() - TURN)]
}

/// From the column's upper side down to a member.
fn up(place: Rect, rect: Rect, label: Option<Rect>, start: f64) -> Vec<(f64, f64)> {
    let (middle, line) = (place.middle().0, place.x + GUTTER / 2.0);
    if start - 0.1 < place.y {
        return vec![(middle, rect.y)];
    }
    let turn = label.map_or(rect.y, |label| label.y);
    vec![(line, place.y + TURN), (line, start), (middle, turn), (middle, rect.y)]
}

/// How high a member is with its words and the room for its turn.
fn cell(size: Size, words: Option<Size>) -> f64 {
    size.height + words.map_or(0.0, |words| WORDS_GAP + words.height) + TURN
}
