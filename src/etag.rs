//! Versions in headers: `ETag`, `If-None-Match` and `If-Match` (RFC 9110), and the answers that carry them.

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use crate::error::{Error, Result};

/// A record that changes: its ETag is its version.
pub trait Versioned {
    /// Raised by one with every change.
    fn version(&self) -> i32;
}

/// The strong ETag of a version.
pub fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// One record: 200 with its ETag, or 304 when the client has it.
#[derive(Debug)]
pub struct Record<T>(pub T);

impl<T: Serialize + Versioned> Responder for Record<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let etag = etag(self.0.version());
        let known =
            request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).any(|value| {
                // GET compares weakly: W/ does not matter.
                value.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
            });
        if known && request.method().is_safe() {
            return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
        }
        HttpResponse::Ok().insert_header((header::ETAG, etag)).json(self.0)
    }
}

/// 204: done, nothing to say.
#[derive(Debug)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

/// The version that a change or a deletion is based on. Without the header: 428; malformed: 400.
#[derive(Debug, Clone)]
pub struct IfMatch(Vec<String>);

impl IfMatch {
    /// Whatever version there is: for what the server changes by itself.
    pub fn any() -> Self {
        Self(vec!["*".into()])
    }

    /// 412 unless the record still has a version that the client named.
    pub fn check(&self, record: &impl Versioned) -> Result<()> {
        let current = etag(record.version());
        if self.0.iter().any(|tag| tag == "*" || *tag == current) {
            Ok(())
        } else if self.0.iter().all(|tag| tag.starts_with("W/")) {
            Err(Error::Weak)
        } else {
            Err(Error::Stale)
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_if_match(request).and_then(|tags| tags.ok_or(Error::PreconditionRequired)))
    }
}

/// The version that an action is based on, where the client names one: nobody approves what was changed meanwhile.
#[derive(Debug, Clone)]
pub struct IfMatchGiven(Option<IfMatch>);

impl IfMatchGiven {
    /// No version: for what the server does in the course of something else.
    pub fn none() -> Self {
        Self(None)
    }

    /// 412 where the client named versions and the record has none of them any more.
    pub fn check(&self, record: &impl Versioned) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |given| given.check(record))
    }
}

impl FromRequest for IfMatchGiven {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_if_match(request).map(Self))
    }
}

/// The header's tags; none where it is absent. Malformed: 400.
fn read_if_match(request: &HttpRequest) -> Result<Option<IfMatch>> {
    let tags: Vec<_> = request
        .headers()
        .get_all(header::IF_MATCH)
        // What is not ASCII is no tag, and refused as such.
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .flat_map(|value| value.split(',').map(|tag| tag.trim().to_owned()).collect::<Vec<_>>())
        .filter(|tag| !tag.is_empty())
        .collect();
    if tags.iter().all(|tag| is_tag(tag)) {
        Ok((!tags.is_empty()).then_some(IfMatch(tags)))
    } else {
        Err(Error::BadRequest("If-Match must be an ETag as it was answered, in quotes, such as \"1\".".into()))
    }
}

/// A weak tag is one too, but names no version: changes compare strongly.
fn is_tag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    text == "*" || quoted.len() > 1 && quoted.starts_with('"') && quoted.ends_with('"')
}
