use std::fmt::Write as _;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post, web};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::ClaimReview;
use super::read;
use super::rules::{MarkupCheck, check};
use crate::auth::Viewer;
use crate::body::{NO_BODY, read_body};
use crate::claims::Claim;
use crate::config::{Limits, PublicUrl};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::extract::Id;
use crate::pieces::{Piece, pieces};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_claim_review).service(validate_claim_review);
}

/// Its feed.
pub fn configure_feeds(config: &mut ServiceConfig) {
    config.service(get_claim_review_feed);
}

/// Read a claim's review as ClaimReview
///
/// The verdict that stands for the claim as schema.org JSON-LD (the claim's newsroom's before another's, then what was published last), to be put into the page of the article as it is; another
/// publisher's review where there is no other. Numbers are there only where the rating scale has them and the review is a newsroom's own,
/// and the claim's author only where somebody puts it forward by name. 404 where nothing is published on the claim.
#[utoipa::path(tag = "claimreview", params(("id" = Uuid, Path, description = "The claim's id", example = "#talks")), responses((status = 200, description = "The review", body = ClaimReview, content_type = "application/ld+json")))]
#[get("/claims/{id}/claimreview")]
async fn get_claim_review(
    db: web::Data<Db>,
    public_url: web::Data<PublicUrl>,
    viewer: Viewer,
    Id(id): Id,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let found = async |conn: &_| {
        Claim::find(id, viewer, conn).await?;
        read::of_claims(&[id], conn).await
    };
    let review =
        db.snapshot(found).await?.into_iter().next().ok_or(Error::NotFound("published verdict on the claim"))?;
    let review = review.addressed(&public_url.of(&request));
    Ok(HttpResponse::Ok().content_type(JSON_LD).body(within_script(&serde_json::to_string(&review)?)))
}

/// Check ClaimReview markup
///
/// Each rule of Google and Bing that a document misses, ours or anyone's, with its pointer. The reviews are found in an object, an
/// array, an `@graph`, or nested in others. Nothing is kept.
#[utoipa::path(tag = "claimreview", request_body(content = Value, example = json!({"@context": "https://schema.org", "@type": "ClaimReview", "claimReviewed": "The talks took place", "url": "https://news.example/checks/talks", "author": {"@type": "Organization", "name": "News Example"}, "datePublished": "2023-10-06", "reviewRating": {"@type": "Rating", "alternateName": "True", "ratingValue": 7, "bestRating": 5, "worstRating": 1}})), responses((status = 200, description = "What is missed", body = MarkupCheck)))]
#[post("/claimreview/validate")]
async fn validate_claim_review(markup: Markup) -> web::Json<MarkupCheck> {
    web::Json(check(&markup.0))
}

/// Any JSON, blank texts and all: what is wrong with it is the answer.
struct Markup(Value);

impl FromRequest for Markup {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limit = Limits::of(&request).body_bytes;
            let json = read_body(request, payload, limit, Some(JSON_LD)).await?.json;
            Ok(Self(json.ok_or_else(|| Error::BadRequest(NO_BODY.into()))?.value))
        })
    }
}

/// Read all reviews as a feed
///
/// All published verdicts of the newsrooms' own as a [schema.org DataFeed](https://schema.org/DataFeed) of ClaimReview, the form that Data
/// Commons and Fact Check Explorer read; the oldest first. Other publishers' reviews are left out. It is written while it is read, so
/// that it may be of any size: an answer that breaks off is not complete.
#[utoipa::path(tag = "claimreview", responses((status = 200, description = "The feed", body = Value, content_type = "application/ld+json")))]
#[get("/claimreview.json")]
async fn get_claim_review_feed(
    db: web::Data<Db>,
    public_url: web::Data<PublicUrl>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let base = public_url.of(&request);
    let pieces = pieces(move |last| {
        let (db, base) = (db.clone(), base.clone());
        async move { feed_behind(last, &base, &db).await }
    });
    Ok(HttpResponse::Ok().content_type(JSON_LD).streaming(pieces.await?))
}

/// JSON that may stand in a `<script>` of a page as it is: no text in it ends the script or begins a comment there.
pub fn within_script(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut escaped, c| {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            c => escaped.push(c),
        }
        escaped
    })
}

const JSON_LD: &str = "application/ld+json";
/// How many reviews are read at once.
const ROWS: i64 = 200;

/// Some of the feed, behind a verdict.
async fn feed_behind(last: Option<Uuid>, base: &str, db: &Db) -> Result<Piece> {
    let after = last.unwrap_or_default();
    let reviews = db.snapshot(async |conn| read::own_after(after, ROWS, conn).await).await?;
    let mut text = match last {
        None => r#"{"@context":"https://schema.org","@type":"DataFeed","dataFeedElement":["#.to_owned(),
        Some(_) => String::new(),
    };
    let newest = reviews.last().map(|review| review.identifier);
    for (nth, review) in reviews.into_iter().enumerate() {
        if nth > 0 || last.is_some() {
            text.push(',');
        }
        let review = review.addressed(base);
        let mut item = json!({"@type": "DataFeedItem", "url": review.url, "item": [review]});
        if let Some(date) = &review.date_published {
            item["dateCreated"] = json!(date);
        }
        text.push_str(&within_script(&item.to_string()));
    }
    if newest.is_none() {
        text.push_str("]}");
    }
    Ok(Piece { text: text.into(), last: newest })
}
