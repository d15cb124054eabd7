//! How far an import is, as server-sent events.

use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use uuid::Uuid;

use super::model::{Import, ImportStatus};
use crate::auth::Caller;
use crate::changes::streams::{Streams, event_stream, last_event_id};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::etag::etag;

/// How often it is looked how far the import is.
const LOOK: Duration = Duration::from_millis(500);

/// The import as the event `progress` each time that it has gone on, until it is done or has failed. Whoever has seen that, by
/// `Last-Event-ID`, is told 204, which ends a browser's `EventSource`.
pub async fn events(
    id: Uuid,
    caller: Caller,
    request: &HttpRequest,
    db: web::Data<Db>,
    streams: &Streams,
) -> Result<HttpResponse> {
    let import = db.read(async |conn| Import::find(id, caller, conn).await).await?;
    let last = last_event_id(request);
    if is_over(&import) && last == Some(import.version) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let open = Rc::new(streams.open(request)?);
    let events = stream::try_unfold((last, false), move |(last, over)| {
        let (db, open) = (db.clone(), open.clone());
        async move {
            if over || open.is_over() {
                return Ok::<_, Error>(None);
            }
            let import = db.read(async |conn| Import::find(id, caller, conn).await).await?;
            if last == Some(import.version) {
                tokio::time::sleep(LOOK).await;
                return Ok(Some((web::Bytes::from_static(b":\n\n"), (last, false))));
            }
            let text =
                format!("id: {}\nevent: progress\ndata: {}\n\n", import.version, serde_json::to_string(&import)?);
            Ok(Some((text.into(), (Some(import.version), is_over(&import)))))
        }
    });
    let mut answer = event_stream(events);
    if let Ok(tag) = etag(import.version).parse() {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

fn is_over(import: &Import) -> bool {
    matches!(import.status, ImportStatus::Done | ImportStatus::Failed)
}
