//! What is told about each request: its id, its log line, its metrics; and the problem body with the id in it.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tracing::Instrument;
use uuid::Uuid;

use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::webhooks::Webhooks;
use crate::{cors, fact_check_tools, rate_limits};

/// The id of a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts logging to standard error: text for people, or JSON with `ONRECORD_LOG_FORMAT=json`. `RUST_LOG` filters.
pub fn start() {
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,onrecord=info,actix_http=off"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let log = log.with_ansi(std::io::stderr().is_terminal());
    let json = std::env::var("ONRECORD_LOG_FORMAT").is_ok_and(|format| format == "json");
    let started = if json { log.json().try_init() } else { log.try_init() };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "the names that OpenTelemetry's conventions give them")]
struct Labels {
    http_request_method: String,
    http_route: String,
    http_response_status_code: u16,
}

/// Counts and times of requests, for Prometheus.
pub struct Metrics {
    registry: Registry,
    durations: Family<Labels, Histogram>,
}

impl Metrics {
    /// Those of requests, of webhooks, and of embedding where a service is configured.
    pub fn new(embeddings: &Embeddings, webhooks: &Webhooks) -> Self {
        let durations = Family::<Labels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
        });
        let mut registry = Registry::default();
        embeddings.register(&mut registry);
        webhooks.register(&mut registry);
        registry.register(
            "http_server_request_duration_seconds",
            "Time to answer requests, by route",
            durations.clone(),
        );
        Self { registry, durations }
    }

    /// All metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "cannot write metrics");
        }
        text
    }

    fn observe(&self, method: &Method, route: Option<String>, status: StatusCode, since: Instant) {
        let labels = Labels {
            http_request_method: known_method(method).to_owned(),
            // The template, never the path: paths have no end.
            http_route: route.unwrap_or_else(|| "unknown".into()),
            http_response_status_code: status.as_u16(),
        };
        self.durations.get_or_create(&labels).observe(since.elapsed().as_secs_f64());
    }
}

/// The method as a label: words that clients make up have no end either.
fn known_method(method: &Method) -> &str {
    match method.as_str() {
        known @ ("CONNECT" | "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" | "TRACE") => known,
        // The name that OpenTelemetry's conventions give them.
        _ => "_OTHER",
    }
}

/// The id of a request, the client's own where it sent a usable one.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    fn of(request: &ServiceRequest) -> Self {
        let usable = |value: &&HeaderValue| value.len() <= 128 && !value.is_empty() && value.to_str().is_ok();
        let id = request.headers().get(REQUEST_ID).filter(usable).cloned();
        Self(id.unwrap_or_else(|| {
            let id = Uuid::now_v7().to_string();
            HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
        }))
    }

    /// The id that a request was given.
    pub fn given(request: &ServiceRequest) -> Option<Arc<str>> {
        request.extensions().get::<Self>().map(|id| id.as_str().into())
    }

    fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("unknown")
    }
}

/// The trace that a request belongs to (W3C trace context); a malformed one is ignored.
fn trace_id(request: &ServiceRequest) -> Option<String> {
    let parent = request.headers().get("traceparent")?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (_version, trace) = (parts.next()?, parts.next()?);
    let valid = trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()) && trace.bytes().any(|b| b != b'0');
    valid.then(|| trace.to_owned())
}

/// Around every request: gives it an id, logs it, times it, and puts the id into its problem, if it ends as one.
pub async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let since = Instant::now();
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    // HEAD is GET without the body, which the server leaves out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let method = request.method().clone();
    let span =
        tracing::info_span!("request", id = id.as_str(), trace = trace_id(&request), %method, path = request.path());
    let metrics = request.app_data::<web::Data<Metrics>>().cloned();
    let mut response = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    let _entered = span.enter();
    let is_googles = fact_check_tools::is_asked(response.request().path());
    let told =
        |error: &Error| if is_googles { fact_check_tools::answer(error) } else { error.response(Some(id.as_str())) };
    let problem = response.response().error().and_then(|error| error.as_error::<Error>()).map(|error| {
        if let Error::Internal(cause) = error {
            tracing::error!(?cause, "a request failed");
        }
        told(error)
    });
    let problem = problem.or_else(|| cors::refusal(&response).as_ref().map(told));
    // Swagger UI answers what it does not have without a word.
    let said = |response: &ServiceResponse| response.headers().contains_key(header::CONTENT_TYPE);
    let silent =
        response.status() == StatusCode::NOT_FOUND && response.response().error().is_none() && !said(&response);
    let problem = problem.or_else(|| silent.then(|| told(&Error::NotFound("page"))));
    if let Some(mut problem) = problem {
        let kept = [header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_EXPOSE_HEADERS];
        for name in kept.into_iter().chain([rate_limits::REMAINING, rate_limits::POLICY]) {
            if let Some(value) = response.headers().get(&name) {
                problem.headers_mut().insert(name, value.clone());
            }
        }
        response = response.into_response(problem);
    }
    let docs = response.request().path().starts_with("/docs");
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.0.clone());
    finish(headers, docs);
    let status = response.status();
    tracing::debug!(status = status.as_u16(), elapsed = ?since.elapsed(), "answered");
    if let Some(metrics) = metrics {
        metrics.observe(&method, response.request().match_pattern(), status, since);
    }
    Ok(response)
}

/// Headers that every answer has unless its handler set its own.
fn finish(headers: &mut header::HeaderMap, docs: bool) {
    // Beside what compression says.
    headers.append(header::VARY, HeaderValue::from_static("Authorization, Origin"));
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    // What a key may see differs from what the public sees, and both must be asked for again: records change.
    default(header::CACHE_CONTROL, "private, no-cache");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    // Swagger UI needs its own scripts, and styles and pictures that its scripts make.
    let policy = if docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    default(header::CONTENT_SECURITY_POLICY, policy);
}
