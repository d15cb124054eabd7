//! Server-sent events: who asks for them, how many get them at once, and when a stream is over.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::Stream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::health::Draining;

/// A stream ends after this time, so that a key that was revoked does not go on; clients connect again by themselves.
const LONGEST: Duration = Duration::from_secs(300);

/// The streams of this process: each holds a connection for minutes, which a limit of requests does not count.
pub struct Streams {
    places: Arc<Semaphore>,
    draining: web::Data<Draining>,
}

/// A stream that is open.
pub struct Open {
    place: JoinHandle<()>,
    draining: web::Data<Draining>,
}

impl Streams {
    /// So many at once, until the server is told to stop.
    pub fn new(most: usize, draining: web::Data<Draining>) -> Self {
        Self { places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))), draining }
    }

    /// Opens one. 503 where there are too many.
    pub fn open(&self) -> Result<Open> {
        let full = Error::Unavailable("Too many streams are open. Try again later, or ask for pages with `wait`.");
        let place = self.places.clone().try_acquire_owned().map_err(|_| full)?;
        // A client that reads nothing keeps the stream from being looked at, and would keep the place.
        let place = actix_web::rt::spawn(async move {
            sleep(LONGEST).await;
            drop(place);
        });
        Ok(Open { place, draining: self.draining.clone() })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.place.abort();
    }
}

impl Open {
    /// Whether it has lasted as long as it may, or the server is stopping.
    pub fn is_over(&self) -> bool {
        self.draining.begun() || self.place.is_finished()
    }
}

/// The answer that server-sent events are.
pub fn event_stream(events: impl Stream<Item = Result<web::Bytes>> + 'static) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream").insert_header((header::CACHE_CONTROL, "no-store"));
    // Proxies must pass each event on, and nothing may hold it back to compress it.
    response.insert_header(("X-Accel-Buffering", "no")).insert_header(header::ContentEncoding::Identity);
    response.streaming(events)
}

/// Whether a client asked for server-sent events.
pub fn asks_for_events(request: &HttpRequest) -> bool {
    sent(request, "accept").is_some_and(|accepted| accepted.contains("text/event-stream"))
}

/// The last event that a client has seen of a stream that broke off.
pub fn last_event_id<T: FromStr>(request: &HttpRequest) -> Option<T> {
    sent(request, "last-event-id")?.parse().ok()
}

fn sent<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
