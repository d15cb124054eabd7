//! The OpenAPI document: committed as it is served, complete, and its examples true.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Client, contract};

/// Every operation: path, method, what is declared of it.
pub fn operations() -> impl Iterator<Item = (&'static str, Method, &'static Value)> {
    contract().document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(|(method, operation)| {
            (path.as_str(), Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), operation)
        })
    })
}

#[actix_web::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let document = onrecord::app::document().unwrap();
    expectorate::assert_contents("openapi/openapi.json", &document.pretty());
    expectorate::assert_contents("openapi/operations.txt", &document.operations_table());
    let app = App::start().await;
    let served = app.anyone.get("/openapi.json").await.expect(200);
    assert_eq!(served.body, contract().document);
    assert_eq!(served.body["openapi"], "3.1.0");
}

/// By the OpenAPI Initiative's own schema of 3.0, which is licensed under Apache-2.0.
#[actix_web::test]
async fn older_generators_read_the_document_as_well() {
    let app = App::start().await;
    let older = app.anyone.get("/openapi-3.0.json").await.expect(200).body;
    app.anyone.get("/openapi-3.0.json?version=2").await.expect(400);
    assert_eq!(older["openapi"], "3.0.3");
    let schema: Value = serde_json::from_str(include_str!("support/openapi-3.0.schema.json")).unwrap();
    let faults: Vec<_> = jsonschema::draft4::new(&schema)
        .unwrap()
        .iter_errors(&older)
        .map(|error| error.instance_path().to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let count = |document: &Value| {
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum::<usize>()
    };
    assert_eq!(count(&older), count(&contract().document));
    let claim = &older["components"]["schemas"]["Claim"]["properties"];
    assert_eq!((&claim["place"]["type"], &claim["place"]["nullable"]), (&json!("string"), &json!(true)));
}

#[test]
fn what_is_made_leads_on() {
    let links = contract().document["paths"]["/v1/claims"]["post"]["responses"]["201"]["links"].as_object().unwrap();
    for id in ["get_claim", "update_claim", "delete_claim", "publish_claim", "get_dossier", "get_provenance"] {
        assert_eq!(links[id]["operationId"], id);
        assert_eq!(links[id]["parameters"], json!({"id": "$response.body#/id"}));
    }
    let ids: BTreeSet<_> = operations().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    let mut made = 0;
    for (path, method, operation) in operations().filter(|(_, method, _)| *method == Method::POST) {
        let Some(links) = operation["responses"]["201"]["links"].as_object() else { continue };
        made += 1;
        for (name, link) in links {
            assert!(ids.contains(name.as_str()) && link["description"].is_string(), "{method} {path} leads to {name}");
        }
    }
    assert!(made >= 12, "{made} operations lead on");
}

#[test]
fn every_operation_is_documented_for_a_reader() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        let what = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{what} has no summary");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{what} has no tag");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what} has another's operationId");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let declared = parameter["$ref"].is_string() || parameter["description"].is_string();
            assert!(declared, "{what}: {} is not described", parameter["name"]);
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what} never succeeds");
        if !path.starts_with("/v1") {
            continue;
        }
        for status in ["400", "401", "500", "503"] {
            assert!(responses.contains_key(status), "{what} does not document {status}");
        }
        for (status, response) in responses {
            let content = &response["content"]["application/json"];
            if status.starts_with('2')
                && content.is_object()
                && !REFUSED.iter().any(|(id, _)| operation["operationId"] == *id)
            {
                assert!(!content["example"].is_null(), "{what} shows no example of its answer");
            }
        }
        if path.starts_with("/v1alpha1/") {
            continue;
        }
        // Also where nobody needs one: tools send it only where it is declared.
        assert!(operation["security"].as_array().is_some_and(|keys| !keys.is_empty()), "{what} takes no key");
        let asks = path.starts_with("/v1/claims/match") || path == "/v1/claimreview/validate";
        if method != Method::GET && !asks {
            assert!(operation["security"][0]["api_key"][0].is_string(), "{what} needs no key");
            assert!(responses.contains_key("403"), "{what} does not document 403");
        }
    }
}

#[test]
fn every_schema_says_what_its_members_are() {
    for (name, schema) in contract().document["components"]["schemas"].as_object().unwrap() {
        assert!(
            schema["description"].is_string() || name.starts_with("Page_") || schema["allOf"].is_array(),
            "{name} is not described"
        );
        for (member, declared) in schema["properties"].as_object().into_iter().flatten() {
            let described = declared["description"].is_string()
                || declared["$ref"].is_string()
                || declared["oneOf"].as_array().is_some_and(|any| any.iter().any(|one| one["description"].is_string()));
            assert!(described, "{name}.{member} is not described");
        }
    }
}

/// The request that Swagger UI sends when nothing is filled in.
pub fn try_it_out(client: &Client, path: &str, method: &Method, operation: &Value) -> reqwest::RequestBuilder {
    let mut path = path.to_owned();
    let (mut headers, mut query) = (Vec::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(parameter);
        // It fills in the schema's example where the parameter has none.
        let example = [&parameter["example"], &resolved(&parameter["schema"])["example"]].into_iter().find_map(text);
        let (name, Some(example)) = (parameter["name"].as_str().unwrap(), example) else { continue };
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &example),
            "header" => headers.push((name.to_owned(), example)),
            _ => query.push(format!("{name}={example}")),
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let mut request = client.request(method.clone(), &path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match body_example(operation) {
        Some(body) => request.json(body),
        None => request,
    }
}

fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => contract().document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn text(example: &Value) -> Option<String> {
    example.as_str().map(str::to_owned).or_else(|| example.as_u64().map(|number| number.to_string()))
}

/// The example of a request's body, its own or its schema's.
pub fn body_example(operation: &Value) -> Option<&'static Value> {
    let content = operation.pointer("/requestBody/content/application~1json")?;
    let pointer = content["schema"]["$ref"].as_str().map(|reference| reference.trim_start_matches('#').to_owned());
    let operation_id = operation["operationId"].as_str().unwrap();
    let (_, _, declared) = operations().find(|(_, _, one)| one["operationId"] == operation_id).unwrap();
    declared
        .pointer("/requestBody/content/application~1json/example")
        .or_else(|| contract().document.pointer(&format!("{}/example", pointer?)))
}

/// Whoever makes a client from the document must be able to send what it shows.
#[test]
fn every_example_fits_the_schema_of_its_request() {
    let mut checked = 0;
    for (path, method, operation) in operations() {
        let Some(example) = body_example(operation) else { continue };
        for (media, content) in operation["requestBody"]["content"].as_object().unwrap() {
            let faults = contract().misfits(&content["schema"], example);
            assert!(faults.is_empty(), "{method} {path} as {media} shows what it does not take: {faults:#?}");
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} examples were checked");
}

/// The bundle in README.md, as the shell sends it.
fn first_request() -> Value {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("-d '").unwrap();
    serde_json::from_str(rest.split_once('\'').unwrap().0).unwrap()
}

#[actix_web::test]
async fn the_schema_of_bundles_takes_and_refuses_what_the_server_does() {
    let app = App::start().await;
    let schema = json!({"$ref": "#/components/schemas/NewBundle"});
    let demo: Value = serde_json::from_str(onrecord::demo::STORY).unwrap();
    let circle = json!({"claims": [{"ref": "c", "text": "It rained", "language": "en"}], "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
        "statements": [{"ref": "a", "claim_id": "#c", "source_id": "#s", "stance": "reports", "relies_on": [{"statement_id": "#b"}]},
            {"ref": "b", "claim_id": "#c", "source_id": "#s", "stance": "reports", "relies_on": [{"statement_id": "#a"}]}]});
    for taken in
        [first_request(), demo, circle, json!({"sources": [{"kind": "person", "name": "Ann"}], "verdicts": null})]
    {
        assert_eq!(contract().misfits(&schema, &taken), [""; 0], "{taken:#}");
        app.admin.post("/v1/bundles", &taken).await.expect(201);
    }
    let source = |member: &str, value: Value| {
        let mut source = json!({"kind": "person", "name": "Ann"});
        source[member] = value;
        json!({"sources": [source]})
    };
    for refused in [
        json!({"stories": []}),
        source("age", json!(7)),
        source("ref", json!("#ann")),
        source("ref", json!("")),
        source("affiliation_id", json!("ann")),
        source("affiliation_id", json!("#")),
        json!({"documents": [{"kind": "article", "title": "A", "derived_from_id": "first"}]}),
    ] {
        assert_ne!(contract().misfits(&schema, &refused), [""; 0], "{refused:#}");
        app.admin.post("/v1/bundles", &refused).await.expect(422);
    }
}

/// What the operations answer whose examples cannot succeed: they would take away what others need, or need what another
/// member has to do first.
const REFUSED: &[(&str, u16)] = &[
    ("create_redaction", 409),
    ("delete_claim", 409),
    ("delete_document", 409),
    ("delete_member", 409),
    ("delete_source", 409),
    ("delete_statement", 409),
    ("update_rating_scale", 403),
    ("approve_verdict", 409),
    ("reject_verdict", 409),
    ("publish_verdict", 409),
    ("revoke_api_key", 404),
    // The demo's webhook is not active, so that nothing is sent anywhere.
    ("test_webhook", 409),
    ("resend_delivery", 404),
    // The demo's verdicts stand in no article.
    ("get_page", 404),
    ("update_page", 404),
    ("delete_page", 404),
];

/// Every example works on the demo story with nothing to prepare, and what is answered is the documented example.
#[actix_web::test]
async fn every_example_works_on_the_demo_story_and_shows_its_true_answer() {
    let mut examples = BTreeMap::new();
    let all: Vec<_> = operations().filter(|(path, ..)| *path != "/metrics").collect();
    // Reading first, deleting last: what an example makes must not change what another one shows.
    for wanted in [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
        let app = App::demo().await;
        for (path, method, operation) in all.iter().filter(|(_, method, _)| *method == wanted) {
            let id = operation["operationId"].as_str().unwrap();
            let answer = app.admin.send(try_it_out(&app.admin, path, method, operation)).await;
            let status = REFUSED.iter().find(|(refused, _)| *refused == id).map(|(_, status)| *status);
            let success = operation["responses"].as_object().unwrap().keys().find(|one| one.starts_with('2')).unwrap();
            let answer = answer.expect(status.unwrap_or_else(|| success.parse().unwrap()));
            let empty = answer.body["items"].as_array().is_some_and(Vec::is_empty);
            assert!(!empty || id == "list_webhook_deliveries", "{id} shows an empty list");
            if status.is_none() && !answer.body.is_null() {
                examples.insert(id.to_owned(), shown(&answer));
            }
        }
    }
    expectorate::assert_contents("openapi/examples.json", &format!("{:#}\n", json!(examples)));
}

/// The answer with what differs from run to run replaced, and long lists cut.
fn shown(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    let mut known = BTreeMap::new();
    settle(&mut body, &mut known);
    body
}

fn settle(value: &mut Value, known: &mut BTreeMap<String, String>) {
    match value {
        Value::Array(items) => {
            items.truncate(3);
            for item in items {
                settle(item, known);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), &member) {
                    (
                        "created_at" | "updated_at" | "closed_at" | "corrected_at" | "at" | "timestamp"
                        | "former_until",
                        Value::String(_),
                    ) => {
                        *member = json!("2023-10-07T09:30:00Z");
                    }
                    ("secret", Value::String(_)) => *member = json!("whsec_c2hvd24tb25jZS1hbmQtbmV2ZXItYWdhaW4="),
                    // Its number differs, and so does all that is made of it.
                    ("name", Value::String(page)) if page.starts_with("pages/") => {
                        *member = json!("pages/018ae889-0000-7000-8000-000000000001");
                    }
                    ("versionId", _) => *member = json!("1c2d18d8a28a4a42"),
                    ("event_id", _) => *member = json!("evt_20_1f0c6a7b9d3e5f24"),
                    // Where the server listens differs from run to run.
                    (_, Value::String(link)) if link.starts_with("http://127.0.0.1:") => {
                        let path = link.splitn(4, '/').nth(3).unwrap_or_default();
                        *member = json!(format!("https://onrecord.example/{path}"));
                    }
                    ("date_published" | "date_modified", Value::String(at)) if at.contains('T') => {
                        *member = json!("2023-10-07T09:30:00Z");
                    }
                    ("key", Value::String(_)) => *member = json!("onr_shown-once-and-never-again"),
                    // Salts are random, and so is all that is made of them.
                    ("leaf", Value::String(_)) => {
                        *member = json!("{\"at\":\"2023-10-07T09:30:00.000000Z\",\"change\":60,…}");
                    }
                    ("text", Value::String(text)) if text.ends_with("+00:00\"") => {
                        *member = json!("\"2023-10-07T09:30:00+00:00\"");
                    }
                    ("salt", _) => *member = json!("0a4c9e0e-6d3f-4b1c-9a57-0d6f1f3f2b11"),
                    ("leaf_hash", _) => *member = json!("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="),
                    ("path", Value::Array(hashes)) => {
                        *member = hashes
                            .iter()
                            .take(3)
                            .map(|_| json!("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="))
                            .collect();
                    }
                    ("hint", _) => *member = json!("onr_show"),
                    // A cut set would be another one.
                    ("scopes", _) => {}
                    ("next_cursor", Value::String(_)) => *member = json!("b3BhcXVl"),
                    _ => settle(member, known),
                }
            }
        }
        // The demo's ids and the ratings' are fixed and begin with 018; new ones are numbered.
        Value::String(text)
            if uuid::Uuid::try_parse(text).is_ok() && text.starts_with("01") && !text.starts_with("018") =>
        {
            let next = format!("018ae889-0000-7000-8000-{:012}", known.len() + 1);
            text.clone_from(known.entry(text.clone()).or_insert(next));
        }
        _ => {}
    }
}
