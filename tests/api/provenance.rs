//! On whose word: the graph, and what it tells.

use serde_json::{Value, json};

use crate::support::{App, Client, claim, document, source, statement, with};

/// Records a published statement and answers its id.
async fn say(client: &Client, claim_id: &str, source_id: &str, stance: &str, more: Value) -> String {
    let body = with(json!({"stance": stance, "status": "published"}), more);
    client.id_of_new("statements", statement(claim_id, source_id, body)).await
}

async fn named(client: &Client, name: &str) -> String {
    client.id_of_new("sources", source(json!({"name": name, "kind": "organization"}))).await
}

async fn unnamed(client: &Client, name: &str, affiliation: Option<&str>) -> String {
    client.id_of_new("sources", source(json!({"name": name, "kind": "unnamed", "affiliation_id": affiliation}))).await
}

async fn published_claim(client: &Client, text: &str) -> String {
    client.id_of_new("claims", claim(json!({"text": text, "status": "published"}))).await
}

fn relying(on: &[&str]) -> Value {
    json!({"relies_on": on.iter().map(|id| json!({"statement_id": id, "wording": "citing"})).collect::<Vec<_>>()})
}

async fn provenance(client: &Client, claim_id: &str, query: &str) -> Value {
    client.get(&format!("/v1/claims/{claim_id}/provenance{query}")).await.expect(200).body
}

async fn findings(client: &Client, claim_id: &str) -> Value {
    provenance(client, claim_id, "").await["findings"].clone()
}

fn sorted(mut ids: Vec<String>) -> Value {
    ids.sort();
    json!(ids)
}

#[actix_web::test]
async fn outlets_rest_on_the_one_who_told_them() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "The talks took place").await;
    let official = named(editor, "Ministry").await;
    let (outlet, agency, blog) =
        (named(editor, "Outlet").await, named(editor, "Agency").await, named(editor, "Blog").await);
    let report = editor.id_of_new("documents", document(json!({}))).await;
    let root = say(editor, &id, &official, "asserts", json!({"said_on": "2023-03", "document_id": report})).await;
    let agency_says = say(editor, &id, &agency, "confirms", with(relying(&[&root]), json!({"said_on": "2023"}))).await;
    let outlet_says =
        say(editor, &id, &outlet, "reports", with(relying(&[&agency_says]), json!({"said_on": "2022"}))).await;
    let blog_says = say(editor, &id, &blog, "reports", json!({})).await;

    let found = provenance(&app.anyone, &id, "").await;
    assert_eq!(found["claim_id"], json!(id));
    assert_eq!(found["summary_line"], "1 independent origin supports, 0 oppose");
    assert!(found["parts"].is_null());
    assert_eq!(
        found["nodes"][0],
        json!({"statement_id": root, "claim_id": id, "source_id": official, "document_id": report, "stance": "asserts", "said_on": "2023-03"})
    );
    assert_eq!(found["nodes"].as_array().unwrap().len(), 4);
    assert_eq!(
        found["edges"],
        json!([
            {"from": agency_says, "to": root, "wording": "citing"},
            {"from": outlet_says, "to": agency_says, "wording": "citing"},
        ])
    );
    assert_eq!(
        found["findings"],
        json!({
            "independent_supporting": 1, "independent_opposing": 0,
            "origins": [{"side": "supporting", "source_ids": [official], "statement_ids": [root]}],
            "circular": [], "dangling": [blog_says], "origin_elsewhere": [],
            "unnamed_only": false, "single_origin": true, "single_document": true,
            // The agency's 2023 and the ministry's 2023-03 do not tell.
            "out_of_order": [{"statement_id": outlet_says, "relies_on": agency_says}],
            "depth": 2, "longest_chain": [outlet_says, agency_says, root],
        })
    );
}

#[actix_web::test]
async fn three_outlets_in_a_circle_are_no_origin() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "The talks took place").await;
    let mut said = Vec::new();
    for name in ["Morning Post", "Evening Post", "Weekly"] {
        let outlet = named(editor, name).await;
        said.push(say(editor, &id, &outlet, "asserts", json!({})).await);
    }
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        editor.patch(&format!("/v1/statements/{}", said[from]), &relying(&[&said[to]])).await.expect(200);
    }
    let found = findings(&app.anyone, &id).await;
    assert_eq!(found["circular"], json!([sorted(said.clone())]));
    assert_eq!(found["independent_supporting"], 0);
    assert_eq!((&found["depth"], &found["longest_chain"]), (&json!(0), &json!([said[0]])));
    assert_eq!((&found["single_origin"], &found["unnamed_only"]), (&json!(false), &json!(false)));
}

#[actix_web::test]
async fn support_that_rests_on_something_else_has_no_known_origin() {
    let app = App::start().await;
    let editor = &app.editor;
    let (id, other) = (published_claim(editor, "They met").await, published_claim(editor, "They spoke").await);
    let (one, two) = (named(editor, "One").await, named(editor, "Two").await);
    for stance in ["declines_to_comment", "reports", "denies", "comments"] {
        let claim_id = published_claim(editor, &format!("They met ({stance})")).await;
        let root = say(editor, &claim_id, &one, stance, json!({})).await;
        say(editor, &claim_id, &two, "confirms", relying(&[&root])).await;
        let found = findings(&app.anyone, &claim_id).await;
        assert_eq!(found["independent_supporting"], 0, "{stance}");
        assert_eq!(found["independent_opposing"], i32::from(stance == "denies"), "{stance}");
    }
    let root = say(editor, &other, &one, "asserts", json!({})).await;
    let denied = say(editor, &other, &one, "denies", json!({})).await;
    say(editor, &id, &two, "confirms", relying(&[&root, &denied])).await;
    let found = provenance(&app.anyone, &id, "").await;
    assert_eq!(found["findings"]["origin_elsewhere"], json!([{"statement_id": root, "claim_id": other}]));
    assert_eq!(found["findings"]["independent_supporting"], 0);
    assert_eq!(found["nodes"].as_array().unwrap().len(), 3, "on other claims too, and not what nobody here relies on");
}

#[actix_web::test]
async fn of_one_sources_positions_the_latest_counts() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "They met").await;
    let (one, two, outlet) = (named(editor, "One").await, named(editor, "Two").await, named(editor, "Outlet").await);
    let early = say(editor, &id, &one, "asserts", json!({"said_on": "2023-03"})).await;
    say(editor, &id, &outlet, "confirms", with(relying(&[&early]), json!({"said_on": "2023-05"}))).await;
    assert_eq!(findings(&app.anyone, &id).await["independent_supporting"], 1);
    // Dates that do not tell: each counts.
    let vague = say(editor, &id, &one, "denies", json!({"said_on": "2023"})).await;
    let found = findings(&app.anyone, &id).await;
    assert_eq!((&found["independent_supporting"], &found["independent_opposing"]), (&json!(1), &json!(1)));
    editor.patch(&format!("/v1/statements/{vague}"), &json!({"said_on": "2023-04"})).await.expect(200);
    let found = findings(&app.anyone, &id).await;
    assert_eq!((&found["independent_supporting"], &found["independent_opposing"]), (&json!(0), &json!(1)));
    // A neutral word takes nothing back, a retraction does.
    say(editor, &id, &one, "declines_to_comment", json!({"said_on": "2023-05"})).await;
    assert_eq!(findings(&app.anyone, &id).await["independent_opposing"], 1);
    say(editor, &id, &one, "retracts", json!({"said_on": "2023-06"})).await;
    let found = findings(&app.anyone, &id).await;
    assert_eq!((&found["independent_supporting"], &found["independent_opposing"]), (&json!(0), &json!(0)));
    say(editor, &id, &two, "confirms", json!({})).await;
    assert_eq!(findings(&app.anyone, &id).await["independent_supporting"], 1);
}

#[actix_web::test]
async fn those_of_one_body_are_one_origin_and_the_unnamed_may_be_the_same_person() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "They met").await;
    let state = named(editor, "State").await;
    let office = editor.id_of_new("sources", source(json!({"name": "Office", "affiliation_id": state}))).await;
    let spokesman = editor.id_of_new("sources", source(json!({"name": "Spokesman", "affiliation_id": office}))).await;
    let (diplomat, envoy) = (unnamed(editor, "a diplomat", None).await, unnamed(editor, "an envoy", None).await);
    let official = unnamed(editor, "an official", Some(&state)).await;
    let first = say(editor, &id, &diplomat, "asserts", json!({})).await;
    let second = say(editor, &id, &envoy, "confirms", json!({})).await;
    let found = findings(&app.anyone, &id).await;
    assert_eq!(
        found["origins"],
        json!([{"side": "supporting", "source_ids": sorted(vec![diplomat.clone(), envoy.clone()]), "statement_ids": [first, second]}])
    );
    assert_eq!((&found["unnamed_only"], &found["single_origin"]), (&json!(true), &json!(true)));

    let third = say(editor, &id, &state, "confirms", json!({})).await;
    assert_eq!(findings(&app.anyone, &id).await["independent_supporting"], 2);
    // One of the state's own is an unnamed source: the diplomat and the envoy may be that one.
    let fourth = say(editor, &id, &official, "confirms", json!({})).await;
    let fifth = say(editor, &id, &spokesman, "confirms", json!({})).await;
    let found = findings(&app.anyone, &id).await;
    assert_eq!(
        found["origins"],
        json!([{"side": "supporting", "source_ids": sorted(vec![state.clone(), official, spokesman.clone()]), "statement_ids": [third, fourth, fifth]}])
    );
    assert_eq!((&found["unnamed_only"], &found["single_origin"]), (&json!(false), &json!(true)));
    for (group, expected) in
        [("affiliation,unnamed", 1), ("unnamed,affiliation", 1), ("affiliation", 3), ("unnamed", 3), ("", 5)]
    {
        let found = provenance(&app.anyone, &id, &format!("?group={group}")).await;
        assert_eq!(found["findings"]["independent_supporting"], expected, "{group}");
    }
    for group in ["both", "affiliation,", ",", "affiliation,affiliation", "affiliation, unnamed"] {
        app.anyone.get(&format!("/v1/claims/{id}/provenance?group={group}")).await.problem(400, "group");
    }
    // Twice one source is one origin under any choice, and who is spoken for counts, not who speaks.
    say(editor, &id, &diplomat, "confirms", json!({"on_behalf_of_id": spokesman})).await;
    let ungrouped = provenance(&app.anyone, &id, "?group=").await;
    assert_eq!(
        ungrouped["findings"]["independent_supporting"], 4,
        "the diplomat speaks for the spokesman: these two are one"
    );
}

#[actix_web::test]
async fn what_is_hidden_or_withdrawn_is_nobodys_origin() {
    let app = App::start().await;
    let (editor, other) = (&app.editor, &app.other);
    let (id, second) = (published_claim(editor, "They met").await, published_claim(other, "They spoke").await);
    let (one, two, three) = (named(editor, "One").await, named(other, "Two").await, named(other, "Three").await);
    let deep = say(other, &second, &three, "asserts", json!({})).await;
    let relied_on = say(other, &second, &two, "asserts", relying(&[&deep])).await;
    let top = say(editor, &id, &one, "confirms", relying(&[&relied_on])).await;
    let gone = say(editor, &id, &one, "asserts", relying(&[&deep])).await;
    editor
        .patch(&format!("/v1/statements/{gone}"), &json!({"status": "withdrawn", "withdrawn_reason": "Misheard"}))
        .await
        .expect(200);
    let found = provenance(&app.anyone, &id, "").await;
    let ids = |found: &Value| {
        found["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["statement_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&found), [deep.as_str(), &relied_on, &top, &gone]);
    assert_eq!(
        found["nodes"][3],
        json!({"statement_id": gone, "claim_id": id, "source_id": one, "document_id": null, "stance": "asserts", "said_on": null, "withdrawn": true})
    );
    assert_eq!(found["edges"].as_array().unwrap().len(), 2, "nothing is followed behind what was withdrawn");

    // With its claim the statement relied on is hidden from all but its newsroom.
    other
        .patch(&format!("/v1/claims/{second}"), &json!({"status": "withdrawn", "withdrawn_reason": "Muddled"}))
        .await
        .expect(200);
    let found = provenance(&app.anyone, &id, "").await;
    assert_eq!(found["nodes"][0], json!({"statement_id": relied_on, "hidden": true}));
    assert_eq!(ids(&found), [relied_on.as_str(), &top, &gone]);
    assert_eq!((&found["findings"]["depth"], &found["findings"]["origin_elsewhere"]), (&json!(1), &json!([])));
    let seen = provenance(other, &id, "").await;
    assert_eq!(ids(&seen), [deep.as_str(), &relied_on, &top, &gone]);
    assert_eq!(seen["findings"]["origin_elsewhere"], json!([{"statement_id": deep, "claim_id": second}]));
}

#[actix_web::test]
async fn drafts_count_for_their_newsroom_only() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "They met").await;
    let one = named(editor, "One").await;
    app.checker.create("statements", statement(&id, &one, json!({}))).await;
    assert_eq!(findings(&app.anyone, &id).await["independent_supporting"], 0);
    assert_eq!(findings(&app.reader, &id).await["independent_supporting"], 1);
    assert_eq!(provenance(&app.other, &id, "").await["nodes"], json!([]));
    let draft = editor.id_of_new("claims", claim(json!({}))).await;
    app.anyone.get(&format!("/v1/claims/{draft}/provenance")).await.expect(404);
    app.reader.get(&format!("/v1/claims/{draft}/provenance")).await.expect(200);
    editor
        .patch(&format!("/v1/claims/{id}"), &json!({"status": "withdrawn", "withdrawn_reason": "Muddled"}))
        .await
        .expect(200);
    app.anyone.get(&format!("/v1/claims/{id}/provenance")).await.expect(410);
    app.anyone.get(&format!("/v1/claims/{id}/provenance?newsroom=x")).await.expect(400);
}

#[actix_web::test]
async fn it_starts_from_one_newsrooms_statements_where_asked() {
    let app = App::start().await;
    let (editor, other) = (&app.editor, &app.other);
    let id = published_claim(editor, "They met").await;
    let (one, two, three) = (named(editor, "One").await, named(other, "Two").await, named(other, "Three").await);
    let theirs = say(other, &id, &two, "asserts", json!({})).await;
    say(other, &id, &three, "denies", json!({})).await;
    let ours = say(editor, &id, &one, "confirms", relying(&[&theirs])).await;
    let found = provenance(&app.anyone, &id, &format!("?newsroom_id={}", app.newsroom_id)).await;
    assert_eq!(found["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(
        found["findings"]["origins"],
        json!([{"side": "supporting", "source_ids": [two], "statement_ids": [theirs]}])
    );
    assert_eq!(found["findings"]["longest_chain"], json!([ours, theirs]));
    assert_eq!(findings(&app.anyone, &id).await["independent_opposing"], 1);
}

#[actix_web::test]
async fn parts_are_drawn_with_the_claim_and_never_counted_for_it() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "They met in May").await;
    let part =
        editor.id_of_new("claims", claim(json!({"text": "They met", "part_of_id": id, "status": "published"}))).await;
    let deep = editor
        .id_of_new("claims", claim(json!({"text": "They know each other", "part_of_id": part, "status": "published"})))
        .await;
    let (one, two) = (named(editor, "One").await, named(editor, "Two").await);
    say(editor, &part, &one, "confirms", json!({})).await;
    say(editor, &deep, &two, "denies", json!({})).await;
    let found = provenance(&app.anyone, &id, "?parts=true").await;
    assert_eq!(found["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&found["findings"]["independent_supporting"], &found["findings"]["longest_chain"]),
        (&json!(0), &json!([]))
    );
    let parts: Vec<_> = found["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (
                part["claim_id"].as_str().unwrap(),
                part["findings"]["independent_supporting"].as_u64(),
                part["findings"]["independent_opposing"].as_u64(),
            )
        })
        .collect();
    assert_eq!(parts, [(part.as_str(), Some(1), Some(0)), (deep.as_str(), Some(0), Some(1))]);
    assert_eq!(provenance(&app.anyone, &id, "").await["nodes"], json!([]));
}

#[actix_web::test]
async fn the_past_had_its_own_origins() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = published_claim(editor, "They met").await;
    let (one, two) = (named(editor, "One").await, named(editor, "Two").await);
    let root = say(editor, &id, &one, "asserts", json!({})).await;
    let after = editor.get(&format!("/v1/statements/{root}")).await.body["updated_at"].as_str().unwrap().to_owned();
    say(editor, &id, &two, "confirms", json!({})).await;
    let then = provenance(&app.anyone, &id, &format!("?as_of={after}")).await;
    assert_eq!(then["findings"]["independent_supporting"], 1);
    assert_eq!(findings(&app.anyone, &id).await["independent_supporting"], 2);
}

/// Each part is judged by what is said on it, however many others there are.
#[actix_web::test]
async fn thousands_of_parts_are_told_apart() {
    let app = App::start().await;
    let id = published_claim(&app.editor, "They met").await;
    let body = named(&app.editor, "Body").await;
    let fill = format!(
        "INSERT INTO sources (id, newsroom_id, kind, name, name_folded, affiliation_id)
             SELECT md5('s' || n)::uuid, '{0}', 'person', 'S' || n, 's' || n, '{body}' FROM generate_series(1, 2000) AS n;
         INSERT INTO claims (id, newsroom_id, text, language, status, part_of_id)
             SELECT md5('c' || n)::uuid, '{0}', 'Part ' || n, 'en', 'published', '{id}' FROM generate_series(1, 2000) AS n;
         INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status)
             SELECT md5('t' || n)::uuid, '{0}', md5('c' || n)::uuid, md5('s' || n)::uuid, 'confirms', 'published' FROM generate_series(1, 2000) AS n",
        app.newsroom_id
    );
    app.sql().await.batch_execute(&fill).await.unwrap();
    let found = provenance(&app.anyone, &id, "?parts=true").await;
    let parts = found["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2000);
    assert!(parts.iter().all(|part| part["findings"]["single_origin"] == true));
    assert_eq!(found["findings"]["independent_supporting"], 0);
}
