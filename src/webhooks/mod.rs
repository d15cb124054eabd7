//! Webhooks: events (`events`) sent to where a newsroom wants them, signed after Standard Webhooks 1.0, at least once and in order
//! for each claim.
//!
//! Nothing is sent by a request. A worker in every process looks through the log for each webhook (`queue.rs`), and sends what
//! waits (`worker.rs`), each webhook by itself, so that a slow receiver holds up nobody else. What is sent where is guarded in
//! `networks.rs`.

mod deliveries;
mod delivery_routes;
mod formats;
mod model;
mod networks;
mod queue;
mod routes;
mod secrets;
mod sender;
mod settings;
mod worker;

use utoipa_actix_web::service_config::ServiceConfig;

pub use model::{NewWebhook, Webhook, WebhookFormat};
pub use settings::WebhookSettings;
pub use worker::{Webhooks, run};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    routes::configure(config);
    delivery_routes::configure(config);
}
