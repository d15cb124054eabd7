use actix_web::http::Uri;
use actix_web::http::header::{self, EntityTag, HttpDate};
use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

use super::json::JsonFeed;
use super::read::{Entry, FeedFilter};
use crate::config::PublicUrl;
use crate::db::Db;
use crate::error::Result;
use crate::extract::List;
use crate::page::{self, PageParameters};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_atom_feed).service(get_rss_feed).service(get_json_feed);
}

/// A page of a feed.
pub struct Feed {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// The server's address.
    pub base: String,
    /// That of the feed, whichever page of it this is.
    pub id: String,
    /// The page's own.
    pub address: String,
    /// That of the next page.
    pub next: Option<String>,
}

impl Feed {
    /// What feeds are called.
    pub const TITLE: &str = "Verdicts";

    async fn read(db: &Db, public_url: &PublicUrl, request: &HttpRequest, list: List<FeedFilter>) -> Result<Self> {
        let read = async |conn: &_| list.filter.entries(&list.page, conn).await;
        // What few verdicts have is looked for among all: on a connection of its own, and not for long.
        let entries = if list.filter.is_narrow() { db.search(read).await? } else { db.list(read).await? };
        let (entries, next) = list.page.page(entries, |entry: &Entry| page::timed(entry.at, entry.id)).into_parts();
        let base = public_url.of(request);
        Ok(Self {
            entries,
            id: format!("{base}{}", first_page(request.uri())),
            address: format!("{base}{}", request.uri()),
            next: next.map(|next| format!("{base}{next}")),
            base,
        })
    }

    /// When the newest entry was published, retracted or withdrawn; the beginning of time for an empty feed, which never changed.
    pub fn updated(&self) -> DateTime<Utc> {
        self.entries.first().map(|entry| entry.at).unwrap_or_default()
    }

    /// The feed in this form, or 304 where the reader has it already.
    fn answer(&self, request: &HttpRequest, media_type: &'static str, body: String) -> HttpResponse {
        // Weak, as it may go out compressed.
        let tag = EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        let modified = HttpDate::from(std::time::SystemTime::from(self.updated()));
        let known = is_known(request, &tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, tag.to_string()))
            .insert_header((header::LAST_MODIFIED, modified.to_string()));
        if known { response.finish() } else { response.content_type(media_type).body(body) }
    }
}

/// The address of a feed without what chooses a page of it.
fn first_page(uri: &Uri) -> String {
    let is_filter = |pair: &&str| !["limit", "cursor"].contains(&pair.split('=').next().unwrap_or_default());
    let filters: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(is_filter).collect();
    let filters = filters.join("&");
    if filters.is_empty() { uri.path().to_owned() } else { format!("{}?{filters}", uri.path()) }
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    use actix_web::http::header::{Header, IfNoneMatch};
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|one| one.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Follow verdicts by Atom
///
/// Published verdicts, what was published, corrected, retracted or withdrawn last first. A correction is the same entry, changed, with its
/// note; a retraction tells its reason and no conclusion, and a verdict that was withdrawn with its claim the reason alone. Older entries are behind the link `next` (RFC 5005). `ETag` and `If-None-Match`
/// save reading it again.
#[utoipa::path(tag = "feeds", params(FeedFilter, PageParameters), responses((status = 200, description = "The feed", body = String, content_type = "application/atom+xml"), (status = 304, description = "The reader has it already"), (status = 422, description = "What few verdicts have takes too long to find")))]
#[get("/verdicts.atom")]
async fn get_atom_feed(
    db: web::Data<Db>,
    public_url: web::Data<PublicUrl>,
    request: HttpRequest,
    list: List<FeedFilter>,
) -> Result<HttpResponse> {
    let feed = Feed::read(&db, &public_url, &request, list).await?;
    Ok(feed.answer(&request, "application/atom+xml; charset=utf-8", feed.to_atom()))
}

/// Follow verdicts by RSS
///
/// The same as RSS 2.0; a correction is an item of its own there.
#[utoipa::path(tag = "feeds", params(FeedFilter, PageParameters), responses((status = 200, description = "The feed", body = String, content_type = "application/rss+xml"), (status = 304, description = "The reader has it already"), (status = 422, description = "What few verdicts have takes too long to find")))]
#[get("/verdicts.rss")]
async fn get_rss_feed(
    db: web::Data<Db>,
    public_url: web::Data<PublicUrl>,
    request: HttpRequest,
    list: List<FeedFilter>,
) -> Result<HttpResponse> {
    let feed = Feed::read(&db, &public_url, &request, list).await?;
    Ok(feed.answer(&request, "application/rss+xml; charset=utf-8", feed.to_rss()))
}

/// Follow verdicts by JSON Feed
///
/// The same as [JSON Feed 1.1](https://www.jsonfeed.org/version/1.1/).
#[utoipa::path(tag = "feeds", params(FeedFilter, PageParameters), responses((status = 200, description = "The feed", body = JsonFeed, content_type = "application/feed+json"), (status = 304, description = "The reader has it already"), (status = 422, description = "What few verdicts have takes too long to find")))]
#[get("/verdicts.json")]
async fn get_json_feed(
    db: web::Data<Db>,
    public_url: web::Data<PublicUrl>,
    request: HttpRequest,
    list: List<FeedFilter>,
) -> Result<HttpResponse> {
    let feed = Feed::read(&db, &public_url, &request, list).await?;
    let body = feed.to_json()?;
    Ok(feed.answer(&request, "application/feed+json", body))
}
