use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::model::{FactCheckedClaims, FactCheckedImages};
use super::search::{ClaimSearch, Reviewed};
use crate::auth::Viewer;
use crate::config::PublicUrl;
use crate::db::Db;
use crate::embeddings::Embeddings;
use crate::error::Result;
use crate::extract::Query;
use crate::kept::{Kept, Rendered};
use crate::matching::{Band, MatchRequest, matches};
use crate::page::PageRequest;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(search_claims).service(search_images);
}

/// What Google's clients may add to any request. It is taken and changes nothing: answers are whole, and JSON.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are not read")]
pub struct StandardParameters {
    /// A key, which is not needed to read.
    key: Option<String>,
    /// `json`.
    alt: Option<String>,
    /// Which members to answer: all are.
    fields: Option<String>,
    /// Not heeded.
    #[param(rename = "prettyPrint")]
    pretty_print: Option<String>,
    /// Not heeded.
    #[param(rename = "quotaUser")]
    quota_user: Option<String>,
    /// Not heeded.
    #[param(rename = "$.xgafv")]
    xgafv: Option<String>,
    /// Not heeded: send a key as `Authorization: Bearer`.
    access_token: Option<String>,
    /// Not heeded: send a key as `Authorization: Bearer`.
    oauth_token: Option<String>,
    /// Not heeded.
    callback: Option<String>,
    /// Not heeded.
    #[param(rename = "uploadType")]
    upload_type: Option<String>,
    /// Not heeded.
    upload_protocol: Option<String>,
}

/// Search fact-checked claims as Google's API does
///
/// [Google's `claims:search`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/claims/search), answered from
/// what is published here: its clients work unchanged with this server's address. Each claim stands with its current reviews, the
/// newsrooms' own and other publishers'. Errors have Google's form. Parameters too long for an address may be sent as the form of a `POST`
/// with `X-HTTP-Method-Override: GET`, as Google's clients do.
#[utoipa::path(tag = "fact-check-tools", params(ClaimSearch, StandardParameters), responses((status = 200, description = "The claims, what fits best first", body = FactCheckedClaims)))]
#[get("/claims:search")]
async fn search_claims(
    db: web::Data<Db>,
    kept: web::Data<Kept>,
    embeddings: web::Data<Embeddings>,
    public_url: web::Data<PublicUrl>,
    request: HttpRequest,
    Query(search): Query<ClaimSearch>,
) -> Result<HttpResponse> {
    let page = search.page(request.path())?;
    let base = public_url.of(&request);
    let key = ("claims:search", request.query_string().to_owned(), base.clone());
    let make = async || {
        let found = db.search(async |conn| search.run(&page, conn).await).await?;
        let found = if let Some(found) = found { found } else { alike(&search, &page, &db, &embeddings).await? };
        let told = |found: &Reviewed| search.told(found, &base);
        let page = page.page(found, ClaimSearch::key).into_page();
        let claims = page.items.iter().filter_map(told).collect();
        let answer = FactCheckedClaims { claims, next_page_token: page.next_cursor };
        Ok(Rendered::new(serde_json::to_vec(&answer)?, None))
    };
    let answer = kept.get(key, &db, make).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(answer.body))
}

/// Claims that say much the same as the query, where none that was reviewed has all of its words.
async fn alike(search: &ClaimSearch, page: &PageRequest, db: &Db, embeddings: &Embeddings) -> Result<Vec<Reviewed>> {
    let query = search.words().map(str::to_owned);
    let asked =
        MatchRequest { text: query, language: None, limit: Some(100), url: None, topic: None, newsroom_id: None };
    let near = matches(&asked, Viewer(None), db, embeddings).await?.matches;
    let scores = near.iter().filter(|one| one.band != Band::Weak).map(|one| (one.claim.id, one.score)).collect();
    db.search(async |conn| search.of_these(&scores, page, conn).await).await
}

/// Which image to search for.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "no image is looked for")]
pub struct ImageSearch {
    /// Address of the image.
    #[validate(length(max = 2000))]
    #[param(max_length = 2000, example = "https://news.example/picture.jpg")]
    image_uri: String,
    /// Not heeded.
    language_code: Option<String>,
    /// Not heeded.
    page_size: Option<u64>,
    /// Not heeded.
    page_token: Option<String>,
    /// Not heeded.
    offset: Option<u64>,
}

/// Search by an image as Google's API does
///
/// OnRecord keeps no images, so that nothing is found: the answer is always empty.
#[utoipa::path(tag = "fact-check-tools", params(ImageSearch, StandardParameters), responses((status = 200, description = "Nothing", body = FactCheckedImages)))]
#[get("/claims:imageSearch")]
async fn search_images(Query(asked): Query<ImageSearch>) -> web::Json<FactCheckedImages> {
    let ImageSearch { .. } = asked;
    web::Json(FactCheckedImages { results: Vec::new() })
}
