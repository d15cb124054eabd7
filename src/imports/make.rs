//! A review as items of a bundle.

use uuid::Uuid;
use validator::Validate;

use super::clean::{clean, cut};
use super::dates;
use super::known::Places;
use super::model::{ImportOptions, ImportProblem};
use super::review::{Party, Review};
use crate::bundles::{Bundle, Item};
use crate::claims::{ClaimStatus, NewClaim};
use crate::documents::{DocumentKind, NewDocument};
use crate::error::FieldError;
use crate::faults::field_errors;
use crate::newsrooms::Newsroom;
use crate::partial_date::PartialDate;
use crate::rating_mappings::Mappings;
use crate::sources::NewSource;
use crate::stance::Stance;
use crate::statements::{Appearance, NewStatement};
use crate::text;
use crate::verdicts::{Bearing, Evidence, NewStatus, NewVerdict};

/// What all records of an import go by.
pub struct Rules<'a> {
    pub options: &'a ImportOptions,
    pub newsroom: &'a Newsroom,
    pub mappings: &'a Mappings,
    /// Why nothing of it may be published, where that is asked for and its sender may not.
    pub unpublishable: Option<String>,
}

/// What is made of a review, all of it decided but the ids of what it shares with others.
#[derive(Debug, Clone)]
pub struct Plan {
    pub position: i64,
    pub language: String,
    pub claimed_on: Option<PartialDate>,
    pub reviewed_on: Option<PartialDate>,
    pub rating_id: Option<Uuid>,
    /// Whether the review is the newsroom's own.
    pub own: bool,
    pub publishes: bool,
    /// Why not, where that is asked for.
    pub lacking: Vec<String>,
}

impl Plan {
    /// Decides what is to be made of a review, and notes what of it could not be kept.
    pub fn of(
        position: i64,
        review: &Review,
        language: &str,
        rules: &Rules<'_>,
        problems: &mut Vec<ImportProblem>,
    ) -> Self {
        let mut note = |member: &str, detail: String| problems.push(ImportProblem { member: member.into(), detail });
        let mut date = |member: &str, written: &Option<String>| {
            let written = written.as_deref()?;
            let read = dates::parse(written);
            let fault = match &read {
                None => "is no date that can be read",
                Some(date) if date.is_ahead() => "lies in the future",
                Some(date) if dates::is_vaguer(date, written) => {
                    "has a day or month in doubt, so that only its year is read; 2021-04-03 would be read whole"
                }
                Some(_) => return read,
            };
            note(member, format!("{fault}: {}", cut(&clean(written), 100).0));
            read.filter(|date| !date.is_ahead())
        };
        let claimed_on = date("itemReviewed/datePublished", &review.claimed_on);
        let reviewed_on = date("datePublished", &review.reviewed_on);
        let publisher = review.publisher.as_ref().map_or("", |party| party.name.as_str());
        let host = review.url.as_deref().and_then(text::host);
        let rating_id =
            review.rating.as_ref().and_then(|words| rules.mappings.rating(words, publisher, host.as_deref()));
        if let (None, Some(words)) = (rating_id, &review.rating) {
            let detail = format!("“{words}” stands for no rating of ours: map it in /v1/rating-mappings");
            note("reviewRating/alternateName", detail);
        }
        let own = rules.options.own || is_own(review, rules.newsroom);
        if !own && bears_name(review, rules.newsroom) {
            note("author", "is your newsroom's name, but not its site: import it with own=true if it is yours".into());
        }
        let lacking: Vec<String> = [
            rules.unpublishable.clone(),
            review.doubtful.map(|why| format!("stays a draft: {why}")),
            rating_id.is_none().then(|| "stays a draft: it has no rating".into()),
            reviewed_on.is_none().then(|| "stays a draft: nobody knows when it was reviewed".into()),
        ]
        .into_iter()
        .flatten()
        .filter(|_| rules.options.publish)
        .collect();
        let ready = rules.options.publish && lacking.is_empty();
        let language = language.into();
        Self { position, language, claimed_on, reviewed_on, rating_id, own, publishes: ready, lacking }
    }

    /// Adds the items that record it to a bundle. `claim` is its claim where that is there already, with the places where its claimants are
    /// known to have said it.
    pub fn add(
        &self,
        review: &Review,
        claim: Option<(Uuid, &Places)>,
        bundle: &mut Bundle,
    ) -> Result<(Uuid, Uuid), Vec<FieldError>> {
        let status = if self.publishes { ClaimStatus::Published } else { ClaimStatus::Draft };
        let mut items = Items { position: self.position, faults: Vec::new() };
        let claim_id = claim.map_or_else(Uuid::now_v7, |(id, _)| id);
        if claim.is_none() {
            let new = NewClaim {
                text: review.claim.clone(),
                language: self.language.clone(),
                context: None,
                claimed_on: self.claimed_on.clone(),
                event_on: None,
                place: None,
                topics: Vec::new(),
                part_of_id: None,
                status,
                withdrawn_reason: None,
            };
            items.add(&mut bundle.claims, claim_id, "claim", new);
        }
        let documents: Vec<Uuid> = review
            .appearances
            .iter()
            .filter(|url| {
                // Where nobody is named, the places are those of the review. What is public does not rest on a draft.
                let told = |(_, places): (Uuid, &Places)| {
                    let public = text::normal_url(url).and_then(|url| places.get(&url).copied());
                    public.is_some_and(|public| public || !self.publishes)
                };
                review.claimants.is_empty() || !claim.is_some_and(told)
            })
            .enumerate()
            .map(|(nth, url)| {
                let id = Uuid::now_v7();
                items.add(&mut bundle.documents, id, &format!("document/{nth}"), document(url));
                id
            })
            .collect();
        // A claim is known again by who put it forward: that they did was told by its first review, and so were some places.
        let said = if claim.is_none() || !documents.is_empty() { &review.claimants[..] } else { &[] };
        for (nth, claimant) in said.iter().enumerate() {
            let source_id = Uuid::now_v7();
            items.add(&mut bundle.sources, source_id, &format!("source/{nth}"), source(claimant));
            let mut places = documents.iter().copied();
            let new = NewStatement {
                claim_id,
                source_id,
                stance: Stance::Asserts,
                spoke_as: claimant.role.clone(),
                on_behalf_of_id: None,
                quote: None,
                quote_language: None,
                quote_kind: None,
                translation: None,
                said_on: self.claimed_on.clone(),
                document_id: places.next(),
                locator: None,
                appearances: places.map(|document_id| Appearance { document_id, locator: None }).collect(),
                relies_on: Vec::new(),
                status,
                withdrawn_reason: None,
                correction_note: None,
                note: None,
            };
            items.add(&mut bundle.statements, Uuid::now_v7(), &format!("statement/{nth}"), new);
        }
        let author_id = review.publisher.as_ref().filter(|_| !self.own).map(|publisher| {
            let id = Uuid::now_v7();
            items.add(&mut bundle.sources, id, "source/publisher", source(publisher));
            id
        });
        // Where nobody is named, the places where it appeared are kept with the review.
        let context = documents.into_iter().filter(|_| review.claimants.is_empty()).map(|document_id| Evidence {
            statement_id: None,
            document_id: Some(document_id),
            bearing: Bearing::Context,
            note: None,
        });
        let verdict_id = Uuid::now_v7();
        let new = NewVerdict {
            claim_id,
            rating_id: self.rating_id,
            textual_rating: author_id.and(review.rating.clone()),
            title: review.title.clone(),
            summary: summary(review),
            explanation: None,
            language: Some(self.language.clone()),
            url: review.url.clone(),
            reviewed_on: self.reviewed_on.clone(),
            author_id,
            status: if self.publishes { NewStatus::Published } else { NewStatus::Draft },
            evidence: context.collect(),
            supersedes_id: None,
            correction_reason: None,
            correction_note: None,
        };
        items.add(&mut bundle.verdicts, verdict_id, "verdict", new);
        if items.faults.is_empty() { Ok((claim_id, verdict_id)) } else { Err(items.faults) }
    }
}

/// What is concluded, in a sentence or two: where nobody wrote one, the rating in its publisher's words.
pub fn summary(review: &Review) -> Option<String> {
    review.summary.clone().or_else(|| review.rating.clone())
}

/// What an item is called in the bundle: by this it is found again among the ids.
pub fn name_of(position: i64, part: &str) -> String {
    format!("{position}/{part}")
}

struct Items {
    position: i64,
    faults: Vec<FieldError>,
}

impl Items {
    fn add<T: Validate>(&mut self, list: &mut Vec<Item<T>>, id: Uuid, part: &str, new: T) {
        if let Err(errors) = new.validate() {
            let within = |fault: FieldError| FieldError { pointer: format!("/{part}{}", fault.pointer), ..fault };
            self.faults.extend(field_errors(&errors).into_iter().map(within));
        }
        list.push(Item { id, name: Some(name_of(self.position, part)), pointer: format!("/{part}"), new });
    }
}

fn source(party: &Party) -> NewSource {
    NewSource {
        kind: party.kind,
        name: party.name.clone(),
        description: None,
        aliases: Vec::new(),
        affiliation_id: None,
        country: None,
        website: party.website.clone(),
        wikidata_id: party.wikidata_id.clone(),
        note: None,
    }
}

fn document(url: &str) -> NewDocument {
    NewDocument {
        kind: if is_social(url) { DocumentKind::Post } else { DocumentKind::Other },
        title: None,
        url: Some(url.to_owned()),
        description: None,
        archive_url: None,
        publisher_id: None,
        authors: Vec::new(),
        language: None,
        published_on: None,
        retrieved_at: None,
        derived_from_id: None,
    }
}

/// Where addresses are those of posts.
const SOCIAL: [&str; 7] =
    ["facebook.com", "twitter.com", "x.com", "instagram.com", "tiktok.com", "t.me", "threads.net"];

fn is_social(url: &str) -> bool {
    text::host(url).is_some_and(|host| SOCIAL.iter().any(|site| text::is_within(&host, site)))
}

/// Whether a review says that it is the newsroom's: by being on its site, or by its name, unless it stands on another site. Names are not
/// theirs alone who bear them.
fn is_own(review: &Review, newsroom: &Newsroom) -> bool {
    match (newsroom.site.as_deref().and_then(text::host), review.url.as_deref().and_then(text::host)) {
        (Some(site), Some(host)) => text::is_within(&host, &site),
        _ => bears_name(review, newsroom),
    }
}

fn bears_name(review: &Review, newsroom: &Newsroom) -> bool {
    review.publisher.as_ref().is_some_and(|party| text::folded(&party.name) == text::folded(&newsroom.name))
}
