//! `GET /v1/suggest`.

use serde_json::{Value, json};

use crate::search::publish;
use crate::support::{App, Client, claim, document, source};

pub async fn suggestions(client: &Client, q: &str) -> Vec<String> {
    let found = client.get(&format!("/v1/suggest?q={q}")).await.expect(200).body;
    let told = |one: &Value| format!("{} {}", one["type"].as_str().unwrap(), one["text"].as_str().unwrap());
    found["suggestions"].as_array().unwrap().iter().map(told).collect()
}

#[actix_web::test]
async fn suggestions_follow_what_is_typed() {
    let app = App::demo().await;
    for q in ["pesk", "PESK", "dmitry%20p", "dmi", "d", "peskof"] {
        assert!(suggestions(&app.anyone, q).await.contains(&"source Dmitry Peskov".to_owned()), "{q}");
    }
    assert!(suggestions(&app.anyone, "nag").await.iter().any(|one| one.starts_with("topic ")));
    app.words_counted().await;
    for q in ["the%20meet", "meeting%20to", "meeting", "took%20pl"] {
        assert!(suggestions(&app.anyone, q).await.contains(&"claim The meeting took place".to_owned()), "{q}");
    }
    let odd = ["%25", "_", "%5C", "%F0%9F%98%80", "%27", "%20x%20", "100%25%20_"];
    for q in
        odd.into_iter().chain(["meeting%20%5C", "meeting%20%27%5C%27", "meeting%20t:*%20%26", "meeting%20%F0%9F%98%80"])
    {
        suggestions(&app.anyone, q).await;
    }
    assert!(suggestions(&app.anyone, "%25").await.is_empty());
    app.anyone.get("/v1/suggest?q=").await.problem(400, "q");
}

/// Whoever types a surname means a person, however many titles have it; and a name is complete with a blank behind it.
#[actix_web::test]
async fn titles_hide_no_name() {
    let app = App::start().await;
    for n in 0..12 {
        let title = json!({"title": format!("A Zorbak story {n}"), "url": format!("https://example.org/{n}")});
        app.editor.create("documents", document(title)).await;
    }
    app.editor.create("sources", source(json!({"kind": "person", "name": "Foo Zorbak"}))).await;
    for q in ["zorbak", "zorbak%20", "foo%20zorbak%20"] {
        let found = suggestions(&app.editor, q).await;
        assert_eq!(found.first().map(String::as_str), Some("source Foo Zorbak"), "{q}: {found:?}");
    }
    let zorbak = publish(&app.editor, "Zorbak resigns", "en").await;
    assert_eq!(suggestions(&app.editor, "zorbak").await.len(), 10);
    assert_eq!(suggestions(&app.editor, "zorbak").await[9], "claim Zorbak resigns", "{zorbak}");
    let lanes = claim(json!({"topics": ["closed-lanes"], "status": "published"}));
    app.editor.create("claims", lanes).await;
    for q in ["lanes", "closed-l", "closed%20lanes"] {
        assert!(suggestions(&app.anyone, q).await.contains(&"topic closed-lanes".to_owned()), "{q}");
    }
}

/// A word's stems differ between languages, and the rarest of them is in few claims of one language.
#[actix_web::test]
async fn a_suggestion_goes_by_a_word_in_every_language() {
    let app = App::start().await;
    for (text, language) in
        [("The winning team arrived", "en"), ("Our team applauded", "en"), ("Bir team arandi", "tr")]
    {
        publish(&app.editor, text, language).await;
    }
    app.words_counted().await;
    let mut found = suggestions(&app.anyone, "team%20a").await;
    found.sort_unstable();
    assert_eq!(found, ["claim Bir team arandi", "claim Our team applauded", "claim The winning team arrived"]);
    assert_eq!(suggestions(&app.anyone, "team%20app").await, ["claim Our team applauded"]);
    // A word that one language leaves out is a word of another, and as such rarer than what the claim is about.
    for (text, language) in [("They went by train", "en"), ("A journey by train", "en"), ("Ankara by train", "tr")] {
        publish(&app.editor, text, language).await;
    }
    app.words_counted().await;
    for q in ["by%20train", "by%20tra"] {
        assert_eq!(suggestions(&app.anyone, q).await.len(), 3, "{q}");
    }
    // While the last word is one that is left out.
    publish(&app.editor, "All secret talks in Istanbul", "en").await;
    app.words_counted().await;
    for q in ["secret%20talks", "secret%20talks%20in", "secret%20talks%20in%20Ist"] {
        assert_eq!(suggestions(&app.anyone, q).await, ["claim All secret talks in Istanbul"], "{q}");
    }
    // Where no blanks part words, all that was typed is looked for together.
    publish(&app.editor, "总统普京访问北京", "zh").await;
    publish(&app.editor, "东京的天气", "zh").await;
    app.words_counted().await;
    assert_eq!(suggestions(&app.anyone, "普京访").await, ["claim 总统普京访问北京"]);
}
