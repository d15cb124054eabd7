//! What the graph tells: how many origins are independent, which statements rest on each other in a circle, how long the
//! chains are. ARCHITECTURE.md says why each rule is as it is.

use std::collections::{BTreeSet, HashMap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, EdgeRef, NodeFiltered, VisitMap, Visitable};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::graph::Graph;
use super::origins::{Grouping, Origin, OriginSide, origins};
use super::positions::Positions;
use crate::stance::{Side, Stance};

/// What the graph tells about a claim. Numbers of origins are lower bounds: at least so many.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Findings {
    /// How many origins, independent of each other as far as is known, support the claim: at least so many.
    #[schema(example = 2)]
    pub independent_supporting: usize,
    /// How many oppose it.
    #[schema(example = 0)]
    pub independent_opposing: usize,
    /// Those origins.
    pub origins: Vec<Origin>,
    /// Groups of statements that rest on each other: circular reporting.
    pub circular: Vec<Vec<Uuid>>,
    /// Reports that do not say on whose word.
    pub dangling: Vec<Uuid>,
    /// Statements on other claims, of the same side, where the chains end: this claim may be a distortion of those.
    pub origin_elsewhere: Vec<ElsewhereOrigin>,
    /// Whether the claim is supported, and all its supporting origins are unnamed sources.
    pub unnamed_only: bool,
    /// Whether the claim has exactly one supporting origin.
    pub single_origin: bool,
    /// Whether the claim is supported, and one document carries the roots of all supporting origins.
    pub single_document: bool,
    /// Statements that are certainly dated before what they rely on.
    pub out_of_order: Vec<OutOfOrder>,
    /// Links in the longest chain, each circle taken as one.
    #[schema(example = 2)]
    pub depth: usize,
    /// That chain's statements, from the one who relies to the root; of a circle its smallest id.
    pub longest_chain: Vec<Uuid>,
}

/// A root that is on another claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ElsewhereOrigin {
    /// The statement.
    pub statement_id: Uuid,
    /// The claim that it is on.
    pub claim_id: Uuid,
}

/// A statement that is dated before what it relies on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutOfOrder {
    /// The statement that relies.
    pub statement_id: Uuid,
    /// The statement relied on.
    pub relies_on: Uuid,
}

impl Findings {
    /// The origins in a sentence.
    pub fn summary_line(&self) -> String {
        let (supporting, opposing) = (self.independent_supporting, self.independent_opposing);
        let support = if supporting == 1 { "origin supports" } else { "origins support" };
        let oppose = if opposing == 1 { "opposes" } else { "oppose" };
        format!("{supporting} independent {support}, {opposing} {oppose}")
    }
}

impl Graph {
    /// The findings on some claims taken as one: a claim, or a claim with those that are the same.
    pub fn findings(&self, claims: &[Uuid], grouping: Grouping) -> Findings {
        let positions = Positions::on(claims, self);
        let starting: Vec<NodeIndex> = claims.iter().flat_map(|claim| self.starting(*claim)).collect();
        let mut elsewhere = BTreeSet::new();
        let mut found = Vec::new();
        for (side, name) in [(Side::Supporting, OriginSide::Supporting), (Side::Opposing, OriginSide::Opposing)] {
            let on_side = starting.iter().copied().filter(|place| positions.counts(*place, side));
            let reached = self.reached_from(on_side);
            let roots = reached.iter().copied().filter(|place| self.is_root(*place));
            let (here, other): (Vec<_>, Vec<_>) = roots
                .filter(|place| self.said(*place).is_some_and(|said| !said.withdrawn && said.stance.side() == side))
                .partition(|place| positions.is_on_the_claim(*place));
            let here: Vec<_> = here.into_iter().filter(|place| positions.counts(*place, side)).collect();
            found.extend(origins(name, &here, self, grouping));
            elsewhere.extend(other);
        }
        self.told(&starting, found, &elsewhere)
    }

    fn told(&self, starting: &[NodeIndex], origins: Vec<Origin>, elsewhere: &BTreeSet<NodeIndex>) -> Findings {
        let reached = self.reached_from(starting.iter().copied());
        let circles = self.circles(&reached);
        let longest = self.longest_chain(&circles);
        let supporting: Vec<_> = origins.iter().filter(|one| one.side == OriginSide::Supporting).collect();
        Findings {
            independent_supporting: supporting.len(),
            independent_opposing: origins.len() - supporting.len(),
            circular: self.circular(&circles),
            dangling: self.dangling(&reached),
            origin_elsewhere: self.elsewhere(elsewhere),
            unnamed_only: !supporting.is_empty() && supporting.iter().all(|origin| origin.unnamed),
            single_origin: supporting.len() == 1,
            single_document: Self::share_a_document(&supporting),
            out_of_order: self.out_of_order(&reached),
            depth: longest.len().saturating_sub(1),
            longest_chain: longest,
            origins,
        }
    }

    /// These statements and all that they rest on, in the order of their ids.
    fn reached_from(&self, starting: impl Iterator<Item = NodeIndex>) -> Vec<NodeIndex> {
        let mut walk = Dfs::empty(&self.statements);
        let mut reached = Vec::new();
        for place in starting {
            walk.move_to(place);
            while let Some(next) = walk.next(&self.statements) {
                reached.push(next);
            }
        }
        // Statements were added in the order of their ids.
        reached.sort_unstable();
        reached
    }

    fn is_root(&self, place: NodeIndex) -> bool {
        self.statements.neighbors(place).next().is_none()
    }

    /// The strongly connected groups, what is relied on before the one who relies.
    fn circles(&self, reached: &[NodeIndex]) -> Vec<Vec<NodeIndex>> {
        let mut within = self.statements.visit_map();
        for place in reached {
            within.visit(*place);
        }
        let mut circles = kosaraju_scc(&NodeFiltered::from_fn(&self.statements, |place| within.is_visited(&place)));
        for circle in &mut circles {
            circle.sort_unstable();
        }
        circles
    }

    fn circular(&self, circles: &[Vec<NodeIndex>]) -> Vec<Vec<Uuid>> {
        let groups = circles.iter().filter(|circle| circle.len() > 1);
        let mut groups: Vec<Vec<Uuid>> =
            groups.map(|circle| circle.iter().map(|place| self.id(*place)).collect()).collect();
        groups.sort_unstable();
        groups
    }

    /// The longest way through the groups, which form no circle among themselves; of equally long ones that of smaller ids.
    fn longest_chain(&self, circles: &[Vec<NodeIndex>]) -> Vec<Uuid> {
        let mut group_of = HashMap::new();
        for (group, circle) in circles.iter().enumerate() {
            group_of.extend(circle.iter().map(|place| (*place, group)));
        }
        let name = |group: usize| circles.get(group).and_then(|circle| circle.first()).copied();
        // How long the chain below each group is, and where it goes on.
        let mut below: Vec<(usize, Option<usize>)> = Vec::with_capacity(circles.len());
        let better = |below: &[(usize, Option<usize>)], group: usize| {
            (below.get(group).map_or(0, |(length, _)| *length), std::cmp::Reverse(name(group)))
        };
        for (group, circle) in circles.iter().enumerate() {
            let next = circle.iter().flat_map(|place| self.statements.neighbors(*place));
            let next = next.filter_map(|place| group_of.get(&place).copied()).filter(|other| *other != group);
            let next = next.max_by_key(|other| better(&below, *other));
            below.push((next.map_or(0, |other| better(&below, other).0 + 1), next));
        }
        let start = (0..circles.len()).max_by_key(|group| better(&below, *group));
        let chain = std::iter::successors(start, |group| below.get(*group).and_then(|(_, next)| *next));
        chain.filter_map(name).map(|place| self.id(place)).collect()
    }

    fn dangling(&self, reached: &[NodeIndex]) -> Vec<Uuid> {
        let bare = |place: &NodeIndex| {
            self.said(*place).is_some_and(|said| said.stance == Stance::Reports && !said.withdrawn)
                && self.is_root(*place)
        };
        reached.iter().copied().filter(bare).map(|place| self.id(place)).collect()
    }

    fn elsewhere(&self, roots: &BTreeSet<NodeIndex>) -> Vec<ElsewhereOrigin> {
        let named = |place: &NodeIndex| {
            Some(ElsewhereOrigin { statement_id: self.id(*place), claim_id: self.said(*place)?.claim_id })
        };
        roots.iter().filter_map(named).collect()
    }

    fn out_of_order(&self, reached: &[NodeIndex]) -> Vec<OutOfOrder> {
        let said_on = |place: NodeIndex| self.said(place)?.said_on.as_ref();
        let links = reached.iter().flat_map(|place| self.statements.edges(*place));
        let mut found: Vec<_> = links
            .filter(|link| match (said_on(link.source()), said_on(link.target())) {
                (Some(mine), Some(relied_on)) => relied_on.is_certainly_after(mine),
                _ => false,
            })
            .map(|link| (link.source(), link.target()))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(from, to)| OutOfOrder { statement_id: self.id(from), relies_on: self.id(to) }).collect()
    }

    /// Whether one document carries every root of these origins.
    fn share_a_document(origins: &[&Origin]) -> bool {
        let mut roots = origins.iter().flat_map(|origin| &origin.carried_by);
        let Some(first) = roots.next() else { return false };
        let shared = roots.fold(first.clone(), |shared, carried_by| &shared & carried_by);
        !shared.is_empty()
    }
}
