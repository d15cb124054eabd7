//! Which statements are their sources' positions on a claim: of one source's, the latest that takes a side or retracts.

use std::collections::{BTreeSet, HashMap};

use petgraph::graph::NodeIndex;
use uuid::Uuid;

use super::graph::{Graph, Spoken};
use crate::partial_date::PartialDate;
use crate::stance::Side;

/// The positions on a claim and on those linked to it `same_as`.
pub struct Positions<'a> {
    graph: &'a Graph,
    /// The claims that are asked about, taken as one.
    claims: BTreeSet<Uuid>,
    /// Those claims and the ones linked `same_as`.
    same: BTreeSet<Uuid>,
    /// The newest date that each source spoke on, by claim, side and whether it was the newsroom that is asked about.
    newest: HashMap<Uuid, Vec<Newest<'a>>>,
}

struct Newest<'a> {
    claim_id: Uuid,
    side: Side,
    asked_about: bool,
    said_on: &'a PartialDate,
}

impl<'a> Positions<'a> {
    /// The positions on these claims, taken as one.
    pub fn on(claims: &[Uuid], graph: &'a Graph) -> Self {
        let same = claims.iter().filter_map(|claim| graph.same.get(claim)).flat_map(|class| class.iter());
        let same: BTreeSet<Uuid> = same.chain(claims).copied().collect();
        let mut positions = Self { graph, claims: claims.iter().copied().collect(), same, newest: HashMap::new() };
        for claim_id in &positions.same.clone() {
            let within = graph.by_claim.get(claim_id).into_iter().flatten().filter_map(|place| graph.said(*place));
            for said in within.chain(graph.elsewhere.get(claim_id).into_iter().flatten()) {
                positions.note(said);
            }
        }
        positions
    }

    fn note(&mut self, said: &'a Spoken) {
        let Some(said_on) = said.said_on.as_ref().filter(|_| !said.withdrawn && said.stance.is_position()) else {
            return;
        };
        let (claim_id, side, asked_about) = (said.claim_id, said.stance.side(), self.is_asked_about(said));
        let newest = self.newest.entry(said.source_id).or_default();
        let same =
            |known: &&mut Newest<'_>| (known.claim_id, known.side, known.asked_about) == (claim_id, side, asked_about);
        match newest.iter_mut().find(same) {
            Some(known) => known.said_on = known.said_on.max(said_on),
            None => newest.push(Newest { claim_id, side, asked_about, said_on }),
        }
    }

    /// Whether the statement is one of those that are started from, as far as newsrooms go.
    fn is_asked_about(&self, said: &Spoken) -> bool {
        self.claims.contains(&said.claim_id) && self.graph.newsroom_id.is_none_or(|asked| asked == said.newsroom_id)
    }

    /// Whether the statement is on the claim or on one linked `same_as`.
    pub fn is_on_the_claim(&self, place: NodeIndex) -> bool {
        self.graph.said(place).is_some_and(|said| self.same.contains(&said.claim_id))
    }

    /// Whether the statement takes this side, and its source has not said otherwise later.
    pub fn counts(&self, place: NodeIndex, side: Side) -> bool {
        let Some(said) = self.graph.said(place) else { return false };
        !said.withdrawn && said.stance.side() == side && !self.is_overtaken(said)
    }

    /// On the same claim any later position of the source takes this one's place; on another that says the same, one of
    /// another side does: a translation that agrees takes nothing back. Where one newsroom's statements are asked about,
    /// they are compared among themselves.
    fn is_overtaken(&self, said: &Spoken) -> bool {
        let Some(said_on) = &said.said_on else { return false };
        let only_asked_about = self.graph.newsroom_id.is_some() && self.is_asked_about(said);
        let asked = self.claims.contains(&said.claim_id);
        let on_one = |claim_id: Uuid| claim_id == said.claim_id || asked && self.claims.contains(&claim_id);
        self.newest.get(&said.source_id).into_iter().flatten().any(|newest| {
            (newest.asked_about || !only_asked_about)
                && (on_one(newest.claim_id) || newest.side != said.stance.side())
                && newest.said_on.is_certainly_after(said_on)
        })
    }
}
