//! Whose turn it is when files wait, and what becomes of one that does not go on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::imports::{finished, import, outcomes, review};
use crate::support::{App, Client, SOON, until};

/// Sends a file; answers its path.
async fn send(client: &Client, file: &Value) -> String {
    let request = client.request(Method::POST, "/v1/imports").json(file);
    client.send(request).await.expect(201).header("location").unwrap().to_owned()
}

/// Lets the database take no more than so many records at once in time.
async fn take_at_once(most: usize, app: &App) {
    let slow = format!(
        "CREATE SEQUENCE IF NOT EXISTS took_too_long;
         CREATE OR REPLACE FUNCTION take_too_long() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
             IF (SELECT count(*) FROM added) > {most} THEN
                 PERFORM nextval('took_too_long');
                 RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014';
             END IF;
             RETURN NULL;
         END $$;
         CREATE OR REPLACE TRIGGER take_too_long AFTER INSERT ON import_records REFERENCING NEW TABLE AS added
         FOR EACH STATEMENT EXECUTE FUNCTION take_too_long()"
    );
    app.sql().await.batch_execute(&slow).await.unwrap();
}

/// Waits until that took too long.
async fn tried(app: &App) {
    let sql = app.sql().await;
    // What a sequence has counted stays, whatever becomes of its transaction.
    let tried = async || sql.query_opt("SELECT FROM took_too_long WHERE is_called", &[]).await.unwrap().map(drop);
    until("it was tried", SOON, tried).await;
}

#[actix_web::test]
async fn a_large_import_keeps_its_own_newsroom_waiting_only() {
    let app = App::start().await;
    let sql = app.sql().await;
    // As another process would that records a batch of this newsroom's.
    let lock = "SELECT pg_advisory_lock(hashtextextended('imports\n' || $1, 0))";
    sql.execute(lock, &[&app.newsroom_id.to_string()]).await.unwrap();
    let (large, next) = (send(&app.editor, &review(1)).await, send(&app.editor, &review(2)).await);
    let others = import(&app.other, "application/json", "", review(3).to_string()).await;
    assert_eq!(others["created"], 1);
    assert_eq!(app.editor.get(&next).await.expect(200).body["status"], "waiting");
    // Whoever waits for the database says meanwhile that it is alive, and nobody else begins.
    sql.batch_execute("UPDATE imports SET taken_until = now() + interval '9 seconds' WHERE status = 'running'")
        .await
        .unwrap();
    until("it is kept from others", SOON, async || {
        let kept = "SELECT FROM imports WHERE status = 'running' AND tries = 1 AND taken_until > now() + interval '10 seconds'";
        sql.query_opt(kept, &[]).await.unwrap().map(drop)
    })
    .await;
    sql.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    for path in [large, next] {
        assert_eq!(finished(&app.editor, &path).await["created"], 1);
    }
}

#[actix_web::test]
async fn what_takes_too_long_is_recorded_in_parts() {
    let app = App::start().await;
    take_at_once(20, &app).await;
    let file = json!((0..100).map(review).collect::<Vec<_>>());
    let done = import(&app.editor, "application/json", "", file.to_string()).await;
    assert_eq!((&done["status"], &done["created"]), (&json!("done"), &json!(100)));
    assert_eq!(app.count("verdicts").await, 100);
}

#[actix_web::test]
async fn what_never_comes_further_fails() {
    let app = App::start().await;
    take_at_once(0, &app).await;
    let path = send(&app.editor, &review(1)).await;
    tried(&app).await;
    let tenth = "UPDATE imports SET tries = 10, taken_until = now() - interval '1 hour'";
    app.sql().await.batch_execute(tenth).await.unwrap();
    let failed = finished(&app.editor, &path).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["problem"].as_str().unwrap().contains("ten tries"), "{failed}");
    assert_eq!((app.count("claims").await, app.count("import_records").await), (0, 0));
}

/// A file that goes on later finds what one that came after it has recorded meanwhile.
#[actix_web::test]
async fn the_same_file_twice_changes_nothing_in_whatever_order() {
    let app = App::start().await;
    let sql = app.sql().await;
    take_at_once(0, &app).await;
    let first = send(&app.editor, &review(1)).await;
    tried(&app).await;
    sql.batch_execute("UPDATE imports SET status = 'failed', problem = 'held up'").await.unwrap();
    take_at_once(1000, &app).await;
    let second = import(&app.editor, "application/json", "", review(1).to_string()).await;
    assert_eq!(outcomes(&app.editor, &second).await, ["created"]);
    let go_on =
        "UPDATE imports SET status = 'waiting', problem = NULL, taken_until = NULL, tries = 0 WHERE status = 'failed'";
    sql.batch_execute(go_on).await.unwrap();
    let first = finished(&app.editor, &first).await;
    assert_eq!(outcomes(&app.editor, &first).await, ["unchanged"]);
}
