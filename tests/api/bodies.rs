//! What holds for every body: sizes, media types, JSON, and how errors in it are told.

use reqwest::Method;
use serde_json::json;

use crate::support::{App, Client, claim, limits, source, statement, verdict};

async fn send(
    client: &Client,
    path: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> crate::support::Answer {
    let request = client.request(Method::POST, path).header("content-type", content_type).body(body);
    client.send(request).await
}

#[actix_web::test]
async fn a_body_is_at_most_1_mib_and_a_bundle_16() {
    let app = App::start().await;
    let filled = |bytes: usize| {
        let empty = r#"{"kind":"person","name":"A","note":""}"#;
        format!(r#"{{"kind":"person","name":"A","note":"{}"}}"#, "x".repeat(bytes - empty.len()))
    };
    // The note is too long, which only a body that was read can tell.
    send(&app.checker, "/v1/sources", "application/json", filled(1 << 20)).await.points_at(&["/note"]);
    send(&app.checker, "/v1/sources", "application/json", filled((1 << 20) + 1)).await.problem(413, "1048576");
    let bundle = |bytes: usize| format!(r#"{{"sources":[]{}}}"#, " ".repeat(bytes - 14));
    send(&app.checker, "/v1/bundles", "application/json", bundle(16 << 20)).await.points_at(&[""]);
    send(&app.checker, "/v1/bundles", "application/json", bundle((16 << 20) + 1)).await.problem(413, "16777216");
    // A body whose length is not told is counted as it comes.
    let chunks = futures_util::stream::iter((0..17).map(|_| Ok::<_, std::io::Error>("x".repeat(1 << 16))));
    let endless = send(&app.checker, "/v1/sources", "application/json", reqwest::Body::wrap_stream(chunks)).await;
    endless.problem(413, "1048576");

    let small = App::with(onrecord::config::Limits { body_bytes: 100, bundle_bytes: 200, ..limits() }).await;
    send(&small.checker, "/v1/sources", "application/json", filled(101)).await.problem(413, "100");
    send(&small.checker, "/v1/bundles", "application/json", bundle(201)).await.problem(413, "200");
    assert_eq!(app.count("sources").await, 0);
}

#[actix_web::test]
async fn a_body_is_json_in_utf_8() {
    let app = App::start().await;
    let body = r#"{"kind":"person","name":"A"}"#;
    for media in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "nonsense",
    ] {
        send(&app.checker, "/v1/sources", media, body).await.problem(415, "application/json");
    }
    let untyped = app.checker.request(Method::POST, "/v1/sources").body(body);
    app.checker.send(untyped).await.expect(415);
    send(&app.checker, "/v1/sources", "Application/JSON; Charset=UTF-8", body).await.expect(201);
    send(&app.checker, "/v1/sources", "application/json", "").await.problem(400, "needs a JSON body");
}

/// Somebody who has guessed the names of members learns all of them at once, and what is missing.
#[actix_web::test]
async fn every_member_that_cannot_be_read_is_told() {
    let app = App::start().await;
    let guessed = json!({"claim_id": "x", "rating": "false", "rating_id": "false", "evidence": [{"bearing": "against"}], "reviewed_on": "yesterday"});
    let told = app.admin.post("/v1/verdicts", &guessed).await.problem(422, "5 members");
    let told = told.body["errors"].as_array().unwrap().clone();
    let at = |pointer: &str| {
        told.iter().find(|one| one["pointer"] == pointer).unwrap()["detail"].as_str().unwrap().to_owned()
    };
    assert!(at("/rating").contains("known are claim_id"));
    assert!(at("/rating_id").contains("GET /v1/rating-scales"));
    assert!(at("/evidence/0/bearing").contains("supports"));
    assert!(at("/reviewed_on").contains("2023-03"));
    app.checker.post("/v1/claims", &json!({"txt": "A"})).await.points_at(&["/text", "/txt"]);
    let bundle = json!({"claims": [{"ref": "a", "txt": "A"}], "verdicts": [{"claim_id": "#a", "rating_id": "#false", "title": 7}]});
    let faults = ["/claims/0/text", "/claims/0/txt", "/verdicts/0/rating_id", "/verdicts/0/title"];
    app.checker.post("/v1/bundles", &bundle).await.points_at(&faults);
}

/// A slip of the hand in a year is noticed before readers notice it.
#[actix_web::test]
async fn what_has_happened_has_no_date_to_come() {
    let app = App::start().await;
    let ahead = |member: &str| json!({ member: "2162-03" });
    app.checker.post("/v1/claims", &claim(ahead("claimed_on"))).await.points_at(&["/claimed_on"]);
    app.checker.post("/v1/claims", &claim(ahead("event_on"))).await.expect(201);
    let id = app.checker.id_of_new("claims", claim(json!({}))).await;
    let who = app.checker.id_of_new("sources", source(json!({}))).await;
    app.checker.post("/v1/statements", &statement(&id, &who, ahead("said_on"))).await.points_at(&["/said_on"]);
    app.checker.post("/v1/verdicts", &verdict(&id, ahead("reviewed_on"))).await.points_at(&["/reviewed_on"]);
}

#[actix_web::test]
async fn json_is_read_strictly() {
    let app = App::start().await;
    let deep = |levels: usize| format!(r#"{{"name":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let unreadable: Vec<Vec<u8>> = vec![
        deep(200).into(),
        deep(100_000).into(),
        b"{".to_vec(),
        b"{\"kind\":\"person\",}".to_vec(),
        b"{\"kind\":\"person\"} x".to_vec(),
        b"{\"kind\":\"person\"}{}".to_vec(),
        b"{'kind':'person'}".to_vec(),
        b"{\"kind\":\"person\" /* c */}".to_vec(),
        b"{\"kind\":\"person\",\"kind\":\"unnamed\",\"name\":\"A\"}".to_vec(),
        b"{\"kind\":\"person\",\"name\":\"\xff\"}".to_vec(),
        b"{\"kind\":\"person\",\"name\":\"\xc0\x80\"}".to_vec(),
        b"{\"kind\":\"person\",\"name\":\"\xed\xa0\x80\"}".to_vec(),
        br#"{"kind":"person","name":"\ud800"}"#.to_vec(),
        br#"{"kind":"person","name":"\udc00\ud800"}"#.to_vec(),
        br#"{"kind":"person","name":"\u12"}"#.to_vec(),
        b"{\"kind\":\"person\",\"name\":\"a\0b\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        utf16,
        b"NaN".to_vec(),
        b"{\"kind\":\"person\",\"name\":1e400}".to_vec(),
    ];
    for body in unreadable {
        let told = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = send(&app.checker, "/v1/sources", "application/json", body).await;
        assert_eq!(answer.status, 400, "{told} was answered {}", answer.text);
    }
    for (body, pointer) in [
        ("[]", ""),
        ("null", ""),
        ("\"text\"", ""),
        ("7", ""),
        (r#"{"kind":"person","name":7}"#, "/name"),
        (r#"{"kind":"person","name":{"a":1}}"#, "/name"),
        (r#"{"kind":"person","name":"A","aliases":"B"}"#, "/aliases"),
        (r#"{"kind":"person","name":"A","a\u0000b":1}"#, "/a\0b"),
        (r#"{"kind":"person","name":"A","a/b~":1}"#, "/a~1b~0"),
    ] {
        send(&app.checker, "/v1/sources", "application/json", body).await.points_at(&[pointer]);
    }
    assert_eq!(app.count("sources").await, 0);
}

#[actix_web::test]
async fn a_blank_text_may_be_left_out_only_where_that_is_so() {
    let app = App::start().await;
    let said = |answer: &crate::support::Answer| answer.body["errors"][0]["detail"].as_str().unwrap().to_owned();
    let required = app.checker.post("/v1/claims", &json!({"text": "", "language": "en"})).await.points_at(&["/text"]);
    assert_eq!(said(&required), "must not be blank");
    let optional = json!({"text": "It rained", "language": "en", "place": " "});
    let optional = app.checker.post("/v1/claims", &optional).await.points_at(&["/place"]);
    assert_eq!(said(&optional), "must not be blank: leave it out or send null");
    let path = format!("/v1/sources/{}", app.checker.id_of_new("sources", source(json!({}))).await);
    assert_eq!(said(&app.checker.patch(&path, &json!({"name": ""})).await.points_at(&["/name"])), "must not be blank");
}

/// Not by the names that Rust has for them.
#[actix_web::test]
async fn numbers_are_told_of_in_jsons_words() {
    let app = App::start().await;
    for limit in [json!(1.5), json!(-1), json!("3")] {
        let asked = json!({"text": "a", "limit": limit});
        let answer = app.anyone.post("/v1/claims/match", &asked).await.points_at(&["/limit"]);
        assert_eq!(answer.body["errors"][0]["detail"], "must be a whole number", "{limit}");
    }
}
