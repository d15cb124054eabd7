//! Topics that are not public: each newsroom has its own picture of them, and learns of nobody else's.

use serde_json::{Value, json};

use crate::support::{Answer, App, claim};

fn slugs(answer: &Answer) -> Vec<&str> {
    answer.items().iter().map(|topic| topic["slug"].as_str().unwrap()).collect()
}

async fn use_topic(client: &crate::support::Client, slug: &str) -> String {
    client.id_of_new("claims", claim(json!({"topics": [slug]}))).await
}

#[actix_web::test]
async fn a_topic_of_another_newsrooms_drafts_is_as_one_that_is_not_there() {
    let app = App::start().await;
    use_topic(&app.checker, "used").await;
    app.editor.create("topics", json!({"slug": "made", "label": "Secret", "parent_slug": "used"})).await;
    app.editor.create("topics", json!({"slug": "wider"})).await;
    for slug in ["used", "made", "never"] {
        let path = format!("/v1/topics/{slug}");
        app.other.get(&path).await.expect(404);
        app.other.patch(&path, &json!({"label": "x"})).await.expect(404);
    }
    assert!(slugs(&app.other.get("/v1/topics").await).is_empty());
    let mine = app.other.create("topics", json!({"slug": "mine"})).await;
    for parent in ["wider", "nowhere"] {
        let wider = json!({"parent_slug": parent});
        app.other.patch("/v1/topics/mine", &wider).await.points_at(&["/parent_slug"]);
        app.other.post("/v1/topics", &json!({"slug": "new", "parent_slug": parent})).await.points_at(&["/parent_slug"]);
    }

    // Made by both, it is each one's own.
    let (hidden, unheard_of) = (
        app.other.post("/v1/topics", &json!({"slug": "made", "label": "Ours"})).await.expect(201),
        app.other.post("/v1/topics", &json!({"slug": "never", "label": "Ours"})).await.expect(201),
    );
    for member in ["newsroom_id", "label", "parent_slug", "iptc_code", "version"] {
        assert_eq!(hidden.body[member], unheard_of.body[member], "{member}");
    }
    assert_eq!(hidden.body["newsroom_id"], mine["newsroom_id"]);
    assert!(hidden.body["created_at"].as_str() >= mine["created_at"].as_str());
    app.other.post("/v1/topics", &json!({"slug": "made"})).await.problem(409, "slug");
    app.other.patch("/v1/topics/made", &json!({"label": "Theirs"})).await.expect(200);
    assert_eq!(app.reader.get("/v1/topics/made").await.body["label"], "Secret");
}

#[actix_web::test]
async fn whoever_uses_a_topic_sees_it() {
    let app = App::start().await;
    use_topic(&app.checker, "armenia").await;
    let theirs = use_topic(&app.other, "armenia").await;
    let seen = app.other.get("/v1/topics/armenia").await.expect(200);
    assert_eq!((&seen.body["version"], &seen.body["label"]), (&json!(1), &Value::Null));
    assert_eq!(slugs(&app.other.get("/v1/topics").await), ["armenia"]);
    app.other.patch("/v1/topics/armenia", &json!({"label": "Armenia"})).await.expect(200);
    assert_eq!(app.reader.get("/v1/topics/armenia").await.expect(200).body["label"], Value::Null);
    assert!(slugs(&app.anyone.get("/v1/topics").await).is_empty());

    // Shown, it is as the newsroom that shows it describes it, and everybody's.
    let before = app.reader.get("/v1/topics/armenia").await;
    app.other.act(&format!("/v1/claims/{theirs}/publish")).await.expect(200);
    let shown = app.anyone.get("/v1/topics/armenia").await.expect(200);
    assert_eq!((&shown.body["label"], &shown.body["newsroom_id"]), (&json!("Armenia"), &seen.body["newsroom_id"]));
    assert_eq!(app.reader.get("/v1/topics/armenia").await.body, shown.body);
    for stale in [&before, &seen] {
        assert_ne!(shown.header("etag"), stale.header("etag"), "nobody takes it for what it was");
    }
    app.editor.post("/v1/topics", &json!({"slug": "armenia"})).await.problem(409, "slug");
    let described = app.editor.patch("/v1/topics/armenia", &json!({"iptc_code": "20000001"})).await.expect(200);

    // Hidden again, those who use it go on from there.
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.other.patch(&format!("/v1/claims/{theirs}"), &withdrawn).await.expect(200);
    app.anyone.get("/v1/topics/armenia").await.expect(404);
    for client in [&app.reader, &app.other] {
        let kept = client.get("/v1/topics/armenia").await.expect(200);
        assert_eq!((&kept.body["label"], &kept.body["iptc_code"]), (&json!("Armenia"), &json!("20000001")));
        assert_ne!(kept.header("etag"), described.header("etag"));
    }
}

#[actix_web::test]
async fn public_topics_and_the_newsrooms_own_are_one_list_in_pages() {
    let app = App::start().await;
    for (slug, status) in [("b", "published"), ("d", "published"), ("a", "draft"), ("c", "draft")] {
        app.editor.create("claims", claim(json!({"topics": [slug], "status": status}))).await;
    }
    use_topic(&app.other, "bb").await;
    let (mut found, mut path) = (Vec::new(), "/v1/topics?limit=1".to_owned());
    loop {
        let page = app.reader.get(&path).await.expect(200);
        found.extend(slugs(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/topics?limit=1&cursor={cursor}");
    }
    assert_eq!(found, ["a", "b", "c", "d"]);
    assert_eq!(slugs(&app.anyone.get("/v1/topics").await), ["b", "d"]);
}
