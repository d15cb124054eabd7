use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};
use serde::Serialize;
use utoipa::ToSchema;

use crate::claim_review::{ClaimReview, Party};
use crate::text;

/// A page of fact-checked claims. What has no value is left out; nothing found is `{}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactCheckedClaims {
    /// The claims with their reviews.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<FactCheckedClaim>,
    /// Send it as `pageToken`, with the same parameters, for the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// What was found by an image: nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactCheckedImages {
    /// None: no images are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<FactCheckedClaim>,
}

/// A claim that was reviewed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactCheckedClaim {
    /// The claim as it stood when it was reviewed.
    pub text: String,
    /// Who puts it forward by name and on nobody's word; several are joined by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant: Option<String>,
    /// When it was first claimed: the first instant of the year, month or day that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub claim_date: Option<String>,
    /// Its reviews, the newsrooms' own first.
    pub claim_review: Vec<FactCheckReview>,
}

/// A review of a claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactCheckReview {
    /// Who reviewed it.
    pub publisher: FactCheckPublisher,
    /// Where the review is to be read: its article, or else the claim's page here.
    pub url: String,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When the conclusion was reached: the first instant of the year, month or day that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub review_date: Option<String>,
    /// The rating in words.
    pub textual_rating: String,
    /// BCP 47 tag of the review.
    pub language_code: String,
}

/// Who reviewed a claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactCheckPublisher {
    /// The newsroom or publisher.
    pub name: String,
    /// The host of its site, without `www.`; that of the review where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "news.example")]
    pub site: Option<String>,
}

impl FactCheckedClaim {
    /// A claim from the reviews of it. None where there are none.
    pub fn reviewed_by(reviews: &[&ClaimReview], base: &str) -> Option<Self> {
        let first = reviews.first()?;
        let claimants: Vec<_> = first.item_reviewed.author.iter().map(|party| party.name.as_str()).collect();
        Some(Self {
            text: first.claim_reviewed.clone(),
            claimant: (!claimants.is_empty()).then(|| claimants.join(", ")),
            claim_date: first.item_reviewed.date_published.as_deref().and_then(instant),
            claim_review: reviews.iter().map(|review| FactCheckReview::of(review, base)).collect(),
        })
    }
}

impl FactCheckReview {
    fn of(review: &ClaimReview, base: &str) -> Self {
        Self {
            publisher: FactCheckPublisher {
                name: review.author.name.clone(),
                site: site(&review.author, review.url.as_deref()),
            },
            url: review.clone().addressed(base).url.unwrap_or_default(),
            title: review.name.clone(),
            review_date: review.date_published.as_deref().and_then(instant),
            textual_rating: review.review_rating.alternate_name.clone(),
            language_code: review.in_language.clone(),
        }
    }
}

/// Whether the site of a review's publisher is this host, or below it.
pub fn is_on(review: &ClaimReview, host: &str) -> bool {
    let site = site(&review.author, review.url.as_deref()).unwrap_or_default();
    text::is_within(&site, host)
}

fn site(publisher: &Party, review: Option<&str>) -> Option<String> {
    publisher.url.as_deref().or(review).and_then(text::host)
}

/// Patterns of SQL's for a host and those below it, after a dot: addresses have an internationalised one in its own letters, or in ASCII.
pub fn at_or_below(host: &str) -> Vec<String> {
    let in_letters = url::quirks::domain_to_unicode(host);
    let spellings = [host, &in_letters].into_iter().filter(|spelling| !spelling.is_empty());
    spellings.map(|spelling| format!("%.{}", spelling.replace('_', "\\_"))).collect()
}

/// The first instant of a partial date (RFC 3339), which is what Google's clients can read.
fn instant(date: &str) -> Option<String> {
    let filled = format!("{date}{}", "-01-01".get(date.len().checked_sub(4)?..)?);
    let day = NaiveDate::parse_from_str(&filled, "%Y-%m-%d").ok()?;
    Some(
        DateTime::<chrono::Utc>::from_naive_utc_and_offset(day.and_time(NaiveTime::MIN), chrono::Utc)
            .to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::host;

    #[test]
    fn dates_are_their_first_instant() {
        assert_eq!(instant("2023").as_deref(), Some("2023-01-01T00:00:00Z"));
        assert_eq!(instant("2023-10").as_deref(), Some("2023-10-01T00:00:00Z"));
        assert_eq!(instant("2023-10-07").as_deref(), Some("2023-10-07T00:00:00Z"));
    }

    #[test]
    fn a_site_is_a_host() {
        assert_eq!(host("https://www.news.example/checks?x").as_deref(), Some("news.example"));
        assert_eq!(host("News.example").as_deref(), Some("news.example"));
        assert_eq!(host("http://"), None);
        let host = host("https://www.MÜLLER.example/").unwrap();
        assert_eq!(host, "xn--mller-kva.example");
        assert_eq!(at_or_below(&host), ["%.xn--mller-kva.example", "%.müller.example"]);
        assert!(at_or_below("10.0.0.1").contains(&"%.10.0.0.1".to_owned()));
    }
}
