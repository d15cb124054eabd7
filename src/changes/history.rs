use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Operation, shown};
use crate::auth::Viewer;
use crate::error::{Error, Result};
use crate::page::PageRequest;

/// One version of a record, and what it changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// The change's id, for a proof that it is in the log.
    #[schema(example = 60)]
    pub change_id: i64,
    /// What happened to the record.
    pub operation: Operation,
    /// The record's version after it.
    #[schema(example = 1)]
    pub version: i32,
    /// When, database time.
    pub at: DateTime<Utc>,
    /// Whether everybody sees this version.
    pub public: bool,
    /// Who did it; for the newsroom's members only. Null for OnRecord itself and for SQL by hand.
    pub member_id: Option<Uuid>,
    /// With which key; for the newsroom's members only.
    pub key_id: Option<Uuid>,
    /// In which request (`X-Request-Id`); for the newsroom's members only.
    pub request_id: Option<String>,
    /// What a reader should know, such as a rule that was passed by; for the newsroom's members only, but of a redaction.
    pub remark: Option<String>,
    /// What differs from the version before that the caller sees, by field.
    pub changes: Vec<FieldChange>,
}

/// One field's difference.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// The field's name in the record.
    #[schema(example = "summary")]
    pub field: String,
    /// What it said before; null where there was no value.
    pub before: Value,
    /// What it says since; null where there is no value.
    pub after: Value,
    /// Whether a value that belongs here was redacted.
    pub redacted: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    operation: Operation,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Bool)]
    public: bool,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    member_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    key_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    request_id: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    changed: Vec<String>,
    #[diesel(sql_type = Nullable<Text>)]
    remark: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    after: Option<Value>,
    #[diesel(sql_type = Array<Text>)]
    redacted: Vec<String>,
    /// Of the version before that the viewer sees.
    #[diesel(sql_type = Nullable<Bool>)]
    earlier_public: Option<bool>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    earlier_after: Option<Value>,
    #[diesel(sql_type = Array<Text>)]
    earlier_redacted: Vec<String>,
}

/// Whose record it is, and whether everybody sees it today.
#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newsroom_id: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    public: bool,
    #[diesel(sql_type = Nullable<Text>)]
    withdrawn_reason: Option<String>,
}

/// A page of a record's history, newest first. Members see all versions of their newsroom's records, deleted ones too; others
/// see the versions that were public of a record that is.
pub async fn history(
    noun: &'static str,
    id: Uuid,
    page: &PageRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<HistoryEntry>> {
    let is_own = check_owner(noun, id, viewer, conn).await?;
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT c.id, c.operation, c.version, c.public, c.at, c.member_id, c.key_id, c.request_id, c.changed, c.remark, v.after, v.redacted,
             earlier.public AS earlier_public, earlier.after AS earlier_after, coalesce(earlier.redacted, '{}') AS earlier_redacted
         FROM changes c JOIN change_values v ON v.change_id = c.id
         LEFT JOIN LATERAL (
             SELECT e.public, w.after, w.redacted FROM changes e JOIN change_values w ON w.change_id = e.id
             WHERE e.noun = c.noun AND e.record_id = c.record_id AND e.id < c.id AND e.operation <> 'redact' AND ($4 OR e.public OR e.was_public)
             ORDER BY e.id DESC LIMIT 1) AS earlier ON true
         WHERE c.noun = $1 AND c.record_id = $2 AND c.id < $3 AND ($4 OR c.public OR c.was_public) ORDER BY c.id DESC LIMIT $5",
    )
    .bind::<Text, _>(noun)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(page.after_number().unwrap_or(i64::MAX))
    .bind::<Bool, _>(is_own)
    .bind::<BigInt, _>(page.rows())
    .load(&mut conn)
    .await?;
    Ok(rows.iter().map(|row| row.entry(is_own)).collect())
}

/// 404 or 410 for what the viewer may not see; else whether the record is the viewer's newsroom's.
async fn check_owner(noun: &'static str, id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<bool> {
    let owner: Option<Owner> = diesel::sql_query(
        "SELECT newsroom_id, is_public($1, $2) AS public,
             CASE $1 WHEN 'claim' THEN (SELECT withdrawn_reason::text FROM claims WHERE id = $2)
                     WHEN 'statement' THEN (SELECT withdrawn_reason::text FROM statements WHERE id = $2)
                     WHEN 'verdict' THEN (SELECT retraction_reason::text FROM verdicts WHERE id = $2) END AS withdrawn_reason
         FROM changes WHERE noun = $1 AND record_id = $2 ORDER BY id DESC LIMIT 1",
    )
    .bind::<Text, _>(noun)
    .bind::<SqlUuid, _>(id)
    .get_result(&mut conn)
    .await
    .optional()?;
    match owner {
        Some(Owner { newsroom_id: Some(newsroom_id), .. }) if viewer.is_of(newsroom_id) => Ok(true),
        Some(Owner { public: true, .. }) => Ok(false),
        Some(Owner { withdrawn_reason: Some(reason), .. }) => Err(Error::Gone { noun, reason }),
        _ => Err(Error::NotFound(noun)),
    }
}

impl Row {
    fn entry(&self, is_own: bool) -> HistoryEntry {
        let own = |value: Option<Uuid>| value.filter(|_| is_own);
        let changes = match self.operation {
            Operation::Redact => self.changed.iter().map(|field| FieldChange::redacted(field)).collect(),
            _ => self.differences(is_own),
        };
        HistoryEntry {
            change_id: self.id,
            operation: self.operation,
            version: self.version,
            at: self.at,
            public: self.public,
            member_id: own(self.member_id),
            key_id: own(self.key_id),
            request_id: self.request_id.clone().filter(|_| is_own),
            remark: self.remark.clone().filter(|_| is_own || self.operation == Operation::Redact),
            changes,
        }
    }

    fn differences(&self, is_own: bool) -> Vec<FieldChange> {
        let mut old = record(self.earlier_after.as_ref(), self.earlier_public.unwrap_or_default(), is_own);
        let mut new = record(self.after.as_ref(), self.public, is_own);
        let fields: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
        let changes =
            fields.into_iter().filter(|field| !BOOKKEEPING.contains(&field.as_str())).map(|field| FieldChange {
                before: old.remove(&field).unwrap_or_default(),
                after: new.remove(&field).unwrap_or_default(),
                redacted: self.redacted.contains(&field) || self.earlier_redacted.contains(&field),
                field,
            });
        changes.filter(|change| change.before != change.after || change.redacted).collect()
    }
}

/// The record as others than its newsroom saw it then: not while it was hidden.
fn record(after: Option<&Value>, public: bool, is_own: bool) -> Map<String, Value> {
    after.filter(|_| is_own || public).map(|after| shown(after, is_own)).unwrap_or_default()
}

impl FieldChange {
    fn redacted(field: &str) -> Self {
        Self { field: field.to_owned(), before: Value::Null, after: Value::Null, redacted: true }
    }
}

/// What readers know without being told.
const BOOKKEEPING: [&str; 5] = ["id", "newsroom_id", "created_at", "updated_at", "version"];
