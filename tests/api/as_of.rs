//! The record as it stood.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Client, SOON, claim, source, statement, until};

/// A small generator of numbers that a failing test can be repeated with.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What each record said, by the time of the version.
type Model = BTreeMap<(String, String), Value>;

fn learn(model: &mut Model, answer: &Answer) {
    let (id, at) = (answer.id().to_owned(), answer.body["updated_at"].as_str().unwrap().to_owned());
    let mut body = answer.body.clone();
    // Told once, when a claim is recorded; no part of the record.
    body.as_object_mut().unwrap().remove("similar");
    model.insert((id, padded(&at)), body);
}

/// RFC 3339 times with six digits sort as texts.
fn padded(time: &str) -> String {
    let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

fn expected<'a>(model: &'a Model, id: &str, instant: &str) -> Option<&'a Value> {
    let versions = model.range((id.to_owned(), String::new())..=(id.to_owned(), instant.to_owned()));
    versions.map(|(_, body)| body).next_back()
}

#[actix_web::test]
async fn the_past_is_what_a_model_says_after_thousands_of_concurrent_edits() {
    let seed = u64::from(std::process::id()) * 2_654_435_761 + 1;
    let mut numbers = Numbers(seed);
    let app = App::start().await;
    let mut model = Model::new();
    let mut paths = Vec::new();
    for _ in 0..6 {
        for (noun, body) in [("claims", claim(json!({}))), ("sources", source(json!({})))] {
            let made = app.checker.post(&format!("/v1/{noun}"), &body).await.expect(201);
            paths.push(format!("/v1/{noun}/{}", made.id()));
            learn(&mut model, &made);
        }
    }
    let edits =
        (0..2500).map(|number| (number, paths[usize::try_from(numbers.below(12)).unwrap()].clone(), numbers.below(4)));
    let edits: Vec<_> = edits.collect();
    let (client, paths_read) = (&app.checker, &paths);
    let writing = futures_util::stream::iter(edits.into_iter().map(|(number, path, kind)| async move {
        let member = if path.contains("claims") { "context" } else { "description" };
        let body = if kind == 0 { json!({member: null}) } else { json!({member: format!("edit {number}")}) };
        client.send(client.request(Method::PATCH, &path).header("if-match", "*").json(&body)).await
    }));
    let writing = writing.buffer_unordered(12).filter_map(async |answer| (answer.status == 200).then_some(answer));
    // Meanwhile somebody looks back: what is answered to be kept must be what is true in the end.
    let reading = async {
        let mut kept = Vec::new();
        for round in 0..150_usize {
            let now =
                client.get(&paths_read[round % paths_read.len()]).await.body["updated_at"].as_str().unwrap().to_owned();
            let path = &paths_read[(round * 7) % paths_read.len()];
            let answer = client.get(&format!("{path}?as_of={now}")).await;
            if answer.status == 200 && answer.header("cache-control") != Some("no-store") {
                kept.push((path.clone(), now, answer.body));
            }
        }
        kept
    };
    let (answers, kept): (Vec<Answer>, _) = futures_util::join!(writing.collect(), reading);
    assert!(answers.len() > 2000, "only {} of the edits were made", answers.len());
    for answer in &answers {
        learn(&mut model, answer);
    }
    for (path, instant, body) in &kept {
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(
            Some(body),
            expected(&model, id, &padded(instant)),
            "{path} at {instant} was answered as settled, seed {seed}"
        );
    }
    let times: Vec<&String> = model.keys().map(|(_, at)| at).collect();
    let instants = (0..60).map(|_| times[usize::try_from(numbers.below(times.len() as u64)).unwrap()].clone());
    for instant in instants.collect::<Vec<_>>() {
        for path in &paths {
            let id = path.rsplit('/').next().unwrap();
            let answer = app.checker.get(&format!("{path}?as_of={instant}")).await;
            match expected(&model, id, &instant) {
                Some(body) => assert_eq!(&answer.expect(200).body, body, "{path} at {instant}, seed {seed}"),
                None => assert_eq!(answer.status, 404, "{path} at {instant}, seed {seed}"),
            }
        }
        let listed = app.checker.get(&format!("/v1/claims?as_of={instant}&limit=200")).await.expect(200);
        let ids = paths.iter().filter(|path| path.contains("claims")).map(|path| path.rsplit('/').next().unwrap());
        let mut then: Vec<&Value> = ids.filter_map(|id| expected(&model, id, &instant)).collect();
        then.sort_by_key(|body| std::cmp::Reverse(body["id"].as_str().unwrap()));
        assert_eq!(listed.items().iter().collect::<Vec<_>>(), then, "claims at {instant}, seed {seed}");
    }
}

async fn settled(client: &Client, path: &str) -> Answer {
    until("the instant is settled", SOON, async || {
        let answer = client.get(path).await.expect(200);
        (answer.header("cache-control") != Some("no-store")).then_some(answer)
    })
    .await
}

#[actix_web::test]
async fn an_instant_that_a_running_write_could_change_may_not_be_kept() {
    let app = App::start().await;
    let made = app.editor.create("claims", claim(json!({"status": "published", "place": "Rome"}))).await;
    let path = format!("/v1/claims/{}?as_of={}", made["id"].as_str().unwrap(), made["updated_at"].as_str().unwrap());
    let answer = settled(&app.anyone, &path).await;
    let etag = answer.header("etag").unwrap().to_owned();
    assert_eq!(
        answer.header("cache-control"),
        Some("private, no-cache"),
        "older instants are asked for again, by ETag"
    );
    let again = app.anyone.request(Method::GET, &path).header("if-none-match", &etag);
    assert_eq!(app.anyone.send(again).await.expect(304).header("etag"), Some(etag.as_str()));
    let version = app.anyone.request(Method::GET, &path).header("if-none-match", "\"1\"");
    app.anyone.send(version).await.expect(200);
    // A write that has its number and no version yet holds the horizon.
    let sql = app.sql().await;
    sql.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    let changed =
        app.editor.patch(&format!("/v1/claims/{}", made["id"].as_str().unwrap()), &json!({"place": "Milan"})).await;
    let later =
        format!("/v1/claims/{}?as_of={}", made["id"].as_str().unwrap(), changed.body["updated_at"].as_str().unwrap());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(app.anyone.get(&later).await.expect(200).header("cache-control"), Some("no-store"));
    sql.batch_execute("ROLLBACK").await.unwrap();
    settled(&app.anyone, &later).await;
    // So does one that has written already, on a server where nothing else happens.
    let id = made["id"].as_str().unwrap();
    let change = format!(
        "UPDATE claims SET place = 'Turin' WHERE id = '{id}'
         RETURNING to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    );
    sql.batch_execute("BEGIN").await.unwrap();
    let at: String = sql.query_one(&change, &[]).await.unwrap().get(0);
    let open = format!("/v1/claims/{id}?as_of={at}");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let unsettled = app.anyone.get(&open).await.expect(200);
    assert_eq!((unsettled.header("cache-control"), &unsettled.body["place"]), (Some("no-store"), &json!("Milan")));
    sql.batch_execute("COMMIT").await.unwrap();
    assert_eq!(settled(&app.anyone, &open).await.body["place"], "Turin");
}

#[actix_web::test]
async fn the_dossier_is_as_it_stood_under_todays_visibility() {
    let app = App::demo().await;
    let talks = onrecord::demo::id_of("talks").unwrap();
    let path = format!("/v1/claims/{talks}/dossier");
    let before = app.anyone.get(&path).await.expect(200).body;
    let said = onrecord::demo::id_of("peskov-confirms-meeting").unwrap();
    let sql = app.sql().await;
    let now = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    let then: String = sql.query_one(now, &[]).await.unwrap().get(0);
    let corrected = json!({"stance": "partly_confirms", "correction_note": "He confirmed a part of it"});
    app.editor.patch(&format!("/v1/statements/{said}"), &corrected).await.expect(200);
    assert_ne!(app.anyone.get(&path).await.expect(200).body["summary_line"], before["summary_line"]);
    assert_eq!(app.anyone.get(&format!("{path}?as_of={then}")).await.expect(200).body, before);
    // Withdrawn today, it is withdrawn in the past too, but for its newsroom.
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "He never said so"});
    app.editor.patch(&format!("/v1/statements/{said}"), &withdrawn).await.expect(200);
    app.anyone.get(&format!("/v1/statements/{said}?as_of={then}")).await.problem(410, "He never said so");
    let past = app.anyone.get(&format!("{path}?as_of={then}")).await.expect(200);
    assert!(
        past.text.contains("He never said so")
            && !past.body["summary_line"].as_str().unwrap().contains("Peskov confirms that the meeting")
    );
    assert_eq!(
        app.reader.get(&format!("/v1/statements/{said}?as_of={then}")).await.expect(200).body["status"],
        "published"
    );
    // Before there was anything, there was nothing.
    app.anyone.get(&format!("{path}?as_of=2020-01-01T00:00:00Z")).await.expect(404);
}

#[actix_web::test]
async fn what_was_deleted_is_its_newsrooms_own_past() {
    let app = App::start().await;
    let claim_id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let source_id = app.checker.id_of_new("sources", source(json!({}))).await;
    let said = app.editor.create("statements", statement(&claim_id, &source_id, json!({"status": "published"}))).await;
    let (id, then) = (said["id"].as_str().unwrap(), said["updated_at"].as_str().unwrap());
    app.editor.delete(&format!("/v1/statements/{id}")).await.expect(204);
    app.anyone.get(&format!("/v1/statements/{id}?as_of={then}")).await.expect(404);
    app.other.get(&format!("/v1/statements/{id}?as_of={then}")).await.expect(404);
    assert_eq!(app.reader.get(&format!("/v1/statements/{id}?as_of={then}")).await.expect(200).body, said);
    assert!(app.anyone.get(&format!("/v1/statements?as_of={then}")).await.expect(200).items().is_empty());
}

#[actix_web::test]
async fn instants_that_are_none_are_refused() {
    let app = App::start().await;
    for (query, parameter) in [
        ("as_of=yesterday", "as_of"),
        ("as_of=2999-01-01T00:00:00Z", "as_of"),
        ("as_of=0000-06-01T00:00:00Z", "as_of"),
        ("as_of=0001-01-01T00:00:00%2B02:00", "as_of"),
        ("as_of=2023-01-01T00:00:00Z&q=talks", "q"),
        ("as_of=", "as_of"),
    ] {
        let answer = app.anyone.get(&format!("/v1/claims?{query}")).await.expect(400);
        assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{}", answer.text);
    }
    // Offsets are instants too, with or without percent-encoding.
    for offset in ["%2B02:00", "+02:00", "-05:30"] {
        app.anyone.get(&format!("/v1/claims?as_of=2023-01-01T00:00:00{offset}")).await.expect(200);
    }
    app.anyone.get("/v1/newsrooms?as_of=2023-01-01T00:00:00Z").await.expect(400);
}

#[actix_web::test]
async fn pages_of_the_past_stay_in_the_past() {
    let app = App::start().await;
    let mut last = Value::Null;
    for _ in 0..5 {
        last = app.editor.create("claims", claim(json!({"status": "published"}))).await;
    }
    let then = last["updated_at"].as_str().unwrap();
    let page = app.anyone.get(&format!("/v1/claims?limit=2&as_of={then}")).await.expect(200);
    app.editor.create("claims", claim(json!({"status": "published"}))).await;
    let next = page.header("link").unwrap().split_once("/v1").unwrap().1.split_once('>').unwrap().0;
    assert!(next.contains("as_of"), "{next}");
    let second = app.anyone.get(&format!("/v1{next}")).await.expect(200);
    assert_eq!((page.items().len(), second.items().len()), (2, 2));
    assert!(second.ids().iter().all(|id| !page.ids().contains(id)));
}
