//! In which layer each node lies: origins on the ground, whoever relies on others above all of them.

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
    let mut walk = Walk::new(nodes, links);
    let relied_on: Vec<bool> = (0..nodes).map(|node| links.iter().any(|link| link.1 == node)).collect();
    // From the top first, so that what is found to close a circle leads back up.
    let (mut tops, rest): (Vec<_>, Vec<_>) = (0..nodes).partition(|node| !relied_on[*node]);
    tops.extend(rest);
    for node in tops {
        walk.visit(node);
    }
    let mut layers = Layers { of: vec![0; nodes], upward: walk.upward };
    let mut below = vec![Vec::new(); nodes];
    for (index, (from, to)) in links.iter().enumerate() {
        let (high, low) = if layers.upward[index] { (*to, *from) } else { (*from, *to) };
        below[high].push(low);
    }
    for node in walk.done {
        layers.of[node] = below[node].iter().map(|low| layers.of[*low] + 1).max().unwrap_or(0);
    }
    layers
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
