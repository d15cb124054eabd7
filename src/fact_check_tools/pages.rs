//! `pages`: a newsroom's articles, each with the verdicts that are published in it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::{Map, json};
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::markup::{ClaimReviewMarkup, MarkupPage};
use super::model::host;
use crate::auth::{Caller, Role};
use crate::claim_review::{self, ClaimReview};
use crate::error::{Error, FieldError, Result};
use crate::etag::IfMatchGiven;
use crate::imports::{self, Markup};
use crate::newsrooms::Newsroom;
use crate::page::PageRequest;
use crate::rating_mappings::{Mappings, OWN};
use crate::text;
use crate::verdicts::{Action, CorrectionReason, NewCorrection, Verdict};

/// Which pages.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageSearch {
    /// Address of an article: its page only. Send this or `organization`.
    #[validate(length(max = 2000))]
    #[param(max_length = 2000, example = "https://news.example/checks/moon")]
    pub url: Option<String>,
    /// The host of a site, such as `news.example`: the pages of it and below it.
    #[validate(length(max = 300))]
    #[param(max_length = 300)]
    pub organization: Option<String>,
    /// How many pages to answer at most: 10 unless said, 200 at most.
    #[validate(range(min = 1))]
    #[param(minimum = 1, default = 10)]
    pub page_size: Option<u64>,
    /// `nextPageToken` of the page before, with the same parameters.
    pub page_token: Option<String>,
    /// How many to pass over; heeded without `pageToken` only.
    #[validate(range(max = 2000))]
    #[param(minimum = 0, maximum = 2000)]
    pub offset: Option<u64>,
}

/// An article's address, and the first verdict that was published with it.
#[derive(Debug, QueryableByName)]
pub struct Article {
    /// The verdict's id, which is the page's.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    url: String,
}

#[derive(QueryableByName)]
struct Current {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    url: String,
}

/// Where a newsroom ($1) has current verdicts `v` of its own, and below it where it ever had some `p`.
const CURRENT: &str =
    "v.newsroom_id = $1 AND v.author_id IS NULL AND v.url IS NOT NULL AND v.public AND v.status = 'published'";
const FIRST: &str =
    "(SELECT min(p.id::text)::uuid FROM verdicts AS p WHERE p.newsroom_id = v.newsroom_id AND p.author_id IS NULL
    AND md5(p.url) = md5(v.url) AND p.url = v.url AND p.status IN ('published', 'superseded', 'retracted'))";

impl PageSearch {
    /// A page of articles, the newest first.
    pub async fn run(&self, page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Article>> {
        let skipped = self.offset.filter(|_| self.page_token.is_none()).and_then(|offset| i64::try_from(offset).ok());
        let sql = format!(
            "SELECT * FROM (SELECT DISTINCT {FIRST} AS id, v.url FROM verdicts AS v WHERE {CURRENT}
                 AND ($2 IS NULL OR md5(v.url) = md5($2) AND v.url = $2)
                 AND ($3 IS NULL OR '.' || substring(lower(v.url) FROM '^https?://(?:[^/@]*@)?([^/:?#]+)') LIKE '%.' || $3)) AS found
             WHERE $4 IS NULL OR id < $4 ORDER BY id DESC LIMIT $5 OFFSET $6"
        );
        // In a pattern these are more than themselves; in no host they stand.
        let site = self.organization.as_deref().map(|site| host(site).unwrap_or_default().replace(['%', '\\'], ""));
        Ok(diesel::sql_query(sql)
            .bind::<SqlUuid, _>(caller.newsroom_id)
            .bind::<Nullable<Text>, _>(&self.url)
            .bind::<Nullable<Text>, _>(site)
            .bind::<Nullable<SqlUuid>, _>(page.after())
            .bind::<BigInt, _>(page.rows())
            .bind::<BigInt, _>(skipped.unwrap_or_default())
            .load(&mut conn)
            .await?)
    }
}

/// The page of an article.
pub async fn of_article(article: Article, caller: Caller, conn: &AsyncPgConnection) -> Result<MarkupPage> {
    let page = of_articles(vec![article], caller, conn).await?.pop();
    page.map(|(_, page)| page).ok_or(Error::NotFound("page"))
}

/// Articles with their pages, in their order.
pub async fn of_articles(
    articles: Vec<Article>,
    caller: Caller,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<(Article, MarkupPage)>> {
    let urls: Vec<&String> = articles.iter().map(|article| &article.url).collect();
    let sql = format!(
        "SELECT v.id, v.url FROM verdicts AS v WHERE {CURRENT}
        AND md5(v.url) IN (SELECT md5(url) FROM unnest($2) AS url) AND v.url = ANY($2)"
    );
    let current: Vec<Current> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(caller.newsroom_id)
        .bind::<diesel::sql_types::Array<Text>, _>(urls)
        .load(&mut conn)
        .await?;
    let ids: Vec<Uuid> = current.iter().map(|verdict| verdict.id).collect();
    let url_of: HashMap<Uuid, &String> = current.iter().map(|verdict| (verdict.id, &verdict.url)).collect();
    let mut reviews: HashMap<&String, Vec<ClaimReview>> = HashMap::new();
    for review in claim_review::of_verdicts(&ids, conn).await? {
        if let Some(url) = url_of.get(&review.identifier) {
            reviews.entry(*url).or_default().push(review);
        }
    }
    let page = |article: Article| {
        let reviews = reviews.remove(&article.url).unwrap_or_default();
        let page = MarkupPage::of(article.id, article.url.clone(), &reviews)?;
        Ok((article, page))
    };
    articles.into_iter().map(page).collect()
}

/// The article of a page. 404 where it has no verdict, or none any more.
pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Article> {
    let sql = format!("SELECT DISTINCT {FIRST} AS id, v.url FROM verdicts AS v JOIN verdicts AS named ON named.id = $2
        WHERE {CURRENT} AND md5(v.url) = md5(named.url) AND v.url = named.url AND named.newsroom_id = $1 AND named.author_id IS NULL");
    let query = diesel::sql_query(sql).bind::<SqlUuid, _>(caller.newsroom_id).bind::<SqlUuid, _>(id);
    let found: Option<Article> = query.get_result(&mut conn).await.optional()?;
    found.filter(|article| article.id == id).ok_or(Error::NotFound("page"))
}

impl MarkupPage {
    /// Publishes the fact checks of an article that has none yet. 409 where it has.
    pub async fn create(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        lock(&self.page_url, caller, conn).await?;
        let article = PageSearch { url: Some(self.page_url.clone()), ..PageSearch::default() };
        if let Some(article) = article.run(&PageRequest::first(), caller, conn).await?.into_iter().next() {
            let detail = format!("This article has a page: pages/{}. Update that one.", article.id);
            return Err(Error::existing(detail, article.id));
        }
        self.check(caller, conn).await?;
        let all: Vec<(usize, &ClaimReviewMarkup)> = self.claim_review_markups.iter().enumerate().collect();
        self.publish(&all, caller, conn).await?;
        let made = article.run(&PageRequest::first(), caller, conn).await?.pop();
        of_article(made.ok_or(Error::NotFound("page"))?, caller, conn).await
    }

    /// Makes the fact checks of an article what is sent: what has changed is corrected, what is missing retracted, what is new published.
    pub async fn update(&self, id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let shown = shown(id, caller, conn).await?;
        if self.page_url != shown.page.page_url {
            return Err(Error::field("/pageUrl", "cannot be changed: create a page for the other address"));
        }
        if self.version_id.is_some() && self.version_id != shown.page.version_id {
            return Err(Error::conflict("The page has changed since: get it again, and send its versionId."));
        }
        self.check(caller, conn).await?;
        let mut left: Vec<(Uuid, &ClaimReviewMarkup)> = shown.reviews();
        let mut new = Vec::new();
        for (at, markup) in self.claim_review_markups.iter().enumerate() {
            let same =
                |shown: &ClaimReviewMarkup| text::folded(&shown.claim_reviewed) == text::folded(&markup.claim_reviewed);
            match left.iter().position(|(_, shown)| same(shown)) {
                Some(known) => {
                    let (verdict, was) = left.remove(known);
                    self.correct(at, verdict, was, &shown.page, caller, conn).await?;
                }
                None => new.push((at, markup)),
            }
        }
        for (verdict, _) in left {
            let reason = "Its publisher has taken the review from the page.";
            Verdict::act(verdict, Action::Retract, Some(reason), &IfMatchGiven::none(), caller, conn).await?;
        }
        self.publish(&new, caller, conn).await?;
        of_article(find(id, caller, conn).await?, caller, conn).await
    }

    async fn publish(
        &self,
        which: &[(usize, &ClaimReviewMarkup)],
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        if which.is_empty() {
            return Ok(());
        }
        let mut markups = Vec::with_capacity(which.len());
        for (_, markup) in which {
            markups.push(Markup { object: markup.in_page(self)?, place: markup.claim_location.clone() });
        }
        let in_page = |fault: FieldError| {
            let (position, member) = fault.pointer.trim_start_matches('/').split_once('/').unwrap_or_default();
            let at = position.parse().ok().and_then(|position: usize| which.get(position)).map_or(0, |(at, _)| *at);
            let pointer = match member {
                "datePublished" => "/publishDate".into(),
                "url" => "/pageUrl".into(),
                member => format!("/claimReviewMarkups/{at}{}", member_of_google(member)),
            };
            FieldError { pointer, ..fault }
        };
        imports::publish_own(&markups, caller, conn).await.map_err(|error| match error {
            Error::Validation(faults) => Error::Validation(faults.into_iter().map(in_page).collect()),
            error => error,
        })
    }

    async fn correct(
        &self,
        at: usize,
        verdict: Uuid,
        shown: &ClaimReviewMarkup,
        page: &Self,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        let Some(markup) = self.claim_review_markups.get(at) else { return Ok(()) };
        let pointer = |member: &str| format!("/claimReviewMarkups/{at}/{member}");
        if let Some(member) = markup.differs_from_claim(shown) {
            let detail = "belongs to the claim and what was said on it: send what was answered, and change it in /v1/claims and /v1/statements";
            return Err(Error::field(pointer(member), detail));
        }
        let (rating, was) = (&markup.rating, &shown.rating);
        let (mut changes, mut reason) = (Map::new(), CorrectionReason::Wording);
        if rating.textual_rating != was.textual_rating {
            let mappings = Mappings::of_own(caller.newsroom_id, conn).await?;
            let words = &rating.textual_rating;
            let id = mappings.rating(words, OWN, None);
            let detail = "stands for no rating of ours: map it in /v1/rating-mappings";
            let id = id.ok_or_else(|| Error::field(pointer("rating/textualRating"), detail))?;
            changes.insert("rating_id".into(), json!(id));
            reason = CorrectionReason::OurError;
        }
        if rating.rating_explanation != was.rating_explanation {
            let summary = rating.rating_explanation.as_ref().unwrap_or(&rating.textual_rating);
            changes.insert("summary".into(), json!(summary));
        }
        if self.publish_date != page.publish_date {
            changes.insert("reviewed_on".into(), json!(self.publish_date));
        }
        if changes.is_empty() {
            return Ok(());
        }
        caller.needs(Role::Editor)?;
        if Newsroom::works_by_four_eyes(caller.newsroom_id, conn).await? {
            return Err(Error::Forbidden(format!(
                "Your newsroom works by four eyes: what is published is corrected in review, by POST /v1/verdicts/{verdict}/correct."
            )));
        }
        let correction_note = match reason {
            CorrectionReason::OurError => {
                format!("The rating was “{}” before, and is “{}” now.", was.textual_rating, rating.textual_rating)
            }
            _ => "The wording was changed.".into(),
        };
        let correction = NewCorrection { reason, correction_note, changes };
        Verdict::correct(verdict, &correction, &IfMatchGiven::none(), caller, conn).await?;
        Ok(())
    }

    async fn check(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        if self.publish_date.is_none() {
            return Err(Error::field("/publishDate", "is needed: a year, a month or a day"));
        }
        let named = self.claim_review_author.as_ref().and_then(|author| author.name.as_deref());
        let newsroom = Newsroom::query().find(caller.newsroom_id).first(conn).await?;
        match named {
            Some(name) if text::folded(name) != text::folded(&newsroom.name) => Err(Error::field(
                "/claimReviewAuthor/name",
                format!("must be {} or left out: reviews of others are recorded by POST /v1/imports", newsroom.name),
            )),
            _ => Ok(()),
        }
    }
}

/// Retracts all verdicts of a page.
pub async fn delete(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    for (verdict, _) in shown(id, caller, conn).await?.reviews() {
        let reason = "Its publisher has deleted the page with the review.";
        Verdict::act(verdict, Action::Retract, Some(reason), &IfMatchGiven::none(), caller, conn).await?;
    }
    Ok(())
}

/// A page as it stands, with the ids of its verdicts.
struct Shown {
    page: MarkupPage,
    verdicts: Vec<Uuid>,
}

impl Shown {
    fn reviews(&self) -> Vec<(Uuid, &ClaimReviewMarkup)> {
        self.verdicts.iter().copied().zip(&self.page.claim_review_markups).collect()
    }
}

/// Locks an article, so that two updates of it go one after the other, and reads it.
async fn shown(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Shown> {
    let article = find(id, caller, conn).await?;
    lock(&article.url, caller, conn).await?;
    let article = find(id, caller, conn).await?;
    let sql = format!("SELECT v.id, v.url FROM verdicts AS v WHERE {CURRENT} AND md5(v.url) = md5($2) AND v.url = $2");
    let query = diesel::sql_query(sql).bind::<SqlUuid, _>(caller.newsroom_id).bind::<Text, _>(&article.url);
    let current: Vec<Current> = query.load(conn).await?;
    let ids: Vec<Uuid> = current.into_iter().map(|verdict| verdict.id).collect();
    let reviews = claim_review::of_verdicts(&ids, conn).await?;
    let verdicts = reviews.iter().map(|review| review.identifier).collect();
    Ok(Shown { page: MarkupPage::of(article.id, article.url, &reviews)?, verdicts })
}

async fn lock(url: &str, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('pages\n' || $1 || '\n' || $2, 0))")
        .bind::<Text, _>(caller.newsroom_id.to_string())
        .bind::<Text, _>(url)
        .execute(conn)
        .await?;
    Ok(())
}

/// A member as Google's markup calls it, from what an import calls it.
fn member_of_google(member: &str) -> &str {
    match member {
        "reviewRating/alternateName" => "/rating/textualRating",
        "itemReviewed/datePublished" => "/claimDate",
        "itemReviewed/author" => "/claimAuthor",
        "itemReviewed/appearance" => "/claimAppearances",
        "claimReviewed" | "claim/text" => "/claimReviewed",
        _ if member.starts_with("verdict/summary") => "/rating/ratingExplanation",
        _ if member.starts_with("source/") || member.starts_with("statement/") => "/claimAuthor",
        _ => "",
    }
}
