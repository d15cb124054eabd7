//! `POST` requests: their body, their Idempotency-Key, and the answer that is kept with the write.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use validator::Validate;

use crate::auth::Caller;
use crate::body::{Json, NO_BODY, RawBody, read_body};
use crate::config::Limits;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::etag::{Versioned, etag};
use crate::schema::idempotency_keys;

const HEADER: &str = "Idempotency-Key";
/// Says `true` where an answer is the one that the first such request had.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How many characters a key may have.
pub const LONGEST_KEY: usize = 255;

/// A `POST` request: a valid body of type `T`, and what makes a repetition of it known.
#[derive(Debug)]
pub struct Post<T> {
    /// The body.
    pub body: T,
    /// The request as such.
    pub request: PostRequest,
}

/// A `POST` whose body may be left out, as if it had no members.
#[derive(Debug)]
pub struct BriefPost<T> {
    /// The body.
    pub body: T,
    /// The request as such.
    pub request: PostRequest,
}

/// A body as JSON, up to the size of a bundle: what a bundle is read from.
#[derive(Debug)]
pub struct LargePost {
    /// The body.
    pub body: Json,
    /// The request as such.
    pub request: PostRequest,
}

/// A `POST` that takes no body.
#[derive(Debug)]
pub struct EmptyPost(pub PostRequest);

/// What makes a repetition of a request known.
#[derive(Debug, Clone)]
pub struct PostRequest {
    key: Option<String>,
    method: String,
    path: String,
    body_hash: [u8; 32],
}

impl PostRequest {
    /// With the SHA-256 of the body, where that was not read as JSON.
    pub fn new(request: &HttpRequest, body_hash: [u8; 32]) -> Result<Self> {
        let mut keys = request.headers().get_all(HEADER);
        let key = match (keys.next(), keys.next()) {
            (None, _) => None,
            (Some(key), None) => Some(read_key(key)?),
            _ => return Err(Error::BadRequest(format!("{HEADER} must be sent once."))),
        };
        Ok(Self { key, method: request.method().to_string(), path: request.path().to_owned(), body_hash })
    }

    /// A call of a tool, whose key comes among its arguments.
    pub fn of_tool(path: &str, key: Option<String>, body_hash: [u8; 32]) -> Self {
        Self { key, method: "POST".to_owned(), path: path.to_owned(), body_hash }
    }
}

/// The draft writes the key as a quoted string, others write it bare: both are taken.
fn read_key(value: &header::HeaderValue) -> Result<String> {
    let text = value.to_str().map_err(|_| Error::BadRequest(format!("{HEADER} must be visible ASCII.")))?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(Error::BadRequest(format!("{HEADER} must have 1 to {LONGEST_KEY} characters.")));
    }
    Ok(key.to_owned())
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

fn extract<T>(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
    read: impl FnOnce(RawBody, PostRequest) -> Result<T> + 'static,
) -> Extracted<T> {
    let (request, payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let raw = read_body(request.clone(), payload, limit, None).await?;
        let post = PostRequest::new(&request, raw.hash)?;
        read(raw, post)
    })
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Post<T> {
    type Error = Error;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, Limits::of(request).body_bytes, |raw, request| {
            let json = raw.json.ok_or_else(|| Error::BadRequest(NO_BODY.into()))?;
            Ok(Self { body: json.read()?, request })
        })
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for BriefPost<T> {
    type Error = Error;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, Limits::of(request).body_bytes, |raw, request| {
            let json = raw.json.unwrap_or_else(|| Json { value: Value::Object(Map::new()), faults: Vec::new() });
            Ok(Self { body: json.read()?, request })
        })
    }
}

impl FromRequest for LargePost {
    type Error = Error;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, Limits::of(request).bundle_bytes, |raw, request| {
            Ok(Self { body: raw.json.ok_or_else(|| Error::BadRequest(NO_BODY.into()))?, request })
        })
    }
}

impl FromRequest for EmptyPost {
    type Error = Error;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, Limits::of(request).body_bytes, |raw, request| match raw.json {
            None => Ok(Self(request)),
            Some(Json { value: Value::Object(members), .. }) if members.is_empty() => Ok(Self(request)),
            Some(_) => Err(Error::field("", "must be empty: this takes no members")),
        })
    }
}

/// The answer to a `POST`, as bytes: what is kept for a repetition is what was sent.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    status: StatusCode,
    location: Option<String>,
    etag: Option<String>,
    body: String,
    /// Kept instead of `body` where that holds a secret.
    kept_body: Option<String>,
    replayed: bool,
    of: PhantomData<T>,
}

impl<T: Serialize> Answer<T> {
    /// 201 with the record and its address.
    pub fn created(location: String, record: &T) -> Result<Self>
    where
        T: Versioned,
    {
        Ok(Self {
            etag: Some(etag(record.version())),
            location: Some(location),
            ..Self::new(StatusCode::CREATED, record)?
        })
    }

    /// Any status, with the body only.
    pub fn new(status: StatusCode, body: &T) -> Result<Self> {
        let body = serde_json::to_string(body)?;
        Ok(Self { status, location: None, etag: None, body, kept_body: None, replayed: false, of: PhantomData })
    }

    /// The body.
    pub fn into_json(self) -> Result<Value> {
        Ok(serde_json::from_str(&self.body)?)
    }

    /// With the ETag of the record that the answer is about.
    pub fn with_etag(self, record: &impl Versioned) -> Self {
        Self { etag: Some(etag(record.version())), ..self }
    }

    /// With the address of what was made.
    pub fn with_location(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// With another body for repetitions, as this one holds a secret.
    pub fn keeping(self, kept: &T) -> Result<Self> {
        Ok(Self { kept_body: Some(serde_json::to_string(kept)?), ..self })
    }
}

impl<T> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if self.replayed {
            response.insert_header((REPLAYED, "true"));
        }
        response.content_type("application/json").body(self.body)
    }
}

/// Runs a write once for its Idempotency-Key and keeps the answer in the same transaction. A refused request keeps nothing.
pub async fn once<T: 'static>(
    db: &Db,
    caller: Caller,
    request: PostRequest,
    write: impl AsyncFn(&mut AsyncPgConnection) -> Result<Answer<T>> + 'static,
) -> Result<Answer<T>> {
    db.write(async move |conn| {
        let Some(key) = &request.key else { return write(conn).await };
        lock(&request, key, caller, conn).await?;
        if let Some(answer) = replay(&request, key, caller, conn).await? {
            return Ok(answer);
        }
        let answer = write(conn).await?;
        keep(&answer, &request, key, caller, conn).await?;
        Ok(answer)
    })
    .await
}

/// Holds the key until the transaction ends, or answers at once that somebody else does.
async fn lock(request: &PostRequest, key: &str, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let name = [caller.member_id.to_string().as_str(), &request.method, &request.path, key].join("\n");
    let digest = Sha256::digest(name);
    let number = digest.iter().take(8).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    let locked =
        diesel::select(diesel::dsl::sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(number).sql(")"));
    if locked.get_result(conn).await? { Ok(()) } else { Err(Error::StillRunning) }
}

/// How long answers are kept.
const KEPT: &str = "24 hours";

#[derive(HasQuery)]
#[diesel(table_name = idempotency_keys)]
struct Kept {
    body_hash: Vec<u8>,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    body: String,
}

async fn replay<T>(
    request: &PostRequest,
    key: &str,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<Option<Answer<T>>> {
    let kept = Kept::query()
        .find((caller.member_id, &request.method, &request.path, key))
        .filter(diesel::dsl::sql::<Bool>("created_at > now() - ").bind::<Text, _>(KEPT).sql("::interval"))
        .first(conn)
        .await
        .optional()?;
    let Some(Kept { body_hash, status, location, etag, body }) = kept else { return Ok(None) };
    if body_hash != request.body_hash {
        return Err(Error::KeyReused);
    }
    let status =
        u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    Ok(Some(Answer { status, location, etag, body, kept_body: None, replayed: true, of: PhantomData }))
}

async fn keep<T>(
    answer: &Answer<T>,
    request: &PostRequest,
    key: &str,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    use idempotency_keys as kept;
    let values = (
        kept::member_id.eq(caller.member_id),
        kept::method.eq(&request.method),
        kept::path.eq(&request.path),
        kept::key.eq(key),
        kept::body_hash.eq(request.body_hash.as_slice()),
        kept::status.eq(i32::from(answer.status.as_u16())),
        kept::location.eq(&answer.location),
        kept::etag.eq(&answer.etag),
        kept::body.eq(answer.kept_body.as_ref().unwrap_or(&answer.body)),
    );
    // One that has expired and was not swept yet makes way.
    diesel::delete(kept::table.find((caller.member_id, &request.method, &request.path, key))).execute(conn).await?;
    diesel::insert_into(kept::table).values(values).execute(conn).await?;
    Ok(())
}

/// Forgets answers that have expired, a batch at a time; tells how many.
pub async fn sweep(db: &Db) -> Result<usize> {
    db.write(async |conn| {
        let swept = diesel::sql_query(
            "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys WHERE created_at <= now() - $1::interval LIMIT 1000))",
        )
        .bind::<Text, _>(KEPT)
        .execute(conn)
        .await?;
        Ok(swept)
    })
    .await
}
