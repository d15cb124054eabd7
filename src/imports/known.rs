//! What is recorded already of the records of a batch.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::drafts::Digests;
use super::record::{Entry, Reading};
use crate::auth::Caller;
use crate::claims::ClaimStatus;
use crate::columns::Children;
use crate::error::Result;
use crate::verdicts::VerdictStatus;

/// The verdict that was made of a record.
#[derive(Debug)]
pub struct KnownVerdict {
    /// The hashes of all records that were it: of the last import before, and of this one so far.
    pub sha256: HashSet<Vec<u8>>,
    pub claim_id: Option<Uuid>,
    /// None where a dry run would have made it.
    pub verdict_id: Option<Uuid>,
    pub status: VerdictStatus,
    pub rating_id: Option<Uuid>,
    /// Whether it is another publisher's, and from before their words were kept with it.
    pub lacks_words: bool,
    /// What imports have made of its members; none where that was not kept.
    pub digests: Option<Digests>,
}

/// Normalised addresses where a claim's claimants are known to have put it forward, and whether everybody is told so.
pub type Places = HashMap<String, bool>;

/// The claim of earlier records.
#[derive(Debug, Clone)]
pub struct KnownClaim {
    pub id: Uuid,
    pub published: bool,
    pub places: Places,
}

/// What earlier records have become.
#[derive(Debug)]
pub struct Known {
    /// By a record's identity.
    pub records: HashMap<Vec<u8>, KnownVerdict>,
    /// By a claim's identity.
    pub claims: HashMap<Vec<u8>, KnownClaim>,
}

#[derive(QueryableByName)]
struct FoundRecord {
    #[diesel(sql_type = Binary)]
    identity: Vec<u8>,
    #[diesel(sql_type = Binary)]
    sha256: Vec<u8>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    claim_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    verdict_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    status: VerdictStatus,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    rating_id: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    lacks_words: bool,
    #[diesel(sql_type = Nullable<Jsonb>)]
    digests: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Place {
    url: String,
    public: bool,
}

#[derive(QueryableByName)]
struct FoundClaim {
    #[diesel(sql_type = Binary)]
    identity: Vec<u8>,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    status: ClaimStatus,
    #[diesel(sql_type = Jsonb)]
    places: Children<Place>,
}

/// The records of the import $3 and of the last other one, of a newsroom ($2). A feed may have been imported a thousand times. In a dry
/// run ($4), what it would have made counts as made.
const RECORDS: &str = "SELECT kept.identity, kept.sha256, kept.claim_id, v.id AS verdict_id, coalesce(v.status, 'draft') AS status, v.rating_id, kept.digests,
        coalesce(v.author_id IS NOT NULL AND v.textual_rating IS NULL AND NOT coalesce(kept.digests ? 'textual_rating', false), false) AS lacks_words
    FROM (SELECT DISTINCT identity FROM unnest($1) AS identity) AS wanted
    LEFT JOIN LATERAL (
        SELECT import_id FROM import_records AS earlier
        WHERE newsroom_id = $2 AND identity = wanted.identity AND import_id <> $3 AND verdict_id IS NOT NULL
        ORDER BY import_id DESC LIMIT 1) AS other ON true
    JOIN import_records AS kept ON kept.newsroom_id = $2 AND kept.identity = wanted.identity AND kept.import_id IN (other.import_id, $3)
    LEFT JOIN verdicts AS v ON v.id = kept.verdict_id
    WHERE v.id IS NOT NULL OR $4 AND kept.import_id = $3 AND kept.outcome <> 'failed'
    ORDER BY kept.import_id, kept.position";
/// The claim that was recorded first, of those that are still there and still say so: a draft may have been edited.
const CLAIMS: &str = "SELECT wanted.identity, found.id, found.status, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('url', d.url_normal, 'public', t.public)), '[]') FROM import_records AS said
        CROSS JOIN LATERAL jsonb_array_elements_text(said.made -> 'statements') AS made(id)
        JOIN statements AS t ON t.id = made.id::uuid
        CROSS JOIN LATERAL (SELECT t.document_id AS id UNION ALL SELECT document_id FROM appearances WHERE statement_id = t.id) AS place
        JOIN documents AS d ON d.id = place.id
        WHERE said.newsroom_id = $2 AND said.claim_identity = wanted.identity AND said.claim_id = found.id AND said.outcome = 'created'
            AND t.claim_id = found.id AND t.stance = 'asserts' AND t.status <> 'withdrawn' AND d.url_normal IS NOT NULL) AS places
    FROM (SELECT DISTINCT ON (identity) identity, claim FROM unnest($1, $3) AS t(identity, claim)) AS wanted
    CROSS JOIN LATERAL (
        SELECT c.id, c.status FROM import_records AS kept JOIN claims AS c ON c.id = kept.claim_id
        WHERE kept.newsroom_id = $2 AND kept.claim_identity = wanted.identity AND c.status <> 'withdrawn' AND text_key(c.text) = text_key(wanted.claim)
        ORDER BY kept.import_id, kept.position LIMIT 1) AS found";

impl KnownVerdict {
    /// Whether a record has its bytes, but for the end of a line: a table's last row has one once another is added.
    pub fn is(&self, entry: &Entry) -> bool {
        let line = entry.raw.strip_suffix(b"\n").unwrap_or(&entry.raw);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let was = |end: &str| self.sha256.contains(&Sha256::digest([line, end.as_bytes()].concat())[..]);
        self.sha256.contains(&entry.sha256) || ["", "\n", "\r\n"].into_iter().any(was)
    }
}

impl KnownClaim {
    /// Notes that it was put forward at a place.
    pub fn tell(&mut self, place: String, public: bool) {
        *self.places.entry(place).or_default() |= public;
    }
}

impl Known {
    /// Looks up the records of a batch of an import; their claims come later (`find_claims`).
    pub async fn of(
        (import, dry_run): (Uuid, bool),
        entries: &[Entry],
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let readings = || entries.iter().filter_map(|entry| entry.reading.as_ref().ok());
        let found: Vec<FoundRecord> = diesel::sql_query(RECORDS)
            .bind::<Array<Binary>, _>(readings().map(|reading| &reading.identity).collect::<Vec<_>>())
            .bind::<SqlUuid, _>(caller.newsroom_id)
            .bind::<SqlUuid, _>(import)
            .bind::<Bool, _>(dry_run)
            .load(conn)
            .await?;
        let mut records: HashMap<Vec<u8>, KnownVerdict> = HashMap::new();
        for FoundRecord { identity, sha256, claim_id, verdict_id, status, rating_id, lacks_words, digests } in found {
            let mut hashes = records.remove(&identity).map(|known| known.sha256).unwrap_or_default();
            hashes.insert(sha256);
            // The newest comes last.
            let digests = digests.map(serde_json::from_value).transpose()?;
            let known = KnownVerdict { sha256: hashes, claim_id, verdict_id, status, rating_id, lacks_words, digests };
            records.insert(identity, known);
        }
        Ok(Self { records, claims: HashMap::new() })
    }

    /// Looks up the claims of records that are to be made: some may only just have been published.
    pub async fn find_claims<'a>(
        &mut self,
        readings: impl Iterator<Item = &'a Reading> + Clone,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        let found: Vec<FoundClaim> = diesel::sql_query(CLAIMS)
            .bind::<Array<Binary>, _>(readings.clone().map(|reading| &reading.claim_identity).collect::<Vec<_>>())
            .bind::<SqlUuid, _>(caller.newsroom_id)
            .bind::<Array<Text>, _>(readings.map(|reading| &reading.review.claim).collect::<Vec<_>>())
            .load(conn)
            .await?;
        let claims = found.into_iter().map(|FoundClaim { identity, id, status, places }| {
            let published = status == ClaimStatus::Published;
            let mut claim = KnownClaim { id, published, places: Places::default() };
            places.0.into_iter().for_each(|place| claim.tell(place.url, place.public));
            (identity, claim)
        });
        self.claims.extend(claims);
        Ok(())
    }
}
