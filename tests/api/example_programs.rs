//! The programs in `examples/` that no other test runs, as their readers do.

use std::time::Duration;

use serde_json::json;

use crate::fact_check_pages::without_four_eyes;
use crate::support::{App, Process, Receiver, SOON, StandIn, claim, examples, postgres, source, until};
use crate::webhooks::publish;

fn key(role: &str) -> String {
    postgres::key("desk", role)
}

#[actix_web::test]
async fn a_bundle_is_sent_once_however_often_it_is_sent() {
    let app = App::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story.json");
    let story = json!({"sources": [with_ref(source(json!({})), "speaker")], "claims": [with_ref(claim(json!({})), "met")],
        "statements": [{"claim_id": "#met", "source_id": "#speaker", "stance": "confirms"}]});
    std::fs::write(&file, story.to_string()).unwrap();
    let send = async || {
        let (key, file) = (key("checker"), file.to_str().unwrap().to_owned());
        examples::try_run_with(&[("KEY", &key)], "send_bundle.sh", &[&app.url, &file]).await
    };
    let (ends_well, first, told) = send().await;
    assert!(ends_well, "{first}{told}");
    assert_eq!(send().await, (true, first, String::new()));
    assert_eq!((app.count("claims").await, app.count("statements").await), (1, 1));
    std::fs::write(&file, json!({"claims": [{"text": ""}]}).to_string()).unwrap();
    let (ends_well, told, _) = send().await;
    assert!(!ends_well && told.contains("/claims/0"), "{told}");
}

fn with_ref(mut item: serde_json::Value, name: &str) -> serde_json::Value {
    item["ref"] = json!(name);
    item
}

#[actix_web::test]
async fn a_channel_is_told_of_each_verdict_once() {
    let app = App::demo().await;
    let slack = Receiver::start();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("notifier.json");
    let tell = async |more: &[&str]| {
        let arguments = [&[app.url.as_str(), "--once", "--state", state.to_str().unwrap()], more].concat();
        examples::run_with(&[("SLACK", &slack.url)], "slack_notifier.py", &arguments).await;
        slack.received().len()
    };
    let before = tell(&["--from-start"]).await;
    let published = app.anyone.get("/v1/events?after=0&limit=200").await.expect(200).body["items"].clone();
    let verdicts = published.as_array().unwrap().iter().filter(|event| event["data"]["noun"] == "verdict").count();
    assert!(before > 0 && before == verdicts, "{before} {verdicts}");
    let said = slack.received()[0].body()["text"].as_str().unwrap().to_owned();
    assert!(said.contains("New verdict: True") && said.contains("The meeting took place"), "{said}");
    assert_eq!(tell(&[]).await, before, "nothing is told twice");
    // Whoever begins now is not told of the past.
    std::fs::remove_file(&state).unwrap();
    assert_eq!(tell(&[]).await, before);
}

#[actix_web::test]
async fn a_sheet_is_imported_and_known_again() {
    let app = without_four_eyes().await;
    let sheet = StandIn::start();
    let rows = "Statement,Verdict,Checked on,Link\n\
        The bridge was closed,False,2024-03-05,https://desk.example/bridge\n\
        The ferry was late,True,2024-03-06,https://desk.example/ferry\n";
    sheet.say_as("/sheet.csv", "200 OK", "Content-Type: text/csv\r\n", rows);
    sheet.say_as("/locked", "200 OK", "Content-Type: text/html\r\n", "<html>");
    let import = async |path: &str| {
        let (key, address) = (key("editor"), format!("{}{path}", sheet.url));
        let columns = "claim=Statement,rating=Verdict,reviewed_on=Checked on,url=Link";
        let arguments = [app.url.as_str(), &address, columns, "--publish"];
        examples::try_run_with(&[("KEY", &key)], "sheet_import.py", &arguments).await
    };
    let (ends_well, said, told) = import("/sheet.csv").await;
    assert!(ends_well, "{said}{told}");
    assert!(said.ends_with("imported: 2 records, 2 created, 0 updated, 0 unchanged, 0 changed, 0 failed\n"), "{said}");
    let listed = app.anyone.get("/v1/claims").await.expect(200);
    assert_eq!(listed.ids().len(), 2);
    let (_, again, _) = import("/sheet.csv").await;
    assert!(again.ends_with("2 records, 0 created, 0 updated, 2 unchanged, 0 changed, 0 failed\n"), "{again}");
    let (ends_well, _, told) = import("/locked").await;
    assert!(!ends_well && told.contains("share the sheet"), "{told}");
}

/// What the compiler has held to the OpenAPI document works on the server as well.
#[actix_web::test]
async fn typescript_asks_what_has_been_checked() {
    let app = App::demo().await;
    let said = examples::run("already_checked.ts", &[&app.url, "Did the meeting take place?"]).await;
    assert!(said.contains(": The meeting took place\n  True: The Kremlin’s spokesman confirmed"), "{said}");
    assert!(said.contains("Dmitry Peskov confirms that the meeting took place"), "{said}");
    let (ends_well, _, told) = examples::try_run("already_checked.ts", &[&app.url, "\u{1}"]).await;
    assert!(!ends_well && told.starts_with("422: ") || told.starts_with("400: "), "{told}");
}

/// Google's own client for Node.js searches and keeps pages.
#[actix_web::test]
async fn googles_client_for_node_searches_and_keeps_pages() {
    const URL: &str = "https://news.example/checks/moon";
    let app = without_four_eyes().await;
    let key = key("editor");
    let client = async |arguments: &[&str]| {
        examples::try_run("google_client.ts", &[&[app.url.as_str()], arguments].concat()).await
    };
    let publish = async |claim, rating| client(&["publish", &key, URL, claim, rating]).await;
    let (ends_well, said, told) = publish("The moon is made of green cheese", "False").await;
    assert!(ends_well && said.ends_with(": False\n"), "{said}{told}");
    let (_, corrected, _) = publish("The moon is made of green cheese", "True").await;
    assert_eq!(corrected, said.replace("False", "True"));
    let (_, found, _) = client(&["search", "green cheese"]).await;
    assert_eq!(found, format!("True: The moon is made of green cheese <{URL}>\n"));
    let (ends_well, _, told) = publish("It is cheese", "Lunatic").await;
    assert!(!ends_well && told.contains("Lunatic"), "{told}");
    // Of an article's other checks each stays.
    let both = publish("The moon is a lamp", "False").await.1;
    assert!(both.ends_with(": True,False\n"), "{both}");
    let again = publish("The moon is made of green cheese", "False").await.1;
    assert!(again.ends_with(": False,False\n"), "{again}");
    assert_eq!(client(&["delete", &key, URL]).await.1, "deleted\n");
    assert_eq!(client(&["search", "green cheese"]).await.1, "");
}

/// The example's receiver, with the library for Python, takes what is signed and nothing else.
#[actix_web::test]
async fn the_examples_receiver_checks_signatures() {
    let app = App::start().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let new = json!({"name": "Example", "url": format!("http://127.0.0.1:{port}/"), "events": ["claim.published"]});
    let hook = app.admin.create("webhooks", new).await;
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = std::process::Command::new(format!("{root}/script/python"));
    command.arg(format!("{root}/examples/webhook_receiver.py")).arg(port.to_string());
    command.env("SECRET", hook["secret"].as_str().unwrap());
    let mut receiver = Process::start(command, "");
    until("it listens", Duration::from_secs(300), async || {
        assert!(receiver.runs(), "it has ended: {}{}", receiver.out(), receiver.err());
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    })
    .await;
    publish(&app.editor, json!({"text": "Ice is warm"})).await;
    until("it is told", SOON, async || receiver.out().contains("claim.published Ice is warm").then_some(())).await;
    let forged = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/"));
    let forged =
        forged.header("webhook-id", "a").header("webhook-timestamp", "1").header("webhook-signature", "v1,AAAA");
    assert_eq!(forged.body("{}").send().await.unwrap().status(), 400);
}
