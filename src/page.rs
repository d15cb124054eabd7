//! Lists in pages: keyset paging by id, newest first.

use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::config::PublicUrl;
use crate::error::{Error, ParameterError, Result};
use crate::text;

/// How many records a page has unless asked.
const DEFAULT_LIMIT: usize = 50;
/// How many it has at most.
const MAX_LIMIT: usize = 200;

/// The parameters of every list; read by [`PageRequest::read`], documented here.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that PageRequest reads")]
pub struct PageParameters {
    /// How many records to answer at most.
    #[param(minimum = 1, maximum = 200, default = 50, example = 20)]
    limit: Option<usize>,
    /// `next_cursor` of the page before, with the same filters. Opaque: do not read or build it.
    cursor: Option<String>,
}

/// Which page was asked for.
#[derive(Debug)]
pub struct PageRequest {
    /// How many records.
    limit: usize,
    /// The key of the last record of the page before.
    after: Option<Vec<u8>>,
    /// Ties a cursor to its path and filters.
    filter_hash: [u8; 8],
    path: String,
    filters: Vec<(String, String)>,
}

impl PageRequest {
    /// The first page of a list that nobody asked for by a request.
    pub fn first() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None, filter_hash: [0; 8], path: String::new(), filters: Vec::new() }
    }

    /// Some records behind one, or the first ones, of a list that is read to its end: [`PageRequest::rows`] asks for `rows`.
    pub fn piece(rows: usize, after: Option<Uuid>) -> Self {
        Self { limit: rows.saturating_sub(1), after: after.map(|id| id.as_bytes().to_vec()), ..Self::first() }
    }

    /// Takes `limit` and `cursor` out of the parameters; what remains are the filters.
    pub fn read(path: &str, parameters: &mut BTreeMap<String, String>) -> Result<Self> {
        let limit = parameters.remove("limit");
        let cursor = parameters.remove("cursor");
        let mut hasher = Sha256::new();
        for part in
            std::iter::once(path).chain(parameters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]))
        {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        let filter_hash = std::array::from_fn({
            let hash = hasher.finalize();
            move |index| hash[index]
        });
        let mut errors = Vec::new();
        let limit_size = match limit.as_deref().map(str::parse) {
            None => DEFAULT_LIMIT,
            Some(Ok(size @ 1..=MAX_LIMIT)) => size,
            Some(_) => {
                errors.push(ParameterError::new("limit", "must be a number from 1 to 200"));
                DEFAULT_LIMIT
            }
        };
        let after = cursor.and_then(|cursor| {
            let after = read_cursor(&cursor, filter_hash);
            if after.is_none() {
                errors
                    .push(ParameterError::new("cursor", "must be a next_cursor that was answered to the same filters"));
            }
            after
        });
        if !errors.is_empty() {
            return Err(Error::Query(errors));
        }
        let mut filters: Vec<_> = parameters.clone().into_iter().collect();
        filters.extend(limit.map(|limit| ("limit".to_owned(), limit)));
        Ok(Self { limit: limit_size, after, filter_hash, path: path.to_owned(), filters })
    }

    /// The id of the last record of the page before.
    pub fn after(&self) -> Option<Uuid> {
        self.after.as_deref().and_then(|key| Uuid::from_slice(key).ok())
    }

    /// The number of the last row of the page before, in lists that are ordered by number.
    pub fn after_number(&self) -> Option<i64> {
        self.after().and_then(|key| i64::try_from(key.as_u128()).ok())
    }

    /// The slug of the last record of the page before, in lists that are ordered by slug.
    pub fn after_slug(&self) -> Option<String> {
        self.after.clone().and_then(|key| String::from_utf8(key).ok()).filter(|slug| text::slug(slug).is_ok())
    }

    /// Score and id of the last record of the page before, in lists that are ordered by both.
    pub fn after_scored(&self) -> Option<(f32, Uuid)> {
        let (score, id) = self.after.as_deref()?.split_first_chunk::<4>()?;
        Some((f32::from_be_bytes(*score), Uuid::from_slice(id).ok()?))
    }

    /// How the page before was found, in lists that are ordered by score and id: by walking from the newest on, where nothing is scored,
    /// or by ranking. None on the first page.
    pub fn walked(&self) -> Option<bool> {
        self.after_scored().map(|(score, _)| score <= 0.0)
    }

    /// Instant and id of the last record of the page before, in lists that are ordered by both.
    pub fn after_instant(&self) -> Option<(DateTime<Utc>, Uuid)> {
        let (micros, id) = self.after.as_deref()?.split_first_chunk::<8>()?;
        Some((DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?, Uuid::from_slice(id).ok()?))
    }

    /// How many rows to ask the database for: one more than the page, which tells whether there is a next one.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX - 1) + 1
    }

    /// The page from the rows found; `key` is what they are ordered by.
    pub fn page<T, K: AsRef<[u8]>>(self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Listed<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(self.filter_hash, key(last).as_ref()));
        let next = next_cursor.as_ref().map(|cursor| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.filters).append_pair("cursor", cursor);
            format!("{}?{}", self.path, query.finish())
        });
        Listed { page: Page { items: rows, next_cursor }, next }
    }
}

/// The bytes of a score and an id.
const SCORED: usize = 4 + 16;
/// Those of an instant and an id.
const TIMED: usize = 8 + 16;

/// The key of a record in a list that is ordered by score and id.
pub fn scored(score: f32, id: Uuid) -> [u8; SCORED] {
    let mut key = [0; SCORED];
    key[..4].copy_from_slice(&score.to_be_bytes());
    key[4..].copy_from_slice(id.as_bytes());
    key
}

/// The key of a record in a list that is ordered by an instant, in microseconds as PostgreSQL has them, and id.
pub fn timed(at: DateTime<Utc>, id: Uuid) -> [u8; TIMED] {
    let mut key = [0; TIMED];
    key[..8].copy_from_slice(&at.timestamp_micros().to_be_bytes());
    key[8..].copy_from_slice(id.as_bytes());
    key
}

fn write_cursor(filter_hash: [u8; 8], last: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([filter_hash.as_slice(), last].concat())
}

fn read_cursor(cursor: &str, filter_hash: [u8; 8]) -> Option<Vec<u8>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let key = bytes.strip_prefix(filter_hash.as_slice())?;
    let is_key =
        [16, SCORED, TIMED].contains(&key.len()) || std::str::from_utf8(key).is_ok_and(|key| text::slug(key).is_ok());
    is_key.then(|| key.into())
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The records, newest first.
    pub items: Vec<T>,
    /// Send as `cursor`, with the same filters, for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A page with the address of the next one, which goes into the `Link` header (RFC 8288).
#[derive(Debug)]
pub struct Listed<T> {
    page: Page<T>,
    next: Option<String>,
}

impl<T> Listed<T> {
    /// The records, and the address of the next page as a path.
    pub fn into_parts(self) -> (Vec<T>, Option<String>) {
        (self.page.items, self.next)
    }

    /// The page without an address.
    pub fn into_page(self) -> Page<T> {
        self.page
    }

    /// The answer with what is made of the page as its body.
    pub fn answer<B: Serialize>(self, request: &HttpRequest, body: impl FnOnce(Page<T>) -> B) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            let base = request.app_data::<web::Data<PublicUrl>>().map(|url| url.of(request)).unwrap_or_default();
            response.insert_header((header::LINK, format!("<{base}{next}>; rel=\"next\"")));
        }
        response.json(body(self.page))
    }
}

impl<T: Serialize> Responder for Listed<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.answer(request, |page| page)
    }
}

/// The newest of what everybody sees and of what only the caller's newsroom sees, each read by an index of its own:
/// one query over both would walk through everything that the caller may not see.
pub fn merge<T>(public: Vec<T>, own: Vec<T>, rows: i64, id: impl Fn(&T) -> Uuid) -> Vec<T> {
    let mut merged = public;
    merged.extend(own);
    merged.sort_unstable_by_key(|record| std::cmp::Reverse(id(record)));
    merged.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    merged
}
