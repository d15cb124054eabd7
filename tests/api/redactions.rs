//! Erasing: each field that may be erased is, in records that cannot be changed any more too, and nothing else happens.

use serde_json::{Value, json};

use crate::review::desk;
use crate::support::{document, source, statement};

fn redaction(noun: &str, id: &Value, fields: Value) -> Value {
    json!({"noun": noun, "record_id": id, "fields": fields, "reason": "Erasure requested", "now": true})
}

#[actix_web::test]
async fn every_field_that_people_write_in_can_be_erased() {
    let desk = desk().await;
    let app = &desk.app;
    let source = app.checker.create("sources", source(json!({"note": "Their words"}))).await;
    let source_id = source["id"].as_str().unwrap();
    let document = app.checker.create("documents", document(json!({}))).await;
    let said =
        app.checker.create("statements", statement(&desk.claim, source_id, json!({"note": "Their words"}))).await;
    let path = desk.draft(json!({})).await;
    app.checker.post(&format!("{path}/submit"), &json!({"comment": "Their words"})).await.expect(200);
    let thread = app.reader.get(&format!("{path}/comments")).await.expect(200);
    let asked = json!({"claim_id": desk.claim, "source_id": source_id, "asked_at": "2023-10-05T09:00:00Z", "channel": "email", "question": "Their words"});
    let asked = app.checker.create("comment-requests", asked).await;
    let close = format!("/v1/comment-requests/{}/close", asked["id"].as_str().unwrap());
    app.checker.post(&close, &json!({"stance": "denies"})).await.expect(200);
    let member = json!({"name": "Their words", "email": "theirs@example.org", "role": "reader"});
    let member = app.admin.create("members", member).await;
    for (noun, id, filled) in [
        ("source", &source["id"], "note"),
        ("document", &document["id"], "title"),
        ("claim", &json!(desk.claim), "text"),
        ("statement", &said["id"], "note"),
        ("verdict", &json!(crate::review::id(&path)), "summary"),
        ("verdict_comment", &thread.items()[0]["id"], "comment"),
        ("comment_request", &asked["id"], "question"),
        ("member", &member["id"], "email"),
    ] {
        let refused =
            app.admin.post("/v1/redactions", &redaction(noun, id, json!(["id"]))).await.points_at(&["/fields/0"]);
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        for field in detail.split_once("one of ").unwrap().1.split(", ").filter(|field| *field != filled) {
            let answer = app.admin.post("/v1/redactions", &redaction(noun, id, json!([field]))).await;
            let lists_records = ["appearances", "evidence"].contains(&field);
            let expected: &[u16] = if lists_records { &[422] } else { &[201, 409] };
            assert!(expected.contains(&answer.status), "{noun} {field}: {}", answer.text);
        }
        app.admin.post("/v1/redactions", &redaction(noun, id, json!([filled, filled]))).await.points_at(&["/fields/1"]);
        app.admin.post("/v1/redactions", &redaction(noun, id, json!([filled]))).await.expect(201);
    }
    let kept = "SELECT count(*) FROM change_values WHERE after::text ~ 'Their words|theirs@' OR before::text ~ 'Their words|theirs@'";
    assert_eq!(app.sql().await.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0);
}
