use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::kind::EventKind;
use crate::changes::Operation;
use crate::changes::feed::{Batch, Row};
use crate::error::Result;
use crate::schema::{claims, ratings, sources};

/// Texts in events are cut after so many characters: an event is to stay below 20 kB.
const LONGEST: usize = 400;

/// What of a record is told in an event; all of it is at its link.
const TOLD: [&str; 28] = [
    "id",
    "text",
    "language",
    "claimed_on",
    "event_on",
    "place",
    "part_of_id",
    "status",
    "claim_id",
    "source_id",
    "stance",
    "spoke_as",
    "quote",
    "quote_language",
    "quote_kind",
    "said_on",
    "document_id",
    "rating_id",
    "textual_rating",
    "title",
    "summary",
    "url",
    "reviewed_on",
    "author_id",
    "supersedes_id",
    "correction_reason",
    "correction_note",
    "version",
];

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub kind: EventKind,
    /// When it happened, database time.
    pub timestamp: DateTime<Utc>,
    /// What it happened to.
    pub data: EventData,
    /// What filters go by, of claims that the reader may not see too.
    #[serde(skip)]
    pub subject: Subject,
}

/// What an event is about. Texts of more than 400 characters are cut and end with `…`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventData {
    /// The event's id: the same whenever it is told again, and sent as `webhook-id`.
    #[schema(example = "evt_20_1f0c6a7b9d3e5f24")]
    pub event_id: String,
    /// Its place in the order of `/v1/changes`; events of one claim arrive in this order. 0 of a test.
    #[schema(example = 20)]
    pub position: i64,
    /// `claim`, `statement` or `verdict`; `webhook` of a test.
    #[schema(example = "verdict")]
    pub noun: String,
    /// The record.
    pub record_id: Uuid,
    /// The record's version after it.
    #[schema(example = 2)]
    pub version: i32,
    /// The newsroom whose record it is.
    pub newsroom_id: Option<Uuid>,
    /// The fields that changed.
    pub changed: Vec<String>,
    /// Why it was withdrawn or retracted; null of other events.
    pub reason: Option<String>,
    /// The claim that it is about, as it is now; null where it is not to be seen any more.
    pub claim: Option<EventClaim>,
    /// Of a statement: whose it is; null with `record`.
    #[schema(example = "Dmitry Peskov")]
    pub source: Option<String>,
    /// Of a verdict: its rating's label, or another publisher's own words for it; null with `record`.
    #[schema(example = "True")]
    pub rating: Option<String>,
    /// The record after it, in short; null where it is not to be seen any more.
    #[schema(value_type = Option<Object>)]
    pub record: Option<Map<String, Value>>,
    /// Where there is more.
    pub links: EventLinks,
}

/// The claim of an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventClaim {
    /// UUIDv7.
    pub id: Uuid,
    /// The assertion.
    pub text: String,
    /// BCP 47 tag.
    pub language: String,
    /// Slugs of its topics, the first ten.
    pub topics: Vec<String>,
}

/// Addresses; paths where the server does not know its own (`ONRECORD_PUBLIC_URL`).
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct EventLinks {
    /// The record.
    #[schema(example = "https://onrecord.example/v1/verdicts/0199e9c5-8f0a-7cc1-b1ad-3c2f5a1d7e10")]
    pub record: String,
    /// Everything on the claim; null of a test.
    pub dossier: Option<String>,
    /// The claim's page for readers; null where it has none.
    pub page: Option<String>,
}

/// What an event is about, for filters.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The claim; the record itself where that hangs on none.
    pub claim_id: Uuid,
    /// The claim's topics.
    pub topics: Vec<String>,
    /// The claim's language.
    pub language: String,
}

/// The claim that an event is about, as it is now.
#[derive(HasQuery)]
#[diesel(table_name = claims)]
struct OnClaim {
    id: Uuid,
    text: String,
    language: String,
    topics: Vec<String>,
    status: String,
    withdrawn_reason: Option<String>,
    newsroom_id: Uuid,
}

/// What is looked up for events beside the log.
struct Beside {
    claims: HashMap<Uuid, OnClaim>,
    sources: HashMap<Uuid, String>,
    ratings: HashMap<Uuid, String>,
}

impl Event {
    /// The events after a position that everybody, or this newsroom, may know of.
    pub async fn after(
        after: i64,
        limit: i64,
        newsroom_id: Option<Uuid>,
        base: &str,
        conn: &AsyncPgConnection,
    ) -> Result<Batch<Self>> {
        let (rows, after, more) = Row::after(after, limit, newsroom_id, conn).await?;
        Ok(Batch { items: Self::of(rows, newsroom_id, base, conn).await?, after, more })
    }

    /// The events at these positions, as this newsroom may see them today.
    pub async fn at(positions: &[i64], newsroom_id: Uuid, base: &str, conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        Self::of(Row::at(positions, conn).await?, Some(newsroom_id), base, conn).await
    }

    /// A test for a webhook.
    pub fn test(event_id: String, webhook_id: Uuid, newsroom_id: Uuid, at: DateTime<Utc>, base: &str) -> Self {
        let data = EventData {
            event_id,
            position: 0,
            noun: "webhook".into(),
            record_id: webhook_id,
            version: 1,
            newsroom_id: Some(newsroom_id),
            changed: Vec::new(),
            reason: None,
            claim: None,
            source: None,
            rating: None,
            record: None,
            links: EventLinks { record: format!("{base}/v1/webhooks/{webhook_id}"), dossier: None, page: None },
        };
        Self { kind: EventKind::TEST, timestamp: at, data, subject: Subject::default() }
    }

    async fn of(rows: Vec<Row>, newsroom_id: Option<Uuid>, base: &str, conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let told: Vec<_> = rows.into_iter().filter_map(|row| Some((EventKind::of(&row)?, row))).collect();
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let beside = Beside::of(told.iter().map(|(_, row)| row), newsroom_id, conn).await?;
        Ok(told.into_iter().map(|(kind, row)| beside.event(kind, row, newsroom_id, base)).collect())
    }
}

fn id(record: Option<&Value>, member: &str) -> Option<Uuid> {
    record?.get(member)?.as_str()?.parse().ok()
}

/// The claim of a record; a claim's is itself.
fn claim_id(row: &Row) -> Uuid {
    if row.noun == "claim" { row.record_id } else { row.parent_id.unwrap_or(row.record_id) }
}

impl Beside {
    async fn of<'a>(
        rows: impl Iterator<Item = &'a Row> + Clone,
        newsroom_id: Option<Uuid>,
        mut conn: &AsyncPgConnection,
    ) -> Result<Self> {
        let ids = |member: &'static str| -> BTreeSet<Uuid> {
            rows.clone().filter_map(|row| id(row.after.as_ref(), member)).collect()
        };
        let claim_ids: BTreeSet<Uuid> = rows.clone().map(claim_id).collect();
        let found = OnClaim::query().filter(claims::id.eq_any(claim_ids)).load(&mut conn).await?;
        let claims = found.into_iter().map(|claim| (claim.id, claim));
        let seen = sources::public.or(sources::newsroom_id.nullable().eq(newsroom_id).assume_not_null());
        let speakers = sources::table.filter(sources::id.eq_any(ids("source_id"))).filter(seen);
        let names: Vec<(Uuid, String)> = speakers.select((sources::id, sources::name)).load(&mut conn).await?;
        let labelled =
            ratings::table.filter(ratings::id.eq_any(ids("rating_id"))).select((ratings::id, ratings::label));
        let labels: Vec<(Uuid, String)> = labelled.load(&mut conn).await?;
        let (claims, sources, ratings) = (claims.collect(), names.into_iter().collect(), labels.into_iter().collect());
        Ok(Self { claims, sources, ratings })
    }

    fn event(&self, kind: EventKind, row: Row, newsroom_id: Option<Uuid>, base: &str) -> Event {
        let claim_id = claim_id(&row);
        let claim = self.claims.get(&claim_id);
        let (topics, language) = match claim {
            Some(claim) => (claim.topics.clone(), claim.language.clone()),
            None => last_subject(row.deleted.as_ref()),
        };
        let shown = claim.filter(|claim| claim.status == "published" || Some(claim.newsroom_id) == newsroom_id);
        let chain = row.chain.iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let member = |name: &str| row.after.as_ref()?.get(name)?.as_str().map(cut);
        let reason = member("withdrawn_reason").or_else(|| member("retraction_reason"));
        // What went with its claim went for the same reason.
        let reason = reason.or_else(|| {
            let claim = claim.filter(|_| matches!(row.operation, Operation::Hide));
            claim.and_then(|claim| claim.withdrawn_reason.as_deref()).map(cut)
        });
        let named =
            |names: &HashMap<Uuid, String>, member| names.get(&id(row.after.as_ref(), member)?).map(|name| cut(name));
        let source = named(&self.sources, "source_id");
        let rating = member("textual_rating").or_else(|| named(&self.ratings, "rating_id"));
        let item = row.item(newsroom_id);
        // What tells of a record is seen with it, but why it ended: that is told as it ends, when others see it no more.
        let is_seen = item.record.is_some();
        let data = EventData {
            event_id: format!("evt_{}_{chain}", item.position),
            position: item.position,
            record_id: item.record_id,
            version: item.version,
            newsroom_id: item.newsroom_id,
            changed: item.changed,
            reason: reason.filter(|_| is_seen || kind.is_an_end()),
            claim: shown.map(|claim| EventClaim {
                id: claim_id,
                text: cut(&claim.text),
                language: claim.language.clone(),
                topics: claim.topics.iter().take(10).cloned().collect(),
            }),
            source: source.filter(|_| is_seen),
            rating: rating.filter(|_| is_seen),
            links: EventLinks {
                record: format!("{base}/v1/{}s/{}", item.noun, item.record_id),
                dossier: Some(format!("{base}/v1/claims/{claim_id}/dossier")),
                page: claim.filter(|claim| claim.status == "published").map(|_| format!("{base}/claims/{claim_id}")),
            },
            record: item.record.map(in_short),
            noun: item.noun,
        };
        Event { kind, timestamp: item.at, data, subject: Subject { claim_id, topics, language } }
    }
}

/// The topics and language of a claim that is no more.
fn last_subject(deleted: Option<&Value>) -> (Vec<String>, String) {
    let member = |name: &str| deleted.and_then(|claim| claim.get(name));
    let topics = member("topics").and_then(Value::as_array).into_iter().flatten();
    (
        topics.filter_map(Value::as_str).map(str::to_owned).collect(),
        member("language").and_then(Value::as_str).unwrap_or_default().to_owned(),
    )
}

fn in_short(record: Map<String, Value>) -> Map<String, Value> {
    let told = record.into_iter().filter(|(name, _)| TOLD.contains(&name.as_str()));
    told.map(|(name, value)| match value {
        // An address that is cut leads nowhere; it has at most 2,000 bytes.
        Value::String(text) if name != "url" => (name, Value::String(cut(&text))),
        other => (name, other),
    })
    .collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
