//! Webhooks when processes are killed: server, receiver and database.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{Manner, Program, Receiver, SOON, claim, postgres, until};
use crate::webhooks::hook;

/// Kills the PostgreSQL of a running server, which starts another; answers a connection to that.
async fn killed_and_up_again(program: &Program) -> tokio_postgres::Client {
    let killed = program.postmaster().unwrap();
    kill(Pid::from_raw(killed.cast_signed()), Signal::SIGKILL).unwrap();
    until("another PostgreSQL takes connections", SOON, async || {
        program.postmaster().filter(|pid| *pid != killed)?;
        let url = onrecord::embedded::running(&program.data_dir()).ok()??;
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(client)
    })
    .await
}

#[actix_web::test]
async fn nothing_is_lost_when_server_receiver_or_database_are_killed() {
    let program = Program::new();
    let receiver = Receiver::start();
    // The receiver is down at first.
    receiver.is(Manner::HangUp);
    let options = ["--webhook-networks", "127.0.0.1", "--webhook-http"];
    let first = program.serve(&options).await;
    let key = first.first_key().await;
    let admin = first.with_key(&key);
    admin.create("webhooks", hook(&receiver, json!({}))).await;
    let mut wanted = Vec::new();
    for number in 0..20 {
        let new = json!({"text": format!("Claim {number}"), "status": "published"});
        wanted.push(admin.id_of_new("claims", claim(new)).await);
    }
    until("it has tried", SOON, async || (!receiver.received().is_empty()).then_some(())).await;
    first.kill().await;

    // Killed again while it sends.
    receiver.is(Manner::Silence);
    let second = program.serve(&options).await;
    postgres::connect(&onrecord::embedded::running(&program.data_dir()).unwrap().unwrap())
        .await
        .batch_execute("UPDATE webhook_lanes SET due_at = now(), taken_until = NULL")
        .await
        .unwrap();
    let before = receiver.received().len();
    until("it is sending", SOON, async || (receiver.received().len() > before).then_some(())).await;
    second.process.signal(Signal::SIGKILL);
    second.process.ended().await;

    receiver.is(Manner::Status(200, ""));
    let third = program.serve(&options).await;
    let sql = killed_and_up_again(&program).await;
    until("all has arrived", SOON, async || {
        // Not to wait for half a minute, as another process would.
        sql.batch_execute("UPDATE webhook_lanes SET due_at = now(), taken_until = NULL WHERE due_at > now() OR taken_until < now() + interval '25 seconds'").await.unwrap();
        let accepted = receiver.accepted();
        let arrived = |id: &String| accepted.iter().any(|one| one.text.contains(id.as_str()));
        wanted.iter().all(arrived).then_some(())
    })
    .await;
    third.stop().await;
}
