//! The two lists of a statement: where else it appears, and whom it relies on.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::model::{NewStatement, explain};
use crate::error::{OnConstraint, Result};
use crate::schema::{appearances, relies_on};
use crate::text;

/// Another document that carries a statement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appearance {
    /// The document.
    pub document_id: Uuid,
    /// Where in it: a page, a timestamp.
    #[validate(length(max = 200), custom(function = text::line))]
    #[schema(max_length = 200)]
    pub locator: Option<String>,
}

/// A statement that another one relies on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reliance {
    /// The statement relied on.
    pub statement_id: Uuid,
    /// How the reliance is worded, such as "citing".
    #[validate(length(max = 200), custom(function = text::line))]
    #[schema(max_length = 200)]
    pub wording: Option<String>,
}

/// Each document or statement is listed once.
pub fn listed_once(new: &NewStatement) -> Result<(), ValidationError> {
    let repeated = |list: &str, member: &str, index: usize| {
        Err(ValidationError {
            code: format!("{list}/{index}/{member}").into(),
            message: Some("is listed twice".into()),
            params: HashMap::new(),
        })
    };
    let mut seen = BTreeSet::new();
    if let Some(index) = new.appearances.iter().position(|appearance| !seen.insert(appearance.document_id)) {
        return repeated("appearances", "document_id", index);
    }
    seen.clear();
    if let Some(index) = new.relies_on.iter().position(|reliance| !seen.insert(reliance.statement_id)) {
        return repeated("relies_on", "statement_id", index);
    }
    Ok(())
}

/// How many rows one statement inserts: PostgreSQL takes 65,535 parameters.
const CHUNK: usize = 10_000;

/// Writes the lists of statements as they shall be. What stays is left in place: a published statement may go on
/// relying on one that was withdrawn, it may not begin to.
pub async fn write(statements: &[(Uuid, &NewStatement)], conn: &mut AsyncPgConnection) -> Result<()> {
    let carried: Vec<_> = statements
        .iter()
        .flat_map(|(id, new)| (0..).zip(&new.appearances).map(|(position, appearance)| (*id, position, appearance)))
        .map(|(id, position, Appearance { document_id, locator })| {
            use appearances as of;
            (
                of::statement_id.eq(id),
                of::document_id.eq(*document_id),
                of::locator.eq(locator),
                of::position.eq(position),
            )
        })
        .collect();
    for chunk in carried.chunks(CHUNK) {
        diesel::insert_into(appearances::table)
            .values(chunk)
            .on_conflict((appearances::statement_id, appearances::document_id))
            .do_update()
            .set((
                appearances::locator.eq(excluded(appearances::locator)),
                appearances::position.eq(excluded(appearances::position)),
            ))
            .execute(conn)
            .await?;
    }
    let relied: Vec<_> = statements
        .iter()
        .flat_map(|(id, new)| (0..).zip(&new.relies_on).map(|(position, reliance)| (*id, position, reliance)))
        .map(|(id, position, Reliance { statement_id, wording })| {
            use relies_on as on;
            (
                on::statement_id.eq(id),
                on::relied_on_id.eq(*statement_id),
                on::wording.eq(wording),
                on::position.eq(position),
            )
        })
        .collect();
    for chunk in relied.chunks(CHUNK) {
        diesel::insert_into(relies_on::table)
            .values(chunk)
            .on_conflict((relies_on::statement_id, relies_on::relied_on_id))
            .do_update()
            .set((
                relies_on::wording.eq(excluded(relies_on::wording)),
                relies_on::position.eq(excluded(relies_on::position)),
            ))
            .execute(conn)
            .await
            .on_constraint(explain)?;
    }
    Ok(())
}

/// Replaces the lists of one statement.
pub async fn replace(id: Uuid, new: &NewStatement, conn: &mut AsyncPgConnection) -> Result<()> {
    let documents = new.appearances.iter().map(|appearance| appearance.document_id);
    diesel::delete(
        appearances::table.filter(appearances::statement_id.eq(id)).filter(appearances::document_id.ne_all(documents)),
    )
    .execute(conn)
    .await?;
    let statements = new.relies_on.iter().map(|reliance| reliance.statement_id);
    diesel::delete(
        relies_on::table.filter(relies_on::statement_id.eq(id)).filter(relies_on::relied_on_id.ne_all(statements)),
    )
    .execute(conn)
    .await?;
    write(&[(id, new)], conn).await
}
