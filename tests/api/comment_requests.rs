//! The right of reply: who was asked, who has not answered, and how an answer is recorded.

use serde_json::{Value, json};

use crate::support::{App, claim, source, with};

struct Asked {
    app: App,
    claim: String,
    source: String,
}

async fn asked() -> Asked {
    let app = App::start().await;
    let claim = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let source = app.checker.id_of_new("sources", source(json!({}))).await;
    Asked { app, claim, source }
}

impl Asked {
    fn body(&self, changes: Value) -> Value {
        let base = json!({"claim_id": self.claim, "source_id": self.source, "asked_at": "2023-10-05T09:00:00Z", "channel": "email"});
        with(base, changes)
    }

    /// The path of a new request.
    async fn request(&self, changes: Value) -> String {
        format!("/v1/comment-requests/{}", self.app.checker.id_of_new("comment-requests", self.body(changes)).await)
    }
}

const PAST: &str = "2023-10-06T18:00:00Z";
const FUTURE: &str = "2999-01-01T00:00:00Z";

#[actix_web::test]
async fn a_request_is_recorded_read_changed_and_deleted_by_its_newsroom() {
    let asked = asked().await;
    let app = &asked.app;
    let body =
        asked.body(json!({"due_at": FUTURE, "question": "Did you meet?", "note": "By way of the press office."}));
    let made = app.checker.post("/v1/comment-requests", &body).await.expect(201);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&made.body[name], value, "{name}");
    }
    assert_eq!(
        (&made.body["status"], &made.body["overdue"], &made.body["statement_id"]),
        (&json!("open"), &json!(false), &Value::Null)
    );
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(app.reader.get(&path).await.expect(200).body, made.body);
    app.reader.post("/v1/comment-requests", &body).await.expect(403);
    app.anyone.get(&path).await.expect(401);
    app.other.get(&path).await.expect(404);
    app.other.patch(&path, &json!({"note": "x"})).await.expect(404);
    app.other.post(&format!("{path}/close"), &json!({"stance": "confirms"})).await.expect(404);
    assert!(app.other.get("/v1/comment-requests").await.expect(200).items().is_empty());

    let changed = app.checker.patch(&path, &json!({"due_at": PAST, "note": null})).await.expect(200);
    assert_eq!(
        (&changed.body["overdue"], &changed.body["note"], &changed.body["version"]),
        (&json!(true), &Value::Null, &json!(2))
    );
    app.checker.patch(&path, &json!({"due_at": "2023-10-05T08:00:00Z"})).await.points_at(&["/due_at"]);
    app.checker.patch(&path, &json!({"status": "closed"})).await.points_at(&["/status"]);
    app.checker.patch(&path, &json!({"source_id": asked.claim})).await.points_at(&["/source_id"]);
    app.checker.post("/v1/comment-requests", &asked.body(json!({"channel": "pigeon"}))).await.points_at(&["/channel"]);
    app.checker
        .post("/v1/comment-requests", &asked.body(json!({"asked_at": "2023-10"})))
        .await
        .points_at(&["/asked_at"]);
    app.editor.delete(&format!("/v1/claims/{}", asked.claim)).await.problem(409, "comment requests");
    app.checker.delete(&path).await.expect(204);
    app.checker.get(&path).await.expect(404);
}

#[actix_web::test]
async fn what_is_open_and_overdue_is_listed_and_shown_in_the_dossier() {
    let asked = asked().await;
    let app = &asked.app;
    let overdue = asked.request(json!({"due_at": PAST})).await;
    let waiting = asked.request(json!({"due_at": FUTURE, "asked_at": "2023-10-04T09:00:00Z"})).await;
    let undated = asked.request(json!({"asked_at": "2023-10-06T09:00:00Z"})).await;
    let closed = asked.request(json!({"due_at": PAST})).await;
    app.checker.post(&format!("{closed}/close"), &json!({"stance": "confirms"})).await.expect(200);
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    for (filter, expected) in [
        (String::new(), vec![&closed, &undated, &waiting, &overdue]),
        ("overdue=true".to_owned(), vec![&overdue]),
        ("overdue=false&status=open".to_owned(), vec![&undated, &waiting]),
        ("status=closed".to_owned(), vec![&closed]),
        (
            format!("claim_id={}&source_id={}&status=open", asked.claim, asked.source),
            vec![&undated, &waiting, &overdue],
        ),
        (format!("claim_id={}", asked.source), vec![]),
    ] {
        let found = app.reader.get(&format!("/v1/comment-requests?{filter}")).await.expect(200);
        assert_eq!(found.ids(), expected.into_iter().map(|path| id(path)).collect::<Vec<_>>(), "{filter}");
    }
    app.reader.get("/v1/comment-requests?overdue=maybe").await.expect(400);
    let path = format!("/v1/claims/{}/dossier", asked.claim);
    let dossier = app.reader.get(&path).await.expect(200).body;
    let shown: Vec<_> =
        dossier["comment_requests"].as_array().unwrap().iter().map(|one| json!([one["id"], one["overdue"]])).collect();
    assert_eq!(json!(shown), json!([[id(&waiting), false], [id(&overdue), true], [id(&undated), false]]));
    for client in [&app.anyone, &app.other] {
        assert_eq!(client.get(&path).await.expect(200).body["comment_requests"], json!([]));
    }
}

#[actix_web::test]
async fn an_answer_is_a_statement_and_closes_the_request_for_good() {
    let asked = asked().await;
    let app = &asked.app;
    let path = asked.request(json!({"due_at": FUTURE})).await;
    let close = format!("{path}/close");
    app.checker.post(&close, &json!({"stance": "asserts", "claim_id": asked.claim})).await.points_at(&["/claim_id"]);
    app.checker.post(&close, &json!({"stance": "asserts", "quote": "Yes"})).await.points_at(&["/quote_language"]);
    app.checker.post(&close, &json!({})).await.points_at(&["/stance"]);
    app.checker.post(&close, &json!({"stance": "confirms", "status": "published"})).await.expect(403);
    let answer = json!({"stance": "denies", "quote": "No.", "quote_language": "en", "quote_kind": "verbatim", "status": "published"});
    let closed = app.editor.post(&close, &answer).await.expect(200);
    let (request, said) = (&closed.body["comment_request"], &closed.body["statement"]);
    assert_eq!(
        (&request["status"], &request["statement_id"], closed.header("etag")),
        (&json!("closed"), &said["id"], Some("\"2\""))
    );
    assert_eq!(
        (&said["claim_id"], &said["source_id"], &said["quote"]),
        (&json!(asked.claim), &json!(asked.source), &json!("No."))
    );
    assert!(request["closed_at"].is_string());
    let statement = format!("/v1/statements/{}", said["id"].as_str().unwrap());
    app.anyone.get(&statement).await.expect(200);

    let again = app.editor.post(&close, &answer).await.problem(409, "final");
    assert_eq!(again.body["existing_id"], said["id"]);
    app.checker.patch(&path, &json!({"note": "x"})).await.problem(409, "final");
    app.checker.delete(&path).await.problem(409, "final");
    app.editor.delete(&statement).await.problem(409, "comment request");
    // The database holds to it as well.
    let id = path.rsplit('/').next().unwrap();
    for change in [
        format!("DELETE FROM comment_requests WHERE id = '{id}'"),
        format!("UPDATE comment_requests SET note = 'x' WHERE id = '{id}'"),
    ] {
        let error = app.sql().await.batch_execute(&change).await.unwrap_err();
        assert_eq!(error.as_db_error().and_then(|error| error.constraint()), Some("comment_requests_closed_is_final"));
    }
}

#[actix_web::test]
async fn silence_is_recorded_by_a_member_once_it_was_due() {
    let asked = asked().await;
    let app = &asked.app;
    let silence = json!({"stance": "no_response"});
    for early in [json!({"due_at": FUTURE}), json!({})] {
        let path = asked.request(early).await;
        app.editor.post(&format!("{path}/close"), &silence).await.problem(409, "due_at");
        assert_eq!(app.count("statements").await, 0);
    }
    let path = asked.request(json!({"due_at": PAST})).await;
    assert_eq!(app.reader.get(&path).await.body["status"], "open", "nothing closes it by itself");
    let closed = app.checker.post(&format!("{path}/close"), &silence).await.expect(200);
    assert_eq!(
        (&closed.body["statement"]["stance"], &closed.body["statement"]["status"]),
        (&json!("no_response"), &json!("draft"))
    );
    assert_eq!(closed.body["comment_request"]["overdue"], false);
}
