use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::Event;
use crate::auth::Viewer;
use crate::changes::feed::{self, Batch, FeedQuery};
use crate::changes::streams::Streams;
use crate::config::PublicUrl;
use crate::db::Db;
use crate::error::Result;
use crate::extract::Query;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_events);
}

/// Events in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    /// The events that the caller may know of.
    pub items: Vec<Event>,
    /// Send it as `after` for what comes next.
    #[schema(example = 20)]
    pub after: i64,
}

/// Follow what is published, corrected and withdrawn
///
/// The events that webhooks are sent, for programs that would rather ask: of claims, statements and verdicts, in the order of the
/// log. Everybody's without a key; members also get their own newsroom's, such as a verdict that waits for approval. Keep `after`
/// and come back with it; with `wait`, an empty answer waits for the next event. With `Accept: text/event-stream` it is a stream
/// of server-sent events, named by their type and with their position as id, so that a browser's `EventSource` goes on where it
/// broke off (`Last-Event-ID`).
#[utoipa::path(tag = "webhooks", params(FeedQuery), responses((status = 200, description = "The events", content((Events = "application/json"), (String = "text/event-stream")))))]
#[get("/events")]
async fn list_events(
    db: web::Data<Db>,
    streams: web::Data<Streams>,
    public_url: web::Data<PublicUrl>,
    viewer: Viewer,
    request: HttpRequest,
    Query(mut query): Query<FeedQuery>,
) -> Result<HttpResponse> {
    let base = public_url.of(&request);
    let read = async move |after, limit, conn: &_| Event::after(after, limit, viewer.newsroom_id(), &base, conn).await;
    if feed::wants_stream(&request, &mut query) {
        return Ok(feed::stream(db, streams.open(&request)?, &query, read, |event: &Event| {
            (event.kind.as_str(), event.data.position)
        }));
    }
    let Batch { items, after, .. } = feed::page(&db, &query, read).await?;
    Ok(HttpResponse::Ok().json(Events { items, after }))
}
