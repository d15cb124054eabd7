//! ClaimReview in: every form, the dirt of real files, and what becomes of a file that is sent again or whose server dies.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, Program, SOON, until};

/// Ratings of the scale that comes with OnRecord.
pub const FALSE: &str = "01890000-0000-7000-8000-000000000101";

pub fn review(n: usize) -> Value {
    json!({
        "@context": "https://schema.org", "@type": "ClaimReview", "claimReviewed": format!("The mayor said that the bridge with the number {n} was closed by the government"),
        "url": format!("https://checks.example/{n}"), "author": {"@type": "Organization", "name": "Other Checkers", "url": "https://checks.example/"},
        "datePublished": "2024-03-02", "reviewRating": {"@type": "Rating", "alternateName": "Bogus"},
        "itemReviewed": {"@type": "Claim", "author": {"@type": "Person", "name": "Ann Mayor"}, "datePublished": "2024-02-01"}
    })
}

/// Sends a file and waits until it was worked through.
pub async fn import(client: &Client, kind: &str, query: &str, file: impl Into<Vec<u8>>) -> Value {
    let request = client.request(Method::POST, &format!("/v1/imports{query}"));
    let answer = client.send(request.header("content-type", kind).body(file.into())).await.expect(201);
    finished(client, answer.header("location").unwrap()).await
}

pub async fn finished(client: &Client, path: &str) -> Value {
    until("the import is done", SOON, async || {
        let import = client.get(path).await.expect(200).body;
        ["done", "failed"].contains(&import["status"].as_str().unwrap()).then_some(import)
    })
    .await
}

pub async fn records(client: &Client, import: &Value) -> Vec<Value> {
    client.walk(&format!("/v1/imports/{}/records", import["id"].as_str().unwrap())).await
}

/// What became of each record.
pub async fn outcomes(client: &Client, import: &Value) -> Vec<String> {
    records(client, import).await.iter().map(|record| record["outcome"].as_str().unwrap().to_owned()).collect()
}

pub fn problems(record: &Value) -> String {
    record["problems"]
        .as_array()
        .unwrap()
        .iter()
        .fold(String::new(), |told, problem| format!("{told}{}: {}\n", problem["member"], problem["detail"]))
}

pub async fn map(client: &Client, words: &str, rating: &str) {
    client.create("rating-mappings", json!({"rating": words, "rating_id": rating})).await;
}

#[actix_web::test]
async fn a_record_becomes_a_claim_its_claimant_and_a_verdict() {
    let app = App::start().await;
    let editor = &app.editor;
    map(editor, " BOGUS. ", FALSE).await;
    let mut one = review(1);
    one["itemReviewed"]["appearance"] =
        json!([{"@type": "CreativeWork", "url": "https://posts.example/1"}, "https://posts.example/2"]);
    let import_of_one = import(editor, "application/ld+json", "?name=March", one.to_string()).await;
    assert_eq!(
        (&import_of_one["status"], &import_of_one["created"], &import_of_one["name"]),
        (&json!("done"), &json!(1), &json!("March"))
    );
    let record = records(editor, &import_of_one).await.remove(0);
    assert_eq!(problems(&record), "");
    let get = async |noun: &str, id: &Value| {
        editor.get(&format!("/v1/{noun}/{}", id.as_str().unwrap())).await.expect(200).body
    };
    let claim = get("claims", &record["claim_id"]).await;
    assert_eq!(claim["text"], one["claimReviewed"]);
    assert_eq!(
        (&claim["language"], &claim["claimed_on"], &claim["status"]),
        (&json!("en"), &json!("2024-02-01"), &json!("draft"))
    );
    let verdict = get("verdicts", &record["verdict_id"]).await;
    assert_eq!(
        (&verdict["rating_id"], &verdict["reviewed_on"], &verdict["summary"]),
        (&json!(FALSE), &json!("2024-03-02"), &json!("Bogus"))
    );
    assert_eq!(get("sources", &verdict["author_id"]).await["name"], "Other Checkers");
    let statement = get("statements", &record["made"]["statements"][0]).await;
    assert_eq!((&statement["stance"], statement["appearances"].as_array().unwrap().len()), (&json!("asserts"), 1));
    assert_eq!(get("sources", &statement["source_id"]).await["name"], "Ann Mayor");
    assert_eq!(get("documents", &statement["document_id"]).await["url"], "https://posts.example/1");
    let raw =
        editor.get(&format!("/v1/imports/{}/records/1/raw", import_of_one["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(raw.text, one.to_string(), "byte for byte");
    // The publisher and the claimant of the second are those of the first, and that is said.
    let second = import(editor, "application/ld+json", "", review(2).to_string()).await;
    let record = records(editor, &second).await.remove(0);
    assert_eq!(record["made"]["reused"].as_array().unwrap().len(), 2, "{record}");
    assert_eq!((app.count("sources").await, app.count("claims").await), (2, 2));
}

#[actix_web::test]
async fn every_form_is_read() {
    let app = App::start().await;
    let editor = &app.editor;
    let without_context = |n| {
        let mut one = review(n);
        one.as_object_mut().unwrap().remove("@context");
        one
    };
    let answer = json!({"claims": [{"text": "Ice is warm in the north of the country", "claimant": "Ann Mayor", "claimDate": "2024-02-01T00:00:00Z", "claimReview": [
        {"publisher": {"name": "Some Checkers", "site": "some.example"}, "url": "https://some.example/1", "title": "No", "reviewDate": "2024-03-01T00:00:00Z", "textualRating": "False", "languageCode": "en"},
        {"publisher": {"site": "others.example"}, "url": "https://others.example/1", "textualRating": "Wrong", "languageCode": "en"}]}], "nextPageToken": "x"});
    let page = format!(
        "<!doctype html><html><head><title>x</title><!-- <script type=\"application/ld+json\">{}</script> -->
         <SCRIPT TYPE='application/ld+json; charset=utf-8'>{}</SCRIPT><script>var x = {};</script>
         <script type=application/ld+json>{{\"@type\": \"ClaimReview\", \"claimReviewed\": \"broken</script>
         <script type=\"application/ld+json\">{{\"@type\": \"BreadcrumbList\"}}</script></head><body></body></html>",
        review(90),
        json!([review(10), {"@type": "WebPage"}]),
        review(91)
    );
    let table = "Statement;Link;Verdict;Checker;Date\r\n\"The sea; it \"\"is\"\" dry in the summer, and the people of the country know that\";https://a.example/1;False;A;7th October 2018, 9:30 am\r\n;https://a.example/2;;;\r\n";
    let lines = format!("{}\n\n{{\"a\": 1}}\nno json\n{}\r\n", review(20), review(21));
    let feed = json!({"@context": "http://schema.org", "@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": [review(30)]}, {"@type": "DataFeedItem", "item": review(31)}]});
    let typed = json!({"@type": ["Review", "http://schema.org/ClaimReview"], "claimReviewed": review(40)["claimReviewed"], "url": "https://checks.example/40", "author": [{"@type": "Person", "name": "Ann Writer"}, {"@type": "Organization", "name": "Other Checkers"}]});
    for (kind, query, file, expected) in [
        ("application/json", "", review(1).to_string(), vec!["created"]),
        ("application/json", "", json!([review(2), review(3)]).to_string(), vec!["created"; 2]),
        (
            "application/ld+json",
            "",
            json!({"@graph": [{"@type": "WebPage"}, without_context(4)]}).to_string(),
            vec!["created"],
        ),
        (
            "application/ld+json",
            "",
            json!({"@type": "NewsArticle", "review": [without_context(5)]}).to_string(),
            vec!["created"],
        ),
        ("application/ld+json", "", typed.to_string(), vec!["created"]),
        ("application/ld+json", "", feed.to_string(), vec!["created"; 2]),
        ("application/json", "", answer.to_string(), vec!["created"; 2]),
        ("text/html", "", page, vec!["created", "failed"]),
        ("application/x-ndjson", "", lines, vec!["created", "failed", "failed", "created"]),
        (
            "text/csv",
            "?columns=claim=Statement,url=Link,rating=Verdict,publisher=Checker,reviewed_on=Date",
            table.to_owned(),
            vec!["created", "failed"],
        ),
    ] {
        let done = import(editor, kind, query, file.clone()).await;
        assert_eq!(outcomes(editor, &done).await, expected, "{kind} {file}");
        assert_eq!(done["bytes_read"], done["bytes"]);
    }
    let dry = editor.get("/v1/claims?q=sea").await.expect(200).body;
    assert_eq!(
        dry["items"][0]["text"],
        "The sea; it \"is\" dry in the summer, and the people of the country know that"
    );
    // The two reviews of Google's answer are on one claim, by two publishers.
    let ice = editor.get("/v1/claims?q=ice").await.expect(200).body;
    assert_eq!(ice["items"].as_array().unwrap().len(), 1);
    let of_ice = format!("?claim_id={}", ice["items"][0]["id"].as_str().unwrap());
    assert_eq!(editor.walk(&format!("/v1/verdicts{of_ice}")).await.len(), 2);
    assert_eq!(editor.walk(&format!("/v1/statements{of_ice}")).await.len(), 1, "its claimant has said it once");
}

#[actix_web::test]
async fn the_same_file_again_changes_nothing_and_a_changed_one_its_drafts_only() {
    let app = App::start().await;
    let (editor, admin) = (&app.editor, &app.admin);
    let send = async |file: &Value| import(admin, "application/json", "", file.to_string()).await;
    let counted = async || {
        (
            app.count("claims").await,
            app.count("verdicts").await,
            app.count("sources").await,
            app.count("statements").await,
        )
    };
    let mut file = json!([review(1), review(2), review(1)]);
    let first = send(&file).await;
    assert_eq!(outcomes(editor, &first).await, ["created", "created", "unchanged"], "also within a file");
    let made = counted().await;
    let changes = app.count("changes").await;
    assert_eq!(outcomes(editor, &send(&file).await).await, ["unchanged"; 3]);
    assert_eq!((counted().await, app.count("changes").await), (made, changes));

    // What was not mapped then is filled in where it still lacks.
    map(editor, "Bogus", FALSE).await;
    assert_eq!(outcomes(editor, &send(&json!([review(1)])).await).await, ["updated"]);
    let record = records(editor, &first).await.remove(0);
    let verdict_path = format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap());
    assert_eq!(editor.get(&verdict_path).await.expect(200).body["rating_id"], FALSE);

    file[0]["name"] = json!("A headline");
    file[0]["datePublished"] = json!("2024-03-05");
    assert_eq!(outcomes(editor, &send(&json!([file[0]])).await).await, ["updated"]);
    let verdict = editor.get(&verdict_path).await.expect(200).body;
    assert_eq!((&verdict["title"], &verdict["reviewed_on"]), (&json!("A headline"), &json!("2024-03-05")));

    // What is published is not rewritten.
    editor.act(&format!("/v1/claims/{}/publish", record["claim_id"].as_str().unwrap())).await.expect(200);
    admin.patch(&verdict_path, &json!({"status": "published"})).await.expect(200);
    file[0]["name"] = json!("Another headline");
    let changed = send(&json!([file[0]])).await;
    let record = records(editor, &changed).await.remove(0);
    assert_eq!(record["outcome"], "changed");
    assert!(problems(&record).contains("published"), "{record}");
    assert_eq!(editor.get(&verdict_path).await.expect(200).body["title"], "A headline");
    assert_eq!(counted().await, made);
}

#[actix_web::test]
async fn a_dry_run_reports_and_records_nothing() {
    let app = App::start().await;
    let mut other = review(1);
    other["name"] = json!("Another headline");
    let file = json!([review(1), review(1), other, {"@type": "ClaimReview", "claimReviewed": ""}]).to_string();
    let done = import(&app.editor, "application/json", "?dry_run=true", file.clone()).await;
    let tried = outcomes(&app.editor, &done).await;
    assert_eq!(tried, ["created", "unchanged", "updated", "failed"]);
    let records = records(&app.editor, &done).await;
    assert!(problems(&records[0]).contains("rating-mappings"), "{}", records[0]);
    for table in ["claims", "sources", "statements", "verdicts", "documents"] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
    let done = import(&app.editor, "application/json", "", file).await;
    assert_eq!(outcomes(&app.editor, &done).await, tried, "what was only tried is not known");
}

#[actix_web::test]
async fn what_is_complete_is_published_on_request() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let mut unmapped = review(2);
    unmapped["reviewRating"]["alternateName"] = json!("Half a flop");
    let mut own = review(3);
    own["author"] = json!({"@type": "Organization", "name": "Whoever"});
    let file = json!([review(1), unmapped]).to_string();
    let done = import(admin, "application/json", "?publish=true", file).await;
    let made = records(admin, &done).await;
    let get = async |noun: &str, id: &Value| app.anyone.get(&format!("/v1/{noun}/{}", id.as_str().unwrap())).await;
    get("claims", &made[0]["claim_id"]).await.expect(200);
    get("verdicts", &made[0]["verdict_id"]).await.expect(200);
    get("statements", &made[0]["made"]["statements"][0]).await.expect(200);
    get("claims", &made[1]["claim_id"]).await.expect(404);
    assert!(problems(&made[1]).contains("stays a draft"), "{}", made[1]);
    // All that a draft lacks is told at once, and nothing of the kind of what is published.
    let mut vague = review(6);
    (vague["datePublished"], vague["reviewRating"]["alternateName"]) = (json!("some day"), json!("Half a flop"));
    let mut again = review(1);
    (again["datePublished"], again["headline"]) = (Value::Null, json!("Another headline"));
    (again["itemReviewed"]["datePublished"], vague["itemReviewed"]["datePublished"]) =
        (Value::Null, json!("03/04/2021"));
    let done = import(admin, "application/json", "?publish=true", json!([vague, again]).to_string()).await;
    let made = records(admin, &done).await;
    let told = problems(&made[0]);
    for told_of in [
        "has no rating",
        "nobody knows when",
        "has a day or month in doubt, so that only its year is read; 2021-04-03 would be read whole: 03/04/2021",
    ] {
        assert!(told.contains(told_of), "{told_of}: {told}");
    }
    let told = problems(&made[1]);
    assert!(told.contains("that is published: correct it by hand") && !told.contains("stays a draft"), "{told}");
    let done = import(admin, "application/json", "?own=true", own.to_string()).await;
    let made = records(admin, &done).await;
    let verdict =
        admin.get(&format!("/v1/verdicts/{}", made[0]["verdict_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(verdict["author_id"], Value::Null, "the newsroom's own");
    // On another site than the newsroom's, its name makes no review its own.
    let newsroom = format!("/v1/newsrooms/{}", app.newsroom_id);
    let name = admin.patch(&newsroom, &json!({"site": "https://news.example/"})).await.expect(200).body["name"].clone();
    for (n, url, own) in [(4, "https://checks.example/4", false), (5, "https://checks.news.example/5", true)] {
        let mut named = review(n);
        (named["author"]["name"], named["url"]) = (name.clone(), json!(url));
        let done = import(admin, "application/json", "", named.to_string()).await;
        let made = records(admin, &done).await.swap_remove(0);
        assert_eq!(problems(&made).contains("own=true"), !own, "{made}");
        let verdict = made["verdict_id"].as_str().unwrap();
        let author = admin.get(&format!("/v1/verdicts/{verdict}")).await.expect(200).body["author_id"].clone();
        assert_eq!(author.is_null(), own, "{url}");
    }
}

#[actix_web::test]
async fn imports_and_mappings_are_a_newsrooms_own() {
    let app = App::start().await;
    let done = import(&app.editor, "application/json", "", review(1).to_string()).await;
    let path = format!("/v1/imports/{}", done["id"].as_str().unwrap());
    for path in [path.clone(), format!("{path}/records"), format!("{path}/records/1/raw")] {
        app.reader.get(&path).await.expect(200);
        app.other.get(&path).await.expect(404);
        app.anyone.get(&path).await.expect(401);
    }
    app.editor.get(&format!("{path}/records/2/raw")).await.expect(404);
    app.editor.get(&format!("{path}/records?outcome=nonsense")).await.expect(400);
    assert_eq!(app.other.walk("/v1/imports").await.len(), 0);
    app.checker.post("/v1/imports", &review(2)).await.expect(403);
    let mapped = app
        .editor
        .create("rating-mappings", json!({"publisher": "checks.example", "rating": "Nope", "rating_id": FALSE}))
        .await;
    let path = format!("/v1/rating-mappings/{}", mapped["id"].as_str().unwrap());
    app.other.get(&path).await.expect(404);
    let again = json!({"publisher": "CHECKS.example", "rating": "«nope»", "rating_id": FALSE});
    app.editor.post("/v1/rating-mappings", &again).await.expect(409);
    app.editor
        .post("/v1/rating-mappings", &json!({"rating": "x", "rating_id": mapped["id"]}))
        .await
        .points_at(&["/rating_id"]);
    app.editor.patch(&path, &json!({"rating": "Nope, never"})).await.expect(200);
    app.editor.delete(&path).await.expect(204);
}

#[actix_web::test]
async fn a_repeated_request_is_one_import() {
    let app = App::start().await;
    let send = async || {
        let request =
            app.editor.request(Method::POST, "/v1/imports").header("idempotency-key", "once").json(&review(1));
        app.editor.send(request).await.expect(201)
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(first.body["id"], second.body["id"]);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(app.count("imports").await, 1);
    // The same file for another purpose is another request.
    let publish = app.editor.request(Method::POST, "/v1/imports?publish=true").header("idempotency-key", "once");
    app.editor.send(publish.json(&review(1))).await.expect(422);
}

#[actix_web::test]
async fn an_import_goes_on_after_its_server_was_killed() {
    const RECORDS: usize = 1000;
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let key = serving.first_key().await;
    let admin = serving.with_key(&key);
    let file = (0..RECORDS).map(|n| review(n).to_string()).collect::<Vec<_>>().join("\n");
    let request = admin.request(Method::POST, "/v1/imports").header("content-type", "application/x-ndjson").body(file);
    let path = admin.send(request).await.expect(201).header("location").unwrap().to_owned();
    until("it has begun", SOON, async || {
        let import = admin.get(&path).await.expect(200).body;
        (import["records"].as_u64().unwrap() > 0).then_some(())
    })
    .await;
    serving.kill().await;
    let serving = program.serve(&[]).await;
    let admin = serving.with_key(&key);
    let import = until("the rest is recorded", 3 * SOON, async || {
        // Not so often that the key's quota is used up.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let import = admin.get(&path).await.expect(200).body;
        (import["status"] == "done").then_some(import)
    })
    .await;
    assert_eq!((&import["created"], &import["records"]), (&json!(RECORDS), &json!(RECORDS)));
    let numbers: Vec<u64> = admin
        .walk(&format!("{path}/records?limit=200"))
        .await
        .iter()
        .map(|one| one["position"].as_u64().unwrap())
        .collect();
    assert!(numbers.iter().copied().eq(1..=RECORDS as u64));
    serving.stop().await;
}

#[actix_web::test]
async fn the_command_line_imports_files_beside_a_server_and_alone() {
    let program = Program::new();
    let file = program.file("reviews.ndjson", &format!("{}\n{}\n{{}}\n", review(1), review(2)));
    let table = program.file("table.csv", "claim,url\nThe sea is dry in the summer,https://a.example/1\n");
    let serving = program.serve(&[]).await;
    serving.first_key().await;
    let told = program.run(&["import", "claimreview", "--dry-run", &file]).await.done();
    assert!(told.contains("3 records: 2 created, 0 updated, 0 unchanged, 0 changed, 1 failed"), "{told}");
    assert!(told.contains("record 3 failed: has no ClaimReview in it"), "{told}");
    let told = program.run(&["import", "claimreview", &file, &table]).await.done();
    assert!(told.contains("table.csv: 1 records: 1 created"), "{told}");
    serving.stop().await;
    let told = program.run(&["import", "claimreview", &file]).await.done();
    assert!(told.contains("0 created, 0 updated, 2 unchanged"), "{told}");
    // A page without a review keeps none of the others back.
    let bare = program.file("bare.html", "<html></html>");
    let told = program.run(&["import", "claimreview", &bare, &table]).await.refused("1 of 2 files failed");
    assert!(
        told.out.contains("bare.html: failed: No review was found") && told.out.contains("1 unchanged"),
        "{told:?}"
    );
    let odd = program.file("odd.txt", "x");
    program.run(&["import", "claimreview", &odd]).await.refused("is not imported");
    program.run(&["import", "claimreview", "--charset", "win-1252", &file]).await.refused("no label of the Encoding");
}
