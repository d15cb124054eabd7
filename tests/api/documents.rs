use serde_json::json;

use crate::support::{App, document, source};

#[actix_web::test]
async fn a_document_keeps_all_that_is_recorded() {
    let app = App::start().await;
    let publisher = app.checker.id_of_new("sources", source(json!({"kind": "publication", "name": "AgenPress"}))).await;
    let original = app.checker.id_of_new("documents", document(json!({"kind": "image", "title": "Photo"}))).await;
    let sent = json!({
        "kind": "article", "title": "Colloqui a Istanbul", "url": "https://example.org/a?id=1#top", "description": "Long read",
        "archive_url": "https://archive.org/web/1", "publisher_id": publisher, "authors": ["A. Author", "B. Author"],
        "language": "it", "published_on": "2023-10", "retrieved_at": "2023-10-07T09:30:00Z", "derived_from_id": original,
    });
    let made = app.checker.post("/v1/documents", &sent).await.expect(201);
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[member], value, "{member}");
    }
    let path = format!("/v1/documents/{}", made.id());
    assert_eq!(app.reader.get(&path).await.expect(200).body, made.body);
    let changed = app.checker.patch(&path, &json!({"title": "Colloqui", "authors": null})).await.expect(200);
    assert_eq!((&changed.body["title"], &changed.body["authors"]), (&json!("Colloqui"), &json!([])));
    app.checker.delete(&format!("/v1/documents/{original}")).await.expect(409);
    app.checker.delete(&format!("/v1/sources/{publisher}")).await.expect(409);
    app.checker.delete(&path).await.expect(204);
    app.checker.delete(&format!("/v1/documents/{original}")).await.expect(204);
}

#[actix_web::test]
async fn a_document_has_a_title_an_address_or_a_description() {
    let app = App::start().await;
    app.checker.post("/v1/documents", &json!({"kind": "article"})).await.points_at(&["/title"]);
    for only in [json!({"title": "T"}), json!({"url": "https://example.org/"}), json!({"description": "D"})] {
        let mut body = only.clone();
        body["kind"] = json!("article");
        let id = app.checker.id_of_new("documents", body).await;
        let member = only.as_object().unwrap().keys().next().unwrap().clone();
        let cleared = json!({member: null});
        app.checker.patch(&format!("/v1/documents/{id}"), &cleared).await.points_at(&["/title"]);
    }
}

#[actix_web::test]
async fn one_address_is_one_document_of_a_newsroom() {
    let app = App::start().await;
    let body = |url: &str| document(json!({"url": url}));
    let first = app.checker.id_of_new("documents", body("https://Example.org:443/a/../b?utm_source=x&id=1#frag")).await;
    let refused = app.checker.post("/v1/documents", &body("https://example.org/b?id=1")).await.expect(409);
    assert_eq!(refused.body["existing_id"], first);
    app.other.post("/v1/documents", &body("https://example.org/b?id=1")).await.expect(201);
    app.checker.post("/v1/documents", &body("https://example.org/b?id=2")).await.expect(201);
    let found = app.checker.get("/v1/documents?url=https%3A%2F%2Fexample.org%2Fb%3Fid%3D1").await.expect(200);
    assert_eq!(found.ids(), [first.as_str()]);
}
