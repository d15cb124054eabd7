//! The rules for verdicts and comment requests, under concurrent writes, as `races` has those for the other records.

use reqwest::Method;
use serde_json::{Value, json};

use crate::races::{ROUNDS, app, claims, named, number, race, record};
use crate::support::{App, Client};

/// Members with keys of their own: an editor who approves what the test's editor wrote.
async fn second_editor(app: &App) -> Client {
    let member = app.admin.id_of_new("members", json!({"name": "Second", "role": "editor"})).await;
    let key = app.admin.create("api-keys", json!({"member_id": member, "name": "test"})).await;
    app.with_key(key["key"].as_str().unwrap())
}

fn verdicts(status: &str) -> Value {
    let verdicts: Vec<_> = (0..*ROUNDS)
        .map(|n| json!({"ref": format!("v{n}"), "claim_id": format!("#c{n}"), "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "x", "reviewed_on": "2023", "status": status}))
        .collect();
    json!({"claims": claims(&["c"], "published"), "verdicts": verdicts})
}

/// Never two current verdicts in a chain, none published without a rating, none superseded by nothing.
async fn chains_are_whole(app: &App) {
    let broken = "SELECT count(*) FROM verdicts v WHERE
        status = 'published' AND (rating_id IS NULL OR EXISTS (SELECT FROM verdicts w WHERE w.supersedes_id = v.id AND w.status = 'published'))
        OR status = 'superseded' AND 1 <> (SELECT count(*) FROM verdicts w WHERE w.supersedes_id = v.id AND w.status IN ('published', 'superseded', 'retracted'))
        OR status = 'retracted' AND EXISTS (SELECT FROM verdicts w WHERE w.supersedes_id = v.id AND w.status IN ('published', 'superseded'))
        OR 1 < (SELECT count(*) FROM verdicts w WHERE w.supersedes_id = v.id AND w.status IN ('draft', 'in_review', 'approved'))";
    assert_eq!(number(app, broken).await, 0);
}

fn one_wins(statuses: &[Vec<u16>], won: u16, lost: &[u16]) {
    for round in statuses {
        let winners = round.iter().filter(|status| **status == won).count();
        assert!(winners == 1 && round.iter().all(|status| *status == won || lost.contains(status)), "{round:?}");
    }
}

fn correction() -> Value {
    json!({"reason": "our_error", "correction_note": "Misread.", "changes": {"summary": "y"}})
}

#[actix_web::test]
async fn a_verdict_is_published_once_and_corrected_once_at_a_time() {
    let app = app().await;
    let ids = record(&app.admin, &verdicts("draft")).await;
    let statuses = race(async |round| {
        let path = format!("/v1/verdicts/{}", named(&ids, "v", round));
        app.checker.act(&format!("{path}/submit")).await.expect(200);
        app.editor.act(&format!("{path}/approve")).await.expect(200);
        let publish = format!("{path}/publish");
        let (one, other) = futures_util::join!(app.editor.act(&publish), app.admin.act(&publish));
        vec![one.status, other.status]
    })
    .await;
    one_wins(&statuses, 200, &[409]);
    let statuses = race(async |round| {
        let path = format!("/v1/verdicts/{}/correct", named(&ids, "v", round));
        let (body, other) = (correction(), correction());
        let (one, other) = futures_util::join!(app.checker.post(&path, &body), app.editor.post(&path, &other));
        vec![one.status, other.status]
    })
    .await;
    one_wins(&statuses, 201, &[409]);
    chains_are_whole(&app).await;
}

/// A correction is approved; while it is published, the verdict that it corrects is retracted, or corrected once more.
#[actix_web::test]
async fn a_correction_is_published_or_its_verdict_is_retracted_or_corrected() {
    let app = app().await;
    let second = second_editor(&app).await;
    let ids = record(&app.admin, &verdicts("published")).await;
    let statuses = race(async |round| {
        let old = format!("/v1/verdicts/{}", named(&ids, "v", round));
        let made = app.checker.post(&format!("{old}/correct"), &correction()).await.expect(201);
        let new = format!("/v1/verdicts/{}", made.id());
        app.editor.act(&format!("{new}/approve")).await.expect(200);
        let publish = format!("{new}/publish");
        if round % 2 == 0 {
            let (retract, reason) = (format!("{old}/retract"), json!({"reason": "Wrong."}));
            let (one, other) = futures_util::join!(app.editor.act(&publish), second.post(&retract, &reason));
            vec![one.status, other.status]
        } else {
            // Whichever is first, the old verdict has an open correction or a successor by then.
            let (correct, body) = (format!("{old}/correct"), correction());
            let (one, other) = futures_util::join!(app.editor.act(&publish), second.post(&correct, &body));
            vec![one.status, other.status]
        }
    })
    .await;
    one_wins(&statuses, 200, &[409]);
    assert!(statuses.iter().any(|round| round[0] == 409), "the retraction was never first");
    chains_are_whole(&app).await;
}

/// An approval names the version that was read; a rejection or a change makes it another one.
#[actix_web::test]
async fn what_is_approved_was_neither_rejected_nor_changed() {
    let app = app().await;
    let second = second_editor(&app).await;
    let ids = record(&app.admin, &verdicts("draft")).await;
    let statuses = race(async |round| {
        let path = format!("/v1/verdicts/{}", named(&ids, "v", round));
        let etag = app.checker.act(&format!("{path}/submit")).await.expect(200).header("etag").unwrap().to_owned();
        let approve = app.editor.request(Method::POST, &format!("{path}/approve")).header("if-match", &etag);
        if round % 2 == 0 {
            let (reject, reason) = (format!("{path}/reject"), json!({"comment": "No."}));
            let (one, other) = futures_util::join!(app.editor.send(approve), second.post(&reject, &reason));
            vec![one.status, other.status]
        } else {
            let edit =
                app.checker.request(Method::PATCH, &path).header("if-match", &etag).json(&json!({"summary": "y"}));
            let (one, other) = futures_util::join!(app.editor.send(approve), app.checker.send(edit));
            vec![one.status, other.status]
        }
    })
    .await;
    one_wins(&statuses, 200, &[409, 412]);
    let unread = "SELECT count(*) FROM verdicts WHERE status = 'approved' AND summary <> 'x'";
    assert_eq!(number(&app, unread).await, 0);
    assert!(statuses.iter().any(|round| round[0] == 200) && statuses.iter().any(|round| round[0] == 412));
}

#[actix_web::test]
async fn a_comment_request_is_closed_once() {
    let app = app().await;
    let story = json!({"claims": claims(&["c"], "draft"), "sources": [{"ref": "s", "kind": "person", "name": "Ann"}]});
    let ids = record(&app.checker, &story).await;
    let statuses = race(async |round| {
        let asked = json!({"claim_id": named(&ids, "c", round), "source_id": ids["s"], "asked_at": "2023-10-05T09:00:00Z", "channel": "phone", "due_at": "2023-10-06T09:00:00Z"});
        let close = format!("/v1/comment-requests/{}/close", app.checker.id_of_new("comment-requests", asked).await);
        let (answer, silence) = (json!({"stance": "confirms"}), json!({"stance": "no_response"}));
        let (one, other) = futures_util::join!(app.checker.post(&close, &answer), app.editor.post(&close, &silence));
        vec![one.status, other.status]
    })
    .await;
    one_wins(&statuses, 200, &[409]);
    assert_eq!(app.count("statements").await, i64::try_from(*ROUNDS).unwrap());
}
