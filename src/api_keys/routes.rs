use actix_web::http::StatusCode;
use actix_web::{delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{ApiKey, CreatedApiKey, NewApiKey};
use crate::auth::{Admin, Key};
use crate::db::Db;
use crate::error::Result;
use crate::etag::NoContent;
use crate::extract::{Id, List, NoFilter};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_api_keys).service(create_api_key).service(get_api_key).service(revoke_api_key);
}

/// List your newsroom's keys
///
/// Without their texts, which are stored nowhere.
#[utoipa::path(tag = "api-keys", params(PageParameters), responses((status = 200, description = "A page of keys", body = Page<ApiKey>)), security(("api_key" = ["admin"])))]
#[get("/api-keys")]
async fn list_api_keys(db: web::Data<Db>, Admin(caller): Admin, list: List<NoFilter>) -> Result<Listed<ApiKey>> {
    let keys = db.list(async |conn| ApiKey::list(&list.page, caller, conn).await).await?;
    Ok(list.page.page(keys, |key| key.id))
}

/// Make a key for a member
///
/// The answer holds the key this once.
#[utoipa::path(tag = "api-keys", request_body = NewApiKey, responses((status = 201, description = "The key", body = CreatedApiKey)), security(("api_key" = ["admin"])))]
#[post("/api-keys")]
async fn create_api_key(
    db: web::Data<Db>,
    Admin(caller): Admin,
    post: Post<NewApiKey>,
) -> Result<Answer<CreatedApiKey>> {
    once(&db, caller, post.request, async move |conn| {
        let key = Key::random()?;
        let record = ApiKey::create(&post.body, &key, caller, conn).await?;
        let location = format!("/v1/api-keys/{}", record.id);
        let created = CreatedApiKey::new(record.clone(), Some(key.reveal().to_owned()));
        Answer::new(StatusCode::CREATED, &created)?.with_location(location).keeping(&CreatedApiKey::new(record, None))
    })
    .await
}

/// Read a key's record
///
/// Without its text, which is shown only once, when it is made.
#[utoipa::path(tag = "api-keys", params(("id" = Uuid, Path, description = "The key's id", example = "#first-key")), responses((status = 200, description = "The key's record", body = ApiKey)), security(("api_key" = ["admin"])))]
#[get("/api-keys/{id}")]
async fn get_api_key(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id) -> Result<web::Json<ApiKey>> {
    Ok(web::Json(db.read(async |conn| ApiKey::find(id, caller, conn).await).await?))
}

/// Revoke a key
///
/// It is refused from the next request on. Needs no If-Match: a leaked key must go.
#[utoipa::path(tag = "api-keys", params(("id" = Uuid, Path, description = "The key's id")), responses((status = 204, description = "Revoked")), security(("api_key" = ["admin"])))]
#[delete("/api-keys/{id}")]
async fn revoke_api_key(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id) -> Result<NoContent> {
    db.write(async move |conn| ApiKey::revoke(id, caller, conn).await).await?;
    Ok(NoContent)
}
