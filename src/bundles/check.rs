//! The rules across a bundle's items, and between them and what is recorded: each broken one is named at its item.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;
use validator::Validate;

use super::read::{Bundle, Item};
use crate::auth::{Caller, Role};
use crate::body::one_each;
use crate::claims::{ClaimStatus, lock_trees};
use crate::error::{Error, FieldError, Result};
use crate::faults::field_errors;
use crate::references::{self, Reference};
use crate::schema::{claims, statements, verdicts};
use crate::verdicts::{NewStatus, VerdictStatus, check_unreviewed};

/// 403 where the caller publishes what it may not.
pub async fn check_role(bundle: &Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let publishes = bundle.claims.iter().any(|item| item.new.status == ClaimStatus::Published)
        || bundle.statements.iter().any(|item| item.new.status == ClaimStatus::Published);
    if publishes {
        caller.needs(Role::Editor)?;
    }
    if bundle.verdicts.iter().any(|item| item.new.status == NewStatus::Published) {
        check_unreviewed(caller, conn).await?;
    }
    Ok(())
}

/// A verdict as far as those that supersede it depend on it.
struct Earlier {
    newsroom_id: Uuid,
    claim_id: Uuid,
    status: VerdictStatus,
    /// Whether a correction of it is open.
    corrected: bool,
}

/// What the bundle refers to beyond itself, as far as rules depend on it. Locked, so that it stays so.
struct Recorded {
    claims: HashMap<Uuid, (Uuid, ClaimStatus)>,
    statements: HashMap<Uuid, ClaimStatus>,
    verdicts: HashMap<Uuid, Earlier>,
}

impl Recorded {
    async fn load(references: &[Reference], conn: &mut AsyncPgConnection) -> Result<Self> {
        let ids: Vec<Uuid> = references.iter().map(|reference| reference.id).collect();
        lock_trees(&ids, &ids, conn).await?;
        let claims: Vec<(Uuid, Uuid, ClaimStatus)> = claims::table
            .filter(claims::id.eq_any(&ids))
            .select((claims::id, claims::newsroom_id, claims::status))
            .load(conn)
            .await?;
        let statements: Vec<(Uuid, ClaimStatus, bool)> = statements::table
            .filter(statements::id.eq_any(&ids))
            .select((statements::id, statements::status, statements::public))
            .load(conn)
            .await?;
        let open = [VerdictStatus::Draft, VerdictStatus::InReview, VerdictStatus::Approved];
        let corrected: Vec<Option<Uuid>> = verdicts::table
            .filter(verdicts::supersedes_id.eq_any(&ids).and(verdicts::status.eq_any(open).nullable()))
            .select(verdicts::supersedes_id)
            .load(conn)
            .await?;
        let verdicts: Vec<(Uuid, Uuid, Uuid, VerdictStatus)> = verdicts::table
            .filter(verdicts::id.eq_any(&ids))
            .select((verdicts::id, verdicts::newsroom_id, verdicts::claim_id, verdicts::status))
            .load(conn)
            .await?;
        let earlier = |(id, newsroom_id, claim_id, status)| {
            (id, Earlier { newsroom_id, claim_id, status, corrected: corrected.contains(&Some(id)) })
        };
        Ok(Self {
            claims: claims.into_iter().map(|(id, newsroom_id, status)| (id, (newsroom_id, status))).collect(),
            // One whose claim was withdrawn is no more to be relied on than a withdrawn one.
            statements: statements
                .into_iter()
                .map(|(id, status, public)| match status {
                    ClaimStatus::Published if !public => (id, ClaimStatus::Withdrawn),
                    _ => (id, status),
                })
                .collect(),
            verdicts: verdicts.into_iter().map(earlier).collect(),
        })
    }
}

/// 422 that names every item that cannot be recorded.
pub async fn check(bundle: &Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let mut errors = bundle.faults.clone();
    errors.extend(again(bundle));
    let own: BTreeSet<Uuid> = bundle.ids().union(&bundle.unreadable).copied().collect();
    let references = bundle.references();
    let outside: Vec<Reference> = references.into_iter().filter(|reference| !own.contains(&reference.id)).collect();
    let mut recorded = Recorded::load(&outside, conn).await?;
    errors.extend(references::unknown(&outside, &BTreeSet::new(), caller, conn).await?);
    recorded.claims.extend(bundle.claims.iter().map(|item| (item.id, (caller.newsroom_id, item.new.status))));
    recorded.statements.extend(bundle.statements.iter().map(|item| (item.id, item.new.status)));
    recorded.verdicts.extend(bundle.verdicts.iter().map(|Item { id, new, .. }| {
        let (newsroom_id, status) = (caller.newsroom_id, new.status.into());
        (*id, Earlier { newsroom_id, claim_id: new.claim_id, status, corrected: false })
    }));
    errors.extend(check_sources_and_documents(bundle));
    check_claims(bundle, caller, &recorded, &mut errors);
    check_statements(bundle, &recorded, &mut errors);
    check_verdicts(bundle, &recorded, &mut errors);
    check_successors(bundle, caller, &recorded, &mut errors);
    if errors.is_empty() {
        return Ok(());
    }
    Err(Error::Validation(one_each(errors)))
}

/// The rules of single items, once more: reuse may have made one record of two that an item lists.
fn again(bundle: &Bundle) -> Vec<FieldError> {
    fn faults<T: Validate>(items: &[Item<T>]) -> impl Iterator<Item = FieldError> + '_ {
        items.iter().flat_map(|item| {
            let faults = item.new.validate().err().map(|errors| field_errors(&errors)).unwrap_or_default();
            faults.into_iter().map(|fault| FieldError { pointer: item.pointer.clone() + &fault.pointer, ..fault })
        })
    }
    faults(&bundle.statements).chain(faults(&bundle.verdicts)).collect()
}

const CREATED_WITHDRAWN: &str = "must be draft or published: nothing is recorded withdrawn";

fn check_claims(bundle: &Bundle, caller: Caller, recorded: &Recorded, errors: &mut Vec<FieldError>) {
    let parents: HashMap<Uuid, Option<Uuid>> =
        bundle.claims.iter().map(|item| (item.id, item.new.part_of_id)).collect();
    for item in &bundle.claims {
        let mut fault =
            |member: &str, detail: &str| errors.push(FieldError::new(format!("{}/{member}", item.pointer), detail));
        if item.new.status == ClaimStatus::Withdrawn {
            fault("status", CREATED_WITHDRAWN);
        }
        let parent = item.new.part_of_id.and_then(|id| recorded.claims.get(&id));
        if parent.is_some_and(|(newsroom_id, _)| *newsroom_id != caller.newsroom_id) {
            fault("part_of_id", "must be a claim of your own newsroom");
        }
        // No chain is longer than the bundle, unless it is a circle.
        let chain = std::iter::successors(item.new.part_of_id, |id| parents.get(id).copied().flatten());
        if chain.take(parents.len() + 1).any(|id| id == item.id) {
            fault("part_of_id", "makes the claim a part of itself");
        }
    }
}

/// Reused ones too: what an item says of a record that is there already must be possible all the same.
fn check_sources_and_documents(bundle: &Bundle) -> Vec<FieldError> {
    let fault = |pointer: &str, member: &str, noun: &str| {
        FieldError::new(format!("{pointer}/{member}"), format!("must be another {noun}"))
    };
    let sources = bundle.sources.iter().chain(&bundle.reused_sources);
    let documents = bundle.documents.iter().chain(&bundle.reused_documents);
    let sources = sources.filter(|item| item.new.affiliation_id == Some(item.id));
    let documents = documents.filter(|item| item.new.derived_from_id == Some(item.id));
    sources
        .map(|item| fault(&item.pointer, "affiliation_id", "source"))
        .chain(documents.map(|item| fault(&item.pointer, "derived_from_id", "document")))
        .collect()
}

fn check_statements(bundle: &Bundle, recorded: &Recorded, errors: &mut Vec<FieldError>) {
    for item in &bundle.statements {
        let mut fault =
            |member: &str, detail: &str| errors.push(FieldError::new(format!("{}/{member}", item.pointer), detail));
        let published = item.new.status == ClaimStatus::Published;
        if item.new.status == ClaimStatus::Withdrawn {
            fault("status", CREATED_WITHDRAWN);
        }
        if published
            && recorded.claims.get(&item.new.claim_id).is_some_and(|(_, status)| *status != ClaimStatus::Published)
        {
            fault("claim_id", "must be a published claim, as the statement is published");
        }
        for (index, reliance) in item.new.relies_on.iter().enumerate() {
            let member = format!("relies_on/{index}/statement_id");
            if reliance.statement_id == item.id {
                fault(&member, "must be another statement");
            } else if published
                && recorded
                    .statements
                    .get(&reliance.statement_id)
                    .is_some_and(|status| *status != ClaimStatus::Published)
            {
                fault(&member, "must be a published statement, as this one is published");
            }
        }
    }
}

fn check_verdicts(bundle: &Bundle, recorded: &Recorded, errors: &mut Vec<FieldError>) {
    for item in &bundle.verdicts {
        let mut fault =
            |member: &str, detail: &str| errors.push(FieldError::new(format!("{}/{member}", item.pointer), detail));
        let published = item.new.status == NewStatus::Published;
        if published
            && recorded.claims.get(&item.new.claim_id).is_some_and(|(_, status)| *status != ClaimStatus::Published)
        {
            fault("claim_id", "must be a published claim, as the verdict is published");
        }
        for (index, one) in item.new.evidence.iter().enumerate() {
            let cited = one.statement_id.and_then(|id| recorded.statements.get(&id));
            if published && cited.is_some_and(|status| *status != ClaimStatus::Published) {
                fault(
                    &format!("evidence/{index}/statement_id"),
                    "must be a published statement, as the verdict is published",
                );
            }
        }
    }
}

fn check_successors(bundle: &Bundle, caller: Caller, recorded: &Recorded, errors: &mut Vec<FieldError>) {
    let earlier: HashMap<Uuid, Option<Uuid>> =
        bundle.verdicts.iter().map(|item| (item.id, item.new.supersedes_id)).collect();
    let mut superseded = BTreeSet::new();
    for Item { id, pointer, new, .. } in &bundle.verdicts {
        let Some(supersedes_id) = new.supersedes_id else { continue };
        // No chain is longer than the bundle, unless it is a circle.
        let mut chain =
            std::iter::successors(new.supersedes_id, |id| earlier.get(id).copied().flatten()).take(earlier.len() + 1);
        let fault = match recorded.verdicts.get(&supersedes_id) {
            _ if supersedes_id == *id => "must be another verdict",
            _ if chain.any(|earlier| earlier == *id) => "makes the verdict supersede itself",
            _ if !superseded.insert(supersedes_id) => "is superseded by another item too",
            Some(one) if one.claim_id != new.claim_id => "must be a verdict on the same claim",
            Some(one) if one.newsroom_id != caller.newsroom_id => "must be a verdict of your own newsroom",
            Some(one) if one.corrected => "has a correction that is open already",
            Some(one) if new.status == NewStatus::Published && one.status != VerdictStatus::Published => {
                "must be a published verdict, as this one is published"
            }
            _ => continue,
        };
        errors.push(FieldError::new(format!("{pointer}/supersedes_id"), fault));
    }
}
