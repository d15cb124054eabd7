//! Server-sent events: who asks for them, how many get them at once, and when a stream is over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::Stream;
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::client_address;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::health::Draining;

/// A stream ends after this time, so that a key that was revoked does not go on; clients connect again by themselves.
const LONGEST: Duration = Duration::from_secs(300);

/// The streams of this process: each holds a connection for minutes, which a limit of requests does not count.
pub struct Streams {
    places: Arc<Semaphore>,
    of_addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most_of_one: usize,
    trusted: Vec<IpNet>,
    draining: web::Data<Draining>,
}

/// What a stream takes of what there is for all, and of what there is for its address.
struct Place {
    _of_all: OwnedSemaphorePermit,
    address: IpAddr,
    of_addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.of_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = open.entry(self.address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// A stream that is open.
pub struct Open {
    place: JoinHandle<()>,
    draining: web::Data<Draining>,
}

impl Streams {
    /// As many at once as the limits say, until the server is told to stop.
    pub fn new(limits: &Limits, draining: web::Data<Draining>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.streams.min(Semaphore::MAX_PERMITS))),
            of_addresses: Arc::default(),
            most_of_one: limits.address_streams,
            trusted: limits.trusted_proxies.clone(),
            draining,
        }
    }

    fn place(&self, address: IpAddr) -> Result<Place> {
        let full = Error::Unavailable("Too many streams are open. Try again later, or ask for pages with `wait`.");
        let of_all = self.places.clone().try_acquire_owned().map_err(|_| full)?;
        let mut open = self.of_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = open.entry(address).or_default();
        if *of_one >= self.most_of_one {
            return Err(Error::TooManyRequests {
                detail: "Your address has as many streams open as it may. Close some, or ask for pages with `wait`.",
                retry_after: LONGEST,
            });
        }
        *of_one += 1;
        Ok(Place { _of_all: of_all, address, of_addresses: self.of_addresses.clone() })
    }

    /// Opens one. 503 where there are too many, 429 where one address has too many of them.
    pub fn open(&self, request: &HttpRequest) -> Result<Open> {
        let place = self.place(client_address::of_request(request, &self.trusted))?;
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
