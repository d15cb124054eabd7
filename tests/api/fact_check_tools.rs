//! Google's Fact Check Tools API over our data, as its clients use it.

use serde_json::{Value, json};

use crate::support::{App, Client, claim, examples, source, statement, verdict};

/// A rating of the scale that comes with OnRecord.
const FALSE: &str = "01890000-0000-7000-8000-000000000101";

async fn judged(client: &Client, id: &str, more: Value) -> Value {
    let mut body = json!({"summary": "It is not.", "rating_id": FALSE, "reviewed_on": "2024-03", "language": "en", "status": "published"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create("verdicts", verdict(id, body)).await
}

async fn published(app: &App, text: &str, more: Value) -> String {
    let mut body = json!({"text": text, "status": "published"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.editor.id_of_new("claims", claim(body)).await
}

async fn search(app: &App, query: &str) -> Value {
    app.anyone.get(&format!("/v1alpha1/claims:search?{query}")).await.expect(200).body
}

fn texts(found: &Value) -> Vec<&str> {
    found["claims"].as_array().into_iter().flatten().map(|claim| claim["text"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_claim_is_told_as_google_tells_it() {
    let app = App::start().await;
    app.admin
        .patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &json!({"site": "https://www.news.example/"}))
        .await
        .expect(200);
    let id = published(&app, "The earth is flat", json!({"claimed_on": "2024-02"})).await;
    // Without a published verdict it was not checked. Nothing is under way, so that this answer is kept until something is written.
    app.in_order().await;
    assert_eq!(search(&app, "query=flat+earth").await, json!({}));
    let speaker = app.editor.id_of_new("sources", source(json!({"kind": "person", "name": "Ann Speaker"}))).await;
    app.editor
        .create("statements", statement(&id, &speaker, json!({"stance": "asserts", "status": "published"})))
        .await;
    judged(&app.admin, &id, json!({"title": "It is round", "url": "https://news.example/round"})).await;
    let other = app
        .editor
        .id_of_new(
            "sources",
            source(json!({"kind": "publication", "name": "Other", "website": "https://checks.other.example/x"})),
        )
        .await;
    judged(&app.admin, &id, json!({"author_id": other, "language": "de-AT", "reviewed_on": "2024"})).await;

    let reviews = search(&app, "query=flat+earth").await["claims"][0]["claimReview"].as_array().map_or(0, Vec::len);
    assert_eq!(reviews, 2);
    let found = search(&app, "query=flat%20earth&alt=json&key=AIza&prettyPrint=false&%24.xgafv=2&fields=claims").await;
    let newsroom = found["claims"][0]["claimReview"][0]["publisher"]["name"].clone();
    assert_eq!(
        found,
        json!({"claims": [{"text": "The earth is flat", "claimant": "Ann Speaker", "claimDate": "2024-02-01T00:00:00Z", "claimReview": [
            {"publisher": {"name": newsroom, "site": "news.example"}, "url": "https://news.example/round", "title": "It is round",
             "reviewDate": "2024-03-01T00:00:00Z", "textualRating": "False", "languageCode": "en"},
            {"publisher": {"name": "Other", "site": "checks.other.example"}, "url": format!("{}/claims/{id}", app.url),
             "reviewDate": "2024-01-01T00:00:00Z", "textualRating": "Falsch", "languageCode": "de-AT"}]}]})
    );
    for (query, reviews) in [
        ("reviewPublisherSiteFilter=news.example", 1),
        ("reviewPublisherSiteFilter=https://www.news.example/", 1),
        ("reviewPublisherSiteFilter=other.example", 1),
        ("reviewPublisherSiteFilter=ther.example", 0),
        ("query=earth&languageCode=de", 1),
        ("query=earth&languageCode=de-CH", 1),
        ("query=earth&languageCode=fr", 0),
        ("query=earth&maxAgeDays=36500", 2),
        ("query=earth&maxAgeDays=3", 0),
        ("query=cold+fusion", 0),
    ] {
        let found = search(&app, query).await;
        assert_eq!(found["claims"][0]["claimReview"].as_array().map_or(0, Vec::len), reviews, "{query}: {found}");
    }
}

/// A host in its own letters is the same as in ASCII, whichever is asked for and whichever is kept.
#[actix_web::test]
async fn a_site_is_found_in_either_spelling() {
    let app = super::fact_check_pages::without_four_eyes().await;
    for (nth, host) in ["www.müller.example", "xn--mller-kva.example"].into_iter().enumerate() {
        let id = published(&app, &format!("Lake number {nth} is poisoned"), json!({})).await;
        judged(&app.admin, &id, json!({"url": format!("https://{host}/lakes/{nth}")})).await;
    }
    for host in ["müller.example", "M%C3%9CLLER.example", "xn--mller-kva.example", "example"] {
        let found = search(&app, &format!("reviewPublisherSiteFilter={host}")).await;
        assert_eq!(texts(&found).len(), 2, "{host}: {found}");
        let pages = app.reader.get(&format!("/v1alpha1/pages?organization={host}")).await.expect(200).body;
        assert_eq!(pages["claimReviewMarkupPages"].as_array().map(Vec::len), Some(2), "{host}: {pages}");
    }
    assert_eq!(search(&app, "reviewPublisherSiteFilter=ller.example").await, json!({}));
}

#[actix_web::test]
async fn a_message_finds_what_it_repeats() {
    let app = App::start().await;
    for text in [
        "Vaccines contain microchips that track people",
        "The moon landing was filmed in a studio",
        "Bananas are berries",
    ] {
        let id = published(&app, text, json!({})).await;
        judged(&app.admin, &id, json!({})).await;
    }
    app.words_counted().await;
    let found = search(&app, "query=is+it+true+that+they+put+microchips+in+vaccines+to+track+everybody").await;
    assert_eq!(texts(&found), ["Vaccines contain microchips that track people"]);
    // Nor does a claim with these very words hide it that nobody has reviewed yet.
    published(&app, "It is true that they put microchips in vaccines to track everybody", json!({})).await;
    let found = search(&app, "query=they+put+microchips+in+vaccines+to+track+everybody").await;
    assert_eq!(texts(&found), ["Vaccines contain microchips that track people"]);
}

#[actix_web::test]
async fn pages_follow_each_other_and_drafts_are_nowhere() {
    let app = App::start().await;
    for n in 0..7 {
        let id = published(&app, &format!("Lake number {n} is poisoned"), json!({})).await;
        if n != 3 {
            judged(&app.admin, &id, json!({"url": "https://news.example/lakes"})).await;
        }
    }
    for query in ["query=lake", "reviewPublisherSiteFilter=news.example"] {
        let (mut token, mut seen) = (String::new(), Vec::new());
        loop {
            let page = search(&app, &format!("{query}&pageSize=2{token}")).await;
            seen.extend(texts(&page).into_iter().map(str::to_owned));
            let Some(next) = page.get("nextPageToken") else { break };
            token = format!("&pageToken={}", next.as_str().unwrap());
        }
        let all = search(&app, query).await;
        assert_eq!(seen, texts(&all), "{query}");
        assert_eq!(seen.len(), 6);
        assert_eq!(texts(&search(&app, &format!("{query}&offset=4")).await), &seen[4..]);
        let mixed = app.anyone.get(&format!("/v1alpha1/claims:search?query=sea{token}")).await.expect(400);
        assert_eq!(mixed.body["error"]["status"], "INVALID_ARGUMENT");
    }
    assert_eq!(texts(&search(&app, "query=lake&pageSize=100000").await).len(), 6, "a size too large is not refused");
}

#[actix_web::test]
async fn what_is_wrong_is_told_in_googles_way() {
    let app = App::start().await;
    for (path, code, status, message) in [
        ("claims:search", 400, "INVALID_ARGUMENT", "reviewPublisherSiteFilter"),
        ("claims:search?query=%20", 400, "INVALID_ARGUMENT", "query"),
        (
            "claims:search?query=a&reviewPublisherSiteFilter=http://",
            400,
            "INVALID_ARGUMENT",
            "reviewPublisherSiteFilter",
        ),
        ("claims:search?query=a&pageSize=-1", 400, "INVALID_ARGUMENT", "pageSize"),
        ("claims:search?query=", 400, "INVALID_ARGUMENT", "query"),
        ("claims:search?query=a&reviewPublisherSiteFilter=%20", 400, "INVALID_ARGUMENT", "reviewPublisherSiteFilter"),
        ("claims:search?query=a&pageToken=no", 400, "INVALID_ARGUMENT", "pageToken"),
        ("claims:search?query=a&languageCode=english%20language", 400, "INVALID_ARGUMENT", "languageCode"),
        ("claims:search?query=a&q=b", 400, "INVALID_ARGUMENT", "q"),
        ("claims:search?query=%00", 400, "INVALID_ARGUMENT", "query"),
        ("claims:imageSearch", 400, "INVALID_ARGUMENT", "imageUri"),
        ("claims:imageSearch?imageUri=", 400, "INVALID_ARGUMENT", "imageUri"),
        ("claims:find?query=a", 404, "NOT_FOUND", "path"),
    ] {
        let answer = app.anyone.get(&format!("/v1alpha1/{path}")).await.expect(code);
        let error = &answer.body["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!(code), &json!(status)), "{path}");
        assert!(error["message"].as_str().unwrap().contains(message), "{path}: {error}");
    }
    let answer = app.anyone.post("/v1alpha1/claims:search", &json!({})).await.expect(405);
    assert_eq!(answer.body["error"]["code"], 405);
    let images = app.anyone.get("/v1alpha1/claims:imageSearch?imageUri=https://news.example/a.jpg").await.expect(200);
    assert_eq!(images.body, json!({}));
}

/// In Google's interfaces a blank text and 0 stand for "not set": clients that send all their fields ask for nothing by them.
#[actix_web::test]
async fn what_is_blank_or_zero_was_not_asked_for() {
    let app = App::start().await;
    let id = published(&app, "Lake number one is poisoned", json!({})).await;
    judged(&app.admin, &id, json!({"reviewed_on": "1999"})).await;
    let all = search(&app, "query=lake").await;
    assert_eq!(texts(&all).len(), 1);
    for blank in
        ["pageToken=", "languageCode=", "key=", "reviewPublisherSiteFilter=", "pageSize=0", "maxAgeDays=0", "offset=0"]
    {
        assert_eq!(search(&app, &format!("{blank}&query=lake")).await, all, "{blank}");
    }
    let every = "key=&languageCode&maxAgeDays=0&offset=0&pageSize=0&pageToken=&query=lake&reviewPublisherSiteFilter=";
    assert_eq!(search(&app, every).await, all);
    app.reader.get("/v1alpha1/pages?organization=news.example&url=&pageSize=0&pageToken=").await.expect(200);
    app.anyone.get("/v1/claims?language=").await.problem(400, "language");
}

/// What does not fit into an address comes in the body, from clients that say so.
#[actix_web::test]
async fn a_long_query_may_come_in_the_body() {
    let app = App::start().await;
    let id = published(&app, "Lake number one is poisoned", json!({})).await;
    judged(&app.admin, &id, json!({})).await;
    let ask = async |method: &str, media_type: &str, body: String| {
        let request = app.anyone.request(reqwest::Method::POST, "/v1alpha1/claims:search?alt=json");
        let request = request.header("x-http-method-override", method).header("content-type", media_type);
        app.anyone.send(request.body(body)).await
    };
    let form = "application/x-www-form-urlencoded";
    let found = ask("GET", form, "query=poisoned+lake&pageSize=5&pageToken=".into()).await.expect(200).body;
    assert_eq!(found, search(&app, "query=lake").await);
    for (method, media_type, body, status, told) in [
        ("PUT", form, "query=lake".into(), 405, "GET"),
        ("GET", "application/json", "{}".into(), 415, "form"),
        ("GET", form, "query=lake&alt=media".into(), 400, "alt"),
        ("GET", form, "query=lake&q=1".into(), 400, "q"),
        ("GET", form, "query=%FF".into(), 400, "query"),
        ("GET", form, "query=a b".into(), 400, "percent"),
        ("GET", form, "query=süß".into(), 400, "percent"),
        ("GET", form, String::new(), 400, "query"),
        ("GET", form, "a".repeat(40_000), 413, "bytes"),
    ] {
        let answer = ask(method, media_type, body).await.expect(status);
        assert!(answer.detail().contains(told), "{told}: {}", answer.text);
    }
    // Elsewhere a method is what it says.
    let request = app.anyone.request(reqwest::Method::POST, "/v1/claims").header("x-http-method-override", "GET");
    app.anyone.send(request).await.expect(401);
}

/// Google's own client for Python, unchanged.
#[actix_web::test]
async fn googles_client_searches() {
    let app = App::start().await;
    for n in 0..3 {
        let id = published(&app, &format!("Lake number {n} is poisoned"), json!({"claimed_on": "2024"})).await;
        judged(&app.admin, &id, json!({"url": "https://news.example/lakes"})).await;
    }
    let said =
        examples::run("google_client.py", &[&app.url, "lake poisoned", "--page-size", "2", "--language", "en-GB"])
            .await;
    let claims: Vec<_> = said.lines().filter(|line| line.starts_with("Lake number")).collect();
    assert_eq!(claims.len(), 3, "{said}");
    assert!(said.contains("claimed by nobody named 2024-01-01T00:00:00Z"), "{said}");
    assert!(said.contains(": False <https://news.example/lakes>"), "{said}");
    // It sends as a form what makes an address longer than 2,048 characters.
    let id = published(&app, &"Озеро ".repeat(80), json!({"language": "ru"})).await;
    judged(&app.admin, &id, json!({"language": "ru"})).await;
    let said = examples::run("google_client.py", &[&app.url, "Озеро ".repeat(80).trim()]).await;
    assert!(said.starts_with("Озеро"), "{said}");
    let (ends_well, _, told) = examples::try_run("google_client.py", &[&app.url, "lake", "--page-size", "-1"]).await;
    assert!(!ends_well && told.starts_with("400: pageSize"), "{told}");
}
