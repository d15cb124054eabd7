//! Markup of Google's pages that is sent again, and what of it cannot be kept.

use serde_json::json;

use crate::fact_check_pages::{URL, markup, page, path, put, without_four_eyes};
use crate::support::{document, source};

/// The very body that was taken changes nothing when it is sent again, and neither does the answer to it.
#[actix_web::test]
async fn what_was_taken_once_is_taken_again() {
    let app = without_four_eyes().await;
    for known in [
        json!({"kind": "person", "name": "Ada Lovelace"}),
        json!({"kind": "person", "name": "Grace Hopper", "wikidata_id": "Q11641"}),
    ] {
        app.editor.create("sources", source(known)).await;
    }
    let known = json!({"kind": "post", "url": "https://forum.example/moon?utm_source=feed"});
    app.editor.create("documents", document(known)).await;
    let two = json!(["https://forum.example/2", "https://forum.example/1"]);
    for (nth, more) in [
        json!({"claimLocation": "Paris"}),
        json!({"claimAuthor": {"name": "Ann", "sameAs": "https://en.wikipedia.org/wiki/Ann"}}),
        json!({"claimAuthor": {"name": "Douglas Adams", "sameAs": "https://www.wikidata.org/wiki/Q42"}}),
        json!({"claimAuthor": {"name": "Grace B. M. Hopper", "sameAs": "http://www.wikidata.org/entity/Q11641"}}),
        json!({"claimAuthor": {"name": "grace HOPPER"}}),
        json!({"claimAuthor": {"name": "ADA lovelace ", "jobTitle": " countess "}}),
        json!({"claimDate": "2024-03-01T10:00:00Z"}),
        json!({"claimDate": "March 1, 2024"}),
        json!({"claimAuthor": {"name": "Ann"}, "claimAppearances": two}),
        json!({"claimAuthor": {"name": "Ann"}, "claimFirstAppearance": "https://forum.example/3", "claimAppearances": two}),
        json!({"claimAuthor": {"name": "Ann"}, "claimFirstAppearance": "HTTPS://Forum.example/moon#top"}),
        json!({"claimAppearances": two}),
        json!({"claimFirstAppearance": "https://forum.example/3", "claimAppearances": two}),
    ]
    .into_iter()
    .enumerate()
    {
        let claim = format!("The moon is made of cheese number {nth}");
        let mut markup = json!({"claimReviewed": claim, "rating": {"textualRating": "False"}});
        markup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = json!({"pageUrl": format!("{URL}/{nth}"), "publishDate": "2024-03-05", "claimReviewMarkups": [markup]});
        let made = app.editor.post("/v1alpha1/pages", &sent).await.expect(200).body;
        for body in [&sent, &made] {
            let again = put(&app.editor, &path(&made), body).await;
            assert_eq!(again.status, 200, "{more}: {}", again.text);
            assert_eq!(again.body, made, "{more}");
        }
        // What it says otherwise is refused by name.
        for (member, other) in [
            ("claimLocation", json!("Rome")),
            ("claimAuthor", json!({"name": "Somebody Else"})),
            ("claimDate", json!("2023")),
            ("claimAppearances", json!(["https://forum.example/else"])),
        ] {
            let mut changed = sent.clone();
            changed["claimReviewMarkups"][0][member] = other;
            let refused = put(&app.editor, &path(&made), &changed).await.expect(400);
            assert!(refused.detail().contains(member), "{more}: {}", refused.text);
        }
    }
    assert_eq!(app.count("verdicts").await, 13);
}

/// An address of its own is kept for no fact check, not even a place within the page.
#[actix_web::test]
async fn a_fact_check_has_the_address_of_its_page() {
    let app = without_four_eyes().await;
    let mut cheese = markup("The moon is made of green cheese", "False");
    for other in ["https://news.example/checks/moon#cheese", "https://news.example/checks/sun", "nowhere"] {
        cheese["url"] = json!(other);
        let refused = app.editor.post("/v1alpha1/pages", &page(std::slice::from_ref(&cheese))).await.expect(400);
        assert!(refused.detail().contains("/claimReviewMarkups/0/url"), "{}", refused.text);
    }
    cheese["url"] = json!(" HTTPS://news.example/checks/moon");
    let made = app.editor.post("/v1alpha1/pages", &page(std::slice::from_ref(&cheese))).await.expect(200).body;
    cheese["url"] = json!(format!("{URL}#cheese"));
    put(&app.editor, &path(&made), &page(&[cheese])).await.expect(400);
}
