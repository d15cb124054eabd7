//! What a key may be used for, that it makes no stronger one, and when it was last used.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_postgres::error::SqlState;

use crate::support::{App, Client, claim, source};

const ALL: [&str; 4] = ["read", "record", "publish", "admin"];

/// A key of the admin's with these scopes, and this end.
async fn admins(app: &App, scopes: &[&str], expires_at: Value) -> Client {
    let members = app.admin.get("/v1/members").await;
    let admin = members.items().iter().find(|member| member["role"] == "admin").unwrap();
    let new = json!({"member_id": admin["id"], "name": "test", "scopes": scopes, "expires_at": expires_at});
    app.with_key(app.admin.create("api-keys", new).await["key"].as_str().unwrap())
}

async fn new_key(app: &App, changes: Value) -> Value {
    let member = app.admin.get("/v1/members").await.items()[0]["id"].clone();
    crate::support::with(json!({"member_id": member, "name": "new"}), changes)
}

#[actix_web::test]
async fn scopes_are_a_set_of_known_ones_and_all_of_them_where_none_are_named() {
    let app = App::start().await;
    let path = "/v1/api-keys";
    let made = app.admin.post(path, &new_key(&app, json!({})).await).await.expect(201);
    assert_eq!(made.body["scopes"], json!(ALL));
    let some = new_key(&app, json!({"scopes": ["publish", "read"]})).await;
    let made = app.admin.post(path, &some).await.expect(201);
    assert_eq!(made.body["scopes"], json!(["read", "publish"]));
    assert_eq!(app.admin.get(&format!("{path}/{}", made.id())).await.body["scopes"], json!(["read", "publish"]));
    for bad in [json!([]), json!(["read", "read"]), json!(null), json!("read")] {
        app.admin.post(path, &new_key(&app, json!({"scopes": bad})).await).await.points_at(&["/scopes"]);
    }
    for (bad, pointer) in [(json!(["read", "write"]), "/scopes/1"), (json!([1]), "/scopes/0")] {
        app.admin.post(path, &new_key(&app, json!({"scopes": bad})).await).await.points_at(&[pointer]);
    }
}

#[actix_web::test]
async fn the_database_keeps_no_other_sets() {
    let app = App::start().await;
    let sql = app.sql().await;
    for bad in ["{}", "{read,read}", "{read,NULL}", "{write}", "{READ}"] {
        let refused = sql.execute(&format!("UPDATE api_keys SET scopes = '{bad}'"), &[]).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::CHECK_VIOLATION), "{bad}");
    }
}

#[actix_web::test]
async fn a_key_for_recording_only_sees_what_everybody_sees() {
    let app = App::start().await;
    let recorder = admins(&app, &["record"], Value::Null).await;
    let claim = recorder.create("claims", claim(json!({}))).await;
    let path = format!("/v1/claims/{}", claim["id"].as_str().unwrap());
    recorder.get(&path).await.expect(404);
    // Nor is it told of drafts that are like what it records.
    let alike = recorder.create("claims", json!({"text": claim["text"], "language": claim["language"]})).await;
    assert_eq!(alike["similar"], json!([]));
    assert!(recorder.get("/v1/claims").await.expect(200).items().is_empty());
    recorder.get("/v1/members").await.problem(403, "the scope read");
    let change = async |body: Value| {
        let request = recorder.request(Method::PATCH, &path).header("if-match", "*");
        recorder.send(request.json(&body)).await
    };
    change(json!({"place": "Istanbul"})).await.expect(200);
    change(json!({"status": "published"})).await.problem(403, "the scope publish");
    let reader = admins(&app, &["read"], Value::Null).await;
    reader.get(&path).await.expect(200);
    reader.post("/v1/sources", &source(json!({}))).await.problem(403, "the scope record");
    let members = reader.get("/v1/members").await.expect(200);
    assert!(members.items().iter().all(|member| member["email"].is_null()));
}

#[actix_web::test]
async fn a_key_makes_no_stronger_key() {
    let app = App::start().await;
    let path = "/v1/api-keys";
    let narrow = admins(&app, &["read", "admin"], json!("2999-01-01T00:00:00Z")).await;
    let refused = narrow.post(path, &new_key(&app, json!({"expires_at": "2998-01-01T00:00:00Z"})).await).await;
    let refused = refused.problem(422, "which lack record, publish");
    refused.points_at(&["/scopes"]);
    let longer = json!({"scopes": ["read"], "expires_at": "2999-01-01T00:00:01Z"});
    let refused = narrow.post(path, &new_key(&app, longer).await).await.problem(422, "2999-01-01T00:00:00Z");
    refused.points_at(&["/expires_at"]);
    narrow.post(path, &new_key(&app, json!({"scopes": ["read"]})).await).await.points_at(&["/expires_at"]);
    let all = json!({"scopes": ["publish"], "member_id": "01900000-0000-7000-8000-00000000ffff"});
    narrow.post(path, &new_key(&app, all).await).await.points_at(&["/expires_at", "/member_id", "/scopes"]);
    let same = json!({"scopes": ["admin", "read"], "expires_at": "2999-01-01T00:00:00Z"});
    let made = narrow.post(path, &new_key(&app, same).await).await.expect(201);
    assert!(made.body["last_used_at"].is_null());
    let past = json!({"expires_at": "2023-01-01T00:00:00Z"});
    app.admin.post(path, &new_key(&app, past).await).await.points_at(&["/expires_at"]);
    app.editor.post(path, &new_key(&app, json!({})).await).await.problem(403, "the role admin");
    let recorder = admins(&app, &["record"], Value::Null).await;
    recorder.post(path, &new_key(&app, json!({"scopes": ["record"]})).await).await.problem(403, "the scope admin");
}

async fn last_used(app: &App) -> Vec<Value> {
    let keys = app.admin.get("/v1/api-keys").await;
    keys.items().iter().filter(|key| !key["last_used_at"].is_null()).map(|key| key["id"].clone()).collect()
}

/// How often a row of a key was written.
async fn writes(app: &App) -> i64 {
    let sql = app.sql().await;
    // What a session has counted is shown to others once it has reported it.
    sql.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
    let count = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'api_keys'";
    sql.query_one(count, &[]).await.unwrap().get(0)
}

#[actix_web::test]
async fn the_last_use_is_written_in_a_batch_and_not_with_each_request() {
    let app = App::start().await;
    for _ in 0..20 {
        app.reader.get("/v1/claims").await.expect(200);
        app.checker.get("/v1/claims").await.expect(200);
    }
    app.with_key("onr_nobody-has-this-key-nobody-has").get("/v1/claims").await.expect(401);
    assert_eq!(writes(&app).await, 0, "no request has written");
    assert!(last_used(&app).await.is_empty());
    app.write_last_uses(&app.database).await;
    // Reader, checker, and the admin who has looked.
    assert_eq!(last_used(&app).await.len(), 3);
    let before = app.sql().await.query_one("SELECT max(last_used_at)::text FROM api_keys", &[]).await.unwrap();
    app.reader.get("/v1/claims").await.expect(200);
    app.write_last_uses(&app.database).await;
    let later = "SELECT count(*) FROM api_keys WHERE last_used_at > $1::text::timestamptz";
    let used = app.sql().await.query_one(later, &[&before.get::<_, String>(0)]).await.unwrap();
    assert_eq!(used.get::<_, i64>(0), 2, "the reader and the admin were here again, the checker was not");
}

#[actix_web::test]
async fn a_database_that_takes_no_writes_still_knows_keys_and_last_uses_are_written_later() {
    let app = App::start().await;
    let name = app.database.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let read_only = |on: bool| format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
    app.sql().await.batch_execute(&read_only(true)).await.unwrap();
    app.reader.get("/v1/members").await.expect(200);
    app.write_last_uses(&app.database).await;
    app.reader.get("/v1/members").await.expect(200);
    let sql = app.sql().await;
    sql.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    sql.batch_execute(&read_only(false)).await.unwrap();
    assert!(last_used(&app).await.is_empty(), "nothing could be written");
    app.write_last_uses(&app.database).await;
    assert_eq!(last_used(&app).await.len(), 2);
}
