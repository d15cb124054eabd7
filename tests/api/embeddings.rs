//! What texts mean: with a service that fails as it is told, and with a real one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    App, Client, Embedder, Mood, Process, Program, SOON, claim, no_service, postgres, source, statement, until,
};

async fn publish(client: &Client, text: &str, language: &str) -> String {
    client.id_of_new("claims", claim(json!({"text": text, "language": language, "status": "published"}))).await
}

async fn ask(client: &Client, text: &str) -> Value {
    client.post("/v1/claims/match", &json!({"text": text})).await.expect(200).body
}

/// Waits until a text's best match is a claim by its meaning.
async fn finds(client: &Client, text: &str, id: &str) {
    until(&format!("{text:?} finds its claim"), SOON, async || {
        let found = ask(client, text).await;
        let best = &found["matches"][0];
        let meant = best["matched_by"].as_array()?.contains(&json!("meaning"));
        (best["claim"]["id"] == id && meant && found["degraded"] == false).then_some(())
    })
    .await;
}

/// Waits until a text finds nothing by its meaning.
async fn loses(client: &Client, text: &str) {
    until(&format!("{text:?} finds nothing"), SOON, async || {
        let found = ask(client, text).await;
        (found["matches"] == json!([]) && found["degraded"] == false).then_some(())
    })
    .await;
}

async fn nothing_waits(app: &App) {
    until("all is embedded", SOON, async || (app.count("embeddings_waiting").await == 0).then_some(())).await;
}

#[actix_web::test]
async fn what_is_written_is_found_by_its_meaning_and_what_goes_is_not() {
    let embedder = Embedder::start();
    let app = App::embedded_by(embedder.settings("one"), &postgres::database().await);
    let editor = &app.editor;
    let shark = publish(editor, "Uno squalo sull'autostrada", "it").await;
    let bridge = publish(editor, "Un ponte", "it").await;
    finds(&app.anyone, "A shark on the highway", &shark).await;
    finds(&app.anyone, "A bridge", &bridge).await;
    // A quote speaks for its claim, to those who may see it.
    let who = editor.id_of_new("sources", source(json!({}))).await;
    let quoted = json!({"quote": "L'uccello", "quote_language": "it", "quote_kind": "verbatim"});
    let said = editor.id_of_new("statements", statement(&bridge, &who, quoted)).await;
    finds(&app.reader, "A bird", &bridge).await;
    assert_eq!(ask(&app.anyone, "A bird").await["matches"], json!([]));
    let path = format!("/v1/statements/{said}");
    // Words that mean nothing to the index may mean all the difference.
    nothing_waits(&app).await;
    let sql = app.sql().await;
    let hash = async |id: &str| {
        let hash = format!("SELECT text_hash::text FROM embeddings WHERE record_id = '{id}' AND part = 'first'");
        sql.query_one(&hash, &[]).await.unwrap().get::<_, String>(0)
    };
    let draft = editor.id_of_new("claims", claim(json!({"text": "We do not comment", "language": "en"}))).await;
    nothing_waits(&app).await;
    let before = hash(&draft).await;
    editor.patch(&format!("/v1/claims/{draft}"), &json!({"text": "We do now comment"})).await.expect(200);
    until("it is embedded anew", SOON, async || (hash(&draft).await != before).then_some(())).await;
    editor.delete(&format!("/v1/claims/{draft}")).await.expect(204);
    editor.patch(&path, &json!({"status": "published"})).await.expect(200);
    finds(&app.anyone, "A bird", &bridge).await;
    editor.patch(&path, &json!({"status": "withdrawn", "withdrawn_reason": "Misheard."})).await.expect(200);
    loses(&app.anyone, "A bird").await;
    // A text that changes means something else.
    editor.patch(&format!("/v1/claims/{shark}"), &json!({"text": "Una guerra"})).await.expect(200);
    finds(&app.anyone, "The war", &shark).await;
    loses(&app.anyone, "A shark").await;
    nothing_waits(&app).await;
    assert_eq!(embedder.embedded("Un ponte"), 1, "what is only shown or withdrawn is not embedded again");
    editor.delete(&format!("/v1/claims/{shark}")).await.expect(204);
    loses(&app.anyone, "The war").await;
    until("its vector is forgotten", SOON, async || {
        app.anyone.get("/metrics").await.text.contains("onrecord_embeddings_vectors 1\n").then_some(())
    })
    .await;
}

/// What others have not published may lie nearer, and takes no place of what a reader may see.
#[actix_web::test]
async fn drafts_of_others_hide_nothing_that_is_found_by_its_meaning() {
    let embedder = Embedder::start();
    let app = App::embedded_by(embedder.settings("one"), &postgres::database().await);
    let public = publish(&app.editor, "Squalo, ministro, guerra, uccello e ponte", "it").await;
    let drafts = "INSERT INTO claims (id, newsroom_id, text, language)
        SELECT new_uuid_v7(), newsroom_id, 'Squalo, ministro, guerra e uccello', 'it' FROM claims, generate_series(1, 250)";
    app.sql().await.batch_execute(drafts).await.unwrap();
    nothing_waits(&app).await;
    finds(&app.anyone, "A shark, a minister, a war and a bird", &public).await;
}

#[actix_web::test]
async fn a_service_that_fails_is_waited_for_and_matching_says_so() {
    let embedder = Embedder::start();
    let app = App::embedded_by(embedder.settings("one"), &postgres::database().await);
    let id = publish(&app.editor, "Uno squalo", "it").await;
    finds(&app.anyone, "A shark", &id).await;
    for mood in [Mood::Down, Mood::Slow, Mood::Garbage, Mood::Short, Mood::Infinite] {
        embedder.is(mood);
        let found = ask(&app.anyone, "Uno squalo nuota").await;
        assert_eq!(
            (&found["degraded"], &found["matches"][0]["matched_by"]),
            (&json!(true), &json!(["words"])),
            "{mood:?}"
        );
        embedder.is(Mood::Well);
        finds(&app.anyone, "A shark", &id).await;
    }
    embedder.is(Mood::Down);
    let war = publish(&app.editor, "Una guerra", "it").await;
    until("a failure is counted", SOON, async || {
        let metrics = app.anyone.get("/metrics").await.text;
        metrics.lines().any(|line| line == "onrecord_embeddings_waiting 1").then_some(())
    })
    .await;
    embedder.is(Mood::Well);
    finds(&app.anyone, "The war", &war).await;
}

#[actix_web::test]
async fn a_text_that_the_service_refuses_keeps_no_other_back() {
    for mood in [Mood::Choosy, Mood::Fragile] {
        keeps_no_other_back(mood).await;
    }
}

async fn keeps_no_other_back(mood: Mood) {
    let embedder = Embedder::start();
    embedder.is(mood);
    let database = postgres::database().await;
    let app = App::embedded_by(embedder.settings("one"), &database);
    for n in 0..20 {
        publish(&app.editor, &format!("{} {n}", if n == 7 { "poison shark" } else { "ponte" }), "it").await;
    }
    let war = publish(&app.editor, "Una guerra", "it").await;
    finds(&app.anyone, "The war", &war).await;
    nothing_waits(&app).await;
    let refused = "SELECT count(*) FROM embeddings WHERE vector IS NULL";
    assert_eq!(app.sql().await.query_one(refused, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// The old model is asked for until all is embedded by the new one.
#[actix_web::test]
async fn a_new_model_takes_over_when_it_is_complete() {
    let embedder = Embedder::start();
    let database = postgres::database().await;
    let id = {
        let app = App::embedded_by(embedder.settings("one"), &database);
        let id = publish(&app.editor, "Uno squalo", "it").await;
        finds(&app.anyone, "A shark", &id).await;
        std::mem::forget(app);
        id
    };
    let app = App::embedded_by(embedder.settings("two"), &database);
    finds(&app.anyone, "A shark", &id).await;
    until("the new one is asked", SOON, async || {
        assert_eq!(ask(&app.anyone, "A shark").await["matches"][0]["claim"]["id"], id);
        (embedder.queried().last()? == "two").then_some(())
    })
    .await;
    assert_eq!(app.count("embedding_models").await, 1);
    assert_eq!(embedder.embedded("Uno squalo"), 2);
}

/// A topic's claim is found by its meaning also where more claims than are looked at lie nearer.
#[actix_web::test]
async fn a_topics_claims_are_found_among_many_that_lie_nearer() {
    let embedder = Embedder::start();
    let app = App::embedded_by(embedder.settings("one"), &postgres::database().await);
    let nearer = (0..250).map(|n| {
        claim(json!({"language": "it", "status": "published",
        "text": format!("Squalo, ministro, guerra, uccello e ponte {n}")}))
    });
    app.editor.post("/v1/bundles", &json!({"claims": nearer.collect::<Vec<_>>()})).await.expect(201);
    let on_topic = claim(json!({"text": "Squalo, ministro, guerra e uccello", "language": "it", "topics": ["sea"],
        "status": "published"}));
    let id = app.editor.id_of_new("claims", on_topic).await;
    nothing_waits(&app).await;
    let asked = json!({"text": "A shark, a minister, a war, a bird and a bridge", "topic": "sea"});
    until("it is found by its meaning", SOON, async || {
        let found = app.anyone.post("/v1/claims/match", &asked).await.expect(200).body;
        let best = &found["matches"][0];
        (best["claim"]["id"] == id && best["matched_by"] == json!(["meaning"])).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn two_processes_share_the_work() {
    let embedder = Embedder::start();
    let database = postgres::database().await;
    let app = App::start_on(&database);
    for n in 0..300 {
        publish(&app.editor, &format!("Ponte numero {n}."), "it").await;
    }
    let one = App::embedded_by(embedder.settings("one"), &database);
    let other = App::embedded_by(embedder.settings("one"), &database);
    nothing_waits(&one).await;
    for n in [0, 1, 150, 299] {
        assert_eq!(embedder.embedded(&format!("numero {n}.")), 1);
    }
    let id = publish(&one.editor, "Una guerra", "it").await;
    finds(&one.anyone, "The war", &id).await;
    finds(&other.anyone, "The war", &id).await;
    std::mem::forget((app, one));
}

/// The demo's Italian quotes are found by English questions, with a real model.
#[actix_web::test]
async fn english_questions_find_italian_quotes() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/script/embedder"));
    command.arg(port.to_string());
    let mut service = Process::start(command, "");
    until("the service answers", Duration::from_secs(300), async || {
        assert!(service.runs(), "it has ended: {}{}", service.out(), service.err());
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    })
    .await;
    let mut settings = no_service();
    // Other tests keep this machine busy.
    settings.query_ms = 10_000;
    settings.url = Some(format!("http://127.0.0.1:{port}/v1/embeddings"));
    let app = App::embedded_by(settings, &postgres::demo_database().await);
    // The State Department is quoted in Italian: "non commentiamo le discussioni diplomatiche private".
    let asked = "Did the State Department comment on the private diplomatic talks?";
    let found = until("all is embedded", SOON, async || {
        let found = ask(&app.anyone, asked).await;
        (found["degraded"] == false).then_some(found)
    })
    .await;
    let best = &found["matches"][0];
    assert_eq!((&best["claim"]["text"], &best["band"]), (&json!("The meeting took place"), &json!("same")), "{found}");
    assert!(best["matched_by"].as_array().unwrap().contains(&json!("meaning")), "{found}");
    // With no word in common.
    let cure = publish(&app.editor, "Questo farmaco guarisce il diabete in tre giorni", "it").await;
    publish(&app.editor, "Questo ponte è crollato tre giorni fa", "it").await;
    until("the newest are embedded", SOON, async || (app.count("embeddings_waiting").await == 0).then_some(())).await;
    until("the question finds it", SOON, async || {
        let best = ask(&app.anyone, "Does the medicine heal diabetics within days?").await["matches"][0].clone();
        (best["claim"]["id"] == cure && best["matched_by"] == json!(["meaning"]) && best["band"] != "weak")
            .then_some(())
    })
    .await;
}

/// Without the server's help, and again after the service failed.
#[actix_web::test]
async fn the_command_line_tells_and_embeds() {
    let embedder = Embedder::start();
    let program = Program::new();
    let serving = program.serve(&[]).await;
    let admin = serving.admin().await;
    for n in 0..40 {
        admin.create("claims", claim(json!({"text": format!("Ponte {n}"), "context": "Un uccello"}))).await;
    }
    let run = async |arguments: &[&str]| {
        let service = ["--embeddings-url", &embedder.url, "--embeddings-model", "one", "--embeddings-dimensions", "8"];
        program.run(&[&["embed"], arguments, &service].concat()).await
    };
    let status = async || -> Value { run(&["status", "--json"]).await.done().parse().unwrap() };
    let told = status().await;
    assert_eq!((&told["waiting"], &told["embedded"], &told["complete"]), (&json!(40), &json!(0), &json!(false)));
    embedder.is(Mood::Down);
    run(&["backfill"]).await.refused("The embedding service does not answer");
    embedder.is(Mood::Well);
    let done = run(&["backfill"]).await.done();
    assert!(done.contains("one: 80 passages embedded, 0 refused by the service; complete"), "{done}");
    let told = status().await;
    assert_eq!((&told["waiting"], &told["embedded"], &told["complete"]), (&json!(0), &json!(80), &json!(true)));
    assert_eq!(embedder.embedded("Ponte 7"), 1);
    program.run(&["embed", "status"]).await.refused("ONRECORD_EMBEDDINGS_URL");
    serving.stop().await;
}

/// What a killed process was at is done by the next one.
#[actix_web::test]
async fn nothing_is_lost_when_the_process_is_killed() {
    let embedder = Embedder::start();
    let database = postgres::database().await;
    let app = App::start_on(&database);
    let id = publish(&app.editor, "Uno squalo", "it").await;
    // As a process leaves it that has taken it and is no more.
    let taken = "UPDATE embeddings_waiting SET taken_until = now() + interval '2 seconds'";
    app.sql().await.batch_execute(taken).await.unwrap();
    let next = App::embedded_by(embedder.settings("one"), &database);
    finds(&next.anyone, "A shark", &id).await;
    assert_eq!(embedder.embedded("Uno squalo"), 1);
    std::mem::forget(app);
}
