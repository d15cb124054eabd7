//! Every operation of the document, tried without a key, with a bad one, in each role and by another newsroom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::openapi::{operations, try_it_out};
use crate::support::{App, Client};

const ROLES: [&str; 4] = ["reader", "checker", "editor", "admin"];

/// The role that an operation needs; none where anybody may call it.
fn needed(operation: &Value) -> Option<&str> {
    operation.pointer("/security/0/api_key/0").and_then(Value::as_str)
}

#[actix_web::test]
async fn what_needs_a_key_is_refused_without_one() {
    let app = App::demo().await;
    for (path, method, operation) in operations() {
        let answer = app.anyone.send(try_it_out(&app.anyone, path, &method, operation)).await;
        assert_eq!(answer.status == 401, needed(operation).is_some(), "{method} {path} answered {}", answer.text);
        if answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[actix_web::test]
async fn a_bad_key_is_refused_everywhere() {
    let app = App::demo().await;
    let client = app.with_key("onr_nobody-has-this-key-nobody-has");
    for (path, method, operation) in operations().filter(|(path, ..)| path.starts_with("/v1/")) {
        client.send(try_it_out(&client, path, &method, operation)).await.expect(401);
    }
}

#[actix_web::test]
async fn each_role_may_do_what_the_document_says_and_no_more() {
    for (rank, role) in ROLES.iter().enumerate() {
        // Each role on a fresh story, deletions last: what one operation takes away another would miss.
        let app = App::demo().await;
        let client = [&app.reader, &app.checker, &app.editor, &app.admin][rank];
        let mut all: Vec<_> = operations().collect();
        all.sort_by_key(|(_, method, _)| *method == Method::DELETE);
        for (path, method, operation) in all {
            let answer = client.send(try_it_out(client, path, &method, operation)).await;
            let allowed =
                needed(operation).is_none_or(|needed| ROLES.iter().position(|one| *one == needed).unwrap() <= rank);
            let what = format!("{role}: {method} {path} answered {}", answer.text);
            if !allowed {
                assert_eq!(answer.status, 403, "{what}");
                assert!(answer.detail().contains(role), "{what}");
            } else if answer.status == 403 {
                // The demo story is public: changing or linking it takes an editor; and nobody changes the shipped scale.
                let public = *role == "checker" && changes_what_is_public(&method, operation);
                // And where two must agree, an editor alone publishes no review.
                let alone = *role == "editor" && operation["operationId"] == "create_page";
                assert!(public || alone || operation["operationId"] == "update_rating_scale", "{what}");
            } else {
                assert!(answer.status < 500 && answer.status != 401, "{what}");
            }
        }
    }
}

/// Whether the example changes what is public, or makes something that is so at once.
fn changes_what_is_public(method: &Method, operation: &Value) -> bool {
    [Method::PATCH, Method::DELETE].contains(method) || operation["operationId"] == "create_claim_link"
}

/// The scope that goes with a role.
fn scope_of(role: &str) -> &str {
    match role {
        "reader" => "read",
        "checker" => "record",
        "editor" => "publish",
        other => other,
    }
}

#[actix_web::test]
async fn an_admins_key_does_what_its_scopes_say_and_no_more() {
    for scope in ROLES.map(scope_of) {
        let app = App::demo().await;
        let admin = onrecord::demo::id_of("admin").unwrap();
        let new = json!({"member_id": admin, "name": "narrow", "scopes": [scope]});
        let key = app.admin.create("api-keys", new).await;
        let client = app.with_key(key["key"].as_str().unwrap());
        let mut all: Vec<_> = operations().collect();
        all.sort_by_key(|(_, method, _)| *method == Method::DELETE);
        for (path, method, operation) in all {
            let answer = client.send(try_it_out(&client, path, &method, operation)).await;
            let what = format!("{scope}: {method} {path} answered {}", answer.text);
            match needed(operation).map(scope_of) {
                Some(needed) if needed != scope => {
                    assert_eq!(answer.status, 403, "{what}");
                    assert!(answer.detail().contains(&format!("the scope {needed}")), "{what}");
                }
                // The demo story is public: changing or linking it takes the scope for that.
                Some("record") if answer.status == 403 => {
                    assert!(answer.detail().contains("the scope publish"), "{what}");
                    assert!(changes_what_is_public(&method, operation), "{what}");
                }
                _ if answer.status == 403 => assert_eq!(operation["operationId"], "update_rating_scale", "{what}"),
                _ => assert!(answer.status < 500 && answer.status != 401, "{what}"),
            }
        }
    }
}

#[actix_web::test]
async fn another_newsroom_changes_nothing_of_the_story() {
    let app = App::demo().await;
    let all = "SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (
        SELECT s::text AS t FROM sources s UNION ALL SELECT d::text FROM documents d UNION ALL SELECT c::text FROM claims c
        UNION ALL SELECT s::text FROM statements s UNION ALL SELECT v::text FROM verdicts v
        UNION ALL SELECT n::text FROM newsrooms n UNION ALL SELECT m::text FROM members m) AS records";
    let sql = app.sql().await;
    let state = async || sql.query_one(all, &[]).await.unwrap().get::<_, String>(0);
    let before = state().await;
    let other = app.with_key(&crate::support::postgres::key("other", "admin"));
    for (path, method, operation) in operations() {
        // What is done to a record, by whatever method; making one of one's own is no change of another's.
        let acts = method == Method::POST && path.contains("{id}");
        let changes = [Method::PATCH, Method::DELETE].contains(&method) || acts;
        if !changes || path == "/v1/topics/{slug}" {
            continue;
        }
        let answer = other.send(try_it_out(&other, path, &method, operation)).await;
        // Members and keys are nobody else's to see, nor is the verdict that is a draft; the story itself is public.
        let on_draft = try_it_out(&other, path, &method, operation).build().unwrap();
        let on_draft =
            on_draft.url().path().contains(&onrecord::demo::id_of("verdict-on-the-move").unwrap().to_string());
        let hidden = path.starts_with("/v1/members")
            || path.starts_with("/v1/comment-requests")
            || path.starts_with("/v1/api-keys")
            || path.starts_with("/v1/webhook")
            || path.starts_with("/v1/imports")
            || path.starts_with("/v1/rating-mappings")
            || path.starts_with("/v1alpha1/pages")
            || on_draft;
        assert_eq!(answer.status, if hidden { 404 } else { 403 }, "{method} {path} answered {}", answer.text);
    }
    assert_eq!(state().await, before);
}

/// What is not public does not exist for others, whatever they try.
#[actix_web::test]
async fn another_newsrooms_draft_is_nowhere_to_be_seen() {
    let app = App::start().await;
    let source = app.checker.id_of_new("sources", crate::support::source(json!({}))).await;
    let document = app.checker.id_of_new("documents", crate::support::document(json!({}))).await;
    let claim = app.checker.id_of_new("claims", crate::support::claim(json!({}))).await;
    let statement = app.checker.id_of_new("statements", crate::support::statement(&claim, &source, json!({}))).await;
    let verdict = app.checker.id_of_new("verdicts", crate::support::verdict(&claim, json!({}))).await;
    let records = [
        ("sources", &source),
        ("documents", &document),
        ("claims", &claim),
        ("statements", &statement),
        ("verdicts", &verdict),
    ];
    for client in [&app.anyone, &app.other] {
        for (noun, id) in records {
            let path = format!("/v1/{noun}/{id}");
            client.get(&path).await.expect(404);
            let conditional = client.request(Method::GET, &path).header("if-none-match", "\"1\"");
            client.send(conditional).await.expect(404);
            assert!(client.get(&format!("/v1/{noun}")).await.expect(200).items().is_empty());
        }
        client.get(&format!("/v1/claims/{claim}/dossier")).await.expect(404);
    }
    for (noun, id) in records {
        let path = format!("/v1/{noun}/{id}");
        app.other.patch(&path, &json!({"note": "x"})).await.expect(404);
        app.other.delete(&path).await.expect(404);
        // Nor can it be referred to: whether it exists stays unknown.
        let member = match noun {
            "sources" => json!({"claim_id": claim, "source_id": id, "stance": "asserts"}),
            "documents" => json!({"claim_id": claim, "source_id": source, "stance": "asserts", "document_id": id}),
            _ => continue,
        };
        app.other.post("/v1/statements", &member).await.expect(422);
    }
    mine(&app.other, &claim).await;
}

/// A claim of another newsroom's draft can be neither spoken on nor judged.
async fn mine(other: &Client, claim: &str) {
    let source = other.id_of_new("sources", crate::support::source(json!({}))).await;
    other.post("/v1/statements", &crate::support::statement(claim, &source, json!({}))).await.points_at(&["/claim_id"]);
    other.post("/v1/verdicts", &crate::support::verdict(claim, json!({}))).await.points_at(&["/claim_id"]);
}
