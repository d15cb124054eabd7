//! oEmbed and the card that other sites show, by the standard's words and by what WordPress asks.

use onrecord::demo::id_of;
use serde_json::{Value, json};

use crate::support::{App, Page, claim, examples};

/// The address at which a claim's page is asked about.
fn asked(app: &App, path: &str, more: &str) -> String {
    let url: String = url::form_urlencoded::byte_serialize(format!("{}{path}", app.url).as_bytes()).collect();
    format!("/oembed?url={url}{more}")
}

fn parsed(page: &Page) -> Value {
    assert_eq!(page.header("content-type"), "application/json");
    serde_json::from_str(&page.text).unwrap()
}

#[actix_web::test]
async fn a_page_leads_to_its_card_and_wordpress_takes_it() {
    let app = App::demo().await;
    let path = format!("/claims/{}", id_of("talks").unwrap());
    let page = app.anyone.page(&path).await.expect(200);
    let discovered = page.attribute("link[type='application/json+oembed']", "href");
    assert!(page.text.find("json+oembed").unwrap() < 150_000, "WordPress reads no further");
    let discovered = discovered.strip_prefix(&app.url).unwrap();
    let found = parsed(&app.anyone.page(&format!("{discovered}&maxwidth=500&maxheight=750&dnt=1")).await.expect(200));
    assert_eq!((&found["version"], &found["type"]), (&json!("1.0"), &json!("rich")));
    assert_eq!((&found["width"], &found["height"]), (&json!(500), &json!(360)));
    assert_eq!(found["title"], "True: The meeting took place");
    assert_eq!(found["provider_name"], "OnRecord");
    assert!(found.get("thumbnail_url").is_none(), "a thumbnail must obey too");
    let frame = scraper::Html::parse_fragment(found["html"].as_str().unwrap());
    let frame = frame.select(&scraper::Selector::parse("iframe").unwrap()).next().unwrap().value().clone();
    assert_eq!(frame.attr("src"), Some(format!("{}/embed{path}", app.url).as_str()));
    assert_eq!((frame.attr("width"), frame.attr("height")), (Some("500"), Some("360")));
    assert_eq!(frame.attr("title"), Some("Fact check: The meeting took place"));
}

/// A WordPress as it is packaged, which finds the card by the link in the page and asks for it by itself.
#[actix_web::test]
async fn an_article_in_wordpress_shows_the_card() {
    if !std::path::Path::new("/etc/debian_version").exists() {
        eprintln!("left out: WordPress is taken from Debian's packages");
        return;
    }
    let app = App::demo().await;
    let path = format!("/claims/{}", id_of("talks").unwrap());
    let shown = examples::run("wordpress", &[&format!("{}{path}", app.url)]).await;
    assert!(shown.contains("Claim The meeting took place Verdict: True "), "{shown}");
    assert!(shown.contains(&format!("<{}/embed{path}>", app.url)), "{shown}");
    let pages = [format!("{}{path}", app.url), format!("{}/v1/claims", app.url)];
    let (ends_well, _, told) = examples::try_run("wordpress", &[&pages[0], &pages[1]]).await;
    assert!(!ends_well && told.contains("WordPress has made no card"), "{told}");
}

#[actix_web::test]
async fn sizes_are_obeyed_and_what_is_wrong_is_refused_as_the_standard_says() {
    let app = App::start().await;
    let public = json!({"text": "Ice & <water>", "status": "published"});
    let id = app.editor.id_of_new("claims", claim(public)).await;
    let path = format!("/claims/{id}");
    for (more, width, height) in [
        ("", 600, 360),
        ("&maxwidth=320", 320, 360),
        ("&maxwidth=5000&maxheight=5000", 600, 360),
        ("&maxheight=100&format=json&callback=x", 600, 100),
        ("&maxwidth=1&maxheight=1", 1, 1),
        ("&maxwidth=", 600, 360),
    ] {
        let found = parsed(&app.anyone.page(&asked(&app, &path, more)).await.expect(200));
        assert_eq!((&found["width"], &found["height"]), (&json!(width), &json!(height)), "{more}");
    }
    let whole = parsed(&app.anyone.page(&asked(&app, &path, "")).await.expect(200));
    assert_eq!((&whole["thumbnail_width"], &whole["thumbnail_height"]), (&json!(1200), &json!(630)));
    assert_eq!(reqwest::get(whole["thumbnail_url"].as_str().unwrap()).await.unwrap().status(), 200);

    let xml = app.anyone.page(&asked(&app, &path, "&format=xml")).await.expect(200);
    assert_eq!(xml.header("content-type"), "text/xml; charset=utf-8");
    let xml = roxmltree::Document::parse(&xml.text).unwrap();
    let member = |name: &str| {
        xml.root_element().children().find(|one| one.has_tag_name(name)).unwrap().text().unwrap().to_owned()
    };
    assert_eq!(
        (member("title"), member("width"), member("html")),
        ("Ice & <water>".into(), "600".into(), whole["html"].as_str().unwrap().into())
    );

    for bad in ["&maxwidth=wide", "&maxheight=0", "&maxwidth=-1"] {
        app.anyone.get(&asked(&app, &path, bad)).await.problem(400, "pixels");
    }
    app.anyone.get("/oembed").await.problem(400, "url");
    app.anyone.get(&asked(&app, &path, "&format=yaml")).await.problem(501, "json and xml");
    let draft = app.editor.id_of_new("claims", claim(json!({}))).await;
    for nowhere in [format!("/claims/{draft}"), "/claims/1".into(), "/".into(), format!("/sources/{id}")] {
        app.anyone.get(&asked(&app, &nowhere, "")).await.expect(404);
    }
    app.anyone.get(&format!("/oembed?url=https://other.example{path}")).await.expect(404);
    app.editor
        .patch(&format!("/v1{path}"), &json!({"status": "withdrawn", "withdrawn_reason": "Wrong."}))
        .await
        .expect(200);
    app.anyone.get(&asked(&app, &path, "")).await.expect(404);
}

#[actix_web::test]
async fn the_card_lies_in_any_page_and_says_all_in_words() {
    let app = App::demo().await;
    let card = app.anyone.page(&format!("/embed/claims/{}", id_of("talks").unwrap())).await.expect(200);
    assert_eq!(card.header("x-frame-options"), "");
    assert_eq!(card.header("set-cookie"), "");
    let policy = card.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors *") && policy.contains("script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(card.attribute("base", "target"), "_blank");
    assert_eq!(card.one("h1"), "The meeting took place");
    assert_eq!(card.one(".rating"), "Verdict: True");
    let sides = card.one("ul");
    assert!(sides.contains("For: ") && sides.contains("Dmitry Peskov confirms"), "{sides}");
    assert!(!card.text.contains("Against: "), "nobody is against it");
}
