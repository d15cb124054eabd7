use actix_web::{get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Dossier, DossierQuery};
use crate::as_of::{AsOf, Moment};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, Query};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_dossier);
}

/// Read everything on a claim
///
/// The claim with its parts at every level, the statements on each with source and document, who stands where, the
/// verdicts, and a line that sums it up; all as it stood at one moment. Members see their drafts too, marked by `status`
/// and counted. A withdrawn statement stays, without its quote. `links` are what the claim is to others, with who stands
/// where on those that contradict it; `same_as` are the claims that are the same, and with `pooled` what was said on them
/// counts as said on this one.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), DossierQuery, AsOf), responses((status = 200, description = "The dossier", body = Dossier)))]
#[get("/claims/{id}/dossier")]
async fn get_dossier(
    db: web::Data<Db>,
    viewer: Viewer,
    Id(id): Id,
    moment: Moment,
    Query(query): Query<DossierQuery>,
) -> Result<web::Json<Dossier>> {
    Ok(web::Json(db.snapshot_at(&moment, async |conn| Dossier::find(id, &query, viewer, conn).await).await?))
}
