//! What lists of claims filter by: a single origin, circular reporting. Right at the end of each write.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::races::{self, named, race, record};
use crate::support::{App, Client, SOON, claim, source, statement, until, with};

async fn idle(app: &App) -> Option<()> {
    (app.count("claims_unweighed").await == 0).then_some(())
}

async fn say(client: &Client, claim_id: &str, source_id: &str, stance: &str, more: Value) -> String {
    let body = with(json!({"stance": stance, "status": "published"}), more);
    client.id_of_new("statements", statement(claim_id, source_id, body)).await
}

async fn organization(client: &Client, name: &str) -> String {
    client.id_of_new("sources", source(json!({"name": name, "kind": "organization"}))).await
}

async fn published(client: &Client) -> String {
    client.id_of_new("claims", claim(json!({"status": "published"}))).await
}

async fn listed(client: &Client, query: &str) -> BTreeSet<String> {
    client
        .get(&format!("/v1/claims?limit=200&{query}"))
        .await
        .expect(200)
        .ids()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Whether the claim is listed with each filter, and not with its opposite.
async fn is(client: &Client, id: &str, single_origin: bool, circular: bool) {
    for (filter, value) in [("single_origin", single_origin), ("circular", circular)] {
        assert!(listed(client, &format!("{filter}={value}")).await.contains(id), "{filter}={value}");
        assert!(!listed(client, &format!("{filter}={}", !value)).await.contains(id), "not {filter}={value}");
    }
    let dossier = client.get(&format!("/v1/claims/{id}/dossier")).await.expect(200).body;
    assert_eq!(
        (&dossier["provenance"]["single_origin"], &dossier["provenance"]["circular"]),
        (&json!(single_origin), &json!(circular))
    );
}

#[actix_web::test]
async fn each_write_that_changes_the_origins_changes_the_lists() {
    let app = App::start().await;
    let (editor, anyone) = (&app.editor, &app.anyone);
    let id = published(editor).await;
    let (one, two) = (organization(editor, "One").await, organization(editor, "Two").await);
    is(anyone, &id, false, false).await;
    let first = say(editor, &id, &one, "asserts", json!({})).await;
    is(anyone, &id, true, false).await;
    let second = say(editor, &id, &two, "confirms", json!({})).await;
    is(anyone, &id, false, false).await;
    let patch =
        async |id: &str, noun: &str, body: Value| editor.patch(&format!("/v1/{noun}/{id}"), &body).await.expect(200);
    patch(&second, "statements", json!({"relies_on": [{"statement_id": first}]})).await;
    is(anyone, &id, true, false).await;
    patch(&first, "statements", json!({"relies_on": [{"statement_id": second}]})).await;
    is(anyone, &id, false, true).await;
    patch(&first, "statements", json!({"relies_on": []})).await;
    patch(&second, "statements", json!({"relies_on": []})).await;
    is(anyone, &id, false, false).await;
    patch(&two, "sources", json!({"affiliation_id": one})).await;
    is(anyone, &id, true, false).await;
    patch(&two, "sources", json!({"affiliation_id": null})).await;
    is(anyone, &id, false, false).await;
    patch(&one, "sources", json!({"kind": "unnamed"})).await;
    patch(&two, "sources", json!({"kind": "unnamed"})).await;
    is(anyone, &id, true, false).await;
    patch(&two, "sources", json!({"kind": "person"})).await;
    is(anyone, &id, false, false).await;
    patch(&second, "statements", json!({"stance": "comments", "correction_note": "Took no side"})).await;
    is(anyone, &id, true, false).await;
    patch(&first, "statements", json!({"status": "withdrawn", "withdrawn_reason": "Misheard"})).await;
    is(anyone, &id, false, false).await;
    let third = say(editor, &id, &two, "confirms", json!({})).await;
    is(anyone, &id, true, false).await;
    editor.delete(&format!("/v1/statements/{third}")).await.expect(204);
    is(anyone, &id, false, false).await;
    assert_eq!(app.count("claims_unweighed").await, 0);
}

#[actix_web::test]
async fn what_is_said_on_another_claim_reaches_those_who_rely_on_it() {
    let app = App::start().await;
    let (editor, other, anyone) = (&app.editor, &app.other, &app.anyone);
    let (id, middle, far) = (published(editor).await, published(editor).await, published(other).await);
    let mut sources = Vec::new();
    for name in ["One", "Two", "Three"] {
        sources.push(organization(editor, name).await);
    }
    let theirs = organization(other, "Theirs").await;
    let root = say(other, &far, &theirs, "asserts", json!({})).await;
    let relay = say(editor, &middle, &sources[0], "reports", json!({"relies_on": [{"statement_id": root}]})).await;
    let top = say(editor, &id, &sources[1], "confirms", json!({"relies_on": [{"statement_id": relay}]})).await;
    is(anyone, &id, false, false).await;
    // Rooted in a claim that is the same, once it is linked, and no longer than that.
    let link = json!({"claim_id": id, "kind": "same_as", "linked_claim_id": far});
    let link = editor.create("claim-links", link).await["id"].as_str().unwrap().to_owned();
    is(anyone, &id, true, false).await;
    // Somebody else changes the root, two claims away.
    other
        .patch(&format!("/v1/statements/{root}"), &json!({"stance": "denies", "correction_note": "Misread"}))
        .await
        .expect(200);
    is(anyone, &id, false, false).await;
    other
        .patch(&format!("/v1/statements/{root}"), &json!({"stance": "asserts", "correction_note": "Read again"}))
        .await
        .expect(200);
    is(anyone, &id, true, false).await;
    // A later word of the same source, on that claim.
    other.patch(&format!("/v1/statements/{root}"), &json!({"said_on": "2023-03"})).await.expect(200);
    let later = say(other, &far, &theirs, "retracts", json!({"said_on": "2023-04"})).await;
    is(anyone, &id, false, false).await;
    other.delete(&format!("/v1/statements/{later}")).await.expect(204);
    is(anyone, &id, true, false).await;
    editor.delete(&format!("/v1/claim-links/{link}")).await.expect(204);
    is(anyone, &id, false, false).await;
    // A circle through three claims.
    other.patch(&format!("/v1/statements/{root}"), &json!({"relies_on": [{"statement_id": top}]})).await.expect(200);
    for claim in [&id, &middle, &far] {
        is(anyone, claim, false, true).await;
    }
    other
        .patch(&format!("/v1/claims/{far}"), &json!({"status": "withdrawn", "withdrawn_reason": "Muddled"}))
        .await
        .expect(200);
    for claim in [&id, &middle] {
        is(anyone, claim, false, false).await;
    }
}

#[actix_web::test]
async fn a_draft_is_weighed_as_its_newsroom_sees_it() {
    let app = App::start().await;
    let (editor, anyone) = (&app.editor, &app.anyone);
    let id = app.checker.id_of_new("claims", claim(json!({}))).await;
    let (one, two) = (organization(editor, "One").await, organization(editor, "Two").await);
    app.checker.create("statements", statement(&id, &one, json!({}))).await;
    is(&app.reader, &id, true, false).await;
    assert!(!listed(anyone, "single_origin=true").await.contains(&id));
    assert!(!listed(&app.other, "single_origin=true").await.contains(&id));
    editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);
    is(anyone, &id, true, false).await;
    // A draft on what is published counts for its newsroom's dossier and not for the lists.
    app.checker.create("statements", statement(&id, &two, json!({}))).await;
    is(anyone, &id, true, false).await;
    assert!(listed(&app.reader, "single_origin=true").await.contains(&id));
    editor
        .patch(&format!("/v1/claims/{id}"), &json!({"status": "withdrawn", "withdrawn_reason": "Muddled"}))
        .await
        .expect(200);
    assert!(listed(&app.reader, "single_origin=false&status=withdrawn").await.contains(&id));
    // What is said in a draft on a published claim that says the same counts for the newsroom's own draft.
    let (draft, public) = (app.checker.id_of_new("claims", claim(json!({}))).await, published(editor).await);
    let said = json!({"said_on": "2023-01", "stance": "asserts"});
    app.checker.create("statements", statement(&draft, &one, said)).await;
    app.checker.create("claim-links", json!({"claim_id": draft, "kind": "same_as", "linked_claim_id": public})).await;
    is(&app.reader, &draft, true, false).await;
    let denied = json!({"said_on": "2023-02", "stance": "denies"});
    app.checker.create("statements", statement(&public, &one, denied)).await;
    is(&app.reader, &draft, false, false).await;
    for query in ["single_origin=true&as_of=2026-01-01T00:00:00Z", "circular=maybe"] {
        anyone.get(&format!("/v1/claims?{query}")).await.expect(400);
    }
}

/// SQL by hand is weighed in the background, and so is what touches more than a thousand claims.
#[actix_web::test]
async fn what_no_request_weighs_is_weighed_soon() {
    let app = App::start().await;
    let editor = &app.editor;
    let (one, two) = (organization(editor, "One").await, organization(editor, "Two").await);
    let sql = app.sql().await;
    let fill = format!(
        "INSERT INTO claims (id, newsroom_id, text, language, status)
             SELECT gen_random_uuid(), '{0}', 'Claim ' || n, 'en', 'published' FROM generate_series(1, 1200) AS n;
         INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status)
             SELECT gen_random_uuid(), '{0}', claims.id, source_id, 'confirms', 'published'
             FROM claims CROSS JOIN unnest('{{{one},{two}}}'::uuid[]) AS t(source_id)",
        app.newsroom_id
    );
    sql.batch_execute(&fill).await.unwrap();
    let all = async |what: &str| app.count(&format!("claim_findings WHERE {what}")).await == 1200;
    until("all are weighed", SOON, async || idle(&app).await).await;
    assert!(all("NOT single_origin AND published").await);
    editor.patch(&format!("/v1/sources/{two}"), &json!({"affiliation_id": one})).await.expect(200);
    until("all are weighed again", SOON, async || {
        idle(&app).await?;
        all("single_origin").await.then_some(())
    })
    .await;
}

/// Two writers at once each tie or change a part of one chain, far from each other: whoever commits last has seen the other.
#[actix_web::test]
async fn writers_who_touch_one_chain_at_once_miss_nothing() {
    let app = races::app().await;
    let source = app.editor.id_of_new("sources", source(json!({}))).await;
    // b rests on c; in every other round d rests on a as well, else c on d.
    let resting = |number: usize, name: &str| match (name, number % 2) {
        ("b", _) => Some("c"),
        ("d", 0) => Some("a"),
        ("c", 1) => Some("d"),
        _ => None,
    };
    let mut ids = json!({});
    for (chunk, claims) in races::claims(&["a", "b", "c", "d"], "published").chunks(2000).enumerate() {
        let said = claims.iter().enumerate().map(|(place, claim)| {
            let (name, number) = (claim["ref"].as_str().unwrap(), chunk * 500 + place / 4);
            let relied_on =
                resting(number, &name[..1]).map(|other| json!({"statement_id": format!("#s{other}{number}")}));
            json!({"ref": format!("s{name}"), "claim_id": format!("#{name}"), "source_id": source, "stance": "confirms",
                "status": "published", "relies_on": relied_on.into_iter().collect::<Vec<_>>()})
        });
        let made = record(&app.editor, &json!({"claims": claims, "statements": said.collect::<Vec<_>>()})).await;
        ids.as_object_mut().unwrap().extend(made.as_object().unwrap().clone());
    }
    let statuses = race(async |round| {
        let change = async |name: &str, body: Value| {
            races::patch(&app.editor, format!("/v1/statements/{}", named(&ids, name, round)), body).await
        };
        let tie = async |from: &str, to: &str| {
            change(from, json!({"relies_on": [{"statement_id": named(&ids, to, round)}]})).await
        };
        let other = async || match round % 2 {
            0 => tie("sc", "sd").await,
            _ => change("sd", json!({"stance": "denies", "correction_note": "Misread"})).await,
        };
        let (one, other) = futures_util::join!(tie("sa", "sb"), other());
        vec![one, other]
    })
    .await;
    races::all_of(&statuses, &[200, 503]);
    assert_eq!(app.count("claims_unweighed").await, 0);
    // Weighed once more from nothing, each claim is found as it was kept.
    let sql = app.sql().await;
    let kept = "SELECT string_agg(concat_ws(' ', claim_id, single_origin, circular), E'\\n' ORDER BY claim_id) FROM claim_findings";
    let before: String = sql.query_one(kept, &[]).await.unwrap().get(0);
    let again = "UPDATE claim_findings SET single_origin = NULL; INSERT INTO claims_unweighed SELECT 0, 'claim', id FROM claims";
    sql.batch_execute(again).await.unwrap();
    until("all are weighed", SOON, async || idle(&app).await).await;
    let after: String = sql.query_one(kept, &[]).await.unwrap().get(0);
    let wrong = before.lines().zip(after.lines()).filter(|(before, after)| before != after).count();
    assert_eq!(wrong, 0);
    assert!(app.count("claim_findings WHERE circular").await > 0);
}

/// A story of ten thousand statements is answered, one more is refused.
#[actix_web::test]
async fn more_than_ten_thousand_statements_are_too_many() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"text": "They met", "status": "published"}))).await;
    let one = app.editor.id_of_new("sources", source(json!({"name": "One"}))).await;
    let first = say(&app.editor, &id, &one, "asserts", json!({})).await;
    let fill = format!(
        "INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status)
             SELECT gen_random_uuid(), '{0}', '{id}', '{one}', 'confirms', 'published' FROM generate_series(1, 9999);
         INSERT INTO relies_on (statement_id, relied_on_id, position)
             SELECT id, lag(id, 1, '{first}') OVER (ORDER BY id), 0 FROM statements WHERE id <> '{first}';
         DELETE FROM claims_unweighed;
         ANALYZE statements; ANALYZE relies_on",
        app.newsroom_id
    );
    let sql = app.sql().await;
    sql.batch_execute(&fill).await.unwrap();
    let found = app.anyone.get(&format!("/v1/claims/{id}/provenance")).await.expect(200).body["findings"].clone();
    assert_eq!((found["depth"].as_u64(), found["independent_supporting"].as_u64()), (Some(9999), Some(1)));
    say(&app.editor, &id, &one, "denies", json!({})).await;
    app.anyone.get(&format!("/v1/claims/{id}/provenance")).await.problem(422, "10000");
    // The dossier goes without, and no list has what cannot be told.
    let dossier = app.anyone.get(&format!("/v1/claims/{id}/dossier")).await.expect(200).body;
    assert!(dossier["provenance"].is_null() && dossier["positions"].is_object());
    let small = app.editor.id_of_new("claims", claim(json!({"text": "They spoke", "status": "published"}))).await;
    say(&app.editor, &small, &one, "asserts", json!({})).await;
    let listed = async |filter: &str| {
        let found = app.anyone.get(&format!("/v1/claims?{filter}")).await.expect(200);
        found.ids().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let told = async || [listed("single_origin=true").await, listed("single_origin=false").await];
    assert_eq!(told().await, [vec![small.clone()], vec![]]);
    // The same where both are weighed together: too much at once is weighed one by one.
    let again = "UPDATE claim_findings SET single_origin = false; INSERT INTO claims_unweighed SELECT 0, 'claim', id FROM claims";
    sql.batch_execute(again).await.unwrap();
    until("both are weighed", SOON, async || (app.count("claims_unweighed").await == 0).then_some(())).await;
    assert_eq!(told().await, [vec![small], vec![]]);
}
