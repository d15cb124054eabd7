//! The pages in a real browser: nothing that users wrote runs, everybody can read them, the card tells its height.

use onrecord::demo::id_of;
use serde_json::{Value, json};

use crate::support::{App, Browser, SOON, axe, document, source, statement, until, verdict};

const FALSE: &str = "01890000-0000-7000-8000-000000000101";

/// Hostile texts that would each show that they ran.
const CANARIES: [&str; 6] = [
    "\"><img src=x onerror=\"window.canary=1\">",
    "</script><script>window.canary=1</script>",
    "</title></textarea></style><svg onload=\"window.canary=1\">",
    "<!--<script>window.canary=1</script>-->",
    "' autofocus onfocus='window.canary=1",
    "[x](javascript:window.canary=1) ![x](x\"onerror=\"window.canary=1) <iframe srcdoc=\"<script>parent.canary=1</script>\">",
];

async fn ran(browser: &Browser) -> Value {
    browser.ask("return window.canary || 0").await
}

#[actix_web::test]
async fn nothing_that_users_wrote_runs() {
    let app = App::start().await;
    let browser = Browser::start().await;
    for (nth, canary) in CANARIES.into_iter().enumerate() {
        let line = canary.to_owned();
        let who = json!({"name": line, "description": line, "aliases": [line], "kind": "unnamed", "website": "https://example.com/?<script>"});
        let who = app.editor.id_of_new("sources", source(who)).await;
        let place = json!({"title": line, "description": line, "authors": [line], "url": format!("https://example.com/{nth}/\"><script>window.canary=1</script>"), "publisher_id": who});
        let place = app.editor.id_of_new("documents", document(place)).await;
        let claim = json!({"text": line, "language": "en", "context": line, "place": line, "status": "published", "topics": ["hostile"]});
        let claim = app.editor.id_of_new("claims", claim).await;
        let said = json!({"spoke_as": line, "on_behalf_of_id": who, "quote": line, "quote_language": "en", "quote_kind": "verbatim", "translation": line, "document_id": place, "locator": line, "status": "published"});
        let first = app.editor.id_of_new("statements", statement(&claim, &who, said)).await;
        let told = json!({"relies_on": [{"statement_id": first, "wording": line}], "stance": "reports", "status": "published"});
        let told = app.editor.id_of_new("statements", statement(&claim, &who, told)).await;
        app.editor
            .patch(
                &format!("/v1/statements/{first}"),
                &json!({"translation": format!("{line}!"), "correction_note": line}),
            )
            .await
            .expect(200);
        app.editor
            .patch(&format!("/v1/statements/{told}"), &json!({"status": "withdrawn", "withdrawn_reason": line}))
            .await
            .expect(200);
        app.editor.patch(&format!("/v1/claims/{claim}"), &json!({"context": format!("{line}!")})).await.expect(200);
        let body = json!({"title": line, "summary": line, "explanation": line, "rating_id": FALSE, "reviewed_on": "2024", "language": "en", "status": "published",
            "evidence": [{"statement_id": first, "bearing": "supports", "note": line}, {"document_id": place, "bearing": "context", "note": line}]});
        let one = app.admin.id_of_new("verdicts", verdict(&claim, body.clone())).await;
        let mut again = body;
        again["supersedes_id"] = json!(one);
        again["correction_reason"] = json!("wording");
        again["correction_note"] = json!(line);
        app.admin.create("verdicts", verdict(&claim, again)).await;
        let query: String = url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
        let newsroom = app.newsroom_id;
        app.admin.patch(&format!("/v1/newsrooms/{newsroom}"), &json!({"name": line})).await.expect(200);
        for path in [
            format!("/claims/{claim}"),
            format!("/embed/claims/{claim}"),
            format!("/sources/{who}"),
            format!("/newsrooms/{newsroom}"),
            "/topics/hostile".into(),
            "/".into(),
            format!("/search?q={query}"),
            "/search?q=canary".into(),
        ] {
            let page = app.anyone.page(&path).await.expect(200);
            let elements = "main img[src=x], main svg, main iframe, main script, main [onerror], main [onload], main [onfocus], main a[href^=javascript]";
            assert!(page.all(elements).is_empty(), "{path}: {}", page.text);
            browser.open(&format!("{}{path}", app.url)).await;
            browser.see("main").await;
            assert_eq!(ran(&browser).await, json!(0), "{path}: {canary}");
            // A page may be one that the browser has kept, whose picture is gone with the claim.
            let refused =
                |one: &Value| one["message"].as_str().is_some_and(|text| text.contains("Content Security Policy"));
            let refused: Vec<_> = browser.complaints().await.into_iter().filter(refused).collect();
            assert!(refused.is_empty(), "{path}: {refused:?}");
        }
        app.editor
            .patch(&format!("/v1/claims/{claim}"), &json!({"status": "withdrawn", "withdrawn_reason": line}))
            .await
            .expect(200);
        browser.open(&format!("{}/claims/{claim}", app.url)).await;
        assert_eq!(ran(&browser).await, json!(0), "{canary}");
    }
    browser.close().await;
}

/// What axe finds against WCAG 2.2 AA and its own best practices.
async fn violations(browser: &Browser) -> Vec<String> {
    browser.ask(axe()).await;
    browser.ask("window.found = null; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(found => { window.found = found.violations })").await;
    let found = until("axe has looked", SOON, async || {
        let found = browser.ask("return window.found").await;
        found.as_array().cloned()
    })
    .await;
    found.iter().map(|one| format!("{}: {}", one["id"], one["nodes"][0]["html"])).collect()
}

#[actix_web::test]
async fn everybody_can_read_the_pages_in_light_and_in_dark_and_on_a_phone() {
    let app = App::demo().await;
    let (talks, peskov, newsroom) = (id_of("talks").unwrap(), id_of("peskov").unwrap(), id_of("newsroom").unwrap());
    for dark in [false, true] {
        let browser = Browser::start_in(dark).await;
        for path in [
            "/".to_owned(),
            format!("/claims/{talks}"),
            format!("/claims/{}", id_of("day-and-place").unwrap()),
            format!("/sources/{peskov}"),
            format!("/newsrooms/{newsroom}"),
            "/topics/nagorno-karabakh".into(),
            "/search?q=peskov".into(),
            format!("/claims/{newsroom}"),
            format!("/embed/claims/{talks}"),
        ] {
            browser.open(&format!("{}{path}", app.url)).await;
            browser.see("main").await;
            let is_dark = browser.ask("return matchMedia('(prefers-color-scheme: dark)').matches").await;
            assert_eq!(is_dark, json!(dark));
            let found = violations(&browser).await;
            assert!(found.is_empty(), "{path}, dark {dark}: {found:#?}");
            for width in [1300, 320] {
                browser.resize(width, 900).await;
                let wider = browser
                    .ask("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    .await;
                assert_eq!(wider, json!(0), "{path} is wider than {width} pixels");
            }
            browser.resize(1300, 1000).await;
        }
        browser.close().await;
    }
}

#[actix_web::test]
async fn the_card_tells_its_height_to_the_page_around_it() {
    let app = App::demo().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/docs/problems", app.url)).await;
    // As WordPress has it: a sandbox without an origin, and a secret in the address.
    let card = format!("{}/embed/claims/{}#?secret=abc123", app.url, id_of("talks").unwrap());
    let script = format!(
        "window.heard = []; addEventListener('message', event => heard.push(event.data));
         const frame = document.createElement('iframe'); frame.setAttribute('sandbox', 'allow-scripts'); frame.width = 500; frame.src = {}; document.body.append(frame)",
        json!(card)
    );
    browser.ask(&script).await;
    let heard = until("the card tells its height", SOON, async || {
        browser.ask("return heard[0] || null").await.as_object().cloned()
    })
    .await;
    assert_eq!((&heard["message"], &heard["secret"]), (&json!("height"), &json!("abc123")));
    let height = heard["value"].as_i64().unwrap();
    assert!((200..=1000).contains(&height), "{height}");
    // The sandbox opens nothing: the page around it is asked to go where a link leads.
    browser.enter_frame().await;
    browser.click("a[href*='/claims/']").await;
    browser.leave_frame().await;
    let asked = until("the page is asked to follow the link", SOON, async || {
        browser.ask("return heard.find(one => one.message === 'link') || null").await.as_object().cloned()
    })
    .await;
    let page = format!("{}/claims/{}", app.url, id_of("talks").unwrap());
    assert_eq!((&asked["value"], &asked["secret"]), (&json!(page), &json!("abc123")));
    browser.close().await;
}
