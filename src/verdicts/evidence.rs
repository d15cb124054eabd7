//! What a verdict rests on.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::explain::explain;
use super::model::NewVerdict;
use crate::columns::text_enum;
use crate::error::{OnConstraint, Result};
use crate::schema::evidence;

text_enum! {
    /// How evidence bears on the claim.
    Bearing {
        /// It speaks for the claim.
        Supports = "supports",
        /// It speaks against the claim.
        Refutes = "refutes",
        /// It helps to understand the claim.
        Context = "context",
    }
}

/// A statement or a document that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = statement_or_document))]
pub struct Evidence {
    /// The statement; null where a document is cited.
    pub statement_id: Option<Uuid>,
    /// The document; null where a statement is cited.
    pub document_id: Option<Uuid>,
    /// How it bears on the claim.
    pub bearing: Bearing,
    /// What it shows. Public with the verdict.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub note: Option<String>,
}

fn statement_or_document(evidence: &Evidence) -> Result<(), ValidationError> {
    let detail = match (evidence.statement_id, evidence.document_id) {
        (None, None) => "is needed, or a document_id",
        (Some(_), Some(_)) => "must be left out where a document_id is given: cite each in an item of its own",
        _ => return Ok(()),
    };
    Err(ValidationError::new("statement_id").with_message(detail.into()))
}

/// Each statement or document is cited once.
pub fn cited_once(new: &NewVerdict) -> Result<(), ValidationError> {
    let mut seen = BTreeSet::new();
    let repeated = new.evidence.iter().position(|one| !seen.insert((one.statement_id, one.document_id)));
    repeated.map_or(Ok(()), |index| {
        let message = Some("is cited twice: join the notes".into());
        Err(ValidationError { code: format!("evidence/{index}").into(), message, params: HashMap::new() })
    })
}

/// How many rows one statement inserts: PostgreSQL takes 65,535 parameters.
const CHUNK: usize = 8_000;

/// Writes the evidence of verdicts as it shall be. What stays is left in place: a published verdict may go on citing a
/// statement that was withdrawn, it may not begin to.
pub async fn write(verdicts: &[(Uuid, &NewVerdict)], conn: &mut AsyncPgConnection) -> Result<()> {
    let rows: Vec<_> = verdicts
        .iter()
        .flat_map(|(id, new)| (0..).zip(&new.evidence).map(|(position, one)| (*id, position, one)))
        .map(|(id, position, Evidence { statement_id, document_id, bearing, note }): (Uuid, i32, _)| {
            (
                evidence::verdict_id.eq(id),
                evidence::statement_id.eq(*statement_id),
                evidence::document_id.eq(*document_id),
                evidence::bearing.eq(*bearing),
                evidence::note.eq(note),
                evidence::position.eq(position),
            )
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        diesel::insert_into(evidence::table)
            .values(chunk)
            .on_conflict((evidence::verdict_id, evidence::statement_id, evidence::document_id))
            .do_update()
            .set((
                evidence::bearing.eq(excluded(evidence::bearing)),
                evidence::note.eq(excluded(evidence::note)),
                evidence::position.eq(excluded(evidence::position)),
            ))
            .execute(conn)
            .await
            .on_constraint(explain)?;
    }
    Ok(())
}

/// Replaces the evidence of one verdict.
pub async fn replace(id: Uuid, new: &NewVerdict, conn: &mut AsyncPgConnection) -> Result<()> {
    let statements: Vec<_> = new.evidence.iter().filter_map(|one| one.statement_id).collect();
    let documents: Vec<_> = new.evidence.iter().filter_map(|one| one.document_id).collect();
    let gone = evidence::statement_id.ne_all(statements).or(evidence::document_id.ne_all(documents));
    diesel::delete(evidence::table.filter(evidence::verdict_id.eq(id)).filter(gone)).execute(conn).await?;
    write(&[(id, new)], conn).await
}
