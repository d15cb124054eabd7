//! Google's pages: articles with the verdicts in them, as its clients keep them.

use onrecord::config::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Client, examples, limits, statement, verdict};

pub const URL: &str = "https://news.example/checks/moon";

pub fn markup(claim: &str, rating: &str) -> Value {
    json!({"claimReviewed": claim, "claimDate": "2024-03", "claimAuthor": {"name": "Ann Poster", "jobTitle": "minister"},
        "claimFirstAppearance": "https://forum.example/1", "claimAppearances": ["https://forum.example/2"],
        "rating": {"textualRating": rating, "ratingExplanation": format!("{claim}: this was looked at by everybody who has ever been there, and it is not so.")}})
}

pub fn page(markups: &[Value]) -> Value {
    json!({"pageUrl": URL, "publishDate": "2024-03-05", "claimReviewMarkups": markups})
}

/// Editors publish by themselves.
pub async fn without_four_eyes() -> App {
    let app = App::start().await;
    app.admin.patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &json!({"four_eyes": false})).await.expect(200);
    app
}

pub async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    client.send(client.request(Method::PUT, path).json(body)).await
}

pub fn path(page: &Value) -> String {
    format!("/v1alpha1/{}", page["name"].as_str().unwrap())
}

#[actix_web::test]
async fn a_page_is_an_article_with_its_verdicts() {
    let app = without_four_eyes().await;
    let cheese = markup("The moon is made of green cheese, say its admirers", "False");
    let sent = page(&[cheese.clone(), markup("The moon has an atmosphere that one can breathe", "False")]);
    let made = app.editor.post("/v1alpha1/pages", &sent).await.expect(200).body;
    let name = made["name"].as_str().unwrap();
    let id = name.strip_prefix("pages/").unwrap();
    assert_eq!((&made["pageUrl"], &made["publishDate"]), (&json!(URL), &json!("2024-03-05")));
    let mut shown = made["claimReviewMarkups"][0].clone();
    for number in ["ratingValue", "bestRating", "worstRating"] {
        assert!(shown["rating"].as_object_mut().unwrap().remove(number).unwrap().is_i64());
    }
    assert_eq!(shown, cheese);
    // What it is here: a claim, who put it forward and where, and a verdict with the article's address.
    let first = app.anyone.get(&format!("/v1/verdicts/{id}")).await.expect(200).body;
    assert_eq!(
        (&first["url"], &first["status"], &first["reviewed_on"]),
        (&json!(URL), &json!("published"), &json!("2024-03-05"))
    );
    let claim = app.anyone.get(&format!("/v1/claims/{}", first["claim_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&claim["language"], &claim["claimed_on"]), (&json!("en"), &json!("2024-03")));
    let said = app.anyone.get(&format!("/v1/statements?claim_id={}", claim["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&said.items()[0]["stance"], &said.items()[0]["spoke_as"]), (&json!("asserts"), &json!("minister")));
    // Both claims have the same author, and the same two posts.
    assert_eq!((app.count("sources").await, app.count("documents").await), (1, 2));

    assert_eq!(app.reader.get(&path(&made)).await.expect(200).body, made);
    for query in [
        format!("url={URL}"),
        "organization=news.example".into(),
        "organization=www.news.example".into(),
        "organization=example".into(),
    ] {
        let found = app.reader.get(&format!("/v1alpha1/pages?{query}")).await.expect(200).body;
        assert_eq!(found, json!({"claimReviewMarkupPages": [made]}), "{query}");
    }
    for query in ["url=https://news.example/checks", "organization=ws.example", "organization=%25"] {
        assert_eq!(app.reader.get(&format!("/v1alpha1/pages?{query}")).await.expect(200).body, json!({}), "{query}");
    }
    // Another newsroom has its own pages.
    assert_eq!(app.other.get(&format!("/v1alpha1/pages?url={URL}")).await.expect(200).body, json!({}));
    app.other.get(&path(&made)).await.expect(404);
    app.other.delete(&path(&made)).await.expect(404);
    let twice = app.editor.post("/v1alpha1/pages", &page(&[cheese])).await.expect(409);
    assert!(twice.body["error"]["message"].as_str().unwrap().contains(name), "{}", twice.text);

    assert_eq!(app.editor.delete(&path(&made)).await.expect(200).body, json!({}));
    app.reader.get(&path(&made)).await.expect(404);
    app.anyone.get(&format!("/v1/verdicts/{id}")).await.expect(410);
    app.editor.delete(&path(&made)).await.expect(404);
}

#[actix_web::test]
async fn an_update_corrects_retracts_and_publishes() {
    let app = without_four_eyes().await;
    let claims = ["The moon is made of green cheese", "The moon is flat", "The moon is a hologram"];
    let made = page(&claims.map(|claim| markup(claim, "False")));
    let made = app.editor.post("/v1alpha1/pages", &made).await.expect(200).body;
    // What was answered, sent again, changes nothing.
    assert_eq!(put(&app.editor, &path(&made), &made).await.expect(200).body, made);
    assert_eq!(app.count("verdicts").await, 3);

    let mut changed = made.clone();
    let markups = changed["claimReviewMarkups"].as_array_mut().unwrap();
    markups[0]["rating"]["textualRating"] = json!("True");
    markups[1] = markup("The moon is hollow", "False");
    let updated = put(&app.editor, &path(&made), &changed).await.expect(200).body;
    let told: Vec<_> = updated["claimReviewMarkups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["claimReviewed"], &one["rating"]["textualRating"]))
        .collect();
    let (hologram, cheese, hollow) = (json!(claims[2]), json!(claims[0]), json!("The moon is hollow"));
    let (no, yes) = (json!("False"), json!("True"));
    assert_eq!(told, [(&hologram, &no), (&hollow, &no), (&cheese, &yes)]);
    assert_ne!(updated["versionId"], made["versionId"]);
    assert_eq!(updated["name"], made["name"]);
    // Nothing was rewritten: the first verdict has a successor that says what was changed.
    let id = made["name"].as_str().unwrap().strip_prefix("pages/").unwrap();
    let first = app.anyone.get(&format!("/v1/verdicts/{id}")).await.expect(200).body;
    assert_eq!(first["status"], "superseded");
    let now =
        app.anyone.get(&format!("/v1/verdicts?claim_id={}", first["claim_id"].as_str().unwrap())).await.expect(200);
    let now = now.items().iter().find(|one| one["status"] == "published").unwrap();
    assert_eq!((&now["supersedes_id"], &now["correction_reason"]), (&json!(id), &json!("our_error")));
    assert_eq!(now["correction_note"], "The rating was “False” before, and is “True” now.");
    // An update of what is no longer there overwrites nobody's.
    let stale = put(&app.editor, &path(&made), &changed).await.expect(409);
    assert_eq!(stale.body["error"]["status"], "ABORTED");

    for (member, value, at) in [
        ("pageUrl", json!("https://news.example/else"), "pageUrl"),
        ("claimReviewAuthor", json!({"name": "Others"}), "claimReviewAuthor/name"),
        ("claimReviewMarkups", json!([]), "claimReviewMarkups"),
        (
            "claimReviewMarkups",
            json!([{"claimReviewed": claims[0], "rating": {"textualRating": "True"}}]),
            "claimReviewMarkups/0/claimAuthor",
        ),
        ("publishDate", Value::Null, "/publishDate"),
    ] {
        let mut bad = updated.clone();
        bad[member] = value;
        let told = put(&app.editor, &path(&made), &bad).await.expect(400);
        assert!(told.body["error"]["message"].as_str().unwrap().contains(at), "{at}: {}", told.text);
    }
    assert_eq!(app.reader.get(&path(&made)).await.expect(200).body, updated, "what was refused changed nothing");
}

#[actix_web::test]
async fn what_cannot_be_kept_is_refused_whole() {
    let app = without_four_eyes().await;
    let fine = markup("The moon is made of green cheese", "False");
    let mut dated = fine.clone();
    dated["claimDate"] = json!("last summer");
    let mut doubtful = fine.clone();
    doubtful["claimDate"] = json!("03/04/2021");
    let mut nowhere = fine.clone();
    nowhere["claimFirstAppearance"] = json!("on television");
    let mut unknown = fine.clone();
    unknown["claimreviewed"] = json!("x");
    for (bad, at) in [
        (markup("The moon is flat", "Lunatic"), "/claimReviewMarkups/1/rating/textualRating"),
        (markup(" ", "False"), "/claimReviewMarkups/1/claimReviewed"),
        (dated, "/claimReviewMarkups/1/claimDate"),
        (doubtful, "2021-04-03 would be read whole"),
        (nowhere, "/claimReviewMarkups/1/claimAppearances"),
        (unknown, "/claimReviewMarkups/1/claimreviewed"),
        (markup("the moon is made of  GREEN cheese", "True"), "/claimReviewMarkups/1/claimReviewed"),
    ] {
        let told = app.editor.post("/v1alpha1/pages", &page(&[fine.clone(), bad])).await.expect(400);
        assert_eq!(told.body["error"]["status"], "INVALID_ARGUMENT");
        assert!(told.body["error"]["message"].as_str().unwrap().contains(at), "{at}: {}", told.text);
    }
    assert_eq!((app.count("claims").await, app.count("sources").await), (0, 0));
    let mut undated = page(std::slice::from_ref(&fine));
    undated.as_object_mut().unwrap().remove("publishDate");
    app.editor.post("/v1alpha1/pages", &undated).await.expect(400);
    for query in ["", "?url=https://a.example/&organization=a.example", "?url=https://a.example/&pageToken=x"] {
        app.reader.get(&format!("/v1alpha1/pages{query}")).await.expect(400);
    }
    // Who may not publish may not here.
    let refused = app.checker.post("/v1alpha1/pages", &page(std::slice::from_ref(&fine))).await.expect(403);
    assert_eq!(refused.body["error"]["status"], "PERMISSION_DENIED");
    let refused = app.anyone.post("/v1alpha1/pages", &page(std::slice::from_ref(&fine))).await.expect(401);
    assert_eq!(refused.body["error"]["status"], "UNAUTHENTICATED");

    // By four eyes, nobody corrects alone.
    let newsroom = format!("/v1/newsrooms/{}", app.newsroom_id);
    let made = app.editor.post("/v1alpha1/pages", &page(&[fine])).await.expect(200).body;
    app.admin.patch(&newsroom, &json!({"four_eyes": true})).await.expect(200);
    let mut changed = made.clone();
    changed["claimReviewMarkups"][0]["rating"]["ratingExplanation"] = json!("Not at all.");
    put(&app.admin, &path(&made), &changed).await.expect(403);
    assert_eq!(app.reader.get(&path(&made)).await.expect(200).body, made);
}

/// What is sent again as it was sent first is known again, however it was cleaned.
#[actix_web::test]
async fn what_was_sent_before_changes_nothing() {
    let app = without_four_eyes().await;
    let mapping = json!({"rating": "Pants on fire", "rating_id": "01890000-0000-7000-8000-000000000101", "publisher": "news.example"});
    app.editor.create("rating-mappings", mapping).await;
    let mut quoted = markup("“The moon  is made of <b>green</b> cheese”", "Pants on fire!");
    quoted["rating"]["ratingExplanation"] = json!("It  is\u{a0}not,\r\nsays who was there.");
    let bare = json!({"claimReviewed": "The moon is flat", "rating": {"textualRating": "false"}});
    let mut sent = page(&[quoted, bare]);
    sent["pageUrl"] = json!(format!("{URL} "));
    sent["publishDate"] = json!("March 5, 2024");
    let made = app.editor.post("/v1alpha1/pages", &sent).await.expect(200).body;
    assert_eq!((&made["pageUrl"], &made["publishDate"]), (&json!(URL), &json!("2024-03-05")));
    assert_eq!(made["claimReviewMarkups"][1]["rating"].get("ratingExplanation"), None, "nobody explained");
    assert_eq!(put(&app.editor, &path(&made), &sent).await.expect(200).body, made);
    app.editor.post("/v1alpha1/pages", &sent).await.expect(409);
    assert_eq!(app.count("verdicts").await, 2);

    // What nobody explained follows the rating, and each change is told as what it is.
    sent["claimReviewMarkups"][1]["rating"]["textualRating"] = json!("True");
    sent["publishDate"] = json!("2024-03-06");
    let changed = put(&app.editor, &path(&made), &sent).await.expect(200).body;
    let id = changed["name"].as_str().unwrap().strip_prefix("pages/").unwrap();
    assert_eq!(changed["name"], made["name"]);
    let all = app.anyone.get(&format!("/v1/verdicts?newsroom_id={}", app.newsroom_id)).await.expect(200);
    let now: Vec<_> = all.items().iter().filter(|one| one["status"] == "published").collect();
    let flat = now.iter().find(|one| one["claim_reviewed"] == "The moon is flat").unwrap();
    assert_eq!((&flat["summary"], &flat["correction_reason"]), (&json!("True"), &json!("our_error")));
    let note = "The rating was “False” before, and is “True” now. The date of the review is 2024-03-06 now.";
    assert_eq!(flat["correction_note"], note);
    let cheese = now.iter().find(|one| one["id"] != flat["id"]).unwrap();
    assert_eq!(cheese["correction_note"], "The date of the review is 2024-03-06 now.");
    // The ids of all that were ever published lead to the page.
    for one in [id, flat["id"].as_str().unwrap(), cheese["id"].as_str().unwrap()] {
        assert_eq!(app.reader.get(&format!("/v1alpha1/pages/{one}")).await.expect(200).body, changed);
    }
}

/// Updates of one page, and bundles on its claims, at the same moment: all are done or refused, and none is done by halves.
#[actix_web::test]
async fn many_update_one_page_at_once() {
    let app = App::with(Limits { pool_size: 10, ..limits() }).await;
    app.admin.patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &json!({"four_eyes": false})).await.expect(200);
    let claims = ["The moon is made of green cheese", "The moon is flat"];
    let made = app.editor.post("/v1alpha1/pages", &page(&claims.map(|claim| markup(claim, "False")))).await.expect(200);
    let (path, made) = (path(&made.body), made.body.clone());
    let first = app.anyone.get(&format!("/v1/verdicts/{}", path.rsplit('/').next().unwrap())).await.expect(200);
    let claim = first.body["claim_id"].clone();
    for round in 0..10 {
        let rated = |rating: &str, order: [usize; 2]| {
            let mut sent = made.clone();
            sent.as_object_mut().unwrap().remove("versionId");
            sent["claimReviewMarkups"] = json!(order.map(|at| markup(claims[at], rating)));
            sent["claimReviewMarkups"]
                .as_array_mut()
                .unwrap()
                .push(markup(&format!("{round}: {rating} it is"), "False"));
            sent
        };
        let (one, other) = (rated("True", [0, 1]), rated("Mostly true", [1, 0]));
        let bundle = json!({"sources": [{"ref": "a", "kind": "person", "name": "Ann Poster"}],
            "statements": [{"claim_id": claim, "source_id": "#a", "stance": "comments"}]});
        let (one, other, said) = futures_util::join!(
            put(&app.editor, &path, &one),
            put(&app.admin, &path, &other),
            app.checker.post("/v1/bundles", &bundle)
        );
        assert!(
            [one.status, other.status].iter().all(|status| [200, 503].contains(status)),
            "{} {}",
            one.text,
            other.text
        );
        assert!([201, 503].contains(&said.status), "{}", said.text);
        let now = app.reader.get(&path).await.expect(200).body;
        let all = now["claimReviewMarkups"].as_array().unwrap();
        assert_eq!(all.len(), 3);
        let known = all.iter().filter(|one| claims.contains(&one["claimReviewed"].as_str().unwrap()));
        let ratings: Vec<_> = known.map(|one| &one["rating"]["textualRating"]).collect();
        assert_eq!(ratings[0], ratings[1], "one of both was done last, and whole");
    }
}

/// A verdict that was recorded here stands on its page as any other.
#[actix_web::test]
async fn what_was_published_otherwise_is_on_its_page_and_pages_follow_each_other() {
    let app = without_four_eyes().await;
    for n in 0..5 {
        let claim = app
            .editor
            .id_of_new(
                "claims",
                json!({"text": format!("Lake {n} is poisoned"), "language": "en", "status": "published"}),
            )
            .await;
        let who = app.editor.id_of_new("sources", json!({"kind": "person", "name": format!("Ann {n}")})).await;
        app.editor
            .create("statements", statement(&claim, &who, json!({"stance": "asserts", "status": "published"})))
            .await;
        let judged = json!({"summary": "No.", "rating_id": "01890000-0000-7000-8000-000000000101", "reviewed_on": "2024", "language": "de",
            "url": format!("https://news.example/lakes/{}", n / 2), "status": "published"});
        app.admin.create("verdicts", verdict(&claim, judged)).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let found = app
            .reader
            .get(&format!("/v1alpha1/pages?organization=news.example&pageSize=2{token}"))
            .await
            .expect(200)
            .body;
        for page in found["claimReviewMarkupPages"].as_array().unwrap() {
            seen.push((
                page["pageUrl"].as_str().unwrap().to_owned(),
                page["claimReviewMarkups"].as_array().unwrap().len(),
            ));
            // Sent again as it was answered, with a label in the review's language, it changes nothing.
            assert_eq!(put(&app.admin, &path(page), page).await.expect(200).body, *page);
        }
        let Some(next) = found["nextPageToken"].as_str() else { break };
        token = format!("&pageToken={next}");
    }
    let url = |n: usize| format!("https://news.example/lakes/{n}");
    assert_eq!(seen, [(url(2), 1), (url(1), 2), (url(0), 2)]);
    assert_eq!(app.count("verdicts").await, 5);
}

/// Google's own client for Python, unchanged, with a key for its token.
#[actix_web::test]
async fn googles_client_keeps_pages() {
    let app = without_four_eyes().await;
    let key = crate::support::postgres::key("desk", "editor");
    let said =
        examples::run("google_pages.py", &[&app.url, &key, URL, "The moon is made of green cheese", "False"]).await;
    assert!(said.contains("False: The moon is made of green cheese"), "{said}");
    let said =
        examples::run("google_pages.py", &[&app.url, &key, URL, "The moon is made of green cheese", "True"]).await;
    assert!(said.contains("True: The moon is made of green cheese"), "{said}");
    let now = app.anyone.get(&format!("/v1/verdicts?newsroom_id={}", app.newsroom_id)).await.expect(200);
    let now = now.items().iter().find(|one| one["status"] == "published").unwrap();
    assert_eq!(now["summary"], "True");
    let (ends_well, _, told) =
        examples::try_run("google_pages.py", &[&app.url, &key, URL, "It is cheese", "Lunatic"]).await;
    assert!(!ends_well && told.starts_with("400: "), "{told}");
    // Of an article's other checks each stays.
    for (claim, rating) in [("The moon is a lamp", "False"), ("The moon is made of green cheese", "False")] {
        let said = examples::run("google_pages.py", &[&app.url, &key, URL, claim, rating]).await;
        assert!(said.contains(&format!("{rating}: {claim}")) && said.lines().count() == 3, "{said}");
    }
    let said = examples::run("google_pages.py", &[&app.url, &key, URL]).await;
    assert_eq!(said.trim(), "deleted");
}

#[actix_web::test]
async fn a_key_may_come_as_google_s_clients_send_theirs() {
    let app = without_four_eyes().await;
    let post = |key: &str| {
        let sent = page(&[markup("The moon is hollow, as one hears on each side of it", "False")]);
        app.anyone.request(Method::POST, "/v1alpha1/pages").header("x-goog-api-key", key).json(&sent)
    };
    app.anyone.send(post(app.editor.key.as_deref().unwrap())).await.expect(200);
    app.anyone.send(post("onr_unknown")).await.expect(401);
    app.anyone.send(post("AIzaSyD")).await.expect(401);
    // One of Google's own is no reason to refuse what needs none.
    let search =
        app.anyone.request(Method::GET, "/v1alpha1/claims:search?query=moon").header("x-goog-api-key", "AIzaSyD");
    app.anyone.send(search).await.expect(200);
}
