//! Several newsrooms on one server: what one has in drafts, no answer to another or to the public gives away.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::openapi::operations;
use crate::support::{App, Client, postgres};

/// In every text of the other newsroom's drafts.
const CANARY: &str = "canary";

/// The other newsroom's story, all of it drafts, and its administration; the ids by noun.
async fn drafts(other: &Client) -> Vec<(&'static str, String)> {
    let story = json!({
        "sources": [
            {"ref": "s", "kind": "organization", "name": "canary source", "description": "canary", "aliases": ["canary"],
             "country": "IT", "website": "https://canary.example", "wikidata_id": "Q77", "note": "canary"},
            {"ref": "person", "kind": "person", "name": "canary person", "affiliation_id": "#s"}],
        "documents": [{"ref": "d", "kind": "article", "title": "canary document", "url": "https://canary.example/1",
            "publisher_id": "#s", "authors": ["canary"], "language": "it", "published_on": "2023-10"}],
        "claims": [
            {"ref": "c", "text": "The canary sings", "language": "en", "context": "canary", "place": "canary",
             "claimed_on": "2023-10", "event_on": "2023-09", "topics": ["canary-topic"]},
            {"ref": "part", "text": "The canary sings loudly", "language": "en", "part_of_id": "#c"}],
        "statements": [{"ref": "said", "claim_id": "#c", "source_id": "#person", "stance": "asserts", "spoke_as": "canary",
            "quote": "canary", "quote_language": "en", "quote_kind": "verbatim", "document_id": "#d", "locator": "canary"}],
        "verdicts": [{"ref": "v", "claim_id": "#c", "title": "canary verdict", "summary": "canary", "explanation": "canary",
            "evidence": [{"statement_id": "#said", "bearing": "supports", "note": "canary"}]}],
    });
    let ids = other.post("/v1/bundles", &story).await.expect(201).body["ids"].clone();
    let id = |name: &str| ids[name].as_str().unwrap().to_owned();
    let member = json!({"name": "canary member", "email": "canary@example.org", "role": "checker"});
    let member = other.id_of_new("members", member).await;
    let key = other.id_of_new("api-keys", json!({"member_id": member, "name": "canary key"})).await;
    vec![
        ("sources", id("s")),
        ("documents", id("d")),
        ("claims", id("c")),
        ("statements", id("said")),
        ("verdicts", id("v")),
        ("members", member),
        ("api-keys", key),
    ]
}

/// Every value that a query parameter may plausibly take, of the other newsroom's own.
fn guesses(ids: &[(&str, String)]) -> Vec<String> {
    let words = [
        "canary",
        "https://canary.example/1",
        "canary-topic",
        "en",
        "it",
        "IT",
        "draft",
        "published",
        "2023",
        "asserts",
        "organization",
        "article",
    ];
    let other = postgres::NEWSROOMS[1].1.to_string();
    words.map(str::to_owned).into_iter().chain(ids.iter().map(|(_, id)| id.clone())).chain([other]).collect()
}

#[actix_web::test]
async fn no_read_with_whatever_filter_shows_another_newsrooms_drafts() {
    let app = App::start().await;
    let other = app.with_key(&postgres::key("other", "admin"));
    let ids = drafts(&other).await;
    // So that a filter that is not looked at is not empty for want of records.
    app.editor.create("claims", crate::support::claim(json!({"status": "published"}))).await;
    let mut read = 0;
    for (path, _, operation) in
        operations().filter(|(path, method, _)| *method == Method::GET && path.starts_with("/v1/"))
    {
        let mut paths = vec![path.to_owned()];
        if path.contains('{') {
            let names = ids.iter().map(|(_, id)| id.as_str()).chain(["canary-topic"]);
            paths = names.map(|name| path.replace("{id}", name).replace("{slug}", name)).collect();
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            // A table has the filters of the lines, which are guessed at there.
            if !path.contains('{') && !path.contains(".csv") {
                let encoded = guesses(&ids).into_iter().map(|value| value.replace(':', "%3A").replace('/', "%2F"));
                paths.extend(encoded.map(|value| format!("{path}?{name}={value}")));
            }
        }
        for path in paths {
            for client in [&app.anyone, &app.reader, &app.admin] {
                let answer = client.get(&path).await;
                // A problem names the parameter that is wrong, never its value.
                assert!(!answer.text.contains(CANARY), "{path} answered {}", answer.text);
                assert!(answer.header("link").is_none(), "{path} has more pages");
                read += 1;
            }
        }
    }
    assert!(read > 1_000, "{read}");
    // Its own members see all of it: the canary can be seen where it is to be seen.
    for (noun, id) in &ids {
        assert!(other.get(&format!("/v1/{noun}/{id}")).await.expect(200).text.contains(CANARY), "{noun}");
    }
}

/// What is answered but for the request's own id, and the id that was asked for.
fn told(answer: &crate::support::Answer, id: &str) -> String {
    let mut body = answer.body.clone();
    body["instance"] = Value::Null;
    format!("{} {}", answer.status, body.to_string().replace(id, "ID"))
}

#[actix_web::test]
async fn another_newsrooms_draft_is_answered_like_what_does_not_exist() {
    let app = App::start().await;
    let ids = drafts(&app.with_key(&postgres::key("other", "admin"))).await;
    let nobody = Uuid::now_v7().to_string();
    for (noun, id) in &ids {
        for client in [&app.anyone, &app.editor, &app.admin] {
            let ask = async |method: Method, id: &str| {
                let request = client.request(method.clone(), &format!("/v1/{noun}/{id}")).header("if-match", "*");
                let request = if method == Method::PATCH { request.json(&json!({})) } else { request };
                told(&client.send(request).await, id)
            };
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                if *noun == "api-keys" && method == Method::PATCH {
                    continue;
                }
                assert_eq!(ask(method.clone(), id).await, ask(method.clone(), &nobody).await, "{method} {noun}");
            }
        }
    }
    // In a body as well.
    let of = |noun: &str| ids.iter().find(|(one, _)| *one == noun).unwrap().1.clone();
    let claim = app.checker.id_of_new("claims", crate::support::claim(json!({}))).await;
    let source = app.checker.id_of_new("sources", crate::support::source(json!({}))).await;
    let (claims, sources, documents) = (of("claims"), of("sources"), of("documents"));
    for (path, body, hidden) in [
        ("/v1/claims", json!({"text": "x", "language": "en", "part_of_id": claims}), &claims),
        ("/v1/sources", json!({"kind": "person", "name": "x", "affiliation_id": sources}), &sources),
        ("/v1/documents", json!({"kind": "article", "title": "x", "publisher_id": sources}), &sources),
        ("/v1/documents", json!({"kind": "article", "title": "x", "derived_from_id": documents}), &documents),
        ("/v1/statements", json!({"claim_id": claims, "source_id": source, "stance": "asserts"}), &claims),
        ("/v1/statements", json!({"claim_id": claim, "source_id": sources, "stance": "asserts"}), &sources),
        ("/v1/verdicts", json!({"claim_id": claim, "author_id": sources}), &sources),
        (
            "/v1/verdicts",
            json!({"claim_id": claim, "evidence": [{"document_id": documents, "bearing": "context"}]}),
            &documents,
        ),
        ("/v1/api-keys", json!({"member_id": of("members"), "name": "x"}), &of("members")),
    ] {
        let unknown: Value = serde_json::from_str(&body.to_string().replace(hidden.as_str(), &nobody)).unwrap();
        let (one, other) =
            (app.admin.post(path, &body).await.expect(422), app.admin.post(path, &unknown).await.expect(422));
        assert_eq!(told(&one, hidden), told(&other, &nobody), "{path}");
    }
}

#[actix_web::test]
async fn what_must_be_unique_is_so_in_each_newsroom_by_itself() {
    let app = App::start().await;
    let other = app.with_key(&postgres::key("other", "admin"));
    drafts(&other).await;
    let source = json!({"kind": "organization", "name": "canary source", "wikidata_id": "Q77"});
    let document = json!({"kind": "article", "title": "x", "url": "https://canary.example/1"});
    // Found neither by a bundle, which would reuse it, nor by the rule that there is one of each.
    let made =
        app.checker.post("/v1/bundles", &json!({"sources": [source], "documents": [document]})).await.expect(201);
    assert_eq!(made.body["reused"], json!({"sources": [], "documents": []}));
    let member = json!({"name": "x", "email": "canary@example.org", "role": "reader"});
    app.admin.post("/v1/members", &member).await.expect(201);
    // One Idempotency-Key in two newsrooms is two.
    let post = async |client: &Client| {
        let request = client.request(Method::POST, "/v1/claims").header("idempotency-key", "one");
        client.send(request.json(&crate::support::claim(json!({})))).await.expect(201)
    };
    let (own, others) = (post(&app.checker).await, post(&other).await);
    assert_ne!(own.id(), others.id());
    assert!(others.header("idempotency-replayed").is_none());
}

#[actix_web::test]
async fn members_and_keys_are_their_own_admins_only() {
    let app = App::start().await;
    let other = app.with_key(&postgres::key("other", "admin"));
    let ids = drafts(&other).await;
    for (noun, id) in ids.iter().filter(|(noun, _)| ["members", "api-keys"].contains(noun)) {
        let path = format!("/v1/{noun}/{id}");
        for client in [&app.reader, &app.checker, &app.editor, &app.admin] {
            let status = client.get(&path).await.status;
            assert!([403, 404].contains(&status), "{noun}: {status}");
            let request = client.request(Method::DELETE, &path).header("if-match", "*");
            let status = client.send(request).await.status;
            assert!([403, 404].contains(&status), "{noun}: {status}");
        }
        // An editor of their own newsroom does not manage them either.
        let request = app.other.request(Method::DELETE, &path).header("if-match", "*");
        app.other.send(request).await.expect(403);
        other.get(&path).await.expect(200);
    }
    // What is published is everybody's to read, and its newsroom's alone to change.
    let claim = app.editor.id_of_new("claims", crate::support::claim(json!({"status": "published"}))).await;
    let path = format!("/v1/claims/{claim}");
    assert_eq!(other.get(&path).await.expect(200).body, app.anyone.get(&path).await.expect(200).body);
    other.patch(&path, &json!({"place": "Rome"})).await.problem(403, "belongs to another newsroom");
}
