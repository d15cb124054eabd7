//! What search engines are to find: the sitemap in parts, the news of two days, and robots.txt.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::answer::Site;
use crate::claim_review::RATED;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::kept::{Kept, Rendered};
use crate::pieces::{Piece, pieces};

/// The routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(index).service(topics).service(part).service(news).service(robots);
}

/// How many addresses a part has, as the protocol allows.
const PART: i64 = 50_000;
/// How many are read at once.
const ROWS: i64 = 1000;
const XML: &str = "application/xml; charset=utf-8";
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// What has pages, each by its id.
#[derive(Clone, Copy)]
enum Noun {
    Claims,
    Sources,
    Newsrooms,
}

impl Noun {
    const ALL: [Self; 3] = [Self::Claims, Self::Sources, Self::Newsrooms];

    fn path(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Sources => "sources",
            Self::Newsrooms => "newsrooms",
        }
    }

    /// The rows that everybody sees, with when they changed: a claim's page with its verdicts.
    fn rows(self) -> &'static str {
        match self {
            Self::Claims => {
                "SELECT id, greatest(updated_at, (SELECT max(updated_at) FROM verdicts WHERE claim_id = claims.id AND public)) AS updated_at
                 FROM claims WHERE status = 'published'"
            }
            Self::Sources => "SELECT id, updated_at FROM sources WHERE public",
            Self::Newsrooms => "SELECT id, updated_at FROM newsrooms WHERE true",
        }
    }

    async fn read(self, from: Uuid, many: i64, mut conn: &AsyncPgConnection) -> Result<Vec<Row>> {
        let query = diesel::sql_query(format!("{} AND id >= $1 ORDER BY id LIMIT $2", self.rows()));
        Ok(query.bind::<SqlUuid, _>(from).bind::<BigInt, _>(many).load(&mut conn).await?)
    }
}

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct TopicRow {
    #[diesel(sql_type = Text)]
    slug: String,
}

#[derive(QueryableByName)]
struct News {
    #[diesel(sql_type = SqlUuid)]
    claim_id: Uuid,
    #[diesel(sql_type = Text)]
    newsroom: String,
    #[diesel(sql_type = Text)]
    language: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Timestamptz)]
    published_at: DateTime<Utc>,
}

/// The first id of each part.
async fn parts(noun: Noun, mut conn: &AsyncPgConnection) -> Result<Vec<Uuid>> {
    // Without reading when each changed.
    let sql = match noun {
        Noun::Claims => "SELECT id FROM claims WHERE status = 'published'",
        Noun::Sources => "SELECT id FROM sources WHERE public",
        Noun::Newsrooms => "SELECT id FROM newsrooms",
    };
    let sql = format!(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM ({sql}) AS seen) AS numbered WHERE nth % $1 = 1 ORDER BY id"
    );
    let firsts: Vec<First> = diesel::sql_query(sql).bind::<BigInt, _>(PART).load(&mut conn).await?;
    Ok(firsts.into_iter().map(|first| first.id).collect())
}

#[get("/sitemap.xml")]
async fn index(db: web::Data<Db>, kept: web::Data<Kept>, site: Site) -> Result<HttpResponse> {
    // To count all that has a page takes a while.
    let make = async || Ok(Rendered::new(parts_of_all(&db, &site.base).await?, None));
    let index = kept.get(("sitemap", String::new(), site.base.clone()), &db, make).await?;
    Ok(HttpResponse::Ok().content_type(XML).body(index.body))
}

async fn parts_of_all(db: &Db, base: &str) -> Result<String> {
    let base = escaped(base);
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"{NAMESPACE}\">\n");
    for noun in Noun::ALL {
        for first in db.snapshot(async |conn| parts(noun, conn).await).await? {
            let path = noun.path();
            let _ = writeln!(xml, "<sitemap><loc>{base}/sitemaps/{path}/{first}.xml</loc></sitemap>");
        }
    }
    let _ = writeln!(xml, "<sitemap><loc>{base}/sitemaps/topics.xml</loc></sitemap>\n</sitemapindex>");
    Ok(xml)
}

#[get("/sitemaps/topics.xml")]
async fn topics(db: web::Data<Db>, site: Site) -> Result<HttpResponse> {
    let sql = "SELECT slug FROM topics WHERE public ORDER BY slug LIMIT $1";
    let find =
        async |mut conn: &AsyncPgConnection| Ok(diesel::sql_query(sql).bind::<BigInt, _>(PART).load(&mut conn).await?);
    let topics: Vec<TopicRow> = db.snapshot(find).await?;
    let mut xml = opening("");
    for TopicRow { slug } in topics {
        let _ = writeln!(xml, "<url><loc>{}/topics/{slug}</loc></url>", escaped(&site.base));
    }
    xml.push_str("</urlset>\n");
    Ok(HttpResponse::Ok().content_type(XML).body(xml))
}

#[get("/sitemaps/{noun}/{first}.xml")]
async fn part(db: web::Data<Db>, site: Site, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (noun, first) = path.into_inner();
    let noun = Noun::ALL.into_iter().find(|one| one.path() == noun);
    let (noun, first) = noun.zip(Uuid::try_parse(&first).ok()).ok_or(Error::NotFound("sitemap"))?;
    let (base, left) = (Rc::new(site.base), Rc::new(Cell::new(PART)));
    let read = move |last: Option<Uuid>| {
        let (db, base, left) = (db.clone(), base.clone(), left.clone());
        async move {
            let from = last.map_or(first, |last| Uuid::from_u128(last.as_u128().saturating_add(1)));
            let wanted = left.get().min(ROWS);
            let rows = db.snapshot(async |conn| noun.read(from, wanted, conn).await).await?;
            let mut xml = if last.is_none() { opening("") } else { String::new() };
            for Row { id, updated_at } in &rows {
                let changed = updated_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                let path = noun.path();
                let _ =
                    writeln!(xml, "<url><loc>{}/{path}/{id}</loc><lastmod>{changed}</lastmod></url>", escaped(&base));
            }
            let read = i64::try_from(rows.len()).unwrap_or(PART);
            left.set(left.get() - read);
            let last = rows.last().map(|row| row.id).filter(|_| read == wanted && left.get() > 0);
            if last.is_none() {
                xml.push_str("</urlset>\n");
            }
            Ok(Piece { text: xml.into(), last })
        }
    };
    Ok(HttpResponse::Ok().content_type(XML).streaming(pieces(read).await?))
}

/// The verdicts published in the last two days, at most a thousand, as Google News reads them.
#[get("/news-sitemap.xml")]
async fn news(db: web::Data<Db>, site: Site) -> Result<HttpResponse> {
    let sql = format!(
        "SELECT v.claim_id, n.name AS newsroom, coalesce(v.language, c.language) AS language, coalesce(v.title, {RATED} || ': ' || coalesce(v.claim_reviewed, c.text)) AS title, p.published_at
         FROM verdicts AS v JOIN claims AS c ON c.id = v.claim_id JOIN newsrooms AS n ON n.id = v.newsroom_id JOIN ratings AS r ON r.id = v.rating_id
         CROSS JOIN LATERAL (SELECT min(at) AS published_at FROM changes WHERE noun = 'verdict' AND record_id = v.id AND public AND NOT was_public) AS p
         WHERE v.public AND v.status = 'published' AND c.status = 'published' AND v.author_id IS NULL AND v.updated_at > now() - interval '2 days' AND p.published_at > now() - interval '2 days'
         ORDER BY v.updated_at DESC LIMIT 1000"
    );
    let found: Vec<News> =
        db.snapshot(async |mut conn: &AsyncPgConnection| Ok(diesel::sql_query(&sql).load(&mut conn).await?)).await?;
    let mut xml = opening(" xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\"");
    for News { claim_id, newsroom, language, title, published_at } in found {
        let _ = writeln!(
            xml,
            "<url><loc>{}/claims/{claim_id}</loc><news:news><news:publication><news:name>{}</news:name><news:language>{}</news:language></news:publication>\
             <news:publication_date>{}</news:publication_date><news:title>{}</news:title></news:news></url>",
            escaped(&site.base),
            escaped(&newsroom),
            escaped(language.split('-').next().unwrap_or(&language)),
            published_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            escaped(&title),
        );
    }
    xml.push_str("</urlset>\n");
    Ok(HttpResponse::Ok().content_type(XML).body(xml))
}

fn opening(more: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"{NAMESPACE}\"{more}>\n")
}

/// A text in XML, which has no control characters, escaped or not.
pub fn escaped(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') { ' ' } else { c }).collect();
    html_escape::encode_text(&text).into_owned()
}

#[get("/robots.txt")]
async fn robots(site: Site) -> HttpResponse {
    let base = &site.base;
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!(
        "User-agent: *\nAllow: /v1/claims/*/provenance\nDisallow: /v1/\nDisallow: /search\nDisallow: /embed/\n\nSitemap: {base}/sitemap.xml\nSitemap: {base}/news-sitemap.xml\n"
    ))
}
