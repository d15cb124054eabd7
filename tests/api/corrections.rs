//! What was published is corrected by a successor or retracted, and the dossier says so.

use serde_json::{Value, json};

use crate::review::{correct, correction, desk, id, reject};
use crate::support::{claim, source, statement, with};
use crate::verdicts::complete;

#[actix_web::test]
async fn a_correction_is_a_successor_that_takes_its_place() {
    let desk = desk().await;
    let app = &desk.app;
    let document = app.checker.id_of_new("documents", crate::support::document(json!({}))).await;
    let cited = json!([{"statement_id": null, "document_id": document, "bearing": "supports", "note": "It says so."}]);
    let old = desk.published(json!({"title": "It took place", "evidence": cited})).await;
    let before = app.anyone.get(&old).await.expect(200);
    let refused = json!({"claim_id": desk.claim, "status": "draft", "version": 7});
    app.checker.post(&format!("{old}/correct"), &correction(refused)).await.points_at(&[
        "/changes/version",
        "/changes/claim_id",
        "/changes/status",
    ]);
    app.checker.post(&format!("{old}/correct"), &correction(json!({}))).await.points_at(&["/changes"]);
    let stands = app.checker.get(&old).await.expect(200).body;
    let same = json!({"summary": stands["summary"], "rating_id": stands["rating_id"]});
    app.checker.post(&format!("{old}/correct"), &correction(same)).await.points_at(&["/changes"]);
    app.checker
        .post(&format!("{old}/correct"), &correction(json!({"summary": null})))
        .await
        .points_at(&["/changes/summary"]);
    app.checker
        .post(&format!("{old}/correct"), &correction(json!({"colour": 1})))
        .await
        .points_at(&["/changes/colour"]);
    app.checker.post(&format!("{old}/correct"), &json!({"reason": "mood"})).await.expect(422);
    app.other.post(&format!("{old}/correct"), &correction(json!({"title": "x"}))).await.expect(403);

    let rating = "01890000-0000-7000-8000-000000000104";
    let new = correct(&app.editor, &old, json!({"rating_id": rating, "title": "It may have taken place"})).await;
    let made = app.reader.get(&new).await.expect(200).body;
    assert_eq!((&made["status"], &made["supersedes_id"]), (&json!("in_review"), &before.body["id"]));
    assert_eq!((&made["correction_reason"], &made["correction_note"]), (&json!("our_error"), &json!("We misread it.")));
    assert_eq!((&made["summary"], &made["evidence"]), (&before.body["summary"], &cited), "the rest is as it was");
    app.anyone.get(&new).await.expect(404);
    let meanwhile = app.anyone.get(&old).await.expect(200).body;
    assert_eq!(meanwhile, with(before.body.clone(), json!({"under_review": true})), "nothing else changed");
    let second = app.checker.post(&format!("{old}/correct"), &correction(json!({"title": "x"}))).await;
    assert_eq!(second.problem(409, "open already").body["existing_id"], made["id"]);

    app.editor.act(&format!("{new}/approve")).await.problem(403, "four eyes");
    reject(&desk.second, &new).await.expect(200);
    assert_eq!(app.anyone.get(&old).await.body["under_review"], false, "nobody is reading a correction");
    app.checker.act(&format!("{new}/submit")).await.expect(200);
    desk.second.act(&format!("{new}/approve")).await.expect(200);
    desk.second.act(&format!("{new}/publish")).await.expect(200);

    let superseded = app.anyone.get(&old).await.expect(200).body;
    assert_eq!((&superseded["status"], &superseded["under_review"]), (&json!("superseded"), &json!(false)));
    for (name, member) in before.body.as_object().unwrap() {
        if !["status", "version", "updated_at"].contains(&name.as_str()) {
            assert_eq!(&superseded[name], member, "{name}");
        }
    }
    assert_eq!(desk.actions(&old).await.last().unwrap(), "superseded");
    let by_rating = async |rating: &str| app.anyone.get(&format!("/v1/claims?rating_id={rating}")).await.items().len();
    assert_eq!((by_rating(rating).await, by_rating(crate::verdicts::TRUE).await), (1, 0));
    app.editor.patch(&format!("/v1/claims/{}", desk.claim), &json!({"text": "Else."})).await.problem(409, "frozen");

    let dossier = desk.dossier(&app.anyone).await;
    assert_eq!(dossier["verdicts"].as_array().unwrap().len(), 1);
    assert_eq!(dossier["verdicts"][0]["id"], made["id"]);
    let listed = &dossier["corrections"][0];
    assert_eq!(
        (&listed["kind"], &listed["id"], &listed["successor_id"]),
        (&json!("verdict_superseded"), &before.body["id"], &made["id"])
    );
    assert_eq!((&listed["reason"], &listed["note"]), (&json!("our_error"), &json!("We misread it.")));
    assert_eq!(
        (&listed["rating"]["slug"], &listed["successor_rating"]["slug"]),
        (&json!("true"), &json!("mostly_true"))
    );
    assert_eq!(listed["corrected_at"], superseded["updated_at"]);
}

#[actix_web::test]
async fn a_rejected_correction_can_be_changed_or_dropped() {
    let desk = desk().await;
    let app = &desk.app;
    let old = desk.published(json!({})).await;
    let new = correct(&app.checker, &old, json!({"title": "Mended"})).await;
    reject(&app.editor, &new).await.expect(200);
    app.checker.patch(&new, &json!({"correction_note": "Clearer.", "correction_reason": "wording"})).await.expect(200);
    app.checker.delete(&new).await.expect(204);
    let again = correct(&app.checker, &old, json!({"title": "Mended again"})).await;
    // Retracted meanwhile, nothing takes its place.
    app.editor.act(&format!("{again}/approve")).await.expect(200);
    app.editor.post(&format!("{old}/retract"), &json!({"reason": "Wrong."})).await.expect(200);
    app.editor.act(&format!("{again}/publish")).await.problem(409, "retracted");
}

#[actix_web::test]
async fn without_four_eyes_an_editors_correction_is_published_at_once() {
    let desk = desk().await;
    let app = &desk.app;
    app.admin.patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &json!({"four_eyes": false})).await.expect(200);
    let old = desk.published(json!({})).await;
    let new = correct(&app.editor, &old, json!({"title": "Mended"})).await;
    assert_eq!((desk.status(&old).await.as_str(), desk.status(&new).await.as_str()), ("superseded", "published"));
    // By a key that may not publish, an editor's waits as well.
    let members = app.admin.get("/v1/members?limit=200").await;
    let editor = members.items().iter().find(|one| one["name"] == "editor").unwrap()["id"].as_str().unwrap();
    let records = json!({"member_id": editor, "name": "records", "scopes": ["read", "record"]});
    let records = app.with_key(app.admin.create("api-keys", records).await["key"].as_str().unwrap());
    let waits = correct(&records, &new, json!({"title": "Mended by a key"})).await;
    assert_eq!((desk.status(&new).await.as_str(), desk.status(&waits).await.as_str()), ("published", "in_review"));
    app.editor.delete(&waits).await.expect(204);
    // A checker's waits for an editor: nothing becomes public without one.
    let next = correct(&app.checker, &new, json!({"title": "Mended again"})).await;
    assert_eq!((desk.status(&new).await.as_str(), desk.status(&next).await.as_str()), ("published", "in_review"));
    app.editor.act(&format!("{next}/publish")).await.expect(200);
    let dossier = desk.dossier(&app.anyone).await;
    let listed: Vec<_> =
        dossier["corrections"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(listed, [id(&new), id(&old)], "newest first");
    let corrected = app.editor.post(&format!("{old}/correct"), &correction(json!({"title": "x"}))).await;
    assert_eq!(corrected.expect(409).body["existing_id"].as_str(), Some(id(&next)), "the current one");
}

#[actix_web::test]
async fn a_retracted_verdict_is_gone_with_its_reason() {
    let desk = desk().await;
    let app = &desk.app;
    let path = desk.published(json!({"title": "Secret"})).await;
    app.checker.post(&format!("{path}/retract"), &json!({"reason": "Wrong."})).await.expect(403);
    app.editor.act(&format!("{path}/retract")).await.points_at(&["/reason"]);
    let retracted = app.editor.post(&format!("{path}/retract"), &json!({"reason": "Wrong."})).await.expect(200);
    assert_eq!(
        (&retracted.body["status"], &retracted.body["retraction_reason"]),
        (&json!("retracted"), &json!("Wrong."))
    );
    for client in [&app.anyone, &app.other] {
        let gone = client.get(&path).await.problem(410, "retracted: Wrong.");
        assert_eq!(gone.body["withdrawn_reason"], "Wrong.");
        let dossier = desk.dossier(client).await;
        assert_eq!(dossier["verdicts"], json!([]));
        let tombstone = &dossier["corrections"][0];
        assert_eq!((&tombstone["kind"], &tombstone["note"]), (&json!("verdict_retracted"), &json!("Wrong.")));
        assert_eq!((&tombstone["id"], &tombstone["rating"]), (&json!(id(&path)), &Value::Null));
        assert!(!dossier.to_string().contains("Secret"));
        assert!(client.get("/v1/verdicts").await.items().is_empty());
    }
    app.reader.get(&path).await.expect(200);
    app.other.post(&format!("{path}/retract"), &json!({"reason": "x"})).await.expect(410);
}

#[actix_web::test]
async fn a_dossier_lists_what_was_corrected_in_statements() {
    let desk = desk().await;
    let app = &desk.app;
    let part = json!({"part_of_id": desk.claim, "status": "published"});
    let part = app.editor.id_of_new("claims", claim(part)).await;
    let source = app.editor.id_of_new("sources", source(json!({}))).await;
    let published = json!({"status": "published"});
    let withdrawn = app.editor.id_of_new("statements", statement(&part, &source, published.clone())).await;
    let corrected = app.editor.id_of_new("statements", statement(&desk.claim, &source, published)).await;
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "Never said."});
    app.editor.patch(&format!("/v1/statements/{withdrawn}"), &withdraw).await.expect(200);
    let change = json!({"stance": "disputes", "correction_note": "Mistranslated."});
    app.editor.patch(&format!("/v1/statements/{corrected}"), &change).await.expect(200);
    // One correction does not take the place of another, and a change of anything else is none.
    let again = json!({"stance": "denies", "correction_note": "Still mistranslated."});
    app.editor.patch(&format!("/v1/statements/{corrected}"), &again).await.expect(200);
    app.editor.patch(&format!("/v1/statements/{corrected}"), &json!({"locator": "p. 2"})).await.expect(200);
    let dossier = desk.dossier(&app.anyone).await;
    let listed: Vec<_> = dossier["corrections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["kind"], one["id"], one["claim_id"], one["note"]]))
        .collect();
    assert_eq!(
        json!(listed),
        json!([
            ["statement_corrected", corrected, desk.claim, "Still mistranslated."],
            ["statement_corrected", corrected, desk.claim, "Mistranslated."],
            ["statement_withdrawn", withdrawn, part, "Never said."]
        ])
    );
}

/// What a bundle brings may have been corrected before.
#[actix_web::test]
async fn a_bundle_brings_a_chain_of_corrections() {
    let desk = desk().await;
    let app = &desk.app;
    let item = |name: &str, supersedes: Value| {
        let document = json!({"document_id": "#d", "bearing": "supports"});
        with(
            complete(json!({"claim_id": desk.claim, "ref": name, "supersedes_id": supersedes})),
            json!({"evidence": [document]}),
        )
    };
    let bundle = json!({
        "documents": [{"ref": "d", "kind": "article", "title": "Talks"}],
        "verdicts": [item("third", json!("#second")), item("second", json!("#first")), item("first", Value::Null)],
    });
    let ids = app.admin.post("/v1/bundles", &bundle).await.expect(201).body["ids"].clone();
    let status = async |name: &str| desk.status(&format!("/v1/verdicts/{}", ids[name].as_str().unwrap())).await;
    assert_eq!(
        [status("first").await, status("second").await, status("third").await],
        ["superseded", "superseded", "published"]
    );
}
