//! What a withdrawal leaves: tombstones, hidden sources and documents, and what still depends on them.

use serde_json::{Value, json};

use crate::support::{App, claim, document, postgres, source, statement, verdict};

fn withdrawn() -> Value {
    json!({"status": "withdrawn", "withdrawn_reason": "wrong"})
}

const TRUE: &str = "01890000-0000-7000-8000-000000000105";

#[actix_web::test]
async fn what_was_published_is_an_editors_to_change_also_when_it_is_hidden() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let peskov = app.checker.id_of_new("sources", source(json!({}))).await;
    let draft = app.checker.id_of_new("statements", statement(&id, &peskov, json!({}))).await;
    let said = app.editor.id_of_new("statements", statement(&id, &peskov, json!({"status": "published"}))).await;
    app.editor.patch(&format!("/v1/claims/{id}"), &withdrawn()).await.expect(200);
    let path = format!("/v1/statements/{said}");
    app.checker.patch(&path, &withdrawn()).await.problem(403, "needs the role editor");
    app.checker.patch(&path, &json!({"note": "x"})).await.expect(403);
    app.checker.delete(&path).await.expect(403);
    app.checker.patch(&format!("/v1/claims/{id}"), &json!({"context": "x"})).await.expect(403);
    app.checker.delete(&format!("/v1/statements/{draft}")).await.expect(204);
    app.editor.patch(&path, &withdrawn()).await.expect(200);
}

/// Who spoke stays in the dossier; everything else about a source that nothing public refers to does not.
#[actix_web::test]
async fn a_source_that_only_a_tombstone_shows_is_an_editors_to_change_and_shows_little() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let described = source(json!({"description": "secret", "aliases": ["secret"], "country": "RU", "note": "secret"}));
    let peskov = app.checker.id_of_new("sources", described).await;
    let said = app.editor.id_of_new("statements", statement(&id, &peskov, json!({"status": "published"}))).await;
    app.editor.patch(&format!("/v1/statements/{said}"), &withdrawn()).await.expect(200);
    let path = format!("/v1/sources/{peskov}");
    app.anyone.get(&path).await.expect(404);
    app.checker.patch(&path, &json!({"name": "Somebody else"})).await.problem(403, "needs the role editor");
    app.editor.patch(&path, &json!({"name": "Dmitry S. Peskov"})).await.expect(200);

    let dossier = format!("/v1/claims/{id}/dossier");
    for reader in [&app.anyone, &app.other] {
        let dossier = reader.get(&dossier).await.expect(200);
        let shown = &dossier.body["statements"][0]["source"];
        assert_eq!((&shown["name"], &shown["kind"]), (&json!("Dmitry S. Peskov"), &json!("person")));
        assert!(!dossier.text.contains("secret") && shown["country"].is_null(), "{shown:#}");
    }
    assert_eq!(app.reader.get(&dossier).await.body["statements"][0]["source"]["description"], "secret");
    // Where the public sees the source otherwise, it sees all of it.
    app.editor.create("statements", statement(&id, &peskov, json!({"status": "published"}))).await;
    assert_eq!(app.anyone.get(&dossier).await.body["statements"][0]["source"]["description"], "secret");
}

struct Hidden {
    app: App,
    claim: String,
    source: String,
    article: String,
    /// What made both public, until it is withdrawn.
    said: String,
}

/// A source and a document of one newsroom, public for now, and a public claim.
async fn hidden() -> Hidden {
    let app = App::start().await;
    let claim = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let source = app.editor.id_of_new("sources", source(json!({"name": "Ann"}))).await;
    let article = app.editor.id_of_new("documents", document(json!({}))).await;
    let shown = json!({"document_id": article, "status": "published"});
    let said = app.editor.id_of_new("statements", statement(&claim, &source, shown)).await;
    Hidden { app, claim, source, article, said }
}

impl Hidden {
    async fn hide(&self) {
        self.app.editor.patch(&format!("/v1/statements/{}", self.said), &withdrawn()).await.expect(200);
    }

    async fn stays_hidden(&self) {
        self.app.other.get(&format!("/v1/sources/{}", self.source)).await.expect(404);
        self.app.other.get(&format!("/v1/documents/{}", self.article)).await.expect(404);
    }
}

#[actix_web::test]
async fn a_dossier_shows_nothing_that_another_newsroom_has_hidden() {
    let hidden = hidden().await;
    let Hidden { app, claim, source, article, .. } = &hidden;
    let mine = statement(claim, source, json!({"document_id": article, "stance": "denies"}));
    let mine = app.other.id_of_new("statements", mine).await;
    hidden.hide().await;
    app.editor.patch(&format!("/v1/sources/{source}"), &json!({"description": "secret"})).await.expect(200);
    app.editor.patch(&format!("/v1/documents/{article}"), &json!({"title": "secret"})).await.expect(200);
    let dossier = app.other.get(&format!("/v1/claims/{claim}/dossier")).await.expect(200);
    let said = dossier.body["statements"].as_array().unwrap().iter().find(|one| one["id"] == mine).unwrap();
    assert_eq!((&said["source"], &said["document"]), (&Value::Null, &Value::Null));
    assert_eq!(said["source_id"], json!(source), "what was recorded stays");
    assert!(!dossier.text.contains("secret"));
    assert_eq!(dossier.body["summary_line"], "A source that is not public any more denies that the meeting took place");
    hidden.stays_hidden().await;
}

#[actix_web::test]
async fn publishing_does_not_show_what_another_newsroom_has_hidden() {
    let hidden = hidden().await;
    let Hidden { app, claim: id, source: ann, article, .. } = &hidden;
    let bob = app.other.id_of_new("sources", source(json!({"name": "Bob", "affiliation_id": ann}))).await;
    let copy = app.other.id_of_new("documents", document(json!({"derived_from_id": article}))).await;
    let own = app.other.id_of_new("claims", claim(json!({}))).await;
    let shown = app.other.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let mut drafts = Vec::new();
    for body in [
        statement(id, ann, json!({})),
        statement(id, &bob, json!({})),
        statement(&shown, &bob, json!({"on_behalf_of_id": ann})),
        statement(&own, &bob, json!({"document_id": copy})),
        statement(&own, &bob, json!({"appearances": [{"document_id": article}]})),
    ] {
        drafts.push(app.other.id_of_new("statements", body).await);
    }
    let rated = json!({"rating_id": TRUE, "summary": "So.", "reviewed_on": "2023", "author_id": ann});
    let judged = app.other.id_of_new("verdicts", verdict(id, rated)).await;
    let carl = app.other.id_of_new("sources", source(json!({"name": "Carl"}))).await;
    let standing = statement(&shown, &carl, json!({"status": "published"}));
    let standing = app.other.id_of_new("statements", standing).await;
    hidden.hide().await;

    let publish = json!({"status": "published"});
    for draft in &drafts[..3] {
        app.other.patch(&format!("/v1/statements/{draft}"), &publish).await.problem(409, "not public any more");
    }
    let admin = app.with_key(&postgres::key("other", "admin"));
    admin.patch(&format!("/v1/verdicts/{judged}"), &publish).await.problem(409, "not public any more");
    let new = statement(&shown, &bob, publish.clone());
    app.other.post("/v1/statements", &new).await.problem(409, "not public any more");
    let moved = json!({"source_id": bob, "correction_note": "it was Bob"});
    app.other.patch(&format!("/v1/statements/{standing}"), &moved).await.problem(409, "not public any more");
    let bundle = json!({"statements": [new]});
    app.other.post("/v1/bundles", &bundle).await.points_at(&[""]).problem(422, "The body cannot be recorded as it is");
    hidden.stays_hidden().await;

    let blocked = app.other.act(&format!("/v1/claims/{own}/publish")).await.expect(409);
    let named: Vec<_> =
        blocked.body["blockers"].as_array().unwrap().iter().map(|one| (&one["noun"], &one["id"])).collect();
    for (noun, id) in [("source", ann), ("document", article)] {
        assert!(named.contains(&(&json!(noun), &json!(id))), "{named:?}");
    }
    assert_eq!(named.len(), 2);
    app.other.get(&format!("/v1/claims/{own}")).await.expect(200);
    hidden.stays_hidden().await;
    // Its own newsroom may show it again.
    app.editor.create("statements", statement(id, ann, publish.clone())).await;
    app.other.patch(&format!("/v1/statements/{}", drafts[0]), &publish).await.expect(200);
}

#[actix_web::test]
async fn nothing_new_relies_on_a_statement_whose_claim_was_withdrawn() {
    let app = App::start().await;
    let gone = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let ann = app.editor.id_of_new("sources", source(json!({}))).await;
    let published = |claim: &str| statement(claim, &ann, json!({"status": "published"}));
    let relied = app.editor.id_of_new("statements", published(&gone)).await;
    let relying = json!({"relies_on": [{"statement_id": relied}]});
    let standing = app.editor.id_of_new("statements", published(&id)).await;
    let draft = app.editor.id_of_new("statements", statement(&id, &ann, relying.clone())).await;
    let before = json!({"relies_on": [{"statement_id": relied}], "status": "published"});
    let before = app.editor.id_of_new("statements", statement(&id, &ann, before)).await;
    app.editor.patch(&format!("/v1/claims/{gone}"), &withdrawn()).await.expect(200);

    app.editor.patch(&format!("/v1/statements/{standing}"), &relying).await.problem(409, "not public");
    app.editor
        .patch(&format!("/v1/statements/{draft}"), &json!({"status": "published"}))
        .await
        .problem(409, "not public");
    let new = statement(&id, &ann, json!({"status": "published", "relies_on": [{"statement_id": relied}]}));
    app.editor.post("/v1/statements", &new).await.problem(409, "not public");
    let bundle = json!({"statements": [new]});
    app.editor.post("/v1/bundles", &bundle).await.points_at(&["/statements/0/relies_on/0/statement_id"]);
    let blocked = app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(409);
    assert_eq!(blocked.body["blockers"][0]["id"], json!(relied));
    assert!(blocked.body["blockers"][0]["detail"].as_str().unwrap().contains("on a claim that was withdrawn"));
    // What relied on it before goes on doing so.
    app.editor.patch(&format!("/v1/statements/{before}"), &json!({"spoke_as": "Reporter"})).await.expect(200);
}

#[actix_web::test]
async fn a_tombstone_of_another_newsroom_freezes_the_claim() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let path = format!("/v1/claims/{id}");
    let (ours, theirs) = (
        app.editor.id_of_new("sources", source(json!({}))).await,
        app.other.id_of_new("sources", source(json!({}))).await,
    );
    let publish = json!({"status": "published"});
    let said = app.editor.id_of_new("statements", statement(&id, &ours, publish.clone())).await;
    app.editor.patch(&format!("/v1/statements/{said}"), &withdrawn()).await.expect(200);
    let draft = app.other.id_of_new("statements", statement(&id, &theirs, json!({}))).await;
    app.editor.patch(&path, &json!({"text": "It took place."})).await.expect(200);
    app.other.delete(&format!("/v1/statements/{draft}")).await.expect(204);

    let said = app.other.id_of_new("statements", statement(&id, &theirs, publish)).await;
    app.editor.patch(&path, &json!({"text": "It did not."})).await.problem(409, "frozen");
    app.other.patch(&format!("/v1/statements/{said}"), &withdrawn()).await.expect(200);
    for change in [json!({"text": "It did not."}), json!({"language": "it"})] {
        app.editor.patch(&path, &change).await.problem(409, "frozen");
    }
}

#[actix_web::test]
async fn a_withdrawn_statement_counts_for_nothing_in_lists_of_claims() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let said = app.editor.id_of_new("statements", statement(&id, &peskov, json!({"status": "published"}))).await;
    let filters = [format!("/v1/claims?source_id={peskov}"), "/v1/claims?stance=confirms".to_owned()];
    for filter in &filters {
        assert_eq!(app.reader.get(filter).await.ids(), [id.as_str()]);
    }
    app.editor.patch(&format!("/v1/statements/{said}"), &withdrawn()).await.expect(200);
    for filter in &filters {
        assert!(app.reader.get(filter).await.ids().is_empty(), "{filter}");
    }
}

#[actix_web::test]
async fn the_dossier_of_a_withdrawn_claim_is_the_same_whether_or_not_the_claim_is_a_part() {
    let app = App::start().await;
    let whole = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let part = claim(json!({"part_of_id": whole, "status": "published", "text": "It was short."}));
    let part = app.editor.id_of_new("claims", part).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    app.editor.create("statements", statement(&part, &peskov, json!({"status": "published"}))).await;
    app.editor.patch(&format!("/v1/claims/{part}"), &withdrawn()).await.expect(200);
    let own = app.reader.get(&format!("/v1/claims/{part}/dossier")).await.expect(200).body;
    assert_eq!(
        (&own["positions"]["supporting"], &own["summary_line"]),
        (&json!(1), &json!("Dmitry Peskov confirms that it was short"))
    );
    let above = app.reader.get(&format!("/v1/claims/{whole}/dossier")).await.expect(200).body;
    assert_eq!(above["summary_line"], "", "below another claim it does not count");
}

#[actix_web::test]
async fn publishing_a_claim_stops_at_a_withdrawn_part() {
    let app = App::start().await;
    let whole = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let part = app.editor.id_of_new("claims", claim(json!({"part_of_id": whole, "status": "published"}))).await;
    let below = app.editor.id_of_new("claims", claim(json!({"part_of_id": part}))).await;
    let beside = app.editor.id_of_new("claims", claim(json!({"part_of_id": whole}))).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let mut drafts = Vec::new();
    for id in [&part, &below, &beside] {
        drafts.push(app.editor.id_of_new("statements", statement(id, &peskov, json!({}))).await);
    }
    app.editor.patch(&format!("/v1/claims/{part}"), &withdrawn()).await.expect(200);
    let published = app.editor.act(&format!("/v1/claims/{whole}/publish")).await.expect(200);
    assert_eq!(published.body["published"], json!({"claims": 1, "statements": 1}));
    for (id, status) in [(&below, "draft"), (&beside, "published")] {
        assert_eq!(app.reader.get(&format!("/v1/claims/{id}")).await.body["status"], status);
    }
    for (id, status) in drafts.iter().zip(["draft", "draft", "published"]) {
        assert_eq!(app.reader.get(&format!("/v1/statements/{id}")).await.body["status"], status);
    }
}

#[actix_web::test]
async fn what_readers_were_told_of_a_correction_is_not_taken_back() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let draft = statement(&id, &peskov, json!({"correction_note": "early"}));
    let path = format!("/v1/statements/{}", app.editor.id_of_new("statements", draft).await);
    app.editor.patch(&path, &json!({"correction_note": null})).await.expect(200);
    app.editor.patch(&path, &json!({"status": "published"})).await.expect(200);
    app.editor.patch(&path, &json!({"correction_note": null})).await.expect(200);
    app.editor.patch(&path, &json!({"stance": "denies", "correction_note": "We misread it."})).await.expect(200);
    app.editor.patch(&path, &json!({"correction_note": null})).await.points_at(&["/correction_note"]);
    app.editor.patch(&path, &json!({"correction_note": "We had misread it."})).await.expect(200);
}
