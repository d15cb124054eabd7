use serde_json::json;

use crate::support::{App, claim, document, source, statement};

#[actix_web::test]
async fn a_source_is_recorded_read_changed_and_deleted() {
    let app = App::start().await;
    let made = app
        .checker
        .post(
            "/v1/sources",
            &source(json!({
                "description": "Press secretary",
                "aliases": ["Dmitri Peskov"],
                "country": "RU",
                "website": "https://kremlin.ru/",
                "wikidata_id": "Q4359085",
                "note": "speaks for Putin",
            })),
        )
        .await
        .expect(201);
    let path = format!("/v1/sources/{}", made.id());
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(made.body["newsroom_id"], app.newsroom_id.to_string());
    assert_eq!(app.checker.get(&path).await.expect(200).body, made.body);

    let changed = app.checker.patch(&path, &json!({"country": null, "aliases": ["Peskov"]})).await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    assert_eq!(changed.body["country"], json!(null));
    assert_eq!(changed.body["aliases"], json!(["Peskov"]));
    assert_eq!(changed.body["name"], "Dmitry Peskov");
    assert!(changed.body["updated_at"].as_str() > made.body["updated_at"].as_str());

    app.checker.delete(&path).await.expect(204);
    app.checker.get(&path).await.expect(404);
}

#[actix_web::test]
async fn a_source_is_validated_member_by_member() {
    let app = App::start().await;
    for (changes, pointer) in [
        (json!({"kind": "alien"}), "/kind"),
        (json!({"name": ""}), "/name"),
        (json!({"name": "two\nlines"}), "/name"),
        (json!({"country": "ru"}), "/country"),
        (json!({"country": "XX"}), "/country"),
        (json!({"website": "ftp://kremlin.ru"}), "/website"),
        (json!({"website": "kremlin.ru"}), "/website"),
        (json!({"wikidata_id": "4359085"}), "/wikidata_id"),
        (json!({"affiliation_id": "01900000-0000-7000-8000-00000000ffff"}), "/affiliation_id"),
        (json!({"affiliation_id": "nobody"}), "/affiliation_id"),
        (json!({"aliases": ["ok", ""]}), "/aliases"),
        (json!({"nickname": "x"}), "/nickname"),
        (json!({"id": "01900000-0000-7000-8000-00000000ffff"}), "/id"),
    ] {
        let answer = app.checker.post("/v1/sources", &source(changes)).await.expect(422);
        assert!(answer.pointers()[0].starts_with(pointer), "{} is not at {pointer}", answer.text);
    }
    app.checker.post("/v1/sources", &json!({})).await.points_at(&["/kind"]);
    assert_eq!(app.count("sources").await, 0);
}

#[actix_web::test]
async fn a_wikidata_item_is_one_source_of_a_newsroom() {
    let app = App::start().await;
    let body = source(json!({"wikidata_id": "Q4359085"}));
    let first = app.checker.id_of_new("sources", body.clone()).await;
    let refused = app.checker.post("/v1/sources", &body).await.problem(409, "wikidata_id");
    assert_eq!(refused.body["existing_id"], first);
    app.other.post("/v1/sources", &body).await.expect(201);
    let second = app.checker.id_of_new("sources", source(json!({}))).await;
    let change = json!({"wikidata_id": "Q4359085"});
    app.checker.patch(&format!("/v1/sources/{second}"), &change).await.expect(409);
}

#[actix_web::test]
async fn affiliations_may_form_a_circle_but_not_with_oneself() {
    let app = App::start().await;
    let one = app.checker.id_of_new("sources", source(json!({}))).await;
    let two = app.checker.id_of_new("sources", source(json!({"affiliation_id": one}))).await;
    let path = format!("/v1/sources/{one}");
    app.checker.patch(&path, &json!({"affiliation_id": one})).await.points_at(&["/affiliation_id"]);
    app.checker.patch(&path, &json!({"affiliation_id": two})).await.expect(200);
    app.checker.delete(&path).await.problem(409, "refer to this source");
}

/// Everything that makes a source or document public, and that it is hidden again when nothing does.
#[actix_web::test]
async fn a_source_is_public_while_something_public_refers_to_it() {
    let app = App::start().await;
    let owner = app.editor.id_of_new("sources", source(json!({"name": "Owner"}))).await;
    let publisher =
        app.editor.id_of_new("sources", source(json!({"name": "Publisher", "affiliation_id": owner}))).await;
    let original = app.editor.id_of_new("documents", document(json!({"publisher_id": publisher}))).await;
    let copy = app.editor.id_of_new("documents", document(json!({"derived_from_id": original}))).await;
    let carrier = app.editor.id_of_new("documents", document(json!({}))).await;
    let speaker = app.editor.id_of_new("sources", source(json!({"note": "ours"}))).await;
    let body = app.editor.id_of_new("sources", source(json!({"name": "Body"}))).await;
    let unrelated = app.editor.id_of_new("sources", source(json!({"name": "Unrelated"}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({"topics": ["talks"]}))).await;
    let said = json!({"document_id": copy, "on_behalf_of_id": body, "appearances": [{"document_id": carrier}]});
    let statement = app.editor.id_of_new("statements", statement(&id, &speaker, said)).await;

    let paths: Vec<_> = [&owner, &publisher, &speaker, &body]
        .iter()
        .map(|id| format!("/v1/sources/{id}"))
        .chain([&original, &copy, &carrier].iter().map(|id| format!("/v1/documents/{id}")))
        .chain(["/v1/topics/talks".to_owned()])
        .collect();
    let status_of_all = async |expected: u16| {
        for path in &paths {
            app.anyone.get(path).await.expect(expected);
            app.other.get(path).await.expect(expected);
            app.reader.get(path).await.expect(200);
        }
    };
    status_of_all(404).await;
    app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);
    status_of_all(200).await;
    app.anyone.get(&format!("/v1/sources/{unrelated}")).await.expect(404);
    assert_eq!(app.anyone.get("/v1/sources").await.items().len(), 4);
    assert_eq!(app.anyone.get("/v1/documents").await.items().len(), 3);
    assert_eq!(app.anyone.get(&format!("/v1/sources/{speaker}")).await.body["note"], json!(null));
    assert_eq!(app.reader.get(&format!("/v1/sources/{speaker}")).await.body["note"], "ours");
    // The stored column is not a change of the record.
    assert_eq!(app.reader.get(&format!("/v1/sources/{owner}")).await.body["version"], 1);

    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.editor.patch(&format!("/v1/statements/{statement}"), &withdraw).await.expect(200);
    app.editor.patch(&format!("/v1/claims/{id}"), &withdraw).await.expect(200);
    status_of_all(404).await;
}

#[actix_web::test]
async fn a_verdicts_author_and_evidence_are_public_with_it() {
    let app = App::start().await;
    let author = app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "Pagella"}))).await;
    let first = app.editor.id_of_new("documents", document(json!({}))).await;
    let second = app.editor.id_of_new("documents", document(json!({}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let verdict = json!({
        "claim_id": id, "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "Yes.", "reviewed_on": "2023",
        "author_id": author, "status": "published", "evidence": [{"document_id": first, "bearing": "supports"}],
    });
    let path = format!("/v1/verdicts/{}", app.admin.id_of_new("verdicts", verdict).await);
    app.anyone.get(&format!("/v1/sources/{author}")).await.expect(200);
    app.anyone.get(&format!("/v1/documents/{first}")).await.expect(200);
    let changes = json!({"author_id": null, "evidence": [{"document_id": second, "bearing": "refutes"}]});
    let correction = json!({"reason": "our_error", "correction_note": "Misread.", "changes": changes});
    let successor = app.checker.post(&format!("{path}/correct"), &correction).await.expect(201);
    app.anyone.get(&format!("/v1/documents/{second}")).await.expect(404);
    for action in ["approve", "publish"] {
        app.editor.act(&format!("/v1/verdicts/{}/{action}", successor.id())).await.expect(200);
    }
    // The superseded verdict is public as before.
    app.anyone.get(&format!("/v1/sources/{author}")).await.expect(200);
    app.anyone.get(&format!("/v1/documents/{first}")).await.expect(200);
    app.anyone.get(&format!("/v1/documents/{second}")).await.expect(200);
    let retraction = json!({"reason": "Wrong from the beginning."});
    app.editor.post(&format!("/v1/verdicts/{}/retract", successor.id()), &retraction).await.expect(200);
    app.anyone.get(&format!("/v1/documents/{second}")).await.expect(404);
}

#[actix_web::test]
async fn a_retracted_verdicts_author_and_evidence_are_hidden_with_it() {
    let app = App::start().await;
    let author = app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "Pagella"}))).await;
    let first = app.editor.id_of_new("documents", document(json!({}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let verdict = json!({
        "claim_id": id, "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "Yes.", "reviewed_on": "2023",
        "author_id": author, "status": "published", "evidence": [{"document_id": first, "bearing": "supports"}],
    });
    let path = format!("/v1/verdicts/{}", app.admin.id_of_new("verdicts", verdict).await);
    app.anyone.get(&format!("/v1/documents/{first}")).await.expect(200);
    app.editor.post(&format!("{path}/retract"), &json!({"reason": "Wrong."})).await.expect(200);
    app.anyone.get(&format!("/v1/sources/{author}")).await.expect(404);
    app.anyone.get(&format!("/v1/documents/{first}")).await.expect(404);
}
