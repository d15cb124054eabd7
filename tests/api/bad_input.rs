//! The catalogue of bad input, in every text of every body, query, path and header. Whatever comes, the answer is a
//! problem that names the place, or the record as it was sent; never a 500, and nothing is stored by halves.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::openapi::{body_example, operations, try_it_out};
use crate::support::{Answer, App, contract, thorough};

/// Never kept, wherever they stand.
fn refused() -> Vec<String> {
    [
        "a\0b",
        "\u{1}",
        "\u{7f}",
        "a\u{85}b",
        "\u{fffe}",
        "a\u{ffff}",
        "\u{1fffe}",
        "",
        " ",
        "\t\n ",
        "\u{200b}\u{200d}",
        "\u{a0}",
        "\u{202e}",
        "\u{feff}",
    ]
    .map(ToOwned::to_owned)
    .into()
}

/// Taken or refused, as the member's own rules say.
fn odd() -> Vec<String> {
    let mut odd: Vec<String> = [
        "e\u{301}",
        "\u{212b}",
        "ﬁ",
        "İıŞß",
        "ς",
        "👩‍👩‍👧‍👦",
        "مرحبا",
        "１２３",
        "раураl",
        "'; DROP TABLE claims; --",
        "%00",
        "%s%n",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "=1+1",
        "../../etc/passwd",
        "\\",
        "\\u0000",
        "null",
        "true",
        "0",
        "-1",
        "1e400",
        "NaN",
        "9007199254740993",
        "9223372036854775808",
        "0000-00-00",
        "0000",
        "2023-02-30",
        "294277-01-01",
        "2016-12-31T23:59:60Z",
        "2023-01-01T00:00:00+25:00",
        "{00000000-0000-0000-0000-000000000000}",
        "00000000-0000-0000-0000-000000000000",
        "urn:uuid:018ae888-e412-7fe3-b15d-d3d56af9d2a0",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "\u{10ffff}",
        "\u{e000}",
        "\u{378}",
        "a\u{202e}b",
        "a\u{2066}b",
        "#",
        "#nobody",
        "https://",
        "http://[::1",
        "javascript:alert(1)",
        "https://user:pass@example.org/",
    ]
    .map(ToOwned::to_owned)
    .into();
    odd.push(format!("a{}", "\u{301}".repeat(10_000)));
    odd.push("x".repeat(500_000));
    odd.push("\u{1f600}".repeat(3_000));
    odd.push("(".repeat(1_000));
    odd
}

/// Where strings stand in a body: in its example and in its schema, lists with one item each.
fn places(operation: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let schema = operation.pointer("/requestBody/content/application~1json/schema").unwrap();
    gather(schema, "", &mut places);
    places
}

fn gather(schema: &Value, pointer: &str, places: &mut Vec<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => contract().document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if let Some(any) = schema["oneOf"].as_array() {
        any.iter().filter(|one| one["type"] != "null").for_each(|one| gather(one, pointer, places));
        return;
    }
    let is =
        |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|any| any.contains(&json!(name)));
    if is("string") {
        places.push(pointer.to_owned());
    }
    if is("array") {
        gather(&schema["items"], &format!("{pointer}/0"), places);
    }
    for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
        gather(schema, &format!("{pointer}/{member}"), places);
    }
}

/// All texts, or every so many-th for the place with this number: each is tried in some places, and each place with some.
fn some<T>(texts: Vec<T>, place: usize, of: usize) -> impl Iterator<Item = T> {
    let all = thorough();
    texts.into_iter().enumerate().filter(move |(nth, _)| all || nth % of == place % of).map(|(_, text)| text)
}

/// Puts a value at a pointer, making what leads there.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut at = body;
    for part in pointer.split('/').skip(1) {
        at = if part == "0" {
            if !at.is_array() {
                *at = json!([null]);
            }
            let items = at.as_array_mut().unwrap();
            items.truncate(1);
            if items.is_empty() {
                items.push(Value::Null);
            }
            &mut items[0]
        } else {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at.as_object_mut().unwrap().entry(part).or_insert(Value::Null)
        };
    }
    *at = value;
}

pub fn fine(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what} was answered {}", answer.text);
}

#[actix_web::test]
async fn every_text_in_every_body_is_kept_as_sent_or_refused_at_its_place() {
    for (path, method, operation) in operations().filter(|(_, _, operation)| operation.get("requestBody").is_some()) {
        let app = App::demo().await;
        let before = rows(&app).await;
        let example = body_example(operation).unwrap();
        for (nth, place) in places(operation).into_iter().enumerate() {
            for text in some(refused(), nth, 3) {
                let mut body = example.clone();
                put(&mut body, &place, json!(text));
                let request = try_it_out(&app.admin, path, &method, operation).json(&body);
                let answer = app.admin.send(request).await;
                let what = format!("{method} {path} with {text:?} at {place}");
                let refused = if path.starts_with("/v1alpha1/") { 400 } else { 422 };
                assert_eq!(answer.status, refused, "{what} was answered {}", answer.text);
                assert!(answer.pointers().contains(&place.as_str()), "{what} was answered {}", answer.text);
            }
        }
        assert_eq!(rows(&app).await, before, "{method} {path} stored what it refused");
        for (nth, place) in places(operation).into_iter().enumerate() {
            for text in some(odd(), nth, 6) {
                let mut body = example.clone();
                // What was published is corrected with a note, which would be asked for first.
                if operation["operationId"] == "update_statement" {
                    body["correction_note"] = json!("Misread.");
                }
                put(&mut body, &place, json!(text));
                let request = try_it_out(&app.admin, path, &method, operation).json(&body);
                let answer = app.admin.send(request).await;
                let what = format!("{method} {path} with {:?} at {place}", text.chars().take(40).collect::<String>());
                fine(&answer, &what);
                // In a bundle another item may have named the one whose ref was replaced.
                if answer.status == 422 && !answer.body["errors"].is_null() && path != "/v1/bundles" {
                    let start = place.split('/').take(2).collect::<Vec<_>>().join("/");
                    assert!(
                        answer.pointers().iter().any(|one| one.starts_with(&start)),
                        "{what} was answered {}",
                        answer.text
                    );
                }
            }
        }
    }
}

/// How much is stored.
async fn rows(app: &App) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in [
        "sources",
        "documents",
        "claims",
        "statements",
        "verdicts",
        "verdict_comments",
        "comment_requests",
        "topics",
        "rating_scales",
        "ratings",
        "members",
        "api_keys",
        "idempotency_keys",
    ] {
        rows.push(app.count(table).await);
    }
    rows
}

/// What fits by the documented length is taken; one character more is not.
#[actix_web::test]
async fn lengths_are_as_documented_in_characters() {
    for (path, method, operation) in
        operations().filter(|(path, method, _)| *method == Method::POST && *path != "/v1/bundles")
    {
        // An action is done once: only what exceeds is tried.
        let acts = path.contains("{id}");
        if operation.get("requestBody").is_none() {
            continue;
        }
        // Markup to be checked or imported may be any JSON, which has no lengths.
        let declared = operation.pointer("/requestBody/content/application~1json/schema/$ref");
        let Some(schema) = declared.and_then(Value::as_str) else {
            assert!(["/v1/claimreview/validate", "/v1/imports"].contains(&path), "{path}");
            continue;
        };
        let app = App::demo().await;
        let schema = contract().document.pointer(schema.trim_start_matches('#')).unwrap();
        for (member, declared) in schema["properties"].as_object().unwrap() {
            let Some(longest) = declared["maxLength"].as_u64() else { continue };
            // Languages, slugs and addresses have rules of their own; of addresses the longest is tried.
            let text = |length: u64| match (member.as_str(), declared["format"].as_str()) {
                (_, Some("uri")) => {
                    Some(format!("https://example.org/{}", "x".repeat(usize::try_from(length - 20).unwrap())))
                }
                ("oidc_subject", _) => {
                    Some(format!("https://example.org/{} x", "x".repeat(usize::try_from(length - 22).unwrap())))
                }
                (_, Some(_)) | ("slug" | "parent_slug" | "topic" | "language" | "quote_language", _) => None,
                _ => Some("é".repeat(usize::try_from(length).unwrap())),
            };
            let (Some(fits), Some(exceeds)) = (text(longest), text(longest + 1)) else { continue };
            for (text, taken) in [(fits, true), (exceeds, false)].into_iter().filter(|(_, taken)| !(acts && *taken)) {
                let mut body = body_example(operation).unwrap().clone();
                body[member] = json!(text);
                if member == "translation" {
                    body["quote"] = json!("x");
                }
                if member == "textual_rating" {
                    body["author_id"] = json!(onrecord::demo::id_of("peskov").unwrap());
                }
                // A match is asked for by one of the two.
                if path == "/v1/claims/match" && member == "url" {
                    body.as_object_mut().unwrap().remove("text");
                }
                // These are taken only where there is something to withdraw or to redact.
                // And Google's dates are texts in which a date must be found.
                if member == "withdrawn_reason" || ["/v1/redactions", "/v1alpha1/pages"].contains(&path) && taken {
                    continue;
                }
                if member != "slug" && body.get("slug").is_some() {
                    body["slug"] = json!(format!("slug-{}", member.len() + usize::from(taken) * 100));
                }
                let request = try_it_out(&app.admin, path, &method, operation).json(&body);
                let answer = app.admin.send(request).await;
                assert_eq!(
                    (200..300).contains(&answer.status),
                    taken,
                    "{method} {path}: {member} of {longest} was answered {}",
                    answer.text
                );
                if !taken {
                    assert_eq!(answer.pointers(), [format!("/{member}")], "{}", answer.text);
                }
            }
        }
    }
}

#[actix_web::test]
async fn every_query_parameter_takes_its_values_or_is_refused_by_name() {
    let app = App::demo().await;
    // Google's API tells faults in its own way, see `fact_check_tools`.
    let ours = |path: &str| !path.starts_with("/v1alpha1/");
    for (path, method, operation) in operations().filter(|(path, method, _)| *method == Method::GET && ours(path)) {
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let ask = async |value: &str| {
                let filled = try_it_out(&app.admin, path, &method, operation).build().unwrap();
                app.admin.get(&format!("{}?{name}={value}", filled.url().path())).await
            };
            let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let refused = refused().into_iter().map(|text| (encoded(&text), true));
            let odd = odd().into_iter().map(|text| text.chars().take(2_000).collect::<String>());
            let odd = odd.map(|text| (encoded(&text), false));
            let malformed = ["%ff", "%c0%80", "%ed%a0%80"].map(|text| (text.to_owned(), true));
            for (value, certain) in refused.chain(odd).chain(malformed) {
                let answer = ask(&value).await;
                let what = format!("{path}?{name}={}", value.chars().take(60).collect::<String>());
                fine(&answer, &what);
                // No rule at all is a choice of its own.
                let may_be_empty = name == "group" && value.is_empty();
                assert!(!certain || may_be_empty || answer.status == 400, "{what} was answered {}", answer.text);
                if answer.status == 400 {
                    assert_eq!(answer.body["errors"][0]["parameter"], name, "{what} was answered {}", answer.text);
                }
            }
        }
        let unknown = app.admin.get(&format!("{path}?a%00b=1")).await;
        assert!(
            matches!(unknown.status, 400 | 404) || !path.starts_with("/v1"),
            "{path} was answered {}",
            unknown.text
        );
    }
}

#[actix_web::test]
async fn every_part_of_a_path_names_something_or_nothing() {
    let app = App::demo().await;
    let short = odd().into_iter().map(|text| text.chars().take(300).collect::<String>());
    let mut parts: Vec<_> =
        short.map(|text| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()).collect();
    parts.extend(["%00", "%ff", "%2e%2e", "%2f", "%25", "..;", "a%0ab", "%", "%zz"].map(ToOwned::to_owned));
    for (path, method, operation) in operations().filter(|(path, ..)| path.contains('{')) {
        for part in &parts {
            let path = path.replace("{id}", part).replace("{slug}", part);
            let mut request = app.admin.request(method.clone(), &path).header("if-match", "\"1\"");
            if let Some(body) = body_example(operation) {
                request = request.json(body);
            }
            let answer = app.admin.send(request).await;
            assert!(
                matches!(answer.status, 400 | 404 | 405),
                "{method} {path} was answered {} {}",
                answer.status,
                answer.text
            );
        }
    }
}
