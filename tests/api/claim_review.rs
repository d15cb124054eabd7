//! Verdicts as ClaimReview, and the check of such markup.

use serde_json::{Value, json};

use crate::support::{App, Client, claim, document, source, statement, verdict};

/// Ratings of the scale that comes with OnRecord: 5 of 5, and one outside the numbers.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";
const UNPROVEN: &str = "01890000-0000-7000-8000-000000000302";

async fn judged(client: &Client, id: &str, more: Value) -> Value {
    let mut body = json!({"summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024-03", "language": "en", "title": "It is so", "status": "published"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create("verdicts", verdict(id, body)).await
}

/// The rules missed, as pointer and level.
async fn missed(app: &App, markup: &Value) -> Vec<(String, String)> {
    let found = app.anyone.post("/v1/claimreview/validate", markup).await.expect(200).body;
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(found["valid"], json!(findings.iter().all(|one| one["level"] != "error")), "{found}");
    let told = |one: &Value| (one["pointer"].as_str().unwrap().to_owned(), one["level"].as_str().unwrap().to_owned());
    findings.iter().map(told).collect()
}

#[actix_web::test]
async fn a_verdict_is_told_with_its_claimant_and_its_numbers() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = editor
        .id_of_new(
            "claims",
            claim(json!({"text": "The bridge is closed", "claimed_on": "2024-02", "status": "published"})),
        )
        .await;
    let speech = json!({"kind": "speech", "url": "https://example.com/speech"});
    let speech = editor.id_of_new("documents", document(speech)).await;
    let paper = editor.id_of_new("documents", document(json!({"url": "https://example.com/paper"}))).await;
    let mayor =
        editor.id_of_new("sources", source(json!({"kind": "person", "name": "Ann Mayor", "wikidata_id": "Q42"}))).await;
    let outlet = editor.id_of_new("sources", source(json!({"kind": "publication", "name": "The Paper"}))).await;
    let unnamed = editor.id_of_new("sources", source(json!({"kind": "unnamed", "name": "an official"}))).await;
    let said = json!({"stance": "asserts", "spoke_as": "Mayor", "document_id": speech, "status": "published", "said_on": "2024-02-03"});
    let first = editor.id_of_new("statements", statement(&id, &mayor, said)).await;
    let told = json!({"stance": "reports", "document_id": paper, "status": "published", "relies_on": [{"statement_id": first}]});
    editor.create("statements", statement(&id, &outlet, told)).await;
    for (who, how) in [
        (&unnamed, json!({"stance": "asserts", "status": "published"})),
        (&outlet, json!({"stance": "denies", "status": "published"})),
    ] {
        editor.create("statements", statement(&id, who, how)).await;
    }
    // Drafts tell nobody anything.
    editor.create("statements", statement(&id, &outlet, json!({"stance": "asserts"}))).await;
    app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.problem(404, "verdict");
    let known = judged(&app.admin, &id, json!({"url": "https://example.com/check"})).await;

    let answer = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/ld+json"));
    let review = answer.body;
    assert_eq!(review["@type"], "ClaimReview");
    assert_eq!(review["identifier"], known["id"]);
    assert_eq!(review["claimReviewed"], "The bridge is closed");
    assert_eq!(review["datePublished"], "2024-03");
    assert_eq!(review["author"]["@type"], "Organization");
    let rating =
        json!({"@type": "Rating", "alternateName": "True", "ratingValue": 5, "bestRating": 5, "worstRating": 1});
    assert_eq!(review["reviewRating"], rating);
    let mayor = json!({"@type": "Person", "name": "Ann Mayor", "jobTitle": "Mayor", "sameAs": "http://www.wikidata.org/entity/Q42"});
    let places = ["https://example.com/speech", "https://example.com/paper"]
        .map(|url| json!({"@type": "CreativeWork", "url": url}));
    let item = json!({"@type": "Claim", "author": [mayor], "datePublished": "2024-02", "firstAppearance": places[0], "appearance": places});
    assert_eq!(review["itemReviewed"], item);
    assert_eq!(missed(&app, &review).await, []);
}

#[actix_web::test]
async fn what_is_not_known_is_left_out() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"text": "Ice is warm", "status": "published"}))).await;
    judged(&app.admin, &id, json!({"rating_id": UNPROVEN})).await;
    let review = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200).body;
    assert!(
        review["reviewRating"].get("ratingValue").is_none() && review["url"] == format!("{}/claims/{id}", app.url),
        "{review}"
    );
    assert_eq!(review["itemReviewed"], json!({"@type": "Claim"}));
    let reviewer =
        app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "Other Checkers"}))).await;
    judged(&app.admin, &id, json!({"author_id": reviewer, "url": "https://other.example/check"})).await;
    let same = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200).body;
    assert_eq!(same, review, "the newsroom's own comes first");
    // Another's alone is told in its words only: our scale's numbers are not its publisher's.
    let id = app.editor.id_of_new("claims", claim(json!({"text": "Ice is hot", "status": "published"}))).await;
    judged(&app.admin, &id, json!({"author_id": reviewer, "url": "https://other.example/hot"})).await;
    let others = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200).body;
    assert_eq!(others["reviewRating"], json!({"@type": "Rating", "alternateName": "True"}));
    let feed = app.anyone.get("/feeds/claimreview.json").await.expect(200).body;
    assert_eq!(
        feed["dataFeedElement"],
        json!([{"@type": "DataFeedItem", "url": review["url"], "dateCreated": "2024-03", "item": [review]}])
    );
}

/// An import keeps with the verdict where a claim appeared that nobody put forward by name.
#[actix_web::test]
async fn where_nobody_is_named_the_places_are_those_of_the_verdict() {
    let app = App::start().await;
    let place = async |more: Value| app.editor.id_of_new("documents", document(more)).await;
    let second = place(json!({"url": "https://forum.example/2"})).await;
    let first = place(json!({"url": "https://forum.example/1"})).await;
    let nowhere = place(json!({"url": null, "title": "A leaflet"})).await;
    let proof = place(json!({"url": "https://news.example/proof"})).await;
    let cited = |id: &str, bearing: &str| json!({"document_id": id, "bearing": bearing});
    let evidence =
        [cited(&proof, "refutes"), cited(&second, "context"), cited(&nowhere, "context"), cited(&first, "context")];
    let id = app.editor.id_of_new("claims", claim(json!({"text": "Ice is warm", "status": "published"}))).await;
    judged(&app.admin, &id, json!({"evidence": evidence})).await;
    let review = async || app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200).body;
    let at = |url: &str| json!({"@type": "CreativeWork", "url": url});
    let item = json!({"@type": "Claim", "appearance": [at("https://forum.example/2"), at("https://forum.example/1")]});
    assert_eq!(review().await["itemReviewed"], item);
    // Where somebody denies it, it is not put forward.
    let press =
        app.editor.id_of_new("sources", source(json!({"kind": "organization", "name": "The press office"}))).await;
    let denial = json!({"stance": "denies", "document_id": first, "status": "published"});
    let denial = app.editor.id_of_new("statements", statement(&id, &press, denial)).await;
    assert_eq!(review().await["itemReviewed"]["appearance"], json!([at("https://forum.example/2")]));
    app.editor.delete(&format!("/v1/statements/{denial}")).await.expect(204);
    // Once somebody's statement says where, the verdict's context is what it is called.
    let who = app.editor.id_of_new("sources", source(json!({"kind": "person", "name": "Ann Poster"}))).await;
    let said = json!({"stance": "asserts", "document_id": first, "status": "published"});
    app.editor.create("statements", statement(&id, &who, said)).await;
    assert_eq!(review().await["itemReviewed"]["appearance"], json!([at("https://forum.example/1")]));
}

/// A review without an address of its own is read on the claim's page: where that is gone, nobody is sent there.
#[actix_web::test]
async fn a_review_that_nobody_can_read_is_not_told() {
    let app = App::start().await;
    let site = json!({"site": "https://news.example/"});
    app.admin.patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &site).await.expect(200);
    let mut ids = Vec::new();
    for text in ["Ice is warm", "Ice is soft"] {
        let id = app.other.id_of_new("claims", claim(json!({"text": text, "status": "published"}))).await;
        let url = (text == "Ice is soft").then_some("https://news.example/ice");
        judged(&app.admin, &id, json!({"url": url})).await;
        ids.push(id);
    }
    let told = async || {
        let feed = app.anyone.get("/feeds/claimreview.json").await.expect(200).body;
        let found =
            app.anyone.get("/v1alpha1/claims:search?reviewPublisherSiteFilter=news.example").await.expect(200).body;
        let urls = |list: &Value, at: &str| -> Vec<String> {
            list.as_array()
                .into_iter()
                .flatten()
                .map(|one| one.pointer(at).unwrap().as_str().unwrap().to_owned())
                .collect()
        };
        (urls(&feed["dataFeedElement"], "/url"), urls(&found["claims"], "/claimReview/0/url"))
    };
    let (feed, found) = told().await;
    assert_eq!((feed.len(), found.len()), (2, 2));
    let gone = json!({"status": "withdrawn", "withdrawn_reason": "Not ours."});
    for id in &ids {
        app.other.patch(&format!("/v1/claims/{id}"), &gone).await.expect(200);
        app.anyone.get(&format!("/claims/{id}")).await.expect(410);
    }
    let article = vec!["https://news.example/ice".to_owned()];
    assert_eq!(told().await, (article.clone(), article));
}

/// What is put into a page as it is must not end the script there.
#[actix_web::test]
async fn no_text_ends_the_script_it_stands_in() {
    let app = App::start().await;
    let text = "Ice </script><script>alert(1)</script> & <!-- is \u{2028}warm";
    let id = app.editor.id_of_new("claims", claim(json!({"text": text, "status": "published"}))).await;
    judged(&app.admin, &id, json!({"title": "</script>"})).await;
    for path in [format!("/v1/claims/{id}/claimreview"), "/feeds/claimreview.json".to_owned()] {
        let answer = app.anyone.get(&path).await.expect(200);
        assert!(!answer.text.contains(['<', '>', '&', '\u{2028}']), "{}", answer.text);
        assert!(answer.text.contains("\\u003c/script\\u003e"), "{}", answer.text);
    }
    let review = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.body;
    assert_eq!(review["claimReviewed"], text);
}

#[actix_web::test]
async fn of_markup_without_end_some_is_told() {
    let app = App::start().await;
    for markup in [
        json!({"@type": "ClaimReview", "author": vec![0; 100_000]}),
        json!(vec![json!({"@type": "ClaimReview"}); 20_000]),
    ] {
        let found = app.anyone.post("/v1/claimreview/validate", &markup).await.expect(200).body;
        assert_eq!(found["findings"].as_array().unwrap().len(), 1000);
        assert_eq!((&found["truncated"], &found["valid"]), (&json!(true), &json!(false)));
    }
    app.anyone
        .post("/v1/claimreview/validate", &json!({"@type": "ClaimReview", "author": vec![0; 600_000]}))
        .await
        .expect(413);
}

#[actix_web::test]
async fn the_feed_is_complete_however_long_it_is() {
    let app = App::start().await;
    assert_eq!(app.anyone.get("/feeds/claimreview.json").await.expect(200).body["dataFeedElement"], json!([]));
    let id = app.editor.id_of_new("claims", claim(json!({"text": "Ice is warm", "status": "published"}))).await;
    judged(&app.admin, &id, json!({})).await;
    let fill = "WITH more AS (INSERT INTO claims (id, newsroom_id, text, language, status)
             SELECT new_uuid_v7(), newsroom_id, 'Ice ' || n, 'en', 'published' FROM claims, generate_series(1, 400) AS t(n) RETURNING id, newsroom_id)
         INSERT INTO verdicts (id, newsroom_id, claim_id, rating_id, summary, reviewed_on, claim_reviewed, status)
             SELECT new_uuid_v7(), more.newsroom_id, more.id, rating_id, summary, reviewed_on, 'Ice', 'published' FROM more, verdicts";
    app.sql().await.batch_execute(fill).await.unwrap();
    let feed = app.anyone.get("/feeds/claimreview.json").await.expect(200).body;
    let items = feed["dataFeedElement"].as_array().unwrap();
    let mut reviews: Vec<_> = items.iter().map(|item| item["item"][0]["identifier"].as_str().unwrap()).collect();
    assert_eq!(reviews.len(), 401);
    reviews.dedup();
    assert!(reviews.is_sorted() && reviews.len() == 401);
}

#[actix_web::test]
async fn each_rule_that_markup_misses_is_named() {
    let app = App::start().await;
    let rating =
        json!({"@type": "Rating", "alternateName": "False", "ratingValue": 1, "bestRating": 5, "worstRating": 1});
    let claim = json!({"@type": "Claim", "author": {"name": "A"}, "datePublished": "2024-03-01T10:00:00+01:00", "appearance": "https://example.com/a"});
    let good = json!({"@context": "http://schema.org", "@type": "http://schema.org/ClaimReview", "claimReviewed": "Ice is warm", "url": "https://example.com/b",
        "author": {"name": "B"}, "datePublished": "2024-03-02", "reviewRating": rating, "itemReviewed": claim});
    assert_eq!(missed(&app, &good).await, []);
    let without = |member: &str| {
        let mut markup = good.clone();
        markup.as_object_mut().unwrap().remove(member);
        markup
    };
    let with = |pointer: &str, value: Value| {
        let mut markup = good.clone();
        *markup.pointer_mut(pointer).unwrap() = value;
        markup
    };
    let cases = [
        (without("claimReviewed"), "", "error"),
        (without("url"), "", "error"),
        (without("@context"), "", "error"),
        (without("reviewRating"), "", "error"),
        (without("author"), "", "warning"),
        (without("datePublished"), "", "warning"),
        (without("itemReviewed"), "", "warning"),
        (with("/claimReviewed", json!(["Ice is warm"])), "/claimReviewed", "error"),
        (with("/claimReviewed", json!("Warm ice. ".repeat(9))), "/claimReviewed", "warning"),
        (with("/claimReviewed", json!("False: ice is warm")), "/claimReviewed", "warning"),
        (with("/url", json!("/b")), "/url", "error"),
        (with("/author", json!({"name": " "})), "/author", "error"),
        (with("/reviewRating/alternateName", json!("")), "/reviewRating", "error"),
        (with("/reviewRating/worstRating", json!(0)), "/reviewRating/worstRating", "error"),
        (with("/reviewRating/worstRating", json!(5)), "/reviewRating/bestRating", "error"),
        (with("/reviewRating/ratingValue", json!(6)), "/reviewRating/ratingValue", "error"),
        (with("/reviewRating/ratingValue", json!("1")), "/reviewRating/ratingValue", "warning"),
        (with("/reviewRating/ratingValue", json!("one")), "/reviewRating/ratingValue", "error"),
        (with("/reviewRating/bestRating", json!(null)), "/reviewRating", "warning"),
        (with("/itemReviewed/@type", json!("CreativeWork")), "/itemReviewed", "warning"),
        (with("/itemReviewed/author", json!([{"name": "A"}, {}])), "/itemReviewed/author/1", "error"),
        (with("/itemReviewed/datePublished", json!("March 1st")), "/itemReviewed/datePublished", "warning"),
        (with("/itemReviewed/appearance", json!([])), "/itemReviewed", "warning"),
    ];
    for (markup, pointer, level) in cases {
        assert_eq!(missed(&app, &markup).await, [(pointer.to_owned(), level.to_owned())], "{markup}");
    }
    let nested = json!({"@graph": [{"@type": "WebPage"}, {"a/b": [good, without("url")]}]});
    assert_eq!(missed(&app, &nested).await, [("/@graph/1/a~1b/1".to_owned(), "error".to_owned())]);
    for nothing in [json!(null), json!([]), json!("ClaimReview"), json!({"@type": "Review"})] {
        assert_eq!(missed(&app, &nothing).await, [(String::new(), "error".to_owned())]);
    }
    app.anyone.post("/v1/claimreview/validate", &json!("x".repeat(100))).await.expect(200);
    let above = json!({"@context": ["https://schema.org", {}], "@graph": [without("@context")]});
    assert_eq!(missed(&app, &above).await, []);
    let buried = (0..40).fold(without("url"), |inner, _| json!([inner]));
    let found = app.anyone.post("/v1/claimreview/validate", &buried).await.expect(200).body;
    assert_eq!(found["truncated"], true, "{found}");
}
