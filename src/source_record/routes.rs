use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::SourceRecord;
use super::network::{NetworkQuery, SourceNetwork};
use crate::as_of::{AsOf, Moment};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, Query};
use crate::picture::Format;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_source_record).service(get_source_network);
}

/// Read a source's record
///
/// What the source said and when, how often it confirmed, disputed, declined or retracted, how the claims that it asserts
/// were rated, on whose word it speaks, and who speaks on its word or behalf; all as it stood at one moment. Members
/// see their drafts too, counted in.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#agenpress"), AsOf), responses((status = 200, description = "The record", body = SourceRecord)))]
#[get("/sources/{id}/record")]
async fn get_source_record(
    db: web::Data<Db>,
    viewer: Viewer,
    Id(id): Id,
    moment: Moment,
) -> Result<web::Json<SourceRecord>> {
    Ok(web::Json(db.snapshot_at(&moment, async |conn| SourceRecord::find(id, viewer, conn).await).await?))
}

/// Read the network around a source
///
/// The sources that this one relies on and those that rely on it, then theirs, and so on, up to `depth` links away, with
/// how many statements make up each link. A source's relying on itself is no link. `?format=` or `Accept` asks for a picture
/// instead.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id", example = "#agenpress"), NetworkQuery), responses((status = 200, description = "The network", content((SourceNetwork = "application/json"), (String = "image/svg+xml"), (String = "text/vnd.graphviz"), (String = "text/vnd.mermaid")))))]
#[get("/sources/{id}/network")]
async fn get_source_network(
    db: web::Data<Db>,
    viewer: Viewer,
    Id(id): Id,
    Query(query): Query<NetworkQuery>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let network = db.snapshot(async |conn| SourceNetwork::find(id, &query, viewer, conn).await).await?;
    Format::chosen(query.format, &request).answer(&network, || network.picture()).await
}
