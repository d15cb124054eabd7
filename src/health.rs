//! Whether the process lives, whether it can serve, and what it has done.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::migrations;
use crate::telemetry::Metrics;

/// The routes of operations.
pub fn configure(config: &mut ServiceConfig) {
    config.service(live).service(ready).service(metrics);
}

/// Set once the process is told to stop: it finishes what it has and gets nothing new.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// From now on, `ready` says no.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to.
    pub fn begun(&self) -> bool {
        AtomicBool::load(&self.0, Ordering::Relaxed)
    }
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Is the process alive?
///
/// Never asks the database.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It is", body = Health)))]
#[get("/health/live")]
async fn live() -> web::Json<Health> {
    web::Json(Health { status: "ok" })
}

/// Can it serve?
///
/// 503 while the database is away, not migrated to this version, or the process is stopping.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It can", body = Health), (status = 503, description = "It cannot", content_type = "application/problem+json")))]
#[get("/health/ready")]
async fn ready(db: web::Data<Db>, draining: web::Data<Draining>) -> Result<web::Json<Health>> {
    if draining.begun() {
        return Err(Error::Unavailable("This process is stopping."));
    }
    let newest = migrations::newest_migration()?;
    let migrated = db
        .read(async |mut conn| {
            let begun = diesel::select(sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL"));
            if !begun.get_result::<bool>(&mut conn).await? {
                return Ok(None);
            }
            let query = diesel::select(sql::<Nullable<Text>>("(SELECT max(version) FROM __diesel_schema_migrations)"));
            Ok(query.get_result::<Option<String>>(&mut conn).await?)
        })
        .await?;
    // A newer schema is fine: migrations only expand what an older version reads.
    if migrated.is_some_and(|migrated| migrated >= newest) {
        Ok(web::Json(Health { status: "ok" }))
    } else {
        Err(Error::Unavailable("The database has not been migrated to this version; run onrecord migrate."))
    }
}

/// Metrics for Prometheus
///
/// Times of requests by method, route and status, in the OpenMetrics text format.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text")))]
#[get("/metrics")]
async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, media_type)).body(metrics.render())
}
