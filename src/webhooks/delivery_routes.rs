use actix_web::http::StatusCode;
use actix_web::{get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::deliveries::{Delivery, DeliveryFilter, Replay, Replayed};
use crate::auth::Admin;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{Id, List};
use crate::idempotency::{Answer, EmptyPost, Post, once};
use crate::page::{Listed, Page, PageParameters};

/// The routes for what is sent.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_webhook_deliveries).service(test_webhook).service(replay_webhook).service(resend_delivery);
}

/// List what is sent to a webhook
///
/// Newest first, with what became of it and what the receiver answered. What is done is kept for 30 days.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook"), DeliveryFilter, PageParameters), responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)), security(("api_key" = ["admin"])))]
#[get("/webhooks/{id}/deliveries")]
async fn list_webhook_deliveries(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    list: List<DeliveryFilter>,
) -> Result<Listed<Delivery>> {
    let found = db.list(async |conn| Delivery::list(id, &list.filter, &list.page, caller, conn).await).await?;
    // Pages go by 16 bytes.
    Ok(list.page.page(found, |delivery| i128::from(delivery.number).to_be_bytes()))
}

/// Send a webhook a test
///
/// The event `webhook.test`, at once and whatever the filters say; what became of it is in the list of deliveries a moment later.
/// 409 while the webhook is not active.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), responses((status = 200, description = "The delivery", body = Delivery)), security(("api_key" = ["admin"])))]
#[post("/webhooks/{id}/test")]
async fn test_webhook(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    EmptyPost(request): EmptyPost,
) -> Result<Answer<Delivery>> {
    once(&db, caller, request, async move |conn| Answer::new(StatusCode::OK, &Delivery::test(id, caller, conn).await?))
        .await
}

/// Let a webhook begin again elsewhere
///
/// At a position or a time, back to send again what a receiver has lost, or forward to pass over what it does not need. What
/// waits is dropped; events that are sent again have the same ids as before.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id", example = "#webhook")), request_body = Replay, responses((status = 200, description = "Where it begins", body = Replayed)), security(("api_key" = ["admin"])))]
#[post("/webhooks/{id}/replay")]
async fn replay_webhook(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    post: Post<Replay>,
) -> Result<Answer<Replayed>> {
    once(&db, caller, post.request, async move |conn| {
        Answer::new(StatusCode::OK, &post.body.begin(id, caller, conn).await?)
    })
    .await
}

/// Send a delivery again
///
/// One that was delivered, or given up: at once, beside what waits, with the same event id. 409 while the webhook is not active.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The delivery's id", example = "#webhook")), responses((status = 200, description = "The new delivery", body = Delivery)), security(("api_key" = ["admin"])))]
#[post("/webhook-deliveries/{id}/resend")]
async fn resend_delivery(
    db: web::Data<Db>,
    Admin(caller): Admin,
    Id(id): Id,
    EmptyPost(request): EmptyPost,
) -> Result<Answer<Delivery>> {
    once(&db, caller, request, async move |conn| {
        Answer::new(StatusCode::OK, &Delivery::resend(id, caller, conn).await?)
    })
    .await
}
