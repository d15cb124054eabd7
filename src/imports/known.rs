//! What is recorded already of the records of a batch.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::record::Entry;
use crate::auth::Caller;
use crate::claims::ClaimStatus;
use crate::error::Result;
use crate::schema::{claims, import_records, verdicts};
use crate::verdicts::VerdictStatus;

/// The verdict that an earlier import made of a record.
#[derive(Debug)]
pub struct KnownVerdict {
    pub sha256: Vec<u8>,
    pub claim_id: Option<Uuid>,
    pub verdict_id: Uuid,
    pub status: VerdictStatus,
    pub rating_id: Option<Uuid>,
}

/// What earlier records have become.
#[derive(Debug)]
pub struct Known {
    /// By a record's identity.
    pub records: HashMap<Vec<u8>, KnownVerdict>,
    /// By a claim's identity: the claim, and whether it is published.
    pub claims: HashMap<Vec<u8>, (Uuid, bool)>,
}

/// Identity and hash of a record, its claim, its verdict with status and rating.
type Found = (Option<Vec<u8>>, Vec<u8>, Option<Uuid>, Uuid, VerdictStatus, Option<Uuid>);

impl Known {
    /// Looks up the records of a batch.
    pub async fn of(entries: &[Entry], caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let readings = || entries.iter().filter_map(|entry| entry.reading.as_ref().ok());
        let identities: Vec<_> = readings().map(|reading| &reading.identity).collect();
        let own = import_records::newsroom_id.eq(caller.newsroom_id);
        // The newest comes last and is kept.
        let found: Vec<Found> = import_records::table
            .inner_join(verdicts::table)
            .filter(own.and(import_records::identity.eq_any(identities).assume_not_null()))
            .order((import_records::import_id, import_records::position))
            .select((
                import_records::identity,
                import_records::sha256,
                import_records::claim_id,
                verdicts::id,
                verdicts::status,
                verdicts::rating_id,
            ))
            .load(conn)
            .await?;
        let records = found.into_iter().filter_map(|(identity, sha256, claim_id, verdict_id, status, rating_id)| {
            Some((identity?, KnownVerdict { sha256, claim_id, verdict_id, status, rating_id }))
        });
        let identities: Vec<_> = readings().map(|reading| &reading.claim_identity).collect();
        let found: Vec<(Option<Vec<u8>>, Uuid, ClaimStatus)> = import_records::table
            .inner_join(claims::table)
            .filter(own.and(import_records::claim_identity.eq_any(identities).assume_not_null()))
            .filter(claims::status.ne(ClaimStatus::Withdrawn))
            .order((import_records::import_id.desc(), import_records::position.desc()))
            .select((import_records::claim_identity, claims::id, claims::status))
            .load(conn)
            .await?;
        let claims = found
            .into_iter()
            .filter_map(|(identity, id, status)| Some((identity?, (id, status == ClaimStatus::Published))))
            .collect();
        Ok(Self { records: records.collect(), claims })
    }
}
