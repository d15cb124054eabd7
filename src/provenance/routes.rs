use actix_web::{HttpRequest, HttpResponse, get, web};
use diesel_async::AsyncPgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Provenance, ProvenanceQuery, Read};
use crate::as_of::{AsOf, Moment};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, Query};
use crate::picture::Format;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_provenance);
}

/// Read on whose word a claim rests
///
/// Ten outlets may rest on one anonymous official. This follows who relies on whom down to the statements that rely on
/// nobody, and counts how many of those origins are independent of each other: at least so many. Statements that you may
/// not see are shown as relied on and no more. More than 10,000 statements are a 422.
///
/// `?format=` or `Accept` asks for a picture instead, of at most 500 statements.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), ProvenanceQuery, AsOf), responses((status = 200, description = "The graph and what it tells", content((Provenance = "application/json"), (String = "image/svg+xml"), (String = "text/vnd.graphviz"), (String = "text/vnd.mermaid")))))]
#[get("/claims/{id}/provenance")]
async fn get_provenance(
    db: web::Data<Db>,
    request: HttpRequest,
    viewer: Viewer,
    Id(id): Id,
    moment: Moment,
    Query(query): Query<ProvenanceQuery>,
) -> Result<HttpResponse> {
    let format = Format::chosen(query.format, &request);
    let find = async |conn: &AsyncPgConnection| Read::find(id, &query, format, viewer, conn).await;
    let read = db.snapshot_at(&moment, find).await?;
    let provenance = read.told();
    format.answer(&provenance, || read.picture(&provenance)).await
}
