//! Webhooks when something fails: receivers that are down, slow or hostile.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::TcpListener;

use crate::support::{App, Manner, Receiver, SOON, until};
use crate::webhooks::{hook, publish};

/// What is waiting is tried now.
async fn hurry(app: &App) {
    let now =
        "UPDATE webhook_lanes SET due_at = now(), taken_until = NULL WHERE taken_until IS NULL OR taken_until < now()";
    app.sql().await.batch_execute(now).await.unwrap();
}

/// Waits until a webhook's newest delivery is as told.
async fn newest(app: &App, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    until("the delivery is so", SOON, async || {
        let page = app.admin.get(&format!("{path}/deliveries?limit=1")).await.expect(200);
        page.items().first().filter(|one| is(one)).cloned()
    })
    .await
}

async fn made(app: &App, receiver: &Receiver) -> String {
    let made = app.admin.create("webhooks", hook(receiver, json!({}))).await;
    format!("/v1/webhooks/{}", made["id"].as_str().unwrap())
}

fn seconds_between(from: &Value, to: &Value) -> f64 {
    let time = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    (time(to) - time(from)).as_seconds_f64()
}

#[actix_web::test]
async fn a_failed_attempt_is_made_again_after_the_wait_that_is_its_turn() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let path = made(&app, &receiver).await;
    receiver.is(Manner::Status(500, ""));
    publish(&app.editor, json!({"text": "A"})).await;
    for (tried, wait) in [
        (1, 5.0),
        (2, 300.0),
        (3, 1800.0),
        (4, 7200.0),
        (5, 18_000.0),
        (6, 36_000.0),
        (7, 50_400.0),
        (8, 72_000.0),
        (9, 86_400.0),
    ] {
        let failed = newest(&app, &path, |one| one["attempts"] == tried).await;
        assert_eq!((&failed["status"], &failed["answer_status"]), (&json!("waiting"), &json!(500)));
        assert_eq!(failed["error"], "it answered 500");
        let waits = seconds_between(&failed["last_attempt_at"], &failed["next_attempt_at"]);
        assert!((wait * 0.89..=wait * 1.11).contains(&waits), "after {tried}: {waits}");
        hurry(&app).await;
    }
    // The tenth was the last.
    let failed = newest(&app, &path, |one| one["attempts"] == 10).await;
    assert_eq!((&failed["status"], &failed["next_attempt_at"]), (&json!("failed"), &Value::Null));
    let disabled = until("it is disabled", SOON, async || {
        let webhook = app.admin.get(&path).await.expect(200).body;
        (webhook["active"] == false).then_some(webhook)
    })
    .await;
    assert!(disabled["disabled_reason"].as_str().unwrap().contains("it answered 500"));
    let metrics = until("it is counted", SOON, async || {
        let metrics = app.anyone.get("/metrics").await.text;
        metrics.contains("onrecord_webhooks_disabled 1").then_some(metrics)
    });
    assert!(metrics.await.contains("onrecord_webhooks_failures_total 10"));

    // Meanwhile all waits; once it is active again, that is sent, and what was given up on demand.
    receiver.is(Manner::Status(204, ""));
    publish(&app.editor, json!({"text": "B"})).await;
    let active = app.admin.patch(&path, &json!({"active": true})).await.expect(200);
    assert_eq!((&active.body["disabled_at"], &active.body["disabled_reason"]), (&Value::Null, &Value::Null));
    assert_eq!(receiver.accepts(1).await[0].body()["data"]["claim"]["text"], "B");
    app.admin.act(&format!("/v1/webhook-deliveries/{}/resend", failed["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(receiver.accepts(2).await[1].body()["data"]["claim"]["text"], "A");
}

/// Whoever mends the address does not wait for what the old one was given.
#[actix_web::test]
async fn a_new_address_is_tried_at_once() {
    let app = App::start().await;
    let (gone, here) = (Receiver::start(), Receiver::start());
    let path = made(&app, &gone).await;
    gone.is(Manner::Status(500, ""));
    publish(&app.editor, json!({"text": "A"})).await;
    newest(&app, &path, |one| one["attempts"] == 1).await;
    hurry(&app).await;
    let failed = newest(&app, &path, |one| one["attempts"] == 2).await;
    assert!(seconds_between(&failed["last_attempt_at"], &failed["next_attempt_at"]) > 200.0, "{failed}");
    app.admin.patch(&path, &json!({"url": hook(&here, json!({}))["url"]})).await.expect(200);
    let sent = here.accepts(1).await.remove(0);
    assert_eq!(sent.header("webhook-id"), failed["event_id"]);
    assert_eq!(gone.received().len(), 2);
}

#[actix_web::test]
async fn one_that_is_refused_for_days_does_not_disable_a_webhook_that_takes_others() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let path = made(&app, &receiver).await;
    receiver.but("poison", Manner::Status(400, ""));
    publish(&app.editor, json!({"text": "poison"})).await;
    newest(&app, &path, |one| one["attempts"] == 1).await;
    publish(&app.editor, json!({"text": "B"})).await;
    receiver.accepts(1).await;
    app.sql().await.batch_execute("UPDATE webhook_deliveries SET attempts = 9 WHERE status = 'waiting'").await.unwrap();
    until("it is given up", SOON, async || {
        hurry(&app).await;
        let failed = app.admin.get(&format!("{path}/deliveries?status=failed")).await.expect(200);
        (!failed.items().is_empty()).then_some(())
    })
    .await;
    publish(&app.editor, json!({"text": "C"})).await;
    receiver.accepts(2).await;
    assert_eq!(app.admin.get(&path).await.expect(200).body["active"], true);
}

#[actix_web::test]
async fn a_receiver_that_is_gone_is_left_alone_and_one_that_asks_for_time_gets_it() {
    let app = App::start().await;
    let (gone, busy) = (Receiver::start(), Receiver::start());
    let (gone_path, busy_path) = (made(&app, &gone).await, made(&app, &busy).await);
    gone.is(Manner::Status(410, ""));
    busy.is(Manner::Status(429, "Retry-After: 600\r\n"));
    publish(&app.editor, json!({"text": "A"})).await;
    until("it is disabled", SOON, async || {
        let webhook = app.admin.get(&gone_path).await.expect(200).body;
        webhook["disabled_reason"].as_str().is_some_and(|why| why.contains("410")).then_some(())
    })
    .await;
    let waits = newest(&app, &busy_path, |one| one["answer_status"] == 429).await;
    let wait = seconds_between(&waits["last_attempt_at"], &waits["next_attempt_at"]);
    assert!((599.0..601.0).contains(&wait), "{wait}");
    assert_eq!(waits["attempts"], 0, "it was not refused");
    assert_eq!(gone.received().len(), 1);
    // What it has missed is sent once it is back.
    gone.is(Manner::Status(200, ""));
    app.admin.patch(&gone_path, &json!({"active": true})).await.expect(200);
    let sent = gone.accepts(1).await.remove(0);
    assert_eq!(sent.header("webhook-id"), gone.received()[0].header("webhook-id"));

    // Nothing else is sent there either, until an admin looks after it.
    let (quick, before) = (Receiver::start(), busy.received().len());
    made(&app, &quick).await;
    publish(&app.editor, json!({"text": "B"})).await;
    quick.accepts(1).await;
    busy.is(Manner::Status(200, ""));
    until("it is looked through", SOON, async || {
        let lanes = "SELECT count(*) FROM webhook_lanes WHERE due_at <= now()";
        (app.sql().await.query_one(lanes, &[]).await.unwrap().get::<_, i64>(0) == 1).then_some(())
    })
    .await;
    publish(&app.editor, json!({"text": "C"})).await;
    quick.accepts(2).await;
    assert_eq!(busy.received().len(), before);
    app.admin.act(&format!("{busy_path}/test")).await.expect(200);
    busy.accepts(3).await;
}

#[actix_web::test]
async fn one_that_answers_nothing_but_429_for_days_is_given_up() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let path = made(&app, &receiver).await;
    receiver.is(Manner::Status(429, ""));
    publish(&app.editor, json!({"text": "A"})).await;
    newest(&app, &path, |one| one["answer_status"] == 429).await;
    let long_ago = "UPDATE webhook_deliveries SET first_attempt_at = now() - interval '3 days'";
    app.sql().await.batch_execute(long_ago).await.unwrap();
    let given_up = async || {
        hurry(&app).await;
        let webhook = app.admin.get(&path).await.expect(200).body;
        (webhook["active"] == false).then_some(webhook)
    };
    let webhook = until("it is disabled", SOON, given_up).await;
    assert!(webhook["disabled_reason"].as_str().unwrap().contains("it answered 429"));
}

#[actix_web::test]
async fn a_request_that_hangs_holds_up_no_other() {
    let app = App::start().await;
    let receiver = Receiver::start();
    made(&app, &receiver).await;
    receiver.but("stuck", Manner::Silence);
    publish(&app.editor, json!({"text": "stuck"})).await;
    until("it hangs", SOON, async || (!receiver.received().is_empty()).then_some(())).await;
    let id = publish(&app.editor, json!({"text": "0"})).await;
    for number in 1..5 {
        receiver.accepts(number).await;
        app.editor.patch(&format!("/v1/claims/{id}"), &json!({"text": number.to_string()})).await.expect(200);
    }
    receiver.accepts(5).await;
    let tried = "SELECT max(attempts) FROM webhook_deliveries WHERE status = 'waiting'";
    assert_eq!(app.sql().await.query_one(tried, &[]).await.unwrap().get::<_, i32>(0), 0, "the first has not ended yet");
}

#[actix_web::test]
async fn chats_are_sent_one_message_at_a_time() {
    let app = App::start().await;
    let receiver = Receiver::start();
    receiver.is(Manner::Silence);
    app.admin.create("webhooks", hook(&receiver, json!({"format": "slack", "active": false}))).await;
    for text in ["A", "B", "C"] {
        publish(&app.editor, json!({"text": text})).await;
    }
    app.in_order().await;
    let path = format!("/v1/webhooks/{}", app.admin.get("/v1/webhooks").await.expect(200).ids()[0]);
    app.admin.patch(&path, &json!({"active": true})).await.expect(200);
    until("one is under way", SOON, async || (!receiver.received().is_empty()).then_some(())).await;
    until("three wait", SOON, async || (app.count("webhook_lanes").await == 3).then_some(())).await;
    // Whoever looks next finds another one due, and leaves it.
    let quick = Receiver::start();
    made(&app, &quick).await;
    publish(&app.editor, json!({"text": "D"})).await;
    quick.accepts(1).await;
    let taken = "SELECT count(*) FROM webhook_lanes l JOIN webhooks w ON w.id = l.webhook_id WHERE taken_until > now() AND format = 'slack'";
    assert_eq!(app.sql().await.query_one(taken, &[]).await.unwrap().get::<_, i64>(0), 1);
    assert_eq!(receiver.received().len(), 1);
}

#[actix_web::test]
async fn a_webhook_that_cannot_be_looked_after_holds_up_no_other() {
    let app = App::start().await;
    let receivers = [Receiver::start(), Receiver::start(), Receiver::start()];
    for receiver in &receivers {
        made(&app, receiver).await;
    }
    // Webhooks are looked after in the order of their ids: the second has others on both sides.
    let second = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.webhook_id = (SELECT id FROM webhooks ORDER BY id OFFSET 1 LIMIT 1) THEN RAISE 'no'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION refuse()";
    app.sql().await.batch_execute(second).await.unwrap();
    publish(&app.editor, json!({"text": "A"})).await;
    receivers[0].accepts(1).await;
    receivers[2].accepts(1).await;
    assert!(receivers[1].received().is_empty());
    app.sql().await.batch_execute("DROP TRIGGER refuse ON webhook_deliveries").await.unwrap();
    receivers[1].accepts(1).await;
}

#[actix_web::test]
async fn much_that_is_old_is_forgotten() {
    let app = App::start().await;
    let receiver = Receiver::start();
    made(&app, &receiver).await;
    let old = "INSERT INTO webhook_deliveries (id, webhook_id, lane, event, event_id, status, created_at)
        SELECT gen_random_uuid(), w.id, gen_random_uuid(), 'claim.published', 'evt', 'delivered', now() - interval '31 days'
        FROM webhooks w, generate_series(1, 12000)";
    app.sql().await.batch_execute(old).await.unwrap();
    // A process forgets as it starts, not in ten minutes only.
    let _other = App::start_on(&app.database);
    until("it is forgotten", SOON, async || (app.count("webhook_deliveries").await == 0).then_some(())).await;
}

#[actix_web::test]
async fn events_of_one_claim_stay_in_order_and_others_go_on() {
    let app = App::start().await;
    let receiver = Receiver::start();
    made(&app, &receiver).await;
    receiver.but("\"stuck\"", Manner::HangUp);
    let stuck = publish(&app.editor, json!({"text": "stuck"})).await;
    let free = publish(&app.editor, json!({"text": "free"})).await;
    for (id, text) in [(&stuck, "loose"), (&free, "freer"), (&stuck, "looser")] {
        app.editor.patch(&format!("/v1/claims/{id}"), &json!({"text": text})).await.expect(200);
    }
    let received = receiver.accepts(2).await;
    assert!(received.iter().all(|one| one.body()["data"]["record_id"] == free));
    app.in_order().await;
    receiver.but("\"stuck\"", Manner::Status(200, ""));
    let received = until("all arrives", SOON, async || {
        hurry(&app).await;
        let accepted = receiver.accepted();
        (accepted.len() >= 5).then_some(accepted)
    })
    .await;
    let mut positions: HashMap<String, Vec<i64>> = HashMap::new();
    for one in &received {
        let body = one.body();
        let of_claim = positions.entry(body["data"]["record_id"].as_str().unwrap().to_owned()).or_default();
        of_claim.push(body["data"]["position"].as_i64().unwrap());
    }
    assert_eq!((positions[&stuck].len(), positions[&free].len()), (3, 2));
    assert!(positions.values().all(|positions| positions.is_sorted()), "{positions:?}");
}

#[actix_web::test]
async fn a_silent_receiver_holds_up_nobody_else_and_an_endless_answer_is_cut() {
    let app = App::start().await;
    let (silent, endless, quick) = (Receiver::start(), Receiver::start(), Receiver::start());
    for receiver in [&silent, &endless, &quick] {
        made(&app, receiver).await;
    }
    silent.is(Manner::Silence);
    endless.is(Manner::Endless);
    for number in 0..80 {
        publish(&app.editor, json!({"text": format!("Claim {number}")})).await;
    }
    quick.accepts(80).await;
    until("the endless are cut", SOON, async || (endless.received().len() >= 80).then_some(())).await;
    assert!(silent.accepted().is_empty());
}

#[actix_web::test]
async fn what_was_answered_with_200_is_delivered_though_the_rest_of_the_answer_never_comes() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let path = made(&app, &receiver).await;
    receiver.is(Manner::Stalled);
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let tried = newest(&app, &path, |one| one["attempts"] == 1).await;
    assert_eq!((&tried["status"], &tried["answer_status"]), (&json!("delivered"), &json!(200)));
}

#[actix_web::test]
async fn nothing_is_sent_into_private_networks() {
    let app = App::start().await;
    // Another address of this machine, which is not allowed: whoever connects is seen.
    let sink = TcpListener::bind("127.0.0.2:0").unwrap();
    sink.set_nonblocking(true).unwrap();
    let port = sink.local_addr().unwrap().port();
    for host in [
        "127.0.0.2",
        "2130706434",
        "0x7f.2",
        "0177.0.0.2",
        "127.2",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
    ] {
        let new = json!({"name": "x", "url": format!("http://{host}:{port}/")});
        app.admin.post("/v1/webhooks", &new).await.points_at(&["/url"]);
    }
    // What is recorded all the same, as a name may change its address, is refused when it is sent to. And so is a redirect.
    let redirecting = Receiver::start();
    let path = made(&app, &redirecting).await;
    redirecting.is(Manner::Status(307, Box::leak(format!("Location: http://127.0.0.2:{port}/\r\n").into_boxed_str())));
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let failed = newest(&app, &path, |one| one["attempts"] == 1).await;
    assert_eq!(failed["answer_status"], 307);
    assert!(failed["error"].as_str().unwrap().contains("redirects"));
    app.sql().await.batch_execute(&format!("UPDATE webhooks SET url = 'http://127.0.0.2:{port}/'")).await.unwrap();
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let failed = newest(&app, &path, |one| one["attempts"] == 1).await;
    assert!(failed["error"].as_str().unwrap().contains("private network"), "{failed}");
    assert_eq!(failed["answer_status"], Value::Null);
    assert!(sink.accept().is_err(), "somebody has connected");
}

/// What was written earlier and committed later stands behind in the log; a replay from a moment between the two leaves out
/// nothing that happened since.
#[actix_web::test]
async fn a_replay_from_a_moment_begins_before_all_that_happened_since() {
    let app = App::start().await;
    let path = made(&app, &Receiver::start()).await;
    let mut sql = app.sql().await;
    let slow = sql.transaction().await.unwrap();
    let earlier = "INSERT INTO sources (id, newsroom_id, kind, name, name_folded)
         SELECT new_uuid_v7(), id, 'person', 'Written First', 'written first' FROM newsrooms ORDER BY id LIMIT 1";
    assert_eq!(slow.execute(earlier, &[]).await.unwrap(), 1);
    publish(&app.editor, json!({"text": "Committed first"})).await;
    slow.commit().await.unwrap();
    app.in_order().await;
    let feed = app.admin.get("/v1/changes").await.expect(200);
    let [.., claim, source] = feed.items() else { panic!("{}", feed.text) };
    assert_eq!((&claim["noun"], &source["noun"]), (&json!("claim"), &json!("source")));
    assert!(claim["at"].as_str() > source["at"].as_str(), "the two cross: {}", feed.text);
    let replayed = app.admin.post(&format!("{path}/replay"), &json!({"since": claim["at"]})).await.expect(200).body;
    assert_eq!(replayed["after"].as_i64(), claim["position"].as_i64().map(|position| position - 1));
}
