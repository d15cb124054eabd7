use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{App, Client, claim, document, source, statement, verdict};

#[actix_web::test]
async fn pages_show_every_record_once_newest_first_whatever_is_added_meanwhile() {
    let app = App::start().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let body = claim(json!({"text": format!("Claim {number}"), "status": "published"}));
        made.insert(0, app.editor.id_of_new("claims", body).await);
    }
    for limit in [1, 2, 3, 7, 200] {
        let items = app.anyone.walk(&format!("/v1/claims?limit={limit}")).await;
        assert_eq!(items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), made, "limit {limit}");
    }
    let first = app.anyone.get("/v1/claims?limit=3").await;
    app.editor.create("claims", claim(json!({"status": "published"}))).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = app.anyone.get(&format!("/v1/claims?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(second.ids(), made[3..6]);
}

#[actix_web::test]
async fn a_members_page_mixes_public_records_with_its_newsrooms_drafts() {
    let app = App::start().await;
    let mut ours = Vec::new();
    for number in 0..9 {
        let (client, status) = match number % 3 {
            0 => (&app.editor, "draft"),
            1 => (&app.other, "published"),
            _ => (&app.other, "draft"),
        };
        let id = client.id_of_new("claims", claim(json!({"status": status}))).await;
        if number % 3 != 2 {
            ours.insert(0, id);
        }
    }
    let items = app.reader.walk("/v1/claims?limit=2").await;
    assert_eq!(items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), ours);
    assert_eq!(app.reader.get("/v1/claims?status=draft").await.items().len(), 3);
    assert!(app.anyone.get("/v1/claims?status=draft").await.items().is_empty());
}

#[actix_web::test]
async fn a_cursor_belongs_to_its_list_and_filters() {
    let app = App::start().await;
    for _ in 0..3 {
        app.editor.create("claims", claim(json!({"status": "published"}))).await;
    }
    let page = app.anyone.get("/v1/claims?limit=1&language=en").await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    app.anyone.get(&format!("/v1/claims?limit=2&language=en&cursor={cursor}")).await.expect(200);
    for path in [
        format!("/v1/claims?cursor={cursor}"),
        format!("/v1/claims?language=it&cursor={cursor}"),
        format!("/v1/statements?cursor={cursor}"),
        format!("/v1/claims?language=en&cursor={cursor}A"),
        "/v1/claims?cursor=%00".to_owned(),
        "/v1/claims?cursor=".to_owned(),
    ] {
        let refused = app.anyone.get(&path).await.expect(400);
        assert_eq!(refused.body["errors"][0]["parameter"], "cursor", "{path}");
    }
    for limit in ["0", "201", "-1", "many", "1.5", "99999999999999999999", ""] {
        let refused = app.anyone.get(&format!("/v1/claims?limit={limit}")).await.expect(400);
        assert_eq!(refused.body["errors"][0]["parameter"], "limit", "{limit}");
    }
    for (query, parameter) in
        [("sort=oldest", "sort"), ("status=hidden", "status"), ("newsroom_id=1", "newsroom_id"), ("q=a&q=b", "q")]
    {
        let refused = app.anyone.get(&format!("/v1/claims?{query}")).await.expect(400);
        assert_eq!(refused.body["errors"][0]["parameter"], parameter, "{}", refused.text);
    }
}

/// Asserts which claims a query finds, by their texts.
async fn finds(client: &Client, query: &str, expected: &[&str]) {
    let found = client.get(&format!("/v1/claims?{query}")).await.expect(200);
    let found: BTreeSet<_> = found.items().iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found, expected.iter().map(|text| (*text).to_owned()).collect(), "{query}");
}

#[actix_web::test]
async fn claims_are_filtered_by_what_they_say() {
    let app = App::start().await;
    let whole = app.editor.id_of_new("claims", claim(json!({"text": "W", "status": "published"}))).await;
    for body in [
        json!({"text": "The ministers were meeting secretly.", "claimed_on": "2023-10", "event_on": "2023-03", "topics": ["talks"]}),
        json!({"text": "Un incontro segreto.", "language": "it", "context": "Meeting", "claimed_on": "2023", "part_of_id": whole}),
        json!({"text": "Die Treffen", "language": "de-AT", "claimed_on": "2022-12-31", "event_on": "2024"}),
    ] {
        let body = crate::support::with(claim(json!({"status": "published"})), body);
        app.editor.create("claims", body).await;
    }
    let (english, italian, german) = ("The ministers were meeting secretly.", "Un incontro segreto.", "Die Treffen");
    // Of an English loan word in an Italian context as well.
    finds(&app.anyone, "q=meetings", &[english, italian]).await;
    finds(&app.anyone, "q=incontri", &[italian]).await;
    finds(&app.anyone, "q=%22meeting+secretly%22", &[english]).await;
    finds(&app.anyone, "q=minister+-secretly", &[]).await;
    finds(&app.anyone, "q=minister+or+incontro", &[english, italian]).await;
    finds(&app.anyone, "language=de", &[german]).await;
    finds(&app.anyone, "language=de-at", &[german]).await;
    finds(&app.anyone, "language=de-DE", &[]).await;
    finds(&app.anyone, "topic=talks", &[english]).await;
    finds(&app.anyone, "topic=nothing", &[]).await;
    finds(&app.anyone, &format!("part_of_id={whole}"), &[italian]).await;
    finds(&app.anyone, "claimed_from=2023-10-15", &[english, italian]).await;
    finds(&app.anyone, "claimed_to=2022", &[german]).await;
    finds(&app.anyone, "claimed_from=2023&claimed_to=2023-05", &[italian]).await;
    finds(&app.anyone, "event_from=2023-03-31&event_to=2023-04", &[english]).await;
    finds(&app.anyone, "event_from=2024-06", &[german]).await;
    finds(&app.anyone, &format!("newsroom_id={}", app.newsroom_id), &["W", english, italian, german]).await;
    finds(&app.anyone, "newsroom_id=01900000-0000-7000-8000-000000000002", &[]).await;
}

#[actix_web::test]
async fn claims_are_filtered_by_who_said_what_about_them() {
    let app = App::start().await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let zakharova = app.editor.id_of_new("sources", source(json!({"name": "Maria Zakharova"}))).await;
    let mut ids = Vec::new();
    for text in ["A", "B", "C"] {
        ids.push(app.editor.id_of_new("claims", claim(json!({"text": text, "status": "published"}))).await);
    }
    for (claim, source, stance, status) in [
        (0, &peskov, "confirms", "published"),
        (0, &zakharova, "denies", "published"),
        (1, &peskov, "denies", "published"),
        (2, &peskov, "denies", "draft"),
    ] {
        let body = statement(&ids[claim], source, json!({"stance": stance, "status": status}));
        app.editor.create("statements", body).await;
    }
    finds(&app.anyone, &format!("source_id={peskov}"), &["A", "B"]).await;
    finds(&app.anyone, &format!("source_id={peskov}&stance=denies"), &["B"]).await;
    finds(&app.anyone, "stance=denies", &["A", "B"]).await;
    finds(&app.reader, "stance=denies", &["A", "B", "C"]).await;
    finds(&app.other, "stance=denies", &["A", "B"]).await;

    let rating = "01890000-0000-7000-8000-000000000105";
    let complete = json!({"rating_id": rating, "summary": "x", "reviewed_on": "2023", "status": "published"});
    app.admin.create("verdicts", verdict(&ids[0], complete)).await;
    app.editor.create("verdicts", verdict(&ids[1], json!({"rating_id": rating}))).await;
    finds(&app.anyone, &format!("rating_id={rating}"), &["A"]).await;
    finds(&app.reader, &format!("rating_id={rating}"), &["A"]).await;
}

#[actix_web::test]
async fn statements_verdicts_sources_and_documents_are_filtered() {
    let app = App::start().await;
    let paper = app
        .editor
        .id_of_new(
            "sources",
            source(json!({"kind": "publication", "name": "AgenPress", "aliases": ["Agenparl"], "country": "IT"})),
        )
        .await;
    let peskov = app.editor.id_of_new("sources", source(json!({"country": "RU"}))).await;
    let article = app
        .editor
        .id_of_new(
            "documents",
            document(json!({"publisher_id": paper, "language": "it", "authors": ["Luigi Camilloni"]})),
        )
        .await;
    let copy = app.editor.id_of_new("documents", document(json!({"kind": "post", "title": "Thread"}))).await;
    let id = app.editor.id_of_new("claims", claim(json!({}))).await;
    let said = json!({"document_id": article, "appearances": [{"document_id": copy}]});
    let first = app.editor.id_of_new("statements", statement(&id, &peskov, said)).await;
    let second = app.editor.id_of_new("statements", statement(&id, &paper, json!({"stance": "reports"}))).await;
    let draft = app.editor.id_of_new("verdicts", verdict(&id, json!({}))).await;
    for (path, expected) in [
        (format!("statements?claim_id={id}"), vec![&second, &first]),
        (format!("statements?source_id={peskov}"), vec![&first]),
        ("statements?stance=reports".to_owned(), vec![&second]),
        (format!("statements?document_id={article}"), vec![&first]),
        (format!("statements?document_id={copy}"), vec![&first]),
        (format!("verdicts?claim_id={id}&status=draft"), vec![&draft]),
        ("verdicts?status=published".to_owned(), vec![]),
        (format!("verdicts?newsroom_id={}", app.newsroom_id), vec![&draft]),
        ("verdicts?rating_id=01890000-0000-7000-8000-000000000105".to_owned(), vec![]),
        ("sources?q=agenparl".to_owned(), vec![&paper]),
        ("sources?kind=publication".to_owned(), vec![&paper]),
        ("sources?country=RU".to_owned(), vec![&peskov]),
        ("documents?q=camilloni".to_owned(), vec![&article]),
        ("documents?kind=post".to_owned(), vec![&copy]),
        (format!("documents?publisher_id={paper}"), vec![&article]),
        ("documents?language=it".to_owned(), vec![&article]),
    ] {
        let found = app.reader.get(&format!("/v1/{path}")).await.expect(200);
        assert_eq!(found.ids(), expected, "{path}");
        assert!(app.anyone.get(&format!("/v1/{path}")).await.expect(200).items().is_empty(), "{path} is not public");
    }
}
