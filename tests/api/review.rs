//! A verdict's way from draft to publication and beyond: who may do what, when, and what everybody sees of it.

use serde_json::{Value, json};

use crate::support::{Answer, App, Client, claim, verdict, with};
use crate::verdicts::complete;

/// A newsroom with a published claim, and a second editor.
pub struct Desk {
    pub app: App,
    pub claim: String,
    pub second: Client,
}

pub async fn desk() -> Desk {
    let app = App::start().await;
    let claim = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let member = app.admin.id_of_new("members", json!({"name": "Second", "role": "editor"})).await;
    let second = app.with_key(&key_of(&app, &member).await);
    Desk { app, claim, second }
}

async fn key_of(app: &App, member: &str) -> String {
    let key = app.admin.create("api-keys", json!({"member_id": member, "name": "test"})).await;
    key["key"].as_str().unwrap().to_owned()
}

impl Desk {
    /// The path of a complete draft by the checker.
    pub async fn draft(&self, changes: Value) -> String {
        let body = with(complete(json!({"status": "draft"})), changes);
        format!("/v1/verdicts/{}", self.app.checker.id_of_new("verdicts", verdict(&self.claim, body)).await)
    }

    /// The path of a published verdict, by the book.
    pub async fn published(&self, changes: Value) -> String {
        let path = self.draft(changes).await;
        self.app.checker.act(&format!("{path}/submit")).await.expect(200);
        self.app.editor.act(&format!("{path}/approve")).await.expect(200);
        self.app.editor.act(&format!("{path}/publish")).await.expect(200);
        path
    }

    pub async fn status(&self, path: &str) -> String {
        self.app.reader.get(path).await.expect(200).body["status"].as_str().unwrap().to_owned()
    }

    /// The actions of a verdict's thread.
    pub async fn actions(&self, path: &str) -> Vec<String> {
        let thread = self.app.reader.get(&format!("{path}/comments")).await.expect(200);
        thread.items().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn dossier(&self, client: &Client) -> Value {
        client.get(&format!("/v1/claims/{}/dossier", self.claim)).await.expect(200).body
    }
}

pub async fn reject(client: &Client, path: &str) -> Answer {
    client.post(&format!("{path}/reject"), &json!({"comment": "Say so."})).await
}

pub fn correction(changes: Value) -> Value {
    json!({"reason": "our_error", "correction_note": "We misread it.", "changes": changes})
}

/// The successor's path.
pub async fn correct(client: &Client, path: &str, changes: Value) -> String {
    let made = client.post(&format!("{path}/correct"), &correction(changes)).await.expect(201);
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/verdicts/{}", made.id()));
    location
}

#[actix_web::test]
async fn a_verdict_goes_from_draft_to_review_to_approval_to_publication() {
    let desk = desk().await;
    let app = &desk.app;
    let path = desk.draft(json!({"summary": null, "rating_id": null})).await;
    app.checker.act(&format!("{path}/submit")).await.problem(409, "lacks rating_id, summary");
    app.checker.patch(&path, &complete(json!({"status": "draft"}))).await.expect(200);
    let submitted = app.checker.post(&format!("{path}/submit"), &json!({"comment": "Please read."})).await.expect(200);
    assert_eq!((&submitted.body["status"], submitted.header("etag")), (&json!("in_review"), Some("\"3\"")));
    app.checker.patch(&path, &json!({"summary": null})).await.points_at(&["/summary"]);
    app.checker.patch(&path, &json!({"status": "draft"})).await.problem(409, "in_review");
    app.checker.act(&format!("{path}/approve")).await.expect(403);
    app.editor.act(&format!("{path}/reject")).await.points_at(&["/comment"]);
    app.editor.post(&format!("{path}/reject"), &json!({"comment": " "})).await.points_at(&["/comment"]);
    assert_eq!(reject(&app.editor, &path).await.expect(200).body["status"], "draft");
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    app.editor.act(&format!("{path}/approve")).await.expect(200);
    app.anyone.get(&path).await.expect(404);
    let published = app.editor.act(&format!("{path}/publish")).await.expect(200);
    assert_eq!(published.body["claim_reviewed"], "The meeting took place.");
    app.anyone.get(&path).await.expect(200);
    let thread = app.reader.get(&format!("{path}/comments")).await.expect(200);
    let said: Vec<_> = thread.items().iter().map(|one| (one["action"].clone(), one["comment"].clone())).collect();
    assert_eq!(
        json!(said),
        json!([
            ["submitted", "Please read."],
            ["rejected", "Say so."],
            ["submitted", null],
            ["approved", null],
            ["published", null]
        ])
    );
}

#[actix_web::test]
async fn an_illegal_move_is_refused_with_the_legal_ones() {
    let desk = desk().await;
    let app = &desk.app;
    let drafts = desk.draft(json!({})).await;
    let in_review = desk.draft(json!({})).await;
    app.checker.act(&format!("{in_review}/submit")).await.expect(200);
    let approved = desk.draft(json!({})).await;
    app.checker.act(&format!("{approved}/submit")).await.expect(200);
    app.editor.act(&format!("{approved}/approve")).await.expect(200);
    let published = desk.published(json!({})).await;
    let retracted = desk.published(json!({})).await;
    app.editor.post(&format!("{retracted}/retract"), &json!({"reason": "Wrong."})).await.expect(200);
    let superseded = desk.published(json!({})).await;
    let successor = correct(&app.checker, &superseded, json!({"title": "Mended"})).await;
    app.editor.act(&format!("{successor}/approve")).await.expect(200);
    app.editor.act(&format!("{successor}/publish")).await.expect(200);

    let bodies = [
        ("submit", json!({})),
        ("approve", json!({})),
        ("reject", json!({"comment": "No."})),
        ("publish", json!({})),
        ("correct", correction(json!({"title": "x"}))),
        ("retract", json!({"reason": "Wrong."})),
    ];
    for (path, status, legal) in [
        (&drafts, "draft", "submit"),
        (&in_review, "in_review", "approve, reject"),
        (&approved, "approved", "publish"),
        (&published, "published", "retract, correct"),
        (&superseded, "superseded", ""),
        (&retracted, "retracted", ""),
    ] {
        for (action, body) in &bodies {
            if legal.contains(action) {
                continue;
            }
            let refused = app.admin.post(&format!("{path}/{action}"), body).await.problem(409, status);
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(detail.contains(action) && detail.contains(legal), "{detail}");
            if status == "superseded" {
                assert_eq!(refused.body["existing_id"].as_str(), successor.rsplit('/').next());
            }
        }
        assert_eq!(desk.status(path).await, status);
    }
    // The database holds to it as well, and to more.
    let sql = app.sql().await;
    for (change, rule) in [
        (
            format!("UPDATE verdicts SET status = 'approved' WHERE status = 'draft' AND id = '{}'", id(&drafts)),
            "verdicts_status_moves",
        ),
        (
            format!("UPDATE verdicts SET status = 'approved' WHERE id = '{}'", id(&in_review)),
            "verdicts_approved_by_member",
        ),
        (format!("UPDATE verdicts SET status = 'draft' WHERE id = '{}'", id(&in_review)), "verdict_comments_says_why"),
        (format!("UPDATE verdicts SET status = 'published' WHERE id = '{}'", id(&retracted)), "verdicts_status_moves"),
        (
            format!("UPDATE verdicts SET summary = 'Else.' WHERE id = '{}'", id(&published)),
            "verdicts_published_is_final",
        ),
        (
            format!("UPDATE verdicts SET status = 'superseded' WHERE id = '{}'", id(&published)),
            "verdicts_superseded_by_published",
        ),
        (format!("DELETE FROM verdicts WHERE id = '{}'", id(&superseded)), "verdicts_published_is_final"),
        (
            format!("UPDATE verdicts SET retraction_reason = 'Else.' WHERE id = '{}'", id(&retracted)),
            "verdicts_published_is_final",
        ),
        (
            format!(
                "INSERT INTO evidence (verdict_id, document_id, bearing, position) VALUES ('{0}', '{0}', 'context', 0)",
                id(&published)
            ),
            "verdicts_published_is_final",
        ),
    ] {
        let error = sql.batch_execute(&change).await.unwrap_err();
        assert_eq!(error.as_db_error().and_then(|error| error.constraint()), Some(rule), "{change}: {error:?}");
    }
}

pub fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[actix_web::test]
async fn nobody_approves_what_they_wrote() {
    let desk = desk().await;
    let (app, second) = (&desk.app, &desk.second);
    let created = with(complete(json!({"status": "draft"})), json!({"title": "Mine"}));
    let path = format!("/v1/verdicts/{}", app.editor.id_of_new("verdicts", verdict(&desk.claim, created)).await);
    app.editor.act(&format!("{path}/submit")).await.expect(200);
    app.editor.act(&format!("{path}/approve")).await.problem(403, "four eyes");
    // Another key of the same member is the same person.
    let members = app.admin.get("/v1/members?limit=200").await;
    let editor = members.items().iter().find(|one| one["name"] == "editor").unwrap()["id"].as_str().unwrap();
    let other_key = app.with_key(&key_of(app, editor).await);
    other_key.act(&format!("{path}/approve")).await.problem(403, "another editor");
    // Who changes it in review is an author too.
    second.patch(&path, &json!({"title": "Ours"})).await.expect(200);
    second.act(&format!("{path}/approve")).await.expect(403);
    app.editor.act(&format!("{path}/approve")).await.expect(403);
    // Changed by both since it was sent in, it has both as authors; sent in again without a change, it still has.
    reject(&app.admin, &path).await.expect(200);
    app.editor.patch(&path, &json!({"title": "Ours in the end"})).await.expect(200);
    for _ in 0..2 {
        app.checker.act(&format!("{path}/submit")).await.expect(200);
        for author in [&app.editor, second] {
            author.act(&format!("{path}/approve")).await.expect(403);
        }
        reject(&app.admin, &path).await.expect(200);
    }
    // Changed by one alone since, it has that author alone: the evidence counts as the rest does.
    let document = app.checker.id_of_new("documents", crate::support::document(json!({}))).await;
    let cited = json!({"evidence": [{"document_id": document, "bearing": "supports"}]});
    second.patch(&path, &cited).await.expect(200);
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    second.act(&format!("{path}/approve")).await.expect(403);
    app.editor.act(&format!("{path}/approve")).await.expect(200);
}

#[actix_web::test]
async fn a_change_after_approval_sends_it_back() {
    let desk = desk().await;
    let app = &desk.app;
    let document = app.checker.id_of_new("documents", crate::support::document(json!({}))).await;
    for change in [
        json!({"title": "Else"}),
        json!({"evidence": [{"document_id": document, "bearing": "supports"}]}),
        json!({"title": "Else", "evidence": [{"document_id": document, "bearing": "supports"}]}),
    ] {
        let path = desk.draft(json!({})).await;
        app.checker.act(&format!("{path}/submit")).await.expect(200);
        app.editor.act(&format!("{path}/approve")).await.expect(200);
        assert_eq!(
            app.checker.patch(&path, &json!({})).await.expect(200).body["status"],
            "approved",
            "nothing changed"
        );
        let changed = app.checker.patch(&path, &change).await.expect(200);
        assert_eq!((&changed.body["status"], &changed.body["version"]), (&json!("in_review"), &json!(4)));
        app.editor.act(&format!("{path}/publish")).await.problem(409, "in_review");
        assert_eq!(desk.actions(&path).await, ["submitted", "approved", "reopened"]);
        app.editor.act(&format!("{path}/approve")).await.expect(200);
        app.editor.act(&format!("{path}/publish")).await.expect(200);
    }
    // Plain SQL on the evidence does the same.
    let path = desk.draft(json!({"evidence": [{"document_id": document, "bearing": "supports"}]})).await;
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    app.editor.act(&format!("{path}/approve")).await.expect(200);
    let removed = format!("DELETE FROM evidence WHERE verdict_id = '{}'", id(&path));
    app.sql().await.batch_execute(&removed).await.unwrap();
    assert_eq!(desk.status(&path).await, "in_review");
    // And a change of the claim that it judges, while that is not frozen.
    let desk = crate::review::desk().await;
    let app = &desk.app;
    let path = desk.draft(json!({})).await;
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    app.editor.act(&format!("{path}/approve")).await.expect(200);
    let claim = format!("/v1/claims/{}", desk.claim);
    app.editor.patch(&claim, &json!({"place": "Rome"})).await.expect(200);
    assert_eq!(desk.status(&path).await, "approved");
    app.editor.patch(&claim, &json!({"text": "The meeting took place in Istanbul."})).await.expect(200);
    assert_eq!(desk.status(&path).await, "in_review");
}

#[actix_web::test]
async fn what_one_has_read_is_what_one_approves() {
    let desk = desk().await;
    let app = &desk.app;
    let path = desk.draft(json!({})).await;
    let read = app.checker.act(&format!("{path}/submit")).await.expect(200).header("etag").unwrap().to_owned();
    app.checker.patch(&path, &json!({"title": "Else"})).await.expect(200);
    let approve = |etag: &str| {
        app.editor.request(reqwest::Method::POST, &format!("{path}/approve")).header("if-match", etag.to_owned())
    };
    app.editor.send(approve(&read)).await.expect(412);
    app.editor.send(approve("nonsense")).await.expect(400);
    app.editor.send(approve("\"3\"")).await.expect(200);
}

#[actix_web::test]
async fn an_action_repeated_by_its_key_is_done_once() {
    let desk = desk().await;
    let app = &desk.app;
    let path = desk.draft(json!({})).await;
    let submit =
        || app.checker.request(reqwest::Method::POST, &format!("{path}/submit")).header("idempotency-key", "once");
    let first = app.checker.send(submit()).await.expect(200);
    let again = app.checker.send(submit()).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(desk.actions(&path).await, ["submitted"]);
}

#[actix_web::test]
async fn publishing_without_approval_is_for_admins_and_the_thread_says_so() {
    let desk = desk().await;
    let app = &desk.app;
    let body = verdict(&desk.claim, complete(json!({})));
    let bundle = json!({"verdicts": [body]});
    app.editor.post("/v1/verdicts", &body).await.problem(403, "four eyes");
    app.editor.post("/v1/bundles", &bundle).await.problem(403, "four eyes");
    // An admin's key that may not publish does not publish by another way.
    let members = app.admin.get("/v1/members?limit=200").await;
    let admin = members.items().iter().find(|one| one["role"] == "admin").unwrap()["id"].as_str().unwrap();
    let records = json!({"member_id": admin, "name": "records", "scopes": ["read", "record"]});
    let records = app.with_key(app.admin.create("api-keys", records).await["key"].as_str().unwrap());
    records.post("/v1/verdicts", &body).await.problem(403, "the scope");
    records.post("/v1/bundles", &bundle).await.problem(403, "the scope");
    let path = desk.draft(json!({})).await;
    app.editor.patch(&path, &json!({"status": "published"})).await.problem(403, "four eyes");
    // Not by plain SQL on an editor's behalf either.
    let editor = members.items().iter().find(|one| one["name"] == "editor").unwrap()["id"].as_str().unwrap();
    let published = format!(
        "BEGIN; SET LOCAL onrecord.member_id = '{editor}'; UPDATE verdicts SET status = 'published' WHERE id = '{}'",
        id(&path)
    );
    let error = app.sql().await.batch_execute(&published).await.unwrap_err();
    assert_eq!(error.as_db_error().and_then(|error| error.constraint()), Some("verdicts_published_after_approval"));

    app.admin.act(&format!("{path}/publish")).await.problem(409, "draft");
    app.admin.patch(&path, &json!({"status": "published"})).await.expect(200);
    assert_eq!(desk.actions(&path).await, ["published_unreviewed"]);
    // What was approved is not what is published where it is changed in the same breath.
    let path = desk.draft(json!({})).await;
    app.checker.act(&format!("{path}/submit")).await.expect(200);
    app.editor.act(&format!("{path}/approve")).await.expect(200);
    app.admin.patch(&path, &json!({"summary": "Else.", "status": "published"})).await.expect(200);
    assert_eq!(desk.actions(&path).await.last().unwrap(), "published_unreviewed");
    let history = app.reader.get(&format!("{path}/history")).await.expect(200);
    assert_eq!(history.items()[0]["remark"], "published without approval by a second person");
    app.admin.post("/v1/verdicts", &body).await.expect(201);
    app.admin.post("/v1/bundles", &bundle).await.expect(201);

    // Without four eyes it is for editors, from wherever it stands.
    let newsroom = format!("/v1/newsrooms/{}", app.newsroom_id);
    app.editor.patch(&newsroom, &json!({"four_eyes": false})).await.expect(403);
    assert_eq!(app.admin.patch(&newsroom, &json!({"four_eyes": false})).await.expect(200).body["four_eyes"], false);
    app.checker.post("/v1/verdicts", &body).await.expect(403);
    app.editor.post("/v1/verdicts", &body).await.expect(201);
    app.editor.post("/v1/bundles", &bundle).await.expect(201);
    for steps in [vec![], vec!["submit"], vec!["submit", "approve"]] {
        let made = app.editor.create("verdicts", with(body.clone(), json!({"status": "draft"}))).await;
        let path = format!("/v1/verdicts/{}", made["id"].as_str().unwrap());
        for step in steps {
            app.editor.act(&format!("{path}/{step}")).await.expect(200);
        }
        app.editor.act(&format!("{path}/publish")).await.expect(200);
    }
}

#[actix_web::test]
async fn a_thread_is_the_newsrooms_own() {
    let desk = desk().await;
    let app = &desk.app;
    let path = desk.published(json!({})).await;
    let comments = format!("{path}/comments");
    let said = app.checker.post(&comments, &json!({"comment": "Well done."})).await.expect(201).body;
    assert_eq!((&said["action"], &said["verdict_id"]), (&json!("commented"), &json!(id(&path))));
    app.reader.post(&comments, &json!({"comment": "x"})).await.expect(403);
    app.checker.post(&comments, &json!({"comment": ""})).await.points_at(&["/comment"]);
    app.anyone.get(&comments).await.expect(401);
    app.other.get(&comments).await.expect(403);
    app.other.post(&comments, &json!({"comment": "x"})).await.expect(403);
    let draft = desk.draft(json!({})).await;
    app.other.get(&format!("{draft}/comments")).await.expect(404);
    // In pages, oldest first.
    let first = app.reader.get(&format!("{comments}?limit=3")).await.expect(200);
    let next = format!("{comments}?limit=3&cursor={}", first.body["next_cursor"].as_str().unwrap());
    let rest = app.reader.get(&next).await.expect(200);
    let all: Vec<_> = first.items().iter().chain(rest.items()).map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(all, ["submitted", "approved", "published", "commented"]);
    assert_eq!(rest.body["next_cursor"], Value::Null);
}
