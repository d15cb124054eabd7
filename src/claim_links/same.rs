use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::auth::Viewer;
use crate::error::Result;

#[derive(QueryableByName)]
struct Same {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The claim and all claims that are the same by any number of `same_as` links, in either direction, as far as the viewer
/// sees the links and the claims on the way. A withdrawn claim is the same as none, so that nothing leads through it: of one,
/// and of one that the viewer may not see, it is the claim alone.
///
/// One statement, which reads the past as well as the present.
pub async fn same_claims(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<BTreeSet<Uuid>> {
    let found: Vec<Same> = diesel::sql_query(
        "WITH RECURSIVE same(id) AS (
             SELECT id FROM claims WHERE id = $1 AND (status = 'published' OR status = 'draft' AND newsroom_id = $2)
             UNION
             SELECT claims.id FROM same
             JOIN (SELECT claim_id AS one, linked_claim_id AS other, kind, public, newsroom_id FROM claim_links
                   UNION ALL
                   SELECT linked_claim_id, claim_id, kind, public, newsroom_id FROM claim_links) AS links ON links.one = same.id
             JOIN claims ON claims.id = links.other
             WHERE links.kind = 'same_as' AND (links.public OR links.newsroom_id = $2)
                 AND (claims.status = 'published' OR claims.status = 'draft' AND claims.newsroom_id = $2))
         SELECT id FROM same",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
    .load(&mut conn)
    .await?;
    Ok(found.into_iter().map(|same| same.id).chain([id]).collect())
}
