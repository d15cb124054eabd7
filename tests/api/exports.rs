//! Whole lists as files.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::{Answer, App, Client, SOON, claim, source, statement, until, verdict};

const LINES: &str = "/v1/exports/claims.ndjson";
const TABLE: &str = "/v1/exports/claims.csv";
/// "True" of the scale that comes with OnRecord, 5 of 5.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";

fn lines(answer: &Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a table, each by its headings.
fn rows(text: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heading = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| -> Value {
        heading.iter().zip(record.iter()).map(|(name, cell)| (name.to_owned(), json!(cell))).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

async fn exported(client: &Client, path: &str) -> Answer {
    client.get(path).await.expect(200)
}

#[actix_web::test]
async fn each_line_is_a_claim_as_it_is_read_alone() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for status in ["published", "draft", "published"] {
        ids.push(app.editor.id_of_new("claims", claim(json!({"status": status, "topics": ["rain"]}))).await);
    }
    app.editor.create("claims", claim(json!({"status": "published", "language": "it"}))).await;
    let path = format!("{LINES}?topic=rain&language=en");
    for (client, seen) in [(&app.anyone, vec![2, 0]), (&app.other, vec![2, 0]), (&app.reader, vec![2, 1, 0])] {
        let mut expected = Vec::new();
        for nth in seen {
            expected.push(client.get(&format!("/v1/claims/{}", ids[nth])).await.expect(200).body);
        }
        let answer = exported(client, &path).await;
        assert_eq!(lines(&answer), expected);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        let name = answer.header("content-disposition").unwrap();
        assert!(name.starts_with("attachment; filename=\"claims-2") && name.ends_with(".ndjson\""), "{name}");
        assert_eq!(rows(&exported(client, &path.replace(LINES, TABLE)).await.text).len(), expected.len());
    }
    // Nothing found is an empty file, and a table with its heading.
    assert_eq!(exported(&app.anyone, &format!("{LINES}?topic=snow")).await.text, "");
    let heading = exported(&app.anyone, &format!("{TABLE}?topic=snow")).await.text;
    assert!(heading.starts_with("id,text,language,") && heading.ends_with(",version\r\n"), "{heading}");
}

#[actix_web::test]
async fn an_export_goes_to_the_end_of_the_list_and_has_nothing_twice() {
    let app = App::start().await;
    let text = |n: usize| json!({"text": format!("It rained {n} times"), "language": "en", "status": if n.is_multiple_of(2) { "published" } else { "draft" }});
    let claims: Vec<_> = (0..1_000).map(text).collect();
    app.editor.post("/v1/bundles", &json!({"claims": claims})).await.expect(201);
    let listed = |lines: Vec<Value>| lines.into_iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    let (all, public): (Vec<String>, Vec<String>) =
        (listed(lines(&exported(&app.reader, LINES).await)), listed(lines(&exported(&app.anyone, LINES).await)));
    // A thousand is twice what is read at once: what is left then is nothing.
    assert_eq!((all.len(), public.len()), (1_000, 500));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 1_000);
    assert!(all.is_sorted_by(|one, next| one > next), "newest first");
    assert_eq!(rows(&exported(&app.reader, TABLE).await.text).len(), 1_000);
    let found = listed(lines(&exported(&app.reader, &format!("{LINES}?q=rained")).await));
    assert_eq!(found, all);
    let compressed = app.reader.request(Method::GET, LINES).header("accept-encoding", "gzip");
    let compressed = compressed.send().await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert!(compressed.bytes().await.unwrap().len() < 1_000 * 100);
}

#[actix_web::test]
async fn a_table_tells_the_verdict_and_who_claimed() {
    let app = App::start().await;
    let told = json!({"text": "The bridge is closed, \"for good\"", "context": "Two\r\nlines", "claimed_on": "2024-02", "topics": ["bridges", "rome"], "status": "published"});
    let id = app.editor.id_of_new("claims", claim(told)).await;
    let mayor = app.editor.id_of_new("sources", source(json!({"kind": "person", "name": "Ann Mayor"}))).await;
    let outlet = app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "The Paper"}))).await;
    for (who, how) in [
        (&mayor, json!({"stance": "asserts", "status": "published"})),
        (&outlet, json!({"stance": "asserts"})),
        (&outlet, json!({"stance": "denies", "note": "Ask again", "status": "published"})),
    ] {
        app.editor.create("statements", statement(&id, who, how)).await;
    }
    let judged = json!({"summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024-03", "title": "It is so", "url": "https://example.com/check", "status": "published"});
    let known = app.admin.create("verdicts", verdict(&id, judged.clone())).await;
    // Another publisher's is newer, and does not take the newsroom's place.
    let theirs = json!({"author_id": outlet, "summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024-04", "status": "published"});
    app.admin.create("verdicts", verdict(&id, theirs)).await;
    let answer = exported(&app.anyone, TABLE).await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(answer.header("content-disposition").unwrap().ends_with(".csv\""));
    let row = &rows(&answer.text)[0];
    for (member, cell) in [
        ("id", id.as_str()),
        ("text", "The bridge is closed, \"for good\""),
        ("context", "Two\r\nlines"),
        ("claimed_on", "2024-02"),
        ("event_on", ""),
        ("topics", "bridges; rome"),
        ("claimants", "Ann Mayor"),
        ("status", "published"),
        ("verdict_id", known["id"].as_str().unwrap()),
        ("rating", "True"),
        ("rating_value", "5"),
        ("rating_id", "01890000-0000-7000-8000-000000000105"),
        ("verdict_title", "It is so"),
        ("verdict_url", "https://example.com/check"),
        ("verdict_reviewed_on", "2024-03"),
        ("page", &format!("{}/claims/{id}", app.url)),
        ("version", "1"),
    ] {
        assert_eq!(row[member], cell, "{member} of {row:#}");
    }
    assert_eq!(row["verdict_publisher"], row["newsroom"]);
    let [denied, asserted] =
        <[Value; 2]>::try_from(rows(&exported(&app.anyone, "/v1/exports/statements.csv").await.text)).unwrap();
    for (member, cell) in [
        ("claim", "The bridge is closed, \"for good\""),
        ("source", "The Paper"),
        ("stance", "denies"),
        ("quote", ""),
        ("note", ""),
    ] {
        assert_eq!(denied[member], cell, "{member} of {denied:#}");
    }
    assert_eq!((&asserted["source"], &asserted["page"]), (&json!("Ann Mayor"), &row["page"]));
    let drafts = format!("/v1/exports/statements.csv?source_id={outlet}&stance=asserts");
    assert_eq!(rows(&exported(&app.anyone, &drafts).await.text).len(), 0);
    assert_eq!(rows(&exported(&app.reader, &drafts).await.text)[0]["status"], "draft");
    // Notes are the newsroom's own; a draft has no page.
    let secret = app.editor.id_of_new("claims", claim(json!({"text": "The tunnel leaks"}))).await;
    app.editor.create("statements", statement(&secret, &mayor, json!({"stance": "asserts"}))).await;
    let [leaks, denied, ..] =
        <[Value; 4]>::try_from(rows(&exported(&app.reader, "/v1/exports/statements.csv").await.text)).unwrap();
    assert_eq!((&leaks["claim"], &leaks["page"]), (&json!("The tunnel leaks"), &json!("")));
    assert_eq!(denied["note"], "Ask again");
    let [others, own] =
        <[Value; 2]>::try_from(rows(&exported(&app.anyone, "/v1/exports/verdicts.csv").await.text)).unwrap();
    for (member, cell) in [
        ("claim", "The bridge is closed, \"for good\""),
        ("rating", "True"),
        ("publisher", "The Paper"),
        ("under_review", "false"),
        ("evidence", ""),
    ] {
        assert_eq!(others[member], cell, "{member} of {others:#}");
    }
    assert_eq!((&own["title"], &own["publisher"]), (&json!("It is so"), &row["newsroom"]));
    app.anyone.get(&format!("/claims/{id}")).await.expect(200);
    assert_eq!(rows(&exported(&app.reader, TABLE).await.text)[1]["claimants"], "Ann Mayor; The Paper");
}

#[actix_web::test]
async fn statements_and_verdicts_are_exported_as_they_are_listed() {
    let app = App::demo().await;
    let claim = onrecord::demo::id_of("talks").unwrap();
    for client in [&app.anyone, &app.reader] {
        for list in ["statements", "verdicts"] {
            for filter in [String::new(), format!("?claim_id={claim}")] {
                let listed = client.walk(&format!("/v1/{list}{filter}")).await;
                assert!(!listed.is_empty(), "{list}");
                assert_eq!(lines(&exported(client, &format!("/v1/exports/{list}.ndjson{filter}")).await), listed);
            }
        }
    }
}

/// A cell is what it was after `'`, in every column that people write.
#[actix_web::test]
async fn no_cell_is_a_formula_unless_asked_for() {
    let app = App::start().await;
    for text in ["=HYPERLINK(\"https://evil.example\")", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠A1"] {
        let harmful = json!({"text": text, "context": text, "place": text, "status": "published"});
        app.editor.create("claims", claim(harmful)).await;
        let table = exported(&app.anyone, TABLE).await.text;
        let lossless = exported(&app.anyone, &format!("{TABLE}?lossless=true&bom=false")).await.text;
        for member in ["text", "context", "place"] {
            assert_eq!(rows(&table)[0][member], format!("'{text}"));
            assert_eq!(rows(&lossless)[0][member], text);
        }
    }
    let marked = exported(&app.anyone, &format!("{TABLE}?bom=true")).await;
    // The client may take the mark away.
    let bytes =
        app.anyone.request(Method::GET, &format!("{TABLE}?bom=true")).send().await.unwrap().bytes().await.unwrap();
    assert!(bytes.starts_with("\u{feff}id,text,".as_bytes()) && marked.text.contains("id,text,"));
    assert!(!bytes[3..].starts_with("\u{feff}".as_bytes()));
}

#[actix_web::test]
async fn what_an_export_cannot_do_is_refused_before_it_begins() {
    let app = App::start().await;
    for query in ["limit=5", "cursor=x", "sort=relevance&q=rain", "facets=topic", "q=rain&as_of=2024-01-01T00:00:00Z"] {
        app.anyone.get(&format!("{LINES}?{query}")).await.expect(400);
    }
    for query in ["lossless=maybe", "bom=1", "lossless=true&lossless=true", "colour=red"] {
        app.anyone.get(&format!("{TABLE}?{query}")).await.expect(400);
    }
    // A table alone is written with or without marks.
    app.anyone.get(&format!("{LINES}?bom=true")).await.expect(400);
    app.anyone.get(&format!("{TABLE}?language=italiano")).await.expect(400);
}

#[actix_web::test]
async fn with_an_instant_all_is_of_that_instant() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"place": "Rome", "status": "published"}))).await;
    app.in_order().await;
    let sql = app.sql().await;
    let now = sql.query_one("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", &[]);
    let now: String = now.await.unwrap().get(0);
    app.editor.patch(&format!("/v1/claims/{id}"), &json!({"place": "Milan"})).await.expect(200);
    app.editor.create("claims", claim(json!({"status": "published"}))).await;
    for (path, places) in
        [(TABLE.to_owned(), vec!["Istanbul", "Milan"]), (format!("{TABLE}?as_of={now}"), vec!["Rome"])]
    {
        let found = rows(&exported(&app.anyone, &path).await.text);
        let found: Vec<_> = found.iter().map(|row| row["place"].as_str().unwrap()).collect();
        assert_eq!(found.last(), places.last(), "{path}");
        assert_eq!(found.len(), places.len(), "{path}");
    }
}

/// More than all buffers between the server and its client hold.
async fn thirty_megabytes(app: &App) {
    let sql = app.sql().await;
    let made = format!(
        "SET session_replication_role = replica;
         INSERT INTO claims (id, newsroom_id, text, language, context, status)
         SELECT lpad(to_hex(n), 32, '0')::uuid, '{}', 'It rained ' || n || ' times', 'en', repeat('rain ', 2000), 'published' FROM generate_series(1, 3000) AS n",
        app.newsroom_id
    );
    sql.batch_execute(&made).await.unwrap();
}

/// A key that is revoked meanwhile opens nothing more, however slowly its export is read.
#[actix_web::test]
async fn an_export_ends_with_its_key() {
    let app = App::start().await;
    thirty_megabytes(&app).await;
    let admin = app.admin.get("/v1/members").await.expect(200);
    let admin = admin.items().iter().find(|member| member["role"] == "admin").unwrap()["id"].clone();
    for path in [LINES, TABLE] {
        let key = app.admin.create("api-keys", json!({"member_id": admin, "name": "export"})).await;
        let client = app.with_key(key["key"].as_str().unwrap());
        let mut pieces = client.request(Method::GET, path).send().await.unwrap().bytes_stream();
        assert!(!pieces.next().await.unwrap().unwrap().is_empty());
        app.admin.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await.expect(204);
        let mut broken = false;
        while let Some(piece) = pieces.next().await {
            broken |= piece.is_err();
        }
        assert!(broken, "{path} went on");
    }
}

/// Nobody must take what arrived for the whole: the answer ends without its end.
#[actix_web::test]
async fn what_cannot_be_read_to_its_end_breaks_off() {
    let app = App::start().await;
    thirty_megabytes(&app).await;
    for path in [LINES, TABLE] {
        let answer = app.anyone.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut pieces = answer.bytes_stream();
        assert!(!pieces.next().await.unwrap().unwrap().is_empty());
        // A client that does not read on holds no connection of the database.
        let sql = app.sql().await;
        let held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND query LIKE '%claims%'";
        let free = async || (sql.query_one(held, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(());
        until("no connection is held", SOON, free).await;
        sql.batch_execute("ALTER TABLE claims RENAME TO gone").await.unwrap();
        let (mut bytes, mut broken) = (0, false);
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => bytes += piece.len(),
                Err(_) => broken = true,
            }
        }
        assert!(broken && bytes < 30_000_000, "{path} ended after {bytes} bytes");
        app.anyone.get(path).await.expect(500);
        sql.batch_execute("ALTER TABLE gone RENAME TO claims").await.unwrap();
        let whole = app.anyone.request(Method::GET, path).send().await.unwrap().bytes().await.unwrap();
        assert!(whole.len() > 30_000_000, "{}", whole.len());
    }
}
