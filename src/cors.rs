//! What web pages of other origins may do, by [CORS](https://fetch.spec.whatwg.org/#http-cors-protocol): read, which browsers then allow
//! all of them, and write where the operator trusts their origin. Nothing here goes by cookies, so no page borrows a reader's rights.

use actix_cors::{Cors, CorsError};
use actix_web::body::MessageBody;
use actix_web::dev::{RequestHead, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::web;
use url::Url;

use crate::config::Limits;
use crate::error::Error;
use crate::idempotency::REPLAYED;
use crate::openapi::Document;
use crate::{rate_limits, telemetry};

/// An origin as browsers send it, for flags: `https://desk.example`.
pub fn origin(text: &str) -> Result<String, String> {
    let is_one = |url: &Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    match Url::parse(text) {
        Ok(url) if is_one(&url) => Ok(text.to_owned()),
        _ => Err("must be an origin as browsers send it, such as https://desk.example".to_owned()),
    }
}

/// All may do what needs no key, and read with one, or those that are named; trusted origins everything.
pub fn policy(limits: &Limits, document: web::Data<Document>) -> Cors {
    let (trusted, reading) = (limits.trusted_origins.clone(), limits.reading_origins.clone());
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_origin_fn(move |origin, head| {
            let is_among = |origins: &[String]| origins.iter().any(|one| one.as_bytes() == origin.as_bytes());
            let may_read = || reading.is_empty() || is_among(&reading);
            is_among(&trusted) || may_read() && only_reads(head, &document)
        })
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_any_header()
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            rate_limits::REMAINING,
            rate_limits::POLICY,
            telemetry::REQUEST_ID,
            header::CONTENT_DISPOSITION,
            REPLAYED,
        ])
        // Browsers would keep the answer for all methods of an address, and it holds for the one they asked about.
        .max_age(0)
        // Said for every answer (`telemetry`), whichever the origin.
        .disable_vary_header()
}

/// Whether a request, or the one that a browser asks about first, changes nothing.
fn only_reads(head: &RequestHead, document: &Document) -> bool {
    let asked = head.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|_| head.method == Method::OPTIONS);
    let method = match asked {
        Some(method) => Method::from_bytes(method.as_bytes()).unwrap_or_default(),
        None => head.method.clone(),
    };
    let reads = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    // What the process has done is for those who run it.
    head.uri.path() != "/metrics" && (reads || document.needs_no_key(head.uri.path(), &method))
}

/// Why a browser is not to send what it asked about.
pub fn refusal(response: &ServiceResponse<impl MessageBody>) -> Option<Error> {
    let refused = response.response().error()?.as_error::<CorsError>()?;
    Some(Error::Forbidden(format!("{refused}: the operator names the origins whose pages may write.")))
}
