//! One attempt to deliver: a POST to a checked address, without redirects, proxies or patience.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use standardwebhooks::Webhook as Signer;
use url::Url;

use super::networks::Networks;

/// Time for an attempt, up to the head of the answer.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// Time to connect.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// Time to read an answer's body after its head, which has said all that counts.
const READS_WITHIN: Duration = Duration::from_secs(1);
/// How many requests are on their way to one receiver at most, and so how many connections are kept for the next.
pub const AT_ONCE: usize = 64;
/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 20_000;
/// Bytes of an answer's head.
const LONGEST_HEAD: usize = 64 << 10;
/// The longest that a receiver's Retry-After is heeded.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What became of an attempt.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The status that was answered.
    pub status: Option<u16>,
    /// Why it failed; none where it has not.
    pub error: Option<String>,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

/// What is sent.
pub struct Message<'a> {
    /// The event's id.
    pub id: &'a str,
    /// JSON.
    pub body: String,
    /// What it is signed with; nothing where the receiver knows no signatures.
    pub secrets: &'a [String],
}

/// A client for webhooks.
pub struct Sender {
    client: Client<HttpsConnector<HttpConnector<Networks>>, Full<Bytes>>,
    networks: Networks,
}

impl Sender {
    /// To what may be reached. Fails where the system has no certificate authorities.
    pub fn new(networks: Networks) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        let mut http = HttpConnector::new_with_resolver(networks.clone());
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECTS_WITHIN));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(AT_ONCE)
            .http1_max_buf_size(LONGEST_HEAD)
            .build(
                HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http),
            );
        Ok(Self { client, networks })
    }

    /// Sends a message once.
    pub async fn send(&self, url: &str, message: &Message<'_>) -> Outcome {
        let since = Instant::now();
        let answered = tokio::time::timeout(DEADLINE, self.attempt(url, message)).await;
        let took = since.elapsed();
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Outcome { error: Some(error), took, ..Outcome::default() },
            Err(_) => {
                let error = Some(format!("no answer within {} s", DEADLINE.as_secs()));
                return Outcome { error, took, ..Outcome::default() };
            }
        };
        let outcome = Outcome { took, ..outcome(&response) };
        // Whether the body comes or not: the receiver has answered.
        let _ = tokio::time::timeout(READS_WITHIN, read_through(response)).await;
        outcome
    }

    async fn attempt(&self, url: &str, message: &Message<'_>) -> Result<Response<Incoming>, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        self.networks.check_form(&url)?;
        let request = request(&url, message)?;
        self.client.request(request).await.map_err(|error| told(&error))
    }
}

fn outcome(response: &Response<Incoming>) -> Outcome {
    let status = response.status().as_u16();
    let error = match status {
        200..=299 => None,
        300..=399 => Some("it redirects, which is not followed: set the address that it leads to".to_owned()),
        _ => Some(format!("it answered {status}")),
    };
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(wait);
    Outcome { status: Some(status), error, retry_after, took: Duration::ZERO }
}

fn request(url: &Url, message: &Message<'_>) -> Result<Request<Full<Bytes>>, String> {
    // Receivers compare it with a clock, as they do with ours: the database's may be another machine's.
    let timestamp = DateTime::<Utc>::from(SystemTime::now()).timestamp();
    let signatures: Result<Vec<_>, _> = message
        .secrets
        .iter()
        .map(|secret| Signer::new(secret)?.sign(message.id, timestamp, message.body.as_bytes()))
        .collect();
    let signatures = signatures.map_err(|error| error.to_string())?;
    let mut request = Request::post(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("OnRecord/", env!("CARGO_PKG_VERSION")))
        .header(standardwebhooks::HEADER_WEBHOOK_ID, message.id)
        .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, timestamp);
    if !signatures.is_empty() {
        request = request.header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signatures.join(" "));
    }
    request.body(Full::new(Bytes::from(message.body.clone()))).map_err(|error| error.to_string())
}

/// Why no answer came, down to the cause.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Seconds or a date, as HTTP has it.
fn wait(value: &str) -> Option<Duration> {
    let wait = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (DateTime::parse_from_rfc2822(value).ok()?.to_utc() - DateTime::<Utc>::from(SystemTime::now()))
            .to_std()
            .ok()?,
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Reads an answer to its end, so that its connection can be used again; a long one is given up with it. What it says is kept nowhere and
/// shown to nobody: a webhook is no way to look into a network.
async fn read_through(response: Response<Incoming>) {
    let mut body = response.into_body();
    let mut read = 0;
    while read < LONGEST_ANSWER
        && let Some(Ok(frame)) = body.frame().await
    {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}
