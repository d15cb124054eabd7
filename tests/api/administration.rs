use serde_json::{Value, json};

use crate::support::App;

#[actix_web::test]
async fn newsrooms_are_public_and_an_admin_changes_the_own_one() {
    let app = App::start().await;
    let list = app.anyone.get("/v1/newsrooms").await.expect(200);
    assert_eq!(list.items().len(), 2);
    let path = format!("/v1/newsrooms/{}", app.newsroom_id);
    let change = json!({"name": "Desk", "site": "https://example.org", "logo": "https://example.org/logo.png", "corrections_policy": "https://example.org/corrections"});
    app.editor.patch(&path, &change).await.expect(403);
    let changed = app.admin.patch(&path, &change).await.expect(200);
    assert_eq!(app.anyone.get(&path).await.expect(200).body, changed.body);
    app.admin.patch(&path, &json!({"name": null})).await.points_at(&["/name"]);
    app.admin.patch(&path, &json!({"site": "example.org"})).await.points_at(&["/site"]);
    let other = list.items().iter().find(|one| one["id"] != app.newsroom_id.to_string()).unwrap();
    let other = format!("/v1/newsrooms/{}", other["id"].as_str().unwrap());
    app.admin.patch(&other, &json!({"name": "Ours now"})).await.problem(403, "another newsroom");
}

#[actix_web::test]
async fn members_are_managed_by_admins() {
    let app = App::start().await;
    let sent = json!({"name": "New checker", "email": "checker@example.org", "role": "checker"});
    app.editor.post("/v1/members", &sent).await.expect(403);
    let made = app.admin.post("/v1/members", &sent).await.expect(201);
    let again = json!({"name": "Another", "email": "CHECKER@example.org", "role": "reader"});
    let refused = app.admin.post("/v1/members", &again).await.problem(409, "e-mail");
    assert_eq!(refused.body["existing_id"], made.id());
    let other = app.admin.id_of_new("members", json!({"name": "Another", "role": "reader"})).await;
    let refused = app.admin.patch(&format!("/v1/members/{other}"), &json!({"email": "checker@example.org"})).await;
    assert_eq!(refused.problem(409, "e-mail").body["existing_id"], made.id());
    app.admin.delete(&format!("/v1/members/{other}")).await.expect(204);
    let path = format!("/v1/members/{}", made.id());
    assert_eq!(app.admin.get(&path).await.body["email"], "checker@example.org");
    assert_eq!(app.reader.get(&path).await.expect(200).body["email"], Value::Null, "addresses are for admins");
    app.other.get(&path).await.expect(404);
    app.anyone.get("/v1/members").await.expect(401);
    assert_eq!(app.reader.get("/v1/members").await.expect(200).items().len(), 5);
    assert_eq!(app.admin.patch(&path, &json!({"role": "editor"})).await.expect(200).body["role"], "editor");
    app.admin.patch(&path, &json!({"role": "owner"})).await.points_at(&["/role"]);
    app.admin
        .post("/v1/members", &json!({"name": "x", "role": "reader", "email": "not one"}))
        .await
        .points_at(&["/email"]);
    app.admin.delete(&path).await.expect(204);
    app.admin.get(&path).await.expect(404);
}

#[actix_web::test]
async fn a_newsroom_keeps_an_admin() {
    let app = App::start().await;
    let members = app.admin.get("/v1/members").await;
    let admin = members.items().iter().find(|member| member["role"] == "admin").unwrap();
    let path = format!("/v1/members/{}", admin["id"].as_str().unwrap());
    app.admin.patch(&path, &json!({"role": "editor"})).await.problem(409, "needs an admin");
    app.admin.delete(&path).await.problem(409, "needs an admin");
    app.admin.create("members", json!({"name": "Second", "role": "admin"})).await;
    app.admin.patch(&path, &json!({"role": "reader"})).await.expect(200);
    app.admin.get(&path).await.expect(200);
    app.admin.patch(&path, &json!({"role": "admin"})).await.problem(403, "your key has the role reader");
}

#[actix_web::test]
async fn a_key_is_shown_once_used_and_revoked() {
    let app = App::start().await;
    let member = app.admin.create("members", json!({"name": "Checker", "role": "checker"})).await;
    let sent = json!({"member_id": member["id"], "name": "Laptop", "expires_at": null});
    app.editor.post("/v1/api-keys", &sent).await.expect(403);
    let made = app.admin.post("/v1/api-keys", &sent).await.expect(201);
    let key = made.body["key"].as_str().unwrap();
    assert!(key.starts_with("onr_") && key.starts_with(made.body["hint"].as_str().unwrap()));
    let path = format!("/v1/api-keys/{}", made.id());
    let read = app.admin.get(&path).await.expect(200);
    assert!(!read.text.contains(key) && read.body.get("key").is_none());
    let stored = app.sql().await.query("SELECT k::text FROM api_keys k", &[]).await.unwrap();
    assert!(stored.iter().all(|row| !row.get::<_, String>(0).contains(key)), "only its hash is stored");

    let laptop = app.with_key(key);
    laptop.post("/v1/topics", &json!({"slug": "x"})).await.problem(403, "role checker");
    laptop.get("/v1/sources").await.expect(200);
    app.admin.delete(&path).await.expect(204);
    laptop.get("/v1/sources").await.problem(401, "key");
    app.admin.delete(&path).await.expect(204);
    assert!(!app.admin.get(&path).await.body["revoked_at"].is_null());
    app.other.get(&path).await.expect(403);
}

#[actix_web::test]
async fn a_key_expires_and_ends_with_its_member() {
    let app = App::start().await;
    let member = app.admin.create("members", json!({"name": "Checker", "role": "checker"})).await;
    let key = |expires_at: Value| json!({"member_id": member["id"], "name": "Laptop", "expires_at": expires_at});
    let expired = app.admin.create("api-keys", key(json!("2999-01-01T00:00:00Z"))).await;
    let expiry = "UPDATE api_keys SET expires_at = now() WHERE id::text = $1";
    app.sql().await.execute(expiry, &[&expired["id"].as_str().unwrap()]).await.unwrap();
    app.with_key(expired["key"].as_str().unwrap()).get("/v1/claims").await.expect(401);
    let valid = app.admin.create("api-keys", key(json!("2999-01-01T00:00:00Z"))).await;
    let client = app.with_key(valid["key"].as_str().unwrap());
    client.get("/v1/claims").await.expect(200);
    app.admin.delete(&format!("/v1/members/{}", member["id"].as_str().unwrap())).await.expect(204);
    client.get("/v1/claims").await.expect(401);
    let foreign = json!({"member_id": "01900000-0000-7000-8000-00000000ffff", "name": "x"});
    app.admin.post("/v1/api-keys", &foreign).await.points_at(&["/member_id"]);
}

#[actix_web::test]
async fn a_key_that_is_none_is_refused_on_public_paths_too() {
    let app = App::start().await;
    for header in
        ["Bearer onr_unknownunknownunknownunknown", "Bearer ", "Bearer", "Basic dXNlcjpwYXNz", "onr_x", "Bearer a b"]
    {
        let request = app.anyone.request(reqwest::Method::GET, "/v1/claims").header("authorization", header);
        let refused = app.anyone.send(request).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{header}");
    }
    let copied = app.anyone.request(reqwest::Method::GET, "/v1/claims").header("authorization", "Bearer onr_…");
    app.anyone.send(copied).await.problem(401, "The key is not valid");
}
