use actix_web::{get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{BatchSimilar, MatchBatch, MatchRequest, Similar, SimilarQuery, USUALLY};
use super::ranking::{matches, similar};
use crate::auth::Viewer;
use crate::body::Question;
use crate::db::Db;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::extract::{Id, Query};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(match_claims).service(match_batch).service(similar_claims);
}

/// Ask whether this was checked already
///
/// Which claims say what a text says, or are behind an address, best first, each with the verdict that stands: one request answers a chat
/// bot. No key is needed for what is published. `same` says so in all likelihood, `related` is about the same matter, `weak` mostly
/// something else.
#[utoipa::path(tag = "search", request_body = MatchRequest, responses((status = 200, description = "The claims that match", body = Similar)))]
#[post("/claims/match")]
async fn match_claims(
    db: web::Data<Db>,
    embeddings: web::Data<Embeddings>,
    viewer: Viewer,
    question: Question<MatchRequest>,
) -> Result<web::Json<Similar>> {
    Ok(web::Json(matches(&question.0, viewer, &db, &embeddings).await?))
}

/// Ask for many at once
///
/// Up to 100 texts or addresses.
#[utoipa::path(tag = "search", request_body = MatchBatch, responses((status = 200, description = "What matches each, in their order", body = BatchSimilar)))]
#[post("/claims/match/batch")]
async fn match_batch(
    db: web::Data<Db>,
    embeddings: web::Data<Embeddings>,
    viewer: Viewer,
    question: Question<MatchBatch>,
) -> Result<web::Json<BatchSimilar>> {
    let mut results = Vec::new();
    for (nth, item) in question.0.items.iter().enumerate() {
        let matched = matches(item, viewer, &db, &embeddings).await;
        results.push(matched.map_err(|error| match error {
            Error::TooMuch(detail) => Error::field(format!("/items/{nth}"), detail),
            error => error,
        })?);
    }
    Ok(web::Json(BatchSimilar { results }))
}

/// List claims like this one
///
/// What a match of the claim's own text would answer, without the claim itself: likely duplicates, and claims on the same matter.
#[utoipa::path(tag = "search", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks"), SimilarQuery), responses((status = 200, description = "The claims that match", body = Similar), (status = 422, description = "It takes too long")))]
#[get("/claims/{id}/similar")]
async fn similar_claims(
    db: web::Data<Db>,
    embeddings: web::Data<Embeddings>,
    viewer: Viewer,
    Id(id): Id,
    Query(query): Query<SimilarQuery>,
) -> Result<web::Json<Similar>> {
    Ok(web::Json(similar(id, query.limit.unwrap_or(USUALLY), viewer, &db, &embeddings).await?))
}
