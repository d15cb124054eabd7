//! Messages for chats: what each takes, with nothing in it that somebody else's words could do there.

use serde_json::{Value, json};

use crate::support::{App, Receiver};
use crate::webhooks::{hook, judge, publish};

const HOSTILE: &str = "<!channel> <https://evil.example|click> & @channel *bold* [link](https://evil.example) `x`";

/// What a chat is sent of a verdict.
async fn told(format: &str) -> Value {
    let app = App::start().await;
    let receiver = Receiver::start();
    let new = hook(&receiver, json!({"format": format, "events": ["verdict.published"]}));
    app.admin.create("webhooks", new).await;
    let id = publish(&app.editor, json!({"text": HOSTILE})).await;
    judge(&app.admin, &id, json!({"url": "https://news.example/check?a=1&b=2"})).await;
    receiver.accepts(1).await.remove(0).body()
}

#[actix_web::test]
async fn a_chat_leads_to_a_page() {
    let app = App::start().await;
    let receiver = Receiver::start();
    app.admin.create("webhooks", hook(&receiver, json!({"format": "slack", "events": ["verdict.published"]}))).await;
    let id = publish(&app.editor, json!({})).await;
    judge(&app.admin, &id, json!({})).await;
    let body = receiver.accepts(1).await.remove(0).body();
    let link = body["blocks"].as_array().unwrap().last().unwrap()["elements"][0]["text"].as_str().unwrap();
    assert!(link.ends_with(&format!("/claims/{id}|Read more>")) && !link.contains("/v1/"), "{link}");
}

/// Without an article of its own, people are led to the claim's page.
#[actix_web::test]
async fn a_message_leads_to_a_page() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let new = hook(&receiver, json!({"format": "standard", "events": ["claim.published", "verdict.published"]}));
    app.admin.create("webhooks", new).await;
    let id = publish(&app.editor, json!({})).await;
    judge(&app.admin, &id, json!({})).await;
    for sent in receiver.accepts(2).await {
        let page = sent.body()["data"]["links"]["page"].as_str().unwrap().to_owned();
        assert!(page.ends_with(&format!("/claims/{id}")) && !page.contains("/v1/"), "{page}");
    }
}

#[actix_web::test]
async fn slack_is_told_in_plain_text() {
    let body = told("slack").await;
    let fallback = body["text"].as_str().unwrap();
    assert!(
        fallback.starts_with(
            "Verdict published\nClaim: &lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; @channel"
        ),
        "{fallback}"
    );
    let blocks = body["blocks"].as_array().unwrap();
    assert_eq!(
        blocks[0],
        json!({"type": "header", "text": {"type": "plain_text", "text": "Verdict published", "emoji": false}})
    );
    assert_eq!(blocks[1]["text"], json!({"type": "plain_text", "text": format!("Claim: {HOSTILE}"), "emoji": false}));
    assert_eq!(blocks[2]["text"]["text"], "Rating: True");
    let link = json!({"type": "mrkdwn", "text": "<https://news.example/check?a=1&amp;b=2|Read more>"});
    assert_eq!(blocks.last().unwrap()["elements"], json!([link]));
}

#[actix_web::test]
async fn mattermost_is_told_in_markdown_that_is_escaped() {
    let body = told("mattermost").await;
    let attachment = &body["attachments"][0];
    assert_eq!((&body["text"], &attachment["title"]), (&json!("Verdict published"), &json!("Verdict published")));
    assert_eq!(attachment["title_link"], "https://news.example/check?a=1&b=2");
    let text = attachment["text"].as_str().unwrap();
    let claim = text.split("\n\n").next().unwrap();
    assert_eq!(
        claim,
        "**Claim**: \\<\\!channel\\> \\<https\\://evil\\.example\\|click\\> & @\u{2060}channel \\*bold\\* \\[link\\]\\(https\\://evil\\.example\\) \\`x\\`"
    );
    assert!(!attachment["fallback"].as_str().unwrap().contains("**"));
}

#[actix_web::test]
async fn teams_is_told_as_an_adaptive_card() {
    let body = told("teams").await;
    assert_eq!(body["type"], "message");
    assert_eq!(body["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &body["attachments"][0]["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][0]["text"], "Verdict published");
    assert_eq!(card["body"][2]["text"], "**Rating**: True");
    assert!(card["body"][1]["text"].as_str().unwrap().contains("\\[link\\]"));
    let action = json!([{"type": "Action.OpenUrl", "title": "Read more", "url": "https://news.example/check?a=1&b=2"}]);
    assert_eq!(card["actions"], action);
}
