use serde_json::{Value, json};

use crate::support::{App, claim, document, postgres, source, statement, verdict, with};

pub const TRUE: &str = "01890000-0000-7000-8000-000000000105";

/// What a published verdict needs.
pub fn complete(changes: Value) -> Value {
    with(json!({"rating_id": TRUE, "summary": "So it is.", "reviewed_on": "2023-10", "status": "published"}), changes)
}

#[actix_web::test]
async fn a_verdict_keeps_all_that_is_recorded() {
    let app = App::start().await;
    let claim = app.checker.id_of_new("claims", claim(json!({}))).await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    let document = app.checker.id_of_new("documents", document(json!({}))).await;
    let statement = app.checker.id_of_new("statements", statement(&claim, &source, json!({}))).await;
    let earlier = app.checker.id_of_new("verdicts", verdict(&claim, json!({}))).await;
    let sent = json!({
        "claim_id": claim, "rating_id": TRUE, "title": "It took place", "summary": "The Kremlin confirms it.",
        "explanation": "# Why\n\nBecause.", "language": "en", "url": "https://example.org/check", "reviewed_on": "2023-10-05",
        "author_id": source, "status": "draft",
        "evidence": [
            {"statement_id": statement, "document_id": null, "bearing": "supports", "note": "clear"},
            {"statement_id": null, "document_id": document, "bearing": "context", "note": null},
        ],
        "supersedes_id": earlier, "correction_reason": "new_evidence", "correction_note": "The Kremlin spoke.",
    });
    let made = app.checker.post("/v1/verdicts", &sent).await.expect(201);
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[member], value, "{member}");
    }
    let path = format!("/v1/verdicts/{}", made.id());
    assert_eq!(app.reader.get(&path).await.expect(200).body, made.body);
    app.anyone.get(&path).await.expect(404);
    let changed =
        app.checker.patch(&path, &json!({"evidence": [{"document_id": document, "bearing": "refutes"}]})).await;
    assert_eq!(changed.expect(200).body["version"], 2);
    app.checker.delete(&format!("/v1/verdicts/{earlier}")).await.problem(409, "supersedes this one");
    app.checker.delete(&format!("/v1/statements/{statement}")).await.expect(204);
    app.checker.delete(&format!("/v1/documents/{document}")).await.expect(409);
    app.checker.delete(&path).await.expect(204);
}

#[actix_web::test]
async fn a_published_verdict_is_complete_and_on_a_published_claim() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({}))).await;
    for missing in ["rating_id", "summary", "reviewed_on"] {
        let body = verdict(&id, complete(json!({missing: null})));
        app.admin.post("/v1/verdicts", &body).await.points_at(&[format!("/{missing}").as_str()]);
    }
    app.admin.post("/v1/verdicts", &verdict(&id, complete(json!({})))).await.problem(409, "Publish the claim first");
    app.checker.post("/v1/verdicts", &verdict(&id, complete(json!({})))).await.expect(403);
    app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);

    let draft = app.checker.id_of_new("verdicts", verdict(&id, complete(json!({"status": "draft"})))).await;
    let path = format!("/v1/verdicts/{draft}");
    app.checker.patch(&path, &json!({"status": "published"})).await.expect(403);
    app.admin.patch(&path, &json!({"status": "published", "summary": null})).await.points_at(&["/summary"]);
    app.admin.patch(&path, &json!({"status": "published"})).await.expect(200);
    app.anyone.get(&path).await.expect(200);
    for client in [&app.checker, &app.editor, &app.admin] {
        client.patch(&path, &json!({"status": "draft"})).await.problem(409, "retract, correct");
        client.patch(&path, &json!({"title": "new"})).await.problem(409, "neither changed nor deleted");
        client.delete(&path).await.problem(409, "neither changed nor deleted");
    }
    app.other.patch(&path, &json!({"title": "new"})).await.expect(403);
}

#[actix_web::test]
async fn a_published_verdict_cites_and_supersedes_published_records_only() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let elsewhere = app.editor.id_of_new("claims", claim(json!({}))).await;
    let source = app.editor.id_of_new("sources", source(json!({}))).await;
    let draft = app.editor.id_of_new("statements", statement(&id, &source, json!({}))).await;
    let citing = complete(json!({"evidence": [{"statement_id": draft, "bearing": "supports"}]}));
    app.admin.post("/v1/verdicts", &verdict(&id, citing.clone())).await.problem(409, "cites a statement");
    let unpublished = app.editor.id_of_new("verdicts", verdict(&id, json!({}))).await;
    let superseding = complete(json!({"supersedes_id": unpublished}));
    app.admin.post("/v1/verdicts", &verdict(&id, superseding)).await.problem(409, "supersedes one");
    let another = app.editor.id_of_new("verdicts", verdict(&elsewhere, json!({}))).await;
    let wrong = json!({"supersedes_id": another});
    app.editor.post("/v1/verdicts", &verdict(&id, wrong)).await.points_at(&["/supersedes_id"]);

    app.editor.patch(&format!("/v1/statements/{draft}"), &json!({"status": "published"})).await.expect(200);
    let published = app.admin.post("/v1/verdicts", &verdict(&id, citing)).await.expect(201);
    // A later withdrawal of what it cites breaks nothing; what corrects it cites it no more.
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.editor.patch(&format!("/v1/statements/{draft}"), &withdraw).await.expect(200);
    let path = format!("/v1/verdicts/{}", published.id());
    assert_eq!(app.anyone.get(&path).await.expect(200).body["evidence"][0]["statement_id"], json!(draft));
    let correction = json!({"reason": "wording", "correction_note": "Clearer.", "changes": {"title": "Still"}});
    let successor = app.editor.post(&format!("{path}/correct"), &correction).await.expect(201);
    let next = format!("/v1/verdicts/{}", successor.id());
    app.admin.act(&format!("{next}/approve")).await.expect(200);
    app.admin.act(&format!("{next}/publish")).await.problem(409, "leave it out of the evidence");
}

#[actix_web::test]
async fn what_supersedes_another_stays_beside_it() {
    let app = App::start().await;
    let (one, two) = (
        app.checker.id_of_new("claims", claim(json!({}))).await,
        app.checker.id_of_new("claims", claim(json!({}))).await,
    );
    let first = app.checker.id_of_new("verdicts", verdict(&one, json!({}))).await;
    let second = app.checker.id_of_new("verdicts", verdict(&one, json!({"supersedes_id": first}))).await;
    let path = format!("/v1/verdicts/{first}");
    app.checker.patch(&path, &json!({"claim_id": two})).await.problem(409, "former claim");
    app.checker.patch(&path, &json!({"supersedes_id": second})).await.problem(409, "supersede itself");
    app.checker.patch(&path, &json!({"supersedes_id": first})).await.points_at(&["/supersedes_id"]);
    let third = app.checker.post("/v1/verdicts", &verdict(&one, json!({"supersedes_id": first}))).await;
    assert_eq!(third.problem(409, "open already").body["existing_id"], json!(second));
    let third = app.checker.id_of_new("verdicts", verdict(&one, json!({"supersedes_id": second}))).await;
    let moved = app.checker.patch(&format!("/v1/verdicts/{third}"), &json!({"supersedes_id": first})).await;
    assert_eq!(moved.expect(409).body["existing_id"], json!(second));
    app.checker
        .post("/v1/verdicts", &verdict(&one, json!({"correction_reason": "wording"})))
        .await
        .points_at(&["/correction_reason"]);

    // Nobody supersedes another newsroom's verdict.
    app.editor.act(&format!("/v1/claims/{one}/publish")).await.expect(200);
    let ours = app.admin.id_of_new("verdicts", verdict(&one, complete(json!({})))).await;
    app.other.post("/v1/verdicts", &verdict(&one, json!({"supersedes_id": ours}))).await.points_at(&["/supersedes_id"]);
}

#[actix_web::test]
async fn evidence_names_one_record_and_each_once() {
    let app = App::start().await;
    let id = app.checker.id_of_new("claims", claim(json!({}))).await;
    let document = app.checker.id_of_new("documents", document(json!({}))).await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    let statement = app.checker.id_of_new("statements", statement(&id, &source, json!({}))).await;
    for (evidence, pointer) in [
        (json!([{"bearing": "supports"}]), "/evidence/0/statement_id"),
        (
            json!([{"bearing": "supports", "document_id": document, "statement_id": statement}]),
            "/evidence/0/statement_id",
        ),
        (json!([{"bearing": "proves", "document_id": document}]), "/evidence/0/bearing"),
        (json!([{"document_id": document}]), "/evidence/0/bearing"),
        (json!([{"bearing": "supports", "document_id": statement}]), "/evidence/0/document_id"),
        (
            json!([{"bearing": "supports", "document_id": document}, {"bearing": "refutes", "document_id": document}]),
            "/evidence/1",
        ),
    ] {
        let sent = verdict(&id, json!({"evidence": evidence}));
        app.checker.post("/v1/verdicts", &sent).await.points_at(&[pointer]);
    }
    app.checker.post("/v1/verdicts", &verdict(&id, json!({"rating_id": document}))).await.points_at(&["/rating_id"]);
    app.checker
        .post("/v1/verdicts", &verdict(&id, json!({"claim_reviewed": "x"})))
        .await
        .points_at(&["/claim_reviewed"]);
    assert_eq!(app.count("verdicts").await, 0);
}

#[actix_web::test]
async fn another_newsrooms_verdict_outlives_the_claims_withdrawal() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let ours = app.admin.id_of_new("verdicts", verdict(&id, complete(json!({})))).await;
    let other = app.with_key(&postgres::key("other", "admin"));
    let theirs = other.id_of_new("verdicts", verdict(&id, complete(json!({"summary": "We checked."})))).await;
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.editor.patch(&format!("/v1/claims/{id}"), &withdraw).await.expect(200);
    app.anyone.get(&format!("/v1/claims/{id}")).await.expect(410);
    app.anyone.get(&format!("/v1/verdicts/{ours}")).await.expect(404);
    let read = app.anyone.get(&format!("/v1/verdicts/{theirs}")).await.expect(200);
    assert_eq!(read.body["claim_reviewed"], "The meeting took place.");
    assert_eq!(app.anyone.get("/v1/verdicts").await.ids(), [theirs.as_str()]);
}
