use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::columns::text_enum;
use crate::error::{Error, OnConstraint, Result};
use crate::text;

text_enum! {
    /// The records whose former versions can be redacted.
    RedactedNoun {
        /// A source.
        Source = "source",
        /// A document.
        Document = "document",
        /// A claim.
        Claim = "claim",
        /// A statement.
        Statement = "statement",
        /// A verdict.
        Verdict = "verdict",
        /// A member.
        Member = "member",
        /// A comment request.
        CommentRequest = "comment_request",
        /// A link between claims.
        ClaimLink = "claim_link",
        /// An entry in a verdict's thread.
        VerdictComment = "verdict_comment",
    }
}

impl RedactedNoun {
    /// The fields that can hold what must be erased: what people have written.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Source => &["name", "description", "aliases", "website", "wikidata_id", "note"],
            Self::Document => &["title", "url", "description", "archive_url", "authors"],
            Self::Claim => &["text", "context", "place", "withdrawn_reason"],
            Self::Statement => &[
                "spoke_as",
                "quote",
                "translation",
                "locator",
                "appearances",
                "note",
                "correction_note",
                "withdrawn_reason",
            ],
            Self::Verdict => &[
                "textual_rating",
                "title",
                "summary",
                "explanation",
                "url",
                "claim_reviewed",
                "evidence",
                "correction_note",
                "retraction_reason",
            ],
            Self::Member => &["name", "email", "oidc_subject"],
            Self::CommentRequest => &["question", "note"],
            Self::ClaimLink => &["note"],
            Self::VerdictComment => &["comment"],
        }
    }
}

/// Lists of other records, with a text for each.
const LISTS: [&str; 2] = ["appearances", "evidence"];

/// What to erase from the log.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"noun": "source", "record_id": "#senior-diplomat", "fields": ["description"], "reason": "Erasure requested by the person concerned"}))]
pub struct NewRedaction {
    /// What the record is.
    pub noun: RedactedNoun,
    /// The record, of your newsroom; it may be deleted.
    pub record_id: Uuid,
    /// The fields whose former values are erased: texts that people wrote.
    #[validate(length(min = 1, max = 20))]
    #[schema(min_items = 1, max_items = 20)]
    pub fields: Vec<String>,
    /// Whether to erase what the record says now as well, where it cannot be changed any more: texts become `[redacted]`, addresses
    /// and lists of names go. Left out, only former versions are blanked.
    #[serde(default)]
    pub now: bool,
    /// Why. Public, as the redaction itself is on the log.
    #[validate(length(min = 1, max = 2000), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redaction {
    /// The redaction's own place in the log.
    pub change_id: i64,
    /// What the record is.
    pub noun: RedactedNoun,
    /// The record.
    pub record_id: Uuid,
    /// The fields.
    pub fields: Vec<String>,
    /// Why.
    pub reason: String,
    /// When, database time.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newsroom_id: Option<Uuid>,
}

#[derive(QueryableByName)]
struct Redacted {
    #[diesel(sql_type = BigInt)]
    change: i64,
}

#[derive(QueryableByName)]
struct Moment {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// Erases what fields said before, wherever it differs from what the record says now; of a deleted record all.
pub async fn redact(new: &NewRedaction, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Redaction> {
    let NewRedaction { noun, record_id, fields, now, reason } = new;
    if let Some(index) = fields.iter().position(|field| !noun.fields().contains(&field.as_str())) {
        let known = noun.fields().join(", ");
        return Err(Error::field(format!("/fields/{index}"), format!("must be one of {known}")));
    }
    let repeated = |(index, field): (usize, &String)| fields[..index].contains(field).then_some(index);
    if let Some(index) = fields.iter().enumerate().find_map(repeated) {
        return Err(Error::field(format!("/fields/{index}"), "is listed twice"));
    }
    if let Some(index) = fields.iter().position(|field| *now && LISTS.contains(&field.as_str())) {
        return Err(Error::field(format!("/fields/{index}"), "cannot be erased with now: it names other records"));
    }
    let owner: Option<Owner> = diesel::sql_query(
        "SELECT newsroom_id FROM changes WHERE noun = $1 AND record_id = $2 ORDER BY id DESC LIMIT 1",
    )
    .bind::<Text, _>(noun.as_str())
    .bind::<SqlUuid, _>(record_id)
    .get_result(conn)
    .await
    .optional()?;
    if owner.and_then(|owner| owner.newsroom_id) != Some(caller.newsroom_id) {
        return Err(Error::field("/record_id", "must be the id of a record of your newsroom"));
    }
    // The form in which documents' addresses are compared tells the address.
    let mut blanked = fields.clone();
    let compared = *noun == RedactedNoun::Document && fields.iter().any(|field| field == "url");
    blanked.extend(compared.then(|| "url_normal".to_owned()));
    let Redacted { change } = diesel::sql_query("SELECT redact($1, $2, $3, $4, $5) AS change")
        .bind::<Text, _>(noun.as_str())
        .bind::<SqlUuid, _>(record_id)
        .bind::<Array<Text>, _>(&blanked)
        .bind::<Text, _>(reason)
        .bind::<Bool, _>(now)
        .get_result(conn)
        .await
        .on_constraint(|constraint| {
            (constraint == "documents_identified").then(|| {
                Error::conflict("A document needs a title, a url or a description: give it another one first.")
            })
        })?;
    if change == 0 {
        return Err(Error::conflict(
            "Former versions say nothing else in these fields than the record does now. To erase what it says now, change or delete the record first, or send now.",
        ));
    }
    let Moment { at } =
        diesel::sql_query("SELECT at FROM changes WHERE id = $1").bind::<BigInt, _>(change).get_result(conn).await?;
    Ok(Redaction {
        change_id: change,
        noun: *noun,
        record_id: *record_id,
        fields: fields.clone(),
        reason: reason.clone(),
        at,
    })
}
