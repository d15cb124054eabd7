//! In which layer each node lies: origins on the ground, whoever relies on others above all of them.

use std::collections::BTreeMap;

/// Who lies how high, and which links go against the layers as they close a circle.
#[derive(Debug)]
pub struct Layers {
    /// The layer of each node, 0 or less for origins; greater is higher.
    pub of: Vec<i32>,
    /// For each link whether it leads upwards.
    pub upward: Vec<bool>,
}

/// A row wider than this is broken into several where that is possible.
const ROW: f64 = 1300.0;

/// Puts nodes of these widths, connected by these links (from the one who relies), into layers.
pub fn assign(widths: &[f64], links: &[(usize, usize)]) -> Layers {
    let mut walk = Walk::new(widths.len(), links);
    let relied_on: Vec<bool> = (0..widths.len()).map(|node| links.iter().any(|link| link.1 == node)).collect();
    // From the top first, so that what is found to close a circle leads back up.
    let (mut tops, rest): (Vec<_>, Vec<_>) = (0..widths.len()).partition(|node| !relied_on[*node]);
    tops.extend(rest);
    for node in tops {
        walk.visit(node);
    }
    let mut layers = Layers { of: vec![0; widths.len()], upward: walk.upward };
    let mut below = vec![Vec::new(); widths.len()];
    let mut above = vec![0_usize; widths.len()];
    for (index, (from, to)) in links.iter().enumerate() {
        let (high, low) = if layers.upward[index] { (*to, *from) } else { (*from, *to) };
        below[high].push(low);
        above[low] += 1;
    }
    for node in walk.done {
        layers.of[node] = below[node].iter().map(|low| layers.of[*low] + 1).max().unwrap_or(0);
    }
    // Whoever nobody relies on may lie higher, and an origin lower, without an arrow changing its direction.
    let origins: Vec<_> = (0..widths.len()).filter(|node| below[*node].is_empty()).collect();
    let outlets: Vec<_> = (0..widths.len()).filter(|node| above[*node] == 0).collect();
    layers.break_rows(widths, &origins, -1);
    layers.break_rows(widths, &outlets, 1);
    layers
}

impl Layers {
    /// Moves those of `movable` that a row has no room for into the next row, and so on.
    fn break_rows(&mut self, widths: &[f64], movable: &[usize], step: i32) {
        let mut rows: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for node in movable {
            rows.entry(self.of[*node] * step).or_default().push(*node);
        }
        while let Some((row, mut nodes)) = rows.pop_first() {
            let width: f64 = (0..widths.len()).filter(|node| self.of[*node] == row * step).map(|n| widths[n]).sum();
            let fair = width / (width / ROW).ceil();
            let mut left = width;
            while left > fair * 1.02 && nodes.len() > 1 {
                let Some(node) = nodes.pop() else { break };
                left -= widths[node];
                self.of[node] += step;
                rows.entry(row + 1).or_default().push(node);
            }
        }
    }
}

/// A walk down all links, depth first.
struct Walk<'a> {
    links: &'a [(usize, usize)],
    out: Vec<Vec<usize>>,
    state: Vec<State>,
    /// In the order in which they were done with: each after everything below it.
    done: Vec<usize>,
    upward: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

impl<'a> Walk<'a> {
    fn new(nodes: usize, links: &'a [(usize, usize)]) -> Self {
        let mut out = vec![Vec::new(); nodes];
        for (index, (from, _)) in links.iter().enumerate() {
            out[*from].push(index);
        }
        let (state, upward) = (vec![State::New; nodes], vec![false; links.len()]);
        Self { links, out, state, done: Vec::with_capacity(nodes), upward }
    }

    fn visit(&mut self, node: usize) {
        if self.state[node] != State::New {
            return;
        }
        self.state[node] = State::Open;
        for link in std::mem::take(&mut self.out[node]) {
            let to = self.links[link].1;
            if self.state[to] == State::Open {
                self.upward[link] = true;
            } else {
                self.visit(to);
            }
        }
        self.state[node] = State::Done;
        self.done.push(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_origins_on_the_ground_and_everybody_above_what_they_rely_on() {
        let layers = assign(&[100.0; 5], &[(0, 1), (1, 2), (0, 3), (4, 3)]);
        assert_eq!(layers.of, [2, 1, 0, 0, 1]);
        assert_eq!(layers.upward, [false; 4]);
    }

    #[test]
    fn finds_the_link_that_closes_a_circle() {
        let layers = assign(&[100.0; 4], &[(0, 1), (1, 2), (2, 0), (3, 0)]);
        assert_eq!(layers.of, [2, 1, 0, 3]);
        assert_eq!(layers.upward, [false, false, true, false]);
        let both = assign(&[100.0; 2], &[(0, 1), (1, 0)]);
        assert_eq!((both.of, both.upward), (vec![1, 0], vec![false, true]));
    }

    #[test]
    fn breaks_rows_that_are_too_wide() {
        let links: Vec<_> = (1..=40).map(|outlet| (outlet, 0)).collect();
        let layers = assign(&[200.0; 41], &links);
        assert_eq!(layers.of[0], 0);
        for row in 1..=7 {
            let there = layers.of.iter().filter(|layer| **layer == row).count();
            assert!((5..=6).contains(&there), "{there} in row {row}");
        }
        let links: Vec<_> = (1..=40).map(|origin| (0, origin)).collect();
        let layers = assign(&[200.0; 41], &links);
        assert_eq!((layers.of[0], layers.of.iter().min()), (1, Some(&-6)));
    }
}
