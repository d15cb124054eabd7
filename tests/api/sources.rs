use serde_json::json;

use crate::support::{App, claim, document, source, statement};

#[actix_web::test]
async fn a_source_is_recorded_read_changed_and_deleted() {
    let app = App::start().await;
    let made = app
        .checker
        .post(
            "/v1/sources",
            &source(json!({
                "description": "Press secretary",
                "aliases": ["Dmitri Peskov"],
                "country": "RU",
                "website": "https://kremlin.ru/",
                "wikidata_id": "Q4359085",
                "note": "speaks for Putin",
            })),
        )
        .await
        .expect(201);
    let path = format!("/v1/sources/{}", made.id());
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(made.body["newsroom_id"], app.newsroom_id.to_string());
    assert_eq!(app.checker.get(&path).await.expect(200).body, made.body);

    let changed = app.checker.patch(&path, &json!({"country": null, "aliases": ["Peskov"]})).await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    assert_eq!(changed.body["country"], json!(null));
    assert_eq!(changed.body["aliases"], json!(["Peskov"]));
    assert_eq!(changed.body["name"], "Dmitry Peskov");
    assert!(changed.body["updated_at"].as_str() > made.body["updated_at"].as_str());

    app.checker.delete(&path).await.expect(204);
    app.checker.get(&path).await.expect(404);
}
