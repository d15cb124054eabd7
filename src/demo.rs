//! The demo story: a real article as a bundle, with ids that are the same everywhere, so that examples can name them.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Duration};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::auth::Caller;
use crate::body::Json;
use crate::bundles::{self, Bundle, Ids, Imported};
use crate::claim_links::{ClaimLink, LinkKind, NewClaimLink};
use crate::comment_requests::{Channel, CommentRequest, NewCommentRequest};
use crate::error::Result;
use crate::imports::{self, Form, ImportOptions};
use crate::rating_mappings::{NewRatingMapping, RatingMapping};
use crate::schema::{claims, sources};
use crate::webhooks::{NewWebhook, Webhook, WebhookFormat};

/// The story as it is committed.
pub const STORY: &str = include_str!("../demo/nagorno-karabakh-2023.json");

/// The moment in the demo's ids: 2023-10-01T00:00:00Z, the month of the article.
const MOMENT: u64 = 1_696_118_400_000;

/// When the demo's comment request was asked: 2023-10-05T09:00:00Z, in nanoseconds.
const ASKED_AT: i64 = 1_696_496_400_000_000_000;

/// The demo's newsroom, its admin and the admin's key have ids of their own among the refs.
const PEOPLE: [&str; 3] = ["newsroom", "admin", "first-key"];

/// The comment request that the demo has beside the story: no bundle holds one.
const ASKED: &str = "asked-armenian-government";

/// The rating mapping and the import that the demo has beside the story. The import is a dry run, so that the story stays as it is.
const MAPPED: &str = "mostly-false";
const IMPORTED: &str = "imported-reviews";

/// What the words “Mostly false” stand for: the second of the scale that comes with OnRecord.
const MOSTLY_FALSE: Uuid = Uuid::from_u128(0x0189_0000_0000_7000_8000_0000_0000_0102);

/// What is imported.
const REVIEWS: &str = include_str!("../demo/claimreview.json");

/// The claim link that the demo has beside the story, as no bundle holds one either.
const LINKED: &str = "negotiated-contradicts-on-the-move";

/// The webhook that the demo has beside the story. It is not active: nothing is sent anywhere.
const HOOKED: &str = "webhook";

static IDS: LazyLock<HashMap<String, Uuid>> = LazyLock::new(|| {
    let story: Value = serde_json::from_str(STORY).unwrap_or_default();
    let nouns = ["sources", "documents", "claims", "statements", "verdicts"];
    let items = nouns.iter().flat_map(|noun| story[noun].as_array().into_iter().flatten());
    let refs = items.filter_map(|item| item["ref"].as_str());
    PEOPLE
        .into_iter()
        .chain(refs)
        .chain([ASKED, LINKED, HOOKED, MAPPED, IMPORTED])
        .enumerate()
        .map(|(index, name)| (name.to_owned(), id(name, index as u64)))
        .collect()
});

/// Whether the database is empty, so that the story may be loaded.
pub async fn is_wanted(conn: &mut AsyncPgConnection) -> Result<bool> {
    let any_source = diesel::select(diesel::dsl::exists(sources::table.select(sources::id)));
    let any_claim = diesel::select(diesel::dsl::exists(claims::table.select(claims::id)));
    Ok(!any_source.get_result::<bool>(conn).await? && !any_claim.get_result::<bool>(conn).await?)
}

/// Records the story in the caller's newsroom, a request for comment that waits for an answer, a link between two claims, a
/// webhook that is not active, and a dry run of an import.
pub async fn load(caller: Caller, conn: &mut AsyncPgConnection) -> Result<Imported> {
    let imported = bundles::import(Bundle::read(Json::parse(STORY.as_bytes())?, Ids::Demo)?, caller, conn).await?;
    if let (Some(id), Some(claim_id), Some(source_id)) =
        (id_of(ASKED), id_of("displaced"), id_of("armenian-government"))
    {
        let request = NewCommentRequest {
            claim_id,
            source_id,
            asked_at: DateTime::from_timestamp_nanos(ASKED_AT),
            channel: Channel::Email,
            due_at: Some(DateTime::from_timestamp_nanos(ASKED_AT) + Duration::days(2)),
            question: Some("On what count does the figure of more than 100,000 rest?".into()),
            note: Some("A part of the demo: nobody was really asked.".into()),
        };
        CommentRequest::create(id, &request, caller, conn).await?;
    }
    if let (Some(id), Some(claim_id), Some(linked_claim_id)) =
        (id_of(LINKED), id_of("blinken-lavrov-negotiated"), id_of("exchange-on-the-move"))
    {
        let kind = LinkKind::Contradicts;
        let note = Some("As Moscow tells it: an exchange on the move, and no negotiations.".into());
        ClaimLink::create(id, &NewClaimLink { claim_id, kind, linked_claim_id, note }, caller, conn).await?;
    }
    if let Some(id) = id_of(HOOKED) {
        let webhook = NewWebhook {
            name: "Website".into(),
            url: "https://hooks.example/onrecord".into(),
            format: WebhookFormat::Standard,
            events: ["verdict.published", "verdict.corrected", "verdict.retracted", "verdict.withdrawn"]
                .map(Into::into)
                .into(),
            topics: Vec::new(),
            languages: Vec::new(),
            own: true,
            active: false,
        };
        Webhook::create(id, &webhook, caller, conn).await?;
    }
    if let (Some(mapping), Some(import)) = (id_of(MAPPED), id_of(IMPORTED)) {
        let new = NewRatingMapping { publisher: None, rating: "Mostly false".into(), rating_id: MOSTLY_FALSE };
        RatingMapping::create(mapping, &new, caller, conn).await?;
        let name = Some("Other Checkers, October".into());
        let options = ImportOptions { dry_run: true, name, ..ImportOptions::default() };
        imports::import_at_once(import, (Form::Json, REVIEWS.as_bytes()), &options, caller, conn).await?;
    }
    Ok(imported)
}

/// The id of a ref of the story (or of `newsroom`, `admin`, `first-key`, `asked-armenian-government`,
/// `negotiated-contradicts-on-the-move`, `webhook`, `mostly-false`, `imported-reviews`): a UUIDv7 whose time follows the story's order and whose
/// random part is a hash of the ref.
pub fn id_of(name: &str) -> Option<Uuid> {
    IDS.get(name).copied()
}

fn id(name: &str, index: u64) -> Uuid {
    let digest = Sha256::digest(name);
    let random = std::array::from_fn(|at| digest[at]);
    Builder::from_unix_timestamp_millis(MOMENT + index, &random).into_uuid()
}
