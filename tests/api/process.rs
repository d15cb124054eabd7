//! The program as its operator sees it: first start, restart, orderly end and sudden death.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use onrecord::embedded;
use reqwest::Method;
use serde_json::json;
use tokio_postgres::Client as Sql;

use crate::support::{Client, Process, Program, SOON, Serving, postgres, runs, source, until};

/// A connection to the database beneath a running server.
async fn sql(program: &Program) -> Sql {
    postgres::connect(&embedded::running(&program.data_dir()).unwrap().unwrap()).await
}

/// Keeps writes to sources waiting until it is rolled back.
async fn lock_sources(program: &Program) -> Sql {
    let sql = sql(program).await;
    sql.batch_execute("BEGIN; LOCK TABLE sources IN SHARE MODE").await.unwrap();
    sql
}

async fn write_waits(sql: &Sql) {
    until("a write waits for the lock", SOON, async || {
        let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'sources'::regclass";
        sql.query_opt(waiting, &[]).await.unwrap().map(drop)
    })
    .await;
}

#[actix_web::test]
async fn a_first_start_prints_its_address_and_a_key_and_later_ones_no_key() {
    let program = Program::new();
    let first = program.serve(&[]).await;
    assert!(first.process.out().contains(&format!("Swagger UI is at {}/docs/\n", first.url)));
    let key = first.first_key().await;
    let made = first.with_key(&key).post("/v1/sources", &source(json!({}))).await.expect(201);
    let ended = first.stop().await;
    assert_eq!(ended.out.matches(&key).count(), 1);
    assert!(!ended.err.contains(&key), "{}", ended.err);

    let second = program.serve(&[]).await;
    let kept = second.with_key(&key).get(&format!("/v1/sources/{}", made.id())).await.expect(200);
    assert_eq!(kept.body, made.body);
    let ended = second.stop().await;
    assert!(!ended.out.contains("onr_") && !ended.err.contains("onr_"), "{ended:?}");
}

#[actix_web::test]
async fn the_demo_story_is_loaded_once() {
    let program = Program::new();
    let first = program.serve(&["--demo"]).await;
    let (claims, sources) = (first.anyone().get("/v1/claims").await, first.anyone().get("/v1/sources").await);
    assert!(!claims.ids().is_empty() && !sources.ids().is_empty());
    // It need not have stayed the only newsroom.
    program.run(&["newsrooms", "create", "Another"]).await.done();
    first.stop().await;

    let second = program.serve(&["--demo"]).await;
    assert_eq!(second.anyone().get("/v1/claims").await.ids(), claims.ids());
    assert_eq!(second.anyone().get("/v1/sources").await.ids(), sources.ids());
    second.stop().await;
}

#[actix_web::test]
async fn the_demo_story_stays_out_of_other_records() {
    let program = Program::new();
    let first = program.serve(&[]).await;
    let key = first.first_key().await;
    let made = first.with_key(&key).post("/v1/sources", &source(json!({}))).await.expect(201);
    first.stop().await;

    let second = program.serve(&["--demo"]).await;
    assert_eq!(second.with_key(&key).get("/v1/sources").await.ids(), [made.id()]);
    assert!(second.with_key(&key).get("/v1/claims").await.ids().is_empty());
    second.stop().await;
}

#[actix_web::test]
async fn sigterm_lets_a_request_finish_and_ends_postgresql() {
    let program = Program::new();
    let mut serving = program.serve(&[]).await;
    let (key, postmaster) = (serving.first_key().await, program.postmaster().unwrap());
    let (client, lock) = (serving.with_key(&key), lock_sources(&program).await);
    let request = actix_web::rt::spawn(async move { client.post("/v1/sources", &source(json!({}))).await });
    write_waits(&lock).await;

    serving.process.signal(Signal::SIGTERM);
    let address = serving.listen().to_owned();
    until("nothing new is taken", SOON, async || TcpStream::connect(&address).is_err().then_some(())).await;
    assert!(serving.process.runs() && !request.is_finished());
    lock.batch_execute("ROLLBACK").await.unwrap();
    let made = request.await.unwrap().expect(201);
    let ended = serving.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(!runs(postmaster));

    let again = program.serve(&[]).await;
    again.with_key(&key).get(&format!("/v1/sources/{}", made.id())).await.expect(200);
    again.stop().await;
}

#[actix_web::test]
async fn a_request_that_does_not_end_is_cut_off_when_ctrl_c_is_pressed() {
    let program = Program::new();
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0", "--drain-seconds", "1"]);
    command.process_group(0);
    let serving = Serving::start(command).await;
    let (client, postmaster) = (serving.admin().await, program.postmaster().unwrap());
    let lock = lock_sources(&program).await;
    let request = client.request(Method::POST, "/v1/sources").json(&source(json!({})));
    let answered = actix_web::rt::spawn(async move { request.send().await.map(|answer| answer.status().as_u16()) });
    write_waits(&lock).await;

    // A terminal sends it to the whole group, which PostgreSQL must not be in.
    kill(Pid::from_raw(-serving.process.id().cast_signed()), Signal::SIGINT).unwrap();
    let ended = serving.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(!runs(postmaster));
    assert!(answered.await.unwrap().is_err_and(|error| !error.is_connect()));
}

/// Records sources until there is no answer; those that were acknowledged.
async fn write_until_gone(client: Client, writer: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let body = source(json!({"name": format!("Writer {writer}, source {number}")}));
        let Ok(answer) = client.request(Method::POST, "/v1/sources").json(&body).send().await else { break };
        let status = answer.status().as_u16();
        let Ok(made) = answer.json::<serde_json::Value>().await else { break };
        assert_eq!(status, 201, "{made}");
        acknowledged.push(made["id"].as_str().unwrap().to_owned());
    }
    acknowledged
}

fn some_moment() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Duration::from_millis(100 + u64::from(now.subsec_micros() % 400))
}

#[actix_web::test]
async fn whatever_was_acknowledged_survives_a_kill() {
    let program = Program::new();
    let mut serving = program.serve(&[]).await;
    let key = serving.first_key().await;
    let mut acknowledged = Vec::new();
    for _ in 0..4 {
        let postmaster = program.postmaster().unwrap();
        let writers = (0..4).map(|writer| actix_web::rt::spawn(write_until_gone(serving.with_key(&key), writer)));
        let writers: Vec<_> = writers.collect();
        let sql = sql(&program).await;
        let before = i64::try_from(acknowledged.len()).unwrap();
        until("writes get through", SOON, async || {
            let written: i64 = sql.query_one("SELECT count(*) FROM sources", &[]).await.unwrap().get(0);
            (written > before).then_some(())
        })
        .await;
        tokio::time::sleep(some_moment()).await;
        serving.kill().await;
        for written in join_all(writers).await {
            acknowledged.extend(written.unwrap());
        }
        serving = program.serve(&[]).await;
        assert!(!runs(postmaster), "the killed one's PostgreSQL outlived the next start");
    }
    assert!(acknowledged.len() > 4);
    let client = serving.with_key(&key);
    for id in &acknowledged {
        client.get(&format!("/v1/sources/{id}")).await.expect(200);
    }
    serving.stop().await;
}

#[actix_web::test]
async fn a_killed_postgresql_comes_back_beneath_the_running_server() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let client = serving.admin().await;
    let made = client.post("/v1/sources", &source(json!({}))).await.expect(201);
    let path = format!("/v1/sources/{}", made.id());
    let postmaster = program.postmaster().unwrap();
    kill(Pid::from_raw(postmaster.cast_signed()), Signal::SIGKILL).unwrap();

    until("it is noticed", SOON, async || (program.postmaster() != Some(postmaster)).then_some(())).await;
    until("reads and writes work again", SOON, async || {
        // Not so often that a slow recovery meets the limit for keys that cannot be looked up.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let (read, write) = (client.get(&path).await, client.post("/v1/sources", &source(json!({}))).await);
        for answer in [&read, &write] {
            assert!(answer.status < 300 || answer.status == 503, "{answer:?}");
        }
        (read.status == 200 && write.status == 201).then_some(())
    })
    .await;
    serving.stop().await;
}

/// The shell that stops a PostgreSQL whose OnRecord was killed.
fn watchdog(data_dir: &Path) -> Option<i32> {
    fs::read_dir("/proc").unwrap().flatten().find_map(|process| {
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line);
        let ours = line.contains("onrecord-watchdog") && line.contains(data_dir.to_str()?);
        ours.then(|| process.file_name().to_str()?.parse().ok())?
    })
}

#[actix_web::test]
async fn a_postgresql_that_nothing_has_stopped_is_stopped_by_the_next_start() {
    if !Path::new("/proc/self").exists() {
        return;
    }
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let (key, postmaster) = (serving.first_key().await, program.postmaster().unwrap());
    let watchdog = watchdog(&program.data_dir()).unwrap();
    kill(Pid::from_raw(watchdog), Signal::SIGKILL).unwrap();
    serving.kill().await;
    assert!(runs(postmaster));

    let again = program.serve(&[]).await;
    assert!(!runs(postmaster));
    again.with_key(&key).get("/v1/members").await.expect(200);
    again.stop().await;
}

#[actix_web::test]
async fn a_port_in_use_is_told_and_nothing_is_made() {
    let program = Program::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    program.run(&["serve", "--listen", &address]).await.refused(&format!("cannot listen on {address}"));
    assert!(!program.data_dir().exists());
}

#[actix_web::test]
async fn a_data_directory_in_use_is_told() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let second = program.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    second.refused("another OnRecord is using the data directory");
    serving.admin().await.get("/v1/members").await.expect(200);
    serving.stop().await;
}

#[actix_web::test]
async fn the_first_key_can_be_chosen() {
    let program = Program::new();
    let serve = |key: &str| {
        let mut command = program.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("ONRECORD_BOOTSTRAP_KEY", key);
        command
    };
    for unfit in ["onr_short", "a-long-key-that-begins-otherwise", "onr_with spaces and more than 22"] {
        let refused = Process::start(serve(unfit), "").ended().await;
        let refused = refused.refused("a key must be onr_ followed by at least 22 letters, digits, - or _");
        assert!(!refused.err.contains(unfit), "{}", refused.err);
    }
    let chosen = "onr_chosen-by-the-operator-1";
    let first = Serving::start(serve(chosen)).await;
    first.with_key(chosen).post("/v1/sources", &source(json!({}))).await.expect(201);
    first.stop().await;

    let another = "onr_chosen-by-the-operator-2";
    let second = Serving::start(serve(another)).await;
    second.with_key(chosen).get("/v1/members").await.expect(200);
    second.with_key(another).get("/v1/members").await.expect(401);
    second.stop().await;
}
