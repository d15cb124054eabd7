use serde_json::{Value, json};

use crate::support::{App, claim, verdict};

#[actix_web::test]
async fn three_scales_come_with_the_database() {
    let app = App::start().await;
    let list = app.anyone.get("/v1/rating-scales").await.expect(200);
    let slugs: Vec<_> = list.items().iter().map(|scale| scale["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs.len(), 3);
    let scale = |slug: &str| list.items().iter().find(|scale| scale["slug"] == slug).unwrap();
    assert_eq!(list.items().iter().filter(|scale| scale["is_default"] == true).count(), 1);
    assert_eq!(scale("true-false")["is_default"], true);
    for scale in list.items() {
        let ratings = scale["ratings"].as_array().unwrap();
        let values: Vec<_> = ratings.iter().filter_map(|rating| rating["numeric_value"].as_i64()).collect();
        if !values.is_empty() {
            assert_eq!(values.iter().copied().min(), Some(1), "{}", scale["slug"]);
            assert!(
                ratings.iter().any(|rating| rating["numeric_value"].is_null()),
                "{} has no step outside",
                scale["slug"]
            );
        }
    }
    let numbered =
        |slug| scale(slug)["ratings"].as_array().unwrap().iter().filter(|one| !one["numeric_value"].is_null()).count();
    assert_eq!(numbered("true-false"), 5);
    let contested = list
        .items()
        .iter()
        .find(|scale| {
            !["true-false", "politifact"].contains(&scale["slug"].as_str().unwrap())
                && scale["ratings"].to_string().contains("\"satire\"")
        })
        .unwrap();
    for slug in
        ["disputed", "unproven", "missing_context", "out_of_context", "altered", "satire", "not_a_factual_claim"]
    {
        assert!(contested["ratings"].as_array().unwrap().iter().any(|rating| rating["slug"] == slug), "{slug}");
    }
}

#[actix_web::test]
async fn a_scale_is_made_and_changed_without_touching_verdicts() {
    let app = App::start().await;
    let sent = json!({
        "slug": "three-steps", "name": "Three steps", "description": "Ours", "ratings": [
            {"slug": "wrong", "label": "Wrong", "numeric_value": 1},
            {"slug": "right", "label": "Right", "numeric_value": 2, "labels": {"it": "Giusto"}},
            {"slug": "open", "label": "Open"},
        ],
    });
    app.checker.post("/v1/rating-scales", &sent).await.expect(403);
    let made = app.editor.post("/v1/rating-scales", &sent).await.expect(201);
    assert_eq!(made.body["ratings"][1]["labels"], json!({"it": "Giusto"}));
    assert_eq!(made.body["ratings"][2]["order"], 3);
    app.editor.post("/v1/rating-scales", &sent).await.problem(409, "slug");
    let path = format!("/v1/rating-scales/{}", made.id());
    app.other.patch(&path, &json!({"name": "x"})).await.problem(403, "another newsroom");

    let right = made.body["ratings"][1]["id"].as_str().unwrap();
    let id = app.editor.id_of_new("claims", claim(json!({}))).await;
    app.editor.create("verdicts", verdict(&id, json!({"rating_id": right}))).await;
    let mut ratings: Vec<Value> = sent["ratings"].as_array().unwrap().clone();
    ratings.remove(0);
    ratings[0]["label"] = json!("True enough");
    let changed = app.editor.patch(&path, &json!({"ratings": ratings})).await.expect(200);
    assert_eq!(changed.body["version"], 2);
    assert_eq!(changed.body["ratings"][0]["id"], right, "a rating keeps its id");
    ratings.remove(0);
    app.editor.patch(&path, &json!({"ratings": ratings})).await.problem(409, "Verdicts give a rating");
    app.editor.patch(&path, &json!({"ratings": []})).await.points_at(&["/ratings"]);

    let shipped = app.anyone.get("/v1/rating-scales").await;
    let shipped = shipped.items().iter().find(|scale| scale["newsroom_id"].is_null()).unwrap();
    let path = format!("/v1/rating-scales/{}", shipped["id"].as_str().unwrap());
    app.admin.patch(&path, &json!({"name": "x"})).await.problem(403, "comes with OnRecord");
}

#[actix_web::test]
async fn a_scales_steps_differ() {
    let app = App::start().await;
    for (ratings, pointer) in [
        (json!([{"slug": "a", "label": "A"}, {"slug": "a", "label": "B"}]), "/ratings/1/slug"),
        (json!([{"slug": "a", "label": "A", "order": 2}, {"slug": "b", "label": "B", "order": 2}]), "/ratings/1/order"),
        (json!([{"slug": "a", "label": "A", "order": 2}, {"slug": "b", "label": "B"}]), "/ratings/1/order"),
        (
            json!([{"slug": "a", "label": "A"}, {"slug": "b", "label": "B"}, {"slug": "c", "label": "C", "order": 1}]),
            "/ratings/2/order",
        ),
        (json!([{"slug": "a", "label": "A", "numeric_value": 0}]), "/ratings/0/numeric_value"),
        (json!([{"slug": "A b", "label": "A"}]), "/ratings/0/slug"),
        (json!([{"slug": "a", "label": "A", "labels": {"klingonisch": "A"}}]), "/ratings/0/labels"),
        (json!([{"slug": "a"}]), "/ratings/0/label"),
    ] {
        let sent = json!({"slug": "mine", "name": "Mine", "ratings": ratings});
        app.editor.post("/v1/rating-scales", &sent).await.points_at(&[pointer]);
    }
}

#[actix_web::test]
async fn topics_are_made_on_first_use_and_described_later() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"topics": ["armenia", "nagorno-karabakh"]}))).await;
    let slugs = |answer: &crate::support::Answer| -> Vec<String> {
        answer.items().iter().map(|topic| topic["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(slugs(&app.reader.get("/v1/topics").await.expect(200)), ["armenia", "nagorno-karabakh"]);
    assert!(app.anyone.get("/v1/topics").await.items().is_empty());
    app.editor.post("/v1/topics", &json!({"slug": "armenia"})).await.problem(409, "slug");
    app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);
    let change = json!({"label": "Armenia", "parent_slug": "nagorno-karabakh", "iptc_code": "20000001"});
    let changed = app.editor.patch("/v1/topics/armenia", &change).await.expect(200);
    assert_eq!(changed.body["label"], "Armenia");
    assert_eq!(app.anyone.get("/v1/topics/armenia").await.expect(200).body, changed.body);
    app.editor.patch("/v1/topics/armenia", &json!({"parent_slug": "armenia"})).await.points_at(&["/parent_slug"]);
    app.editor.patch("/v1/topics/armenia", &json!({"parent_slug": "nowhere"})).await.points_at(&["/parent_slug"]);
    app.editor.patch("/v1/topics/armenia", &json!({"iptc_code": "x"})).await.points_at(&["/iptc_code"]);
    app.editor.patch("/v1/topics/nowhere", &json!({"label": "x"})).await.expect(404);
    app.checker.post("/v1/topics", &json!({"slug": "else"})).await.expect(403);
    let made = app.editor.post("/v1/topics", &json!({"slug": "else"})).await.expect(201);
    assert_eq!(made.header("location"), Some("/v1/topics/else"));
    app.editor.patch(&format!("/v1/claims/{id}"), &json!({"topics": ["else"]})).await.expect(200);
    assert_eq!(slugs(&app.anyone.get("/v1/topics").await), ["else"]);
    app.editor.post("/v1/claims", &claim(json!({"topics": ["Two Words"]}))).await.points_at(&["/topics/0"]);
}
