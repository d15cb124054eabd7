//! What refers to a record and keeps it from being deleted.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::auth::{Caller, Role};
use crate::error::{Blocker, Result};
use crate::references::Noun;

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = Text)]
    noun: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Each branch reads an index of its own, as the foreign keys need them; ten rows are enough to begin with.
const OF_SOURCE: &str = "
    SELECT 'statement' AS noun, id, 'it is by this source' AS detail FROM statements WHERE source_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'statement', id, 'it is on behalf of this source' FROM statements WHERE on_behalf_of_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'document', id, 'this source published it' FROM documents WHERE publisher_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'source', id, 'it belongs to this source' FROM sources WHERE affiliation_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'verdict', id, 'it is by this source' FROM verdicts WHERE author_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'comment_request', id, 'it asks this source' FROM comment_requests WHERE source_id = $1 AND newsroom_id = $2
    LIMIT 10";
const OF_DOCUMENT: &str = "
    SELECT 'statement' AS noun, id, 'it first appeared in this document' AS detail FROM statements WHERE document_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'statement', id, 'it appears in this document' FROM appearances JOIN statements ON id = statement_id
        WHERE appearances.document_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'document', id, 'it is derived from this document' FROM documents WHERE derived_from_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'verdict', verdicts.id, 'it cites this document' FROM evidence JOIN verdicts ON verdicts.id = verdict_id
        WHERE evidence.document_id = $1 AND (public OR newsroom_id = $2)
    LIMIT 10";
const OF_CLAIM: &str = "
    SELECT 'statement' AS noun, id, 'it is on this claim' AS detail FROM statements WHERE claim_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'verdict', id, 'it is on this claim' FROM verdicts WHERE claim_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'claim', id, 'it is a part of this claim' FROM claims WHERE part_of_id = $1 AND newsroom_id = $2
    UNION ALL SELECT 'comment_request', id, 'it is about this claim' FROM comment_requests WHERE claim_id = $1 AND newsroom_id = $2
    UNION ALL SELECT 'claim_link', id, 'it links this claim' FROM claim_links WHERE claim_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'claim_link', id, 'it links this claim' FROM claim_links WHERE linked_claim_id = $1 AND (public OR newsroom_id = $2)
    LIMIT 10";
const OF_STATEMENT: &str = "
    SELECT 'statement' AS noun, id, 'it relies on this statement' AS detail FROM relies_on JOIN statements ON id = statement_id
        WHERE relied_on_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'verdict', verdicts.id, 'it cites this statement' FROM evidence JOIN verdicts ON verdicts.id = verdict_id
        WHERE evidence.statement_id = $1 AND (public OR newsroom_id = $2)
    UNION ALL SELECT 'comment_request', id, 'it is closed by this statement' FROM comment_requests WHERE statement_id = $1 AND newsroom_id = $2
    LIMIT 10";

const NOUNS: [&str; 7] = ["claim", "claim_link", "comment_request", "document", "source", "statement", "verdict"];

/// Up to ten records that refer to this one and that the caller may see: there may be others.
pub async fn users(noun: Noun, id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Vec<Blocker>> {
    let query = match noun {
        Noun::Source => OF_SOURCE,
        Noun::Document => OF_DOCUMENT,
        Noun::Claim => OF_CLAIM,
        Noun::Statement => OF_STATEMENT,
        Noun::Verdict | Noun::Rating => return Ok(Vec::new()),
    };
    // With a key that is not for reading, one sees what everybody sees.
    let own = caller.needs(Role::Reader).is_ok().then_some(caller.newsroom_id);
    let users: Vec<User> =
        diesel::sql_query(query).bind::<SqlUuid, _>(id).bind::<Nullable<SqlUuid>, _>(own).load(conn).await?;
    let mut blockers = BTreeMap::new();
    for User { noun, id, detail } in users {
        if let Some(noun) = NOUNS.into_iter().find(|known| *known == noun) {
            blockers.entry(id).or_insert(Blocker { noun, id, detail });
        }
    }
    Ok(blockers.into_values().collect())
}
