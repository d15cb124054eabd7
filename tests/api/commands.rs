//! The commands beside `serve`: they share the PostgreSQL of a running server, or run it for a moment themselves.

use std::fs;

use onrecord::embedded;
use serde_json::{Value, json};

use crate::support::{Program, postgres, runs, source};

const MEMBERS: &str = "/v1/members";

fn bundle() -> Value {
    json!({
        "sources": [{"ref": "speaker", "kind": "person", "name": "Dmitry Peskov"}],
        "claims": [{"ref": "met", "text": "The meeting took place", "language": "en"}],
        "statements": [{"claim_id": "#met", "source_id": "#speaker", "stance": "confirms"}],
    })
}

#[actix_web::test]
async fn keys_are_made_listed_and_revoked_beside_a_server() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    serving.first_key().await;
    let key = program.run(&["keys", "create", "--name", "Night desk"]).await.done().trim_end().to_owned();
    assert!(key.starts_with("onr_") && key.lines().count() == 1, "{key}");
    serving.with_key(&key).get(MEMBERS).await.expect(200);

    let listed = program.run(&["keys", "list"]).await.done();
    let line = listed.lines().find(|line| line.contains("Night desk")).unwrap();
    assert!(line.ends_with("valid") && line.contains(&key[..8]) && !listed.contains(&key), "{listed}");
    let id = line.split_whitespace().next().unwrap();
    program.run(&["keys", "revoke", id]).await.done();
    serving.with_key(&key).get(MEMBERS).await.expect(401);
    assert!(program.run(&["keys", "list"]).await.done().lines().any(|line| line.contains("revoked 2")));
    let unknown = "019f0000-0000-7000-8000-000000000000";
    program.run(&["keys", "revoke", unknown]).await.refused("There is no such key");
    program.run(&["keys", "create", "--member", unknown]).await.refused("there is no member");

    let narrow = ["keys", "create", "--name", "Form", "--scope", "record", "--expires-at", "2999-01-01T00:00:00Z"];
    let key = program.run(&narrow).await.done().trim_end().to_owned();
    serving.with_key(&key).get(MEMBERS).await.problem(403, "the scope read");
    let listed = program.run(&["keys", "list"]).await.done();
    assert!(listed.lines().any(|line| line.contains("Form") && line.contains("record  never used")), "{listed}");
    program.run(&["keys", "create", "--scope", "read", "--scope", "read"]).await.refused("a scope twice");
    program.run(&["keys", "create", "--expires-at", "2023-01-01T00:00:00Z"]).await.refused("in the future");
    // When they were used is written at the latest when the server ends.
    serving.stop().await;
    let listed = program.run(&["keys", "list"]).await.done();
    assert!(listed.lines().any(|line| line.contains("Form") && line.contains("record  used 2")), "{listed}");
}

#[actix_web::test]
async fn a_newsroom_is_made_beside_a_server() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    serving.first_key().await;
    let made: Value = program.run(&["newsrooms", "create", "Second", "--json"]).await.done().parse().unwrap();
    let member = made["member_id"].as_str().unwrap();
    let admin = serving.with_key(made["key"].as_str().unwrap());
    let members = admin.get(MEMBERS).await.expect(200);
    assert_eq!(members.ids(), [member]);
    assert_eq!(members.items()[0]["role"], "admin");
    let newsroom = format!("/v1/newsrooms/{}", made["newsroom_id"].as_str().unwrap());
    assert_eq!(admin.get(&newsroom).await.expect(200).body["name"], "Second");

    let said = program.run(&["newsrooms", "create", "Third"]).await.done();
    let key = said.trim_end().rsplit(' ').next().unwrap();
    serving.with_key(key).get(MEMBERS).await.expect(200);
    // Which newsroom is meant cannot be guessed any more.
    let refused =
        program.run(&["keys", "create"]).await.refused("there are several newsrooms: say with --member who acts");
    refused.refused("of Second (newsroom ").refused("of Third (newsroom ");
    let key = program.run(&["keys", "create", "--member", member]).await.done();
    assert_eq!(serving.with_key(key.trim_end()).get(MEMBERS).await.expect(200).ids(), [member]);
    program.run(&["newsrooms", "create", ""]).await.refused("/name");
    serving.stop().await;
}

#[actix_web::test]
async fn bundles_are_recorded_beside_a_server() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let admin = serving.admin().await;
    let file = program.file("bundle.json", &bundle().to_string());
    let said = program.run(&["import", &file]).await.done();
    assert!(said.contains("recorded 1 sources, 0 documents, 1 claims, 1 statements"), "{said}");
    let said = program.run_with(&["import", "-"], &bundle().to_string()).await.done();
    assert!(said.contains("recorded 0 sources") && said.contains("reused 1 sources"), "{said}");
    let claims = admin.get("/v1/claims").await;
    assert_eq!((claims.ids().len(), admin.get("/v1/statements").await.ids().len()), (2, 2));

    let mut bad = bundle();
    bad["statements"][0]["stance"] = json!("shrugs");
    bad["sources"][0]["name"] = json!("Somebody Else");
    let refused = program.run_with(&["import", "-"], &bad.to_string()).await;
    refused.refused("nothing of - was recorded").refused("/statements/0/stance: must be one of");
    program.run_with(&["import", "-"], "{").await.refused("nothing of - was recorded");
    program.run(&["import", "/nowhere/bundle.json"]).await.refused("nothing of /nowhere/bundle.json was recorded");
    // The second one is bad; the first is recorded all the same, and said to be.
    let bad = program.file("bad.json", &bad.to_string());
    let ended = program.run(&["import", &file, &bad]).await.refused("nothing of ");
    assert!(ended.out.contains("bundle.json: recorded"), "{ended:?}");
    assert_eq!(admin.get("/v1/claims").await.ids().len(), 3);
    assert_eq!(admin.get("/v1/sources").await.ids().len(), 1);
    serving.stop().await;
}

#[actix_web::test]
async fn health_is_that_of_the_server_and_migrate_finds_nothing_to_do() {
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let admin = serving.admin().await;
    let address = serving.listen().to_owned();
    program.run(&["health", "--listen", &address]).await.done();
    let said = program.run(&["migrate"]).await.done();
    assert!(said.starts_with("The database is at version 2"), "{said}");
    admin.post("/v1/sources", &source(json!({}))).await.expect(201);
    serving.stop().await;
    let stopped = program.run(&["health", "--listen", &address]).await;
    assert_eq!((stopped.status.code(), stopped.err.is_empty()), (Some(1), false));
}

#[actix_web::test]
async fn commands_beside_a_server_leave_its_limits_alone() {
    let program = Program::new();
    let serving = program.serve(&["--lock-ms", "1234"]).await;
    serving.first_key().await;
    program.run(&["keys", "list"]).await.done();
    program.run(&["newsrooms", "create", "Second"]).await.done();
    // A new connection, as the server makes them when one is lost.
    let addresses = embedded::addresses(embedded::running(&program.data_dir()).unwrap().unwrap());
    let sql = postgres::connect(&addresses.server).await;
    let timeout = sql.query_one("SHOW lock_timeout", &[]).await.unwrap().get::<_, String>(0);
    assert_eq!(timeout, "1234ms");
    serving.stop().await;
}

#[actix_web::test]
async fn without_a_server_commands_run_postgresql_for_a_moment() {
    let program = Program::new();
    let migrated = program.run(&["migrate"]).await;
    assert!(migrated.status.success() && migrated.err.contains("Making a new database in "), "{migrated:?}");
    program.run(&["keys", "create"]).await.refused("there is no newsroom yet: onrecord newsrooms create NAME");
    let made = program.run(&["newsrooms", "create", "First", "--json"]).await;
    assert!(!made.err.contains("Making a new database"), "{made:?}");
    let made: Value = made.done().parse().unwrap();
    program.run_with(&["import", "-"], &bundle().to_string()).await.done();
    program.run(&["migrate"]).await.done();
    assert!(!program.postmaster().is_some_and(runs));

    let serving = program.serve(&[]).await;
    let admin = serving.with_key(made["key"].as_str().unwrap());
    assert_eq!(admin.get("/v1/claims").await.expect(200).ids().len(), 1);
    assert!(!serving.stop().await.out.contains("onr_"));
}

/// Run in another folder than the server, they must not seem to have found an empty database.
#[actix_web::test]
async fn commands_that_need_records_make_no_database_for_themselves() {
    let program = Program::new();
    let file = program.file("bundle.json", &bundle().to_string());
    let id = "019f0000-0000-7000-8000-000000000000";
    let commands: [&[&str]; 6] = [
        &["keys", "create"],
        &["keys", "list"],
        &["keys", "revoke", id],
        &["import", &file],
        &["export", "-"],
        &["log", "verify"],
    ];
    for command in commands {
        let ended = program.run(command).await.refused("there is no database in ");
        ended.refused("name the server's with --data-dir or DATABASE_URL, or run this where the server runs");
        assert!(!program.data_dir().exists(), "{command:?}");
    }
    let made = program.run(&["newsrooms", "create", "First", "--json"]).await;
    assert!(made.err.contains("Making a new database in "), "{made:?}");
    assert!(made.done().parse::<Value>().unwrap()["key"].is_string());
    program.run(&["keys", "list"]).await.done();
}

#[actix_web::test]
async fn the_document_is_printed_as_it_is_committed() {
    let program = Program::new();
    let committed = |name: &str| fs::read_to_string(format!("{}/openapi/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let printed: Value = program.run(&["openapi"]).await.done().parse().unwrap();
    assert_eq!(printed, committed("openapi.json").parse::<Value>().unwrap());
    let table = program.run(&["openapi", "--operations"]).await.done();
    assert_eq!(table.trim_end(), committed("operations.txt").trim_end());
    assert!(!program.data_dir().exists());
}

#[actix_web::test]
async fn every_command_says_what_it_takes() {
    let program = Program::new();
    for (command, mentioned) in [
        ("", "serve migrate openapi import keys newsrooms health"),
        ("serve", "--demo --listen --public-url --bootstrap-key --pool-size DATABASE_URL ONRECORD_DATA_DIR"),
        ("migrate", "--database-url --data-dir"),
        ("openapi", "--operations"),
        ("import", "<FILES>... --member --data-dir"),
        ("keys", "create list revoke"),
        ("keys create", "--name --member --scope --expires-at --data-dir"),
        ("keys list", "--member"),
        ("keys revoke", "<ID> --member"),
        ("newsrooms", "create"),
        ("newsrooms create", "<NAME> --json"),
        ("health", "--listen"),
    ] {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let said = program.run(&arguments).await.done();
        for word in mentioned.split(' ') {
            assert!(said.contains(word), "{command} --help has no {word}:\n{said}");
        }
    }
    let wrong = program.run(&["serve", "--no-such"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.err.contains("--no-such"), "{wrong:?}");
}
