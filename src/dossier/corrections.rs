//! What was corrected in the open.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::DossierStatement;
use crate::claims::ClaimStatus;
use crate::columns::text_enum;
use crate::error::Result;
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
    /// When it was superseded, retracted, corrected or withdrawn.
    pub corrected_at: DateTime<Utc>,
    /// Why a verdict was superseded.
    pub reason: Option<CorrectionReason>,
    /// What readers are told: the correction's note, or the reason of the retraction or withdrawal.
    pub note: Option<String>,
    /// When the superseded verdict's conclusion had been reached.
    pub reviewed_on: Option<PartialDate>,
    /// The rating of the superseded verdict.
    pub rating: Option<Rating>,
    /// The same in the words of its publisher, where that is another.
    pub textual_rating: Option<String>,
    /// The verdict that took its place.
    pub successor_id: Option<Uuid>,
    /// When the conclusion of that one was reached.
    pub successor_reviewed_on: Option<PartialDate>,
    /// The rating of that one; null when it was retracted since.
    pub successor_rating: Option<Rating>,
    /// The same in the words of its publisher, where that is another.
    pub successor_textual_rating: Option<String>,
}

/// A correction of a published statement, as the log of changes has it: a statement itself has only its last one.
#[derive(QueryableByName)]
pub struct Noted {
    #[diesel(sql_type = SqlUuid)]
    statement_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    note: String,
}

impl Noted {
    /// The corrections of these statements until now, or until the instant that is looked back to.
    pub async fn on(statements: &[Uuid], mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let noted = diesel::sql_query(
            "SELECT record_id AS statement_id, at, after ->> 'correction_note' AS note
             FROM changes JOIN change_values ON change_id = changes.id
             WHERE noun = 'statement' AND record_id = ANY ($1) AND public AND (was_public OR operation = 'insert')
                 AND 'correction_note' = ANY (changed) AND after ->> 'correction_note' IS NOT NULL
                 AND at <= coalesce(nullif(current_setting('onrecord.as_of', true), '')::timestamptz, 'infinity')",
        );
        Ok(noted.bind::<Array<SqlUuid>, _>(statements).load(&mut conn).await?)
    }
}

/// The corrections of these verdicts and statements, newest first. Verdicts that others superseded are among the verdicts
/// with those others.
pub fn corrections<'a>(
    verdicts: &[Verdict],
    statements: impl Iterator<Item = &'a DossierStatement> + Clone,
    noted: Vec<Noted>,
    ratings: &BTreeMap<Uuid, Rating>,
) -> Vec<Correction> {
    let successors: BTreeMap<_, _> = verdicts
        .iter()
        .filter(|verdict| !verdict.status.is_open())
        .filter_map(|verdict| Some((verdict.supersedes_id?, verdict)))
        .collect();
    let of_verdicts =
        verdicts.iter().filter_map(|verdict| of_verdict(verdict, successors.get(&verdict.id).copied(), ratings));
    let standing: BTreeMap<Uuid, &DossierStatement> = statements
        .clone()
        .filter(|one| one.statement.status == ClaimStatus::Published)
        .map(|one| (one.statement.id, one))
        .collect();
    let corrected = noted.into_iter().filter_map(|Noted { statement_id, at, note }| {
        let kind = CorrectionKind::StatementCorrected;
        Some(of_statement(kind, standing.get(&statement_id)?, at, note))
    });
    let withdrawn = statements.filter_map(|one| {
        let reason = one.statement.withdrawn_reason.clone()?;
        Some(of_statement(CorrectionKind::StatementWithdrawn, one, one.statement.updated_at, reason))
    });
    let mut found: Vec<_> = of_verdicts.chain(corrected).chain(withdrawn).collect();
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
        textual_rating: None,
        successor_id: None,
        successor_reviewed_on: None,
        successor_rating: None,
        successor_textual_rating: None,
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
                textual_rating: verdict.textual_rating.clone(),
                successor_id: successor.map(|one| one.id),
                successor_reviewed_on: standing.and_then(|one| one.reviewed_on.clone()),
                successor_rating: standing.and_then(rating),
                successor_textual_rating: standing.and_then(|one| one.textual_rating.clone()),
                ..tombstone
            })
        }
        VerdictStatus::Draft | VerdictStatus::InReview | VerdictStatus::Approved | VerdictStatus::Published => None,
    }
}

fn of_statement(
    kind: CorrectionKind,
    DossierStatement { statement, .. }: &DossierStatement,
    corrected_at: DateTime<Utc>,
    note: String,
) -> Correction {
    Correction {
        kind,
        id: statement.id,
        claim_id: statement.claim_id,
        corrected_at,
        reason: None,
        note: Some(note),
        reviewed_on: None,
        rating: None,
        textual_rating: None,
        successor_id: None,
        successor_reviewed_on: None,
        successor_rating: None,
        successor_textual_rating: None,
    }
}
