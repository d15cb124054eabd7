//! Where everything lies: what is connected in layers, side by side, and those on their own in a grid below.

use std::collections::BTreeSet;

use super::route::{self, Route};
use super::shape::Shape;
use super::{layers, stacks};

/// How much room something takes, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// Where something lies, in pixels from the upper left.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rect {
    /// Left side.
    pub x: f64,
    /// Upper side.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

impl Rect {
    /// Of this size around a point.
    pub fn around(x: f64, y: f64, size: Size) -> Self {
        Self { x: x - size.width / 2.0, y: y - size.height / 2.0, width: size.width, height: size.height }
    }

    /// Its right side.
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    /// Its lower side.
    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    /// Its middle.
    pub fn middle(self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Smaller by so much on each side.
    pub fn shrunk(self, by: f64) -> Self {
        Self { x: self.x + by, y: self.y + by, width: self.width - 2.0 * by, height: self.height - 2.0 * by }
    }

    fn moved(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }
}

/// A node to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Its outline.
    pub shape: Shape,
    /// Its size with all its text.
    pub size: Size,
}

/// An arrow to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Who relies.
    pub from: usize,
    /// On whom.
    pub to: usize,
    /// How much room its words take.
    pub label: Option<Size>,
}

/// Where everything lies.
#[derive(Debug, Default)]
pub struct Layout {
    /// Each block's place.
    pub blocks: Vec<Rect>,
    /// Each link's way.
    pub routes: Vec<Route>,
    /// Where the grid of those on their own begins, if there is something above it.
    pub alone: Option<f64>,
    /// What it all takes.
    pub size: Size,
}

/// Beside and between drawings.
const GAP: f64 = 36.0;
/// The width that drawings and grids are arranged to, unless one of them is wider.
const PAGE: f64 = 1200.0;

/// Lays out blocks and the links between them.
pub fn arrange(blocks: &[Block], links: &[Link]) -> Layout {
    let mut layout = Layout {
        blocks: vec![Rect::default(); blocks.len()],
        routes: vec![Route::default(); links.len()],
        ..Layout::default()
    };
    let (alone, connected): (Vec<_>, Vec<_>) =
        components(blocks.len(), links).into_iter().partition(|c| is_alone(c, links));
    let drawings: Vec<_> = connected.iter().map(|members| Drawing::of(members, blocks, links)).collect();
    let widest = drawings.iter().map(|drawing| drawing.size.width).fold(0.0, f64::max);
    let area: f64 = drawings.iter().map(|drawing| drawing.size.width * drawing.size.height).sum();
    // Not a long ribbon where there is much.
    let page = PAGE.max(widest).max((area * 1.5).sqrt().min(2.0 * PAGE));
    let bottom = layout.set_in_rows(&drawings, page);
    let alone: Vec<usize> = alone.concat();
    if alone.is_empty() {
        layout.size.height = bottom;
    } else {
        layout.alone = (!drawings.is_empty()).then_some(bottom + GAP / 2.0);
        let top = if drawings.is_empty() { 0.0 } else { bottom + GAP / 2.0 + 34.0 };
        layout.set_in_grid(&alone, blocks, links, page, top);
    }
    layout
}

/// The nodes that are connected, whichever way arrows point; in the order of their first ones.
fn components(nodes: usize, links: &[Link]) -> Vec<Vec<usize>> {
    let mut neighbours = vec![Vec::new(); nodes];
    for link in links {
        neighbours[link.from].push(link.to);
        neighbours[link.to].push(link.from);
    }
    let mut seen = vec![false; nodes];
    let mut components = Vec::new();
    for start in 0..nodes {
        let mut members = Vec::new();
        let mut waiting = vec![start];
        while let Some(node) = waiting.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                members.push(node);
                waiting.extend(&neighbours[node]);
            }
        }
        if !members.is_empty() {
            members.sort_unstable();
            components.push(members);
        }
    }
    components
}

/// Whether this is one node without any arrow.
fn is_alone(members: &[usize], links: &[Link]) -> bool {
    let [node] = members else { return false };
    !links.iter().any(|link| link.from == *node)
}

/// What is connected, laid out by itself.
struct Drawing {
    blocks: Vec<(usize, Rect)>,
    routes: Vec<(usize, Route)>,
    size: Size,
}

impl Drawing {
    fn of(members: &[usize], blocks: &[Block], links: &[Link]) -> Self {
        let local = |node: usize| members.binary_search(&node).ok();
        let mut own = Vec::new();
        let mut loops = Vec::new();
        for (index, link) in links.iter().enumerate() {
            let (Some(from), Some(to)) = (local(link.from), local(link.to)) else { continue };
            if from == to {
                loops.push((index, from));
            } else {
                own.push((index, Link { from, to, label: link.label }));
            }
        }
        let own_blocks: Vec<_> = members.iter().map(|node| blocks[*node]).collect();
        let own_links: Vec<_> = own.iter().map(|(_, link)| *link).collect();
        let aside: Vec<_> = (0..members.len()).map(|node| room_for_loops(&loops, node, links)).collect();
        let (rects, ways) = draw(&own_blocks, &aside, &own_links);
        let mut routes: Vec<_> = own.iter().map(|(index, _)| *index).zip(ways).collect();
        routes.extend(loops.iter().map(|(index, node)| (*index, Route::around(rects[*node], links[*index].label))));
        Self { blocks: members.iter().copied().zip(rects).collect(), routes, size: Size::default() }.at_origin()
    }

    /// Moved so that its upper left is at 0.
    fn at_origin(mut self) -> Self {
        let rects =
            || self.blocks.iter().map(|(_, rect)| *rect).chain(self.routes.iter().flat_map(|(_, way)| way.rects()));
        let left = rects().map(|rect| rect.x).fold(f64::INFINITY, f64::min);
        let top = rects().map(|rect| rect.y).fold(f64::INFINITY, f64::min);
        let right = rects().map(Rect::right).fold(f64::NEG_INFINITY, f64::max);
        let bottom = rects().map(Rect::bottom).fold(f64::NEG_INFINITY, f64::max);
        self.size = Size { width: right - left, height: bottom - top };
        for (_, rect) in &mut self.blocks {
            *rect = rect.moved(-left, -top);
        }
        for (_, way) in &mut self.routes {
            way.shift(-left, -top);
        }
        self
    }
}

/// Lays out what is connected: first with a block for each column of nodes, then what is in the columns.
fn draw(blocks: &[Block], aside: &[f64], links: &[Link]) -> (Vec<Rect>, Vec<Route>) {
    let stacks = stacks::find(blocks.len(), links, |node| aside[node] > 0.0);
    let stacked: BTreeSet<_> = stacks.iter().flat_map(|stack| stack.members(links)).collect();
    let kept: Vec<_> = (0..blocks.len()).filter(|node| !stacked.contains(node)).collect();
    let at = |node: usize| kept.binary_search(&node).unwrap_or_default();
    let whole: Vec<_> =
        kept.iter().map(|node| blocks[*node]).chain(stacks.iter().map(|s| s.block(blocks, links))).collect();
    let mut whole_aside: Vec<_> = kept.iter().map(|node| aside[*node]).collect();
    whole_aside.resize(whole.len(), 0.0);
    let single = |link: &Link| !stacked.contains(&link.from) && !stacked.contains(&link.to);
    let singles: Vec<_> = (0..links.len()).filter(|index| single(&links[*index])).collect();
    let mut whole_links: Vec<_> = singles
        .iter()
        .map(|index| Link { from: at(links[*index].from), to: at(links[*index].to), ..links[*index] })
        .collect();
    for (index, stack) in stacks.iter().enumerate() {
        let (column, hub) = (kept.len() + index, at(stack.hub));
        let (from, to) = if stack.above { (column, hub) } else { (hub, column) };
        whole_links.push(Link { from, to, label: None });
    }
    let ends: Vec<_> = whole_links.iter().map(|link| (link.from, link.to)).collect();
    let layers = layers::assign(whole.len(), &ends);
    let (places, ways) = route::draw(&whole, &whole_aside, &whole_links, &layers);
    let (mut rects, mut routes) = (vec![Rect::default(); blocks.len()], vec![Route::default(); links.len()]);
    for (node, place) in kept.iter().zip(&places) {
        rects[*node] = *place;
    }
    for (index, way) in singles.iter().zip(&ways) {
        routes[*index] = way.clone();
    }
    for ((stack, place), way) in stacks.iter().zip(&places[kept.len()..]).zip(&ways[singles.len()..]) {
        let spread = stack.spread(*place, way, blocks, links);
        for ((member, index), (rect, route)) in stack.members(links).zip(&stack.links).zip(spread) {
            rects[member] = rect;
            routes[*index] = route;
        }
    }
    (rects, routes)
}

/// What the loops at a node's right side take: whoever relies on themselves.
fn room_for_loops(loops: &[(usize, usize)], node: usize, links: &[Link]) -> f64 {
    let there = loops.iter().filter(|(_, at)| *at == node);
    there.map(|(index, _)| route::LOOP + links[*index].label.map_or(0.0, |label| label.width + 6.0)).fold(0.0, f64::max)
}

impl Layout {
    /// Sets drawings side by side in rows, their grounds in line. Answers where the last one ends.
    fn set_in_rows(&mut self, drawings: &[Drawing], page: f64) -> f64 {
        let mut bottom = 0.0;
        let mut rest = drawings;
        while !rest.is_empty() {
            let fitting = how_many_fit(rest.iter().map(|drawing| drawing.size.width), page);
            let (row, later) = rest.split_at(fitting);
            rest = later;
            let height = row.iter().map(|drawing| drawing.size.height).fold(0.0, f64::max);
            if bottom > 0.0 {
                bottom += GAP;
            }
            let mut x = 0.0;
            for drawing in row {
                self.set(drawing, x, bottom + height - drawing.size.height);
                x += drawing.size.width + GAP;
            }
            self.size.width = self.size.width.max(x - GAP);
            bottom += height;
        }
        bottom
    }

    fn set(&mut self, drawing: &Drawing, x: f64, y: f64) {
        for (index, rect) in &drawing.blocks {
            self.blocks[*index] = rect.moved(x, y);
        }
        for (index, route) in &drawing.routes {
            let mut route = route.clone();
            route.shift(x, y);
            self.routes[*index] = route;
        }
    }

    /// Sets nodes without arrows to others in rows and columns.
    fn set_in_grid(&mut self, alone: &[usize], blocks: &[Block], links: &[Link], page: f64, top: f64) {
        let drawings: Vec<_> = alone.iter().map(|node| Drawing::of(&[*node], blocks, links)).collect();
        let cell = drawings.iter().map(|drawing| drawing.size.width).fold(0.0, f64::max);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page holds few columns")]
        let columns = (((page + GAP / 2.0) / (cell + GAP / 2.0)) as usize).max(1);
        let mut y = top;
        for row in drawings.chunks(columns) {
            let height = row.iter().map(|drawing| drawing.size.height).fold(0.0, f64::max);
            let mut x = 0.0;
            for drawing in row {
                let inset = (cell - drawing.size.width) / 2.0;
                self.set(drawing, x + inset, y + (height - drawing.size.height) / 2.0);
                self.size.width = self.size.width.max(x + cell);
                x += cell + GAP / 2.0;
            }
            y += height + GAP / 2.0;
        }
        self.size.height = y - GAP / 2.0;
    }
}

/// How many of these fit into a row, one at least.
fn how_many_fit(widths: impl Iterator<Item = f64>, page: f64) -> usize {
    let mut taken = 0.0;
    widths
        .take_while(|width| {
            taken += width + GAP;
            taken - GAP <= page
        })
        .count()
        .max(1)
}
