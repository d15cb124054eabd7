//! Statements as rows of a table.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::table::{Table, TableForm, date, id, ids, optional, time};
use crate::auth::Viewer;
use crate::error::Result;
use crate::statements::{QuoteKind, Statement};

const COLUMNS: [&str; 29] = [
    "id",
    "claim_id",
    "claim",
    "source_id",
    "source",
    "spoke_as",
    "on_behalf_of_id",
    "on_behalf_of",
    "stance",
    "quote",
    "quote_language",
    "quote_kind",
    "translation",
    "said_on",
    "document_id",
    "document",
    "document_url",
    "locator",
    "relies_on",
    "status",
    "withdrawn_reason",
    "correction_note",
    "note",
    "newsroom_id",
    "newsroom",
    "page",
    "created_at",
    "updated_at",
    "version",
];

/// What a table tells of a statement beside its own members.
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
    source: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    on_behalf_of: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    document: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    document_url: Option<String>,
}

/// As far as the viewer sees it.
const BESIDE: &str = "SELECT t.id, n.name AS newsroom, c.text AS claim, coalesce(c.status <> 'draft', false) AS has_page, s.name AS source, b.name AS on_behalf_of, d.title AS document, d.url AS document_url
    FROM statements AS t JOIN newsrooms AS n ON n.id = t.newsroom_id
    LEFT JOIN claims AS c ON c.id = t.claim_id AND (c.status = 'published' OR c.newsroom_id = $2)
    LEFT JOIN sources AS s ON s.id = t.source_id AND (s.public OR s.newsroom_id = $2)
    LEFT JOIN sources AS b ON b.id = t.on_behalf_of_id AND (b.public OR b.newsroom_id = $2)
    LEFT JOIN documents AS d ON d.id = t.document_id AND (d.public OR d.newsroom_id = $2)
    WHERE t.id = ANY ($1)";

/// Statements as rows; `site` is before the path of their claims' pages.
pub async fn rows(
    statements: &[Statement],
    form: TableForm,
    is_first: bool,
    site: &str,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<u8>> {
    let named: Vec<Uuid> = statements.iter().map(|statement| statement.id).collect();
    let query = diesel::sql_query(BESIDE).bind::<Array<SqlUuid>, _>(named);
    let query = query.bind::<SqlUuid, _>(viewer.newsroom_id().unwrap_or_default());
    let beside: Vec<Beside> = query.load(&mut conn).await?;
    let beside: HashMap<Uuid, Beside> = beside.into_iter().map(|one| (one.id, one)).collect();
    let heading = is_first.then_some(&COLUMNS);
    Table::of(
        form,
        heading,
        statements,
        |statement| beside.get(&statement.id),
        |statement, beside| row(statement, beside, site),
    )
}

fn row<'a>(statement: &'a Statement, beside: &'a Beside, site: &str) -> [Cow<'a, str>; COLUMNS.len()] {
    let page = if beside.has_page { format!("{site}/claims/{}", statement.claim_id) } else { String::new() };
    [
        statement.id.to_string().into(),
        statement.claim_id.to_string().into(),
        optional(beside.claim.as_ref()),
        statement.source_id.to_string().into(),
        optional(beside.source.as_ref()),
        optional(statement.spoke_as.as_ref()),
        id(statement.on_behalf_of_id),
        optional(beside.on_behalf_of.as_ref()),
        statement.stance.as_str().into(),
        optional(statement.quote.as_ref()),
        optional(statement.quote_language.as_ref()),
        statement.quote_kind.map(QuoteKind::as_str).unwrap_or_default().into(),
        optional(statement.translation.as_ref()),
        date(statement.said_on.as_ref()),
        id(statement.document_id),
        optional(beside.document.as_ref()),
        optional(beside.document_url.as_ref()),
        optional(statement.locator.as_ref()),
        ids(statement.relies_on.0.iter().map(|one| one.statement_id)),
        statement.status.as_str().into(),
        optional(statement.withdrawn_reason.as_ref()),
        optional(statement.correction_note.as_ref()),
        optional(statement.note.as_ref()),
        statement.newsroom_id.to_string().into(),
        beside.newsroom.as_str().into(),
        page.into(),
        time(statement.created_at),
        time(statement.updated_at),
        statement.version.to_string().into(),
    ]
}
