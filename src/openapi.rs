//! The OpenAPI document: what the handlers declare, completed by what holds for all of them.

use std::fmt::Write as _;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::demo;
use crate::error::{Error, KINDS, ParameterError, Result};
use crate::extract;

const DESCRIPTION: &str = "\
Who said what about which claim, where it was reported and on whose word, and what the fact-checkers concluded.

- A **claim** is one checkable statement of fact. **Statements** record that a **source** takes a position on it
  (*confirms*, *disputes*, *declines to comment* …), in which **document**, relying on whose statement.
- A **verdict** is a conclusion on a claim, with a rating and evidence. The **dossier** shows all of it at once.
- Reading what is public needs no key. To write, press **Authorize** and enter the key that the server printed on its
  first start. Drafts are seen by their newsroom only; editors publish.
- Every error is a problem (RFC 9457) that says what to do; `/docs/problems` lists them.
- Every `POST` takes an `Idempotency-Key`: repeat it safely. Changes need `If-Match` with the ETag you read.

The examples are those of the demo story, which `onrecord serve --demo` loads: they work as they stand.";

#[derive(OpenApi)]
#[openapi(
    info(title = "OnRecord", description = DESCRIPTION, license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"), contact(name = "OnRecord", url = "/docs/")),
    servers((url = "/", description = "This server")),
    tags(
        (name = "claims", description = "Checkable statements of fact, their parts, and the dossier on each"),
        (name = "statements", description = "Who takes which position on a claim, where, and on whose word"),
        (name = "sources", description = "Who speaks: people, bodies, outlets, and the unnamed"),
        (name = "documents", description = "Where something was said or published"),
        (name = "verdicts", description = "What the fact-checkers concluded"),
        (name = "bundles", description = "A whole story in one request"),
        (name = "rating-scales", description = "The ratings that verdicts give"),
        (name = "topics", description = "What claims are about"),
        (name = "newsrooms", description = "The organisations that record and check"),
        (name = "members", description = "The people of a newsroom and their roles"),
        (name = "api-keys", description = "Their keys"),
        (name = "operations", description = "Health and metrics"),
    ),
    components(schemas(crate::error::FieldError, crate::error::ParameterError, crate::error::Blocker))
)]
struct Base;

/// The document without its paths.
pub fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// One operation, as requests are checked against it and `operations.txt` lists it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// HTTP method.
    pub method: Method,
    /// Path template.
    pub path: String,
    /// Operation id.
    pub id: String,
    /// `anyone`, or the role that it needs at least.
    pub who: String,
    /// The query parameters that it knows.
    pub query: Vec<String>,
}

/// The complete document.
#[derive(Debug)]
pub struct Document {
    /// The document.
    pub value: Value,
    /// Its operations.
    pub operations: Vec<Operation>,
}

impl Document {
    /// Completes what the handlers declared.
    pub fn complete(declared: &utoipa::openapi::OpenApi) -> Result<Self> {
        let mut value = serde_json::to_value(declared)?;
        resolve_examples(&mut value);
        derive_patches(&mut value);
        let mut operations = Vec::new();
        if let Some(paths) = value["paths"].as_object_mut() {
            for (path, item) in paths {
                for (method, operation) in item.as_object_mut().into_iter().flatten() {
                    complete_operation(path, method, operation);
                    operations.push(describe(path, method, operation)?);
                }
            }
        }
        operations.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
        add_components(&mut value);
        Ok(Self { value, operations })
    }

    /// The document as it is committed and served.
    pub fn pretty(&self) -> String {
        format!("{:#}\n", self.value)
    }

    /// `operations.txt`: every operation with who may call it.
    pub fn operations_table(&self) -> String {
        self.operations.iter().fold(String::new(), |mut table, operation| {
            let Operation { method, path, id, who, .. } = operation;
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{:<6} {path:<32} {id:<24} {who}", method.as_str());
            table
        })
    }

    fn matching<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |operation| {
            let (mut template, mut parts) = (operation.path.split('/'), path.split('/'));
            loop {
                match (template.next(), parts.next()) {
                    (None, None) => return true,
                    (Some(expected), Some(part)) if expected.starts_with('{') || expected == part => {}
                    _ => return false,
                }
            }
        })
    }
}

/// Refuses query parameters that the operation does not know: a misspelled filter must not be ignored.
pub async fn check_parameters(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    match unknown_parameters(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(error) => Ok(request.error_response(error)),
    }
}

fn unknown_parameters(request: &ServiceRequest) -> Result<()> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let Some(document) = request.app_data::<web::Data<Document>>() else { return Ok(()) };
    let operation = document.matching(request.path()).find(|operation| operation.method == *request.method());
    let Some(Operation { query: known, .. }) = operation else { return Ok(()) };
    let hint = if known.is_empty() { "this takes none".to_owned() } else { format!("known are {}", known.join(", ")) };
    let unknown: Vec<_> = extract::read_parameters(request.query_string())?
        .into_keys()
        .filter(|name| !known.contains(name))
        .map(|name| ParameterError::new(name, format!("is not known here; {hint}")))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::Query(unknown)) }
}

/// Answers what no route took: 405 where the path knows other methods, else 404.
pub async fn unrouted(request: actix_web::HttpRequest, document: web::Data<Document>) -> Result<HttpResponse> {
    let mut allowed: Vec<Method> =
        document.matching(request.path()).map(|operation| operation.method.clone()).collect();
    if matches!(request.path(), "/" | "/docs" | "/docs/" | "/docs/problems" | "/openapi.json") {
        allowed.push(Method::GET);
    }
    if allowed.contains(&Method::GET) {
        allowed.push(Method::HEAD);
    }
    if allowed.is_empty() { Err(Error::NotFound("path")) } else { Err(Error::MethodNotAllowed(allowed)) }
}

/// The page behind the `type` of every problem.
pub fn problems_page() -> String {
    let kinds = KINDS.iter().fold(String::new(), |mut list, kind| {
        let _ = write!(
            list,
            "<h2 id=\"{}\">{} <small>{}</small></h2><p>{}</p>",
            kind.slug,
            kind.title,
            kind.status.as_u16(),
            kind.meaning
        );
        list
    });
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OnRecord: problems</title>\
         <style>body{{font:16px/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}}small{{color:#666}}:target{{background:#ffc}}</style>\
         <h1>Problems</h1><p>Every error is an <code>application/problem+json</code> body (RFC 9457). Its <code>type</code> leads here.</p>{kinds}</html>"
    )
}

/// Writes the demo story's ids where examples name its refs (`#peskov`).
fn resolve_examples(value: &mut Value) {
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
fn derive_patches(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let patches: Vec<_> = schemas
        .iter()
        .filter_map(|(name, schema)| {
            let noun = name.strip_prefix("New")?;
            let mut patch = schema.clone();
            let members = patch.as_object_mut()?;
            let required: Vec<Value> = members.remove("required").and_then(|list| list.as_array().cloned()).unwrap_or_default();
            members.remove("example");
            members.insert("minProperties".into(), json!(1));
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
}

fn allow_null(schema: &mut Value) {
    match schema.get("type") {
        Some(Value::String(one)) => schema["type"] = json!([one, "null"]),
        None if schema.get("oneOf").is_none() => *schema = json!({"oneOf": [schema.clone(), {"type": "null"}]}),
        _ => {}
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let secured = operation.get("security").is_some();
    let has_id = path.contains('{');
    let reads = method == "get";
    let mut statuses = vec!["400", "401", "500", "503"];
    if has_id {
        statuses.push("404");
    }
    if reads && (path.starts_with("/v1/claims/") || path.starts_with("/v1/statements/")) {
        statuses.push("410");
    }
    if secured {
        statuses.push("403");
    }
    if !reads {
        statuses.extend(["409", "413", "415", "422"]);
    }
    let versioned = matches!(method, "patch" | "delete") && !path.starts_with("/v1/api-keys");
    if versioned {
        statuses.extend(["410", "412", "428"]);
    }
    if path.starts_with("/health") || path == "/metrics" {
        statuses = vec![];
    }
    for status in statuses {
        let problem = json!({"$ref": format!("#/components/responses/Problem{status}")});
        if operation["responses"].get(status).is_none() {
            operation["responses"][status] = problem;
        }
    }
    add_headers(path, method, has_id, versioned, operation);
    if method == "patch" {
        patch_body(operation);
    }
}

fn add_headers(path: &str, method: &str, has_id: bool, versioned: bool, operation: &mut Value) {
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let reference = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
    let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let responses = &mut operation["responses"];
    match method {
        "post" => {
            parameters.push(reference("IdempotencyKey"));
            if let Some(created) = responses.get_mut("201") {
                created["headers"] = json!({"Location": header("Location"), "ETag": header("ETag"), "Idempotency-Replayed": header("IdempotencyReplayed")});
            }
        }
        "get" if has_id && path.matches('/').count() == 3 && !path.starts_with("/v1/api-keys") => {
            parameters.push(reference("IfNoneMatch"));
            responses["200"]["headers"] = json!({"ETag": header("ETag")});
            responses["304"] =
                json!({"description": "The client has this version", "headers": {"ETag": header("ETag")}});
        }
        "patch" => responses["200"]["headers"] = json!({"ETag": header("ETag")}),
        "get" if path.starts_with("/v1/") && !has_id => responses["200"]["headers"] = json!({"Link": header("Link")}),
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

fn describe(path: &str, method: &str, operation: &Value) -> Result<Operation> {
    let who = operation.pointer("/security/0/api_key/0").and_then(Value::as_str).unwrap_or("anyone");
    let query = operation["parameters"].as_array().into_iter().flatten();
    Ok(Operation {
        method: Method::from_bytes(method.to_uppercase().as_bytes()).map_err(|error| anyhow::anyhow!(error))?,
        path: path.to_owned(),
        id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
        who: who.to_owned(),
        query: query
            .filter(|one| one["in"] == "query")
            .filter_map(|one| one["name"].as_str().map(Into::into))
            .collect(),
    })
}

fn add_components(document: &mut Value) {
    let mut responses = Map::new();
    for kind in KINDS {
        let (name, status) = (format!("Problem{}", kind.status.as_u16()), kind.status.as_u16());
        let example = json!({"type": format!("/docs/problems#{}", kind.slug), "title": kind.title, "status": status, "detail": kind.meaning, "instance": "0199e9c5-8f0a-7cc1-b1ad-3c2f5a1d7e10"});
        let response = responses.entry(name).or_insert_with(|| {
            json!({"description": kind.title, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}})
        });
        response["content"]["application/problem+json"]["examples"][kind.slug] =
            json!({"summary": kind.title, "value": example});
    }
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
            "blockers": {"type": "array", "description": "The records in the way of publishing (409).", "items": {"$ref": "#/components/schemas/Blocker"}},
            "withdrawn_reason": {"type": "string", "description": "Why the record was withdrawn (410)."}
        }
    });
    components["securitySchemes"] = json!({"api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "onr_…", "description": "A member's key. The server prints the first admin key once, on its first start."}});
    components["parameters"] = json!({
        "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string", "minLength": 1, "maxLength": 255}, "description": "Any text of your choice: the same request with the same key is done once, and its answer is replayed for 24 hours."},
        "IfMatch": {"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}, "example": "\"1\"", "description": "The ETag of the version you read: the change is refused with 412 if somebody changed the record since."},
        "IfNoneMatch": {"name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string"}, "description": "The ETag of the version you have: answered with 304 if it is the current one."}
    });
    components["headers"] = json!({
        "ETag": {"schema": {"type": "string"}, "example": "\"1\"", "description": "The record's version."},
        "Location": {"schema": {"type": "string"}, "description": "The address of what was made."},
        "Link": {"schema": {"type": "string"}, "description": "The next page, rel=\"next\" (RFC 8288); absent on the last page."},
        "IdempotencyReplayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "Present when this answer was given before."}
    });
}
