//! Starts that are not the usual ones: many at once, on many processors, and with commands in between.

use futures_util::future::join_all;
use onrecord::embedded;
use reqwest::Method;

use crate::support::{Client, Process, Program, SOON, Serving, postgres, until};

/// Each worker has connections of its own; together they must leave some.
#[actix_web::test]
async fn many_workers_do_not_take_all_of_postgresqls_connections() {
    let program = Program::new();
    let serving = program.serve(&["--workers", "40"]).await;
    // Each client keeps a connection, which one worker has.
    let clients: Vec<Client> = (0..160).map(|_| serving.anyone()).collect();
    for _ in 0..3 {
        let answers = clients.iter().map(|client| client.request(Method::GET, "/v1/claims").send());
        let statuses: Vec<u16> =
            join_all(answers).await.into_iter().map(|one| one.unwrap().status().as_u16()).collect();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }
    let sql = postgres::connect(&embedded::running(&program.data_dir()).unwrap().unwrap()).await;
    let taken = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onrecord'";
    let taken: i64 = sql.query_one(taken, &[]).await.unwrap().get(0);
    assert!((40..=66).contains(&taken), "{taken}");
    serving.stop().await;
}

/// Several processes on one database, started at the same moment.
async fn start_together(database: &str, arguments: &[&str]) -> Vec<Serving> {
    let program = Program::new();
    let arguments = [&["serve", "--listen", "127.0.0.1:0", "--database-url", database], arguments].concat();
    join_all((0..4).map(|_| Serving::start(program.command(&arguments)))).await
}

#[actix_web::test]
async fn of_servers_that_first_start_together_one_makes_what_all_need() {
    for arguments in [&["--demo"][..], &[]] {
        let database = postgres::empty_database().await;
        let servers = start_together(&database, arguments).await;
        let demo = !arguments.is_empty();
        for server in &servers {
            assert_eq!(server.anyone().get("/v1/newsrooms").await.ids().len(), 1);
            assert_eq!(!server.anyone().get("/v1/claims").await.ids().is_empty(), demo);
        }
        let mut told = 0;
        for server in servers {
            told += server.stop().await.out.matches("Your admin key").count();
        }
        assert_eq!(told, 1, "one key is told");
        postgres::drop_database(&database).await;
    }
}

#[actix_web::test]
async fn a_command_waits_for_a_server_that_is_only_just_starting() {
    let program = Program::new();
    let starting = Process::start(program.command(&["serve", "--listen", "127.0.0.1:0"]), "");
    until("it has the data directory", SOON, async || embedded::running(&program.data_dir()).ok().flatten()).await;
    assert!(program.postmaster().is_none(), "its PostgreSQL is not there yet");
    let said = program.run(&["migrate"]).await.done();
    assert!(said.starts_with("The database is at version"), "{said}");
    drop(starting);
}
