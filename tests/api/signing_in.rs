//! Who signs in becomes a member, and what becomes of that.

use futures_util::future::join_all;
use onrecord::oidc::OidcSettings;
use serde_json::{Value, json};

use crate::single_sign_on::{good, member, settings};
use crate::support::{App, SigningKey, StandIn, source};

/// A server whose users a stand-in vouches for, and a way to make their tokens.
async fn stand_in() -> (App, StandIn, impl Fn(Value) -> String) {
    let (provider, key) = (StandIn::start(), SigningKey::first());
    provider.keys(&[&key]);
    let app = App::signed_in_by(&settings(&provider.url)).await;
    let url = provider.url.clone();
    (app, provider, move |changes| key.sign(&good(&url, changes)))
}

#[actix_web::test]
async fn who_was_removed_stays_out_until_an_admin_adds_them_again() {
    let (app, provider, token) = stand_in().await;
    let ann = app.with_key(&token(json!({"name": "Ann"})));
    ann.post("/v1/sources", &source(json!({}))).await.expect(201);
    let path = format!("/v1/members/{}", member(&app, "Ann").await["id"].as_str().unwrap());
    app.admin.delete(&path).await.expect(204);
    ann.get("/v1/sources").await.problem(403, "You were removed");
    app.with_key(&token(json!({"name": "Ann", "groups": ["heads"]}))).get("/v1/sources").await.expect(403);
    let subject = format!("{} ann", provider.url);
    let again = json!({"name": "Ann again", "role": "reader", "oidc_subject": subject});
    let made = app.admin.post("/v1/members", &again).await.expect(201);
    app.admin.post("/v1/members", &again).await.problem(409, "oidc_subject");
    ann.get("/v1/members").await.expect(200);
    let again = member(&app, "Ann again").await;
    assert_eq!((again["id"].as_str(), again["role"].as_str()), (Some(made.id()), Some("editor")));
}

#[actix_web::test]
async fn a_member_who_was_there_before_is_made_known_at_the_single_sign_on() {
    let (app, provider, token) = stand_in().await;
    let made = app.admin.create("members", json!({"name": "Dee", "role": "reader"})).await;
    let path = format!("/v1/members/{}", made["id"].as_str().unwrap());
    for bad in
        ["dee", "https://id.example", "ftp://id.example dee", "https://id.example ", "https://id.example d\u{e9}e"]
    {
        app.admin.patch(&path, &json!({"oidc_subject": bad})).await.points_at(&["/oidc_subject"]);
    }
    app.admin.patch(&path, &json!({"oidc_subject": format!("{} dee", provider.url)})).await.expect(200);
    app.with_key(&token(json!({"sub": "dee", "name": "D. E."}))).get("/v1/members").await.expect(200);
    assert_eq!(member(&app, "Dee").await["role"], "editor");
}

#[actix_web::test]
async fn many_first_requests_of_one_user_make_one_member() {
    let (app, _provider, token) = stand_in().await;
    for round in 0..50 {
        let client = app.with_key(&token(json!({"sub": format!("user {round}"), "name": format!("User {round}")})));
        join_all((0..8).map(|_| async { client.get("/v1/members?limit=1").await.expect(200) })).await;
    }
    let sql = app.sql().await;
    let members = sql.query_one("SELECT count(*) FROM members WHERE name LIKE 'User %'", &[]).await.unwrap();
    assert_eq!(members.get::<_, i64>(0), 50);
}

#[actix_web::test]
async fn the_last_admin_keeps_the_role_for_its_keys_and_not_for_its_tokens() {
    let (app, _provider, token) = stand_in().await;
    app.with_key(&token(json!({"name": "Ann", "groups": ["heads"]}))).get("/v1/api-keys").await.expect(200);
    let sql = app.sql().await;
    sql.execute("UPDATE members SET role = 'reader' WHERE name = 'Admin'", &[]).await.unwrap();
    let demoted = app.with_key(&token(json!({"name": "Ann"})));
    demoted.get("/v1/members").await.expect(200);
    demoted.get("/v1/api-keys").await.problem(403, "the role admin");
    let role =
        async || sql.query_one("SELECT role FROM members WHERE name = 'Ann'", &[]).await.unwrap().get::<_, String>(0);
    assert_eq!(role().await, "admin");
    sql.execute("UPDATE members SET role = 'admin' WHERE name = 'Admin'", &[]).await.unwrap();
    demoted.get("/v1/members").await.expect(200);
    assert_eq!(role().await, "editor");
}

#[actix_web::test]
async fn roles_may_be_deep_in_a_token_and_names_are_cleaned() {
    let (provider, key) = (StandIn::start(), SigningKey::first());
    provider.keys(&[&key]);
    let pointed = OidcSettings { role_claim: "/realm_access/roles".into(), ..settings(&provider.url) };
    let app = App::signed_in_by(&pointed).await;
    let deep = json!({"groups": ["heads"], "realm_access": {"roles": ["checkers", 7]}, "name": "\u{202e}evil", "preferred_username": " e\u{301}va "});
    let client = app.with_key(&key.sign(&good(&provider.url, deep)));
    client.get("/v1/members").await.expect(200);
    assert_eq!(member(&app, "éva").await["role"], "checker");
    let flat = app.with_key(&key.sign(&good(&provider.url, json!({"realm_access": "checkers"}))));
    flat.get("/v1/members").await.expect(403);
}

#[actix_web::test]
async fn a_database_that_takes_no_writes_still_lets_known_users_in() {
    let (app, _provider, token) = stand_in().await;
    app.with_key(&token(json!({"name": "Ann"}))).get("/v1/members").await.expect(200);
    let name = app.database.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    app.sql()
        .await
        .batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))
        .await
        .unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.sql().await.batch_execute(end).await.unwrap();
    app.with_key(&token(json!({}))).get("/v1/members").await.expect(200);
    // With another role, no more than both allow.
    let promoted = app.with_key(&token(json!({"groups": ["heads"]})));
    promoted.get("/v1/members").await.expect(200);
    promoted.get("/v1/api-keys").await.expect(403);
    app.with_key(&token(json!({"groups": ["readers"]}))).get("/v1/members").await.expect(200);
    app.with_key(&token(json!({"sub": "new"}))).get("/v1/members").await.problem(503, "takes no writes");
}
