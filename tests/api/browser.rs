//! Swagger UI as a person uses it, in a real browser, on the demo story.

use serde_json::{Value, json};

use crate::support::{Browser, Program, Serving};

/// A server with the demo story and a browser beside it.
async fn demo() -> (Program, Serving, Browser) {
    let program = Program::new();
    let serving = program.serve(&["--demo"]).await;
    (program, serving, Browser::start().await)
}

async fn authorize(browser: &Browser, key: &str) {
    browser.click(".auth-wrapper .btn.authorize.unlocked").await;
    browser.see("#auth-bearer-value").await.send_keys(key).await.unwrap();
    browser.click(".auth-btn-wrapper .authorize").await;
    browser.click(".auth-btn-wrapper .btn-done").await;
    browser.see(".auth-wrapper .btn.authorize.locked").await;
}

/// Unfolds an operation and sends what stands there; the status and the body of the answer.
async fn try_out(browser: &Browser, operation: &str) -> (String, Value) {
    let within = |css: &str| format!("#operations-{operation} {css}");
    if !browser.shows(&within(".opblock-body")).await {
        browser.click(&within(".opblock-summary-control")).await;
    }
    browser.click(&within(".try-out__btn")).await;
    browser.click(&within(".execute")).await;
    let status = browser.text(&within(".live-responses-table .response .response-col_status")).await;
    let body = browser.text(&within(".live-responses-table .response pre code")).await;
    (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
}

#[actix_web::test]
async fn the_first_page_leads_to_swagger_ui_which_asks_nobody_else_and_breaks_no_rule() {
    let (_program, serving, browser) = demo().await;
    browser.open(&serving.url).await;
    browser.click("nav a[href='/docs/']").await;
    assert_eq!(browser.address().await, format!("{}/docs/", serving.url));
    assert!(browser.text(".info .title").await.starts_with("OnRecord"));
    browser.see(".operation-filter-input").await;
    browser.see("#operations-sources-create_source").await;
    assert_eq!(browser.ask("return document.querySelectorAll('.errors-wrapper').length").await, 0);
    let asked = browser.ask("return performance.getEntriesByType('resource').map(entry => entry.name)").await;
    let asked = asked.as_array().unwrap();
    assert!(asked.iter().any(|address| address == &format!("{}/openapi.json", serving.url)), "{asked:?}");
    for address in asked {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(&format!("{}/", serving.url)) || address.starts_with("data:"), "{address}");
    }
    // Refused by Content-Security-Policy or not there.
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
    serving.stop().await;
}

#[actix_web::test]
async fn the_examples_are_sent_untouched_and_the_key_stays_over_a_reload() {
    let (_program, serving, browser) = demo().await;
    browser.open(&format!("{}/docs/", serving.url)).await;
    let (status, body) = try_out(&browser, "claims-get_claim").await;
    assert_eq!(status, "200", "{body}");
    let (status, body) = try_out(&browser, "sources-create_source").await;
    assert_eq!((status.as_str(), &body["status"]), ("401", &json!(401)));

    authorize(&browser, &serving.first_key().await).await;
    browser.reload().await;
    browser.see(".auth-wrapper .btn.authorize.locked").await;
    let (status, made) = try_out(&browser, "sources-create_source").await;
    assert_eq!(status, "201", "{made}");
    let (status, claims) = try_out(&browser, "claims-list_claims").await;
    assert_eq!(status, "200", "{claims}");
    assert_ne!(claims["items"], json!([]));
    // Without it members would not find their drafts.
    assert!(browser.text("#operations-claims-list_claims .curl").await.contains("Authorization: Bearer onr_"));
    browser.close().await;
    serving.stop().await;
}

#[actix_web::test]
async fn a_link_opens_the_operation_that_it_names() {
    let (_program, serving, browser) = demo().await;
    browser.open(&format!("{}/docs/#/claims/list_claims", serving.url)).await;
    browser.see("#operations-claims-list_claims .opblock-body .try-out__btn").await;
    let open = browser.ask("return [...document.querySelectorAll('.opblock.is-open')].map(one => one.id)").await;
    assert_eq!(open, json!(["operations-claims-list_claims"]));
    browser.close().await;
    serving.stop().await;
}
