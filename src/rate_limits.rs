//! How much one key, or one address without a key, may ask in a minute, and how many bad keys an address may try.
//!
//! Counted in this process alone and kept in memory, where what has been quiet for long enough is forgotten. A quota is a
//! bucket: it may be used all at once, and fills again evenly within a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::{Caller, LookedAt};
use crate::client_address;
use crate::config::Limits;
use crate::error::Error;

/// What is left (draft-ietf-httpapi-ratelimit-headers).
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit");
/// What there is in all.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const WINDOW: Duration = Duration::from_secs(60);
/// What has been quiet is forgotten this often, or after this many requests: so memory holds no more than these and
/// those who are busy.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FORGET_AFTER: u64 = 1 << 16;
/// How long a key that was good is known to be one. Such a key is not held up by others that are tried at its address.
const KNOWN_FOR: Duration = Duration::from_secs(600);

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One quota for each of many.
struct Quotas<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    name: &'static str,
    a_minute: u32,
    policy: HeaderValue,
    refusal: &'static str,
}

/// What is left of a quota, and what there is in all, as the answer tells them.
struct Left {
    remaining: HeaderValue,
    policy: HeaderValue,
}

/// A request too many: why, when the next one is taken, and that nothing is left.
struct Refused {
    detail: &'static str,
    retry_after: Duration,
    left: Left,
}

impl<K: Hash + Eq + Clone> Quotas<K> {
    /// `None` where the limit is turned off.
    fn new(name: &'static str, a_minute: u32, refusal: &'static str) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(a_minute)?);
        let limiter = RateLimiter::dashmap(quota).with_middleware();
        let policy = HeaderValue::from_str(&format!("\"{name}\";q={a_minute};w={}", WINDOW.as_secs())).ok()?;
        Some(Self { limiter, name, a_minute, policy, refusal })
    }

    /// Counts one request of this one.
    fn check(&self, whose: &K) -> Result<Left, Refused> {
        match self.limiter.check_key(whose) {
            Ok(state) => Ok(self.left(state.remaining_burst_capacity())),
            Err(until) => {
                let retry_after = until.wait_time_from(self.limiter.clock().now());
                Err(Refused { detail: self.refusal, retry_after, left: self.left(0) })
            }
        }
    }

    fn left(&self, left: u32) -> Left {
        let used = u64::from(self.a_minute - left.min(self.a_minute));
        let until_whole = (used * WINDOW.as_secs()).div_ceil(u64::from(self.a_minute));
        let text = format!("\"{}\";r={left};t={until_whole}", self.name);
        let remaining = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
        Left { remaining, policy: self.policy.clone() }
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// SHA-256 of an `Authorization` header.
type Shown = [u8; 32];

/// Whose quota a key that was good counts against, and when it last was.
struct Known {
    whose: Uuid,
    at: Instant,
}

/// All quotas, as all workers share them.
pub struct RateLimits {
    keys: Option<Quotas<Uuid>>,
    addresses: Option<Quotas<IpAddr>>,
    unknown_keys: Option<Quotas<IpAddr>>,
    known: Mutex<HashMap<Shown, Known>>,
    trusted: Vec<IpNet>,
    started: Instant,
    requests: AtomicU64,
    /// Milliseconds after the start.
    forgot_at: AtomicU64,
}

impl RateLimits {
    /// As the settings say.
    pub fn new(limits: &Limits) -> Self {
        Self {
            keys: Quotas::new(
                "key",
                limits.key_requests,
                "This key has sent too many requests within a minute. Send them more slowly.",
            ),
            addresses: Quotas::new(
                "address",
                limits.address_requests,
                "Too many requests came from your address within a minute. Send them more slowly, or below /v1 with a key.",
            ),
            unknown_keys: Quotas::new(
                "unknown-key",
                limits.unknown_keys,
                "Too many keys that are not known to be good came from your address. Wait, and check the key.",
            ),
            known: Mutex::default(),
            trusted: limits.trusted_proxies.clone(),
            started: Instant::now(),
            requests: AtomicU64::new(0),
            forgot_at: AtomicU64::new(0),
        }
    }

    fn any(&self) -> bool {
        self.keys.is_some() || self.addresses.is_some() || self.unknown_keys.is_some()
    }

    /// Counts a request before anything is looked up for it.
    fn check(&self, shown: Option<&Shown>, address: impl FnOnce() -> IpAddr) -> Result<Option<Left>, Refused> {
        self.forget_now_and_then();
        if let Some(whose) = shown.and_then(|shown| self.known(shown)) {
            return self.keys.as_ref().map(|quotas| quotas.check(&whose)).transpose();
        }
        let quotas = if shown.is_some() { &self.unknown_keys } else { &self.addresses };
        quotas.as_ref().map(|quotas| quotas.check(&address())).transpose()
    }

    fn known(&self, shown: &Shown) -> Option<Uuid> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_mut(shown).map(|known| {
            known.at = Instant::now();
            known.whose
        })
    }

    /// Learns what became of a key that was not known. Answers what is left of its quota, if it was good.
    fn learn(&self, shown: Shown, caller: Option<Caller>) -> Option<Left> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(caller) = caller else {
            known.remove(&shown);
            return None;
        };
        // Who signs in elsewhere comes with another token every few minutes.
        let whose = caller.key_id.unwrap_or(caller.member_id);
        let before = known.insert(shown, Known { whose, at: Instant::now() });
        drop(known);
        // Let in already, so this one counts and is not refused.
        before.is_none().then_some(())?;
        self.keys.as_ref()?.check(&whose).ok()
    }

    fn forget_now_and_then(&self) {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.forgot_at.load(Ordering::Relaxed);
        let due = requests % FORGET_AFTER == FORGET_AFTER - 1 || u128::from(now - last) >= FORGET_EVERY.as_millis();
        if due && self.forgot_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.keys.iter().for_each(Quotas::forget);
            self.addresses.iter().for_each(Quotas::forget);
            self.unknown_keys.iter().for_each(Quotas::forget);
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, known| known.at.elapsed() < KNOWN_FOR);
            known.shrink_to_fit();
        }
    }
}

/// Before everything else where keys are looked at: refuses what is too much, and says what is left.
pub async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let shown = request.headers().get(header::AUTHORIZATION).map(|value| Sha256::digest(value.as_bytes()).into());
    limited(shown, request, next).await
}

/// The same where nobody looks at keys: whoever sends one is counted as without it, as it would stay unknown.
pub async fn limit_addresses(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    limited(None, request, next).await
}

async fn limited(
    shown: Option<Shown>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let Some(limits) = request.app_data::<web::Data<RateLimits>>().filter(|limits| limits.any()).cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let left = match limits.check(shown.as_ref(), || client_address::of_request(request.request(), &limits.trusted)) {
        Ok(left) => left,
        Err(Refused { detail, retry_after, left }) => {
            let refused = request.error_response(Error::TooManyRequests { detail, retry_after });
            return Ok(told(refused, Some(left)));
        }
    };
    let response = next.call(request).await?.map_into_boxed_body();
    // What found no route was not looked at.
    let looked = response.request().extensions().get::<LookedAt>().is_some();
    let caller = response.request().extensions().get::<Caller>().copied();
    let learned = shown.filter(|_| looked).and_then(|shown| limits.learn(shown, caller));
    Ok(told(response, learned.or(left)))
}

fn told(mut response: ServiceResponse, left: Option<Left>) -> ServiceResponse {
    if let Some(Left { remaining, policy }) = left {
        response.headers_mut().insert(REMAINING, remaining);
        response.headers_mut().insert(POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(key_requests: u32, address_requests: u32, unknown_keys: u32) -> RateLimits {
        RateLimits::new(&Limits { key_requests, address_requests, unknown_keys, ..Limits::default() })
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    fn from(limits: &RateLimits, shown: Option<&Shown>, number: u32) -> Option<String> {
        let left = limits.check(shown, || address(number)).ok().flatten();
        left.map(|left| left.remaining.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_quota_is_used_up_and_tells_what_is_left() {
        let limits = limits(0, 3, 0);
        assert_eq!(from(&limits, None, 1).as_deref(), Some("\"address\";r=2;t=20"));
        assert_eq!(from(&limits, None, 1).as_deref(), Some("\"address\";r=1;t=40"));
        assert_eq!(from(&limits, None, 1).as_deref(), Some("\"address\";r=0;t=60"));
        let Err(Refused { retry_after, left, .. }) = limits.check(None, || address(1)) else { panic!("it was let in") };
        assert!(retry_after > Duration::from_secs(19) && retry_after <= Duration::from_secs(20), "{retry_after:?}");
        assert_eq!(left.policy, "\"address\";q=3;w=60");
        assert!(from(&limits, None, 2).is_some(), "another address has a quota of its own");
    }

    /// Many addresses, as an attacker with an IPv6 network has them, fill no memory.
    #[test]
    fn what_is_quiet_is_forgotten() {
        let limits = limits(0, 6_000, 0);
        for number in 0..500_000 {
            assert!(from(&limits, None, number).is_some());
        }
        let kept = limits.addresses.as_ref().unwrap().limiter.len();
        assert!(kept < 2 * (1 << 16), "{kept} addresses are kept");
    }

    #[test]
    fn a_key_that_was_good_is_not_held_up_by_others_that_are_not() {
        let limits = limits(10, 0, 2);
        let caller = Caller::without_key(Uuid::now_v7(), Uuid::now_v7(), crate::auth::Role::Reader);
        let (good, bad) = ([1; 32], [2; 32]);
        assert!(from(&limits, Some(&good), 1).is_some());
        assert!(limits.learn(good, Some(caller)).is_some());
        assert!(from(&limits, Some(&bad), 1).is_some());
        assert!(limits.learn(bad, None).is_none());
        assert!(limits.check(Some(&bad), || address(1)).is_err(), "this address has tried enough");
        assert_eq!(from(&limits, Some(&good), 1).as_deref(), Some("\"key\";r=8;t=12"));
        // It was revoked.
        limits.learn(good, None);
        assert!(limits.check(Some(&good), || address(1)).is_err());
    }

    #[test]
    fn nothing_is_counted_where_limits_are_off() {
        let limits = limits(0, 0, 0);
        assert!(matches!(limits.check(None, || address(1)), Ok(None)));
        assert!(matches!(limits.check(Some(&[1; 32]), || address(1)), Ok(None)));
    }
}
