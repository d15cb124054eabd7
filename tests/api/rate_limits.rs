//! Quotas by key, by address, and for keys that are none; and whose word counts for an address.

use std::time::Duration;

use onrecord::config::Limits;
use reqwest::Method;

use crate::support::{Answer, App, Client, limits, source};

/// A minute's quotas, which fill again too slowly for a test to see it.
async fn app(key_requests: u32, address_requests: u32, unknown_keys: u32) -> App {
    App::with(Limits { key_requests, address_requests, unknown_keys, ..limits() }).await
}

async fn through(proxies: &[&str], address_requests: u32) -> App {
    let trusted_proxies = proxies.iter().map(|text| onrecord::client_address::network(text).unwrap()).collect();
    App::with(Limits { address_requests, trusted_proxies, ..limits() }).await
}

async fn forwarded(client: &Client, written: &str) -> u16 {
    client.send(client.request(Method::GET, "/v1/claims").header("x-forwarded-for", written)).await.status
}

#[track_caller]
fn says(answer: &Answer, remaining: &str, policy: &str) {
    assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (Some(remaining), Some(policy)));
}

#[actix_web::test]
async fn a_key_that_asks_too_much_is_told_when_to_come_back() {
    let app = app(4, 0, 0).await;
    says(&app.reader.get("/v1/claims").await.expect(200), "\"key\";r=3;t=15", "\"key\";q=4;w=60");
    // What ends as a problem counts and tells as well, whichever part has found it.
    says(&app.reader.get("/v1/claims?limit=0").await.expect(400), "\"key\";r=2;t=30", "\"key\";q=4;w=60");
    let refused = app.reader.post("/v1/sources", &source(serde_json::json!({}))).await.expect(403);
    says(&refused, "\"key\";r=1;t=45", "\"key\";q=4;w=60");
    says(&app.reader.get("/v1/members").await.expect(200), "\"key\";r=0;t=60", "\"key\";q=4;w=60");
    let refused = app.reader.get("/v1/claims").await.problem(429, "This key");
    says(&refused, "\"key\";r=0;t=60", "\"key\";q=4;w=60");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=15).contains(&wait), "{wait}");
    app.checker.get("/v1/claims").await.expect(200);
    let anyone = app.anyone.get("/v1/claims").await.expect(200);
    assert!(anyone.header("ratelimit").is_none(), "addresses are not limited here");
}

#[actix_web::test]
async fn a_quota_fills_again() {
    let app = app(120, 0, 0).await;
    while app.reader.get("/v1/claims").await.status == 200 {}
    tokio::time::sleep(Duration::from_millis(600)).await;
    app.reader.get("/v1/claims").await.expect(200);
}

#[actix_web::test]
async fn an_address_without_a_key_is_limited_and_health_is_not() {
    let app = app(0, 2, 0).await;
    says(&app.anyone.get("/v1/claims").await.expect(200), "\"address\";r=1;t=30", "\"address\";q=2;w=60");
    app.anyone.get("/v1/sources").await.expect(200);
    app.anyone.get("/v1/claims").await.problem(429, "your address");
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs/problems"] {
        assert!(app.anyone.get(path).await.expect(200).header("ratelimit").is_none(), "{path}");
    }
    app.reader.get("/v1/claims").await.expect(200);
}

#[actix_web::test]
async fn guessing_keys_is_slowed_and_those_who_have_one_go_on() {
    let app = app(0, 0, 3).await;
    app.reader.get("/v1/members").await.expect(200);
    let guess = async |number: usize| {
        app.with_key(&format!("onr_guessed-guessed-guessed-{number}")).get("/v1/claims").await.status
    };
    assert_eq!([guess(1).await, guess(2).await, guess(3).await], [401, 401, 429]);
    app.reader.get("/v1/members").await.expect(200);
    // A good one that was not here lately cannot be told from a guess: nothing is looked up.
    app.checker.get("/v1/members").await.problem(429, "not known to be good");
    app.anyone.get("/v1/claims").await.expect(200);
}

#[actix_web::test]
async fn what_anybody_can_write_does_not_change_the_address() {
    let app = through(&[], 2).await;
    let answers = [
        forwarded(&app.anyone, "192.0.2.1").await,
        forwarded(&app.anyone, "192.0.2.2").await,
        forwarded(&app.anyone, "192.0.2.3").await,
    ];
    assert_eq!(answers, [200, 200, 429]);
}

#[actix_web::test]
async fn a_trusted_proxy_tells_the_address_and_an_ipv6_network_counts_as_one() {
    let app = through(&["127.0.0.0/8", "10.0.0.1"], 2).await;
    for number in 1..=3 {
        // What the client itself has written, at the left, changes nothing.
        let status = forwarded(&app.anyone, &format!("203.0.113.{number}, 192.0.2.1, 10.0.0.1")).await;
        assert_eq!(status, if number < 3 { 200 } else { 429 }, "{number}");
    }
    assert_eq!(forwarded(&app.anyone, "192.0.2.2").await, 200);
    let mut refused = 0;
    for number in 1..=1_000 {
        let status = forwarded(&app.anyone, &format!("2001:db8:0:1::{number:x}")).await;
        refused += usize::from(status == 429);
    }
    // The bucket fills at two a minute.
    assert!((990..=998).contains(&refused), "{refused}");
    assert_eq!(forwarded(&app.anyone, "2001:db8:0:2::1").await, 200);
}

/// Google's clients may send a token of Google's with each search, and readers of feeds what they were once told to.
#[actix_web::test]
async fn what_is_no_key_of_ours_counts_as_none_where_none_is_looked_at() {
    let app = app(0, 3, 1).await;
    let stranger = Client::new(&app.url, Some("ya29.a0AfB_byC".into()));
    for path in ["/v1alpha1/claims:search?query=talks", "/feeds/verdicts.atom", "/search?q=talks"] {
        let remaining = stranger.get(path).await.expect(200).header("ratelimit").unwrap().to_owned();
        assert!(remaining.starts_with("\"address\""), "{path}: {remaining}");
    }
    stranger.get("/v1alpha1/claims:search?query=talks").await.expect(429);
}
