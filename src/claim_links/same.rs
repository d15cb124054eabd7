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
    let found: Vec<Same> = diesel::sql_query("SELECT DISTINCT other AS id FROM same_as_links(ARRAY[$1]::uuid[], $2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
        .load(&mut conn)
        .await?;
    Ok(found.into_iter().map(|same| same.id).collect())
}
