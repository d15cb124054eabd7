//! Webhooks: what is sent to whom, signed and in order, and their administration.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, Manner, Received, Receiver, SOON, claim, source, statement, until, verdict, with};

/// A rating of the scale that comes with OnRecord.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";
/// A webhook to a receiver.
pub fn hook(receiver: &Receiver, more: Value) -> Value {
    with(json!({"name": "Site", "url": receiver.url}), more)
}

/// Waits until nothing waits for a webhook any more.
async fn done(app: &App) {
    until("nothing waits", SOON, async || {
        let waiting = "SELECT (SELECT count(*) FROM webhook_lanes) + (SELECT count(*) FROM changes_unsequenced)
            + (SELECT count(*) FROM webhooks JOIN webhook_cursors ON webhook_id = id WHERE active AND position < (SELECT max(position) FROM change_positions))";
        (app.sql().await.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

/// A published claim's id.
pub async fn publish(client: &Client, more: Value) -> String {
    client.id_of_new("claims", claim(with(json!({"status": "published"}), more))).await
}

pub async fn judge(client: &Client, id: &str, more: Value) -> Value {
    let body = with(
        json!({"summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024-03", "language": "en", "title": "It is so", "status": "published"}),
        more,
    );
    client.create("verdicts", verdict(id, body)).await
}

#[actix_web::test]
async fn what_is_published_arrives_signed() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let made = app.admin.post("/v1/webhooks", &hook(&receiver, json!({}))).await.expect(201);
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/webhooks/{}", made.id());
    assert_eq!(app.admin.get(&path).await.expect(200).body["secret"], Value::Null);
    assert_eq!(made.header("location"), Some(path.as_str()));

    let id = publish(&app.editor, json!({"text": "Ice is warm", "topics": ["ice"]})).await;
    let judged = judge(&app.admin, &id, json!({})).await;
    let received = receiver.accepts(2).await;
    assert_eq!(received.iter().map(Received::kind).collect::<Vec<_>>(), ["claim.published", "verdict.published"]);
    for one in &received {
        assert!(one.is_signed_by(&secret));
        assert!(!one.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        let body = one.body();
        assert_eq!(one.header("webhook-id"), body["data"]["event_id"]);
        assert_eq!(one.header("content-type"), "application/json");
        assert_eq!(
            body["data"]["claim"],
            json!({"id": id, "text": "Ice is warm", "language": "en", "topics": ["ice"]})
        );
        assert_eq!(body["data"]["newsroom_id"], app.newsroom_id.to_string());
        assert_eq!(one.path, "/hook");
    }
    let told = received[1].body();
    assert_eq!(told["timestamp"], judged["updated_at"]);
    assert_eq!(told["data"]["rating"], "True");
    assert_eq!(told["data"]["record"]["title"], "It is so");
    assert_eq!(told["data"]["links"]["record"], format!("{}/v1/verdicts/{}", app.url, judged["id"].as_str().unwrap()));

    let log = app.admin.get(&format!("{path}/deliveries")).await.expect(200);
    assert_eq!(log.items()[0]["event_id"], told["data"]["event_id"], "the newest first");
    done(&app).await;
    let walked = app.admin.walk(&format!("{path}/deliveries?status=delivered&limit=1")).await;
    assert_eq!(walked.len(), 2);
    assert_eq!((&walked[0]["answer_status"], &walked[0]["attempts"]), (&json!(200), &json!(1)));
    assert!(walked[0].get("answer").is_none(), "what receivers say is shown to nobody");
}

#[actix_web::test]
async fn each_change_is_told_as_what_it_is_and_in_the_order_of_the_feed() {
    let app = App::start().await;
    let receiver = Receiver::start();
    app.admin.create("webhooks", hook(&receiver, json!({}))).await;
    let editor = &app.editor;
    let id = publish(editor, json!({"text": "Ice is warm"})).await;
    let at = format!("/v1/claims/{id}");
    editor.patch(&at, &json!({"context": "In summer."})).await.expect(200);
    let who = editor.id_of_new("sources", source(json!({"name": "Ann Ice"}))).await;
    let said = editor.id_of_new("statements", statement(&id, &who, json!({"status": "published"}))).await;
    let draft = editor.id_of_new("statements", statement(&id, &who, json!({}))).await;
    editor.delete(&format!("/v1/statements/{draft}")).await.expect(204);
    let gone = json!({"status": "withdrawn", "withdrawn_reason": "She did not say so."});
    editor.patch(&format!("/v1/statements/{said}"), &gone).await.expect(200);
    let first = judge(&app.admin, &id, json!({})).await;
    let correction = json!({"reason": "wording", "correction_note": "Clearer.", "changes": {"title": "Else"}});
    let at_verdict = format!("/v1/verdicts/{}", first["id"].as_str().unwrap());
    let corrected = app.admin.post(&format!("{at_verdict}/correct"), &correction).await.expect(201);
    let at_verdict = format!("/v1/verdicts/{}", corrected.id());
    editor.act(&format!("{at_verdict}/approve")).await.expect(200);
    editor.act(&format!("{at_verdict}/publish")).await.expect(200);
    app.admin.post(&format!("{at_verdict}/retract"), &json!({"reason": "Ice is cold."})).await.expect(200);
    editor.patch(&at, &json!({"status": "withdrawn", "withdrawn_reason": "Nobody claims it."})).await.expect(200);
    let expected = [
        "claim.published",
        "claim.changed",
        "statement.published",
        "statement.withdrawn",
        "verdict.published",
        "verdict.submitted",
        "verdict.approved",
        "verdict.corrected",
        "verdict.retracted",
        "claim.withdrawn",
    ];
    receiver.accepts(expected.len()).await;
    done(&app).await;
    let received: Vec<Value> = receiver.received().iter().map(Received::body).collect();
    let kinds: Vec<_> = received.iter().map(|body| body["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, expected);
    assert_eq!(received[3]["data"]["reason"], "She did not say so.");
    assert_eq!(received[8]["data"]["reason"], "Ice is cold.");
    assert_eq!(received[9]["data"]["reason"], "Nobody claims it.");
    assert!(received.is_sorted_by_key(|body| body["data"]["position"].as_i64()));

    // Those who ask hear the same, but what was hidden since.
    let asked = app.admin.get("/v1/events?limit=200").await.expect(200);
    let asked: Vec<_> = asked.items().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(asked, expected);
}

#[actix_web::test]
async fn filters_choose_what_is_sent() {
    let app = App::start().await;
    let receivers: Vec<_> = (0..5).map(|_| Receiver::start()).collect();
    for (receiver, filter) in receivers.iter().zip([
        json!({"topics": ["ice"]}),
        json!({"languages": ["en"]}),
        json!({"events": ["claim.withdrawn"]}),
        json!({"own": false}),
        json!({"active": false}),
    ]) {
        app.admin.create("webhooks", hook(receiver, filter)).await;
    }
    for (client, more) in [
        (&app.editor, json!({"text": "A", "topics": ["ice", "snow"], "language": "it"})),
        (&app.editor, json!({"text": "B", "language": "en-GB"})),
        (&app.editor, json!({"text": "C", "language": "enm"})),
        (&app.other, json!({"text": "D", "topics": ["ice"], "language": "en"})),
    ] {
        publish(client, more).await;
    }
    app.editor.create("claims", claim(json!({"text": "A draft", "topics": ["ice"], "language": "en"}))).await;
    let last = publish(&app.editor, json!({"text": "E", "language": "fr"})).await;
    let gone = json!({"status": "withdrawn", "withdrawn_reason": "No."});
    app.editor.patch(&format!("/v1/claims/{last}"), &gone).await.expect(200);
    receivers[3].accepts(6).await;
    done(&app).await;
    let texts = |receiver: &Receiver| {
        let mut texts: Vec<_> = receiver
            .received()
            .iter()
            .map(|one| one.body()["data"]["claim"]["text"].as_str().unwrap_or("-").to_owned())
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(&receivers[0]), ["A"]);
    assert_eq!(texts(&receivers[1]), ["B"]);
    assert_eq!(receivers[2].received().iter().map(Received::kind).collect::<Vec<_>>(), ["claim.withdrawn"]);
    assert_eq!(receivers[3].received().len(), 6);
    assert!(receivers[4].received().is_empty());
}

#[actix_web::test]
async fn what_waits_for_approval_is_told_to_its_newsroom_only() {
    let app = App::start().await;
    let (ours, theirs) = (Receiver::start(), Receiver::start());
    app.admin.create("webhooks", hook(&ours, json!({"own": false}))).await;
    let other = app.with_key(&crate::support::postgres::key("other", "admin"));
    other.create("webhooks", hook(&theirs, json!({"own": false}))).await;
    let id = publish(&app.editor, json!({"text": "Ice is warm"})).await;
    let drafted = judge(&app.checker, &id, json!({"status": "draft"})).await;
    let at = format!("/v1/verdicts/{}", drafted["id"].as_str().unwrap());
    app.checker.act(&format!("{at}/submit")).await.expect(200);
    app.editor.act(&format!("{at}/approve")).await.expect(200);
    app.editor.act(&format!("{at}/publish")).await.expect(200);
    let heard = |receiver: &Receiver| receiver.received().iter().map(Received::kind).collect::<Vec<_>>();
    ours.accepts(4).await;
    theirs.accepts(2).await;
    done(&app).await;
    assert_eq!(heard(&ours), ["claim.published", "verdict.submitted", "verdict.approved", "verdict.published"]);
    assert_eq!(heard(&theirs), ["claim.published", "verdict.published"]);
}

#[actix_web::test]
async fn webhooks_are_managed_by_admins_of_their_newsroom() {
    let app = App::start().await;
    let receiver = Receiver::start();
    app.editor.post("/v1/webhooks", &hook(&receiver, json!({}))).await.expect(403);
    let made = app.admin.post("/v1/webhooks", &hook(&receiver, json!({}))).await.expect(201);
    let path = format!("/v1/webhooks/{}", made.id());
    let other = app.with_key(&crate::support::postgres::key("other", "admin"));
    other.get(&path).await.expect(404);
    other.get(&format!("{path}/deliveries")).await.expect(404);
    other.act(&format!("{path}/secret")).await.expect(404);
    assert!(other.get("/v1/webhooks").await.expect(200).items().is_empty());
    assert_eq!(app.admin.get("/v1/webhooks").await.expect(200).ids(), [made.id()]);
    for (bad, at) in [
        (json!({"url": "nowhere"}), "/url"),
        (json!({"url": "ftp://example.com"}), "/url"),
        (json!({"name": ""}), "/name"),
        (json!({"events": ["claim.eaten"]}), "/events/0"),
        (json!({"events": ["claim.published", "claim.published"]}), "/events/1"),
        (json!({"topics": ["No Slug"]}), "/topics/0"),
        (json!({"languages": ["italiano"]}), "/languages/0"),
        (json!({"format": "fax"}), "/format"),
        (json!({"secret": "whsec_mine"}), "/secret"),
        (json!({"disabled_reason": "x"}), "/disabled_reason"),
    ] {
        app.admin.post("/v1/webhooks", &hook(&receiver, bad.clone())).await.points_at(&[at]);
        app.admin.patch(&path, &bad).await.points_at(&[at]);
    }
    let eaten = app.admin.post("/v1/webhooks", &hook(&receiver, json!({"events": ["claim.eaten"]}))).await.expect(422);
    assert!(eaten.text.contains("verdict.published, ") && eaten.text.contains("claim.withdrawn"), "{}", eaten.text);
    let changed = app.admin.patch(&path, &json!({"name": "Else", "active": false})).await.expect(200);
    assert_eq!((&changed.body["name"], &changed.body["version"]), (&json!("Else"), &json!(2)));
    app.admin.act(&format!("{path}/test")).await.problem(409, "not active");
    let stale = app.admin.request(Method::PATCH, &path).header("if-match", "\"1\"").json(&json!({"name": "Old"}));
    app.admin.send(stale).await.expect(412);
    app.admin.delete(&path).await.expect(204);
    app.admin.get(&path).await.expect(404);
    // Nobody but admins hears of it, and nobody of its secret.
    app.in_order().await;
    let told = app.admin.get("/v1/changes?limit=200").await.expect(200);
    assert_eq!(told.items().iter().filter(|item| item["noun"] == "webhook").count(), 3);
    assert!(!told.text.contains("whsec_"));
    assert!(!app.editor.get("/v1/changes?limit=200").await.expect(200).text.contains("webhook"));
}

#[actix_web::test]
async fn a_newsroom_has_so_many_webhooks_and_no_more() {
    let app = App::start().await;
    let new = json!({"name": "Site", "url": "https://127.0.0.1/", "active": false});
    for _ in 0..49 {
        app.admin.create("webhooks", new.clone()).await;
    }
    let answers = join_all((0..4).map(|_| app.admin.post("/v1/webhooks", &new))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    app.admin.post("/v1/webhooks", &new).await.problem(409, "at most 50 webhooks");
    let other = app.with_key(&crate::support::postgres::key("other", "admin"));
    other.create("webhooks", new.clone()).await;
    let page = app.admin.get("/v1/webhooks?limit=1").await.expect(200);
    app.admin.delete(&format!("/v1/webhooks/{}", page.ids()[0])).await.expect(204);
    app.admin.create("webhooks", new).await;
}

#[actix_web::test]
async fn a_secret_is_renewed_with_a_day_for_both() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let made = app.admin.create("webhooks", hook(&receiver, json!({}))).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let renew = async || {
        let renewed = app.admin.act(&format!("{path}/secret")).await.expect(200);
        renewed.body["secret"].as_str().unwrap().to_owned()
    };
    let first = made["secret"].as_str().unwrap().to_owned();
    let second = renew().await;
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let test = receiver.accepts(1).await.remove(0);
    assert_eq!(test.kind(), "webhook.test");
    assert!(test.is_signed_by(&first) && test.is_signed_by(&second));
    let third = renew().await;
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let test = receiver.accepts(2).await.remove(1);
    assert!(!test.is_signed_by(&first) && test.is_signed_by(&second) && test.is_signed_by(&third));
    app.sql()
        .await
        .batch_execute("UPDATE webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
        .await
        .unwrap();
    app.admin.act(&format!("{path}/test")).await.expect(200);
    let test = receiver.accepts(3).await.remove(2);
    assert!(!test.is_signed_by(&second) && test.is_signed_by(&third));

    // A repeated request does not show it again.
    let again = async || {
        let renewing = app.admin.request(Method::POST, &format!("{path}/secret")).header("idempotency-key", "renew");
        app.admin.send(renewing).await.expect(200).body["secret"].clone()
    };
    assert!(again().await.is_string());
    assert_eq!(again().await, Value::Null);
}

#[actix_web::test]
async fn what_a_receiver_has_lost_is_sent_again() {
    let app = App::start().await;
    let receiver = Receiver::start();
    let made = app.admin.create("webhooks", hook(&receiver, json!({}))).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    for text in ["A", "B", "C"] {
        publish(&app.editor, json!({"text": text})).await;
    }
    let mut first = receiver.accepts(3).await;
    // What is of three claims may arrive in any order.
    first.sort_by_key(|one| one.body()["data"]["position"].as_i64());
    done(&app).await;
    let ids = |from: &[Received]| from.iter().map(|one| one.header("webhook-id").to_owned()).collect::<Vec<_>>();

    let delivered = app.admin.get(&format!("{path}/deliveries")).await.expect(200);
    let oldest = delivered.items().last().unwrap()["id"].as_str().unwrap().to_owned();
    let resend = format!("/v1/webhook-deliveries/{oldest}/resend");
    app.editor.act(&resend).await.expect(403);
    let again = app.admin.act(&resend).await.expect(200);
    assert_eq!(again.body["event_id"], ids(&first)[0]);
    assert_eq!(ids(&receiver.accepts(4).await)[3], ids(&first)[0]);
    done(&app).await;

    let second_at = first[1].body()["data"]["position"].as_i64().unwrap();
    let replayed = app.admin.post(&format!("{path}/replay"), &json!({"after": second_at - 1})).await.expect(200);
    assert_eq!(replayed.body, json!({"after": second_at - 1, "dropped": 0}));
    let sent = ids(&receiver.accepts(6).await)[4..].iter().cloned().collect::<HashSet<_>>();
    assert_eq!(sent, ids(&first)[1..].iter().cloned().collect());
    done(&app).await;

    let since = first[2].body()["timestamp"].clone();
    app.admin.post(&format!("{path}/replay"), &json!({"since": since})).await.expect(200);
    assert_eq!(ids(&receiver.accepts(7).await)[6], ids(&first)[2]);
    done(&app).await;
    assert_eq!(receiver.received().len(), 7);
    app.admin.post(&format!("{path}/replay"), &json!({})).await.points_at(&["/after"]);
    app.admin.post(&format!("{path}/replay"), &json!({"after": -1})).await.points_at(&["/after"]);

    // Forward: what waits is passed over.
    receiver.is(Manner::Status(500, ""));
    publish(&app.editor, json!({"text": "D"})).await;
    until("it was tried", SOON, async || (receiver.received().len() > 7).then_some(())).await;
    let until_now = json!({"after": 1_000_000});
    let passed = until("it is passed over", SOON, async || {
        let passed = app.admin.post(&format!("{path}/replay"), &until_now).await.expect(200).body;
        (passed["dropped"] == 1).then_some(passed)
    });
    passed.await;
    done(&app).await;
    // Moments that no change is of.
    for since in ["-262143-01-01T00:00:00Z", "+262142-12-31T00:00:00Z"] {
        let answer = app.admin.post(&format!("{path}/replay"), &json!({"since": since})).await;
        assert!(answer.status < 500, "{since}: {}", answer.text);
    }
}

#[actix_web::test]
async fn what_is_sent_stays_small() {
    let app = App::start().await;
    let receiver = Receiver::start();
    app.admin.create("webhooks", hook(&receiver, json!({}))).await;
    // Four bytes each.
    let long = |length: usize| "𝄞".repeat(length);
    let topics: Vec<_> = (0..20).map(|number| format!("{}-{number}", "t".repeat(90))).collect();
    let id =
        publish(&app.editor, json!({"text": long(1000), "context": long(2000), "place": long(200), "topics": topics}))
            .await;
    let who = app.editor.id_of_new("sources", source(json!({"name": long(300)}))).await;
    let said = json!({"status": "published", "quote": long(5000), "quote_language": "en", "quote_kind": "verbatim", "translation": long(5000), "spoke_as": long(300)});
    app.editor.create("statements", statement(&id, &who, said)).await;
    let url = format!("https://example.com/{}", "a".repeat(1900));
    judge(&app.admin, &id, json!({"title": long(300), "summary": long(1000), "explanation": long(50_000), "url": url}))
        .await;
    let received = receiver.accepts(3).await;
    for one in &received {
        assert!(one.text.len() < 20_000, "{} bytes: {}", one.text.len(), one.kind());
    }
    let record = &received[1].body()["data"]["record"];
    assert_eq!(record["quote"], format!("{}…", long(400)));
}
