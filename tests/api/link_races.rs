//! The rules for claim links, under concurrent writes, as `races` has those for the other records.

use reqwest::Method;
use serde_json::{Value, json};

use crate::races::{ROUNDS, all_of, app, claims, named, number, patch, race, record};
use crate::support::{App, Client};

/// Links that everybody sees although a claim is hidden, or that nobody sees although both are published.
const WRONG: &str = "SELECT count(*) FROM claim_links WHERE public =
    EXISTS (SELECT FROM claims WHERE id IN (claim_id, linked_claim_id) AND status <> 'published')";

async fn link(client: &Client, ids: &Value, one: &str, kind: &str, other: &str, round: usize) -> (u16, Value) {
    let body = json!({"claim_id": named(ids, one, round), "kind": kind, "linked_claim_id": named(ids, other, round)});
    let answer = client.post("/v1/claim-links", &body).await;
    (answer.status, answer.body)
}

async fn publish(app: &App, ids: &Value, name: &str, round: usize) -> u16 {
    app.editor.act(&format!("/v1/claims/{}/publish", named(ids, name, round))).await.status
}

#[actix_web::test]
async fn a_link_is_shown_exactly_once_both_its_claims_are_published() {
    let app = app().await;
    let ids = record(&app.checker, &json!({"claims": claims(&["a", "b"], "draft")})).await;
    let statuses = race(async |round| {
        // Every other link is made before, the others while its claims are published.
        if round % 2 == 0 {
            assert_eq!(link(&app.checker, &ids, "a", "same_as", "b", round).await.0, 201);
            let (a, b) = futures_util::join!(publish(&app, &ids, "a", round), publish(&app, &ids, "b", round));
            return vec![a, b];
        }
        let (a, b, (linked, _)) = futures_util::join!(
            publish(&app, &ids, "a", round),
            publish(&app, &ids, "b", round),
            link(&app.editor, &ids, "a", "repeats", "b", round)
        );
        vec![a, b, linked]
    })
    .await;
    all_of(&statuses, &[200, 201, 503]);
    assert_eq!(number(&app, WRONG).await, 0);
    let shown = "SELECT count(*) FROM claim_links WHERE public";
    let most = i64::try_from(*ROUNDS * 9 / 10).unwrap();
    assert!(number(&app, shown).await > most, "hardly any link was shown");
}

#[actix_web::test]
async fn no_claim_is_linked_that_was_withdrawn_before() {
    let app = app().await;
    let ids = record(&app.editor, &json!({"claims": claims(&["a", "b"], "published")})).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    let statuses = race(async |round| {
        let claim = format!("/v1/claims/{}", named(&ids, "a", round));
        let (gone, (linked, _)) = futures_util::join!(
            patch(&app.editor, claim, withdrawn.clone()),
            link(&app.editor, &ids, "b", "contradicts", "a", round)
        );
        vec![gone, linked]
    })
    .await;
    all_of(&statuses, &[200, 201, 409, 503]);
    for second in [201, 409] {
        assert!(statuses.iter().any(|round| *round == [200, second]), "{second} never came about");
    }
    assert_eq!(number(&app, WRONG).await, 0);
    // Both lock the trees before the database takes the time of their change.
    let late = "SELECT count(*) FROM claim_links JOIN claims ON claims.id = linked_claim_id
        WHERE claims.status = 'withdrawn' AND claim_links.created_at > claims.updated_at";
    assert_eq!(number(&app, late).await, 0);
}

#[actix_web::test]
async fn two_claims_are_the_same_once_whichever_way_round_it_is_told() {
    let app = app().await;
    let ids = record(&app.checker, &json!({"claims": claims(&["a", "b"], "draft")})).await;
    let statuses = race(async |round| {
        let ((one, made), (other, existing)) = futures_util::join!(
            link(&app.checker, &ids, "a", "same_as", "b", round),
            link(&app.editor, &ids, "b", "same_as", "a", round)
        );
        if (one, other) == (201, 409) {
            assert_eq!(existing["existing_id"], made["id"]);
        }
        vec![one, other]
    })
    .await;
    all_of(&statuses, &[201, 409, 503]);
    assert!(statuses.iter().all(|round| round.iter().filter(|status| **status == 201).count() == 1), "{statuses:?}");
}

#[actix_web::test]
async fn a_checker_unlinks_nothing_that_has_become_public() {
    let app = app().await;
    let ids = record(&app.editor, &json!({"claims": claims(&["a"], "published")})).await;
    let drafts = record(&app.checker, &json!({"claims": claims(&["b"], "draft")})).await;
    let statuses = race(async |round| {
        let body =
            json!({"claim_id": named(&ids, "a", round), "kind": "narrower", "linked_claim_id": named(&drafts, "b", round)});
        let path = format!("/v1/claim-links/{}", app.checker.id_of_new("claim-links", body).await);
        let unlink = app.checker.request(Method::DELETE, &path).header("if-match", "\"1\"");
        let note = json!({"note": "A checker's."});
        let unlinked = async {
            if round % 2 == 0 { app.checker.send(unlink).await.status } else { patch(&app.checker, path, note).await }
        };
        let (published, changed) = futures_util::join!(publish(&app, &drafts, "b", round), unlinked);
        vec![published, changed]
    })
    .await;
    all_of(&statuses, &[200, 204, 403, 503]);
    for second in [200, 204, 403] {
        assert!(statuses.iter().any(|round| *round == [200, second]), "{second} never came about");
    }
    assert_eq!(number(&app, WRONG).await, 0);
    let by_checker =
        "SELECT count(*) FROM changes WHERE noun = 'claim_link' AND was_public AND operation IN ('update', 'delete')";
    assert_eq!(number(&app, by_checker).await, 0);
}
