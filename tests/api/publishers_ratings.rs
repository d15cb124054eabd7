//! What another publisher's review is rated is told in its own words, wherever it is told; ours are told of our own.

use serde_json::{Value, json};

use crate::imports::{FALSE, import, map, records, review};
use crate::review::correct;
use crate::support::{App, claim, source, verdict};

const TRUE: &str = "01890000-0000-7000-8000-000000000105";

#[actix_web::test]
async fn an_imported_review_keeps_its_words_everywhere() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let done = import(admin, "application/json", "?publish=true", review(1).to_string()).await;
    let record = records(admin, &done).await.remove(0);
    let of = |noun: &str| record[noun].as_str().unwrap().to_owned();
    let (claim_id, verdict_id) = (of("claim_id"), of("verdict_id"));
    let found = app.anyone.get(&format!("/v1/verdicts/{verdict_id}")).await.expect(200).body;
    assert_eq!((&found["rating_id"], &found["textual_rating"]), (&json!(FALSE), &json!("Bogus")));

    let text = review(1)["claimReviewed"].as_str().unwrap().replace(' ', "%20");
    let searched = app.anyone.get(&format!("/v1alpha1/claims:search?query={text}")).await.expect(200).body;
    assert_eq!(searched["claims"][0]["claimReview"][0]["textualRating"], "Bogus", "{searched}");
    let markup = app.anyone.get(&format!("/v1/claims/{claim_id}/claimreview")).await.expect(200).body;
    assert_eq!(markup["reviewRating"]["alternateName"], "Bogus", "{markup}");
    let feed = app.anyone.get("/feeds/verdicts.json").await.expect(200).body;
    assert_eq!(feed["items"][0]["_onrecord"]["rating"], "Bogus", "{feed}");
    for table in ["claims", "verdicts"] {
        let rows = app.anyone.get(&format!("/v1/exports/{table}.csv")).await.expect(200).text;
        assert!(rows.contains(",Bogus,") && !rows.contains(",False,"), "{rows}");
    }
    let atom = app.anyone.get("/feeds/verdicts.atom").await.expect(200).text;
    assert!(atom.contains("Verdict: Bogus"), "{atom}");
    assert_eq!(found["summary"], "Bogus", "nothing else was concluded");
    assert!(!atom.contains("&gt;Bogus&lt;") && !atom.contains(">Bogus<"), "it is told once: {atom}");
    let dossier = app.anyone.get(&format!("/v1/claims/{claim_id}/dossier")).await.expect(200).body;
    assert_eq!(dossier["verdicts"][0]["textual_rating"], "Bogus", "{dossier}");
    let asked = json!({"text": review(1)["claimReviewed"]});
    let matched = app.anyone.post("/v1/claims/match", &asked).await.expect(200).body;
    assert_eq!(matched["matches"][0]["verdict"]["textual_rating"], "Bogus", "{matched}");
    let address: String =
        url::form_urlencoded::byte_serialize(format!("{}/claims/{claim_id}", app.url).as_bytes()).collect();
    let card: Value =
        serde_json::from_str(&app.anyone.page(&format!("/oembed?url={address}")).await.expect(200).text).unwrap();
    assert!(card["title"].as_str().unwrap().starts_with("Bogus: "), "{card}");
    app.in_order().await;
    let events = app.anyone.get("/v1/events?limit=100").await.expect(200);
    let published = events.items().iter().find(|event| event["type"] == "verdict.published").unwrap();
    assert_eq!(published["data"]["rating"], "Bogus");
    assert_eq!(published["data"]["record"]["textual_rating"], "Bogus");
    let before = published["timestamp"].as_str().unwrap().to_owned();

    let page = app.anyone.page(&format!("/claims/{claim_id}")).await.expect(200);
    assert_eq!(page.one("h2.rating"), "Bogus");
    assert!(page.all(".scale, .meaning").is_empty(), "its words stand on no scale of ours: {}", page.text);
    assert!(page.one("title").starts_with("Bogus: "), "{}", page.one("title"));
    assert!(page.all(".summary").is_empty(), "it is told once: {}", page.text);
    let embedded = app.anyone.page(&format!("/embed/claims/{claim_id}")).await.expect(200);
    assert_eq!(embedded.one(".rating"), "Verdict: Bogus");
    assert!(embedded.all("p").iter().all(|p| p.text().collect::<String>() != "Bogus"), "{}", embedded.text);
    let listed = app.anyone.page("/").await.expect(200);
    assert_eq!(listed.one(".verdicts .tag"), "Bogus");
    assert_eq!(listed.text.matches("Bogus").count(), 1, "{}", listed.text);

    // It is corrected as it was: in its publisher's words.
    let corrected = correct(admin, &format!("/v1/verdicts/{verdict_id}"), json!({"textual_rating": "Fishy"})).await;
    app.editor.act(&format!("{corrected}/approve")).await.expect(200);
    let corrected = admin.act(&format!("{corrected}/publish")).await.expect(200).body;
    let query: String = url::form_urlencoded::byte_serialize(before.as_bytes()).collect();
    let past = app.anyone.get(&format!("/v1/claims/{claim_id}/dossier?as_of={query}")).await.expect(200).body;
    assert_eq!(past["verdicts"][0]["textual_rating"], "Bogus", "{past}");
    assert_eq!((&corrected["textual_rating"], &corrected["rating_id"]), (&json!("Fishy"), &json!(FALSE)));
    assert_eq!(corrected["summary"], "Fishy", "what only repeated the words repeats them still");
    let page = app.anyone.page(&format!("/claims/{claim_id}")).await.expect(200);
    assert!(page.one(".notice").ends_with("It was rated Bogus before."), "{}", page.text);
    assert!(page.words("main").contains("Bogus became Fishy"), "{}", page.text);
}

/// What a publisher was called upon to take back is erased here as well.
#[actix_web::test]
async fn a_publishers_words_can_be_erased() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let done = import(admin, "application/json", "?publish=true", review(1).to_string()).await;
    let record = records(admin, &done).await.remove(0);
    let fields = json!({"noun": "verdict", "record_id": record["verdict_id"], "fields": ["textual_rating", "summary"],
        "reason": "Erasure requested", "now": true});
    admin.post("/v1/redactions", &fields).await.expect(201);
    let claim = record["claim_id"].as_str().unwrap();
    for path in [
        "claims/{}",
        "v1/claims/{}/dossier",
        "v1/claims/{}/claimreview",
        "v1alpha1/claims:search?query=bridge",
        "feeds/verdicts.json",
    ] {
        let told = app.anyone.page(&format!("/{}", path.replace("{}", claim))).await.expect(200).text;
        assert!(!told.contains("Bogus"), "{path}: {told}");
    }
    let kept = "SELECT count(*) FROM change_values v JOIN changes c ON c.id = v.change_id WHERE noun = 'verdict' AND (after::text ~ 'Bogus' OR before::text ~ 'Bogus')";
    assert_eq!(app.sql().await.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// Where a mapping's publisher is a site, it is found however either of the two is written.
#[actix_web::test]
async fn a_site_is_mapped_once_however_it_is_written() {
    let app = App::start().await;
    let admin = &app.admin;
    let mapping = |publisher: &str| json!({"publisher": publisher, "rating": "Nope", "rating_id": FALSE});
    admin.create("rating-mappings", mapping("https://www.checks.example/")).await;
    admin.post("/v1/rating-mappings", &mapping("www.checks.example")).await.expect(409);
    for (n, publisher) in ["checks.example", "www.Checks.example", "http://checks.example/"].into_iter().enumerate() {
        let table = format!(
            "claim,rating,publisher\nThe bridge with the number {n} was closed by the government,Nope,{publisher}\n"
        );
        let done = import(admin, "text/csv", "", table).await;
        let record = records(admin, &done).await.remove(0);
        let path = format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap());
        assert_eq!(admin.get(&path).await.expect(200).body["rating_id"], FALSE, "{publisher}");
    }
    // One who writes on a site of many speaks for no other.
    admin.create("rating-mappings", mapping("https://writers.example/@one")).await;
    let mut one = review(7);
    (one["url"], one["author"]["url"]) =
        (json!("https://writers.example/@two/7"), json!("https://writers.example/@two"));
    one["reviewRating"]["alternateName"] = json!("Nope");
    let done = import(admin, "application/json", "", one.to_string()).await;
    let problems = records(admin, &done).await.remove(0)["problems"].to_string();
    assert!(problems.contains("stands for no rating of ours"), "{problems}");
}

/// A file that says something else the next time changes its draft's words, but for those that somebody has written.
#[actix_web::test]
async fn a_draft_follows_the_words_of_its_record() {
    let app = App::start().await;
    let editor = &app.editor;
    let send = async |words: &str| {
        let mut one = review(1);
        one["reviewRating"]["alternateName"] = json!(words);
        let done = import(editor, "application/json", "", one.to_string()).await;
        let record = records(editor, &done).await.remove(0);
        editor.get(&format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap())).await.expect(200).body
    };
    assert_eq!(send("Bogus").await["textual_rating"], "Bogus");
    // A draft of before words were kept.
    app.sql()
        .await
        .batch_execute(
            "UPDATE verdicts SET textual_rating = NULL; UPDATE import_records SET digests = digests - 'textual_rating'",
        )
        .await
        .unwrap();
    assert_eq!(send("Bogus").await["textual_rating"], "Bogus", "though its bytes are the same");
    let draft = send("Fishy").await;
    assert_eq!(draft["textual_rating"], "Fishy");
    let path = format!("/v1/verdicts/{}", draft["id"].as_str().unwrap());
    editor.patch(&path, &json!({"textual_rating": "By hand"})).await.expect(200);
    let rotten = send("Rotten").await;
    assert_eq!((&rotten["textual_rating"], &rotten["summary"]), (&json!("By hand"), &json!("By hand")));
    let both = json!({"textual_rating": "Smelly", "summary": "By hand"});
    assert_eq!(editor.patch(&path, &both).await.expect(200).body["summary"], "By hand", "as it is told");
    editor.patch(&path, &json!({"summary": "Smelly"})).await.expect(200);
    // A sentence is one, though the words that it was have been edited.
    let mut one = review(1);
    one["reviewBody"] = json!("Nobody closed it.");
    let done = import(editor, "application/json", "", one.to_string()).await;
    assert_eq!(records(editor, &done).await[0]["outcome"], "updated");
    let draft = editor.get(&path).await.expect(200).body;
    assert_eq!((&draft["textual_rating"], &draft["summary"]), (&json!("Smelly"), &json!("Nobody closed it.")));
}

/// The newsroom's own verdict is told by its scale's label, whatever words its file has.
#[actix_web::test]
async fn words_of_its_own_are_for_somebody_elses_review_only() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let done = import(admin, "application/json", "?own=true&publish=true", review(1).to_string()).await;
    let record = records(admin, &done).await.remove(0);
    let path = format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap());
    assert_eq!(app.anyone.get(&path).await.expect(200).body["textual_rating"], Value::Null);

    let id = admin.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let own = verdict(&id, json!({"rating_id": TRUE, "textual_rating": "Verified"}));
    admin.post("/v1/verdicts", &own).await.problem(422, "author_id").points_at(&["/textual_rating"]);
    let author = admin.id_of_new("sources", source(json!({"name": "Checkers"}))).await;
    let others = verdict(&id, json!({"rating_id": TRUE, "textual_rating": "Verified", "author_id": author}));
    let path = format!("/v1/verdicts/{}", admin.id_of_new("verdicts", others).await);
    admin.patch(&path, &json!({"author_id": null})).await.problem(422, "author_id").points_at(&["/textual_rating"]);
    admin.patch(&path, &json!({"textual_rating": "two\nlines"})).await.expect(422).points_at(&["/textual_rating"]);
    admin.patch(&path, &json!({"author_id": null, "textual_rating": null})).await.expect(200);
}
