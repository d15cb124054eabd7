//! The service put together: state, middleware, and one `configure` line for each slice.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpResponse, HttpServer, get, web};
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::auth::Callers;
use crate::changes::streams::Streams;
use crate::config::{Limits, PublicUrl};
use crate::db::{Db, Pool};
use crate::embeddings::Embeddings;
use crate::error::Result;
use crate::health::Draining;
use crate::kept::Kept;
use crate::log::{self, LogKey};
use crate::openapi::{self, Document};
use crate::rate_limits::{self, RateLimits};
use crate::telemetry::{self, Metrics};
use crate::webhooks::Webhooks;
use crate::{
    api_keys, as_of, auth, bundles, changes, claim_links, claim_review, claims, comment_requests, compression, cors,
    documents, dossier, embeddings, events, exports, fact_check_tools, feeds, health, imports, matching, mcp, members,
    newsrooms, provenance, rating_mappings, rating_scales, search, site, source_record, sources, statements, topics,
    verdicts, webhooks,
};

/// All routes with their documentation; one line for each slice.
fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    claims::configure(config);
    claim_links::configure(config);
    claim_review::configure(config);
    statements::configure(config);
    sources::configure(config);
    documents::configure(config);
    verdicts::configure(config);
    comment_requests::configure(config);
    rating_scales::configure(config);
    topics::configure(config);
    dossier::configure(config);
    provenance::configure(config);
    source_record::configure(config);
    search::configure(config);
    matching::configure(config);
    bundles::configure(config);
    exports::configure(config);
    imports::configure(config);
    rating_mappings::configure(config);
    newsrooms::configure(config);
    members::configure(config);
    api_keys::configure(config);
    changes::configure(config);
    events::configure(config);
    webhooks::configure(config);
    log::configure(config);
}

/// The complete OpenAPI document.
pub fn document() -> Result<Document> {
    let (_, declared) = App::new()
        .into_utoipa_app()
        .openapi(openapi::base())
        .configure(health::configure)
        .service(scope::scope("/v1").configure(routes))
        .service(scope::scope("/feeds").configure(claim_review::configure_feeds).configure(feeds::configure))
        .service(
            scope::scope("/v1alpha1")
                .configure(fact_check_tools::configure)
                .service(scope::scope("/pages").configure(fact_check_tools::configure_pages)),
        )
        .split_for_parts();
    Document::complete(&declared)
}

/// What all workers share beside the database.
#[derive(Clone)]
pub struct State {
    /// Whether the server is stopping.
    pub draining: web::Data<Draining>,
    /// The key that signs the transparency log.
    pub log_key: web::Data<LogKey>,
    /// Who may call, and which keys were used.
    pub callers: web::Data<Callers>,
    /// What texts mean.
    pub embeddings: web::Data<Embeddings>,
    /// What sends webhooks.
    pub webhooks: web::Data<Webhooks>,
}

/// Starts to serve on a listener; the answer ends when the server does.
pub fn serve(
    listener: TcpListener,
    pool: &Pool,
    limits: &Limits,
    public_url: &PublicUrl,
    state: &State,
) -> anyhow::Result<Server> {
    let document = web::Data::new(document().map_err(|error| anyhow::anyhow!("{error}"))?);
    let documents = web::Data::new(Documents { newest: document.pretty(), older: document.older() });
    let metrics = web::Data::new(Metrics::new(&state.embeddings, &state.webhooks));
    let rate_limits = web::Data::new(RateLimits::new(limits));
    let tools = web::Data::new(mcp::Tools::new(&document));
    let kept = web::Data::new(Kept::default());
    let streams = web::Data::new(Streams::new(limits, state.draining.clone()));
    let (pool, shared_limits, public_url) =
        (pool.clone(), web::Data::new(limits.clone()), web::Data::new(public_url.clone()));
    let state = state.clone();
    start_workers(&pool, &state, public_url.base());
    let mut server = HttpServer::new(move || {
        let (app, _) = App::new()
            .into_utoipa_app()
            .app_data(web::Data::new(Db::for_worker(pool.clone())))
            .app_data(shared_limits.clone())
            .app_data(public_url.clone())
            .app_data(document.clone())
            .app_data(metrics.clone())
            .app_data(state.draining.clone())
            .app_data(state.log_key.clone())
            .app_data(state.callers.clone())
            .app_data(state.embeddings.clone())
            .app_data(state.webhooks.clone())
            .app_data(rate_limits.clone())
            .app_data(tools.clone())
            .app_data(kept.clone())
            .app_data(streams.clone())
            .app_data(documents.clone())
            .configure(health::configure)
            .service(
                scope::scope("/v1")
                    .wrap(from_fn(as_of::revalidate))
                    .wrap(from_fn(auth::authenticate))
                    .wrap(from_fn(rate_limits::limit))
                    .configure(routes),
            )
            .service(
                scope::scope("/feeds")
                    .wrap(from_fn(rate_limits::limit_addresses))
                    .configure(claim_review::configure_feeds)
                    .configure(feeds::configure),
            )
            .service(
                scope::scope("/v1alpha1")
                    .service(
                        scope::scope("/pages")
                            .wrap(from_fn(auth::authenticate))
                            .wrap(from_fn(rate_limits::limit))
                            .configure(fact_check_tools::configure_pages),
                    )
                    // Google's tokens, which its clients may send to search, open nothing here and are no reason to refuse.
                    .service(
                        scope::scope("")
                            .wrap(from_fn(rate_limits::limit_addresses))
                            .configure(fact_check_tools::configure),
                    ),
            )
            .split_for_parts();
        app.service(openapi_json)
            .service(older_openapi_json)
            .service(docs)
            .service(problems)
            .service(swagger_ui())
            .service(
                web::scope("/mcp")
                    .wrap(from_fn(auth::authenticate))
                    .wrap(from_fn(rate_limits::limit))
                    .configure(mcp::configure),
            )
            // Last: its paths begin with nothing in common.
            .service(
                web::scope("")
                    .wrap(from_fn(rate_limits::limit_addresses))
                    .wrap(from_fn(site::as_pages))
                    .configure(site::configure),
            )
            .default_service(web::to(openapi::unrouted))
            .wrap(from_fn(openapi::check))
            .wrap(from_fn(fact_check_tools::as_clients_send))
            .wrap(Compress::default())
            .wrap(from_fn(compression::never_deflate))
            .wrap(cors::policy(&shared_limits, document.clone()))
            .wrap(from_fn(telemetry::observe))
    })
    .client_request_timeout(Duration::from_secs(limits.header_seconds))
    .client_disconnect_timeout(Duration::from_secs(limits.header_seconds))
    .keep_alive(Duration::from_secs(limits.idle_seconds))
    .shutdown_timeout(limits.drain_seconds)
    // Signals are handled where the embedded PostgreSQL is stopped: after the last request.
    .disable_signals();
    if let Some(workers) = limits.workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Starts what works in the background, until the process ends.
fn start_workers(pool: &Pool, state: &State, base: &str) {
    actix_web::rt::spawn(changes::run(pool.clone()));
    actix_web::rt::spawn(provenance::run(pool.clone()));
    actix_web::rt::spawn(search::fold(pool.clone()));
    actix_web::rt::spawn(embeddings::run(pool.clone(), state.embeddings.clone()));
    actix_web::rt::spawn(webhooks::run(pool.clone(), state.webhooks.clone(), state.draining.clone(), base.to_owned()));
    actix_web::rt::spawn(imports::run(pool.clone()));
}

fn swagger_ui() -> SwaggerUi {
    let config = Config::from("/openapi.json")
        .try_it_out_enabled(false)
        .persist_authorization(true)
        .deep_linking(true)
        .filter(true);
    SwaggerUi::new("/docs/{_:.*}").config(
        config
            .display_request_duration(true)
            .default_models_expand_depth(0)
            .doc_expansion("list")
            .validator_url("none")
            // Without the bar for loading documents of others.
            .use_base_layout(),
    )
}

#[get("/docs")]
async fn docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

#[get("/docs/problems")]
async fn problems() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(openapi::problems_page())
}

/// The OpenAPI document as it is served.
struct Documents {
    newest: String,
    /// For generators that know no 3.1.
    older: String,
}

#[get("/openapi.json")]
async fn openapi_json(documents: web::Data<Documents>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(documents.newest.clone())
}

#[get("/openapi-3.0.json")]
async fn older_openapi_json(documents: web::Data<Documents>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(documents.older.clone())
}
