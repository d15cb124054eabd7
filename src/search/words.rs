//! How often each word occurs: folds what writes have noted into the counts that matching goes by.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::{Db, Pool};
use crate::error::Result;

/// How many entries' words are folded in one transaction.
const BATCH: i32 = 1000;
/// How often it looks. Matching hardly feels words that are not counted yet.
const LOOK: Duration = Duration::from_secs(1);

/// Folds until it is aborted.
pub async fn fold(pool: Pool) {
    let db = Db::for_worker(pool);
    let mut batch = BATCH;
    loop {
        let waiting = db.read(async |conn| any_waiting(conn).await).await;
        let folded = match waiting {
            Ok(true) => db.write_quietly(async |conn| fold_some(batch, conn).await).await,
            Ok(false) => Ok(0),
            Err(error) => Err(error),
        };
        match folded {
            Ok(0) => tokio::time::sleep(LOOK).await,
            Ok(_) => batch = (batch * 2).min(BATCH),
            Err(error) => {
                // The next round does fewer: long texts have many words.
                batch = (batch / 2).max(1);
                tracing::warn!(%error, batch, "cannot count words");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

async fn any_waiting(mut conn: &AsyncPgConnection) -> Result<bool> {
    use crate::schema::word_deltas;
    Ok(diesel::select(diesel::dsl::exists(word_deltas::table.select(word_deltas::id))).get_result(&mut conn).await?)
}

async fn fold_some(batch: i32, conn: &mut AsyncPgConnection) -> Result<i32> {
    #[derive(QueryableByName)]
    struct Folded {
        #[diesel(sql_type = Integer)]
        folded: i32,
    }
    let query = diesel::sql_query("SELECT fold_words($1) AS folded").bind::<Integer, _>(batch);
    Ok(query.get_result::<Folded>(conn).await?.folded)
}
