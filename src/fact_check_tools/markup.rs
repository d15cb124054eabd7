//! The markup of an article, as Google's Fact Check Markup Tool keeps it.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::claim_review::{ClaimReview, Party};
use crate::error::Result;
use crate::imports::OwnReview;
use crate::partial_date::PartialDate;
use crate::text;
use crate::verdicts::conclusion;

/// An article with the markup of its fact checks: your newsroom's published verdicts with this address.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "pageUrl": "https://news.example/checks/moon", "publishDate": "2024-03-05",
    "claimReviewMarkups": [{
        "claimReviewed": "The moon is made of green cheese", "claimDate": "2024-03-01", "claimAuthor": {"name": "A. Poster"},
        "rating": {"textualRating": "False", "ratingExplanation": "Samples of its rock were brought back in 1969."}
    }]
}))]
pub struct MarkupPage {
    /// `pages/` and its id, set by the server: the id of the verdict that was recorded first of all that were ever published with this
    /// address. The others' ids lead to the page as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pages/018ae01f-8800-7000-8000-000000000001")]
    pub name: Option<String>,
    /// Address of the article; it cannot be changed.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "iri")]
    pub page_url: String,
    /// When the conclusions were reached: a year, a month or a day.
    #[validate(length(min = 1, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "2024-03-05")]
    pub publish_date: Option<String>,
    /// Changes whenever the page does. Send what was answered with an update that must overwrite nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Who reviewed: your newsroom. Others' reviews are recorded by an import.
    #[validate(nested)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_review_author: Option<ClaimReviewAuthor>,
    /// Its fact checks, one for each claim.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub claim_review_markups: Vec<ClaimReviewMarkup>,
    /// The verdicts of its fact checks.
    #[serde(skip)]
    pub verdict_ids: Vec<Uuid>,
}

/// Who reviewed.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimReviewAuthor {
    /// The newsroom's name.
    #[validate(length(max = 300))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub name: Option<String>,
    /// The address of its logo, which is the newsroom's own: what is sent is not kept.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub image_url: Option<String>,
}

/// A fact check.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimReviewMarkup {
    /// The claim. By it an update knows the fact check again.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, example = "The moon is made of green cheese")]
    pub claim_reviewed: String,
    /// The article's address, where it is given at all. Google allows a place within the page, `#` and its name: that is refused, as it is
    /// not kept.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub url: Option<String>,
    /// Who put the claim forward: a source with a statement that asserts it.
    #[validate(nested)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_author: Option<ClaimAuthor>,
    /// When it was first claimed.
    #[validate(length(min = 1, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "2024-03-01")]
    pub claim_date: Option<String>,
    /// Where; kept with the claim, and not answered.
    #[validate(length(min = 1, max = 200), custom(function = text::line))]
    #[serde(skip_serializing)]
    #[schema(min_length = 1, max_length = 200, write_only)]
    pub claim_location: Option<String>,
    /// Address of where it appeared first.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub claim_first_appearance: Option<String>,
    /// Addresses of where else it appeared.
    #[validate(length(max = 7))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 7)]
    pub claim_appearances: Vec<String>,
    /// All of its addresses that are known, more of which may be than are answered.
    #[serde(skip)]
    pub appeared: Vec<String>,
    /// The conclusion.
    #[validate(nested)]
    pub rating: ClaimRating,
}

/// Who put a claim forward.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimAuthor {
    /// The name.
    #[validate(length(min = 1, max = 300))]
    #[schema(min_length = 1, max_length = 300, example = "A. Poster")]
    pub name: String,
    /// In which role.
    #[validate(length(min = 1, max = 300))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 300)]
    pub job_title: Option<String>,
    /// Not kept.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing)]
    #[schema(max_length = 2000, write_only)]
    pub image_url: Option<String>,
    /// The address of a Wikidata item; others are not kept.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, example = "http://www.wikidata.org/entity/Q4374")]
    pub same_as: Option<String>,
}

/// A conclusion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimRating {
    /// The rating in words: a label of a scale, or words that your newsroom has mapped to one.
    #[validate(length(min = 1, max = 300))]
    #[schema(min_length = 1, max_length = 300, example = "False")]
    pub textual_rating: String,
    /// The number that the scale has for it; what is sent is not heeded, as the words tell the rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_value: Option<i32>,
    /// The scale's highest number; not heeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_rating: Option<i32>,
    /// The scale's lowest number; not heeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_rating: Option<i32>,
    /// The conclusion in a sentence or two: the verdict's summary. Left out, it is the rating's words.
    #[validate(length(min = 1, max = 5000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 5000)]
    pub rating_explanation: Option<String>,
    /// Not kept.
    #[validate(length(max = 2000))]
    #[serde(skip_serializing)]
    #[schema(max_length = 2000, write_only)]
    pub image_url: Option<String>,
}

impl MarkupPage {
    /// The page of these reviews, which have the same address.
    pub fn of(id: Uuid, page_url: String, reviews: &[ClaimReview]) -> Result<Self> {
        let author = reviews.first().map(|review| ClaimReviewAuthor {
            name: Some(review.author.name.clone()),
            image_url: review.author.logo.clone(),
        });
        let page = Self {
            name: Some(format!("pages/{id}")),
            page_url,
            publish_date: reviews.iter().filter_map(|review| review.date_published.clone()).max(),
            version_id: None,
            claim_review_author: author,
            claim_review_markups: reviews.iter().map(ClaimReviewMarkup::of).collect(),
            verdict_ids: reviews.iter().map(|review| review.identifier).collect(),
        };
        let hash = Sha256::digest(serde_json::to_vec(&page)?);
        let version = BASE64_URL_SAFE_NO_PAD.encode(hash.get(..12).unwrap_or_default());
        Ok(Self { version_id: Some(version), ..page })
    }
}

impl ClaimReviewMarkup {
    fn of(review: &ClaimReview) -> Self {
        let item = &review.item_reviewed;
        let first = item.first_appearance.as_ref().map(|place| place.url.clone());
        let appeared: Vec<String> = item.appearance.iter().map(|place| place.url.clone()).collect();
        let rating = &review.review_rating;
        let explained = conclusion(review.description.as_deref(), Some(&rating.alternate_name));
        Self {
            claim_reviewed: review.claim_reviewed.clone(),
            url: None,
            claim_author: item.author.first().map(ClaimAuthor::of),
            claim_date: item.date_published.clone(),
            claim_location: None,
            claim_appearances: appeared.iter().filter(|url| Some(*url) != first.as_ref()).take(7).cloned().collect(),
            claim_first_appearance: first,
            appeared,
            rating: ClaimRating {
                textual_rating: rating.alternate_name.clone(),
                rating_value: rating.rating_value,
                best_rating: rating.best_rating,
                worst_rating: rating.worst_rating,
                rating_explanation: explained.map(str::to_owned),
                image_url: None,
            },
        }
    }

    /// With what belongs to the page, in members that an import reads.
    pub fn in_page(&self, page: &MarkupPage) -> Result<Value> {
        let mut markup = serde_json::to_value(self)?;
        markup["url"] = json!(page.page_url.trim());
        markup["datePublished"] = json!(page.publish_date);
        Ok(markup)
    }

    /// The first member that an update names otherwise and that belongs to the claim and its statements. What was read is compared, not
    /// how it was written; what was never kept, or known better when it was published, is no difference.
    pub fn differs_from_claim(&self, read: &OwnReview, shown: &Self) -> Option<&'static str> {
        let location = self.claim_location.as_ref().is_some_and(|place| Some(place) != shown.claim_location.as_ref());
        let first = self.claim_first_appearance.as_deref().map(normal);
        let shown_first = shown.claim_first_appearance.as_deref().map(normal);
        let appeared = normals(&read.review.appearances);
        let all = normals(&shown.appeared);
        let answered = normals(shown.claim_first_appearance.iter().chain(&shown.claim_appearances));
        match () {
            () if !same_author(read, shown.claim_author.as_ref()) => Some("claimAuthor"),
            () if read.plan.claimed_on.as_ref().map(PartialDate::as_str) != shown.claim_date.as_deref() => {
                Some("claimDate")
            }
            () if location => Some("claimLocation"),
            () if first.is_some() && shown_first.is_some() && first != shown_first => Some("claimFirstAppearance"),
            () if !appeared.is_subset(&all) || !answered.is_subset(&appeared) => Some("claimAppearances"),
            () => None,
        }
    }
}

/// Whether who is sent may be who was recorded: sources are known again by their Wikidata item, else by name in any letter case.
fn same_author(read: &OwnReview, shown: Option<&ClaimAuthor>) -> bool {
    let sent = read.review.claimants.first();
    let (Some(sent), Some(shown)) = (sent, shown) else { return sent.is_none() && shown.is_none() };
    let known = shown.same_as.as_deref().and_then(|address| address.rsplit('/').next());
    let same = match (sent.wikidata_id.as_deref(), known) {
        (Some(sent), Some(known)) => sent == known,
        _ => text::folded(&sent.name) == text::folded(&shown.name),
    };
    same && sent.role == shown.job_title
}

fn normal(address: &str) -> String {
    text::normal_url(address.trim()).unwrap_or_else(|| address.to_owned())
}

fn normals<'a>(addresses: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    addresses.into_iter().map(|address| normal(address)).collect()
}

impl ClaimAuthor {
    fn of(party: &Party) -> Self {
        Self {
            name: party.name.clone(),
            job_title: party.job_title.clone(),
            image_url: None,
            same_as: party.same_as.clone(),
        }
    }
}
