//! What an import stands on and leaves behind: the ratings that words stand for, and files that are erased.

use reqwest::Method;
use serde_json::{Value, json};

use crate::imports::{FALSE, import, map, records, review};
use crate::support::App;

/// What must be erased goes; what was made of it, and by what it is known again, stays.
#[actix_web::test]
async fn a_file_is_erased_and_known_again() {
    let app = App::start().await;
    let file = format!("[{}, {{\"@type\": \"ClaimReview\"}}]", review(1));
    let first = import(&app.editor, "application/json", "", file.clone()).await;
    let (path, record) = {
        let id = first["id"].as_str().unwrap();
        (format!("/v1/imports/{id}/file"), format!("/v1/imports/{id}/records/1/raw"))
    };
    app.editor.delete(&path).await.problem(403, "admin");
    app.other.delete(&path).await.expect(403);
    app.anyone.delete(&path).await.expect(401);
    app.admin.get(&record).await.expect(200);
    assert_eq!(app.reader.get(&path).await.expect(200).text, file);
    app.other.get(&path).await.expect(404);
    // What is not whole is not taken for it: neither while it arrives nor when it is erased while it is read.
    let sql = app.sql().await;
    sql.batch_execute("ALTER TABLE imports DISABLE TRIGGER USER; UPDATE imports SET status = 'receiving'")
        .await
        .unwrap();
    app.reader.get(&path).await.problem(409, "still arriving");
    sql.batch_execute("UPDATE imports SET status = 'done', bytes = bytes + 1").await.unwrap();
    assert!(app.reader.request(Method::GET, &path).send().await.unwrap().bytes().await.is_err());
    sql.batch_execute("UPDATE imports SET bytes = bytes - 1; ALTER TABLE imports ENABLE TRIGGER USER").await.unwrap();
    for _ in 0..2 {
        app.admin.delete(&path).await.expect(204);
        app.admin.get(&record).await.problem(410, "erased");
        app.admin.get(&path).await.problem(410, "erased");
    }
    let read = app.reader.get(path.strip_suffix("/file").unwrap()).await.expect(200).body;
    assert!(read["erased_at"].is_string() && read["created"] == 1, "{read}");
    let kept = records(&app.editor, &first).await;
    assert_eq!((&kept[0]["outcome"], &kept[1]["outcome"]), (&json!("created"), &json!("failed")));
    assert!(
        kept.iter()
            .all(|one| one["review_url"].is_null() && one["publisher"].is_null() && one["problems"] == json!([]))
    );
    assert_eq!((app.count("import_chunks").await, app.count("claims").await), (0, 1));
    let again = import(&app.editor, "application/json", "", file).await;
    assert_eq!((&again["unchanged"], &again["failed"]), (&json!(1), &json!(1)));
    app.admin.delete(&format!("/v1/imports/{}/file", uuid::Uuid::now_v7())).await.expect(404);
}

/// Words that are a rating's label need no mapping; a mapping goes before them.
#[actix_web::test]
async fn labels_of_ratings_are_known() {
    const TRUE: &str = "01890000-0000-7000-8000-000000000105";
    let app = App::start().await;
    let rated = async |n: usize, words: &str| {
        let mut one = review(n);
        one["reviewRating"]["alternateName"] = json!(words);
        let import = import(&app.editor, "application/json", "", one.to_string()).await;
        let record = records(&app.editor, &import).await.remove(0);
        let verdict = format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap());
        app.editor.get(&verdict).await.expect(200).body["rating_id"].clone()
    };
    assert_eq!(rated(1, "FALSE").await, FALSE);
    assert_eq!(rated(2, "Falso.").await, FALSE);
    assert_eq!(rated(3, "Lunatic").await, Value::Null);
    map(&app.editor, "false", TRUE).await;
    assert_eq!(rated(4, "False").await, TRUE);
}

/// A browser's `EventSource` follows an import to its end, and is told then that there is no more.
#[actix_web::test]
async fn an_import_is_followed() {
    let app = App::start().await;
    let file = json!((0..700).map(review).collect::<Vec<_>>());
    let request = app.editor.request(Method::POST, "/v1/imports").json(&file);
    let sent = app.editor.send(request).await.expect(201);
    let path = sent.header("location").unwrap();
    let follow = async |last: &str| {
        let request = app.reader.request(Method::GET, path).header("accept", "text/event-stream");
        app.reader.send(request.header("last-event-id", last)).await
    };
    let told = follow("").await.expect(200);
    assert_eq!(told.header("content-type"), Some("text/event-stream"));
    let events: Vec<(&str, Value)> = told
        .text
        .split("\n\n")
        .filter_map(|event| {
            let (id, rest) = event.strip_prefix("id: ")?.split_once("\nevent: progress\ndata: ").unwrap();
            Some((id, serde_json::from_str(rest).unwrap()))
        })
        .collect();
    let (last, done) = events.last().unwrap();
    assert_eq!(
        (&done["status"], &done["created"], done["version"].to_string()),
        (&json!("done"), &json!(700), (*last).to_owned())
    );
    let records: Vec<u64> = events.iter().map(|(_, import)| import["records"].as_u64().unwrap()).collect();
    assert!(records.is_sorted(), "{records:?}");
    follow(last).await.expect(204);
    let request = app.other.request(Method::GET, path).header("accept", "text/event-stream");
    app.other.send(request).await.expect(404);
}

/// Two records of one review that differ are recorded once, and the same file changes nothing however often it is sent.
#[actix_web::test]
async fn a_review_that_is_twice_in_a_file_is_known_by_both() {
    let app = App::start().await;
    let mut other = review(1);
    other["name"] = json!("Another headline");
    let file = json!([review(1), other]).to_string();
    let first = import(&app.editor, "application/json", "", file.clone()).await;
    assert_eq!((&first["created"], &first["updated"]), (&json!(1), &json!(1)));
    let changes = app.count("changes").await;
    for _ in 0..2 {
        let again = import(&app.editor, "application/json", "", file.clone()).await;
        assert_eq!(again["unchanged"], 2, "{again}");
    }
    assert_eq!(app.count("changes").await, changes);
}

/// What is broken in a list ends no import, and what is nested is no more than it is.
#[actix_web::test]
async fn brackets_that_do_not_match_stop_nothing() {
    let app = App::start().await;
    let broken =
        format!("[{{\"@type\": \"ClaimReview\", \"claimReviewed\": \"A\", \"x\": ]}}, {}, {}]", review(1), review(2));
    let done = import(&app.editor, "application/json", "", broken).await;
    assert_eq!((&done["created"], &done["failed"]), (&json!(2), &json!(1)), "{done}");
    let told = crate::imports::problems(&records(&app.editor, &done).await[0]);
    assert!(told.contains("brackets"), "{told}");
    let nested = (0..50).fold(review(3), |inner, n| {
        let mut outer = review(100 + n);
        outer["about"] = inner;
        outer
    });
    let done = import(&app.editor, "application/json", "", nested.to_string()).await;
    assert_eq!(done["records"], 3, "{done}");
    let many = json!({"text": "The bridge was closed by the government", "claimReview": vec![json!({}); 1000]});
    let done = import(&app.editor, "application/json", "", many.to_string()).await;
    assert_eq!((&done["records"], &done["failed"]), (&json!(1), &json!(1)), "{done}");
}
