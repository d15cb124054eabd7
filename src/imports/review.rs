//! A record as one review, whichever form it came in.

use serde_json::Value;
use url::Url;

use super::clean::{clean, cut, own_words};
use super::model::ImportProblem;
use super::split::{Content, Row, reference};
use super::values::{Object, each, first_object, first_text, is_unread, texts};
use crate::sources::SourceKind;
use crate::text;

/// How many reviews of one claim a record may have.
const MOST_REVIEWS: usize = 20;
/// How many appearances of a claim are recorded.
const MOST_APPEARANCES: usize = 8;
/// How many who put it forward.
const MOST_CLAIMANTS: usize = 4;

/// Who put a claim forward, or who reviewed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub kind: SourceKind,
    /// Their role, in words.
    pub role: Option<String>,
    pub website: Option<String>,
    pub wikidata_id: Option<String>,
}

/// What a record says, in texts that can be kept. What could not be kept is among the problems.
#[derive(Debug, Default)]
pub struct Review {
    pub claim: String,
    pub language: Option<String>,
    pub claimed_on: Option<String>,
    pub claimants: Vec<Party>,
    /// Addresses; the first is where it first appeared.
    pub appearances: Vec<String>,
    pub publisher: Option<Party>,
    pub rating: Option<String>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub url: Option<String>,
    pub reviewed_on: Option<String>,
    /// Why its members may not be what was written: then nothing of it is published.
    pub doubtful: Option<&'static str>,
    pub problems: Vec<ImportProblem>,
}

impl Review {
    /// Where the claim appeared, as addresses are compared.
    pub fn places(&self) -> impl Iterator<Item = String> {
        self.appearances.iter().filter_map(|url| text::normal_url(url))
    }
}

/// The reviews in a record: one, or those of a claim in an answer of Google's. `base` is what relative addresses are relative to.
pub fn read(content: &Content, base: Option<&Url>) -> Result<Vec<Review>, String> {
    match content {
        Content::Object(Value::Object(object)) => match object.get("claimReview") {
            Some(Value::Array(reviews)) if !object.contains_key("claimReviewed") => {
                let reviews: Vec<_> = reviews.iter().filter_map(Value::as_object).collect();
                if reviews.is_empty() {
                    return Err("has no review of the claim".into());
                }
                // Each is kept with the whole record.
                if reviews.len() > MOST_REVIEWS {
                    return Err(format!("has more than {MOST_REVIEWS} reviews of one claim"));
                }
                reviews.into_iter().map(|review| Reader::new(base).answer(object, review)).collect()
            }
            _ => Ok(vec![Reader::new(base).markup(object)?]),
        },
        Content::Object(_) => Err("is no object".into()),
        Content::Row(row) => Ok(vec![Reader::new(base).row(row)?]),
    }
}

struct Reader<'a> {
    base: Option<&'a Url>,
    review: Review,
}

impl<'a> Reader<'a> {
    fn new(base: Option<&'a Url>) -> Self {
        Self { base, review: Review::default() }
    }

    fn problem(&mut self, member: &str, detail: impl Into<String>) {
        self.review.problems.push(ImportProblem { member: member.into(), detail: detail.into() });
    }

    /// schema.org's ClaimReview, and the markup of Google's tool, which has other names for the same.
    fn markup(mut self, object: &Object) -> Result<Review, String> {
        let item = object.get("itemReviewed").and_then(first_object);
        self.references("itemReviewed", object.get("itemReviewed"));
        self.references("itemReviewed/author", item.and_then(|item| item.get("author")));
        for member in ["author", "publisher", "reviewRating"] {
            self.references(member, object.get(member));
        }
        let of_item = |name: &str| item.and_then(|item| item.get(name));
        self.unread(object);
        if object.get("claimReviewed").map(texts).is_some_and(|texts| texts.len() > 1) {
            self.problem("claimReviewed", "has more than one claim: all but the first are in the record only");
        }
        self.claim(first_text(object.get("claimReviewed")), "claimReviewed")?;
        self.language(first_text(object.get("inLanguage")).or_else(|| first_text(of_item("inLanguage"))));
        self.review.claimed_on = first_text(of_item("datePublished")).or_else(|| first_text(object.get("claimDate")));
        let claimants = of_item("author").or_else(|| object.get("claimAuthor"));
        self.claimants(claimants);
        for appearances in [
            of_item("firstAppearance"),
            of_item("appearance"),
            of_item("url"),
            object.get("claimFirstAppearance"),
            object.get("claimAppearances"),
        ] {
            self.appearances(appearances);
        }
        self.publisher(object);
        let rating = object.get("reviewRating").or_else(|| object.get("rating")).and_then(first_object);
        let of_rating = |name: &str| rating.and_then(|rating| first_text(rating.get(name)));
        let words = of_rating("alternateName").or_else(|| of_rating("name")).or_else(|| of_rating("textualRating"));
        let words = words.or_else(|| first_text(object.get("alternativeName")));
        let has_number = of_rating("ratingValue").is_some();
        self.rating(words, has_number);
        let first = |names: &[&str]| names.iter().find_map(|name| first_text(object.get(*name)));
        self.title(first(&["headline", "name", "title"]));
        let explained = of_rating("ratingExplanation").filter(|text| text.chars().any(char::is_alphabetic));
        self.summary(first(&["reviewBody"]).or(explained).or_else(|| first(&["description", "subtitle"])));
        self.url(first(&["url", "URL", "mainEntityOfPage", "@id"]));
        self.review.reviewed_on = first(&["datePublished", "dateCreated", "dateModified"]);
        Ok(self.review)
    }

    /// Tells of members that were sent in another encoding than was told.
    fn unread(&mut self, object: &Object) {
        // The reviews of a claim are told of each by itself.
        for (member, _) in object.iter().filter(|(member, value)| *member != "claimReview" && is_unread(value)) {
            self.unread_in(member);
        }
    }

    fn unread_in(&mut self, member: &str) {
        self.problem(member, "has characters that cannot be read in this encoding: send the file with its charset");
        self.review.doubtful.get_or_insert("not all of its characters can be read");
    }

    /// Tells of what a member only refers to: objects elsewhere in a file are not read with the record, but for those in a page.
    fn references(&mut self, member: &str, found: Option<&Value>) {
        let objects = found.map(each).unwrap_or_default().into_iter().filter_map(Value::as_object);
        for id in objects.filter_map(reference).take(MOST_CLAIMANTS) {
            self.problem(member, format!("refers to {}, which is not in the record", cut(&clean(id), 200).0));
        }
    }

    /// A claim of an answer of Google's Fact Check Tools, with one of its reviews.
    fn answer(mut self, claim: &Object, review: &Object) -> Result<Review, String> {
        self.unread(claim);
        self.unread(review);
        self.claim(first_text(claim.get("text")), "text")?;
        self.language(first_text(review.get("languageCode")));
        self.review.claimed_on = first_text(claim.get("claimDate"));
        self.claimants(claim.get("claimant"));
        if let Some(publisher) = review.get("publisher").and_then(first_object) {
            let site = first_text(publisher.get("site"));
            let name = first_text(publisher.get("name")).or_else(|| site.clone());
            self.publisher_named(name, site);
        }
        self.rating(first_text(review.get("textualRating")), false);
        self.title(first_text(review.get("title")));
        self.url(first_text(review.get("url")));
        self.review.reviewed_on = first_text(review.get("reviewDate"));
        Ok(self.review)
    }

    /// A row of a table.
    fn row(mut self, row: &Row) -> Result<Review, String> {
        self.review.problems.clone_from(&row.problems);
        if let Some(shifted) = &row.shifted {
            self.problem("", shifted);
            self.review.doubtful = Some("its cells may be those of other columns");
        }
        for (member, _) in row.cells.iter().filter(|(_, cell)| cell.contains('\u{FFFD}')) {
            self.unread_in(member);
        }
        let cell = |name: &str| {
            let (_, cell) = row.cells.iter().find(|(known, _)| *known == name)?;
            (!cell.trim().is_empty()).then(|| cell.clone())
        };
        self.claim(cell("claim"), "claim")?;
        self.language(cell("language"));
        self.review.claimed_on = cell("claimed_on");
        self.claimants(cell("claimant").map(Value::String).as_ref());
        // Several addresses may stand in one cell.
        for address in cell("appearance").unwrap_or_default().split([' ', '\n', ';', '|']).filter(|one| !one.is_empty())
        {
            self.appearance(address);
        }
        self.publisher_named(cell("publisher").or_else(|| cell("publisher_site")), cell("publisher_site"));
        self.rating(cell("rating"), false);
        self.title(cell("title"));
        self.summary(cell("summary"));
        self.url(cell("url"));
        self.review.reviewed_on = cell("reviewed_on");
        Ok(self.review)
    }

    fn claim(&mut self, said: Option<String>, member: &str) -> Result<(), String> {
        let said = said.map(|said| own_words(&clean(&said))).filter(|said| text::storable(said).is_ok());
        let (claim, whole) = cut(&said.ok_or_else(|| format!("has no claim: {member} is missing or blank"))?, 2000);
        self.review.claim = claim;
        if !whole {
            self.problem(member, "is longer than 2,000 characters: the rest is in the record only");
        }
        Ok(())
    }

    fn language(&mut self, tag: Option<String>) {
        let Some(tag) = tag else { return };
        let written = tag.trim().replace('_', "-");
        match language_tags::LanguageTag::parse(&written) {
            Ok(parsed) if parsed.is_valid() => self.review.language = Some(parsed.into_string()),
            _ => self.problem("inLanguage", format!("is no language tag: {}", cut(&clean(&tag), 100).0)),
        }
    }

    fn claimants(&mut self, found: Option<&Value>) {
        let found = found.map(each).unwrap_or_default();
        let parties: Vec<Party> =
            found.into_iter().filter_map(|found| self.party(found, "itemReviewed/author")).collect();
        if parties.len() > MOST_CLAIMANTS {
            self.problem(
                "itemReviewed/author",
                format!("has more than {MOST_CLAIMANTS}: the others are in the record only"),
            );
        }
        self.review.claimants = parties.into_iter().take(MOST_CLAIMANTS).collect();
    }

    fn appearances(&mut self, found: Option<&Value>) {
        for value in found.map(each).unwrap_or_default() {
            let address = match value {
                Value::Object(object) => {
                    ["url", "@id", "contentUrl"].iter().find_map(|name| first_text(object.get(*name)))
                }
                other => first_text(Some(other)),
            };
            if let Some(address) = address {
                self.appearance(&address);
            }
        }
    }

    fn appearance(&mut self, address: &str) {
        let Some(address) = self.address(address, "itemReviewed/appearance") else { return };
        let normal = text::normal_url(&address);
        if self.review.appearances.iter().any(|known| text::normal_url(known) == normal) {
            return;
        }
        if self.review.appearances.len() == MOST_APPEARANCES {
            self.problem(
                "itemReviewed/appearance",
                format!("has more than {MOST_APPEARANCES}: {address} is in the record only"),
            );
            return;
        }
        self.review.appearances.push(address);
    }

    /// The one who reviewed: an organization rather than the person who wrote it.
    fn publisher(&mut self, object: &Object) {
        let mut parties = Vec::new();
        for name in ["author", "publisher"] {
            let named = object.get(name).or_else(|| object.get("Author")).map(each).unwrap_or_default();
            parties.extend(named.into_iter().filter_map(|found| self.party(found, name)));
        }
        let at = parties.iter().position(|party| party.kind == SourceKind::Organization).unwrap_or(0);
        if at < parties.len() {
            let found = parties.swap_remove(at);
            let kind = if found.kind == SourceKind::Organization { SourceKind::Publication } else { found.kind };
            self.review.publisher = Some(Party { kind, ..found });
        }
    }

    /// A person or body with a name.
    fn party(&mut self, value: &Value, member: &str) -> Option<Party> {
        let Value::Object(object) = value else {
            let (kind, role, website, wikidata_id) = (SourceKind::Person, None, None, None);
            let name = self.line(Some(value.as_str()?.to_owned()), 300, member)?;
            return Some(Party { name, kind, role, website, wikidata_id });
        };
        let links: Vec<String> =
            ["sameAs", "url", "@id"].iter().filter_map(|name| object.get(*name)).flat_map(texts).collect();
        let site = || links.iter().find_map(|link| Some(Url::parse(link).ok()?.host_str()?.to_owned()));
        let kinds = object.get("@type").map(texts).unwrap_or_default();
        let is = |wanted: &[&str]| kinds.iter().any(|kind| wanted.iter().any(|wanted| kind.ends_with(wanted)));
        let kind = match () {
            () if is(&["GovernmentOrganization"]) => SourceKind::Government,
            () if is(&["Organization", "Corporation", "Party", "NGO"]) => SourceKind::Organization,
            () => SourceKind::Person,
        };
        // A name may be a list: the person, then what they are.
        let named = object.get("name").map(texts).unwrap_or_default();
        let name = self.line(named.first().cloned(), 300, member).or_else(|| self.line(site(), 300, member))?;
        let role = first_text(object.get("jobTitle")).or_else(|| named.get(1).cloned());
        let role = self.line(role, 300, member);
        let wikidata_id = links.iter().find_map(|link| {
            let (_, id) = link.rsplit_once('/').filter(|(before, _)| before.contains("wikidata.org/"))?;
            text::wikidata_id(id).is_ok().then(|| id.to_owned())
        });
        let website = first_text(object.get("url")).and_then(|url| absolute(&url, None));
        let website = website.filter(|url| text::web_address(url).is_ok() && url.chars().count() <= 2000);
        Some(Party { name, kind, role, website, wikidata_id })
    }

    fn publisher_named(&mut self, name: Option<String>, site: Option<String>) {
        let Some(name) = self.line(name, 300, "publisher") else { return };
        let website = site.and_then(|site| absolute(&site, None));
        let (kind, role, wikidata_id) = (SourceKind::Publication, None, None);
        self.review.publisher = Some(Party { name, kind, role, website, wikidata_id });
    }

    fn rating(&mut self, words: Option<String>, has_number: bool) {
        self.review.rating = self.line(words, 300, "reviewRating/alternateName");
        if self.review.rating.is_none() {
            let detail =
                if has_number { "has only a number, which says nothing without its words" } else { "is missing" };
            self.problem("reviewRating/alternateName", detail);
        }
    }

    fn title(&mut self, said: Option<String>) {
        self.review.title = self.line(said, 500, "headline");
    }

    fn summary(&mut self, said: Option<String>) {
        self.review.summary = self.line(said, 5000, "reviewBody");
    }

    /// A text as one line of at most so many characters; what is cut is a problem.
    fn line(&mut self, said: Option<String>, longest: usize, member: &str) -> Option<String> {
        let (said, whole) = cut(&clean(&said?), longest);
        text::storable(&said).ok()?;
        if !whole {
            self.problem(member, format!("is longer than {longest} characters: the rest is in the record only"));
        }
        Some(said)
    }

    fn url(&mut self, address: Option<String>) {
        match address {
            Some(address) => self.review.url = self.address(&address, "url"),
            None => self.problem("url", "is missing"),
        }
    }

    /// An address as it is kept; what is none is a problem.
    fn address(&mut self, address: &str, member: &str) -> Option<String> {
        let found = absolute(address, self.base).filter(|found| text::web_address(found).is_ok());
        if found.as_ref().is_some_and(|found| found.chars().count() > 2000) {
            self.problem(member, format!("is longer than 2,000 characters: {}", cut(&clean(address), 200).0));
            return None;
        }
        if found.is_none() {
            let hint = if address.starts_with('/') { "; say with base_url what it is relative to" } else { "" };
            self.problem(member, format!("is no web address: {}{hint}", cut(&clean(address), 200).0));
        }
        found
    }
}

/// An absolute address: as it is, relative to `base`, or with the scheme that it lacks.
fn absolute(address: &str, base: Option<&Url>) -> Option<String> {
    let address: String = address.trim().chars().filter(|c| !c.is_control()).collect();
    if text::normal_url(&address).is_some() {
        return Some(address);
    }
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.') && !host.starts_with('.') && !host.contains([':', ' ', '@']);
    if is_host && (base.is_none() || host.starts_with("www.")) {
        return Some(format!("https://{address}")).filter(|address| text::normal_url(address).is_some());
    }
    base.and_then(|base| base.join(&address).ok())
        .map(String::from)
        .filter(|address| text::normal_url(address).is_some())
}
