//! What web pages of other origins may do, by [CORS](https://fetch.spec.whatwg.org/#http-cors-protocol): read, which browsers then allow
//! all of them, and write where the operator trusts their origin. Nothing here goes by cookies, so no page borrows a reader's rights.

use actix_cors::{Cors, CorsError};
use actix_web::body::MessageBody;
use actix_web::dev::{RequestHead, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::web;
use url::Url;

use crate::error::Error;
use crate::openapi::Document;
use crate::{rate_limits, telemetry};

/// For how many seconds a browser need not ask again: as long as those that wait longest.
const REMEMBERED: usize = 86_400;

/// An origin as browsers send it, for flags: `https://desk.example`.
pub fn origin(text: &str) -> Result<String, String> {
    let is_one = |url: &Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    match Url::parse(text) {
        Ok(url) if is_one(&url) => Ok(text.to_owned()),
        _ => Err("must be an origin as browsers send it, such as https://desk.example".to_owned()),
    }
}

/// All may do what needs no key, and read with one; these origins everything.
pub fn policy(trusted: Vec<String>, document: web::Data<Document>) -> Cors {
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_origin_fn(move |origin, head| {
            trusted.iter().any(|one| one.as_bytes() == origin.as_bytes()) || only_reads(head, &document)
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
        ])
        .max_age(REMEMBERED)
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
    matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) || document.needs_no_key(head.uri.path(), &method)
}

/// Why a browser is not to send what it asked about.
pub fn refusal(response: &ServiceResponse<impl MessageBody>) -> Option<Error> {
    let refused = response.response().error()?.as_error::<CorsError>()?;
    Some(Error::Forbidden(format!("{refused}: the operator names the origins whose pages may write.")))
}
