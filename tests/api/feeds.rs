//! Verdicts as feeds.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, claim, examples, source, verdict};

/// A rating of the scale that comes with OnRecord.
const FALSE: &str = "01890000-0000-7000-8000-000000000101";

async fn judged(client: &Client, id: &str, more: Value) -> Value {
    let mut body = json!({"summary": "It is not.", "rating_id": FALSE, "reviewed_on": "2024-03", "language": "en", "title": "Not so", "status": "published"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create("verdicts", verdict(id, body)).await
}

async fn items(app: &App, path: &str) -> Vec<Value> {
    let answer = app.anyone.get(path).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/feed+json"));
    answer.body["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_verdict_is_told_in_each_form() {
    let app = App::start().await;
    let text = "Ice is <b>warm</b> & \"soft\"";
    let id =
        app.editor.id_of_new("claims", claim(json!({"text": text, "topics": ["ice"], "status": "published"}))).await;
    assert_eq!(items(&app, "/feeds/verdicts.json").await, Vec::<Value>::new());
    let known =
        judged(&app.admin, &id, json!({"title": "No, <i>cold</i>", "url": "https://example.com/check?a=1&b=2"})).await;

    let [item] = &items(&app, "/feeds/verdicts.json").await[..] else { panic!("one") };
    assert_eq!(item["id"], json!(format!("urn:uuid:{}", known["id"].as_str().unwrap())));
    assert_eq!(item["url"], "https://example.com/check?a=1&b=2");
    assert_eq!(item["title"], "No, <i>cold</i>");
    assert_eq!(item["content_text"], format!("Claim: {text}\n\nVerdict: False\n\nIt is not."));
    assert_eq!((&item["tags"], &item["language"]), (&json!(["ice"]), &json!("en")));
    assert_eq!(item["_onrecord"], json!({"claim_id": id, "verdict_id": known["id"], "rating": "False"}));

    for (form, titles) in [("atom", "entry"), ("rss", "item")] {
        let answer = app.anyone.get(&format!("/feeds/verdicts.{form}")).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(format!("application/{form}+xml; charset=utf-8").as_str()));
        let body = answer.text;
        let document = roxmltree::Document::parse(&body).unwrap();
        let entries: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name(titles) || node.tag_name().name() == titles)
            .collect();
        assert_eq!(entries.len(), 1, "{body}");
        let of = |name: &str| {
            entries[0]
                .children()
                .find(|node| node.tag_name().name() == name)
                .unwrap_or_else(|| panic!("{name}: {body}"))
        };
        assert_eq!(of("title").text(), Some("No, <i>cold</i>"));
        let content = if form == "atom" { of("content") } else { of("description") };
        assert_eq!(
            content.text(),
            Some("<p>Claim: Ice is &lt;b&gt;warm&lt;/b&gt; &amp; \"soft\"</p><p>Verdict: False</p><p>It is not.</p>")
        );
    }
}

/// What is drafted today and published in a month is of then.
#[actix_web::test]
async fn a_verdict_is_of_when_it_was_published() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"text": "Ice is warm"}))).await;
    let known = judged(&app.checker, &id, json!({"status": "draft", "url": "https://news.example/ice"})).await;
    let drafted = known["created_at"].as_str().unwrap().to_owned();
    app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);
    let path = format!("/v1/verdicts/{}", known["id"].as_str().unwrap());
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    for step in ["approve", "publish"] {
        app.editor.act(&format!("{path}/{step}")).await.expect(200);
    }
    let published = app.anyone.get(&path).await.expect(200).body["updated_at"].as_str().unwrap().to_owned();
    let [item] = &items(&app, "/feeds/verdicts.json").await[..] else { panic!("one") };
    assert!(published > drafted);
    assert_eq!((&item["date_published"], &item["date_modified"]), (&json!(published), &json!(published)));
    let atom = app.anyone.get("/feeds/verdicts.atom").await.expect(200).text;
    assert!(atom.contains("<published>") && !atom.contains(drafted.trim_end_matches('Z')), "{atom}");
    let claim = app.anyone.get(&format!("/v1/claims/{id}")).await.expect(200).body;
    let page = app.anyone.get(&format!("/claims/{id}")).await.expect(200).text;
    let told = page.split("article:published_time\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    assert_eq!(at(told), at(claim["updated_at"].as_str().unwrap()));
    // A correction is of its own moment, and its entry of the first.
    let correction = json!({"reason": "wording", "correction_note": "Clearer.", "changes": {"title": "Ice"}});
    let next = app.admin.post(&format!("{path}/correct"), &correction).await.expect(201);
    for step in ["approve", "publish"] {
        app.editor.act(&format!("/v1/verdicts/{}/{step}", next.id())).await.expect(200);
    }
    let [item] = &items(&app, "/feeds/verdicts.json").await[..] else { panic!("one") };
    assert_eq!(item["date_published"], json!(published));
    assert!(item["date_modified"].as_str().unwrap() > published.as_str());
}

#[actix_web::test]
async fn corrections_and_retractions_come_up_again() {
    let app = App::start().await;
    let mut first = Value::Null;
    let mut claims = Vec::new();
    for n in 0..3 {
        let id =
            app.editor.id_of_new("claims", claim(json!({"text": format!("Ice {n}"), "status": "published"}))).await;
        let known = judged(&app.admin, &id, json!({"title": format!("Ice {n}")})).await;
        if n == 0 {
            first = known;
        }
        claims.push(id);
    }
    let titles = async || {
        items(&app, "/feeds/verdicts.json")
            .await
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["Ice 2", "Ice 1", "Ice 0"]);
    let path = format!("/v1/verdicts/{}", first["id"].as_str().unwrap());
    let correction =
        json!({"reason": "wording", "correction_note": "The unit was wrong.", "changes": {"title": "Ice zero"}});
    let successor = app.admin.post(&format!("{path}/correct"), &correction).await.expect(201).body;
    if successor["status"] != "published" {
        for step in ["approve", "publish"] {
            app.editor.act(&format!("/v1/verdicts/{}/{step}", successor["id"].as_str().unwrap())).await.expect(200);
        }
    }
    assert_eq!(titles().await, ["Corrected: Ice zero", "Ice 2", "Ice 1"]);
    let told = items(&app, "/feeds/verdicts.json").await.swap_remove(0);
    assert_eq!(told["id"], json!(format!("urn:uuid:{}", first["id"].as_str().unwrap())), "the same entry, changed");
    assert!(told["content_text"].as_str().unwrap().ends_with("Correction: The unit was wrong."), "{told}");

    app.admin
        .post(
            &format!("/v1/verdicts/{}/retract", successor["id"].as_str().unwrap()),
            &json!({"reason": "It was satire"}),
        )
        .await
        .expect(200);
    assert_eq!(titles().await, ["Retracted: Ice zero", "Ice 2", "Ice 1"]);
    let told = items(&app, "/feeds/verdicts.json").await.swap_remove(0);
    assert_eq!(told["content_text"], "Claim: Ice 0\n\nThis verdict was retracted: It was satire");
    assert!(told["_onrecord"].get("rating").is_none(), "{told}");
    // A claim that is withdrawn takes its verdicts along, retracted or not: readers that have the entry learn so, and nothing of what they said.
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "No claim at all"});
    for id in &claims[..2] {
        app.admin.patch(&format!("/v1/claims/{id}"), &withdraw).await.expect(200);
    }
    let gone = "Withdrawn: a claim and its verdict";
    assert_eq!(titles().await, [gone, gone, "Ice 2"]);
    let told = items(&app, "/feeds/verdicts.json").await;
    let [withdrawn, retracted, _] = &told[..] else { panic!("{told:?}") };
    assert_eq!(retracted["id"], json!(format!("urn:uuid:{}", first["id"].as_str().unwrap())));
    for item in [withdrawn, retracted] {
        let text = item["content_text"].as_str().unwrap();
        assert!(text.ends_with("has withdrawn the claim, and this verdict with it: No claim at all"), "{item}");
        assert_eq!(item["_onrecord"]["withdrawn_reason"], "No claim at all");
        assert!(!item.to_string().contains("Ice") && !item.to_string().contains("satire"), "{item}");
        assert!(item["_onrecord"].get("rating").is_none() && item["tags"] == json!([]), "{item}");
    }
    let rss = app.anyone.get("/feeds/verdicts.rss").await.expect(200).text;
    assert!(rss.contains("#withdrawn</guid>") && !rss.contains("satire"), "{rss}");
}

#[actix_web::test]
async fn feeds_are_narrowed_paged_and_not_sent_twice() {
    let app = App::start().await;
    let publisher = app
        .editor
        .id_of_new(
            "sources",
            source(json!({"kind": "publication", "name": "Checkers", "website": "https://checkers.example/"})),
        )
        .await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let id = app
            .editor
            .id_of_new(
                "claims",
                claim(
                    json!({"text": format!("Ice {n}"), "topics": [format!("topic-{}", n % 2)], "status": "published"}),
                ),
            )
            .await;
        let language = if n == 4 { "en-GB" } else { "de" };
        judged(&app.admin, &id, json!({"language": language, "author_id": (n == 3).then_some(&publisher)})).await;
        ids.push(id);
    }
    let count = async |query: &str| items(&app, &format!("/feeds/verdicts.json?{query}")).await.len();
    assert_eq!(
        [count("topic=topic-0").await, count("language=en").await, count(&format!("claim_id={}", ids[1])).await],
        [3, 1, 1]
    );
    assert_eq!(
        [count("q=ice").await, count("q=ice+4").await, count("q=ice+or+fire").await, count("q=%2B").await],
        [5, 1, 5, 0]
    );
    assert_eq!(
        [count(&format!("rating_id={FALSE}")).await, count(&format!("newsroom_id={}", app.newsroom_id)).await],
        [5, 5]
    );
    assert_eq!(count("newsroom_id=01890000-0000-7000-8000-0000000000ff").await, 0);
    app.anyone.get("/feeds/verdicts.atom?topics=ice").await.problem(400, "topics");
    app.anyone.get("/feeds/verdicts.rss?cursor=AAAA").await.problem(400, "cursor");

    let mut next = Some(format!("{}/feeds/verdicts.json?limit=2", app.url));
    let mut seen = Vec::new();
    while let Some(address) = next {
        let page = app.anyone.get(address.strip_prefix(&app.url).unwrap()).await.expect(200).body;
        assert_eq!(page["feed_url"], json!(address));
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["_onrecord"]["claim_id"].as_str().unwrap().to_owned()),
        );
        next = page.get("next_url").map(|next| next.as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ids.iter().rev().cloned().collect::<Vec<_>>());
    // All pages are one feed (RFC 5005), and other filters are another.
    let id_of = async |path: &str| {
        let text = app.anyone.get(path).await.expect(200).text;
        let atom = roxmltree::Document::parse(&text).unwrap();
        let of = |name: &'static str| atom.root_element().children().filter(move |node| node.tag_name().name() == name);
        let next = of("link").find(|node| node.attribute("rel") == Some("next"));
        let next = next.and_then(|node| node.attribute("href")?.strip_prefix(&app.url).map(str::to_owned));
        (of("id").next().unwrap().text().unwrap().to_owned(), next)
    };
    let whole = format!("{}/feeds/verdicts.atom", app.url);
    assert_eq!(id_of("/feeds/verdicts.atom").await.0, whole);
    let (id, next) = id_of("/feeds/verdicts.atom?limit=2").await;
    assert_eq!((&id, &id_of(&next.unwrap()).await.0), (&whole, &whole));
    let (id, next) = id_of("/feeds/verdicts.atom?limit=2&topic=topic-0").await;
    let filtered = format!("{whole}?topic=topic-0");
    assert_eq!((&id, &id_of(&next.unwrap()).await.0), (&filtered, &filtered));
    let authors: Vec<_> =
        items(&app, "/feeds/verdicts.json").await.iter().map(|item| item["authors"][0]["name"].clone()).collect();
    assert_eq!(authors[1], "Checkers");

    for form in ["atom", "rss", "json"] {
        let path = format!("/feeds/verdicts.{form}");
        let first = app.anyone.get(&path).await.expect(200);
        let known = first.header("etag").unwrap().to_owned();
        let again =
            async || app.anyone.send(app.anyone.request(Method::GET, &path).header("if-none-match", &known)).await;
        again().await.expect(304);
        assert!(first.header("last-modified").is_some());
    }
    let etag = app.anyone.get("/feeds/verdicts.atom").await.header("etag").unwrap().to_owned();
    judged(&app.admin, &ids[0], json!({"author_id": publisher})).await;
    assert_ne!(app.anyone.get("/feeds/verdicts.atom").await.header("etag"), Some(etag.as_str()));
}

/// A reader of feeds that everybody uses takes ours, and asks again with what it knows.
#[actix_web::test]
async fn feedparser_reads_them() {
    let app = App::demo().await;
    for form in ["atom", "rss"] {
        let said = examples::run("read_feed.py", &[&format!("{}/feeds/verdicts.{form}", app.url)]).await;
        assert!(said.lines().count() > 2 && said.ends_with("nothing new\n"), "{said}");
    }
}

/// What was concluded stands when its claim's newsroom withdraws the claim, and that it was retracted is told as well. Whoever is not
/// public any more has no name.
#[actix_web::test]
async fn a_retraction_is_told_also_where_the_claim_was_withdrawn() {
    let app = App::start().await;
    let text = json!({"text": "Ice is warm", "topics": ["ice"], "status": "published"});
    let id = app.other.id_of_new("claims", claim(text)).await;
    let checkers = json!({"kind": "publication", "name": "Other Checkers", "website": "https://checks.example/"});
    let checkers = app.editor.id_of_new("sources", source(checkers)).await;
    let known = judged(&app.admin, &id, json!({"author_id": checkers})).await["id"].as_str().unwrap().to_owned();
    let withdraw = json!({"status": "withdrawn", "withdrawn_reason": "Not ours."});
    app.other.patch(&format!("/v1/claims/{id}"), &withdraw).await.expect(200);
    let [item] = &items(&app, "/feeds/verdicts.json").await[..] else { panic!("one") };
    assert_eq!((&item["title"], &item["authors"][0]["name"]), (&json!("Not so"), &json!("Other Checkers")));
    // The claim's page is gone, and whoever follows a link finds a page.
    let leads_on = async || {
        let newsroom = format!("{}/newsrooms/{}", app.url, app.newsroom_id);
        assert_eq!(items(&app, "/feeds/verdicts.json").await[0]["url"], json!(newsroom));
        let atom = app.anyone.get("/feeds/verdicts.atom").await.expect(200).text;
        assert!(atom.contains(&newsroom) && !atom.contains("/claims/"), "{atom}");
        app.anyone.get(&format!("/newsrooms/{}", app.newsroom_id)).await.expect(200);
    };
    leads_on().await;
    app.admin.post(&format!("/v1/verdicts/{known}/retract"), &json!({"reason": "We misread it."})).await.expect(200);
    leads_on().await;
    app.editor.patch(&format!("/v1/sources/{checkers}"), &json!({"name": "A secret"})).await.expect(200);
    app.anyone.get(&format!("/v1/sources/{checkers}")).await.expect(404);
    for query in ["", "?topic=ice", "?language=en"] {
        let found = items(&app, &format!("/feeds/verdicts.json{query}")).await;
        if query == "?topic=ice" {
            assert_eq!(found.len(), 1);
        }
        assert_eq!((&found[0]["title"], &found[0]["tags"]), (&json!("Retracted: Not so"), &json!([])), "{query}");
        assert_eq!(found[0]["authors"][0], json!({"name": "another publisher"}));
    }
    // It is the newsroom that withdraws, not the publisher whose review it was.
    let own = app.editor.id_of_new("claims", claim(json!({"text": "Snow is hot", "status": "published"}))).await;
    judged(&app.admin, &own, json!({"author_id": checkers})).await;
    app.editor.patch(&format!("/v1/claims/{own}"), &withdraw).await.expect(200);
    let newsroom = app.anyone.get(&format!("/v1/newsrooms/{}", app.newsroom_id)).await.expect(200).body["name"].clone();
    let told = items(&app, "/feeds/verdicts.json").await.swap_remove(0)["content_text"].clone();
    let says = format!("{} has withdrawn the claim, and this verdict with it: Not ours.", newsroom.as_str().unwrap());
    assert_eq!(told, says);
}
