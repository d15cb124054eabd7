use std::time::SystemTime;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::ROWS;
use super::claims::{self, Claims};
use super::table::{TableForm, TableQuery};
use super::{statements, verdicts};
use crate::as_of::{AsOf, Moment};
use crate::auth::Viewer;
use crate::claims::{Claim, ClaimFilter};
use crate::config::PublicUrl;
use crate::db::Db;
use crate::error::Result;
use crate::extract::Query;
use crate::page::PageRequest;
use crate::pieces::{Piece, pieces};
use crate::statements::{Statement, StatementFilter};
use crate::verdicts::{Verdict, VerdictFilter};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(export_claims_as_lines)
        .service(export_claims_as_table)
        .service(export_statements_as_lines)
        .service(export_statements_as_table)
        .service(export_verdicts_as_lines)
        .service(export_verdicts_as_table);
}

/// Export claims as NDJSON
///
/// All claims that the filters leave, newest first, each on a line as `GET /v1/claims/{id}` shows it; the public's, and your newsroom's
/// own with a key. It is written while it is read and may be of any size. With `as_of` all lines are of that instant; without, each
/// is as it was when it was reached: what was there all the time is in it once, and nothing twice. An answer that breaks off, without
/// the end that HTTP gives it, is not complete. `sort` and `facets` have no use here.
#[utoipa::path(tag = "exports", params(ClaimFilter, AsOf), responses((status = 200, description = "The claims, one JSON object a line", body = String, content_type = "application/x-ndjson"), (status = 422, description = "The search takes too long")))]
#[get("/exports/claims.ndjson")]
async fn export_claims_as_lines(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    Query(filter): Query<ClaimFilter>,
) -> Result<HttpResponse> {
    let claims = Claims::of(db, viewer, moment, filter)?;
    let pieces = pieces(move |last| {
        let claims = claims.clone();
        async move { claims.after(last, async |found, _| Ok(piece(lines(&found)?, &found, |claim| claim.id))).await }
    });
    Ok(attached("claims.ndjson", NDJSON).streaming(pieces.await?))
}

/// Export claims as a table
///
/// The same as CSV (RFC 4180, UTF-8, with a heading): a claim a row, with the name of its newsroom, those who assert it by name, its
/// current verdict (another publisher's in its own words, where they are known, and without a number of ours) and the address of its page; several names or topics are joined by `; `. Of several current verdicts it is a
/// newsroom's own rather than another publisher's. A cell that a spreadsheet would take for a formula has `'` in front; with
/// `lossless=true`, for programs, all are as recorded.
#[utoipa::path(tag = "exports", params(ClaimFilter, AsOf, TableForm), responses((status = 200, description = "The table", body = String, content_type = "text/csv"), (status = 422, description = "The search takes too long")))]
#[get("/exports/claims.csv")]
async fn export_claims_as_table(
    request: HttpRequest,
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    public_url: web::Data<PublicUrl>,
    query: TableQuery<ClaimFilter>,
) -> Result<HttpResponse> {
    let (form, site) = (query.form, web::Data::new(public_url.of(&request)));
    let claims = Claims::of(db, viewer, moment, query.filter)?;
    let pieces = pieces(move |last| {
        let (claims, site) = (claims.clone(), site.clone());
        async move {
            let told = async |found: Vec<Claim>, conn: &AsyncPgConnection| {
                let rows = claims::rows(&found, form, last.is_none(), &site, viewer, conn).await?;
                Ok(piece(rows, &found, |claim| claim.id))
            };
            claims.after(last, told).await
        }
    });
    Ok(attached("claims.csv", CSV).streaming(pieces.await?))
}

/// Export statements as NDJSON
///
/// All statements that the filters leave, newest first, each on a line as `GET /v1/statements/{id}` shows it; otherwise as the export of
/// claims.
#[utoipa::path(tag = "exports", params(StatementFilter, AsOf), responses((status = 200, description = "The statements, one JSON object a line", body = String, content_type = "application/x-ndjson")))]
#[get("/exports/statements.ndjson")]
async fn export_statements_as_lines(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    Query(filter): Query<StatementFilter>,
) -> Result<HttpResponse> {
    let filter = web::Data::new(filter);
    let pieces = pieces(move |last| {
        let (db, filter, page) = (db.clone(), filter.clone(), PageRequest::piece(ROWS, last));
        async move {
            viewer.still_may(&db).await?;
            let find = async |conn: &AsyncPgConnection| Statement::list(&filter, &page, viewer, conn).await;
            let found = db.snapshot_at(&moment, find).await?;
            Ok(piece(lines(&found)?, &found, |statement| statement.id))
        }
    });
    Ok(attached("statements.ndjson", NDJSON).streaming(pieces.await?))
}

/// Export statements as a table
///
/// The same as CSV: a statement a row, with its claim, who speaks and for whom, and the title and address of its document; otherwise as the table of claims.
#[utoipa::path(tag = "exports", params(StatementFilter, AsOf, TableForm), responses((status = 200, description = "The table", body = String, content_type = "text/csv")))]
#[get("/exports/statements.csv")]
async fn export_statements_as_table(
    request: HttpRequest,
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    public_url: web::Data<PublicUrl>,
    query: TableQuery<StatementFilter>,
) -> Result<HttpResponse> {
    let (form, site, filter) = (query.form, web::Data::new(public_url.of(&request)), web::Data::new(query.filter));
    let pieces = pieces(move |last| {
        let (db, filter, site, page) = (db.clone(), filter.clone(), site.clone(), PageRequest::piece(ROWS, last));
        async move {
            viewer.still_may(&db).await?;
            let told = async |conn: &AsyncPgConnection| {
                let found = Statement::list(&filter, &page, viewer, conn).await?;
                let rows = statements::rows(&found, form, last.is_none(), &site, viewer, conn).await?;
                Ok(piece(rows, &found, |statement| statement.id))
            };
            db.snapshot_at(&moment, told).await
        }
    });
    Ok(attached("statements.csv", CSV).streaming(pieces.await?))
}

/// Export verdicts as NDJSON
///
/// All verdicts that the filters leave, newest first, each on a line as `GET /v1/verdicts/{id}` shows it; otherwise as the export of
/// claims. Verdicts as ClaimReview are at `/feeds/claimreview.json`.
#[utoipa::path(tag = "exports", params(VerdictFilter, AsOf), responses((status = 200, description = "The verdicts, one JSON object a line", body = String, content_type = "application/x-ndjson")))]
#[get("/exports/verdicts.ndjson")]
async fn export_verdicts_as_lines(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    Query(filter): Query<VerdictFilter>,
) -> Result<HttpResponse> {
    let filter = web::Data::new(filter);
    let pieces = pieces(move |last| {
        let (db, filter, page) = (db.clone(), filter.clone(), PageRequest::piece(ROWS, last));
        async move {
            viewer.still_may(&db).await?;
            let find = async |conn: &AsyncPgConnection| Verdict::list(&filter, &page, viewer, conn).await;
            let found = db.snapshot_at(&moment, find).await?;
            Ok(piece(lines(&found)?, &found, |verdict| verdict.id))
        }
    });
    Ok(attached("verdicts.ndjson", NDJSON).streaming(pieces.await?))
}

/// Export verdicts as a table
///
/// The same as CSV: a verdict a row, with its claim as it was reviewed, the rating (another publisher's in its own words, and without a number of ours) and whose verdict it is; `evidence` has the ids of what it cites; otherwise as the table of claims.
#[utoipa::path(tag = "exports", params(VerdictFilter, AsOf, TableForm), responses((status = 200, description = "The table", body = String, content_type = "text/csv")))]
#[get("/exports/verdicts.csv")]
async fn export_verdicts_as_table(
    request: HttpRequest,
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    public_url: web::Data<PublicUrl>,
    query: TableQuery<VerdictFilter>,
) -> Result<HttpResponse> {
    let (form, site, filter) = (query.form, web::Data::new(public_url.of(&request)), web::Data::new(query.filter));
    let pieces = pieces(move |last| {
        let (db, filter, site, page) = (db.clone(), filter.clone(), site.clone(), PageRequest::piece(ROWS, last));
        async move {
            viewer.still_may(&db).await?;
            let told = async |conn: &AsyncPgConnection| {
                let found = Verdict::list(&filter, &page, viewer, conn).await?;
                let rows = verdicts::rows(&found, form, last.is_none(), &site, viewer, conn).await?;
                Ok(piece(rows, &found, |verdict| verdict.id))
            };
            db.snapshot_at(&moment, told).await
        }
    });
    Ok(attached("verdicts.csv", CSV).streaming(pieces.await?))
}

const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// An answer that browsers keep as a file, named for its day.
fn attached(name: &str, media_type: &str) -> HttpResponseBuilder {
    let day = DateTime::<Utc>::from(SystemTime::now()).format("%Y-%m-%d");
    let (noun, ending) = name.split_once('.').unwrap_or((name, "txt"));
    let mut answer = HttpResponse::Ok();
    answer.content_type(media_type);
    answer.insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{noun}-{day}.{ending}\"")));
    answer
}

/// Records as lines of JSON.
fn lines<T: Serialize>(records: &[T]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, record)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// What was written of these records, behind which there are others where there were as many as were asked for.
fn piece<T>(text: Vec<u8>, records: &[T], id: impl Fn(&T) -> Uuid) -> Piece {
    let last = records.last().filter(|_| records.len() >= ROWS).map(id);
    Piece { text: text.into(), last }
}
