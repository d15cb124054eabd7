//! Answers that may be of any size: written in pieces while they are read.
//!
//! A piece is read when the client has taken most of the one before, on a connection that goes back to the pool at once: whoever reads
//! slowly, or not at all, holds a piece of text and no connection. A piece that cannot be read breaks the answer off, without the end
//! that HTTP would give it, so that nobody takes what there is for the whole. However many are written, they take turns at two
//! connections of a process: writes and other reads go on beside them. Who may see what is looked at again for each piece, by whoever reads it.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::error::{Error, Result};

/// How many pieces are read at once.
static TURNS: Semaphore = Semaphore::const_new(2);
/// How long an answer waits to begin.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a piece is read again while the database has no room, and the first of the pauses before, which grow.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// Some of an answer.
pub struct Piece {
    /// What is sent. An empty one ends the answer.
    pub text: Bytes,
    /// The last record in it, behind which the next piece begins; none in the last piece.
    pub last: Option<Uuid>,
}

/// What is still to be sent.
enum Turn {
    Read(Piece),
    After(Uuid),
    Nothing,
}

/// The pieces in order. `read` makes the one behind a record, or the first; when that fails, nothing was sent yet, and the client is told
/// as of any other request.
pub async fn pieces<F>(
    read: impl Fn(Option<Uuid>) -> F + 'static,
) -> Result<impl Stream<Item = Result<Bytes>> + 'static>
where
    F: Future<Output = Result<Piece>>,
{
    let read = Rc::new(async move |last: Option<Uuid>| {
        let turn = TURNS.acquire();
        let _turn = match last {
            None => {
                timeout(PATIENCE, turn).await.map_err(|_| Error::Unavailable("Too much is being exported at once."))?
            }
            Some(_) => turn.await,
        };
        let mut tries = 0;
        loop {
            match read(last).await {
                // A long answer is not lost to a moment of load.
                Err(Error::Unavailable(_)) if last.is_some() && tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE * tries).await;
                }
                done => return done,
            }
        }
    });
    let first = read(None).await?;
    Ok(stream::try_unfold(Turn::Read(first), move |turn| {
        let read = read.clone();
        async move {
            let piece = match turn {
                Turn::Read(piece) => piece,
                Turn::After(id) => read(Some(id)).await.inspect_err(|error| {
                    tracing::warn!(%error, "an answer breaks off");
                })?,
                Turn::Nothing => return Ok(None),
            };
            let next = piece.last.map_or(Turn::Nothing, Turn::After);
            // To HTTP an empty chunk would be the end.
            Ok((!piece.text.is_empty()).then_some((piece.text, next)))
        }
    }))
}
