//! What those who read ClaimReview ask of it: [Google's rules](https://developers.google.com/search/docs/appearance/structured-data/factcheck),
//! which Fact Check Explorer still goes by, and Bing's, taken together.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::json_ld::{each, is_a, names_schema_org, said};
use crate::columns::text_enum;
use crate::partial_date::PartialDate;
use crate::text;

text_enum! {
    /// How much a rule matters.
    RuleLevel {
        /// The review is not read without it.
        Error = "error",
        /// The review is read, and is worth less.
        Warning = "warning",
    }
}

text_enum! {
    /// Whose rule it is.
    MarkupReader {
        /// Google: Fact Check Explorer and its API.
        Google = "google",
        /// Bing.
        Bing = "bing",
        /// The vocabulary itself.
        SchemaOrg = "schema_org",
    }
}

/// A rule that the document misses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MissedRule {
    /// JSON Pointer (RFC 6901) to the member, or to the object that lacks it.
    #[schema(example = "/reviewRating/ratingValue")]
    pub pointer: String,
    /// How much it matters.
    pub level: RuleLevel,
    /// Whose rule it is.
    pub reader: MarkupReader,
    /// What is wrong and what to do about it.
    #[schema(example = "must not be below worstRating or above bestRating")]
    pub detail: String,
}

/// What a check of a document has found.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkupCheck {
    /// JSON Pointers to the reviews in it.
    #[schema(example = json!([""]))]
    pub reviews: Vec<String>,
    /// Whether there is a review and no error, and all was looked at.
    pub valid: bool,
    /// The rules missed, in the order of the document.
    pub findings: Vec<MissedRule>,
    /// Whether there were more than 1,000 reviews or findings: the rest was not looked at.
    pub truncated: bool,
}

/// How deep a document is searched for reviews.
const DEEPEST: usize = 32;
/// How many reviews, and how many findings, are told.
pub const MOST: usize = 1000;
/// How long a claim is shown by Google without being cut.
const SHOWN: usize = 75;

/// Checks all reviews in a document: an object, an array, an `@graph`, or nested in other objects.
pub fn check(document: &Value) -> MarkupCheck {
    let mut checked = MarkupCheck::default();
    checked.search(document, "", 0, false);
    if checked.reviews.is_empty() {
        checked.note(
            "",
            RuleLevel::Error,
            MarkupReader::SchemaOrg,
            "there is no object with \"@type\": \"ClaimReview\"",
        );
    }
    checked.valid = !checked.truncated && checked.findings.iter().all(|finding| finding.level != RuleLevel::Error);
    checked
}

impl MarkupCheck {
    fn note(&mut self, pointer: impl Into<String>, level: RuleLevel, reader: MarkupReader, detail: impl Into<String>) {
        if self.findings.len() >= MOST {
            self.truncated = true;
            return;
        }
        self.findings.push(MissedRule { pointer: pointer.into(), level, reader, detail: detail.into() });
    }

    /// Finds the reviews; `named` says that a vocabulary was named above.
    fn search(&mut self, value: &Value, pointer: &str, depth: usize, named: bool) {
        if depth > DEEPEST {
            self.truncated |= value.is_object() || value.is_array();
        }
        if self.truncated {
            return;
        }
        match value {
            Value::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    self.search(item, &format!("{pointer}/{nth}"), depth + 1, named);
                }
            }
            Value::Object(object) if is_a(object, "ClaimReview") => {
                if !named && !names_schema_org(object) {
                    let detail = "needs @context, \"https://schema.org\", here or in what it stands in";
                    self.note(pointer, RuleLevel::Error, MarkupReader::Google, detail);
                }
                self.review(object, pointer);
            }
            Value::Object(object) => {
                let named = named || names_schema_org(object);
                for (name, member) in object {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.search(member, &format!("{pointer}/{name}"), depth + 1, named);
                }
            }
            _ => {}
        }
    }

    fn review(&mut self, review: &Map<String, Value>, at: &str) {
        if self.reviews.len() >= MOST {
            self.truncated = true;
            return;
        }
        self.reviews.push(at.to_owned());
        self.claim_reviewed(review, at);
        match review.get("reviewRating") {
            Some(Value::Object(rating)) => self.rating(rating, &format!("{at}/reviewRating")),
            _ => self.note(
                at,
                RuleLevel::Error,
                MarkupReader::Google,
                "needs reviewRating, an object with alternateName",
            ),
        }
        match said(review, "url") {
            Some(url) => self.address(url, &format!("{at}/url"), RuleLevel::Error),
            None => self.note(
                at,
                RuleLevel::Error,
                MarkupReader::Google,
                "needs url, the address of the review on the publisher's own site",
            ),
        }
        let authors = each(review.get("author"));
        if authors.is_empty() {
            self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Bing,
                "needs author, who reviewed: an Organization or a Person",
            );
        }
        for (nth, author) in authors {
            let known = author.as_object().is_some_and(|one| said(one, "name").or(said(one, "url")).is_some());
            if !known {
                self.note(
                    format!("{at}/author{nth}"),
                    RuleLevel::Error,
                    MarkupReader::Google,
                    "needs a name or an url",
                );
            }
        }
        match review.get("datePublished") {
            Some(date) => self.date(date, &format!("{at}/datePublished")),
            None => self.note(at, RuleLevel::Warning, MarkupReader::Bing, "needs datePublished"),
        }
        let items = each(review.get("itemReviewed"));
        if items.is_empty() {
            self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Google,
                "should have itemReviewed, a Claim with author and datePublished",
            );
        }
        for (nth, item) in items {
            self.item(item, &format!("{at}/itemReviewed{nth}"));
        }
    }

    fn claim_reviewed(&mut self, review: &Map<String, Value>, at: &str) {
        let pointer = format!("{at}/claimReviewed");
        let Some(claim) = said(review, "claimReviewed") else {
            let pointer = if review.contains_key("claimReviewed") { pointer } else { at.to_owned() };
            return self.note(
                pointer,
                RuleLevel::Error,
                MarkupReader::Google,
                "needs claimReviewed, the claim in a sentence: a text",
            );
        };
        if claim.chars().count() > SHOWN {
            self.note(
                &pointer,
                RuleLevel::Warning,
                MarkupReader::Google,
                format!("is cut where it is shown: {SHOWN} characters are the aim"),
            );
        }
        let rating =
            review.get("reviewRating").and_then(Value::as_object).and_then(|rating| said(rating, "alternateName"));
        let gives_away =
            rating.is_some_and(|rating| claim.to_lowercase().starts_with(&format!("{}:", rating.to_lowercase())));
        if gives_away {
            self.note(pointer, RuleLevel::Warning, MarkupReader::Google, "must not tell the rating");
        }
    }

    fn rating(&mut self, rating: &Map<String, Value>, at: &str) {
        if said(rating, "alternateName").is_none() {
            let instead = if said(rating, "name").is_some() {
                ": name is read in its place, but only by some"
            } else {
                ", the rating in words"
            };
            self.note(at, RuleLevel::Error, MarkupReader::Google, format!("needs alternateName{instead}"));
        }
        let names = ["ratingValue", "bestRating", "worstRating"];
        if names.iter().all(|name| rating.get(*name).is_none_or(Value::is_null)) {
            return self.note(at, RuleLevel::Warning, MarkupReader::Bing, "has no numbers: ratingValue, bestRating and worstRating are left out rightly only where the scale has none");
        }
        let numbers = names.map(|name| self.number(rating.get(name), name, at));
        let [Some(value), Some(best), Some(worst)] = numbers else { return };
        if worst < 1.0 {
            self.note(format!("{at}/worstRating"), RuleLevel::Error, MarkupReader::Google, "must be 1 or more");
        }
        if worst >= best {
            self.note(format!("{at}/bestRating"), RuleLevel::Error, MarkupReader::Google, "must be above worstRating");
        } else if value < worst || value > best {
            self.note(
                format!("{at}/ratingValue"),
                RuleLevel::Error,
                MarkupReader::Google,
                "must not be below worstRating or above bestRating",
            );
        }
    }

    fn number(&mut self, value: Option<&Value>, name: &str, at: &str) -> Option<f64> {
        let pointer = format!("{at}/{name}");
        match value {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
                self.note(
                    pointer,
                    RuleLevel::Warning,
                    MarkupReader::SchemaOrg,
                    "should be a number, without quotation marks",
                );
                text.trim().parse().ok()
            }
            Some(value) if !value.is_null() => {
                self.note(pointer, RuleLevel::Error, MarkupReader::Google, "must be a number");
                None
            }
            _ => {
                self.note(
                    at,
                    RuleLevel::Warning,
                    MarkupReader::Bing,
                    format!("should have {name}: of ratingValue, bestRating and worstRating all or none"),
                );
                None
            }
        }
    }

    fn item(&mut self, item: &Value, at: &str) {
        let Some(claim) = item.as_object() else {
            return self.note(at, RuleLevel::Error, MarkupReader::Google, "must be an object of the type Claim");
        };
        if !is_a(claim, "Claim") {
            self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Google,
                "should be of the type Claim; CreativeWork is the form of 2019",
            );
        }
        let authors = each(claim.get("author"));
        if authors.is_empty() {
            self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Bing,
                "should have author, who makes the claim, unless nobody does by name",
            );
        }
        for (nth, author) in authors {
            if author.as_object().is_none_or(|one| said(one, "name").is_none()) {
                self.note(format!("{at}/author{nth}"), RuleLevel::Error, MarkupReader::Google, "needs a name");
            }
        }
        match claim.get("datePublished") {
            Some(date) => self.date(date, &format!("{at}/datePublished")),
            None => self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Google,
                "should have datePublished, when the claim was made",
            ),
        }
        let appeared = [("appearance", claim.get("appearance")), ("firstAppearance", claim.get("firstAppearance"))];
        if appeared.iter().all(|(_, value)| each(*value).is_empty()) {
            self.note(
                at,
                RuleLevel::Warning,
                MarkupReader::Google,
                "should have appearance or firstAppearance, where the claim can be found",
            );
        }
        for (name, value) in appeared {
            for (nth, one) in each(value) {
                let pointer = format!("{at}/{name}{nth}");
                match one.as_str().or_else(|| one.get("url")?.as_str()) {
                    Some(url) => self.address(url, &pointer, RuleLevel::Warning),
                    None => self.note(pointer, RuleLevel::Warning, MarkupReader::Google, "should have an url"),
                }
            }
        }
    }

    fn address(&mut self, url: &str, pointer: &str, level: RuleLevel) {
        if text::normal_url(url).is_none() {
            self.note(
                pointer,
                level,
                MarkupReader::Google,
                "must be a whole address that begins with https:// or http://",
            );
        }
    }

    fn date(&mut self, value: &Value, pointer: &str) {
        let day = |text: &str| PartialDate::try_from(text.get(..10).unwrap_or(text).to_owned()).is_ok();
        let good = value.as_str().is_some_and(|text| match text.len() {
            0..=10 => day(text),
            _ => {
                day(text) && chrono::DateTime::parse_from_rfc3339(text).is_ok()
                    || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").is_ok()
            }
        });
        if !good {
            self.note(
                pointer,
                RuleLevel::Warning,
                MarkupReader::SchemaOrg,
                "should be a date such as 2026-03-14, or a date and time, by ISO 8601",
            );
        }
    }
}
