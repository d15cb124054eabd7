//! [JSON Feed 1.1](https://www.jsonfeed.org/version/1.1/).

use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use super::read::Entry;
use super::routes::Feed;

/// A feed as JSON Feed 1.1. Members without a value are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeed {
    /// `https://jsonfeed.org/version/1.1`.
    #[schema(example = "https://jsonfeed.org/version/1.1")]
    pub version: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Where its entries are to be read on the web.
    pub home_page_url: String,
    /// Its own address.
    pub feed_url: String,
    /// The older entries; left out on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_url: Option<String>,
    /// The entries, what was published, corrected, retracted or withdrawn last first.
    pub items: Vec<JsonFeedItem>,
}

/// An entry of a JSON Feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeedItem {
    /// A URN that stays as it is when the verdict is corrected.
    #[schema(example = "urn:uuid:01890000-0000-7000-8000-000000000000")]
    pub id: String,
    /// Where the review is to be read.
    pub url: String,
    /// The headline.
    pub title: String,
    /// Claim, verdict, conclusion and correction, a paragraph each.
    pub content_text: String,
    /// When the verdict, or the first that it has replaced, was published.
    pub date_published: String,
    /// When it was published, corrected, retracted or withdrawn.
    pub date_modified: String,
    /// Who reviewed.
    pub authors: Vec<JsonFeedAuthor>,
    /// The topics of the claim.
    pub tags: Vec<String>,
    /// BCP 47 tag.
    pub language: String,
    /// The record, for programs.
    #[serde(rename = "_onrecord")]
    pub record: JsonFeedRecord,
}

/// Who reviewed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeedAuthor {
    /// The newsroom, or the publisher of another's review.
    pub name: String,
    /// Its site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What an entry is of.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeedRecord {
    /// The claim.
    pub claim_id: uuid::Uuid,
    /// The verdict.
    pub verdict_id: uuid::Uuid,
    /// The rating in words; left out where the verdict was retracted or withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// What was corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction_note: Option<String>,
    /// Why it was retracted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retraction_reason: Option<String>,
    /// Why the claim was withdrawn, and the verdict with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_reason: Option<String>,
}

impl Feed {
    /// As JSON Feed.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&JsonFeed {
            version: "https://jsonfeed.org/version/1.1",
            title: Self::TITLE,
            home_page_url: format!("{}/", self.base),
            feed_url: self.address.clone(),
            next_url: self.next.clone(),
            items: self.entries.iter().map(|entry| JsonFeedItem::of(entry, &self.base)).collect(),
        })
    }
}

impl JsonFeedItem {
    fn of(entry: &Entry, base: &str) -> Self {
        Self {
            id: entry.urn(),
            url: entry.link(base),
            title: entry.headline(),
            content_text: entry.paragraphs().join("\n\n"),
            date_published: entry.first_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            date_modified: entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            authors: vec![JsonFeedAuthor { name: entry.author.clone(), url: entry.author_url.clone() }],
            tags: entry.topics.clone(),
            language: entry.language.clone(),
            record: JsonFeedRecord {
                claim_id: entry.claim_id,
                verdict_id: entry.id,
                rating: (!entry.is_gone()).then(|| entry.rating.clone()),
                correction_note: entry.correction_note.clone().filter(|_| entry.withdrawn_reason.is_none()),
                retraction_reason: entry.retraction_reason.clone().filter(|_| entry.withdrawn_reason.is_none()),
                withdrawn_reason: entry.withdrawn_reason.clone(),
            },
        }
    }
}
