//! Records that others refer to are not deleted, and the answer names those others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{App, Client, statement};

/// A statement on a claim with all that can refer to it, to its source, its document and its claim.
async fn story(app: &App) -> Value {
    let story = json!({
        "sources": [
            {"ref": "s", "kind": "organization", "name": "Ministry"},
            {"ref": "spokesman", "kind": "person", "name": "Ann", "affiliation_id": "#s"}],
        "documents": [
            {"ref": "d", "kind": "article", "title": "A", "publisher_id": "#s"},
            {"ref": "translated", "kind": "article", "title": "B", "derived_from_id": "#d"}],
        "claims": [
            {"ref": "c", "text": "It rained", "language": "en", "status": "published"},
            {"ref": "part", "text": "It rained a lot", "language": "en", "part_of_id": "#c"}],
        "statements": [
            {"ref": "a", "claim_id": "#c", "source_id": "#s", "on_behalf_of_id": "#s", "stance": "asserts", "document_id": "#d", "status": "published"},
            {"ref": "b", "claim_id": "#part", "source_id": "#spokesman", "on_behalf_of_id": "#s", "stance": "reports",
             "appearances": [{"document_id": "#d"}], "relies_on": [{"statement_id": "#a"}]}],
        "verdicts": [{"ref": "v", "claim_id": "#c", "author_id": "#s",
            "evidence": [{"statement_id": "#a", "bearing": "supports"}, {"document_id": "#d", "bearing": "context"}]}]});
    let mut ids = app.admin.post("/v1/bundles", &story).await.expect(201).body["ids"].clone();
    let asked =
        json!({"claim_id": ids["c"], "source_id": ids["s"], "asked_at": "2023-10-05T09:00:00Z", "channel": "phone"});
    ids["asked"] = json!(app.checker.id_of_new("comment-requests", asked).await);
    ids
}

/// A noun and a ref of the story.
type Named = (&'static str, &'static str);

/// The blockers of a deletion that is refused, with their nouns.
async fn blockers(client: &Client, noun: &str, id: &Value) -> BTreeSet<(String, String)> {
    let refused = client.delete(&format!("/v1/{noun}/{}", id.as_str().unwrap())).await.expect(409);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let blockers = refused.body["blockers"].as_array().unwrap();
    blockers.iter().map(|one| (text(&one["noun"]), text(&one["id"]))).collect()
}

#[actix_web::test]
async fn what_is_in_use_is_not_deleted_and_its_users_are_named() {
    let app = App::start().await;
    let ids = story(&app).await;
    // A draft of another newsroom is in the way too, and is not for this one to know.
    let (claim, source) = (ids["c"].as_str().unwrap(), ids["s"].as_str().unwrap());
    let hidden = app.other.id_of_new("statements", statement(claim, source, json!({"document_id": ids["d"]}))).await;
    let cases: [(&str, &str, &[Named]); 4] = [
        (
            "sources",
            "s",
            &[
                ("statement", "a"),
                ("statement", "b"),
                ("document", "d"),
                ("source", "spokesman"),
                ("verdict", "v"),
                ("comment_request", "asked"),
            ],
        ),
        ("documents", "d", &[("statement", "a"), ("statement", "b"), ("document", "translated"), ("verdict", "v")]),
        ("claims", "c", &[("statement", "a"), ("claim", "part"), ("verdict", "v"), ("comment_request", "asked")]),
        ("statements", "a", &[("statement", "b"), ("verdict", "v")]),
    ];
    for (noun, name, users) in cases {
        let named = blockers(&app.editor, noun, &ids[name]).await;
        let users = users.iter().map(|(noun, name)| ((*noun).to_owned(), ids[*name].as_str().unwrap().to_owned()));
        assert_eq!(named, users.collect(), "{noun}");
        assert!(!named.iter().any(|(_, id)| *id == hidden), "{noun}");
    }
}

#[actix_web::test]
async fn ten_users_are_named_at_most() {
    let app = App::start().await;
    let statements: Vec<_> =
        (0..12).map(|_| json!({"claim_id": "#c", "source_id": "#s", "stance": "confirms"})).collect();
    let ids = app
        .checker
        .post(
            "/v1/bundles",
            &json!({
                "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
                "claims": [{"ref": "c", "text": "It rained", "language": "en"}],
                "statements": statements,
            }),
        )
        .await
        .expect(201)
        .body["ids"]
        .clone();
    assert_eq!(blockers(&app.checker, "claims", &ids["c"]).await.len(), 10);
}
