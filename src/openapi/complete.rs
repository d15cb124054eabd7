//! What holds for all operations, so that no handler has to say it: problems, headers, patches, examples.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::bundles::{ARRAYS, MOST_NAME};
use crate::demo;
use crate::error::KINDS;

/// Writes the demo story's ids where examples name its refs (`#peskov`).
pub fn resolve_examples(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(id) = text.strip_prefix('#').and_then(demo::id_of) {
                *text = id.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(resolve_examples),
        Value::Object(members) => members.values_mut().for_each(resolve_examples),
        _ => {}
    }
}

/// `SourceChanges` and so on: merge patches (RFC 7396) have the members of `NewSource`, all of them optional.
pub fn derive_patches(document: &mut Value) {
    let wanted: BTreeSet<String> = document["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|item| item.pointer("/patch/requestBody/content/application~1json/schema/$ref")?.as_str())
        .filter_map(|reference| reference.rsplit('/').next().map(Into::into))
        .collect();
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let patches: Vec<_> = schemas
        .iter()
        .filter(|(name, _)| wanted.contains(*name))
        .filter_map(|(name, schema)| {
            let noun = name.strip_prefix("New")?;
            let mut patch = schema.clone();
            let members = patch.as_object_mut()?;
            let required: Vec<Value> = members.remove("required").and_then(|list| list.as_array().cloned()).unwrap_or_default();
            members.remove("example");
            members.insert(
                "description".into(),
                json!("A JSON merge patch (RFC 7396): members that are left out stay as they are, null clears, lists are replaced whole."),
            );
            for (member, schema) in members.get_mut("properties")?.as_object_mut()? {
                if !required.iter().any(|name| name == member) {
                    allow_null(schema);
                }
            }
            Some((format!("{noun}Changes"), patch))
        })
        .collect();
    schemas.extend(patches);
    derive_answer(schemas);
    if let Some(changes) = schemas.get_mut("NewCorrection").and_then(|schema| schema.pointer_mut("/properties/changes"))
    {
        // What is corrected in a verdict has the members of a change.
        let description = changes["description"].take();
        *changes = json!({"$ref": "#/components/schemas/VerdictChanges", "description": description});
    }
}

/// `NewAnswer` has the members of `NewStatement` but the two that a comment request gives it.
fn derive_answer(schemas: &mut Map<String, Value>) {
    let Some(mut answer) = schemas.get("NewStatement").cloned() else { return };
    let given = ["claim_id", "source_id"];
    if let Some(members) = answer["properties"].as_object_mut() {
        members.retain(|name, _| !given.contains(&name.as_str()));
    }
    if let Some(required) = answer["required"].as_array_mut() {
        required.retain(|name| !given.iter().any(|one| name == one));
    }
    if let Some(declared) = schemas.get_mut("NewAnswer") {
        answer["description"] = declared["description"].take();
        answer["example"] = declared["example"].take();
        *declared = answer;
    }
}

/// `BundleSource` and so on, written flat: the members of `NewSource`, an optional `ref`, and ids that may name items of
/// the bundle. Nested items such as `Appearance` follow as `BundleAppearance`.
pub fn derive_bundle(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for (array, noun) in ARRAYS {
        let name = noun.as_str();
        let name: String = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        let Some(mut item) = schemas.get(&format!("New{name}")).cloned() else { continue };
        name_items(&mut item, schemas);
        if let Some(members) = item.as_object_mut() {
            members.remove("example");
        }
        item["description"] =
            json!(format!("A {} of a bundle: as New{name}, and other items may name it.", noun.as_str()));
        item["properties"]["ref"] = json!({
            "type": ["string", "null"], "minLength": 1, "maxLength": MOST_NAME, "pattern": "^[^#]",
            "description": "Its name within the bundle: any item may have \"#\" and this name in place of its id."
        });
        schemas.insert(format!("Bundle{name}"), item);
        if let Some(bundle) = schemas.get_mut("NewBundle") {
            bundle["properties"][array]["items"] = json!({"$ref": format!("#/components/schemas/Bundle{name}")});
            bundle["additionalProperties"] = json!(false);
        }
    }
}

/// Lets ids in an item be `"#ref"`.
fn name_items(schema: &mut Value, schemas: &mut Map<String, Value>) {
    for (member, declared) in schema["properties"].as_object_mut().into_iter().flatten() {
        // No item of a bundle is a rating.
        if declared["format"] == "uuid" && member != "rating_id" {
            if let Some(keywords) = declared.as_object_mut() {
                keywords.remove("format");
            }
            declared["pattern"] = json!("^(#[^#]|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$)");
            let description = declared["description"].as_str().unwrap_or_default();
            declared["description"] = json!(format!("{description} A UUID, or \"#\" and an item's `ref`."));
        }
        let nested = declared.pointer("/items/$ref").and_then(Value::as_str);
        let Some(name) = nested.and_then(|reference| reference.rsplit('/').next()).map(str::to_owned) else { continue };
        let Some(mut item) = schemas.get(&name).cloned() else { continue };
        name_items(&mut item, schemas);
        schemas.insert(format!("Bundle{name}"), item);
        declared["items"]["$ref"] = json!(format!("#/components/schemas/Bundle{name}"));
    }
}

/// What is answered has all its members: one without a value is null, not absent. Requests, which refuse unknown
/// members, may leave some out; and JSON-LD, JSON Feed and Google's API do, where null says something else.
pub fn require_answered_members(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let ours = schemas
        .into_iter()
        .flatten()
        .filter(|(name, _)| !["FactCheck", "JsonFeed"].iter().any(|theirs| name.starts_with(theirs)))
        .map(|(_, schema)| schema);
    for schema in ours {
        let whole = if schema.get("allOf").is_some() { schema.pointer_mut("/allOf/1") } else { Some(schema) };
        let answered = |schema: &&mut Value| {
            schema.get("additionalProperties").is_none() && schema.pointer("/properties/@type").is_none()
        };
        let Some(schema) = whole.filter(answered) else { continue };
        let members: Option<Vec<Value>> =
            schema["properties"].as_object().map(|members| members.keys().map(|name| json!(name)).collect());
        if let Some(members) = members {
            schema["required"] = Value::Array(members);
        }
    }
}

/// A page names the schema of its items, where utoipa writes it out again.
pub fn refer_to_items(document: &mut Value) {
    for (name, schema) in
        document.pointer_mut("/components/schemas").and_then(Value::as_object_mut).into_iter().flatten()
    {
        if let Some(noun) = name.strip_prefix("Page_") {
            schema["properties"]["items"]["items"] = json!({"$ref": format!("#/components/schemas/{noun}")});
        }
    }
}

fn allow_null(schema: &mut Value) {
    match schema.get("type") {
        Some(Value::String(one)) => schema["type"] = json!([one, "null"]),
        None if schema.get("oneOf").is_none() => *schema = json!({"oneOf": [schema.clone(), {"type": "null"}]}),
        _ => {}
    }
}

/// Adds the problems, headers and patch body that an operation has by its kind.
pub fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let secured = operation.get("security").is_some();
    if !secured && path.starts_with("/v1/") {
        // Nobody needs a key, and members see more with theirs: without this Swagger UI would not send it.
        operation["security"] = json!([{}, {"api_key": []}]);
    }
    let has_id = path.contains('{');
    let reads = method == "get";
    // 403 also where nobody needs a key: who signs in elsewhere may have no role here.
    let mut statuses = vec!["400", "401", "403", "429", "500", "503"];
    if has_id {
        statuses.push("404");
    }
    if reads && ["/v1/claims/", "/v1/statements/", "/v1/verdicts/"].iter().any(|noun| path.starts_with(noun))
        || path.ends_with("/raw")
        || reads && path.ends_with("/file")
    {
        statuses.push("410");
    }
    if method == "post" && path.starts_with("/v1/verdicts/") {
        statuses.push("410");
    }
    if acts(path, method) {
        statuses.push("412");
    }
    if !reads {
        statuses.extend(["408", "413", "415", "422"]);
    }
    if !reads && !asks(path) {
        statuses.push("409");
    }
    // Google's API names versions in bodies; keys and files have none.
    let of_google = path.starts_with("/v1alpha1/");
    let versionless = of_google || path.starts_with("/v1/api-keys") || path.ends_with("/file");
    let versioned = matches!(method, "patch" | "delete") && !versionless;
    if versioned {
        statuses.extend(["410", "412", "428"]);
    }
    // What can be drawn may have too much in it for one answer.
    if operation.pointer("/responses/200/content/image~1svg+xml").is_some() {
        statuses.push("422");
    }
    if path.starts_with("/health") || path == "/metrics" {
        statuses = vec!["400"];
    }
    for status in statuses {
        let problem = if of_google { "GoogleError".to_owned() } else { format!("Problem{status}") };
        let problem = json!({"$ref": format!("#/components/responses/{problem}")});
        if operation["responses"].get(status).is_none() {
            operation["responses"][status] = problem;
        }
    }
    add_headers(path, method, has_id, versioned, operation);
    // A body that may be left out is not null.
    if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema")
        && let Some(given) = schema.pointer("/oneOf/0").cloned()
    {
        *schema = given;
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if of_google || answer.get("$ref").is_some() {
            continue;
        }
        if status.as_str() >= "400" && answer.get("content").is_none() {
            let schema = json!({"$ref": "#/components/schemas/Problem"});
            answer["content"] = json!({"application/problem+json": {"schema": schema}});
        }
        if path.starts_with("/v1/") {
            add_rate_limit(answer);
        }
    }
    if method == "patch" {
        patch_body(operation);
    }
}

/// Whether a `POST` asks and changes nothing.
fn asks(path: &str) -> bool {
    path.starts_with("/v1/claims/match") || path == "/v1/claimreview/validate"
}

/// Whether it moves a record of which a version may be named.
fn acts(path: &str, method: &str) -> bool {
    let on_versions = path.starts_with("/v1/verdicts/{id}/") || path.starts_with("/v1/comment-requests/{id}/");
    method == "post" && on_versions && !path.ends_with("/comments")
}

fn add_rate_limit(answer: &mut Value) {
    for name in ["RateLimit", "RateLimit-Policy"] {
        answer["headers"][name] = json!({"$ref": format!("#/components/headers/{}", name.replace('-', ""))});
    }
}

fn add_headers(path: &str, method: &str, has_id: bool, versioned: bool, operation: &mut Value) {
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let reference = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
    let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let responses = &mut operation["responses"];
    match method {
        "post" if asks(path) => {}
        "post" => {
            parameters.push(reference("IdempotencyKey"));
            if acts(path, method) {
                parameters.push(reference("IfMatchGiven"));
                if let Some(moved) = responses.get_mut("200") {
                    moved["headers"] =
                        json!({"ETag": header("ETag"), "Idempotency-Replayed": header("IdempotencyReplayed")});
                }
            }
            if let Some(created) = responses.get_mut("201") {
                created["headers"] = json!({"Location": header("Location"), "ETag": header("ETag"), "Idempotency-Replayed": header("IdempotencyReplayed")});
                // A key has no versions, a bundle is no record, and a comment stands in its thread.
                let absent: &[&str] = match path {
                    "/v1/api-keys" => &["ETag"],
                    "/v1/bundles" | "/v1/redactions" | "/v1/verdicts/{id}/comments" => &["ETag", "Location"],
                    _ => &[],
                };
                if let Some(headers) = created["headers"].as_object_mut() {
                    headers.retain(|name, _| !absent.contains(&name.as_str()));
                }
            }
        }
        "get"
            if has_id
                && path.matches('/').count() == 3
                && path.starts_with("/v1/")
                && !path.starts_with("/v1/api-keys") =>
        {
            parameters.push(reference("IfNoneMatch"));
            responses["200"]["headers"] = json!({"ETag": header("ETag")});
            responses["304"] =
                json!({"description": "The client has this version", "headers": {"ETag": header("ETag")}});
        }
        "get" if path.starts_with("/v1/exports/") => {
            responses["200"]["headers"] = json!({"Content-Disposition": header("ContentDisposition")});
        }
        "patch" => responses["200"]["headers"] = json!({"ETag": header("ETag")}),
        "get"
            if path.starts_with("/v1/")
                && path != "/v1/suggest"
                && (!has_id || ["/comments", "/deliveries", "/records"].iter().any(|list| path.ends_with(list))) =>
        {
            responses["200"]["headers"] = json!({"Link": header("Link")});
        }
        _ => {}
    }
    if versioned {
        parameters.push(reference("IfMatch"));
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
}

/// A patch's body is the derived schema of its noun, in both media types that are taken.
fn patch_body(operation: &mut Value) {
    let content = &mut operation["requestBody"]["content"]["application/json"];
    if let Some(name) = content["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit("/New").next()) {
        content["schema"]["$ref"] = json!(format!("#/components/schemas/{name}Changes"));
    }
    let content = content.clone();
    operation["requestBody"]["content"]["application/merge-patch+json"] = content;
}

/// Adds what operations refer to.
pub fn add_components(document: &mut Value) {
    let mut responses = Map::new();
    for kind in KINDS {
        let (name, status) = (format!("Problem{}", kind.status.as_u16()), kind.status.as_u16());
        let example = json!({"type": format!("/docs/problems#{}", kind.slug), "title": kind.title, "status": status, "detail": kind.meaning, "instance": "0199e9c5-8f0a-7cc1-b1ad-3c2f5a1d7e10"});
        let response = responses.entry(name).or_insert_with(|| {
            json!({"description": kind.title, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}})
        });
        response["content"]["application/problem+json"]["examples"][kind.slug] =
            json!({"summary": kind.title, "value": example});
        add_rate_limit(response);
        if [429, 503].contains(&status) {
            response["headers"]["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
        }
    }
    responses.insert("GoogleError".into(), json!({"description": "What is wrong, as Google's APIs tell it", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GoogleError"}}}}));
    let components = &mut document["components"];
    components["responses"] = Value::Object(responses);
    components["schemas"]["Problem"] = json!({
        "type": "object",
        "description": "What went wrong and what to do (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Which kind of problem; leads to its explanation."},
            "title": {"type": "string", "description": "The kind in words; the same each time."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What is wrong this time and what to do."},
            "instance": {"type": ["string", "null"], "description": "The request's id, as in X-Request-Id."},
            "errors": {"type": "array", "description": "The faulty members (422) or query parameters (400).", "items": {"oneOf": [{"$ref": "#/components/schemas/FieldError"}, {"$ref": "#/components/schemas/ParameterError"}]}},
            "existing_id": {"type": "string", "format": "uuid", "description": "The record in the way (409)."},
            "blockers": {"type": "array", "description": "The records in the way of publishing, or up to ten of those in the way of deletion (409).", "items": {"$ref": "#/components/schemas/Blocker"}},
            "withdrawn_reason": {"type": "string", "description": "Why the record was withdrawn (410)."}
        }
    });
    components["securitySchemes"] = json!({"api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "onr_…", "description": "A member's key. The server prints the first admin key once, on its first start. Where the server has a single sign-on, an ID token or access token of its OpenID provider (a JWT) is taken as well."}});
    components["parameters"] = json!({
        "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string", "minLength": 1, "maxLength": 255}, "description": "Any text of your choice: the same request with the same key is done once, and its answer is replayed for 24 hours."},
        "IfMatch": {"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}, "example": "\"1\"", "description": "The ETag of the version you read: the change is refused with 412 if somebody changed the record since."},
        "IfMatchGiven": {"name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"}, "description": "The ETag of the version you read: where you send it, the action is refused with 412 if somebody changed the record since."},
        "IfNoneMatch": {"name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string"}, "description": "The ETag of the version you have: answered with 304 if it is the current one."}
    });
    components["headers"] = json!({
        "ETag": {"schema": {"type": "string"}, "example": "\"1\"", "description": "The record's version."},
        "Location": {"schema": {"type": "string"}, "description": "The address of what was made."},
        "ContentDisposition": {"schema": {"type": "string"}, "example": "attachment; filename=\"claims-2026-03-14.csv\"", "description": "The name that browsers give the file."},
        "Link": {"schema": {"type": "string"}, "description": "The next page, rel=\"next\" (RFC 8288); absent on the last page."},
        "RateLimit": {"schema": {"type": "string"}, "example": "\"key\";r=5990;t=1", "description": "What is left (draft-ietf-httpapi-ratelimit-headers): r requests; in t seconds there are all of them again. Absent where nothing is limited."},
        "RateLimitPolicy": {"schema": {"type": "string"}, "example": "\"key\";q=6000;w=60", "description": "What is counted, by key or by address: q requests in w seconds. Absent where nothing is limited."},
        "RetryAfter": {"schema": {"type": "integer", "minimum": 1}, "example": 1, "description": "Seconds to wait before another try."},
        "IdempotencyReplayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "Present when this answer was given before."}
    });
}
