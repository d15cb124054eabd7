//! The transparency log: what outsiders can prove, and what `onrecord log verify` catches.

use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::Signal;
use onrecord::config::Limits;
use onrecord::db::{Db, Pool};
use onrecord::embedded::{self, Embedded};
use onrecord::log::{opened, verify};
use onrecord::migrations::migrate;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tlog_tiles::{Checkpoint, Hash, check_record, check_tree, record_hash};

use crate::support::{App, Client, Folder, Program, SOON, claim, postgres, source, until};

/// What verifying a database ends with.
pub async fn verified(database: &str, against: Option<&Checkpoint>) -> Result<(i64, u64), String> {
    let pool = Pool::new(database, &Limits { pool_size: 1, past_connections: 1, ..Limits::default() }).unwrap();
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL timezone = 'UTC'";
    let verified = Db::for_worker(pool).past(begin, async |conn| Ok(verify(against, conn).await)).await.unwrap();
    verified.map(|report| (report.changes, report.leaves)).map_err(|error| format!("{error:#}"))
}

async fn checkpoint(app: &App) -> Checkpoint {
    let (note, key) = futures_util::join!(app.anyone.get("/v1/log/checkpoint"), app.anyone.get("/v1/log/key"));
    Checkpoint::from_bytes(&opened(note.expect(200).text.as_bytes(), &key.expect(200).text).unwrap()).unwrap()
}

fn hash(text: &Value) -> Hash {
    Hash(BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap().try_into().unwrap())
}

fn path(proof: &Value) -> Vec<Hash> {
    proof["path"].as_array().unwrap().iter().map(hash).collect()
}

#[actix_web::test]
async fn outsiders_can_prove_that_a_verdict_is_in_the_log_and_nothing_was_rewritten() {
    let app = App::demo().await;
    let before = checkpoint(&app).await;
    let id = onrecord::demo::id_of("verdict-meeting").unwrap();
    let history = app.anyone.get(&format!("/v1/verdicts/{id}/history")).await.expect(200);
    let change = history.items()[0]["change_id"].as_i64().unwrap();
    let proof =
        app.anyone.get(&format!("/v1/log/inclusion/{change}?tree_size={}", before.size())).await.expect(200).body;
    // The leaf is in the signed tree.
    let leaf = proof["leaf"].as_str().unwrap();
    let index = proof["leaf_index"].as_u64().unwrap();
    assert_eq!(record_hash(leaf.as_bytes()).0, hash(&proof["leaf_hash"]).0);
    check_record(&path(&proof), before.size(), *before.hash(), index, record_hash(leaf.as_bytes())).unwrap();
    let forged = leaf.replace("\"version\":1", "\"version\":2");
    assert!(check_record(&path(&proof), before.size(), *before.hash(), index, record_hash(forged.as_bytes())).is_err());
    // The leaf's hashes are those of what the record says.
    let hashes: Value = serde_json::from_str(leaf).unwrap();
    let verdict = app.anyone.get(&format!("/v1/verdicts/{id}")).await.expect(200).body;
    for field in ["summary", "rating_id", "claim_id", "status"] {
        let (salt, text) =
            (proof["fields"][field]["salt"].as_str().unwrap(), proof["fields"][field]["text"].as_str().unwrap());
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), verdict[field]);
        let digest = Sha256::digest(format!("{salt} {field} {text}"));
        assert_eq!(BASE64_STANDARD.encode(digest), hashes["hashes"][field].as_str().unwrap(), "{field}");
    }
    // Later, the log goes on where it was.
    app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    app.in_order().await;
    let after = checkpoint(&app).await;
    assert_eq!(after.size(), before.size() + 1);
    let consistent = app
        .anyone
        .get(&format!("/v1/log/consistency?from={}&to={}", before.size(), after.size()))
        .await
        .expect(200)
        .body;
    check_tree(&path(&consistent), after.size(), *after.hash(), before.size(), *before.hash()).unwrap();
    assert!(check_tree(&path(&consistent), after.size(), *after.hash(), before.size(), Hash([0; 32])).is_err());
    // What is no leaf has no proof: a source, what is not sealed, what is not there.
    for query in
        ["consistency?from=0", "consistency?from=1000000", "consistency?to=1000000", "inclusion/60?tree_size=1"]
    {
        app.anyone.get(&format!("/v1/log/{query}")).await.expect(400);
    }
    for path in ["inclusion/0", "inclusion/nothing", "inclusion/4", "inclusion/99999999999999999999"] {
        app.anyone.get(&format!("/v1/log/{path}")).await.expect(404);
    }
}

/// SQL that tampers as only a superuser can, and what must be said of it.
#[rustfmt::skip]
const TAMPERED: &[(&str, &str, &str)] = &[
    ("a value in the log is edited", "UPDATE change_values SET after = jsonb_set(after, '{name}', '\"Forged\"') WHERE change_id = (SELECT min(id) FROM changes WHERE noun = 'source')", "values were edited"),
    ("a value and its hash are edited", "UPDATE changes SET hashes = jsonb_set(hashes, '{name}', '\"x\"') WHERE id = (SELECT min(id) FROM changes WHERE noun = 'source')", "is not what was sealed there"),
    ("who did it is edited", "UPDATE changes SET member_id = gen_random_uuid() WHERE id = (SELECT min(id) FROM changes WHERE noun = 'verdict')", "is not what was sealed there"),
    ("a time is edited", "UPDATE changes SET at = at - interval '1 day' WHERE id = (SELECT min(id) FROM changes WHERE noun = 'claim')", "is not what was sealed there"),
    ("a change is removed", "DELETE FROM changes WHERE id = (SELECT min(id) FROM changes WHERE noun = 'statement')", "was removed"),
    ("values are removed", "DELETE FROM change_values WHERE change_id = (SELECT min(id) FROM changes WHERE noun = 'statement')", "values were removed"),
    ("a place is removed", "DELETE FROM change_positions WHERE position = 20", "position 20 is missing"),
    ("a change is inserted", "INSERT INTO changes (noun, record_id, operation, version, public, was_public, at, changed, hashes) SELECT noun, record_id, operation, version, public, was_public, at, changed, hashes FROM changes WHERE noun = 'claim' LIMIT 1", "inserted beside the order"),
    ("two changes are exchanged", "UPDATE change_positions SET change_id = CASE position WHEN 30 THEN -31 ELSE -30 END WHERE position IN (30, 31); UPDATE change_positions SET change_id = -change_id WHERE change_id < 0", "is not what was sealed there"),
    ("a node is edited", "UPDATE log_nodes SET hash = sha256('x') WHERE place = 7", "node 7 of the tree was edited"),
    ("a node is removed", "DELETE FROM log_nodes WHERE place = 8", "node 8 of the tree was edited or removed"),
    ("a record is edited", "UPDATE verdicts SET summary = 'Rewritten' WHERE id = (SELECT id FROM verdicts ORDER BY id LIMIT 1)", "the record was edited without the log"),
    ("a column that came later is filled", "ALTER TABLE verdicts ADD later text; UPDATE verdicts SET later = 'Forged'", "the record was edited without the log"),
    ("a record is removed", "DELETE FROM evidence; DELETE FROM verdicts WHERE id = (SELECT id FROM verdicts ORDER BY id LIMIT 1)", "without the log"),
    ("a record is inserted", "INSERT INTO sources (id, newsroom_id, kind, name, name_folded) SELECT gen_random_uuid(), newsroom_id, 'person', 'Forged', 'forged' FROM sources LIMIT 1", "the record was inserted without the log"),
    ("a list is edited", "DELETE FROM evidence", "the record was edited without the log"),
    ("a change is put in before others", "INSERT INTO changes (id, noun, record_id, newsroom_id, operation, version, public, was_public, at, changed, hashes) OVERRIDING SYSTEM VALUE SELECT -5, noun, record_id, newsroom_id, operation, version, public, was_public, '2024-01-01', changed, hashes FROM changes WHERE noun = 'claim' ORDER BY id LIMIT 1; INSERT INTO change_values SELECT -5, after, before, salts, redacted FROM change_values WHERE change_id = (SELECT min(id) FROM changes WHERE noun = 'claim' AND id > 0); INSERT INTO changes_unsequenced VALUES (-5)", "put in before changes that were there already"),
    ("a verdict is hidden", "UPDATE verdicts SET public = false WHERE status = 'published'", "who sees the record was edited without the log"),
    ("sources are shown and hidden", "UPDATE sources SET public = NOT public", "who sees the record was edited without the log"),
    ("whose change it is is edited", "UPDATE change_positions SET newsroom_id = gen_random_uuid() WHERE position = 30", "what it says of change"),
    ("what was there before is removed", "UPDATE change_values SET before = '{}' WHERE before ? 'place'", "was there before was removed"),
    ("what was there before is edited", "UPDATE change_values SET before = '{\"place\": \"Rome\"}' WHERE before ? 'place'", "was there before was edited"),
    ("a key is exchanged", "UPDATE api_keys SET key_hash = sha256(key_hash)", "the record was edited without the log"),
    ("a value is blanked", "UPDATE change_values SET after = jsonb_set(after, '{name}', 'null'), salts = salts - 'name', redacted = '{name}' WHERE change_id = (SELECT min(id) FROM changes WHERE noun = 'source')", "blanked without a redaction"),
];

#[actix_web::test]
async fn verifying_names_the_first_row_that_was_tampered_with() {
    for (what, tampering, said) in TAMPERED {
        let app = App::demo().await;
        let talks = onrecord::demo::id_of("talks").unwrap();
        app.editor.patch(&format!("/v1/claims/{talks}"), &json!({"place": "Istanbul, Turkey"})).await.expect(200);
        app.in_order().await;
        verified(&app.database, None).await.unwrap();
        let sql = app.sql().await;
        // As a superuser who leaves no trace: triggers and foreign keys do not look.
        sql.batch_execute(&format!("SET session_replication_role = replica; {tampering}")).await.unwrap();
        let found = verified(&app.database, None).await.expect_err(what);
        assert!(found.contains(said), "{what}: {found}");
    }
}

#[actix_web::test]
async fn a_log_cut_off_at_its_end_or_rewritten_differs_from_a_checkpoint_that_was_kept() {
    let app = App::demo().await;
    for _ in 0..3 {
        app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    }
    app.in_order().await;
    let kept = checkpoint(&app).await;
    let (changes, leaves) = verified(&app.database, Some(&kept)).await.unwrap();
    assert_eq!(leaves, kept.size());
    let sql = app.sql().await;
    let cut = "SET session_replication_role = replica;
        CREATE TEMP TABLE gone AS SELECT change_id, position FROM change_positions ORDER BY position DESC LIMIT 3;
        CREATE TEMP TABLE gone_records AS SELECT DISTINCT record_id FROM changes JOIN gone ON change_id = id;
        DELETE FROM claims WHERE id IN (SELECT record_id FROM gone_records);
        DELETE FROM change_positions WHERE position IN (SELECT position FROM gone);
        DELETE FROM change_values WHERE change_id IN (SELECT change_id FROM gone);
        DELETE FROM changes WHERE id IN (SELECT change_id FROM gone)";
    sql.batch_execute(cut).await.unwrap();
    // The nodes that are left over tell; without them nothing here does, but the checkpoint.
    assert!(verified(&app.database, None).await.unwrap_err().contains("its leaves were removed"));
    let tidy = "DELETE FROM log_nodes WHERE place >= (SELECT 2 * (max(leaf) + 1) - length(replace(((max(leaf) + 1)::bit(32))::text, '0', '')) FROM change_positions)";
    sql.batch_execute(tidy).await.unwrap();
    let (left, _) = verified(&app.database, None).await.unwrap();
    assert!(left < changes);
    assert!(verified(&app.database, Some(&kept)).await.unwrap_err().contains("its end was removed"));
}

#[actix_web::test]
async fn what_is_not_sealed_yet_is_reported_as_not_protected_yet() {
    let database = postgres::database().await;
    let sql = postgres::connect(&database).await;
    sql.batch_execute("UPDATE newsrooms SET name = name || '!'").await.unwrap();
    let pool = Pool::new(&database, &Limits { pool_size: 1, past_connections: 1, ..Limits::default() }).unwrap();
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL timezone = 'UTC'";
    let report = Db::for_worker(pool).past(begin, async |conn| Ok(verify(None, conn).await)).await.unwrap().unwrap();
    assert_eq!(report.unsealed, 2);
    postgres::drop_database(&database).await;
}

#[actix_web::test]
async fn erased_values_are_gone_everywhere_and_the_proofs_hold() {
    let app = App::demo().await;
    let id = app
        .editor
        .id_of_new("sources", source(json!({"name": "Private Person", "description": "Lives at 1 Secret Street"})))
        .await;
    let path = format!("/v1/sources/{id}");
    let redaction =
        json!({"noun": "source", "record_id": id, "fields": ["name", "description"], "reason": "Erasure requested"});
    // What the record still says is changed first.
    app.admin.post("/v1/redactions", &redaction).await.problem(409, "change or delete the record first");
    let then = app.editor.patch(&path, &json!({"country": "IT"})).await.expect(200).body["updated_at"]
        .as_str()
        .unwrap()
        .to_owned();
    app.editor.patch(&path, &json!({"name": "a private person", "description": null})).await.expect(200);
    for client in [&app.editor, &app.checker] {
        client.post("/v1/redactions", &redaction).await.expect(403);
    }
    app.other.post("/v1/redactions", &redaction).await.expect(403);
    let others = app.with_key(&postgres::key("other", "admin"));
    others.post("/v1/redactions", &redaction).await.points_at(&["/record_id"]);
    for fields in [json!(["kind"]), json!(["nothing"]), json!([])] {
        let mut wrong = redaction.clone();
        wrong["fields"] = fields;
        app.admin.post("/v1/redactions", &wrong).await.expect(422);
    }
    app.in_order().await;
    let kept = checkpoint(&app).await;
    app.admin.post("/v1/redactions", &redaction).await.expect(201);
    app.in_order().await;
    let history = app.admin.get(&format!("{path}/history")).await.expect(200);
    let past = app.admin.get(&format!("{path}?as_of={then}")).await.expect(200);
    let feed = app.admin.get("/v1/changes?limit=200&after=100").await.expect(200);
    for (what, text) in [("history", &history.text), ("past", &past.text), ("feed", &feed.text)] {
        assert!(!text.contains("Private Person") && !text.contains("Secret Street"), "{what}: {text}");
    }
    assert_eq!((&past.body["name"], &past.body["country"]), (&json!("[redacted]"), &json!("IT")));
    assert_eq!(history.items()[0]["operation"], "redact");
    assert_eq!(history.items()[0]["remark"], "Erasure requested");
    let everything = "SELECT string_agg(t::text, '') FROM (SELECT to_jsonb(v) AS t FROM change_values v UNION ALL SELECT to_jsonb(i) FROM idempotency_keys i UNION ALL SELECT to_jsonb(s) FROM sources s) AS all_rows";
    let everything: String = app.sql().await.query_one(everything, &[]).await.unwrap().get(0);
    assert!(!everything.contains("Private Person") && !everything.contains("Secret Street"));
    // The proofs hold, and so does everything else that is verified.
    verified(&app.database, Some(&kept)).await.unwrap();
    app.admin.post("/v1/redactions", &redaction).await.expect(409);
    // Pages of a history fit together over redactions as well.
    let page = app.admin.get(&format!("{path}/history?limit=1")).await.expect(200);
    let next = page.body["next_cursor"].as_str().unwrap();
    let page = app.admin.get(&format!("{path}/history?limit=1&cursor={next}")).await.expect(200);
    assert_eq!(page.items()[0], history.items()[1]);
    // One redaction is no leave to blank anything else.
    for description in ["Nobody in particular", "Nobody"] {
        app.admin.patch(&path, &json!({"description": description})).await.expect(200);
    }
    app.in_order().await;
    let sql = app.sql().await;
    let more = "SET session_replication_role = replica;
        UPDATE change_values SET after = jsonb_set(after, '{name}', 'null'), salts = salts - 'name', redacted = redacted || '{name}'::text[]
        WHERE change_id = (SELECT change_id FROM change_values WHERE after ->> 'description' = 'Nobody in particular')";
    sql.batch_execute(more).await.unwrap();
    let found = verified(&app.database, None).await.unwrap_err();
    assert!(found.contains("blanked without a redaction"), "{found}");
}

/// What cannot be changed any more can be erased all the same.
#[actix_web::test]
async fn what_is_published_for_good_can_be_erased() {
    let app = App::demo().await;
    let verdict = onrecord::demo::id_of("verdict-meeting").unwrap();
    let claim = onrecord::demo::id_of("talks").unwrap();
    app.admin.patch(&format!("/v1/claims/{claim}"), &json!({"text": "x"})).await.expect(409);
    let before = app.anyone.get(&format!("/v1/verdicts/{verdict}")).await.expect(200).body;
    let (summary, text) = (before["summary"].as_str().unwrap(), before["claim_reviewed"].as_str().unwrap());
    for (noun, id, fields) in
        [("verdict", verdict, json!(["summary", "claim_reviewed"])), ("claim", claim, json!(["text"]))]
    {
        let body = json!({"noun": noun, "record_id": id, "fields": fields, "reason": "Erasure requested", "now": true});
        app.admin.post("/v1/redactions", &body).await.expect(201);
        let mut list = body;
        list["fields"] = json!(["evidence"]);
        app.admin.post("/v1/redactions", &list).await.points_at(&["/fields/0"]);
    }
    let after = app.anyone.get(&format!("/v1/verdicts/{verdict}")).await.expect(200).body;
    assert_eq!((&after["summary"], &after["claim_reviewed"]), (&json!("[redacted]"), &json!("[redacted]")));
    assert_eq!((&after["rating_id"], &after["status"]), (&before["rating_id"], &json!("published")));
    for value in [summary, text] {
        let everywhere = "SELECT count(*) FROM (SELECT v::text AS t FROM change_values v UNION ALL SELECT v::text FROM verdicts v WHERE claim_id = $1::text::uuid
            UNION ALL SELECT c::text FROM claims c WHERE id = $1::text::uuid) AS all_rows WHERE position($2 IN t) > 0";
        let found: i64 = app.sql().await.query_one(everywhere, &[&claim.to_string(), &value]).await.unwrap().get(0);
        assert_eq!(found, 0, "{value}");
    }
    // Nothing gives way afterwards.
    app.admin.patch(&format!("/v1/verdicts/{verdict}"), &json!({"summary": "x"})).await.expect(409);
    app.in_order().await;
    verified(&app.database, None).await.unwrap();
}

/// The order, the proofs and the chain survive a dump and a restore into another cluster, where transaction numbers differ.
#[actix_web::test]
async fn a_restored_database_goes_on_where_the_dump_ended() {
    let app = App::demo().await;
    let kept = checkpoint(&app).await;
    let folder = Folder::new();
    let dump = folder.path().join("dump.sql");
    let binaries = Command::new("sh")
        .args(["-c", "ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1"])
        .output()
        .unwrap();
    let binaries = String::from_utf8(binaries.stdout).unwrap();
    let program =
        |name: &str| if binaries.trim().is_empty() { name.to_owned() } else { format!("{}/{name}", binaries.trim()) };
    let dumped = Command::new(program("pg_dump")).arg(&app.database).arg("-f").arg(&dump).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let cluster = Folder::new();
    let embedded = Embedded::start(cluster.path(), &[("fsync", "off")]).await.unwrap();
    let addresses = embedded::addresses(embedded.url(embedded::NAME));
    postgres::connect(&addresses.owner).await.batch_execute("CREATE ROLE onrecord_server LOGIN").await.unwrap();
    let restored = Command::new(program("psql"))
        .args(["-v", "ON_ERROR_STOP=1", "-q", "-f"])
        .arg(&dump)
        .arg(&addresses.owner)
        .output()
        .unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(migrate(&addresses, Some(&Limits::default())).await.unwrap(), 0);
    let (changes, _) = verified(&addresses.server, Some(&kept)).await.unwrap();
    // It goes on: new changes get the next places.
    let sql = postgres::connect(&addresses.owner).await;
    sql.batch_execute("UPDATE claims SET place = 'Rome' WHERE part_of_id IS NULL").await.unwrap();
    let pool = Pool::new(&addresses.server, &Limits::default()).unwrap();
    let db = Db::for_worker(pool);
    let placed = db.write_quietly(onrecord::changes::sequence).await.unwrap();
    assert!(placed > 0);
    let (more, _) = verified(&addresses.server, Some(&kept)).await.unwrap();
    assert_eq!(more, changes + i64::try_from(placed).unwrap());
    drop(db);
    embedded.stop().await.unwrap();
}

/// Records verdicts that are published at once, until the server does not answer any more.
async fn publish_until_killed(client: &Client, claim: &str) {
    let body = json!({"claim_id": claim, "rating_id": "01890000-0000-7000-8000-000000000105", "summary": "x",
        "reviewed_on": "2023", "status": "published"});
    loop {
        let Ok(made) = client.request(Method::POST, "/v1/verdicts").json(&body).send().await else { return };
        let Ok(made) = made.json::<Value>().await else { return };
        let correct = format!("/v1/verdicts/{}/correct", made["id"].as_str().unwrap_or_default());
        let correction = json!({"reason": "wording", "correction_note": "x", "changes": {"summary": "y"}});
        if client.request(Method::POST, &correct).json(&correction).send().await.is_err() {
            return;
        }
    }
}

#[actix_web::test]
async fn a_server_killed_amid_publications_leaves_none_without_its_row_in_the_log() {
    let program = Program::new();
    let mut serving = program.serve(&[]).await;
    let key = serving.first_key().await;
    let claim = serving.with_key(&key).id_of_new("claims", claim(json!({"status": "published"}))).await;
    for round in 0..6 {
        let client = serving.with_key(&key);
        let writing = futures_util::future::join_all((0..4).map(|_| publish_until_killed(&client, &claim)));
        let killing = async {
            tokio::time::sleep(Duration::from_millis(400 + 97 * round)).await;
            serving.process.signal(Signal::SIGKILL);
        };
        futures_util::join!(writing, killing);
        serving.process.ended().await;
        serving = program.serve(&[]).await;
    }
    until("the log is in order", SOON, async || {
        let verified = program.run(&["log", "verify"]).await.done();
        (!verified.contains("not sealed yet")).then_some(())
    })
    .await;
    let sql = postgres::connect(&embedded::running(&program.data_dir()).unwrap().unwrap()).await;
    let count = async |query: &str| sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0);
    assert!(count("SELECT count(*) FROM verdicts WHERE status = 'published'").await > 0);
    let unlogged = "SELECT count(*) FROM verdicts v WHERE status = 'published' AND NOT EXISTS (SELECT FROM changes c
        JOIN change_values ON change_id = c.id WHERE c.record_id = v.id AND c.version = v.version AND after ->> 'status' = 'published')";
    assert_eq!(count(unlogged).await, 0);
    serving.stop().await;
}

#[actix_web::test]
async fn the_program_verifies_beside_a_server_and_against_a_checkpoint() {
    let program = Program::new();
    let serving = program.serve(&["--demo"]).await;
    serving.first_key().await;
    let data_dir = program.data_dir();
    let sql = postgres::connect(&embedded::running(&data_dir).unwrap().unwrap()).await;
    let waiting =
        async || sql.query_one("SELECT count(*) FROM changes_unsequenced", &[]).await.unwrap().get::<_, i64>(0);
    until("the log is in order", SOON, async || (waiting().await == 0).then_some(())).await;
    let kept = data_dir.join("checkpoint");
    let text = |path: &str| reqwest::get(format!("{}{path}", serving.url));
    std::fs::write(&kept, text("/v1/log/checkpoint").await.unwrap().text().await.unwrap()).unwrap();
    let key = text("/v1/log/key").await.unwrap().text().await.unwrap();
    let kept = kept.to_str().unwrap();
    let verified = program.run(&["log", "verify", "--against", kept]).await.done();
    assert!(
        verified.contains("are as they were sealed") && verified.contains("All records are as the log last has them")
    );
    program.run(&["log", "verify", "--against", kept, "--key", key.trim()]).await.done();
    let other = "other+f36b0f1c+AXf9J8xCYjBOp1gAhi7DWmzmtjTsOdYEDZHbOTAQSdR3";
    program.run(&["log", "verify", "--against", kept, "--key", other]).await.refused("cannot be used");
    let tamper = "SET session_replication_role = replica; UPDATE verdicts SET summary = 'Rewritten' WHERE id = (SELECT min(id::text)::uuid FROM verdicts)";
    sql.batch_execute(tamper).await.unwrap();
    program.run(&["log", "verify"]).await.refused("the record was edited without the log");
    serving.stop().await;
}
