//! What the claim is to others, and others to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::positions::{Positions, Spoken};
use crate::claim_links::{ClaimLink, LinkKind};
use crate::claims::{Claim, ClaimStatus};
use crate::statements::Statement;

/// A link of the claim with the claim on its other end.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierLink {
    /// The link.
    #[serde(flatten)]
    pub link: ClaimLink,
    /// The claim on the other end, whichever that is; null where you may not see it.
    pub claim: Option<Claim>,
    /// Who stands where on that claim, where it contradicts this one; else null.
    pub positions: Option<Positions>,
}

/// The claim's links, with those of the claims on their other ends that are among these.
pub fn linked(claim_id: Uuid, links: Vec<ClaimLink>, claims: &BTreeMap<Uuid, Claim>) -> Vec<DossierLink> {
    let with_claim = |link: ClaimLink| {
        let claim = claims.get(&link.other_than(claim_id)).cloned();
        DossierLink { link, claim, positions: None }
    };
    links.into_iter().map(with_claim).collect()
}

/// The claims that contradict this one.
pub fn contradicting(links: &[DossierLink]) -> BTreeSet<Uuid> {
    links.iter().filter_map(DossierLink::contradicting).collect()
}

/// Adds who stands where on the claims that contradict this one. What was said on them is among these statements, by date.
pub fn weigh(links: &mut [DossierLink], statements: &[Statement]) {
    for one in links {
        let Some(claim_id) = one.contradicting() else { continue };
        let standing = statements
            .iter()
            .filter(|statement| statement.claim_id == claim_id && statement.status != ClaimStatus::Withdrawn);
        // Positions name sources by their ids.
        let spoken: Vec<_> = standing.map(|statement| Spoken::by(statement, "")).collect();
        one.positions = Some(Positions::of(&spoken));
    }
}

impl DossierLink {
    fn contradicting(&self) -> Option<Uuid> {
        self.claim.as_ref().filter(|_| self.link.kind == LinkKind::Contradicts).map(|claim| claim.id)
    }
}
