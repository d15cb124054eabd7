//! The OpenAPI document: what the handlers declare, completed by what holds for all of them.

mod complete;
mod examples;
mod links;
mod older;
mod precise;
mod webhooks;

use std::fmt::Write as _;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};
use serde_json::Value;
use utoipa::OpenApi;

use crate::error::{Error, KINDS, ParameterError, Result};
use crate::extract;

/// Who may call what needs no key.
const ANYONE: &str = "anyone";

const DESCRIPTION: &str = "\
Who said what about which claim, where it was reported and on whose word, and what the fact-checkers concluded.

- A **claim** is one checkable statement of fact. **Statements** record that a **source** takes a position on it
  (*confirms*, *disputes*, *declines to comment* …), in which **document**, relying on whose statement.
- A **verdict** is a conclusion on a claim, with a rating and evidence. The **dossier** shows all of it at once.
- Reading what is public needs no key. To write, press **Authorize** and enter the key that the server printed on its
  first start. Drafts are seen by their newsroom only; editors publish.
- Every error is a problem (RFC 9457) that says what to do; `/docs/problems` lists them.
- Every `POST` takes an `Idempotency-Key`: repeat it safely. Changes need `If-Match` with the ETag you read.

- Generators that do not know OpenAPI 3.1 take the same document as 3.0.3 at `/openapi-3.0.json`. Language models have
  tools at `/mcp`.

The examples are those of the demo story, which `onrecord serve --demo` loads: they work as they stand.";

#[derive(OpenApi)]
#[openapi(
    info(title = "OnRecord", description = DESCRIPTION, license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"), contact(name = "OnRecord")),
    servers((url = "/", description = "This server")),
    tags(
        (name = "claims", description = "Checkable statements of fact, their parts, and the dossier on each"),
        (name = "search", description = "Finding what is recorded, and whether something was checked already"),
        (name = "claim-links", description = "What claims are to each other: the same, repeated, contradicted, narrower"),
        (name = "statements", description = "Who takes which position on a claim, where, and on whose word"),
        (name = "sources", description = "Who speaks: people, bodies, outlets, and the unnamed"),
        (name = "documents", description = "Where something was said or published"),
        (name = "verdicts", description = "What the fact-checkers concluded"),
        (name = "claimreview", description = "Verdicts as schema.org markup, and a check of such markup"),
        (name = "feeds", description = "Verdicts for readers of feeds"),
        (name = "fact-check-tools", description = "Google's Fact Check Tools API over what is published here, for its clients"),
        (name = "comment-requests", description = "Whom the newsroom asked, and what came of it"),
        (name = "bundles", description = "A whole story in one request"),
        (name = "exports", description = "Whole lists as files"),
        (name = "imports", description = "Files of ClaimReview, and what their ratings stand for"),
        (name = "rating-scales", description = "The ratings that verdicts give"),
        (name = "topics", description = "What claims are about"),
        (name = "changes", description = "Everything that changed, in one order"),
        (name = "webhooks", description = "What happens, sent to you or followed"),
        (name = "log", description = "The transparency log: proofs that nothing published was rewritten"),
        (name = "newsrooms", description = "The organisations that record and check"),
        (name = "members", description = "The people of a newsroom and their roles"),
        (name = "api-keys", description = "Their keys"),
        (name = "operations", description = "Health and metrics"),
    ),
    components(schemas(crate::error::FieldError, crate::error::ParameterError, crate::error::Blocker, crate::fact_check_tools::GoogleError))
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
        complete::resolve_examples(&mut value);
        complete::derive_patches(&mut value);
        complete::derive_bundle(&mut value);
        complete::refer_to_items(&mut value);
        complete::require_answered_members(&mut value);
        let mut operations = Vec::new();
        if let Some(paths) = value["paths"].as_object_mut() {
            for (path, item) in paths {
                for (method, operation) in item.as_object_mut().into_iter().flatten() {
                    complete::complete_operation(path, method, operation);
                    operations.push(describe(path, method, operation)?);
                }
            }
        }
        operations.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
        complete::add_components(&mut value);
        links::lead_on(&mut value);
        precise::operations_of(&mut value).for_each(precise::say_precisely);
        webhooks::describe(&mut value);
        precise::drop_unused(&mut value);
        examples::show(&mut value)?;
        Ok(Self { value, operations })
    }

    /// The document as it is committed and served.
    pub fn pretty(&self) -> String {
        format!("{:#}\n", self.value)
    }

    /// The document as OpenAPI 3.0.3.
    pub fn older(&self) -> String {
        older::older(&self.value).to_string()
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

    /// Whether everybody may send this, without a key.
    pub fn needs_no_key(&self, path: &str, method: &Method) -> bool {
        self.matching(path).any(|operation| operation.method == *method && operation.who == ANYONE)
    }

    /// The operations of a path without an id in it, which come before those with one in that place.
    fn written_out<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |operation| operation.path == path)
    }

    fn matching<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |operation| {
            let (mut template, mut parts) = (operation.path.split('/'), path.split('/'));
            loop {
                match (template.next(), parts.next()) {
                    (None, None) => return true,
                    (Some(expected), Some(part))
                        if expected == part || expected.starts_with('{') && !part.is_empty() => {}
                    _ => return false,
                }
            }
        })
    }
}

/// Refuses what the contract does not know: other methods of paths that stand where elsewhere an id does, such as `/v1/claims/match`, and
/// query parameters, as a misspelled filter must not be ignored.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    match other_methods(&request).and_then(|()| unknown_parameters(&request)) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(error) => Ok(request.error_response(error)),
    }
}

fn other_methods(request: &ServiceRequest) -> Result<()> {
    let Some(document) = request.app_data::<web::Data<Document>>() else { return Ok(()) };
    let mut taking = document.matching(request.path()).filter(|operation| operation.method == *request.method());
    let at = || document.written_out(request.path());
    // Whatever else no operation takes is told so where requests are counted.
    if at().next().is_none() || taking.next().is_none_or(|operation| operation.path == request.path()) {
        return Ok(());
    }
    Err(method_not_allowed(at().map(|operation| operation.method.clone()).collect()))
}

/// HEAD is GET without the body.
fn method_not_allowed(mut allowed: Vec<Method>) -> Error {
    if allowed.contains(&Method::GET) {
        allowed.push(Method::HEAD);
    }
    Error::MethodNotAllowed(allowed)
}

fn unknown_parameters(request: &ServiceRequest) -> Result<()> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let Some(document) = request.app_data::<web::Data<Document>>() else { return Ok(()) };
    let operation = document.matching(request.path()).find(|operation| operation.method == *request.method());
    let known = match operation {
        Some(operation) => operation.query.as_slice(),
        None if matches!(request.path(), "/openapi.json" | "/openapi-3.0.json") => &[],
        None => return Ok(()),
    };
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
    let method = |operation: &Operation| operation.method.clone();
    let mut allowed: Vec<Method> = document.written_out(request.path()).map(method).collect();
    if allowed.is_empty() {
        allowed.extend(document.matching(request.path()).map(method));
    }
    if matches!(request.path(), "/docs" | "/docs/" | "/docs/problems" | "/openapi.json" | "/openapi-3.0.json") {
        allowed.push(Method::GET);
    }
    if request.path() == "/mcp" {
        allowed.push(Method::POST);
    }
    // Pages are no part of the document.
    if allowed.is_empty() && *request.method() != Method::GET && request.resource_map().has_resource(request.path()) {
        allowed.push(Method::GET);
    }
    if allowed.is_empty() { Err(Error::NotFound("path")) } else { Err(method_not_allowed(allowed)) }
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

fn describe(path: &str, method: &str, operation: &Value) -> Result<Operation> {
    let who = operation.pointer("/security/0/api_key/0").and_then(Value::as_str).unwrap_or(ANYONE);
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
