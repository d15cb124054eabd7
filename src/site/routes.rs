use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use uuid::Uuid;

use super::answer::{EMBED_POLICY, HTML, PAGE_POLICY, Site};
use super::layout::{CSS, CSS_PATH};
use super::oembed::Asked;
use super::read::{ClaimPage, EVERYBODY, Entry, names};
use super::{card, claim, embed, home, newsroom, search, sitemap, source, topic};
use crate::claims::{Claim, ClaimFilter};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::extract::{Id, Slug};
use crate::kept::{Kept, Rendered};
use crate::newsrooms::Newsroom;
use crate::page::{self, PageRequest};
use crate::search::{ResultType, SearchQuery, SearchResult};
use crate::source_record::SourceRecord;
use crate::topics::Topic;
use crate::verdicts::Verdict;

/// The pages. They are no part of the OpenAPI document, which describes what programs call.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(home_page)
        .service(claim_page)
        .service(source_page)
        .service(newsroom_page)
        .service(topic_page)
        .service(search_page)
        .service(embedded_claim)
        .service(claim_card)
        .service(oembed)
        .service(style_sheet)
        .service(icon)
        .configure(sitemap::configure);
}

#[get("/")]
async fn home_page(db: web::Data<Db>, site: Site) -> Result<HttpResponse> {
    let (entries, next) = verdicts(&db, &site, None).await?;
    Ok(site.page(home::markup(&entries, next.as_deref(), &site.base)))
}

async fn read(claim_id: Uuid, db: &Db) -> Result<ClaimPage> {
    db.snapshot(async |conn| ClaimPage::find(claim_id, conn).await).await
}

#[get("/claims/{id}")]
async fn claim_page(db: web::Data<Db>, kept: web::Data<Kept>, site: Site, Id(id): Id) -> Result<HttpResponse> {
    let make = async || {
        let read = read(id, &db).await?;
        Ok(Rendered::new(claim::markup(&read, &site.base)?.into_string(), Some(read.modified)))
    };
    let page = kept.get(("page", id.to_string(), site.base.clone()), &db, make).await?;
    Ok(site.answer(page, HTML, PAGE_POLICY))
}

#[get("/sources/{id}")]
async fn source_page(db: web::Data<Db>, site: Site, Id(id): Id) -> Result<HttpResponse> {
    let find = async |conn: &_| {
        let record = SourceRecord::find(id, EVERYBODY, conn).await?;
        let affiliation = names(&record.source.affiliation_id.into_iter().collect(), conn).await?;
        Ok((record, affiliation))
    };
    let (record, affiliation) = db.snapshot(find).await?;
    let affiliation = affiliation.values().next().map(String::as_str);
    Ok(site.page(source::markup(&record, affiliation, &site.base)))
}

#[get("/newsrooms/{id}")]
async fn newsroom_page(db: web::Data<Db>, site: Site, Id(id): Id) -> Result<HttpResponse> {
    let newsroom = db.read(async |conn| Newsroom::find(id, conn).await).await?;
    let (entries, next) = verdicts(&db, &site, Some(id)).await?;
    Ok(site.page(newsroom::markup(&newsroom, &entries, next.as_deref(), &site.base)))
}

#[get("/topics/{slug}")]
async fn topic_page(db: web::Data<Db>, site: Site, Slug(slug): Slug) -> Result<HttpResponse> {
    let asked = asked(&site, &[])?;
    let filter = ClaimFilter { topic: Some(slug.clone()), ..ClaimFilter::default() };
    let find = async |conn: &_| {
        let topic = Topic::find(&slug, EVERYBODY, conn).await?;
        Ok((topic, Claim::list(&filter, &asked, EVERYBODY, conn).await?))
    };
    let (topic, found) = db.snapshot(find).await?;
    let (claims, next) = found.answer(asked).listed.into_parts();
    let entries = db.snapshot(async |conn| Entry::of_claims(claims.clone(), conn).await).await?;
    Ok(site.page(topic::markup(&topic, &entries, next.as_deref(), &site.base)))
}

#[get("/search")]
async fn search_page(db: web::Data<Db>, site: Site) -> Result<HttpResponse> {
    let q = site.parameter("q").unwrap_or_default().trim().to_owned();
    let noun = site.parameter("type").and_then(|name| search::TYPES.iter().find(|(one, _)| one.as_str() == name));
    let noun: Option<ResultType> = noun.map(|(one, _)| *one);
    if q.is_empty() {
        return Ok(site.page(search::markup("", noun, &[], None)));
    }
    if q.chars().count() > 500 || q.contains('\0') {
        return Err(Error::parameter("q", "must be at most 500 characters, none of them U+0000"));
    }
    let asked = asked(&site, &[("q", Some(q.clone())), ("type", noun.map(|one| one.as_str().to_owned()))])?;
    let query = SearchQuery { q, noun, sort: None, facets: None };
    let found = db.search(async |conn| query.run(&asked, EVERYBODY, conn).await).await?;
    let key = |item: &SearchResult| {
        let (score, id) = query.key(item.score, item.id);
        page::scored(score, id)
    };
    let (items, next) = asked.page(found.items, key).into_parts();
    Ok(site.page(search::markup(&query.q, noun, &items, next.as_deref())))
}

#[get("/embed/claims/{id}")]
async fn embedded_claim(db: web::Data<Db>, kept: web::Data<Kept>, site: Site, Id(id): Id) -> Result<HttpResponse> {
    let make = async || {
        let read = read(id, &db).await?;
        Ok(Rendered::new(embed::markup(&read, &site.base).into_string(), Some(read.modified)))
    };
    let page = kept.get(("embed", id.to_string(), site.base.clone()), &db, make).await?;
    Ok(site.answer(page, HTML, &EMBED_POLICY))
}

#[get("/cards/claims/{id}.png")]
async fn claim_card(db: web::Data<Db>, kept: web::Data<Kept>, site: Site, Id(id): Id) -> Result<HttpResponse> {
    let make = async || {
        let read = read(id, &db).await?;
        let svg = card::svg(&read);
        let drawn = web::block(move || card::png(&svg)).await;
        let drawn = drawn.map_err(|error| anyhow::anyhow!("a card was not drawn: {error}"))??;
        Ok(Rendered::new(drawn, Some(read.modified)))
    };
    // It has no links in it.
    let card = kept.get(("card", id.to_string(), String::new()), &db, make).await?;
    Ok(site.answer(card, "image/png", PAGE_POLICY))
}

#[get("/oembed")]
async fn oembed(db: web::Data<Db>, site: Site) -> Result<HttpResponse> {
    let asked = Asked::read(&site)?;
    let read = read(asked.claim_id, &db).await.map_err(|error| match error {
        // The standard knows no 410.
        Error::Gone { .. } => Error::NotFound("claim page"),
        other => other,
    })?;
    Ok(asked.answer(&read, &site))
}

#[get("/assets/{name}")]
async fn style_sheet(site: Site) -> Result<HttpResponse> {
    if site.request.path() != CSS_PATH.as_str() {
        return Err(Error::NotFound("file"));
    }
    let mut answer = site.answer(Rendered::new(CSS, None), "text/css; charset=utf-8", PAGE_POLICY);
    let for_good = header::HeaderValue::from_static("public, max-age=31536000, immutable");
    answer.headers_mut().insert(header::CACHE_CONTROL, for_good);
    Ok(answer)
}

/// The sign in a browser's tabs, which asks for it under this name whatever a page says.
#[get("/favicon.ico")]
async fn icon(site: Site) -> HttpResponse {
    site.answer(Rendered::new(include_bytes!("icon.svg").as_slice(), None), "image/svg+xml", PAGE_POLICY)
}

/// The page of a list that was asked for: after its cursor, with these filters.
fn asked(site: &Site, filters: &[(&str, Option<String>)]) -> Result<PageRequest> {
    let given = filters.iter().cloned().chain([("cursor", site.parameter("cursor"))]);
    let mut parameters: BTreeMap<String, String> =
        given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    PageRequest::read(site.request.path(), &mut parameters)
}

/// The verdicts published last, of all newsrooms or one's own, with the address of the next page.
async fn verdicts(db: &Db, site: &Site, newsroom_id: Option<uuid::Uuid>) -> Result<(Vec<Entry>, Option<String>)> {
    let asked = asked(site, &[])?;
    let found = db.list(async |conn| Verdict::published_last(newsroom_id, &asked, conn).await).await?;
    let (verdicts, next) = asked.page(found, |verdict| page::timed(verdict.updated_at, verdict.id)).into_parts();
    let entries = db.snapshot(async |conn| Entry::of_verdicts(verdicts.clone(), conn).await).await?;
    Ok((entries, next))
}
