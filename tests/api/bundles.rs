use serde_json::{Value, json};

use crate::support::{App, document, source};

/// A small whole story: refs in every direction, a circle of reliance included.
fn story() -> Value {
    json!({
        "verdicts": [{"ref": "v", "claim_id": "#talks", "evidence": [{"statement_id": "#a", "bearing": "supports"}]}],
        "statements": [
            {"ref": "a", "claim_id": "#talks", "source_id": "#peskov", "stance": "reports", "document_id": "#article",
             "relies_on": [{"statement_id": "#b", "wording": "citing"}]},
            {"ref": "b", "claim_id": "#part", "source_id": "#kremlin", "stance": "reports",
             "relies_on": [{"statement_id": "#a", "wording": null}]},
        ],
        "claims": [
            {"ref": "part", "text": "They were short.", "language": "en", "part_of_id": "#talks"},
            {"ref": "talks", "text": "There were talks.", "language": "en"},
        ],
        "documents": [{"ref": "article", "kind": "article", "url": "https://example.org/a", "publisher_id": "#paper"}],
        "sources": [
            {"ref": "peskov", "kind": "person", "name": "Dmitry Peskov", "affiliation_id": "#kremlin"},
            {"ref": "kremlin", "kind": "government", "name": "Kremlin", "wikidata_id": "Q133274"},
            {"ref": "paper", "kind": "publication", "name": "AgenPress"},
        ],
    })
}

async fn counts(app: &App) -> [i64; 5] {
    let mut counts = [0; 5];
    for (count, table) in counts.iter_mut().zip(["sources", "documents", "claims", "statements", "verdicts"]) {
        *count = app.count(table).await;
    }
    counts
}

#[actix_web::test]
async fn a_whole_story_is_recorded_in_one_request() {
    let app = App::start().await;
    let made = app.checker.post("/v1/bundles", &story()).await.expect(201);
    assert_eq!(
        made.body["created"],
        json!({"sources": 3, "documents": 1, "claims": 2, "statements": 2, "verdicts": 1})
    );
    assert_eq!(made.body["reused"], json!({"sources": [], "documents": []}));
    let id = |name: &str| made.body["ids"][name].as_str().unwrap().to_owned();
    assert_eq!(made.body["ids"].as_object().unwrap().len(), 9);
    let a = app.reader.get(&format!("/v1/statements/{}", id("a"))).await.expect(200).body;
    assert_eq!((&a["source_id"], &a["claim_id"]), (&json!(id("peskov")), &json!(id("talks"))));
    assert_eq!(a["relies_on"], json!([{"statement_id": id("b"), "wording": "citing"}]));
    let verdict = app.reader.get(&format!("/v1/verdicts/{}", id("v"))).await.expect(200).body;
    assert_eq!(verdict["evidence"][0]["statement_id"], id("a"));
    let part = app.reader.get(&format!("/v1/claims/{}", id("part"))).await.expect(200).body;
    assert_eq!(part["part_of_id"], id("talks"));
}

#[actix_web::test]
async fn a_story_sent_again_reuses_sources_and_documents() {
    let app = App::start().await;
    let first = app.checker.post("/v1/bundles", &story()).await.expect(201);
    let again = app.checker.post("/v1/bundles", &story()).await.expect(201);
    assert_eq!(again.body["reused"], json!({"sources": ["peskov", "kremlin", "paper"], "documents": ["article"]}));
    assert_eq!(again.body["created"]["sources"], 0);
    for name in ["peskov", "kremlin", "paper", "article"] {
        assert_eq!(again.body["ids"][name], first.body["ids"][name], "{name}");
    }
    assert_ne!(again.body["ids"]["talks"], first.body["ids"]["talks"]);
    assert_eq!(counts(&app).await, [3, 1, 4, 4, 2]);
}

#[actix_web::test]
async fn only_what_is_certainly_the_same_is_reused() {
    let app = App::start().await;
    let sources = |list: Value| json!({"sources": list});
    let reused = async |client: &crate::support::Client, list: Value| {
        let made = client.post("/v1/bundles", &sources(list)).await.expect(201);
        made.body["reused"]["sources"].clone()
    };
    let strasse = json!({"kind": "person", "name": "Hans Straße"});
    assert_eq!(reused(&app.checker, json!([strasse])).await, json!([]));
    // Full case folding, NFC; named by pointer where there is no ref.
    assert_eq!(reused(&app.checker, json!([{"kind": "person", "name": "HANS STRASSE"}])).await, json!(["/sources/0"]));
    assert_eq!(reused(&app.checker, json!([{"kind": "organization", "name": "Hans Straße"}])).await, json!([]));
    assert_eq!(reused(&app.other, json!([strasse])).await, json!([]), "names are the own newsroom's only");
    let unnamed = json!({"kind": "unnamed", "name": "a diplomat"});
    assert_eq!(reused(&app.checker, json!([unnamed, unnamed])).await, json!([]));
    assert_eq!(reused(&app.checker, json!([unnamed])).await, json!([]));
    // Two of the same name: nobody knows which.
    app.checker.create("sources", source(json!({"name": "Hans Straße"}))).await;
    assert_eq!(reused(&app.checker, json!([strasse])).await, json!([]));
    // Of one name, with different Wikidata items: two people.
    let one = json!({"kind": "person", "name": "Ann", "wikidata_id": "Q1"});
    let two = json!({"kind": "person", "name": "Ann", "wikidata_id": "Q2"});
    assert_eq!(reused(&app.checker, json!([one, two])).await, json!([]));
    assert_eq!(reused(&app.checker, json!([two])).await, json!(["/sources/0"]));
}

#[actix_web::test]
async fn twice_in_one_bundle_is_one_record_with_two_refs() {
    let app = App::start().await;
    let body = json!({
        "sources": [
            {"ref": "one", "kind": "person", "name": "Dmitry Peskov"},
            {"ref": "two", "kind": "person", "name": "dmitry peskov"},
        ],
        "documents": [
            {"ref": "a", "kind": "article", "url": "https://example.org/a"},
            {"ref": "b", "kind": "article", "url": "https://EXAMPLE.org/a#top", "publisher_id": "#two"},
        ],
    });
    let made = app.checker.post("/v1/bundles", &body).await.expect(201);
    assert_eq!(made.body["ids"]["one"], made.body["ids"]["two"]);
    assert_eq!(made.body["ids"]["a"], made.body["ids"]["b"]);
    assert_eq!(counts(&app).await, [1, 1, 0, 0, 0]);
}

#[actix_web::test]
async fn another_newsrooms_public_document_is_reused() {
    let app = App::start().await;
    let article = app.other.id_of_new("documents", document(json!({"url": "https://example.org/a"}))).await;
    let bundle = json!({"documents": [{"ref": "a", "kind": "article", "url": "https://example.org/a"}]});
    let made = app.checker.post("/v1/bundles", &bundle).await.expect(201);
    assert_ne!(made.body["ids"]["a"], json!(article), "it is not public yet");

    let shown = json!({
        "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
        "documents": [{"ref": "d", "kind": "article", "url": "https://example.org/b"}],
        "claims": [{"ref": "c", "text": "A claim.", "language": "en", "status": "published"}],
        "statements": [{"claim_id": "#c", "source_id": "#s", "stance": "asserts", "document_id": "#d", "status": "published"}],
    });
    let theirs = app.other.post("/v1/bundles", &shown).await.expect(201);
    let bundle = json!({"documents": [{"ref": "d", "kind": "article", "url": "https://example.org/b"}]});
    let made = app.checker.post("/v1/bundles", &bundle).await.expect(201);
    assert_eq!(made.body["ids"]["d"], theirs.body["ids"]["d"]);
    assert_eq!(made.body["reused"]["documents"], json!(["d"]));
}

#[actix_web::test]
async fn every_bad_item_is_named_and_nothing_is_recorded() {
    let app = App::start().await;
    let body = json!({
        "sources": [
            {"ref": "s", "kind": "alien", "name": "X"},
            {"ref": "s", "kind": "person", "name": ""},
            {"kind": "person", "name": "ok", "affiliation_id": "#nobody"},
            {"kind": "person", "name": "ok", "affiliation_id": "#c"},
            7,
        ],
        "claims": [{"ref": "c", "text": "A claim.", "language": "xx-nonsense", "unknown": 1}],
        "statements": [
            {"claim_id": "#c", "source_id": "01900000-0000-7000-8000-00000000ffff", "stance": "asserts", "quote": "q"},
            {"claim_id": "c", "source_id": "#s", "stance": "asserts"},
            {"claim_id": "#c", "source_id": "01900000-0000-7000-8000-00000000ffff", "stance": "asserts"},
        ],
        "verdicts": [{"claim_id": "#c", "status": "published"}],
        "extra": [],
    });
    let refused = app.admin.post("/v1/bundles", &body).await.expect(422);
    for pointer in [
        "/extra",
        "/sources/0/kind",
        "/sources/1/ref",
        "/sources/1/name",
        "/sources/2/affiliation_id",
        "/sources/3/affiliation_id",
        "/sources/4",
        "/claims/0/unknown",
        "/statements/0/quote_language",
        "/statements/2/source_id",
        "/statements/1/claim_id",
        "/verdicts/0/rating_id",
    ] {
        assert!(refused.pointers().contains(&pointer), "{pointer} is missing in {:#}", refused.body["errors"]);
    }
    assert_eq!(counts(&app).await, [0; 5]);
}

/// What would be a conflict alone is a fault of its item here.
#[actix_web::test]
async fn conflicts_within_a_bundle_point_at_their_items() {
    let app = App::start().await;
    for (change, pointer) in [
        (
            json!({"claims": [{"ref": "c", "text": "A", "language": "en", "part_of_id": "#d"}, {"ref": "d", "text": "B", "language": "en", "part_of_id": "#c"}]}),
            "/claims/0/part_of_id",
        ),
        (json!({"claims": [{"ref": "c", "text": "A", "language": "en", "part_of_id": "#c"}]}), "/claims/0/part_of_id"),
        (
            json!({"claims": [{"text": "A", "language": "en", "status": "withdrawn", "withdrawn_reason": "x"}]}),
            "/claims/0/status",
        ),
        (
            json!({"sources": [{"ref": "s", "kind": "person", "name": "Ann", "affiliation_id": "#s"}]}),
            "/sources/0/affiliation_id",
        ),
        (
            json!({
                "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
                "claims": [{"ref": "c", "text": "A", "language": "en"}],
                "statements": [{"claim_id": "#c", "source_id": "#s", "stance": "asserts", "status": "published"}],
            }),
            "/statements/0/claim_id",
        ),
        (
            json!({
                "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
                "claims": [{"ref": "c", "text": "A", "language": "en", "status": "published"}],
                "statements": [
                    {"ref": "draft", "claim_id": "#c", "source_id": "#s", "stance": "asserts"},
                    {"claim_id": "#c", "source_id": "#s", "stance": "reports", "status": "published", "relies_on": [{"statement_id": "#draft"}]},
                ],
            }),
            "/statements/1/relies_on/0/statement_id",
        ),
        (
            json!({
                "claims": [{"ref": "c", "text": "A", "language": "en"}, {"ref": "d", "text": "B", "language": "en"}],
                "verdicts": [{"ref": "v", "claim_id": "#c"}, {"claim_id": "#d", "supersedes_id": "#v"}],
            }),
            "/verdicts/1/supersedes_id",
        ),
        (
            json!({
                "claims": [{"ref": "c", "text": "A", "language": "en"}],
                "verdicts": [{"ref": "v", "claim_id": "#c", "supersedes_id": "#w"}, {"ref": "w", "claim_id": "#c", "supersedes_id": "#v"}],
            }),
            "/verdicts/0/supersedes_id",
        ),
        (
            json!({
                "claims": [{"ref": "c", "text": "A", "language": "en"}],
                "verdicts": [{"ref": "v", "claim_id": "#c"}, {"claim_id": "#c", "supersedes_id": "#v"}, {"claim_id": "#c", "supersedes_id": "#v"}],
            }),
            "/verdicts/2/supersedes_id",
        ),
        (
            json!({
                "claims": [{"ref": "c", "text": "A", "language": "en"}],
                "verdicts": [{"claim_id": "#c", "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "x", "reviewed_on": "2023", "status": "published"}],
            }),
            "/verdicts/0/claim_id",
        ),
    ] {
        let refused = app.admin.post("/v1/bundles", &change).await.expect(422);
        assert!(refused.pointers().contains(&pointer), "{pointer} is missing in {}", refused.text);
    }
    assert_eq!(counts(&app).await, [0; 5]);
}

#[actix_web::test]
async fn an_empty_bundle_and_one_that_is_none_are_refused() {
    let app = App::start().await;
    for empty in [json!({}), json!({"sources": []}), json!({"sources": null, "claims": []})] {
        app.checker.post("/v1/bundles", &empty).await.points_at(&[""]);
    }
    for none in [json!([]), json!("text"), json!(null), json!({"sources": {}})] {
        app.checker.post("/v1/bundles", &none).await.expect(422);
    }
    let many: Vec<_> = (0..2_501).map(|number| json!({"kind": "person", "name": format!("P{number}")})).collect();
    app.checker.post("/v1/bundles", &json!({"sources": many})).await.points_at(&["/sources"]);
    assert_eq!(counts(&app).await, [0; 5]);
}

#[actix_web::test]
async fn publishing_by_bundle_needs_an_editor() {
    let app = App::start().await;
    let body = json!({"claims": [{"text": "A", "language": "en", "status": "published"}]});
    app.checker.post("/v1/bundles", &body).await.expect(403);
    app.reader.post("/v1/bundles", &story()).await.expect(403);
    app.anyone.post("/v1/bundles", &story()).await.expect(401);
    assert_eq!(counts(&app).await, [0; 5]);
    app.editor.post("/v1/bundles", &body).await.expect(201);
}

#[actix_web::test]
async fn a_large_bundle_is_recorded_whole() {
    let app = App::start().await;
    let sources: Vec<_> =
        (0..2_500).map(|n| json!({"ref": format!("s{n}"), "kind": "person", "name": format!("Person {n}")})).collect();
    let statements: Vec<_> = (0..2_500)
        .map(|n| {
            let relied: Vec<_> = (0..5).map(|k| json!({"statement_id": format!("#t{}", (n + k + 1) % 2_500)})).collect();
            json!({"ref": format!("t{n}"), "claim_id": "#c", "source_id": format!("#s{n}"), "stance": "reports", "relies_on": relied})
        })
        .collect();
    let body =
        json!({"sources": sources, "claims": [{"ref": "c", "text": "A", "language": "en"}], "statements": statements});
    app.checker.post("/v1/bundles", &body).await.expect(201);
    assert_eq!(counts(&app).await, [2_500, 0, 1, 2_500, 0]);
    assert_eq!(app.count("relies_on").await, 12_500);
}

#[actix_web::test]
async fn a_fault_of_an_item_says_how_items_are_named() {
    let app = App::start().await;
    let bundle = json!({
        "sources": [{"ref": "mod", "kind": "government", "name": "Ministry"}, {"ref": "#us", "kind": "person", "name": "Ann"}],
        "claims": [{"ref": "c", "text": "It rained", "language": "en", "colour": "red"}],
        "statements": [{"claim_id": "#c", "source_id": "mod", "stance": "asserts", "document_id": "article"}],
    });
    let refused = app.checker.post("/v1/bundles", &bundle).await.expect(422);
    let said = |pointer: &str| {
        let errors = refused.body["errors"].as_array().unwrap();
        errors.iter().find(|error| error["pointer"] == pointer).unwrap()["detail"].as_str().unwrap()
    };
    assert!(said("/statements/0/source_id").contains("\"#mod\" names an item of this bundle"));
    assert!(said("/statements/0/document_id").contains("must be a UUID, or # and the ref"));
    assert!(said("/sources/1/ref").contains("must not begin with #"));
    assert!(said("/claims/0/colour").contains("known are ref, text, language"));
}
