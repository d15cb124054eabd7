//! What was corrected in the open.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::DossierStatement;
use crate::claims::ClaimStatus;
use crate::columns::text_enum;
use crate::partial_date::PartialDate;
use crate::rating_scales::Rating;
use crate::verdicts::{CorrectionReason, Verdict, VerdictStatus};

text_enum! {
    /// What became of a published record.
    CorrectionKind {
        /// Another verdict took its place.
        VerdictSuperseded = "verdict_superseded",
        /// The verdict was retracted.
        VerdictRetracted = "verdict_retracted",
        /// The statement was changed, and says so.
        StatementCorrected = "statement_corrected",
        /// The statement was withdrawn.
        StatementWithdrawn = "statement_withdrawn",
    }
}

/// Something published that was wrong, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Correction {
    /// What became of it.
    pub kind: CorrectionKind,
    /// The verdict or statement.
    pub id: Uuid,
    /// The claim it is on: the dossier's or one of its parts.
    pub claim_id: Uuid,
    /// When it was superseded, retracted or withdrawn; of a corrected statement, when it last changed.
    pub corrected_at: DateTime<Utc>,
    /// Why a verdict was superseded.
    pub reason: Option<CorrectionReason>,
    /// What readers are told: the correction's note, or the reason of the retraction or withdrawal.
    pub note: Option<String>,
    /// When the superseded verdict's conclusion had been reached.
    pub reviewed_on: Option<PartialDate>,
    /// The rating of the superseded verdict.
    pub rating: Option<Rating>,
    /// The verdict that took its place.
    pub successor_id: Option<Uuid>,
    /// When the conclusion of that one was reached.
    pub successor_reviewed_on: Option<PartialDate>,
    /// The rating of that one; null when it was retracted since.
    pub successor_rating: Option<Rating>,
}

/// The corrections of these verdicts and statements, newest first. Verdicts that others superseded are among the verdicts
/// with those others.
pub fn corrections<'a>(
    verdicts: &[Verdict],
    statements: impl Iterator<Item = &'a DossierStatement>,
    ratings: &BTreeMap<Uuid, Rating>,
) -> Vec<Correction> {
    let successors: BTreeMap<_, _> = verdicts
        .iter()
        .filter(|verdict| !verdict.status.is_open())
        .filter_map(|verdict| Some((verdict.supersedes_id?, verdict)))
        .collect();
    let of_verdicts =
        verdicts.iter().filter_map(|verdict| of_verdict(verdict, successors.get(&verdict.id).copied(), ratings));
    let mut found: Vec<_> = of_verdicts.chain(statements.filter_map(of_statement)).collect();
    found.sort_by_key(|correction| std::cmp::Reverse((correction.corrected_at, correction.id)));
    found
}

fn of_verdict(verdict: &Verdict, successor: Option<&Verdict>, ratings: &BTreeMap<Uuid, Rating>) -> Option<Correction> {
    let rating = |of: &Verdict| of.rating_id.and_then(|id| ratings.get(&id)).cloned();
    let tombstone = Correction {
        kind: CorrectionKind::VerdictRetracted,
        id: verdict.id,
        claim_id: verdict.claim_id,
        corrected_at: verdict.updated_at,
        reason: None,
        note: verdict.retraction_reason.clone(),
        reviewed_on: None,
        rating: None,
        successor_id: None,
        successor_reviewed_on: None,
        successor_rating: None,
    };
    match verdict.status {
        VerdictStatus::Retracted => Some(tombstone),
        VerdictStatus::Superseded => {
            let standing = successor.filter(|one| one.status != VerdictStatus::Retracted);
            Some(Correction {
                kind: CorrectionKind::VerdictSuperseded,
                reason: standing.and_then(|one| one.correction_reason),
                note: standing.and_then(|one| one.correction_note.clone()),
                reviewed_on: verdict.reviewed_on.clone(),
                rating: rating(verdict),
                successor_id: successor.map(|one| one.id),
                successor_reviewed_on: standing.and_then(|one| one.reviewed_on.clone()),
                successor_rating: standing.and_then(rating),
                ..tombstone
            })
        }
        VerdictStatus::Draft | VerdictStatus::InReview | VerdictStatus::Approved | VerdictStatus::Published => None,
    }
}

fn of_statement(DossierStatement { statement, .. }: &DossierStatement) -> Option<Correction> {
    let (kind, note) = match statement.status {
        ClaimStatus::Withdrawn => (CorrectionKind::StatementWithdrawn, statement.withdrawn_reason.as_ref()?),
        ClaimStatus::Published => (CorrectionKind::StatementCorrected, statement.correction_note.as_ref()?),
        ClaimStatus::Draft => return None,
    };
    Some(Correction {
        kind,
        id: statement.id,
        claim_id: statement.claim_id,
        corrected_at: statement.updated_at,
        reason: None,
        note: Some(note.clone()),
        reviewed_on: None,
        rating: None,
        successor_id: None,
        successor_reviewed_on: None,
        successor_rating: None,
    })
}
