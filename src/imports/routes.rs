use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{Either, FromRequest, HttpMessage, HttpRequest, HttpResponse, delete, get, post, web};
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::{Form, Import, ImportOptions, ImportRecord, ImportStatus, RecordFilter};
use super::{follow, store};
use crate::auth::{Admin, Editor, Reader};
use crate::changes::streams::{Streams, asks_for_events};
use crate::config::Limits;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::etag::{NoContent, Record};
use crate::extract::{Id, List, NoFilter, Query};
use crate::idempotency::{Answer, PostRequest, once};
use crate::page::{Listed, Page, PageParameters};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_imports)
        .service(create_import)
        .service(get_import)
        .service(get_import_file)
        .service(erase_import)
        .service(list_import_records)
        .service(get_import_record);
}

/// List imports
///
/// Your newsroom's, newest first.
#[utoipa::path(tag = "imports", params(PageParameters), responses((status = 200, description = "A page of imports", body = Page<Import>)), security(("api_key" = ["reader"])))]
#[get("/imports")]
async fn list_imports(db: web::Data<Db>, Reader(caller): Reader, list: List<NoFilter>) -> Result<Listed<Import>> {
    let imports = db.list(async |conn| Import::list(&list.page, caller, conn).await).await?;
    Ok(list.page.page(imports, |import| import.id))
}

/// Import ClaimReview
///
/// The body is the file as it is, its form the `Content-Type`: `application/ld+json` or `application/json` (an object, a list, an
/// `@graph`, a `DataFeed`, an answer of Google's Fact Check Tools; reviews are found wherever they are nested), `application/x-ndjson`,
/// `text/html` (the JSON-LD in a page) or `text/csv`. `charset` says an encoding other than UTF-8.
///
/// The file is kept, and recorded in the background: see `GET /v1/imports/{id}` for how far it is, and its `records` for what became of
/// each. A record makes a claim, a statement of the claimant, documents of where it appeared, and a verdict; sources and documents that
/// are recorded already are reused. All are drafts unless `publish` says otherwise. The same file again changes nothing. A broken record
/// stops nothing.
#[utoipa::path(tag = "imports", params(ImportOptions), request_body(content(
    (Value = "application/json", example = json!({"@context": "https://schema.org", "@type": "ClaimReview", "claimReviewed": "A bridge over the Bosphorus was closed for the talks", "url": "https://checks.example/bridge", "author": {"@type": "Organization", "name": "Other Checkers"}, "datePublished": "2023-10-06", "reviewRating": {"@type": "Rating", "alternateName": "Mostly false"}, "itemReviewed": {"@type": "Claim", "author": {"@type": "Person", "name": "A passer-by"}, "datePublished": "2023-09-18"}})),
    (Value = "application/ld+json"),
    (Value = "application/x-ndjson"),
    (Value = "text/html"),
    (Value = "text/csv"),
)), responses((status = 201, description = "The import, which goes on in the background", body = Import)), security(("api_key" = ["editor"])))]
#[post("/imports")]
async fn create_import(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Query(options): Query<ImportOptions>,
    upload: Upload,
) -> Result<Answer<Import>> {
    let Upload { form, charset, request, bytes } = upload;
    let id = Uuid::now_v7();
    db.write(async move |conn| store::begin(id, form, charset, &options, caller, conn).await).await?;
    let stored = async {
        let hash = store::receive(id, bytes, &db).await?;
        once(&db, caller, PostRequest::new(&request, of_all(&request, hash))?, async move |conn| {
            let import = store::finish_receiving(id, &hash, caller, conn).await?;
            if import.bytes == 0 {
                return Err(Error::BadRequest("The request needs a file as its body.".into()));
            }
            Answer::created(format!("/v1/imports/{id}"), &import)
        })
        .await
    };
    let answer = stored.await;
    // What did not arrive whole, and what a repeated request sent again. Others are not in the state of arriving any more.
    store::discard(id, &db).await?;
    answer
}

/// Read an import
///
/// How far it is. With `Accept: text/event-stream` it is a stream of server-sent events, `progress` each time that it has gone on, with
/// the import, until it is done or has failed.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The import's id", example = "#imported-reviews")), responses((status = 200, description = "The import", content((Import = "application/json"), (String = "text/event-stream"))), (status = 204, description = "Of a stream: the last event was seen already")), security(("api_key" = ["reader"])))]
#[get("/imports/{id}")]
async fn get_import(
    db: web::Data<Db>,
    streams: web::Data<Streams>,
    Reader(caller): Reader,
    Id(id): Id,
    request: HttpRequest,
) -> Result<Either<Record<Import>, HttpResponse>> {
    if asks_for_events(&request) {
        return follow::events(id, caller, &request, db, &streams).await.map(Either::Right);
    }
    let import = db.read(async |conn| Import::find(id, caller, conn).await).await?;
    Ok(Either::Left(Record(import)))
}

/// Read an import's file
///
/// Byte for byte as it came, in whatever encoding that was. 409 while it arrives, 410 once it is erased.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The import's id", example = "#imported-reviews")), responses((status = 200, description = "The file", body = String, content_type = "application/octet-stream"), (status = 409, description = "The file is still arriving")), security(("api_key" = ["reader"])))]
#[get("/imports/{id}/file")]
async fn get_import_file(db: web::Data<Db>, Reader(caller): Reader, Id(id): Id) -> Result<HttpResponse> {
    let import = db.read(async |conn| Import::find(id, caller, conn).await).await?;
    if import.erased_at.is_some() {
        return Err(Error::Gone { noun: "import's file", reason: "it was erased".into() });
    }
    if import.status == ImportStatus::Receiving {
        return Err(Error::conflict("The file is still arriving. Ask again when all of it is here."));
    }
    let chunks = stream::try_unfold((0, import.bytes), move |(number, left)| {
        let db = db.clone();
        async move {
            let chunk = db.list(async |conn| store::chunk(id, number, conn).await).await?;
            let Some(bytes) = chunk else {
                // What is erased meanwhile breaks off, so that nobody takes what came for the whole.
                return if left > 0 { Err(Error::NotFound("rest of the file")) } else { Ok(None) };
            };
            let left = left - i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            Ok(Some((web::Bytes::from(bytes), (number + 1, left))))
        }
    });
    Ok(HttpResponse::Ok().content_type("application/octet-stream").streaming(chunks))
}

/// Erase an import's file
///
/// With what its records say of it: the bytes, addresses, names, ratings and problems. What was made of them stays, and the same file
/// again still changes nothing. For what must be erased, beside `POST /v1/redactions`, and for what is not needed any more. Where it
/// breaks off, ask again. 409 while it is worked on.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The import's id", example = "#imported-reviews")), responses((status = 204, description = "Erased")), security(("api_key" = ["admin"])))]
#[delete("/imports/{id}/file")]
async fn erase_import(db: web::Data<Db>, Admin(caller): Admin, Id(id): Id) -> Result<NoContent> {
    db.write(async move |conn| Import::erase(id, caller, conn).await).await?;
    while db.write(async move |conn| Import::erase_some(id, conn).await).await? {}
    Ok(NoContent)
}

/// List an import's records
///
/// What became of each, in the order of the file.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The import's id", example = "#imported-reviews"), RecordFilter, PageParameters), responses((status = 200, description = "A page of records", body = Page<ImportRecord>)), security(("api_key" = ["reader"])))]
#[get("/imports/{id}/records")]
async fn list_import_records(
    db: web::Data<Db>,
    Reader(caller): Reader,
    Id(id): Id,
    list: List<RecordFilter>,
) -> Result<Listed<ImportRecord>> {
    let records = async |conn: &_| Import::records(id, &list.filter, &list.page, caller, conn).await;
    let records = db.list(records).await?;
    Ok(list.page.page(records, |record| u128::from(record.position.unsigned_abs()).to_be_bytes()))
}

/// Read a record as it came
///
/// As it stands in the file, in UTF-8. Of a file in another encoding, or with bytes that are no text, `GET /v1/imports/{id}/file` has the
/// bytes that came.
#[utoipa::path(tag = "imports", params(("id" = Uuid, Path, description = "The import's id", example = "#imported-reviews"), ("position" = i64, Path, description = "The record's place in the file, from 1 on", example = 1)), responses((status = 200, description = "The record", body = String, content_type = "application/octet-stream")), security(("api_key" = ["reader"])))]
#[get("/imports/{id}/records/{position}/raw")]
async fn get_import_record(
    db: web::Data<Db>,
    Reader(caller): Reader,
    Id(id): Id,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let position = request.match_info().get("position").and_then(|position| position.parse().ok());
    let position = position.ok_or(Error::NotFound("record of the import"))?;
    let raw = db.list(async |conn| Import::raw(id, position, caller, conn).await).await?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(raw))
}

/// The hash of a request with this file: what is to be done with it stands in the query, what it is in the header.
fn of_all(request: &HttpRequest, file: [u8; 32]) -> [u8; 32] {
    let form = request.headers().get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes).unwrap_or_default();
    let parts = [&file[..], request.query_string().as_bytes(), b"\n", form];
    parts.into_iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
}

type Bytes = std::pin::Pin<Box<dyn Stream<Item = Result<web::Bytes>>>>;

/// A file as the body of a request, which is not read yet.
struct Upload {
    form: Form,
    charset: Option<&'static str>,
    request: HttpRequest,
    bytes: Bytes,
}

const FORMS: [(&str, Form); 7] = [
    ("application/ld+json", Form::Json),
    ("application/json", Form::Json),
    ("application/x-ndjson", Form::Ndjson),
    ("application/jsonl", Form::Ndjson),
    ("text/html", Form::Html),
    ("application/xhtml+xml", Form::Html),
    ("text/csv", Form::Csv),
];

impl FromRequest for Upload {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Self::of(request, payload.take()))
    }
}

impl Upload {
    /// 415 for a form that is not known; 413, also later, for a file that is too large.
    fn of(request: &HttpRequest, payload: Payload) -> Result<Self> {
        let refused = Error::UnsupportedMediaType(
            "Send Content-Type: application/ld+json, application/json, application/x-ndjson, text/html or text/csv.",
        );
        let Ok(Some(media_type)) = request.mime_type() else { return Err(refused) };
        let known = FORMS.iter().find(|(name, _)| *name == media_type.essence_str());
        let Some((_, form)) = known.copied() else { return Err(refused) };
        let charset = media_type.get_param("charset").map(|label| store::charset(label.as_str())).transpose()?;
        let limits = Limits::of(request);
        let length =
            request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > limits.import_bytes as u64) {
            return Err(Error::TooLarge(limits.import_bytes));
        }
        Ok(Self {
            form,
            charset,
            request: request.clone(),
            bytes: bounded(payload, limits.import_bytes, limits.body_deadline()),
        })
    }
}

/// A body that is not larger than so many bytes, and of which something arrives within the deadline.
fn bounded(payload: Payload, limit: usize, deadline: std::time::Duration) -> Bytes {
    Box::pin(stream::try_unfold((payload, 0), move |(mut payload, received)| async move {
        let next = tokio::time::timeout(deadline, payload.next()).await.map_err(|_| Error::TooSlow)?;
        let Some(bytes) = next else { return Ok(None) };
        let bytes = bytes.map_err(|error| Error::BadRequest(format!("The body cannot be read: {error}.")))?;
        let received = received + bytes.len();
        if received > limit { Err(Error::TooLarge(limit)) } else { Ok(Some((bytes, (payload, received)))) }
    }))
}
