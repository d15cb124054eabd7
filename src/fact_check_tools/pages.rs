//! `pages`: a newsroom's articles, each with the verdicts that are published in it.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::{Map, json};
use url::Url;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::markup::{ClaimReviewMarkup, MarkupPage};
use super::model::at_or_below;
use crate::auth::Caller;
use crate::claim_review::{self, ClaimReview};
use crate::claims::lock_trees;
use crate::error::{Error, FieldError, Result};
use crate::etag::IfMatchGiven;
use crate::imports::{self, OwnReview, OwnReviews};
use crate::newsrooms::Newsroom;
use crate::page::PageRequest;
use crate::partial_date::PartialDate;
use crate::schema::claims;
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
    /// How many pages to answer at most: 10 unless said or where it is 0, 200 at most.
    #[param(minimum = 0, default = 10)]
    pub page_size: Option<u64>,
    /// `nextPageToken` of the page before, with the same parameters.
    pub page_token: Option<String>,
    /// How many to pass over; heeded without `pageToken` only.
    #[validate(range(max = 2000))]
    #[param(minimum = 0, maximum = 2000)]
    pub offset: Option<u64>,
}

/// An article's address, and a verdict of the newsroom's with it.
#[derive(Debug, QueryableByName)]
pub struct Article {
    /// The verdict's id: that of the first one is the page's.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
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
                 AND ($3 IS NULL OR '.' || substring(lower(v.url) FROM '^https?://(?:[^/@]*@)?([^/:?#]+)') LIKE ANY ($3))) AS found
             WHERE $4 IS NULL OR id < $4 ORDER BY id DESC LIMIT $5 OFFSET $6"
        );
        // What is no host has no pages.
        let site = self
            .organization
            .as_deref()
            .map(|site| text::host(site).map(|host| at_or_below(&host)).unwrap_or_default());
        Ok(diesel::sql_query(sql)
            .bind::<SqlUuid, _>(caller.newsroom_id)
            .bind::<Nullable<Text>, _>(self.url.as_deref().map(str::trim))
            .bind::<Nullable<Array<Text>>, _>(site)
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
    let current: Vec<Article> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(caller.newsroom_id)
        .bind::<Array<Text>, _>(urls)
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
    let sql = format!(
        "SELECT DISTINCT {FIRST} AS id, v.url FROM verdicts AS v JOIN verdicts AS named ON named.id = $2
        WHERE {CURRENT} AND md5(v.url) = md5(named.url) AND v.url = named.url AND named.newsroom_id = $1
        AND named.author_id IS NULL AND named.status IN ('published', 'superseded', 'retracted')"
    );
    let query = diesel::sql_query(sql).bind::<SqlUuid, _>(caller.newsroom_id).bind::<SqlUuid, _>(id);
    let found: Option<Article> = query.get_result(&mut conn).await.optional()?;
    found.ok_or(Error::NotFound("page"))
}

impl MarkupPage {
    /// Publishes the fact checks of an article that has none yet. 409 where it has.
    pub async fn create(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        lock(self.address(), caller, conn).await?;
        let article = PageSearch { url: Some(self.address().to_owned()), ..PageSearch::default() };
        if let Some(article) = article.run(&PageRequest::first(), caller, conn).await?.into_iter().next() {
            let detail = format!("This article has a page: pages/{}. Update that one.", article.id);
            return Err(Error::existing(detail, article.id));
        }
        let new = self.read(caller, conn).await?;
        self.publish(new, caller, conn).await?;
        let made = article.run(&PageRequest::first(), caller, conn).await?.pop();
        of_article(made.ok_or(Error::NotFound("page"))?, caller, conn).await
    }

    /// Makes the fact checks of an article what is sent: what is new is published, what has changed corrected, what is missing retracted.
    pub async fn update(&self, id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let shown = shown(id, caller, conn).await?;
        if self.address() != shown.page.page_url {
            return Err(Error::field("/pageUrl", "cannot be changed: create a page for the other address"));
        }
        if self.version_id.is_some() && self.version_id != shown.page.version_id {
            return Err(Error::conflict("The page has changed since: get it again, and send its versionId."));
        }
        let mut left: Vec<(&Verdict, &ClaimReviewMarkup)> = shown.reviews();
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for (at, sent) in self.read(caller, conn).await? {
            let claim = text::folded(&sent.review.claim);
            match left.iter().position(|(_, shown)| text::folded(&shown.claim_reviewed) == claim) {
                Some(place) => {
                    let (verdict, was) = left.remove(place);
                    if let Some(correction) = self.correction(at, &sent, verdict, was, &shown.page)? {
                        known.push((verdict.id, correction));
                    }
                }
                None => new.push((at, sent)),
            }
        }
        if !known.is_empty() && Newsroom::works_by_four_eyes(caller.newsroom_id, conn).await? {
            return Err(Error::Forbidden(
                "Your newsroom works by four eyes: correct the verdicts by /v1/verdicts/{id}/correct, and have that approved.".into(),
            ));
        }
        // New ones first: their sources and documents are locked before any claim's tree, as by any bundle.
        self.publish(new, caller, conn).await?;
        shown.lock_claims(conn).await?;
        for (verdict, correction) in known {
            Verdict::correct(verdict, &correction, &IfMatchGiven::none(), caller, conn).await?;
        }
        for (verdict, _) in left {
            let reason = "Its publisher has taken the review from the page.";
            Verdict::act(verdict.id, Action::Retract, Some(reason), &IfMatchGiven::none(), caller, conn).await?;
        }
        of_article(find(id, caller, conn).await?, caller, conn).await
    }

    /// The article's address, as it is kept.
    fn address(&self) -> &str {
        self.page_url.trim()
    }

    fn is_at(&self, url: &str) -> bool {
        Url::parse(url.trim()).is_ok_and(|url| Url::parse(self.address()) == Ok(url))
    }

    /// The fact checks as they are kept, with their places. Fails with all that cannot be.
    async fn read(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Vec<(usize, OwnReview)>> {
        if self.publish_date.is_none() {
            return Err(Error::field("/publishDate", "is needed: a year, a month or a day"));
        }
        let newsroom = Newsroom::query().find(caller.newsroom_id).first(conn).await?;
        let named = self.claim_review_author.as_ref().and_then(|author| author.name.as_deref());
        if named.is_some_and(|name| text::folded(name) != text::folded(&newsroom.name)) {
            return Err(Error::field(
                "/claimReviewAuthor/name",
                format!("must be {} or left out: reviews of others are recorded by POST /v1/imports", newsroom.name),
            ));
        }
        let reader = OwnReviews::of(caller, conn).await?;
        let (mut reviews, mut faults, mut claims) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (position, (at, markup)) in (0..).zip(self.claim_review_markups.iter().enumerate()) {
            if markup.url.as_deref().is_some_and(|url| !self.is_at(url)) {
                let detail = "must be the page's address, or left out: no place within the page is kept";
                faults.push(FieldError::new(format!("/claimReviewMarkups/{at}/url"), detail));
            }
            match reader.read(position, markup.in_page(self)?) {
                // By its claim an update knows a fact check again.
                Ok(review) if !claims.insert(text::folded(&review.review.claim)) => {
                    faults.push(FieldError::new(
                        format!("/claimReviewMarkups/{at}/claimReviewed"),
                        "is the claim of an earlier markup too: send one for each claim",
                    ));
                }
                Ok(review) => reviews.push((at, review)),
                Err(wrong) => faults.extend(wrong.into_iter().map(|fault| in_page(at, fault))),
            }
        }
        if faults.is_empty() { Ok(reviews) } else { Err(Error::Validation(faults)) }
    }

    async fn publish(&self, new: Vec<(usize, OwnReview)>, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let place = |at: usize| self.claim_review_markups.get(at).and_then(|markup| markup.claim_location.clone());
        let new: Vec<_> = new.into_iter().map(|(at, review)| (review, place(at))).collect();
        imports::publish_own(&new, caller, conn).await
    }

    /// What of a verdict is other than what is sent; none where nothing is.
    fn correction(
        &self,
        at: usize,
        sent: &OwnReview,
        verdict: &Verdict,
        shown: &ClaimReviewMarkup,
        page: &Self,
    ) -> Result<Option<NewCorrection>> {
        let markup = self.claim_review_markups.get(at);
        if let Some(member) = markup.and_then(|markup| markup.differs_from_claim(sent, shown)) {
            let detail = "belongs to the claim and what was said on it: send what was answered, and change it in /v1/claims and /v1/statements";
            return Err(Error::field(format!("/claimReviewMarkups/{at}/{member}"), detail));
        }
        let (mut changes, mut notes) = (Map::new(), Vec::new());
        let words = sent.review.rating.as_deref().unwrap_or_default();
        let was = shown.rating.textual_rating.as_str();
        if sent.plan.rating_id != verdict.rating_id {
            changes.insert("rating_id".into(), json!(sent.plan.rating_id));
            notes.push(format!("The rating was “{was}” before, and is “{words}” now."));
        }
        // Where nobody explains, the summary is the rating's words.
        let same = |one: &str, other: &str| text::folded(one) == text::folded(other);
        let has = verdict.summary.as_deref().unwrap_or_default();
        let explained = sent.review.summary.as_deref().filter(|summary| !same(summary, was));
        let unexplained = || same(has, was) || same(has, words);
        match explained {
            Some(summary) if summary != has => {
                changes.insert("summary".into(), json!(summary));
                notes.push("The explanation was changed.".into());
            }
            None if changes.contains_key("rating_id") || !unexplained() => {
                changes.insert("summary".into(), json!(words));
            }
            _ => {}
        }
        let date = sent.plan.reviewed_on.as_ref().map(PartialDate::as_str);
        if date != page.publish_date.as_deref() {
            changes.insert("reviewed_on".into(), json!(date));
            notes.push(format!("The date of the review is {} now.", date.unwrap_or_default()));
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let wording = changes.keys().all(|member| member == "summary");
        let reason = if wording { CorrectionReason::Wording } else { CorrectionReason::OurError };
        if notes.is_empty() {
            notes.push("The explanation was taken away.".into());
        }
        Ok(Some(NewCorrection { reason, correction_note: notes.join(" "), changes }))
    }
}

/// Retracts all verdicts of a page.
pub async fn delete(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let shown = shown(id, caller, conn).await?;
    shown.lock_claims(conn).await?;
    for (verdict, _) in shown.reviews() {
        let reason = "Its publisher has deleted the page with the review.";
        Verdict::act(verdict.id, Action::Retract, Some(reason), &IfMatchGiven::none(), caller, conn).await?;
    }
    Ok(())
}

/// A page as it stands, with its verdicts.
struct Shown {
    page: MarkupPage,
    verdicts: Vec<Verdict>,
}

impl Shown {
    fn reviews(&self) -> Vec<(&Verdict, &ClaimReviewMarkup)> {
        self.verdicts.iter().zip(&self.page.claim_review_markups).collect()
    }

    /// Locks all claims at once, in the order that everybody keeps.
    async fn lock_claims(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        let ids: Vec<Uuid> = self.verdicts.iter().map(|verdict| verdict.claim_id).collect();
        lock_trees(&ids, &[], conn).await
    }
}

/// Locks an article, so that two updates of it go one after the other, and reads it.
async fn shown(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Shown> {
    let article = find(id, caller, conn).await?;
    lock(&article.url, caller, conn).await?;
    let mut page = of_article(find(id, caller, conn).await?, caller, conn).await?;
    let ids = std::mem::take(&mut page.verdict_ids);
    let mut verdicts = Vec::with_capacity(ids.len());
    for id in ids {
        verdicts.push(Verdict::find(id, caller.into(), conn).await?);
    }
    // Where a claim is said to be true is not answered, but may be sent again.
    let ids = verdicts.iter().map(|verdict| verdict.claim_id);
    let places = claims::table.filter(claims::id.eq_any(ids)).select((claims::id, claims::place));
    let places: Vec<(Uuid, Option<String>)> = places.load(conn).await?;
    let places: HashMap<_, _> = places.into_iter().collect();
    for (verdict, markup) in verdicts.iter().zip(&mut page.claim_review_markups) {
        markup.claim_location = places.get(&verdict.claim_id).cloned().flatten();
    }
    Ok(Shown { page, verdicts })
}

async fn lock(url: &str, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('pages\n' || $1 || '\n' || $2, 0))")
        .bind::<Text, _>(caller.newsroom_id.to_string())
        .bind::<Text, _>(url)
        .execute(conn)
        .await?;
    Ok(())
}

/// A fault of a review, at its place in the page.
fn in_page(at: usize, fault: FieldError) -> FieldError {
    let pointer = match fault.pointer.as_str() {
        "/datePublished" => "/publishDate".into(),
        "/url" => "/pageUrl".into(),
        member => format!("/claimReviewMarkups/{at}{}", member_of_google(member.trim_start_matches('/'))),
    };
    FieldError { pointer, ..fault }
}

/// A member as Google's markup calls it, from what an import calls it.
fn member_of_google(member: &str) -> &str {
    match member {
        "reviewRating/alternateName" => "/rating/textualRating",
        "itemReviewed/datePublished" => "/claimDate",
        "itemReviewed/author" => "/claimAuthor",
        "itemReviewed/appearance" => "/claimAppearances",
        "claimReviewed" => "/claimReviewed",
        _ => "",
    }
}
