use actix_web::{get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Provenance, ProvenanceQuery};
use crate::as_of::{AsOf, Moment};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, Query};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_provenance);
}

/// Read on whose word a claim rests
///
/// Ten outlets may rest on one anonymous official. This follows who relies on whom down to the statements that rely on
/// nobody, and counts how many of those origins are independent of each other: at least so many. Statements that you may
/// not see are shown as relied on and no more. More than 10,000 statements are a 422.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), ProvenanceQuery, AsOf), responses((status = 200, description = "The graph and what it tells", body = Provenance)))]
#[get("/claims/{id}/provenance")]
async fn get_provenance(
    db: web::Data<Db>,
    viewer: Viewer,
    Id(id): Id,
    moment: Moment,
    Query(query): Query<ProvenanceQuery>,
) -> Result<web::Json<Provenance>> {
    Ok(web::Json(db.snapshot_at(&moment, async |conn| Provenance::find(id, &query, viewer, conn).await).await?))
}
