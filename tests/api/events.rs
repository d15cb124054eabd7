//! The events, for those who ask.

use futures_util::StreamExt;
use onrecord::config::Limits;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, Client, SOON, limits, source, statement, until};
use crate::webhooks::{judge, publish};

/// A server-sent event: its id, name and data.
fn parsed(text: &str) -> (String, String, Value) {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    (line("id: "), line("event: "), serde_json::from_str(&line("data: ")).unwrap())
}

#[actix_web::test]
async fn a_stream_goes_on_where_it_broke_off() {
    let app = App::start().await;
    publish(&app.editor, json!({"text": "A"})).await;
    app.in_order().await;
    let follow = async |last: Option<&str>| {
        let mut request = app.anyone.request(Method::GET, "/v1/events").header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut chunks = response.bytes_stream();
        let mut text = String::new();
        while !text.contains("event: ") || !text.ends_with("\n\n") {
            text.push_str(std::str::from_utf8(&chunks.next().await.unwrap().unwrap()).unwrap());
        }
        let event = text.split("\n\n").find(|event| event.contains("event: ")).unwrap().to_owned();
        parsed(&event)
    };
    let (first, name, event) = follow(None).await;
    assert_eq!(name, "claim.published");
    assert_eq!((&event["type"], &event["data"]["claim"]["text"]), (&json!("claim.published"), &json!("A")));
    // The next one comes while it is waited for.
    let (_, second) = futures_util::join!(publish(&app.editor, json!({"text": "B"})), follow(Some(&first)));
    assert_eq!(second.2["data"]["claim"]["text"], "B");
}

/// Streams hold connections for minutes: there are so many and no more, and an end makes room.
#[actix_web::test]
async fn so_many_streams_are_open_at_once() {
    let app = App::with(Limits { streams: 2, ..limits() }).await;
    let open = async |path: &str| {
        app.anyone.request(Method::GET, path).header("accept", "text/event-stream").send().await.unwrap()
    };
    let first = open("/v1/events").await;
    let second = open("/v1/changes").await;
    assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::OK));
    let refused = open("/v1/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.text().await.unwrap().contains("Too many streams are open"));
    app.anyone.get("/v1/events").await.expect(200);
    drop(second);
    until("there is room", SOON, async || (open("/v1/changes").await.status() == StatusCode::OK).then_some(())).await;
}

/// Nobody takes all of them.
#[actix_web::test]
async fn one_address_has_so_many_streams_of_them() {
    let trusted_proxies = vec![onrecord::client_address::network("127.0.0.1").unwrap()];
    let app = App::with(Limits { address_streams: 1, trusted_proxies, ..limits() }).await;
    let open = async |from: &str| {
        let request = app.anyone.request(Method::GET, "/v1/events").header("accept", "text/event-stream");
        request.header("x-forwarded-for", from).send().await.unwrap()
    };
    let first = open("192.0.2.1").await;
    assert_eq!(first.status(), StatusCode::OK);
    let refused = open("192.0.2.1").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "300");
    assert!(refused.text().await.unwrap().contains("Your address has as many streams"));
    assert_eq!(open("192.0.2.2").await.status(), StatusCode::OK);
    drop(first);
    until("there is room", SOON, async || (open("192.0.2.1").await.status() == StatusCode::OK).then_some(())).await;
}

#[actix_web::test]
async fn a_page_waits_for_what_comes() {
    let app = App::start().await;
    let empty = app.anyone.get("/v1/events").await.expect(200);
    assert!(empty.items().is_empty());
    let after = empty.body["after"].as_i64().unwrap();
    let wait = format!("/v1/events?after={after}&wait=30");
    let (_, heard) = futures_util::join!(publish(&app.editor, json!({"text": "A"})), app.anyone.get(&wait));
    assert_eq!(heard.expect(200).items()[0]["data"]["claim"]["text"], "A");
}

#[actix_web::test]
async fn what_is_hidden_meanwhile_is_in_no_event() {
    let app = App::start().await;
    let id = publish(&app.editor, json!({"text": "Ice is warm"})).await;
    let who = app.editor.id_of_new("sources", source(json!({"name": "Ann Ice"}))).await;
    app.editor.create("statements", statement(&id, &who, json!({"status": "published"}))).await;
    let elsewhere = publish(&app.editor, json!({"text": "Snow is warm"})).await;
    app.editor.create("statements", statement(&elsewhere, &who, json!({"status": "published"}))).await;
    judge(&app.admin, &id, json!({})).await;
    let told = async |client: &Client| {
        app.in_order().await;
        let events = client.get("/v1/events").await.expect(200);
        let on = |event: &&Value| {
            event["data"]["links"]["dossier"].as_str().unwrap().contains(&id) && event["data"]["noun"] != "claim"
        };
        let told = |event: &Value| json!([event["type"], event["data"]["source"], event["data"]["rating"]]);
        events.items().iter().filter(on).map(told).collect::<Vec<_>>()
    };
    let all = [json!(["statement.published", "Ann Ice", null]), json!(["verdict.published", null, "True"])];
    assert_eq!(told(&app.anyone).await, all);
    let gone = json!({"status": "withdrawn", "withdrawn_reason": "Nobody claims it."});
    app.editor.patch(&format!("/v1/claims/{id}"), &gone).await.expect(200);
    let gone = json!(["verdict.withdrawn", null, null]);
    let left = [json!(["statement.published", null, null]), json!(["verdict.published", null, null]), gone];
    assert_eq!(told(&app.anyone).await, left);
    assert_eq!(told(&app.other).await, left);
    let own = [&all[..], &[json!(["verdict.withdrawn", null, "True"])]].concat();
    assert_eq!(told(&app.reader).await, own, "its own newsroom sees it");
    let events = app.anyone.get("/v1/events").await.expect(200);
    for kind in ["claim.withdrawn", "verdict.withdrawn"] {
        let withdrawal = events.items().iter().find(|event| event["type"] == kind).unwrap();
        assert_eq!(withdrawal["data"]["reason"], "Nobody claims it.", "{kind}");
        assert_eq!(withdrawal["data"]["links"]["page"], Value::Null);
    }
}
