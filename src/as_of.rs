//! Reading the record as it stood: `?as_of=`.
//!
//! The schema `past` has views with the names of the tables (`migrations/*_create_past`). A transaction that puts it first
//! in its `search_path` reads the past with the statements that read the present, so no query is written twice.

use std::future::{Ready, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::auth::Viewer;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::extract::read_parameters;

/// The parameter of reads that can look back; read by [`Moment`], documented here.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter that Moment reads")]
pub struct AsOf {
    /// Answers the record as it stood at this instant (RFC 3339), under today's visibility: what is hidden, withdrawn or
    /// redacted now is so in the past too. Not together with `q`, `facets`, `single_origin` or `circular`.
    #[param(value_type = Option<String>, format = "date-time")]
    as_of: Option<DateTime<Utc>>,
}

/// When the caller looks at the record: now, or an instant in the past.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    as_of: Option<DateTime<Utc>>,
    viewer: Viewer,
}

impl Moment {
    /// The instant in the past, if it is one.
    pub fn past(&self) -> Option<DateTime<Utc>> {
        self.as_of
    }

    /// `BEGIN` in which the tables are those of the past.
    pub fn begin(as_of: DateTime<Utc>, viewer: Viewer) -> String {
        let instant = as_of.to_rfc3339_opts(SecondsFormat::Micros, true);
        let viewer = viewer.newsroom_id().map(|id| id.to_string()).unwrap_or_default();
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = past, public; \
             SET LOCAL onrecord.as_of = '{instant}'; SET LOCAL onrecord.viewer = '{viewer}'"
        )
    }

    fn read(request: &HttpRequest, viewer: Viewer) -> Result<Self> {
        Ok(Self { as_of: asked(request.query_string())?, viewer })
    }
}

/// The instant that a query asks for.
fn asked(query: &str) -> Result<Option<DateTime<Utc>>> {
    if !query.contains("as_of") {
        return Ok(None);
    }
    let parameters = read_parameters(query)?;
    let Some(text) = parameters.get("as_of") else { return Ok(None) };
    for name in ["q", "facets", "single_origin", "circular"] {
        if parameters.contains_key(name) {
            return Err(Error::parameter(name, format!("cannot be searched in the past: leave out {name} or as_of")));
        }
    }
    // An offset's + that was not percent-encoded arrives as a blank.
    match DateTime::parse_from_rfc3339(&text.replace(' ', "+")) {
        // PostgreSQL has no year 0, and RFC 3339 none after 9999.
        Ok(instant) if (1..=9999).contains(&instant.to_utc().year()) => Ok(Some(instant.to_utc())),
        _ => Err(Error::parameter("as_of", "must be an RFC 3339 time such as 2026-03-03T12:00:00Z")),
    }
}

impl FromRequest for Moment {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(request, payload).into_inner();
        ready(viewer.and_then(|viewer| Self::read(request, viewer)))
    }
}

impl Db {
    /// Runs a read by a key at this moment.
    pub async fn read_at<T>(&self, moment: &Moment, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        match moment.as_of {
            None => self.read(query).await,
            Some(as_of) if self.progress().is_settled(as_of) => {
                self.past_at_once(&Moment::begin(as_of, moment.viewer), query).await
            }
            Some(as_of) => self.look_back(as_of, moment.viewer, query).await,
        }
    }

    /// The same for a list.
    pub async fn list_at<T>(&self, moment: &Moment, query: impl AsyncFn(&AsyncPgConnection) -> Result<T>) -> Result<T> {
        match moment.as_of {
            None => self.list(query).await,
            Some(as_of) => self.look_back(as_of, moment.viewer, query).await,
        }
    }

    /// The same for a slow read of several statements.
    pub async fn snapshot_at<T>(
        &self,
        moment: &Moment,
        query: impl AsyncFn(&AsyncPgConnection) -> Result<T>,
    ) -> Result<T> {
        match moment.as_of {
            None => self.snapshot(query).await,
            Some(as_of) => self.look_back(as_of, moment.viewer, query).await,
        }
    }

    async fn look_back<T>(
        &self,
        as_of: DateTime<Utc>,
        viewer: Viewer,
        query: impl AsyncFn(&AsyncPgConnection) -> Result<T>,
    ) -> Result<T> {
        let surely_past = self.progress().is_settled(as_of);
        self.past(&Moment::begin(as_of, viewer), async |mut conn| {
            let is_future = diesel::select(sql::<Bool>("past.instant() > clock_timestamp()"));
            if !surely_past && is_future.get_result(&mut conn).await? {
                return Err(Error::parameter("as_of", "must not lie in the future"));
            }
            query(conn).await
        })
        .await
    }
}

/// Around reads: what an instant is answered with depends on redactions too, so its ETag is that of the bytes. While a
/// running write could still change it, nobody may keep it.
pub async fn revalidate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // One that is no time is refused by the handler.
    let Ok(Some(as_of)) = asked(request.query_string()) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let settled = request.app_data::<web::Data<Db>>().is_some_and(|db| db.progress().is_settled(as_of));
    // The handler would compare it with the version.
    let known: Vec<header::HeaderValue> = request.headers_mut().remove(header::IF_NONE_MATCH).collect();
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    if matches!(response.response().body().size(), BodySize::Stream) {
        // Nobody knows its bytes yet, and so it has no ETag; to read it here to its end would take all the memory that it takes.
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(|_| anyhow::anyhow!("a body that was made here cannot be read"));
    let bytes = bytes.map_err(Error::from)?;
    let etag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes)));
    if known
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag)
    {
        let response = HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
        return Ok(ServiceResponse::new(request, response));
    }
    let headers = head.headers_mut();
    headers
        .insert(header::ETAG, header::HeaderValue::from_str(&etag).map_err(anyhow::Error::from).map_err(Error::from)?);
    if !settled {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(bytes))))
}
