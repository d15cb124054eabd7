//! What clients see while the database is away, slow, locked or cut off: 503, never half a write, and soon all well.

use std::time::{Duration, Instant};

use actix_web::rt::spawn;
use onrecord::config::Limits;
use onrecord::migrations::migrate;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_postgres::Client as Sql;

use crate::support::{Answer, App, Break, Client, Proxy, SOON, limits, postgres, source, until};

/// How long reads and writes may go on failing once the database is back.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may wait to be told that everything is busy.
const BUSY_WITHIN: Duration = Duration::from_secs(5);

/// With the waits that a server has by default.
fn impatient() -> Limits {
    let Limits { pool_wait_ms, connect_ms, .. } = Limits::default();
    Limits { pool_wait_ms, connect_ms, ..limits() }
}

/// A server that reaches its database by a way that can be cut.
async fn apart() -> (App, Proxy) {
    let database = postgres::database().await;
    let proxy = Proxy::to(&database).await;
    (App::on(&database, &proxy.url(), impatient()), proxy)
}

/// A server whose role has these limits in the database.
async fn limited(limits: Limits) -> App {
    let database = postgres::database().await;
    migrate(&postgres::addresses(&database), Some(&limits)).await.unwrap();
    App::on(&database, &database, limits)
}

/// Panics unless this says to try again.
#[track_caller]
fn later(answer: Answer) -> Answer {
    let answer = answer.expect(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer
}

async fn write(client: &Client) -> Answer {
    client.post("/v1/sources", &source(json!({}))).await
}

async fn works(path: &str, client: &Client) -> bool {
    let (read, written) = (client.get(path).await, write(client).await);
    (read.status, written.status) == (200, 201)
}

/// Keeps others from a table until it is rolled back.
async fn lock(app: &App, table: &str, mode: &str) -> Sql {
    let sql = app.sql().await;
    sql.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN {mode} MODE")).await.unwrap();
    sql
}

async fn somebody_waits(sql: &Sql) {
    until("somebody waits for the lock", SOON, async || {
        let waiting = "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE NOT granted \
                       AND datname = current_database()";
        sql.query_opt(waiting, &[]).await.unwrap().map(drop)
    })
    .await;
}

/// Waits until the server's connections that meet a condition have gone.
async fn gone(sql: &Sql, condition: &str) {
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'onrecord' \
         AND {condition}"
    );
    until("the connections have gone", SOON, async || {
        (sql.query_one(&query, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn while_the_database_is_away_everything_is_told_to_wait_and_soon_works_again() {
    let (app, mut proxy) = apart().await;
    let path = format!("/v1/sources/{}", write(&app.checker).await.expect(201).id());
    for _ in 0..2 {
        app.checker.get(&path).await.expect(200);
        proxy.cut().await;
        for _ in 0..3 {
            later(app.checker.get(&path).await);
            later(app.anyone.get("/v1/claims").await);
            later(write(&app.checker).await);
            later(app.anyone.get("/health/ready").await);
            app.anyone.get("/health/live").await.expect(200);
        }
        proxy.mend().await;
        until("it works again", BACK_WITHIN, async || works(&path, &app.checker).await.then_some(())).await;
        app.anyone.get("/health/ready").await.expect(200);
    }
}

#[actix_web::test]
async fn a_database_that_comes_later_than_the_server_is_found() {
    let database = postgres::database().await;
    let mut proxy = Proxy::to(&database).await;
    proxy.cut().await;
    let app = App::on(&database, &proxy.url(), impatient());
    later(app.checker.get("/v1/sources").await);
    later(write(&app.checker).await);
    proxy.mend().await;
    until("it works", BACK_WITHIN, async || works("/v1/sources", &app.checker).await.then_some(())).await;
}

#[actix_web::test]
async fn a_database_that_falls_silent_holds_nobody_up_for_long() {
    let database = postgres::database().await;
    let proxy = Proxy::to(&database).await;
    let app = App::on(&database, &proxy.url(), Limits { connect_ms: 300, ..impatient() });
    write(&app.checker).await.expect(201);
    proxy.hold_up(true);
    later(app.checker.get("/v1/sources").await);
    later(write(&app.checker).await);
    app.anyone.get("/health/live").await.expect(200);
    proxy.hold_up(false);
    until("it works again", BACK_WITHIN, async || works("/v1/sources", &app.checker).await.then_some(())).await;
}

#[actix_web::test]
async fn when_all_connections_are_busy_a_write_is_told_so_soon() {
    let app = App::with(Limits { pool_size: 1, ..impatient() }).await;
    write(&app.checker).await.expect(201);
    let lock = lock(&app, "sources", "SHARE").await;
    let client = app.checker.clone();
    let waiting = spawn(async move { write(&client).await });
    somebody_waits(&lock).await;

    let asked = Instant::now();
    later(write(&app.checker).await).problem(503, "busy");
    let waited = asked.elapsed();
    assert!(waited < BUSY_WITHIN, "{waited:?}");
    // Reads go another way.
    app.checker.get("/v1/sources").await.expect(200);
    lock.batch_execute("ROLLBACK").await.unwrap();
    waiting.await.unwrap().expect(201);
    write(&app.checker).await.expect(201);
}

fn bundle() -> Value {
    json!({
        "sources": [{"ref": "speaker", "kind": "person", "name": "Dmitry Peskov"}],
        "claims": [{"ref": "met", "text": "The meeting took place", "language": "en"}],
        "statements": [{"claim_id": "#met", "source_id": "#speaker", "stance": "confirms"}],
    })
}

#[actix_web::test]
async fn a_connection_that_breaks_amid_a_write_leaves_nothing_of_it() {
    let (app, mut proxy) = apart().await;
    // Sources and claims are written by the time it gets to statements.
    let lock = lock(&app, "statements", "SHARE").await;
    let client = app.checker.clone();
    let waiting = spawn(async move { client.post("/v1/bundles", &bundle()).await });
    somebody_waits(&lock).await;
    proxy.cut().await;
    later(waiting.await.unwrap()).problem(503, "Nothing was done");
    lock.batch_execute("ROLLBACK").await.unwrap();
    gone(&lock, "true").await;
    for table in ["sources", "claims", "statements"] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
    proxy.mend().await;
    app.checker.post("/v1/bundles", &bundle()).await.expect(201);
}

async fn write_once(client: &Client) -> Answer {
    let request = client.request(Method::POST, "/v1/sources").header("idempotency-key", "\"the-same\"");
    client.send(request.json(&source(json!({})))).await
}

#[actix_web::test]
async fn a_connection_that_breaks_at_the_commit_leaves_the_outcome_to_be_asked_for_again() {
    for (how, stored) in [(Break::Sending, 0), (Break::Answering, 1)] {
        let (app, proxy) = apart().await;
        proxy.break_at("COMMIT", how);
        let told = later(write_once(&app.checker).await);
        assert_ne!(told.body["detail"].as_str().map(|detail| detail.contains("Nothing was done")), Some(true));
        gone(&app.sql().await, "state <> 'idle'").await;
        assert_eq!(app.count("sources").await, stored);
        // Asked again by the same key it is done once, whatever became of the first.
        let made = write_once(&app.checker).await.expect(201);
        assert_eq!(made.header("idempotency-replayed").is_some(), stored == 1);
        assert_eq!(app.count("sources").await, 1);
    }
}

#[actix_web::test]
async fn a_lock_that_is_not_to_be_had_in_time_is_no_fault_of_the_server() {
    let app = limited(Limits { lock_ms: 100, ..impatient() }).await;
    let lock = lock(&app, "sources", "ACCESS EXCLUSIVE").await;
    later(write(&app.checker).await).problem(503, "Other writes");
    later(app.checker.get("/v1/sources").await).problem(503, "Other writes");
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert!(works("/v1/sources", &app.checker).await);
}

#[actix_web::test]
async fn a_statement_that_takes_too_long_is_stopped() {
    let app = limited(Limits { statement_ms: 200, ..impatient() }).await;
    let lock = lock(&app, "sources", "ACCESS EXCLUSIVE").await;
    later(write(&app.checker).await).problem(503, "too long");
    later(app.checker.get("/v1/sources").await).problem(503, "too long");
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert!(works("/v1/sources", &app.checker).await);
    assert_eq!(app.count("sources").await, 1);
}

/// Ends all of the server's connections.
async fn terminate(sql: &Sql) {
    let ended = "WITH those AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'onrecord') SELECT coalesce(array_agg(pid::text) FILTER (WHERE pg_terminate_backend(pid)), '{}') FROM those";
    let ended: Vec<String> = sql.query_one(ended, &[]).await.unwrap().get(0);
    // Those that were there: the log's order connects again at once.
    gone(sql, &format!("pid::text = ANY ('{{{}}}')", ended.join(","))).await;
}

#[actix_web::test]
async fn idle_connections_that_were_ended_are_not_noticed() {
    let app = App::start().await;
    let sql = app.sql().await;
    let path = format!("/v1/sources/{}", write(&app.checker).await.expect(201).id());
    for _ in 0..3 {
        // More than one connection, of both kinds.
        let at_once = futures_util::future::join_all((0..8).map(async |_| works(&path, &app.checker).await)).await;
        assert!(at_once.into_iter().all(|works| works));
        terminate(&sql).await;
        app.checker.get(&path).await.expect(200);
        write(&app.checker).await.expect(201);
        terminate(&sql).await;
        write(&app.checker).await.expect(201);
        app.anyone.get("/health/ready").await.expect(200);
    }
}

#[actix_web::test]
async fn a_database_that_takes_no_writes_can_be_read() {
    let app = App::start().await;
    let path = format!("/v1/sources/{}", write(&app.checker).await.expect(201).id());
    let sql = app.sql().await;
    let set = |value: &str| {
        let set = format!(
            "EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}', current_database())"
        );
        format!("SET default_transaction_read_only = off; DO $$ BEGIN {set}; END $$")
    };
    sql.batch_execute(&set("on")).await.unwrap();
    terminate(&sql).await;
    later(write(&app.checker).await).problem(503, "no writes");
    app.checker.get(&path).await.expect(200);
    sql.batch_execute(&set("off")).await.unwrap();
    terminate(&sql).await;
    write(&app.checker).await.expect(201);
}

#[actix_web::test]
async fn a_database_without_tables_is_not_ready() {
    let database = postgres::empty_database().await;
    let app = App::on(&database, &database, impatient());
    later(app.anyone.get("/health/ready").await).problem(503, "migrate");
    migrate(&postgres::addresses(&database), Some(&impatient())).await.unwrap();
    app.anyone.get("/health/ready").await.expect(200);
}
