//! The pages, as browsers, search engines and caches ask for them.

use onrecord::demo::id_of;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, claim, document, source, statement, verdict};

const TRUE: &str = "01890000-0000-7000-8000-000000000105";
const FALSE: &str = "01890000-0000-7000-8000-000000000101";

fn published(mut body: Value) -> Value {
    body["status"] = json!("published");
    body
}

/// A published claim with a published verdict; their ids.
async fn judged(app: &App, text: &str) -> (String, String) {
    let id = app.editor.id_of_new("claims", claim(published(json!({"text": text})))).await;
    let body = json!({"summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024-03-02", "language": "en", "title": "It is so"});
    let verdict = app.admin.id_of_new("verdicts", verdict(&id, published(body))).await;
    (id, verdict)
}

#[actix_web::test]
async fn a_claims_page_tells_the_verdict_who_says_what_and_on_whose_word() {
    let app = App::demo().await;
    let id = id_of("talks").unwrap();
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.one("h1"), "The meeting took place");
    assert_eq!(page.attribute("h1", "lang"), "en");
    assert!(page.one(".facts").contains("17 September 2023") && page.one(".facts").contains("Istanbul"));
    assert_eq!(page.one(".verdict .rating"), "True");
    assert_eq!(page.all(".verdict .scale li").len(), 5, "the scale shows what else there is");
    assert_eq!(page.one(".verdict .scale li[aria-current=true]"), "True");
    assert_eq!(page.one(".verdict .explanation strong"), "Kremlin’s spokesman", "Markdown is read");
    let said = page.words(".statement .who");
    assert!(said.contains("confirms Dmitry Peskov") && said.contains("declines to comment"), "{said}");
    assert!(page.all(".statement blockquote[lang=it][dir=auto]").len() > 3);
    assert!(page.words(".translation").contains("the meeting took place"));
    assert!(page.words(".relies").contains("On the word of a senior diplomat (“citando”)"));
    assert!(page.words(".place").contains("POLITICO"));
    assert!(page.words("section").contains("At least 2 independent origins support it"));
    let picture = page.attribute(".picture img", "src");
    assert_eq!(app.anyone.get(&picture).await.expect(200).header("content-type"), Some("image/svg+xml"));
    assert!(page.words(".entries .claim").contains("The talks were held in Istanbul on 17 September 2023"));
    assert_eq!(page.all("script").len(), 1, "the ClaimReview is data; nothing runs");
    // Nothing is asked of anybody else, and all links that are ours lead somewhere.
    for link in page.all("a[href^='/']") {
        let path = link.value().attr("href").unwrap().split('#').next().unwrap();
        let answer = app.anyone.page(path).await;
        assert!([200, 307].contains(&answer.status), "{path}: {}", answer.status);
    }
    for link in page.all("a[href^='http']") {
        assert!(link.value().attr("rel").is_some_and(|rel| rel.contains("nofollow") && rel.contains("noopener")));
    }
}

#[actix_web::test]
async fn every_page_is_guarded_and_found() {
    let app = App::demo().await;
    let (talks, peskov, newsroom) = (id_of("talks").unwrap(), id_of("peskov").unwrap(), id_of("newsroom").unwrap());
    for (path, heading) in [
        ("/".to_owned(), "The newest verdicts"),
        (format!("/claims/{talks}"), "The meeting took place"),
        (format!("/sources/{peskov}"), "Dmitry Peskov"),
        (format!("/newsrooms/{newsroom}"), ""),
        ("/topics/nagorno-karabakh".to_owned(), "nagorno karabakh"),
        ("/search".to_owned(), "Search"),
        ("/search?q=peskov&utm_source=x".to_owned(), "Search"),
    ] {
        let page = app.anyone.page(&path).await.expect(200);
        assert!(page.one("h1").to_lowercase().contains(&heading.to_lowercase()), "{path}: {}", page.one("h1"));
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "strict-origin-when-cross-origin");
        let style = page.attribute("link[rel=stylesheet]", "href");
        let style = app.anyone.page(&style).await.expect(200);
        assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
        assert!(style.header("cache-control").contains("immutable"));
        assert!(page.all("main").len() == 1 && page.all("h1").len() == 1 && page.all("html[lang=en]").len() == 1);
        assert!(page.all("[style], [onclick], style").is_empty(), "{path}: what the policy would refuse");
    }
    app.anyone.page("/assets/other.css").await.expect(404);
    let found = app.anyone.page("/search?q=peskov").await;
    assert!(found.words(".entries mark").contains("Peskov"), "{}", found.text);
    assert_eq!(found.attribute("input[name=q]", "value"), "peskov");
}

/// Readers of feeds find them from any page; on a topic's or newsroom's, first those of what is on it.
#[actix_web::test]
async fn pages_lead_to_their_feeds() {
    let app = App::demo().await;
    let newsroom = id_of("newsroom").unwrap();
    let of_newsroom = format!("?newsroom_id={newsroom}");
    for (path, own) in [
        ("/".to_owned(), None),
        ("/topics/nagorno-karabakh".to_owned(), Some("?topic=nagorno-karabakh")),
        (format!("/newsrooms/{newsroom}"), Some(of_newsroom.as_str())),
    ] {
        let page = app.anyone.page(&path).await.expect(200);
        for (form, kind) in [("atom", "atom+xml"), ("rss", "rss+xml"), ("json", "feed+json")] {
            let links = page.all(&format!("link[rel=alternate][type='application/{kind}']"));
            let links: Vec<_> = links.iter().map(|link| link.value().attr("href").unwrap().to_owned()).collect();
            let expected: Vec<_> =
                own.into_iter().chain([""]).map(|query| format!("/feeds/verdicts.{form}{query}")).collect();
            assert_eq!(links, expected, "{path}");
            app.anyone.get(&links[0]).await.expect(200);
        }
    }
}

#[actix_web::test]
async fn the_head_says_what_search_engines_and_previews_read() {
    let app = App::start().await;
    let (id, verdict) = judged(&app, "Ice is </script> warm & \u{2028} wet").await;
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    let address = format!("{}/claims/{id}", app.url);
    assert_eq!(page.attribute("link[rel=canonical]", "href"), address);
    assert_eq!(page.attribute("meta[property='og:url']", "content"), address);
    assert_eq!(page.attribute("meta[property='og:description']", "content"), "So it is.");
    assert!(page.attribute("meta[property='og:title']", "content").starts_with("True: Ice is </script> warm"));
    assert_eq!(page.attribute("meta[name='twitter:card']", "content"), "summary_large_image");
    let card = page.attribute("meta[property='og:image']", "content");
    let card = reqwest::get(card).await.unwrap();
    assert_eq!(card.headers()["content-type"], "image/png");
    let card = card.bytes().await.unwrap();
    // The size stands behind PNG's signature and the name of its first chunk.
    assert_eq!((&card[..4], &card[16..24]), (&b"\x89PNG"[..], &[0, 0, 4, 176, 0, 0, 2, 118][..]));
    let json = page.attribute("link[rel=alternate][type='application/json']", "href");
    assert_eq!(reqwest::get(json).await.unwrap().status(), 200);

    let markup = page.all("script[type='application/ld+json']")[0].inner_html();
    assert!(!markup.contains(['<', '>', '&', '\u{2028}']), "{markup}");
    let markup: Value = serde_json::from_str(&markup).unwrap();
    assert_eq!(markup["identifier"], json!(verdict));
    assert_eq!(markup["url"], json!(address), "a review that is published nowhere else is published here");
    let checked = app.anyone.post("/v1/claimreview/validate", &markup).await.expect(200).body;
    assert_eq!(checked["valid"], json!(true), "{checked}");
    // Google takes no address on another site than the page's.
    let article = "https://news.example/checks/snow";
    let snow = app.editor.id_of_new("claims", claim(published(json!({"text": "Snow is warm"})))).await;
    let body = json!({"summary": "No.", "rating_id": FALSE, "reviewed_on": "2024", "url": article});
    app.admin.create("verdicts", crate::support::verdict(&snow, published(body))).await;
    let page = app.anyone.page(&format!("/claims/{snow}")).await.expect(200);
    let markup = page.all("script[type='application/ld+json']")[0].inner_html();
    let markup: Value = serde_json::from_str(&markup).unwrap();
    assert_eq!((&markup["url"], &markup["sameAs"]), (&json!(format!("{}/claims/{snow}", app.url)), &json!(article)));
}

#[actix_web::test]
async fn another_publishers_review_is_shown_and_is_no_review_of_the_page() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(published(json!({"text": "Ice is warm"})))).await;
    let author =
        app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "Other Checkers"}))).await;
    let body = json!({"summary": "No.", "rating_id": FALSE, "reviewed_on": "2024", "author_id": author, "url": "https://other.example/check"});
    app.admin.create("verdicts", verdict(&id, published(body))).await;
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    assert!(page.one(".verdict .by").starts_with("Verdict of Other Checkers, recorded by"));
    assert!(page.all("script").is_empty());
    for path in [format!("/embed/claims/{id}"), "/".into()] {
        assert!(app.anyone.page(&path).await.expect(200).text.contains("Other Checkers"), "{path}");
    }
}

#[actix_web::test]
async fn who_has_a_page_is_told_so_until_it_changes() {
    let app = App::start().await;
    let (id, _) = judged(&app, "Ice is warm").await;
    let path = format!("/claims/{id}");
    let first = app.anyone.page(&path).await.expect(200);
    let (etag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    assert_eq!(first.header("cache-control"), "public, max-age=10");
    for headers in [
        vec![("if-none-match", etag.as_str())],
        vec![("if-none-match", etag.as_str()), ("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT")],
    ] {
        let again = app.anyone.page_with(&path, &headers).await.expect(304);
        assert!(again.text.is_empty() && again.header("etag") == etag);
    }
    app.anyone.page_with(&path, &[("if-none-match", "\"other\""), ("if-modified-since", &modified)]).await.expect(200);
    // By a date alone nobody knows what else is on the page.
    app.anyone.page_with(&path, &[("if-modified-since", &modified)]).await.expect(200);
    // What only members see changes nothing, and says nothing of itself.
    let who = app.editor.id_of_new("sources", source(json!({"name": "Ann Mayor"}))).await;
    let said = app.editor.id_of_new("statements", statement(&id, &who, json!({}))).await;
    app.anyone.page_with(&path, &[("if-none-match", &etag)]).await.expect(304);
    app.editor.patch(&format!("/v1/statements/{said}"), &json!({"status": "published"})).await.expect(200);
    let changed = app.anyone.page_with(&path, &[("if-none-match", &etag)]).await.expect(200);
    assert!(changed.words(".statement .who").contains("Ann Mayor"));
}

#[actix_web::test]
async fn drafts_are_nowhere_and_what_was_withdrawn_says_why() {
    let app = App::start().await;
    let draft = app.editor.id_of_new("claims", claim(json!({"text": "Secret draft"}))).await;
    for client in [&app.anyone, &app.editor] {
        let page = client.page(&format!("/claims/{draft}")).await.expect(404);
        assert_eq!(page.one("h1"), "There is nothing here");
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        client.page(&format!("/embed/claims/{draft}")).await.expect(404);
        client.page(&format!("/cards/claims/{draft}.png")).await.expect(404);
    }
    let (id, _) = judged(&app, "Ice is warm").await;
    let reason = json!({"status": "withdrawn", "withdrawn_reason": "It was <b>never</b> claimed."});
    app.editor.patch(&format!("/v1/claims/{id}"), &reason).await.expect(200);
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(410);
    assert_eq!(page.one("blockquote"), "It was <b>never</b> claimed.");
    // Who asks for no page is told as by the API.
    app.anyone.get(&format!("/claims/{id}")).await.problem(410, "never");
    app.anyone.get(&format!("/claims/{draft}")).await.problem(404, "no such claim");
    for path in ["/", "/search?q=secret", "/sitemap.xml", "/news-sitemap.xml"] {
        assert!(!app.anyone.page(path).await.expect(200).text.contains("Secret draft"), "{path}");
    }
    for path in ["/claims/1", "/claims/x/y", "/sources/1", "/topics/NO", "/nothing", "/sitemaps/claims/1.xml"] {
        app.anyone.get(path).await.expect(404);
    }
    for path in ["/claims/1", "/", "/oembed", "/robots.txt"] {
        let answer = app.anyone.send(app.anyone.request(Method::POST, path)).await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{path}");
    }
    app.anyone.page("/search?q=x&cursor=y").await.expect(400);
    app.anyone.page(&format!("/search?q={}", "x".repeat(501))).await.expect(400);
    app.anyone.page("/?cursor=y").await.expect(400);
    app.anyone.page("/search?q=%00").await.expect(400);
}

#[actix_web::test]
async fn corrections_stand_on_the_page_with_what_was_said_before() {
    let app = App::start().await;
    let (id, first) = judged(&app, "Ice is warm").await;
    let body = json!({"summary": "It is not.", "rating_id": FALSE, "reviewed_on": "2024-04", "supersedes_id": first, "correction_reason": "our_error", "correction_note": "We measured tea."});
    app.admin.create("verdicts", verdict(&id, published(body))).await;
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    assert_eq!(page.one(".verdict .rating"), "False");
    let notice = page.one(".verdict .notice");
    assert!(
        notice.contains("Corrected on") && notice.contains("We measured tea.") && notice.contains("rated True before"),
        "{notice}"
    );
    let told = page.words("section[aria-labelledby=corrections]");
    assert!(told.contains("True became False (an error of the newsroom)"), "{told}");
    let embedded = app.anyone.page(&format!("/embed/claims/{id}")).await.expect(200);
    assert!(embedded.one(".notice").contains("We measured tea."));
    // A correction of the words alone tells of no other rating.
    let (id, first) = judged(&app, "Snow is warm").await;
    let body = json!({"summary": "It is so.", "rating_id": TRUE, "reviewed_on": "2024-04", "supersedes_id": first, "correction_reason": "wording", "correction_note": "A word."});
    app.admin.create("verdicts", verdict(&id, published(body))).await;
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    let told = [page.one(".verdict .notice"), page.words("section[aria-labelledby=corrections]")].concat();
    assert!(told.contains("A word.") && !told.contains("before") && !told.contains("became"), "{told}");
    assert!(app.anyone.page("/").await.expect(200).words(".entries").contains("Corrected: We measured tea."));
}

#[actix_web::test]
async fn lists_go_on_page_by_page() {
    let app = App::start().await;
    judged(&app, "Ice is warm").await;
    let fill = "WITH more AS (INSERT INTO claims (id, newsroom_id, text, language, status)
             SELECT new_uuid_v7(), newsroom_id, 'Ice ' || n, 'en', 'published' FROM claims, generate_series(1, 60) AS t(n) RETURNING id, newsroom_id)
         INSERT INTO verdicts (id, newsroom_id, claim_id, rating_id, summary, reviewed_on, claim_reviewed, status)
             SELECT new_uuid_v7(), more.newsroom_id, more.id, rating_id, summary, reviewed_on, 'Ice', 'published' FROM more, verdicts";
    app.sql().await.batch_execute(fill).await.unwrap();
    for path in ["/".to_owned(), format!("/newsrooms/{}", app.newsroom_id), "/search?q=ice&type=claim".to_owned()] {
        let first = app.anyone.page(&path).await.expect(200);
        let rest = app.anyone.page(&first.attribute("a[rel=next]", "href")).await.expect(200);
        let claims = |page: &crate::support::Page| page.all(".entries .claim").len();
        assert_eq!((claims(&first), claims(&rest)), (50, 11), "{path}");
        assert!(rest.all("a[rel=next]").is_empty());
    }
}

#[actix_web::test]
async fn sitemaps_list_what_is_public_and_robots_lead_to_them() {
    let app = App::start().await;
    // What was answered before there was a claim is not told after.
    assert!(!app.anyone.page("/sitemap.xml").await.expect(200).text.contains("/sitemaps/claims/"));
    let (id, _) = judged(&app, "Ice & water").await;
    let untitled = json!({"text": "Il ghiaccio affonda", "language": "it"});
    let untitled = app.editor.id_of_new("claims", claim(published(untitled))).await;
    let conclusion = json!({"summary": "Affonda.", "rating_id": TRUE, "reviewed_on": "2024-03-02"});
    app.admin.create("verdicts", verdict(&untitled, published(conclusion))).await;
    let robots = app.anyone.page("/robots.txt").await.expect(200).text;
    assert!(robots.contains(&format!("Sitemap: {}/sitemap.xml\n", app.url)), "{robots}");
    let index = app.anyone.page("/sitemap.xml").await.expect(200).text;
    let index = roxmltree::Document::parse(&index).unwrap();
    let places: Vec<_> = index
        .descendants()
        .filter(|one| one.has_tag_name(("http://www.sitemaps.org/schemas/sitemap/0.9", "loc")))
        .collect();
    let mut listed = Vec::new();
    for place in places {
        let part = reqwest::get(place.text().unwrap()).await.unwrap().text().await.unwrap();
        let part = roxmltree::Document::parse(&part).unwrap();
        let found = part.descendants().filter(|one| one.tag_name().name() == "loc");
        listed.extend(found.map(|one| one.text().unwrap().to_owned()));
    }
    assert!(listed.contains(&format!("{}/claims/{id}", app.url)), "{listed:?}");
    for address in &listed {
        assert_eq!(reqwest::get(address).await.unwrap().status(), 200, "{address}");
    }
    let news = app.anyone.page("/news-sitemap.xml").await.expect(200).text;
    let news = roxmltree::Document::parse(&news).unwrap();
    let named = |name: &str| -> Vec<String> {
        let found = news.descendants().filter(|one| one.tag_name().name() == name);
        found.filter_map(|one| one.text().map(ToOwned::to_owned)).collect()
    };
    // A claim that was found false is no headline without that.
    assert_eq!(
        (named("title"), named("language")),
        (["Vero: Il ghiaccio affonda", "It is so"].map(String::from).to_vec(), ["it", "en"].map(String::from).to_vec())
    );
    app.sql()
        .await
        .batch_execute("ALTER TABLE changes DISABLE TRIGGER ALL; UPDATE changes SET at = at - interval '3 days'")
        .await
        .unwrap();
    assert!(!app.anyone.page("/news-sitemap.xml").await.expect(200).text.contains("It is so"), "old news");
}

#[actix_web::test]
async fn long_and_right_to_left_texts_fit_the_card() {
    let app = App::start().await;
    for text in ["Ж".repeat(1900), "وزارة الخارجية تؤكد اللقاء ".repeat(20), "x".into(), "阿塞拜疆".repeat(200)]
    {
        let id = app.editor.id_of_new("claims", claim(published(json!({"text": text})))).await;
        let card = app.anyone.request(Method::GET, &format!("/cards/claims/{id}.png")).send().await.unwrap();
        assert_eq!(card.status(), 200);
        assert!(card.bytes().await.unwrap().starts_with(b"\x89PNG"));
    }
}

#[actix_web::test]
async fn documents_lead_to_where_they_are() {
    let app = App::start().await;
    let (id, _) = judged(&app, "Ice is warm").await;
    let who = app.editor.id_of_new("sources", source(json!({"name": "Ann Mayor"}))).await;
    let place = json!({"title": "A speech", "url": "https://example.com/speech?a=1&b=2", "archive_url": "https://archive.example/1"});
    let place = app.editor.id_of_new("documents", document(place)).await;
    app.editor
        .create("statements", statement(&id, &who, published(json!({"document_id": place, "locator": "p. 3"}))))
        .await;
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    let links: Vec<_> = page.all(".place a").iter().map(|one| one.value().attr("href").unwrap().to_owned()).collect();
    assert_eq!(links, ["https://example.com/speech?a=1&b=2", "https://archive.example/1"]);
    assert!(page.one(".place").contains("p. 3"));
}

/// Title, card for other sites and what search engines read lead with one verdict: what was published last, not what was drafted last.
#[actix_web::test]
async fn a_page_leads_with_what_was_published_last() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(published(json!({"text": "Ice is warm"})))).await;
    let body = |title: &str, rating: &str| json!({"summary": "So it is.", "rating_id": rating, "reviewed_on": "2024-03-02", "language": "en", "title": title});
    let first = app.admin.id_of_new("verdicts", verdict(&id, body("Drafted first", FALSE))).await;
    app.admin.create("verdicts", verdict(&id, published(body("Drafted last", TRUE)))).await;
    app.admin.patch(&format!("/v1/verdicts/{first}"), &json!({"status": "published"})).await.expect(200);
    let page = app.anyone.page(&format!("/claims/{id}")).await.expect(200);
    let review: Value = serde_json::from_str(&page.one("script")).unwrap();
    assert_eq!(review["reviewRating"]["alternateName"], "False");
    assert!(page.attribute("meta[property='og:title']", "content").starts_with("False: "));
    assert!(app.anyone.page(&format!("/embed/claims/{id}")).await.expect(200).words(".rating").contains("False"));
    let told = app.anyone.get(&format!("/v1/claims/{id}/claimreview")).await.expect(200).body;
    assert_eq!(told["identifier"], first);
    assert!(app.anyone.get("/v1/exports/claims.csv").await.expect(200).text.contains("Drafted first"));
    // So do the lists of pages; others' reviews are none of the newsroom's own.
    let other = app.editor.id_of_new("claims", claim(published(json!({"text": "Snow is hot"})))).await;
    let checkers =
        app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "Other Checkers"}))).await;
    let mut theirs = published(body("Theirs", FALSE));
    theirs["author_id"] = json!(checkers);
    app.admin.create("verdicts", verdict(&other, theirs)).await;
    let all = app.anyone.page("/").await.expect(200).words(".entries");
    assert!(all.find("Snow is hot").unwrap() < all.find("Ice is warm").unwrap(), "{all}");
    let own = app.anyone.page(&format!("/newsrooms/{}", app.newsroom_id)).await.expect(200).words(".entries");
    assert!(own.contains("Ice is warm") && own.contains("False") && !own.contains("Snow is hot"), "{own}");
}
