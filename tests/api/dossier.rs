use serde_json::{Value, json};

use crate::support::{App, claim, document, source, statement, verdict};

#[actix_web::test]
async fn a_dossier_tells_who_stands_where() {
    let app = App::start().await;
    let mut sources = Vec::new();
    for name in ["Armenia", "Baku", "Council", "Duma", "Envoy"] {
        sources.push(app.editor.id_of_new("sources", source(json!({"name": name}))).await);
    }
    let id = app.editor.id_of_new("claims", claim(json!({"text": "The talks took place"}))).await;
    let mut ids = Vec::new();
    for (source, stance, said_on) in [
        (0, "confirms", json!("2023-10-01")),
        (0, "denies", json!("2023-09")),
        (1, "denies", json!("2023-10-01")),
        (1, "retracts", json!("2023-10-02")),
        (2, "declines_to_comment", Value::Null),
        (3, "disputes", json!("2023-10")),
        (3, "comments", json!("2023-11")),
        (4, "comments", Value::Null),
    ] {
        let body = statement(&id, &sources[source], json!({"stance": stance, "said_on": said_on}));
        ids.push(app.editor.id_of_new("statements", body).await);
    }
    app.editor.act(&format!("/v1/claims/{id}/publish")).await.expect(200);
    let dossier = app.anyone.get(&format!("/v1/claims/{id}/dossier")).await.expect(200).body;
    assert_eq!(
        dossier["positions"],
        json!({
            "by_stance": {
                "confirms": [sources[0]], "declines_to_comment": [sources[2]], "disputes": [sources[3]], "comments": [sources[4]],
            },
            "former": [ids[1], ids[2]],
            "supporting": 1, "opposing": 1, "neutral": 2,
        })
    );
    assert_eq!(
        dossier["summary_line"],
        "Armenia confirms that the talks took place; Duma disputes that the talks took place; Council declines to comment"
    );
    let dates: Vec<_> = dossier["statements"].as_array().unwrap().iter().map(|one| one["said_on"].clone()).collect();
    assert_eq!(
        json!(dates),
        json!(["2023-09", "2023-10", "2023-10-01", "2023-10-01", "2023-10-02", "2023-11", null, null])
    );
}

#[actix_web::test]
async fn a_dossier_embeds_sources_documents_ratings_and_parts() {
    let app = App::start().await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let article = app.editor.id_of_new("documents", document(json!({}))).await;
    let whole = app.editor.id_of_new("claims", claim(json!({}))).await;
    let part = app.editor.id_of_new("claims", claim(json!({"part_of_id": whole, "text": "It was short."}))).await;
    let deep = app.editor.id_of_new("claims", claim(json!({"part_of_id": part, "text": "It took an hour."}))).await;
    app.editor
        .create("statements", statement(&deep, &peskov, json!({"document_id": article, "stance": "denies"})))
        .await;
    let rated = json!({"rating_id": "01890000-0000-7000-8000-000000000105", "evidence": [{"document_id": article, "bearing": "supports"}]});
    app.editor.create("verdicts", verdict(&part, rated)).await;
    app.editor.create("verdicts", verdict(&whole, json!({"title": "first"}))).await;
    app.editor.create("verdicts", verdict(&whole, json!({"title": "second"}))).await;

    let path = format!("/v1/claims/{whole}/dossier");
    let dossier = app.reader.get(&path).await.expect(200).body;
    let parts: Vec<_> = dossier["parts"].as_array().unwrap().iter().map(|one| one["claim"]["id"].clone()).collect();
    assert_eq!(json!(parts), json!([part, deep]));
    let said = &dossier["parts"][1]["statements"][0];
    assert_eq!((&said["source"]["name"], &said["document"]["id"]), (&json!("Dmitry Peskov"), &json!(article)));
    let judged = &dossier["parts"][0]["verdicts"][0];
    assert_eq!((&judged["rating"]["slug"], &judged["evidence"][0]["document_id"]), (&json!("true"), &json!(article)));
    let titles: Vec<_> = dossier["verdicts"].as_array().unwrap().iter().map(|one| one["title"].clone()).collect();
    assert_eq!(json!(titles), json!(["second", "first"]), "newest first");
    assert_eq!(dossier["summary_line"], "Dmitry Peskov denies that it took an hour");
    // Only what a caller may see, and one newsroom's where asked.
    app.anyone.get(&path).await.expect(404);
    app.editor.patch(&format!("/v1/claims/{whole}"), &json!({"status": "published"})).await.expect(200);
    let public = app.anyone.get(&path).await.expect(200).body;
    assert_eq!((&public["parts"], &public["verdicts"], &public["summary_line"]), (&json!([]), &json!([]), &json!("")));
    app.reader.get(&format!("{path}?newsroom=x")).await.expect(400);
}

#[actix_web::test]
async fn a_dossier_is_narrowed_to_one_newsroom() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let ours = app.editor.id_of_new("sources", source(json!({"name": "Ours"}))).await;
    let theirs = app.other.id_of_new("sources", source(json!({"name": "Theirs"}))).await;
    app.editor.create("statements", statement(&id, &ours, json!({"status": "published"}))).await;
    app.other.create("statements", statement(&id, &theirs, json!({"status": "published", "stance": "denies"}))).await;
    let path = format!("/v1/claims/{id}/dossier");
    let both = app.anyone.get(&path).await.expect(200).body;
    assert_eq!((both["positions"]["supporting"].as_u64(), both["positions"]["opposing"].as_u64()), (Some(1), Some(1)));
    let narrowed = app.anyone.get(&format!("{path}?newsroom_id={}", app.newsroom_id)).await.expect(200).body;
    assert_eq!(narrowed["statements"].as_array().unwrap().len(), 1);
    assert_eq!(narrowed["positions"]["opposing"], 0);
    assert_eq!(narrowed["summary_line"], "Ours confirms that the meeting took place");
}

/// Whatever a dossier holds, it is read by the same number of statements.
#[actix_web::test]
async fn a_dossiers_statements_to_the_database_do_not_grow_with_it() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let peskov = app.editor.id_of_new("sources", source(json!({}))).await;
    let path = format!("/v1/claims/{id}/dossier");
    let sql = app.sql().await;
    sql.batch_execute("CREATE EXTENSION pg_stat_statements").await.unwrap();
    let mut counts = Vec::new();
    for size in [1, 30] {
        for _ in 0..size {
            app.editor.create("statements", statement(&id, &peskov, json!({"status": "published"}))).await;
            let part = app.editor.id_of_new("claims", claim(json!({"part_of_id": id, "status": "published"}))).await;
            app.editor.create("statements", statement(&part, &peskov, json!({"status": "published"}))).await;
        }
        app.anyone.get(&path).await.expect(200);
        app.in_order().await;
        counts.push(queries(&app, &sql, &path).await);
    }
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 15, "{counts:?}");
}

/// How many statements one GET sends, as PostgreSQL counts them: the least of nine, without those that only say where a transaction
/// begins and ends, and those of what works in the background.
pub async fn queries(app: &App, sql: &tokio_postgres::Client, path: &str) -> i64 {
    let calls = "SELECT sum(calls)::bigint FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND query !~* '^(begin|commit|rollback|set|savepoint|release)'
        AND query !~ 'pg_stat_statements|change|statement_timestamp|webhook|imports|word_deltas|embedding|log_nodes|advisory|unweighed|api_keys|idempotency'";
    let count = async || sql.query_one(calls, &[]).await.unwrap().get::<_, Option<i64>>(0).unwrap_or(0);
    let mut least = i64::MAX;
    for _ in 0..9 {
        let before = count().await;
        app.anyone.get(path).await.expect(200);
        let sent = count().await - before;
        // PostgreSQL forgets statements where it has counted too many.
        if sent >= 0 {
            least = least.min(sent);
        }
    }
    least
}
