//! Verdicts as rows of a table.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::table::{Table, TableForm, date, id, ids, optional, time};
use crate::auth::Viewer;
use crate::error::Result;
use crate::verdicts::{CorrectionReason, Verdict};

const COLUMNS: [&str; 27] = [
    "id",
    "claim_id",
    "claim",
    "rating",
    "rating_value",
    "rating_id",
    "title",
    "summary",
    "explanation",
    "language",
    "url",
    "reviewed_on",
    "publisher",
    "evidence",
    "status",
    "under_review",
    "supersedes_id",
    "correction_reason",
    "correction_note",
    "retraction_reason",
    "author_id",
    "newsroom_id",
    "newsroom",
    "page",
    "created_at",
    "updated_at",
    "version",
];

/// What a table tells of a verdict beside its own members.
#[derive(Debug, QueryableByName)]
struct Beside {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    newsroom: String,
    #[diesel(sql_type = Nullable<Text>)]
    claim: Option<String>,
    #[diesel(sql_type = Bool)]
    has_page: bool,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    numeric_value: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    publisher: Option<String>,
}

/// As far as the viewer sees it.
const BESIDE: &str = "SELECT v.id, n.name AS newsroom, c.text AS claim, coalesce(c.status <> 'draft', false) AS has_page, coalesce(v.textual_rating, r.label) AS label, CASE WHEN v.author_id IS NULL THEN r.numeric_value END AS numeric_value, coalesce(a.name, CASE WHEN v.author_id IS NULL THEN n.name END) AS publisher
    FROM verdicts AS v JOIN newsrooms AS n ON n.id = v.newsroom_id LEFT JOIN ratings AS r ON r.id = v.rating_id
    LEFT JOIN claims AS c ON c.id = v.claim_id AND (c.status = 'published' OR c.newsroom_id = $2)
    LEFT JOIN sources AS a ON a.id = v.author_id AND (a.public OR a.newsroom_id = $2)
    WHERE v.id = ANY ($1)";

/// Verdicts as rows; `site` is before the path of their claims' pages.
pub async fn rows(
    verdicts: &[Verdict],
    form: TableForm,
    is_first: bool,
    site: &str,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<u8>> {
    let named: Vec<Uuid> = verdicts.iter().map(|verdict| verdict.id).collect();
    let query = diesel::sql_query(BESIDE).bind::<Array<SqlUuid>, _>(named);
    let query = query.bind::<SqlUuid, _>(viewer.newsroom_id().unwrap_or_default());
    let beside: Vec<Beside> = query.load(&mut conn).await?;
    let beside: HashMap<Uuid, Beside> = beside.into_iter().map(|one| (one.id, one)).collect();
    let heading = is_first.then_some(&COLUMNS);
    Table::of(form, heading, verdicts, |verdict| beside.get(&verdict.id), |verdict, beside| row(verdict, beside, site))
}

fn row<'a>(verdict: &'a Verdict, beside: &'a Beside, site: &str) -> [Cow<'a, str>; COLUMNS.len()] {
    let page = if beside.has_page { format!("{site}/claims/{}", verdict.claim_id) } else { String::new() };
    [
        verdict.id.to_string().into(),
        verdict.claim_id.to_string().into(),
        // As it stood when it was reviewed.
        optional(verdict.claim_reviewed.as_ref().or(beside.claim.as_ref())),
        optional(beside.label.as_ref()),
        beside.numeric_value.map(|value| value.to_string()).unwrap_or_default().into(),
        id(verdict.rating_id),
        optional(verdict.title.as_ref()),
        optional(verdict.summary.as_ref()),
        optional(verdict.explanation.as_ref()),
        optional(verdict.language.as_ref()),
        optional(verdict.url.as_ref()),
        date(verdict.reviewed_on.as_ref()),
        optional(beside.publisher.as_ref()),
        ids(verdict.evidence.0.iter().filter_map(|one| one.statement_id.or(one.document_id))),
        verdict.status.as_str().into(),
        if verdict.under_review { "true" } else { "false" }.into(),
        id(verdict.supersedes_id),
        verdict.correction_reason.map(CorrectionReason::as_str).unwrap_or_default().into(),
        optional(verdict.correction_note.as_ref()),
        optional(verdict.retraction_reason.as_ref()),
        id(verdict.author_id),
        verdict.newsroom_id.to_string().into(),
        beside.newsroom.as_str().into(),
        page.into(),
        time(verdict.created_at),
        time(verdict.updated_at),
        verdict.version.to_string().into(),
    ]
}
