use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::text;

/// A review of a claim as [schema.org/ClaimReview](https://schema.org/ClaimReview) tells it, in JSON-LD. Members without a value are left
/// out.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimReview {
    /// The claim here, which the markup does not tell.
    #[serde(skip)]
    pub claim_id: Uuid,
    /// `https://schema.org`.
    #[serde(rename = "@context")]
    #[schema(rename = "@context", example = "https://schema.org")]
    pub context: &'static str,
    /// `ClaimReview`.
    #[serde(rename = "@type")]
    #[schema(rename = "@type", example = "ClaimReview")]
    pub kind: &'static str,
    /// The verdict's id.
    pub identifier: Uuid,
    /// Where the review is published: the verdict's `url`, else the claim's page here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The claim as it stood when it was reviewed.
    pub claim_reviewed: String,
    /// BCP 47 tag of the review.
    pub in_language: String,
    /// In a claim's page, the newsroom's article where that is on another site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The conclusion in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When the conclusion was reached, as precisely as it is known: a year, a month or a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_published: Option<String>,
    /// What was corrected, where the review replaces an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Who reviewed: the newsroom, or the publisher of another's review.
    pub author: Party,
    /// The conclusion.
    pub review_rating: ReviewRating,
    /// What was reviewed.
    pub item_reviewed: ReviewedClaim,
}

impl ClaimReview {
    /// With the claim's page as its address where its newsroom has not published it elsewhere: readers need one.
    #[must_use]
    pub fn addressed(self, base: &str) -> Self {
        let url = self.url.or_else(|| Some(format!("{base}/claims/{}", self.claim_id)));
        Self { url, ..self }
    }

    /// As the claim's page carries it: Google reads only what has an address on the site of the page, so an article on another is told as
    /// `sameAs`.
    #[must_use]
    pub fn on_page(self, base: &str) -> Self {
        let elsewhere = self.url.clone().filter(|url| !is_on_site(url, base));
        let url = self.url.filter(|_| elsewhere.is_none());
        Self { url, same_as: elsewhere, ..self }.addressed(base)
    }
}

/// Whether an address is on the site of a page, or below it.
fn is_on_site(url: &str, page: &str) -> bool {
    let host = |url: &str| Some(url::Url::parse(url).ok()?.host_str()?.to_owned());
    host(url).zip(host(page)).is_some_and(|(host, site)| text::is_within(&host, &site))
}

/// A rating: always in words, and of the newsrooms' own as a number where its scale has them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewRating {
    /// `Rating`.
    #[serde(rename = "@type")]
    #[schema(rename = "@type", example = "Rating")]
    pub kind: &'static str,
    /// The rating's label, in the review's language where the scale has it; of another publisher's review its own words, where they are known.
    #[schema(example = "Mostly true")]
    pub alternate_name: String,
    /// 1 for the least true. Left out with the two bounds where the rating, or its scale, is not numeric, and of another publisher's review,
    /// whose own numbers are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_value: Option<i32>,
    /// The scale's highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_rating: Option<i32>,
    /// The scale's lowest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_rating: Option<i32>,
}

/// The claim that was reviewed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedClaim {
    /// `Claim`.
    #[serde(rename = "@type")]
    #[schema(rename = "@type", example = "Claim")]
    pub kind: &'static str,
    /// Who puts the claim forward by name and on nobody's word; none where nobody does. Never who only reports or denies it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub author: Vec<Party>,
    /// When it was first claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_published: Option<String>,
    /// Where one of its authors put it forward first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_appearance: Option<ClaimAppearance>,
    /// Where it was put forward or reported, the first 20. Where no statement tells a place, the documents that the verdict cites as
    /// context: an import keeps them there where nobody is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appearance: Vec<ClaimAppearance>,
}

/// Somebody.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// `Person` or `Organization`.
    #[serde(rename = "@type")]
    #[schema(rename = "@type", example = "Organization")]
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The address of the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// In which role somebody spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// The Wikidata item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "http://www.wikidata.org/entity/Q4374")]
    pub same_as: Option<String>,
}

/// Where the claim appeared.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimAppearance {
    /// `CreativeWork`.
    #[serde(rename = "@type")]
    #[schema(rename = "@type", example = "CreativeWork")]
    pub kind: &'static str,
    /// Its address.
    pub url: String,
}

impl ClaimAppearance {
    /// At an address.
    pub fn at(url: String) -> Self {
        Self { kind: "CreativeWork", url }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_carries_reviews_of_its_own_site() {
        let page = "https://news.example/claims/1";
        for url in ["https://news.example/a", "http://news.example:8080/", "https://checks.news.example/a"] {
            assert!(is_on_site(url, page), "{url}");
        }
        for url in ["https://evilnews.example/", "https://news.example.evil.example/", "https://example/", "mailto:a"] {
            assert!(!is_on_site(url, page), "{url}");
        }
        assert!(!is_on_site("https://news.example/a", "https://facts.news.example"), "above it");
    }
}
