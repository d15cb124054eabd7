//! Answers that browsers and caches keep and ask for again.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::Markup;
use sha2::{Digest, Sha256};

use super::embed::{SCRIPT, STYLE};
use crate::config::PublicUrl;
use crate::error::Error;
use crate::kept::Rendered;

/// What pages are.
pub const HTML: &str = "text/html; charset=utf-8";
/// What a page may do: show itself, its style sheet and pictures from here, and send the search form here. Nothing may run.
pub const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How long caches answer by themselves, in seconds: what is corrected or withdrawn here is so everywhere soon after.
const FRESH: &str = "public, max-age=10";

/// What the embedded card may do: it lies in anybody's page, and runs the one script that tells its height.
pub static EMBED_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// Where a request came, for links.
pub struct Site {
    /// The address under which readers reach OnRecord, without a slash at its end.
    pub base: String,
    /// The request.
    pub request: HttpRequest,
}

impl FromRequest for Site {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let base = request.app_data::<web::Data<PublicUrl>>().map(|url| url.of(request)).unwrap_or_default();
        ready(Ok(Self { base, request: request.clone() }))
    }
}

impl Site {
    /// The first value of a parameter. Pages are linked to with parameters of all sorts, which do not matter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.request.query_string().as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// A page, or 304 where the reader has it.
    pub fn page(&self, markup: Markup) -> HttpResponse {
        self.answer(Rendered::new(markup.into_string(), None), HTML, PAGE_POLICY)
    }

    /// The body, or 304 where the reader has it.
    pub fn answer(
        &self,
        Rendered { body, etag, modified }: Rendered,
        content_type: &str,
        policy: &str,
    ) -> HttpResponse {
        let known = self.has(&etag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, etag))
            .insert_header((header::CACHE_CONTROL, FRESH))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::REFERRER_POLICY, "strict-origin-when-cross-origin"));
        if let Some(modified) = modified {
            response.insert_header(header::LastModified(std::time::SystemTime::from(modified).into()));
        }
        if known { response.finish() } else { response.content_type(content_type).body(body) }
    }

    /// Whether the reader has what carries this ETag. A date is told and not gone by: pages show names and titles of more records than any
    /// one date is of.
    fn has(&self, etag: &str) -> bool {
        let tags = self.request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/") == etag.trim_start_matches("W/");
        tags.flat_map(|value| value.split(',')).any(opaque)
    }
}
