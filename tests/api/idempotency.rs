use serde_json::{Value, json};

use crate::support::{Answer, App, Client, claim, source, statement};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = client.request(reqwest::Method::POST, path).header("idempotency-key", key).json(body);
    client.send(request).await
}

#[actix_web::test]
async fn the_same_request_is_done_once_and_answered_twice() {
    let app = App::start().await;
    let body = source(json!({}));
    let first = post(&app.checker, "/v1/sources", "abc", &body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = post(&app.checker, "/v1/sources", "abc", &body).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    for header in ["location", "etag"] {
        assert_eq!(first.header(header), again.header(header));
    }
    assert_eq!(first.text, again.text);
    assert_eq!(app.count("sources").await, 1);
    // What was answered then, not what is true now.
    app.checker.patch(&format!("/v1/sources/{}", first.id()), &json!({"name": "Else"})).await.expect(200);
    assert_eq!(post(&app.checker, "/v1/sources", "abc", &body).await.text, first.text);
}

#[actix_web::test]
async fn a_key_stands_for_one_body_member_and_path() {
    let app = App::start().await;
    let body = source(json!({}));
    post(&app.checker, "/v1/sources", "abc", &body).await.expect(201);
    let other = source(json!({"name": "Else"}));
    post(&app.checker, "/v1/sources", "abc", &other).await.problem(422, "new Idempotency-Key");
    post(&app.editor, "/v1/sources", "abc", &other).await.expect(201);
    post(&app.checker, "/v1/claims", "abc", &claim(json!({}))).await.expect(201);
    assert_eq!(app.count("sources").await, 2);
}

#[actix_web::test]
async fn a_refused_request_stores_nothing_and_may_be_mended() {
    let app = App::start().await;
    post(&app.checker, "/v1/sources", "abc", &source(json!({"name": ""}))).await.expect(422);
    let nobody = "01900000-0000-7000-8000-00000000ffff";
    post(&app.checker, "/v1/statements", "abc", &statement(nobody, nobody, json!({}))).await.expect(422);
    assert_eq!(app.count("idempotency_keys").await, 0);
    post(&app.checker, "/v1/sources", "abc", &source(json!({}))).await.expect(201);
    assert_eq!(app.count("idempotency_keys").await, 1);
}

#[actix_web::test]
async fn an_idempotency_key_has_1_to_255_characters() {
    let app = App::start().await;
    let body = source(json!({}));
    post(&app.checker, "/v1/sources", &"k".repeat(255), &body).await.expect(201);
    for key in [String::new(), "k".repeat(256)] {
        post(&app.checker, "/v1/sources", &key, &body).await.problem(400, "Idempotency-Key");
    }
    assert_eq!(app.count("sources").await, 1);
}

#[actix_web::test]
async fn a_key_still_in_use_is_told_at_once() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({}))).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let body = statement(&id, &peskov, json!({}));
    // Somebody else holds the claim's tree, so the first request waits.
    let mut sql = app.sql().await;
    let held = sql.transaction().await.unwrap();
    held.batch_execute(&format!("SELECT FROM claims WHERE id = '{id}' FOR UPDATE")).await.unwrap();
    let first = actix_web::rt::spawn({
        let (client, body) = (app.checker.clone(), body.clone());
        async move { post(&client, "/v1/statements", "abc", &body).await }
    });
    let watch = app.sql().await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watch.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let second = post(&app.checker, "/v1/statements", "abc", &body).await.problem(409, "has not ended");
    assert!(second.header("retry-after").is_some());
    held.rollback().await.unwrap();
    let first = first.await.unwrap().expect(201);
    let third = post(&app.checker, "/v1/statements", "abc", &body).await.expect(201);
    assert_eq!(third.text, first.text);
    assert_eq!(app.count("statements").await, 1);
}

#[actix_web::test]
async fn many_at_once_make_one_record() {
    let app = App::start().await;
    let body = source(json!({}));
    let answers =
        futures_util::future::join_all((0..20).map(|_| post(&app.checker, "/v1/sources", "abc", &body))).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
    let ids: std::collections::BTreeSet<_> =
        answers.iter().filter(|answer| answer.status == 201).map(Answer::id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.count("sources").await, 1);
}

#[actix_web::test]
async fn an_answer_is_forgotten_after_a_day() {
    let app = App::start().await;
    let body = source(json!({}));
    let first = post(&app.checker, "/v1/sources", "abc", &body).await.expect(201);
    let sql = app.sql().await;
    sql.execute("UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'", &[]).await.unwrap();
    let second = post(&app.checker, "/v1/sources", "abc", &source(json!({"name": "Else"}))).await.expect(201);
    assert_ne!(first.id(), second.id());
    assert_eq!(second.header("idempotency-replayed"), None);
}

#[actix_web::test]
async fn a_replayed_key_creation_shows_no_secret() {
    let app = App::start().await;
    let member = app.admin.create("members", json!({"name": "Checker", "role": "checker"})).await;
    let body = json!({"member_id": member["id"], "name": "Laptop"});
    let first = post(&app.admin, "/v1/api-keys", "abc", &body).await.expect(201);
    let key = first.body["key"].as_str().unwrap();
    let again = post(&app.admin, "/v1/api-keys", "abc", &body).await.expect(201);
    assert_eq!((&again.body["key"], &again.body["id"]), (&Value::Null, &first.body["id"]));
    let kept = app.sql().await.query_one("SELECT k::text FROM idempotency_keys k", &[]).await.unwrap();
    assert!(!kept.get::<_, String>(0).contains(key));
}

#[actix_web::test]
async fn publishing_and_bundles_are_replayed_as_well() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({}))).await;
    let path = format!("/v1/claims/{id}/publish");
    let publish = async || {
        let request = app.editor.request(reqwest::Method::POST, &path).header("idempotency-key", "abc");
        app.editor.send(request).await.expect(200)
    };
    let first = publish().await;
    assert_eq!(first.body["published"]["claims"], 1);
    assert_eq!(publish().await.text, first.text);
    let bundle = json!({"sources": [{"ref": "s", "kind": "unnamed", "name": "a diplomat"}]});
    let first = post(&app.checker, "/v1/bundles", "abc", &bundle).await.expect(201);
    assert_eq!(post(&app.checker, "/v1/bundles", "abc", &bundle).await.text, first.text);
    assert_eq!(app.count("sources").await, 1);
}
