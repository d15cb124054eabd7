use serde_json::json;

use crate::support::{App, claim, source, statement, verdict};

const TRUE: &str = "01890000-0000-7000-8000-000000000105";

#[actix_web::test]
async fn a_claim_keeps_all_that_is_recorded() {
    let app = App::start().await;
    let whole = app.checker.id_of_new("claims", claim(json!({}))).await;
    let sent = json!({
        "text": "The talks lasted three hours.", "language": "en", "context": "Reported in October 2023",
        "claimed_on": "2023-10-04", "event_on": "2023-09", "place": "Istanbul", "topics": ["nagorno-karabakh"],
        "part_of_id": whole, "status": "draft", "withdrawn_reason": null,
    });
    let made = app.checker.post("/v1/claims", &sent).await.expect(201);
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[member], value, "{member}");
    }
    assert_eq!(made.body["version"], 1);
    let path = format!("/v1/claims/{}", made.id());
    let mut recorded = made.body.clone();
    // What is told of likely duplicates is no part of the record.
    assert!(recorded.as_object_mut().unwrap().remove("similar").is_some());
    assert_eq!(app.reader.get(&path).await.expect(200).body, recorded);
    app.anyone.get(&path).await.problem(404, "no such claim");
    app.other.get(&path).await.expect(404);
    app.checker.delete(&path).await.expect(204);
    assert_eq!(app.count("claims").await, 1);
}

#[actix_web::test]
async fn a_checker_drafts_and_an_editor_publishes() {
    let app = App::start().await;
    app.checker.post("/v1/claims", &claim(json!({"status": "published"}))).await.problem(403, "needs the role editor");
    let id = app.checker.id_of_new("claims", claim(json!({}))).await;
    let path = format!("/v1/claims/{id}");
    app.checker.patch(&path, &json!({"status": "published"})).await.expect(403);
    app.editor.patch(&path, &json!({"status": "published"})).await.expect(200);
    app.anyone.get(&path).await.expect(200);

    // What is public is an editor's to change.
    app.checker.patch(&path, &json!({"context": "new"})).await.expect(403);
    app.checker.delete(&path).await.expect(403);
    app.other.patch(&path, &json!({"context": "new"})).await.problem(403, "another newsroom");
    app.editor.patch(&path, &json!({"context": "new"})).await.expect(200);
    app.editor.patch(&path, &json!({"status": "draft"})).await.problem(409, "does not become a draft again");
}

#[actix_web::test]
async fn a_withdrawn_claim_tells_the_public_why_and_stays() {
    let app = App::start().await;
    let post = claim(json!({"status": "withdrawn", "withdrawn_reason": "no"}));
    app.editor.post("/v1/claims", &post).await.points_at(&["/status"]);
    let draft = format!("/v1/claims/{}", app.editor.id_of_new("claims", claim(json!({}))).await);
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "We mistook one meeting for another."});
    app.editor.patch(&draft, &withdraw).await.problem(409, "delete it instead");

    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let path = format!("/v1/claims/{id}");
    app.editor.patch(&path, &json!({"status": "withdrawn"})).await.points_at(&["/withdrawn_reason"]);
    app.editor.patch(&path, &withdraw).await.expect(200);
    let gone = app.anyone.get(&path).await.problem(410, "mistook one meeting");
    assert_eq!(gone.body["withdrawn_reason"], "We mistook one meeting for another.");
    app.other.get(&path).await.expect(410);
    app.anyone.get(&format!("{path}/dossier")).await.expect(410);
    assert_eq!(app.reader.get(&path).await.expect(200).body["status"], "withdrawn");
    assert!(app.anyone.get("/v1/claims").await.expect(200).items().is_empty());
    app.editor.patch(&path, &json!({"context": "new"})).await.problem(409, "stays as it is");
    app.editor.delete(&path).await.problem(409, "stays");
    app.editor.act(&format!("{path}/publish")).await.expect(409);
}

#[actix_web::test]
async fn a_claim_is_frozen_once_a_published_verdict_hangs_on_it() {
    let app = App::start().await;
    let whole = app.editor.id_of_new("claims", claim(json!({}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let path = format!("/v1/claims/{id}");
    app.editor.patch(&path, &json!({"text": "The meeting took place in Istanbul."})).await.expect(200);
    let complete = json!({"rating_id": TRUE, "summary": "So it is.", "reviewed_on": "2023-10", "status": "published"});
    let verdict = app.admin.create("verdicts", verdict(&id, complete)).await;
    assert_eq!(verdict["claim_reviewed"], "The meeting took place in Istanbul.");
    for frozen in [json!({"text": "Else."}), json!({"language": "it"}), json!({"part_of_id": whole})] {
        app.editor.patch(&path, &frozen).await.problem(409, "frozen");
    }
    app.editor.patch(&path, &json!({"context": "new"})).await.expect(200);
    app.editor.delete(&path).await.problem(409, "hang on this claim");
}

#[actix_web::test]
async fn a_claim_is_frozen_once_another_newsroom_has_published_on_it() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let theirs = app.other.id_of_new("sources", source(json!({}))).await;
    let statement = app.other.id_of_new("statements", statement(&id, &theirs, json!({}))).await;
    let path = format!("/v1/claims/{id}");
    app.editor.patch(&path, &json!({"text": "Else."})).await.expect(200);
    app.other.patch(&format!("/v1/statements/{statement}"), &json!({"status": "published"})).await.expect(200);
    app.editor.patch(&path, &json!({"text": "Else again."})).await.problem(409, "frozen");
}

#[actix_web::test]
async fn parts_are_of_one_newsroom_and_never_in_a_circle() {
    let app = App::start().await;
    let whole = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let part = app.editor.id_of_new("claims", claim(json!({"part_of_id": whole}))).await;
    let (whole_path, part_path) = (format!("/v1/claims/{whole}"), format!("/v1/claims/{part}"));
    app.editor.patch(&whole_path, &json!({"part_of_id": part})).await.problem(409, "part of itself");
    app.editor.patch(&part_path, &json!({"part_of_id": part})).await.points_at(&["/part_of_id"]);
    app.other.post("/v1/claims", &claim(json!({"part_of_id": whole}))).await.points_at(&["/part_of_id"]);
    app.other.post("/v1/claims", &claim(json!({"part_of_id": part}))).await.points_at(&["/part_of_id"]);
    app.editor.delete(&whole_path).await.problem(409, "parts hang on this claim");
}

#[actix_web::test]
async fn publishing_takes_parts_and_statements_along() {
    let app = App::start().await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    let whole = app.checker.id_of_new("claims", claim(json!({}))).await;
    let part = app.checker.id_of_new("claims", claim(json!({"part_of_id": whole}))).await;
    let deep = app.checker.id_of_new("claims", claim(json!({"part_of_id": part}))).await;
    let first = app.checker.id_of_new("statements", statement(&deep, &source, json!({}))).await;
    let relying = json!({"stance": "reports", "relies_on": [{"statement_id": first, "wording": "citing"}]});
    app.checker.create("statements", statement(&whole, &source, relying)).await;
    app.checker.create("verdicts", verdict(&whole, json!({}))).await;
    let path = format!("/v1/claims/{whole}/publish");
    app.checker.act(&path).await.expect(403);
    app.other.act(&path).await.expect(404);
    let published = app.editor.act(&path).await.expect(200);
    assert_eq!(published.body["published"], json!({"claims": 3, "statements": 2}));
    assert_eq!(published.body["claim"]["status"], "published");
    assert_eq!(app.anyone.get("/v1/statements").await.items().len(), 2);
    assert!(app.anyone.get("/v1/verdicts").await.items().is_empty(), "verdicts are left alone");
    let again = app.editor.act(&path).await.expect(200);
    assert_eq!(again.body["published"], json!({"claims": 0, "statements": 0}));
}

#[actix_web::test]
async fn publishing_names_everything_in_its_way_and_publishes_nothing() {
    let app = App::start().await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    let elsewhere = app.checker.id_of_new("claims", claim(json!({}))).await;
    let mut relied_on = Vec::new();
    for _ in 0..2 {
        relied_on.push(app.checker.id_of_new("statements", statement(&elsewhere, &source, json!({}))).await);
    }
    let id = app.checker.id_of_new("claims", claim(json!({}))).await;
    for relied in &relied_on {
        let relying = json!({"stance": "reports", "relies_on": [{"statement_id": relied}]});
        app.checker.create("statements", statement(&id, &source, relying)).await;
    }
    let path = format!("/v1/claims/{id}/publish");
    let refused = app.editor.act(&path).await.problem(409, "blockers");
    let blockers = refused.body["blockers"].as_array().unwrap();
    let named: Vec<_> = blockers.iter().map(|blocker| blocker["id"].as_str().unwrap()).collect();
    assert_eq!(named, relied_on);
    assert!(blockers.iter().all(|blocker| blocker["noun"] == "statement"));
    app.anyone.get(&format!("/v1/claims/{id}")).await.expect(404);

    app.editor.act(&format!("/v1/claims/{elsewhere}/publish")).await.expect(200);
    app.editor.act(&path).await.expect(200);
}

#[actix_web::test]
async fn language_tags_are_kept_in_their_usual_case() {
    let app = App::start().await;
    let made = app.checker.create("claims", claim(json!({"language": "EN-us"}))).await;
    assert_eq!(made["language"], "en-US");
    let path = format!("/v1/claims/{}", made["id"].as_str().unwrap());
    assert_eq!(
        app.checker.patch(&path, &json!({"language": "SR-latn-rs"})).await.expect(200).body["language"],
        "sr-Latn-RS"
    );
    let bundle = json!({"claims": [{"ref": "c", "text": "It rained", "language": "PT-br"}]});
    let ids = app.checker.post("/v1/bundles", &bundle).await.expect(201).body["ids"].clone();
    let read = app.checker.get(&format!("/v1/claims/{}", ids["c"].as_str().unwrap())).await.expect(200);
    assert_eq!(read.body["language"], "pt-BR");
}
