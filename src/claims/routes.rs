use actix_web::http::StatusCode;
use actix_web::{delete, get, patch, post, web};
use diesel_async::AsyncPgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::ClaimFilter;
use super::model::{Claim, NewClaim, RecordedClaim};
use super::publish::Publication;
use crate::as_of::{AsOf, Moment};
use crate::auth::{Checker, Editor, Viewer};
use crate::db::Db;
use crate::embeddings::Embeddings;
use crate::error::Result;
use crate::etag::{IfMatch, NoContent, Record};
use crate::extract::{Id, List};
use crate::idempotency::{Answer, EmptyPost, Post, once};
use crate::matching;
use crate::page::PageParameters;
use crate::patch::Patch;
use crate::search::{Faceted, FacetedPage};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_claims)
        .service(create_claim)
        .service(get_claim)
        .service(update_claim)
        .service(delete_claim)
        .service(publish_claim);
}

/// List claims
///
/// Newest first, or by how well they fit `q`. The public sees published claims; members see their newsroom's drafts and withdrawn
/// claims as well. A search of which one step would take longer than two seconds is a 422.
#[utoipa::path(tag = "claims", params(ClaimFilter, PageParameters, AsOf), responses((status = 200, description = "A page of claims", body = FacetedPage<Claim>), (status = 422, description = "The search takes too long")))]
#[get("/claims")]
async fn list_claims(
    db: web::Data<Db>,
    viewer: Viewer,
    moment: Moment,
    list: List<ClaimFilter>,
) -> Result<Faceted<Claim>> {
    let List { filter, page } = &list;
    let find = async |conn: &AsyncPgConnection| Claim::list(filter, page, viewer, conn).await;
    let searches = filter.q.is_some() || filter.facets.is_some();
    let found = if searches { db.search(find).await? } else { db.list_at(&moment, find).await? };
    Ok(found.answer(list.page))
}

/// Record a claim
///
/// As a draft, unless `status` says `published`, which needs an editor. `similar` lists claims that were there before and may say the
/// same; nothing is refused because of them.
#[utoipa::path(tag = "claims", request_body = NewClaim, responses((status = 201, description = "The claim, and those like it", body = RecordedClaim)), security(("api_key" = ["checker"])))]
#[post("/claims")]
async fn create_claim(
    db: web::Data<Db>,
    embeddings: web::Data<Embeddings>,
    Checker(caller): Checker,
    viewer: Viewer,
    post: Post<NewClaim>,
) -> Result<Answer<RecordedClaim>> {
    let similar = matching::like_new(&post.body, viewer, &db, &embeddings).await;
    once(&db, caller, post.request, async move |conn| {
        let claim = Claim::create(&post.body, caller, conn).await?;
        let location = format!("/v1/claims/{}", claim.id);
        Answer::created(location, &RecordedClaim { claim, similar: similar.clone() })
    })
    .await
}

/// Read a claim
///
/// A draft is seen by its newsroom only; others get 404. A withdrawn claim is a 410 with the reason, but for its newsroom.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), AsOf), responses((status = 200, description = "The claim", body = Claim)))]
#[get("/claims/{id}")]
async fn get_claim(db: web::Data<Db>, viewer: Viewer, Id(id): Id, moment: Moment) -> Result<Record<Claim>> {
    Ok(Record(db.read_at(&moment, async |conn| Claim::find(id, viewer, conn).await).await?))
}

/// Change, publish or withdraw a claim
///
/// Changing a published claim needs an editor. `text`, `language` and `part_of_id` are frozen (409) once a published
/// verdict or another newsroom's published or withdrawn statement hangs on it. To withdraw: `{"status": "withdrawn", "withdrawn_reason": "…"}`; that is final.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks")), request_body(content = NewClaim, example = json!({"context": "Reported days before Azerbaijan's offensive of 19 September 2023"})), responses((status = 200, description = "The claim as it is now", body = Claim)), security(("api_key" = ["checker"])))]
#[patch("/claims/{id}")]
async fn update_claim(
    db: web::Data<Db>,
    Checker(caller): Checker,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewClaim>,
) -> Result<Record<Claim>> {
    Ok(Record(db.write(async move |conn| Claim::change(id, &patch, &if_match, caller, conn).await).await?))
}

/// Delete a claim
///
/// Refused with 409 while something refers to it, and for a withdrawn claim. Deleting a published claim needs an editor.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks")), responses((status = 204, description = "Deleted")), security(("api_key" = ["checker"])))]
#[delete("/claims/{id}")]
async fn delete_claim(db: web::Data<Db>, Checker(caller): Checker, Id(id): Id, if_match: IfMatch) -> Result<NoContent> {
    db.write(async move |conn| Claim::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}

/// Publish a whole claim
///
/// The claim, its parts and your newsroom's statements on them, at every level, as far as they are drafts; verdicts are
/// left alone, and so is a withdrawn part with all below it. All or nothing: 409 names in `blockers` what is in the way. Again: nothing is left to publish, 200.
#[utoipa::path(tag = "claims", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks")), responses((status = 200, description = "The claim, and how many drafts became public", body = Publication)), security(("api_key" = ["editor"])))]
#[post("/claims/{id}/publish")]
async fn publish_claim(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    post: EmptyPost,
) -> Result<Answer<Publication>> {
    once(&db, caller, post.0, async move |conn| {
        let publication = Claim::publish(id, caller, conn).await?;
        Ok(Answer::new(StatusCode::OK, &publication)?.with_etag(&publication.claim))
    })
    .await
}
