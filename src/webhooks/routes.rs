use actix_web::http::StatusCode;
use actix_web::{delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::{NewWebhook, Webhook};
use super::secrets::WebhookSecret;
use super::worker::Webhooks;
use crate::auth::Admin;
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, NoContent, Record};
use crate::extract::{Id, List, NoFilter};
use crate::idempotency::{Answer, EmptyPost, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes for webhooks themselves.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_webhooks)
        .service(create_webhook)
        .service(get_webhook)
        .service(update_webhook)
        .service(delete_webhook)
        .service(renew_webhook_secret);
}

/// List your newsroom's webhooks
///
/// Newest first, without their secrets.
#[utoipa::path(tag = "webhooks", params(PageParameters), responses((status = 200, description = "A page of webhooks", body = Page<Webhook>)), security(("api_key" = ["admin"])))]
#[get("/webhooks")]
async fn list_webhooks(db: web::Data<Db>, Admin(caller): Admin, list: List<NoFilter>) -> Result<Listed<Webhook>> {
    let webhooks = db.list(async |conn| Webhook::list(&list.page, caller, conn).await).await?;
    Ok(list.page.page(webhooks, |webhook| webhook.id))
}

/// Have events sent to an address
///
/// From now on, each event that fits the filters is sent there, signed after [Standard Webhooks](https://www.standardwebhooks.com),
/// or as a message for a chat; see the section `webhooks` of this document for what comes. The answer holds the secret this once. An event is sent again
/// for three days until it is answered with 2xx, and events of one claim arrive in order. A newsroom has at most 50 webhooks: 409
/// for one more.
#[utoipa::path(tag = "webhooks", request_body = NewWebhook, responses((status = 201, description = "The webhook, with its secret", body = Webhook)), security(("api_key" = ["admin"])))]
#[post("/webhooks")]
async fn create_webhook(
    db: web::Data<Db>,
    webhooks: web::Data<Webhooks>,
    Admin(caller): Admin,
    post: Post<NewWebhook>,
) -> Result<Answer<Webhook>> {
    webhooks.networks().check(&post.body.url).await?;
    once(&db, caller, post.request, async move |conn| {
        let webhook = Webhook::create(Uuid::now_v7(), &post.body, caller, conn).await?;
        let kept = Webhook { secret: None, ..webhook.clone() };
        Answer::created(format!("/v1/webhooks/{}", webhook.id), &webhook)?.keeping(&kept)
    })
    .await
}

/// Read a webhook
///
/// Without its secret, which is shown only once, when it is made.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), responses((status = 200, description = "The webhook", body = Webhook)), security(("api_key" = ["admin"])))]
#[get("/webhooks/{id}")]
async fn get_webhook(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id) -> Result<Record<Webhook>> {
    Ok(Record(db.read(async |conn| Webhook::find(id, caller, conn).await).await?))
}

/// Change a webhook
///
/// What waits is sent as the webhook is then. With `active` a webhook that was disabled takes up where it stood.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), request_body(content = NewWebhook, example = json!({"events": ["verdict.published", "verdict.retracted"]})), responses((status = 200, description = "The webhook as it is now", body = Webhook)), security(("api_key" = ["admin"])))]
#[patch("/webhooks/{id}")]
async fn update_webhook(
    db: web::Data<Db>,
    webhooks: web::Data<Webhooks>,
    Admin(caller): Admin,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<NewWebhook>,
) -> Result<Record<Webhook>> {
    // Names are not resolved while a transaction is open.
    let url = db.read(async |conn| Webhook::find(id, caller, conn).await).await?.patched(&patch)?.url;
    webhooks.networks().check(&url).await?;
    let change = async move |conn: &mut _| Webhook::change(id, &patch, &url, &if_match, caller, conn).await;
    Ok(Record(db.write(change).await?))
}

/// Delete a webhook
///
/// With its log and what waits for it.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), responses((status = 204, description = "Deleted")), security(("api_key" = ["admin"])))]
#[delete("/webhooks/{id}")]
async fn delete_webhook(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id, if_match: IfMatch) -> Result<NoContent> {
    db.write(async move |conn| Webhook::delete(id, &if_match, caller, conn).await).await?;
    Ok(NoContent)
}

/// Renew a webhook's secret
///
/// The answer holds the new one this once. For 24 hours deliveries are signed with both, so that the receiver can change over; a
/// secret older than these two is no longer good.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), responses((status = 200, description = "The new secret", body = WebhookSecret)), security(("api_key" = ["admin"])))]
#[post("/webhooks/{id}/secret")]
async fn renew_webhook_secret(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    EmptyPost(request): EmptyPost,
) -> Result<Answer<WebhookSecret>> {
    once(&db, caller, request, async move |conn| {
        Webhook::lock(id, caller, conn).await?;
        let secret = WebhookSecret::renew(id, conn).await?;
        let kept = WebhookSecret { secret: None, former_until: secret.former_until };
        Answer::new(StatusCode::OK, &secret)?.keeping(&kept)
    })
    .await
}
