//! Drafts of earlier imports, which follow their records: all of them that nobody has edited by hand since.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::make::{Plan, summary};
use super::model::ImportProblem;
use super::record::Reading;
use super::review::Review;
use crate::auth::Caller;
use crate::claims::{Claim, ClaimStatus};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::patch::Patch;
use crate::schema::claims;
use crate::statements::{NewStatement, Statement};
use crate::text;
use crate::verdicts::{NewVerdict, Verdict, VerdictStatus, conclusion};

/// The digest of what an import has made of each member: what differs from it by now was edited by hand. No words are kept by it, so
/// it stays when a file is erased.
pub type Digests = BTreeMap<String, String>;

type Members = Vec<(&'static str, Value)>;

/// What a verdict takes over from its record; null is what the record does not say.
pub fn of_verdict(review: &Review, plan: &Plan) -> Members {
    vec![
        ("rating_id", json!(plan.rating_id)),
        ("textual_rating", json!(review.rating.as_ref().filter(|_| !plan.own))),
        ("title", json!(review.title)),
        ("summary", json!(summary(review))),
        ("language", json!(plan.language)),
        ("url", json!(review.url)),
        ("reviewed_on", json!(plan.reviewed_on)),
    ]
}

/// What belongs to the claim, which others may have reviewed too: it follows no record.
fn of_claim(review: &Review, plan: &Plan) -> Members {
    let claimants: Vec<_> = review.claimants.iter().map(|party| &party.name).collect();
    vec![
        ("itemReviewed/author", json!(claimants)),
        ("itemReviewed/datePublished", json!(plan.claimed_on)),
        ("itemReviewed/appearance", json!(review.appearances)),
    ]
}

fn digest(value: &Value) -> String {
    format!("{:x}", Sha256::digest(value.to_string()))
}

fn digested(members: Members) -> impl Iterator<Item = (String, String)> {
    members.into_iter().map(|(name, value)| (name.to_owned(), digest(&value)))
}

/// The digests of what is made of a record that is new.
pub fn digests(review: &Review, plan: &Plan) -> Digests {
    digested(of_verdict(review, plan)).chain(digested(of_claim(review, plan))).collect()
}

/// Takes over the digests of what belongs to the claim; answers which of them are others than before.
pub fn take_claims(review: &Review, plan: &Plan, digests: &mut Digests) -> Vec<ImportProblem> {
    let others = digested(of_claim(review, plan)).filter_map(|(member, digest)| {
        let earlier = digests.insert(member.clone(), digest.clone())?;
        let detail = "is another than before, and belongs to the claim: change it there".into();
        (earlier != digest).then_some(ImportProblem { member, detail })
    });
    others.collect()
}

/// What becomes of a draft.
#[derive(Debug, Default)]
pub struct Followed {
    pub changed: bool,
    /// Whether it was published.
    pub published: bool,
    pub digests: Digests,
    pub problems: Vec<ImportProblem>,
}

/// Brings a draft up to date with its record. Members that the record has no more stay, somebody may have added them; so do those
/// that were edited by hand, which is told. 409 where it is no draft any more.
pub async fn follow(
    id: Uuid,
    members: Members,
    earlier: Option<&Digests>,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<Followed> {
    let verdict = Verdict::lock_with_tree(id, &[], caller, conn).await?;
    if verdict.status != VerdictStatus::Draft {
        return Err(Error::conflict(format!("it is {} by now", verdict.status.as_str())));
    }
    let present = serde_json::to_value(&verdict)?;
    let mut followed = Followed { digests: earlier.cloned().unwrap_or_default(), ..Followed::default() };
    let mut changes = Map::new();
    // The newsroom's own rating is told by its label.
    let mut members = members;
    members.retain(|(name, _)| *name != "textual_rating" || verdict.author_id.is_some());
    // A summary that only repeated the rating's words, and does so with those that somebody has written.
    let repeats = conclusion(verdict.summary.as_deref(), verdict.textual_rating.as_deref()).is_none()
        && earlier
            .is_some_and(|made| made.get("summary").is_some() && made.get("summary") == made.get("textual_rating"));
    let words = members.iter().find(|(name, _)| *name == "textual_rating").map(|(_, words)| words.clone());
    for (name, value) in members {
        let is = present.get(name).unwrap_or(&Value::Null);
        let made = match earlier {
            // A member that imports did not write yet is as it was made while there is nothing in it.
            Some(earlier) => {
                earlier.get(name).map_or(is.is_null(), |made| *made == digest(is))
                    || name == "summary" && repeats && words.as_ref() != Some(&value)
            }
            // Recorded before digests were kept: what never changed is as it was made, and the rating may be mapped since.
            None => verdict.version == 1 || is.is_null() && matches!(name, "rating_id" | "textual_rating"),
        };
        if value.is_null() || *is != value && !made {
            if !value.is_null() {
                let detail = "was edited by hand since: it stays".into();
                followed.problems.push(ImportProblem { member: name.into(), detail });
            }
            // It stays known what was made of it.
            followed.digests.entry(name.into()).or_insert_with(|| digest(&value));
            continue;
        }
        followed.digests.insert(name.into(), digest(&value));
        if *is != value {
            changes.insert(name.into(), value);
        }
    }
    followed.changed = !changes.is_empty();
    if followed.changed {
        let patch = Patch::<NewVerdict>::within("", changes, &[])?;
        Verdict::change(id, &patch, &IfMatch::any(), caller, conn).await?;
    }
    Ok(followed)
}

#[derive(QueryableByName)]
struct Alone {
    #[diesel(sql_type = Bool)]
    alone: bool,
}

/// Whether a claim ($1) has nothing that would be published with it but what imports have made.
const ALONE: &str = "SELECT NOT EXISTS (SELECT FROM claims WHERE part_of_id = $1) AND NOT EXISTS (
        SELECT FROM statements WHERE claim_id = $1 AND newsroom_id = $2 AND status = 'draft' AND id NOT IN (
            SELECT made.id::uuid FROM import_records
            CROSS JOIN LATERAL jsonb_array_elements_text(import_records.made -> 'statements') AS made(id)
            WHERE import_records.claim_id = $1)) AS alone";

/// A draft on a claim ($1) that an import of a newsroom ($2) has made and nobody has edited, of somebody by one of some names ($5), or of a
/// record of the same claim by the same claimants ($4), whatever they are called here: it tells of no places but some ($3), of which one is not told in public yet; or of no place, where they are not told to have said it at all.
const UNTOLD: &str = "SELECT t.id FROM statements AS t JOIN sources AS s ON s.id = t.source_id
    CROSS JOIN LATERAL (
        SELECT bool_and(coalesce(d.url_normal = ANY ($3), false)) AS named, bool_or(NOT EXISTS (
            SELECT FROM statements AS other WHERE other.claim_id = t.claim_id AND other.source_id = t.source_id AND other.stance = 'asserts' AND other.public
                AND (other.document_id = d.id OR d.id IN (SELECT document_id FROM appearances WHERE statement_id = other.id)))) AS untold
        FROM (SELECT t.document_id AS id UNION ALL SELECT document_id FROM appearances WHERE statement_id = t.id) AS place
        JOIN documents AS d ON d.id = place.id) AS places
    WHERE t.claim_id = $1 AND t.newsroom_id = $2 AND t.status = 'draft' AND t.version = 1 AND t.stance = 'asserts'
        AND coalesce(places.named AND places.untold, NOT EXISTS (
            SELECT FROM statements AS other WHERE other.claim_id = t.claim_id AND other.source_id = t.source_id AND other.stance = 'asserts' AND other.public))
        AND t.id IN (SELECT made.id::uuid FROM import_records
            CROSS JOIN LATERAL jsonb_array_elements_text(import_records.made -> 'statements') AS made(id)
            WHERE import_records.claim_id = $1 AND import_records.outcome = 'created'
                AND (s.name_folded = ANY ($5) OR import_records.claim_identity = $4))
    ORDER BY t.id LIMIT 1";

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Publishes a draft of an earlier import, with what imports have made of the places that its record names, and with its claim where
/// that is a draft of imports alone.
pub async fn publish(id: Uuid, reading: &Reading, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let claim = Verdict::lock_with_tree(id, &[], caller, conn).await?.claim_id;
    let status: ClaimStatus = claims::table.find(claim).select(claims::status).first(conn).await?;
    if status == ClaimStatus::Draft {
        let query = diesel::sql_query(ALONE).bind::<SqlUuid, _>(claim).bind::<SqlUuid, _>(caller.newsroom_id);
        let Alone { alone } = query.get_result(conn).await?;
        if !alone {
            return Err(Error::conflict(format!(
                "its claim is one, with parts or statements that no import made. Publish it with POST /v1/claims/{claim}/publish, then import again"
            )));
        }
        Claim::publish(claim, caller, conn).await?;
    }
    let published = Map::from_iter([("status".to_owned(), json!("published"))]);
    let patch = Patch::<NewStatement>::within("", published.clone(), &[])?;
    let places: Vec<String> = reading.review.places().collect();
    let names: Vec<String> = reading.review.claimants.iter().map(|party| text::folded(&party.name)).collect();
    // One after the other: what one tells, the next need not.
    loop {
        let query = diesel::sql_query(UNTOLD).bind::<SqlUuid, _>(claim).bind::<SqlUuid, _>(caller.newsroom_id);
        let query = query.bind::<Array<Text>, _>(&places).bind::<Binary, _>(&reading.claim_identity);
        let found: Option<Said> = query.bind::<Array<Text>, _>(&names).get_result(conn).await.optional()?;
        let Some(Said { id }) = found else { break };
        Statement::change(id, &patch, &IfMatch::any(), caller, conn).await?;
    }
    let patch = Patch::<NewVerdict>::within("", published, &[])?;
    Verdict::change(id, &patch, &IfMatch::any(), caller, conn).await?;
    Ok(())
}
