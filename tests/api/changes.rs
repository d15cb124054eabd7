//! The change log: one row for each write, in one order, that nobody rewrites and the public sees no drafts in.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, SOON, claim, document, postgres, source, statement, until, verdict};

/// The rows of the log on a record, oldest first.
async fn logged(app: &App, record_id: &str) -> Vec<Value> {
    let rows = "SELECT (to_jsonb(c) || jsonb_build_object('after', v.after, 'before', v.before))::text FROM changes c
        JOIN change_values v ON v.change_id = c.id WHERE record_id::text = $1 ORDER BY id";
    let rows = app.sql().await.query(rows, &[&record_id]).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect()
}

/// The whole feed, once nothing waits for its place any more.
async fn feed(app: &App, client: &Client) -> Vec<Value> {
    app.in_order().await;
    let (mut items, mut after) = (Vec::new(), 0);
    loop {
        let page = client.get(&format!("/v1/changes?limit=200&after={after}")).await.expect(200);
        items.extend(page.items().to_vec());
        let next = page.body["after"].as_i64().unwrap();
        if next == after {
            return items;
        }
        after = next;
    }
}

#[actix_web::test]
async fn every_write_to_every_noun_is_one_row_that_says_who_made_it() {
    let app = App::start().await;
    let source_id = app.checker.id_of_new("sources", source(json!({"name": "Before"}))).await;
    let document_id = app.checker.id_of_new("documents", document(json!({"publisher_id": source_id}))).await;
    let claim_id = app.checker.id_of_new("claims", claim(json!({}))).await;
    let said = json!({"appearances": [{"document_id": document_id}]});
    let statement_id = app.checker.id_of_new("statements", statement(&claim_id, &source_id, said)).await;
    let cited = json!({"evidence": [{"document_id": document_id, "bearing": "context"}]});
    let verdict_id = app.checker.id_of_new("verdicts", verdict(&claim_id, cited)).await;
    let path = format!("/v1/sources/{source_id}");
    let renamed =
        app.checker.request(Method::PATCH, &path).header("if-match", "\"1\"").header("x-request-id", "it's mine");
    app.checker.send(renamed.json(&json!({"name": "After"}))).await.expect(200);

    let rows = logged(&app, &source_id).await;
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let [made, changed] = rows.as_slice() else { unreachable!() };
    assert_eq!((&made["operation"], &made["version"]), (&json!("insert"), &json!(1)));
    assert_eq!((&changed["operation"], &changed["version"]), (&json!("update"), &json!(2)));
    assert_eq!((&changed["changed"], &changed["before"]), (&json!(["name"]), &json!({"name": "Before"})));
    assert_eq!(changed["after"]["name"], "After");
    assert_eq!(changed["request_id"], "it's mine");
    assert!(changed["member_id"].is_string() && changed["key_id"].is_string());
    let left_out = ["public", "search", "name_folded"];
    assert!(left_out.iter().all(|derived| changed["after"].get(derived).is_none()), "derived columns stay out");
    // Lists are in the row of their record.
    let rows = logged(&app, &statement_id).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["after"]["appearances"], json!([{"document_id": document_id, "locator": null}]));
    assert_eq!(logged(&app, &verdict_id).await[0]["after"]["evidence"][0]["document_id"], document_id.as_str());
    // A change of lists alone is one row as well.
    app.checker.patch(&format!("/v1/statements/{statement_id}"), &json!({"appearances": []})).await.expect(200);
    let rows = logged(&app, &statement_id).await;
    assert_eq!((rows.len(), &rows[1]["changed"]), (2, &json!(["appearances"])));
    assert_eq!(rows[1]["before"]["appearances"], json!([{"document_id": document_id, "locator": null}]));
    // And a deletion, of a key too; the key's hash is nowhere.
    app.checker.delete(&format!("/v1/verdicts/{verdict_id}")).await.expect(204);
    assert_eq!(logged(&app, &verdict_id).await[1]["operation"], "delete");
    let secrets = "SELECT count(*) FROM change_values WHERE after ? 'key_hash' OR before ? 'key_hash'";
    let secrets: i64 = app.sql().await.query_one(secrets, &[]).await.unwrap().get(0);
    assert_eq!(secrets, 0);
}

#[actix_web::test]
async fn sql_by_hand_is_seen_too() {
    let app = App::demo().await;
    let sql = app.sql().await;
    let changes = app.count("changes").await;
    sql.batch_execute("UPDATE sources SET name = 'Somebody else' WHERE name = 'Dmitry Peskov'").await.unwrap();
    assert_eq!(app.count("changes").await, changes + 1);
    // A list that is changed by itself makes a version of its record.
    let cut = "DELETE FROM relies_on WHERE statement_id = (SELECT statement_id FROM relies_on ORDER BY 1 LIMIT 1) RETURNING statement_id::text";
    let id: String = sql.query_one(cut, &[]).await.unwrap().get(0);
    let last = logged(&app, &id).await.pop().unwrap();
    assert_eq!(
        (&last["operation"], &last["version"], &last["changed"]),
        (&json!("update"), &json!(2), &json!(["relies_on"]))
    );
    assert_eq!((&last["member_id"], &last["after"]["relies_on"]), (&Value::Null, &json!([])));
    // Several writes in one transaction are several rows.
    sql.batch_execute("BEGIN; UPDATE claims SET place = 'A'; UPDATE claims SET place = 'B'; COMMIT").await.unwrap();
    let claims = app.count("claims").await;
    assert_eq!(app.count("changes").await, changes + 2 + 2 * claims);
    // A list that is changed after its record was logged in the same transaction is not lost.
    let late = "BEGIN; UPDATE verdicts SET title = title || '!' WHERE status = 'draft'; SET CONSTRAINTS ALL IMMEDIATE;
        DELETE FROM evidence USING verdicts WHERE verdict_id = verdicts.id AND status = 'draft'; COMMIT";
    let draft = "SELECT DISTINCT verdict_id::text FROM evidence JOIN verdicts ON verdicts.id = verdict_id WHERE status = 'draft'";
    let id: String = sql.query_one(draft, &[]).await.unwrap().get(0);
    sql.batch_execute(late).await.unwrap();
    assert_eq!(logged(&app, &id).await.pop().unwrap()["after"]["evidence"], json!([]));
    // And versions only rise.
    sql.batch_execute(&format!("UPDATE verdicts SET version = 1, title = 'Again' WHERE id = '{id}'")).await.unwrap();
    let versions: Vec<_> = logged(&app, &id).await.iter().map(|row| row["version"].as_i64().unwrap()).collect();
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
}

#[actix_web::test]
async fn a_write_that_is_refused_leaves_no_row() {
    let app = App::start().await;
    let changes = app.count("changes").await;
    app.checker.post("/v1/sources", &json!({"kind": "person"})).await.expect(422);
    app.checker.post("/v1/bundles", &json!({"sources": [source(json!({}))], "claims": [{}]})).await.expect(422);
    app.reader.post("/v1/sources", &source(json!({}))).await.expect(403);
    assert_eq!(app.count("changes").await, changes);
}

#[actix_web::test]
async fn no_role_rewrites_the_log() {
    let app = App::demo().await;
    let server = postgres::connect(&postgres::addresses(&app.database).server).await;
    let owner = app.sql().await;
    let tables =
        [("changes", "noun"), ("change_values", "salts"), ("change_positions", "chain"), ("log_nodes", "hash")];
    for (table, column) in tables {
        for write in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = server.batch_execute(&write).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "42501", "the server may {write}");
            // Nor may who owns it, by mistake.
            let refused = owner.batch_execute(&write).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "23001", "{write}: {refused:?}");
        }
    }
    let inserted = server.batch_execute("INSERT INTO changes_unsequenced VALUES (0)").await.unwrap_err();
    assert_eq!(inserted.code().unwrap().code(), "42501");
    for ddl in [
        "ALTER TABLE changes DISABLE TRIGGER ALL",
        "DROP TABLE changes",
        "CREATE TABLE mine ()",
        "SELECT write_change('claim', NULL, '{}')",
        "CREATE TEMP TABLE mine (id uuid, text text);
         CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION log_change('claim')",
    ] {
        let refused = server.batch_execute(ddl).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "the server may {ddl}");
    }
    let owned =
        "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)";
    assert_eq!(server.query_one(owned, &[]).await.unwrap().get::<_, i64>(0), 0, "the server owns tables");
    // What the server may erase is what people have written.
    let verdict = "SELECT id::text FROM verdicts WHERE status = 'published' LIMIT 1";
    let verdict: String = owner.query_one(verdict, &[]).await.unwrap().get(0);
    let erased = server.batch_execute(&format!("SELECT redact('verdict', '{verdict}', '{{status}}', 'x', true)")).await;
    assert_eq!(erased.unwrap_err().code().unwrap().code(), "22023");
}

/// A name that was typed in a draft and replaced before publication is nowhere.
#[actix_web::test]
async fn the_public_sees_only_versions_that_were_public() {
    let app = App::start().await;
    let slip = "Slipped Name";
    let source_id = app.checker.id_of_new("sources", source(json!({"name": slip, "note": "our own"}))).await;
    let claim_id = app.checker.id_of_new("claims", claim(json!({"context": slip}))).await;
    let said = json!({"spoke_as": slip});
    let statement_id = app.checker.id_of_new("statements", statement(&claim_id, &source_id, said)).await;
    let then = app.checker.get(&format!("/v1/statements/{statement_id}")).await.body["updated_at"]
        .as_str()
        .unwrap()
        .to_owned();
    app.checker.patch(&format!("/v1/sources/{source_id}"), &json!({"name": "Right Name"})).await.expect(200);
    app.checker.patch(&format!("/v1/claims/{claim_id}"), &json!({"context": null})).await.expect(200);
    app.checker.patch(&format!("/v1/statements/{statement_id}"), &json!({"spoke_as": null})).await.expect(200);
    for client in [&app.anyone, &app.other] {
        client.get(&format!("/v1/sources/{source_id}/history")).await.expect(404);
    }
    app.editor.act(&format!("/v1/claims/{claim_id}/publish")).await.expect(200);
    let now_public = app.editor.patch(&format!("/v1/sources/{source_id}"), &json!({"country": "IT"})).await.expect(200);
    let now = now_public.body["updated_at"].as_str().unwrap();
    let feed_of_all = feed(&app, &app.anyone).await;
    for (noun, id) in [("sources", &source_id), ("claims", &claim_id), ("statements", &statement_id)] {
        for client in [&app.anyone, &app.other] {
            let history = client.get(&format!("/v1/{noun}/{id}/history")).await.expect(200);
            assert!(!history.text.contains(slip) && !history.text.contains("our own"), "{}", history.text);
            assert!(history.items().iter().all(|entry| entry["member_id"].is_null() && entry["request_id"].is_null()));
            assert!(!history.items().is_empty());
            client.get(&format!("/v1/{noun}/{id}?as_of={then}")).await.expect(404);
            client.get(&format!("/v1/{noun}/{id}?as_of={now}")).await.expect(200);
            assert!(client.get(&format!("/v1/{noun}?as_of={then}")).await.expect(200).items().is_empty());
        }
        let own = app.reader.get(&format!("/v1/{noun}/{id}/history")).await.expect(200);
        assert!(own.text.contains(slip) && own.items().iter().all(|entry| entry["member_id"].is_string()));
        assert!(app.reader.get(&format!("/v1/{noun}/{id}?as_of={then}")).await.expect(200).text.contains(slip));
    }
    assert!(!json!(feed_of_all).to_string().contains(slip), "{feed_of_all:#?}");
    let shown: BTreeSet<&str> = feed_of_all.iter().filter_map(|item| item["record_id"].as_str()).collect();
    assert!(shown.contains(source_id.as_str()), "followers are told of what became public");
    for change in feed_of_all.iter().filter(|item| item["noun"] == "statement" || item["noun"] == "claim") {
        let proof = app.anyone.get(&format!("/v1/log/inclusion/{}", change["change_id"])).await.expect(200);
        assert!(!proof.text.contains(slip));
    }
    // What was a draft's version has no proof for anybody.
    let draft = logged(&app, &claim_id).await[0]["id"].clone();
    app.anyone.get(&format!("/v1/log/inclusion/{draft}")).await.expect(404);
}

#[actix_web::test]
async fn a_history_reads_as_what_changed_and_ends_where_the_record_is_hidden() {
    let app = App::start().await;
    let claim_id = app.editor.id_of_new("claims", claim(json!({"status": "published", "place": "Rome"}))).await;
    app.editor.patch(&format!("/v1/claims/{claim_id}"), &json!({"place": "Milan"})).await.expect(200);
    let path = format!("/v1/claims/{claim_id}/history");
    let history = app.anyone.get(&path).await.expect(200);
    assert_eq!(
        history.items()[0]["changes"],
        json!([{"field": "place", "before": "Rome", "after": "Milan", "redacted": false}])
    );
    assert_eq!((&history.items()[0]["version"], &history.items()[1]["operation"]), (&json!(2), &json!("insert")));
    // Pages fit together: the last entry of one is compared with the first of the next.
    let page = app.anyone.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!(page.items()[0], history.items()[0]);
    let next = page.body["next_cursor"].as_str().unwrap();
    assert_eq!(
        app.anyone.get(&format!("{path}?limit=1&cursor={next}")).await.expect(200).items()[0],
        history.items()[1]
    );
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "It was wrong"});
    app.editor.patch(&format!("/v1/claims/{claim_id}"), &withdrawn).await.expect(200);
    app.anyone.get(&path).await.problem(410, "It was wrong");
    app.reader.get(&path).await.expect(200);
    app.anyone.get("/v1/claims/018ae888-e400-7000-8000-000000000000/history").await.expect(404);
}

/// Changes are numbered before they are committed: who goes by numbers loses those that are committed late.
#[actix_web::test]
async fn the_feed_never_skips_a_change_that_is_committed_late() {
    let app = App::start().await;
    feed(&app, &app.anyone).await;
    let (late, early) = (app.sql().await, app.sql().await);
    let insert = |slug: &str| {
        format!(
            "INSERT INTO topics (slug, newsroom_id) VALUES ('{slug}', '{}'); SET CONSTRAINTS ALL IMMEDIATE",
            app.newsroom_id
        )
    };
    late.batch_execute(&format!("BEGIN; {}", insert("late"))).await.unwrap();
    early.batch_execute(&insert("early")).await.unwrap();
    let numbers = "SELECT max(id) FROM changes";
    let early_number: i64 = early.query_one(numbers, &[]).await.unwrap().get(0);
    let seen = until("the early change has its place", SOON, async || {
        let topics = app.reader.get("/v1/changes?limit=200").await.expect(200);
        topics
            .items()
            .iter()
            .any(|item| item["record"]["slug"] == "early")
            .then_some(topics.body["after"].as_i64().unwrap())
    })
    .await;
    late.batch_execute("COMMIT").await.unwrap();
    let item = until("the late change has its place", SOON, async || {
        let topics = app.reader.get(&format!("/v1/changes?after={seen}")).await.expect(200);
        topics.items().iter().find(|item| item["record"]["slug"] == "late").cloned()
    })
    .await;
    assert!(item["change_id"].as_i64().unwrap() < early_number, "it was numbered first, and comes second");
    let gaps = "SELECT count(*) = max(position) FROM change_positions";
    assert!(app.sql().await.query_one(gaps, &[]).await.unwrap().get::<_, bool>(0), "positions have gaps");
}

#[actix_web::test]
async fn many_writers_lose_nothing_and_each_records_versions_come_in_order() {
    let app = App::start().await;
    let ids = futures_util::future::join_all((0..8).map(|_| app.checker.id_of_new("sources", source(json!({}))))).await;
    let writes = (0..400).map(|number| {
        let (app, id) = (&app, &ids[number % ids.len()]);
        async move {
            let path = format!("/v1/sources/{id}");
            let request = app.checker.request(Method::PATCH, &path).header("if-match", "*");
            app.checker.send(request.json(&json!({"description": format!("{number}")}))).await.status
        }
    });
    let statuses: Vec<u16> = futures_util::stream::iter(writes).buffer_unordered(16).collect().await;
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert!(done > 100, "{statuses:?}");
    let items = feed(&app, &app.checker).await;
    for id in &ids {
        let versions: Vec<i64> = items
            .iter()
            .filter(|item| item["record_id"] == id.as_str())
            .map(|item| item["version"].as_i64().unwrap())
            .collect();
        assert!(versions.is_sorted_by(|one, next| one + 1 == *next), "{versions:?}");
    }
    let updates = items.iter().filter(|item| item["operation"] == "update" && item["noun"] == "source").count();
    assert_eq!(updates, done);
}

#[actix_web::test]
async fn who_waits_is_answered_when_something_happens() {
    let app = App::start().await;
    feed(&app, &app.checker).await;
    let after = app.checker.get("/v1/changes?limit=200").await.expect(200).body["after"].as_i64().unwrap();
    let path = format!("/v1/changes?after={after}&wait=60");
    let since = std::time::Instant::now();
    let (waited, id) = futures_util::join!(app.checker.get(&path), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.checker.id_of_new("sources", source(json!({}))).await
    });
    assert_eq!(waited.expect(200).items()[0]["record_id"], id.as_str());
    assert!(since.elapsed() < Duration::from_secs(40), "waiting is no polling");
    app.checker.get("/v1/changes?wait=61").await.expect(400);
    app.checker.get("/v1/changes?after=-1").await.expect(400);
    app.checker.get("/v1/changes?after=9223372036854775808").await.expect(400);
    let empty = app.checker.get("/v1/changes?after=1000000&wait=1").await.expect(200);
    assert_eq!((empty.items().len(), &empty.body["after"]), (0, &json!(1_000_000)));
}

/// Reads events until one has this id; answers those it has read.
async fn events(app: &App, after: i64, how_many: usize) -> String {
    let request = app.checker.request(Method::GET, "/v1/changes").header("accept", "text/event-stream");
    let response = request.header("last-event-id", after).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.bytes_stream();
    let mut text = String::new();
    while text.matches("event: change\n").count() < how_many {
        let chunk = tokio::time::timeout(SOON, body.next()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    text
}

#[actix_web::test]
async fn a_stream_of_events_goes_on_where_it_broke_off() {
    let app = App::start().await;
    feed(&app, &app.checker).await;
    let after = app.checker.get("/v1/changes?limit=200").await.expect(200).body["after"].as_i64().unwrap();
    let (text, first) =
        futures_util::join!(events(&app, after, 1), app.checker.id_of_new("sources", source(json!({}))));
    assert!(text.contains(&first) && text.contains(&format!("id: {}\n", after + 1)), "{text}");
    let second = app.checker.id_of_new("sources", source(json!({}))).await;
    let text = events(&app, after + 1, 1).await;
    assert!(text.contains(&second) && !text.contains(&first), "{text}");
}

#[actix_web::test]
async fn members_and_keys_are_for_admins_and_drafts_for_their_newsroom() {
    let app = App::start().await;
    app.admin.id_of_new("members", json!({"name": "Canary", "email": "canary@example.org", "role": "reader"})).await;
    let hidden = app.checker.id_of_new("sources", source(json!({}))).await;
    let seen = async |client: &Client| json!(feed(&app, client).await).to_string();
    assert!(seen(&app.admin).await.contains("canary@example.org"));
    let members = app.admin.get("/v1/members?limit=200").await;
    let admin = members.items().iter().find(|one| one["role"] == "admin").unwrap()["id"].as_str().unwrap();
    let reads = json!({"member_id": admin, "name": "dashboard", "scopes": ["read"]});
    let reads = app.with_key(app.admin.create("api-keys", reads).await["key"].as_str().unwrap());
    for client in [&app.editor, &app.other, &app.anyone, &reads] {
        assert!(!seen(client).await.contains("anary"));
    }
    assert!(seen(&app.reader).await.contains(&hidden));
    assert!(!seen(&app.other).await.contains(&hidden) && !seen(&app.anyone).await.contains(&hidden));
}
