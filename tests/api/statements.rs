use serde_json::{Value, json};

use crate::support::{App, claim, document, source, statement, verdict, with};

struct Story {
    app: App,
    claim: String,
    source: String,
}

async fn story() -> Story {
    let app = App::start().await;
    let claim = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    Story { app, claim, source }
}

impl Story {
    fn statement(&self, changes: Value) -> Value {
        statement(&self.claim, &self.source, changes)
    }

    async fn published(&self, changes: Value) -> String {
        self.app.editor.id_of_new("statements", with(self.statement(json!({"status": "published"})), changes)).await
    }
}

#[actix_web::test]
async fn a_statement_keeps_all_that_is_recorded() {
    let story = story().await;
    let app = &story.app;
    let first = app.checker.id_of_new("documents", document(json!({}))).await;
    let second = app.checker.id_of_new("documents", document(json!({}))).await;
    let kremlin = app.checker.id_of_new("sources", source(json!({"kind": "government", "name": "Kremlin"}))).await;
    let relied = app.checker.id_of_new("statements", story.statement(json!({"stance": "asserts"}))).await;
    let sent = story.statement(json!({
        "stance": "partly_confirms", "spoke_as": "Kremlin spokesman", "on_behalf_of_id": kremlin,
        "quote": "contiene alcune inesattezze", "quote_language": "it", "quote_kind": "translated",
        "translation": "contains some inaccuracies", "said_on": "2023-10", "document_id": first, "locator": "p. 2",
        "appearances": [{"document_id": second, "locator": "00:12"}],
        "relies_on": [{"statement_id": relied, "wording": "citing"}],
        "status": "draft", "withdrawn_reason": null, "correction_note": null, "note": "ask again",
    }));
    let made = app.checker.post("/v1/statements", &sent).await.expect(201);
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[member], value, "{member}");
    }
    let path = format!("/v1/statements/{}", made.id());
    assert_eq!(app.reader.get(&path).await.expect(200).body, made.body);

    let changed = app.checker.patch(&path, &json!({"appearances": null, "quote": null, "quote_language": null, "quote_kind": null, "translation": null})).await.expect(200);
    assert_eq!((&changed.body["appearances"], &changed.body["quote"]), (&json!([]), &Value::Null));
    assert_eq!(changed.body["version"], 2);
    assert_eq!(changed.body["relies_on"], made.body["relies_on"]);

    app.editor.delete(&format!("/v1/statements/{relied}")).await.problem(409, "rely on this statement");
    app.checker.delete(&path).await.expect(204);
    app.checker.delete(&format!("/v1/statements/{relied}")).await.expect(204);
}

#[actix_web::test]
async fn a_quote_is_whole_and_a_list_names_nothing_twice() {
    let story = story().await;
    let app = &story.app;
    let document = app.checker.id_of_new("documents", document(json!({}))).await;
    let other = app.checker.id_of_new("statements", story.statement(json!({}))).await;
    let nobody = "01900000-0000-7000-8000-00000000ffff";
    for (changes, pointer) in [
        (json!({"quote": "sì", "quote_kind": "verbatim"}), "/quote_language"),
        (json!({"quote": "sì", "quote_language": "it"}), "/quote_kind"),
        (json!({"translation": "yes"}), "/translation"),
        (json!({"withdrawn_reason": "no"}), "/withdrawn_reason"),
        (json!({"stance": "agrees"}), "/stance"),
        (json!({"said_on": "2023-13"}), "/said_on"),
        (json!({"claim_id": nobody}), "/claim_id"),
        (json!({"source_id": nobody}), "/source_id"),
        (json!({"on_behalf_of_id": nobody}), "/on_behalf_of_id"),
        (json!({"document_id": nobody}), "/document_id"),
        (json!({"appearances": [{"document_id": nobody}]}), "/appearances/0/document_id"),
        (json!({"appearances": [{"document_id": document}, {"document_id": document}]}), "/appearances/1/document_id"),
        (json!({"relies_on": [{"statement_id": other}, {"statement_id": other}]}), "/relies_on/1/statement_id"),
        (json!({"relies_on": [{"statement_id": nobody}]}), "/relies_on/0/statement_id"),
    ] {
        app.checker.post("/v1/statements", &story.statement(changes)).await.points_at(&[pointer]);
    }
    let path = format!("/v1/statements/{other}");
    app.checker.patch(&path, &json!({"relies_on": [{"statement_id": other}]})).await.points_at(&["/relies_on"]);
    assert_eq!(app.count("statements").await, 1);
}

#[actix_web::test]
async fn nothing_describes_a_quote_that_is_not_there() {
    let story = story().await;
    let app = &story.app;
    let described = story.statement(json!({"quote_language": "it", "quote_kind": "verbatim"}));
    let both = ["/quote_kind", "/quote_language"];
    app.checker.post("/v1/statements", &described).await.points_at(&both);
    app.checker.post("/v1/statements", &story.statement(json!({"quote_kind": "verbatim"}))).await.points_at(&both[..1]);
    let bundled = app.checker.post("/v1/bundles", &json!({"statements": [described]})).await;
    bundled.points_at(&["/statements/0/quote_kind", "/statements/0/quote_language"]);
    let quoted = json!({"quote": "sì", "quote_language": "it", "quote_kind": "verbatim", "translation": "yes"});
    let path = format!("/v1/statements/{}", app.checker.id_of_new("statements", story.statement(quoted)).await);
    app.checker.patch(&path, &json!({"quote": null, "translation": null})).await.points_at(&both);
    let nothing = json!({"quote": null, "quote_language": null, "quote_kind": null, "translation": null});
    app.checker.patch(&path, &nothing).await.expect(200);
}

#[actix_web::test]
async fn a_circle_of_reliance_is_recorded_as_it_is() {
    let story = story().await;
    let app = &story.app;
    let one = app.checker.id_of_new("statements", story.statement(json!({"stance": "reports"}))).await;
    let relying = json!({"stance": "reports", "relies_on": [{"statement_id": one, "wording": "citing"}]});
    let two = app.checker.id_of_new("statements", story.statement(relying)).await;
    let circle = json!({"relies_on": [{"statement_id": two, "wording": "according to"}]});
    app.checker.patch(&format!("/v1/statements/{one}"), &circle).await.expect(200);
    let published = app.editor.act(&format!("/v1/claims/{}/publish", story.claim)).await.expect(200);
    assert_eq!(published.body["published"]["statements"], 2);
}

#[actix_web::test]
async fn a_published_statement_refers_to_published_ones_only() {
    let story = story().await;
    let app = &story.app;
    let hidden = app.editor.id_of_new("claims", claim(json!({}))).await;
    let on_draft = statement(&hidden, &story.source, json!({"status": "published"}));
    app.editor.post("/v1/statements", &on_draft).await.problem(409, "claim");
    let draft = app.editor.id_of_new("statements", story.statement(json!({}))).await;
    let relying = story.statement(json!({"relies_on": [{"statement_id": draft}], "status": "published"}));
    app.editor.post("/v1/statements", &relying).await.problem(409, "relies on");
    let published = story.published(json!({})).await;
    let path = format!("/v1/statements/{published}");
    app.editor.patch(&path, &json!({"relies_on": [{"statement_id": draft}]})).await.problem(409, "relies on");
    app.editor.patch(&path, &json!({"claim_id": hidden, "correction_note": "moved"})).await.problem(409, "claim");
}

#[actix_web::test]
async fn a_change_of_what_was_published_says_what_is_corrected() {
    let story = story().await;
    let app = &story.app;
    let quote = json!({"quote": "sì", "quote_language": "it", "quote_kind": "verbatim"});
    let path = format!("/v1/statements/{}", story.published(quote).await);
    let other = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let kremlin = app.editor.id_of_new("sources", source(json!({"name": "Kremlin"}))).await;
    for change in [
        json!({"stance": "denies"}),
        json!({"claim_id": other}),
        json!({"source_id": kremlin}),
        json!({"quote": "no"}),
        json!({"quote_language": "fr"}),
        json!({"quote_kind": "paraphrase"}),
        json!({"translation": "yes"}),
    ] {
        app.editor.patch(&path, &change).await.points_at(&["/correction_note"]);
        let noted = with(change, json!({"correction_note": "We had misread it."}));
        let corrected = app.editor.patch(&path, &noted).await.expect(200);
        assert_eq!(corrected.body["correction_note"], "We had misread it.");
    }
    let uncorrected = app.editor.patch(&path, &json!({"spoke_as": "Spokesman"})).await.expect(200);
    assert_eq!(uncorrected.body["spoke_as"], "Spokesman");
    // The last note does not stand for the next correction.
    app.editor.patch(&path, &json!({"stance": "confirms"})).await.points_at(&["/correction_note"]);
}

#[actix_web::test]
async fn a_withdrawn_statement_is_a_tombstone() {
    let story = story().await;
    let app = &story.app;
    let quote = json!({"quote": "sì", "quote_language": "it", "quote_kind": "verbatim", "said_on": "2023-10-02", "note": "ours"});
    let id = story.published(quote).await;
    let relying = story.published(json!({"stance": "reports", "relies_on": [{"statement_id": id}]})).await;
    let (path, relying) = (format!("/v1/statements/{id}"), format!("/v1/statements/{relying}"));
    app.editor.patch(&path, &json!({"status": "withdrawn"})).await.points_at(&["/withdrawn_reason"]);
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "Somebody else said it."});
    app.checker.patch(&path, &withdraw).await.expect(403);
    app.editor.patch(&path, &withdraw).await.expect(200);
    let gone = app.anyone.get(&path).await.problem(410, "Somebody else said it");
    assert!(!gone.text.contains("sì"));
    assert_eq!(app.reader.get(&path).await.expect(200).body["quote"], "sì");
    assert_eq!(app.anyone.get("/v1/statements").await.items().len(), 1, "it is in no public list");

    let dossier = app.anyone.get(&format!("/v1/claims/{}/dossier", story.claim)).await.expect(200);
    let tombstone = dossier.body["statements"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(tombstone["withdrawn_reason"], "Somebody else said it.");
    assert_eq!((&tombstone["stance"], &tombstone["said_on"]), (&json!("confirms"), &json!("2023-10-02")));
    assert_eq!(tombstone["source"]["name"], "Dmitry Peskov");
    assert_eq!((&tombstone["quote"], &tombstone["note"]), (&Value::Null, &Value::Null));
    assert_eq!(dossier.body["positions"]["supporting"], 0);

    // What relied on it goes on doing so; nothing new begins to.
    app.editor.patch(&relying, &json!({"spoke_as": "Reporter"})).await.expect(200);
    let new = story.statement(json!({"relies_on": [{"statement_id": id}], "status": "published"}));
    app.editor.post("/v1/statements", &new).await.expect(409);
    app.editor.patch(&path, &json!({"note": "new"})).await.problem(409, "stays as it is");
    app.editor.delete(&path).await.expect(409);
}

#[actix_web::test]
async fn a_note_is_the_newsrooms_own_and_evidence_is_not() {
    let story = story().await;
    let app = &story.app;
    let id = story.published(json!({"note": "for us"})).await;
    let path = format!("/v1/statements/{id}");
    assert_eq!(app.reader.get(&path).await.body["note"], "for us");
    for reader in [&app.anyone, &app.other] {
        assert_eq!(reader.get(&path).await.expect(200).body["note"], Value::Null);
        let list = reader.get("/v1/statements").await.expect(200);
        assert_eq!(list.items()[0]["note"], Value::Null);
        let dossier = reader.get(&format!("/v1/claims/{}/dossier", story.claim)).await.expect(200);
        assert!(!dossier.text.contains("for us"));
    }
    let cited = json!({
        "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "Yes.", "reviewed_on": "2023", "status": "published",
        "evidence": [{"statement_id": id, "bearing": "supports", "note": "for all"}],
    });
    let verdict = story.app.admin.id_of_new("verdicts", verdict(&story.claim, cited)).await;
    let read = app.anyone.get(&format!("/v1/verdicts/{verdict}")).await.expect(200);
    assert_eq!(read.body["evidence"][0]["note"], "for all");
}
