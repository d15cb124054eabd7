//! Holds every answer to the OpenAPI document: status, media type, headers and body, without undocumented members.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::{Registry, Validator};
use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::load);

/// The document that the server serves.
pub fn contract() -> &'static Contract {
    &CONTRACT
}

pub struct Contract {
    pub document: Value,
    schemas: Registry<'static>,
    /// By path template, method, status and media type; none where the body is not JSON.
    bodies: HashMap<(String, String, String, String), Option<Body>>,
    problem: Body,
}

/// A body's schema, compiled when it is first needed: most runs need a few of hundreds.
struct Body {
    schema: Value,
    compiled: OnceLock<Validator>,
}

/// The document as it is served, and [closed](close), in the registry.
const SERVED: &str = "urn:served";
const CLOSED: &str = "urn:closed";

impl Contract {
    fn load() -> Self {
        let document: Value = serde_json::from_str(&onrecord::app::document().unwrap().pretty()).unwrap();
        let schemas = Registry::new().add(SERVED, document.clone()).unwrap().add(CLOSED, close(document.clone()));
        let schemas = schemas.unwrap().prepare().unwrap();
        let mut bodies = HashMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let response = resolve(&document, response);
                    let content = response["content"].as_object().cloned().unwrap_or_default();
                    let key = |media: &str| (path.clone(), method.to_uppercase(), status.clone(), media.to_owned());
                    if content.is_empty() {
                        bodies.insert(key(""), None);
                    }
                    for (media, body) in content {
                        let body = is_json(&media).then(|| Body::new(&body["schema"]));
                        bodies.insert(key(&media), body);
                    }
                }
            }
        }
        let problem = Body::new(&json!({"$ref": "#/components/schemas/Problem"}));
        Self { document, schemas, bodies, problem }
    }

    /// What does not fit a schema of the document as it is served.
    pub fn misfits(&self, schema: &Value, body: &Value) -> Vec<String> {
        let faults = self.compile(&within(SERVED, schema));
        faults.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The template that a path follows.
    pub fn template(&self, path: &str) -> Option<&str> {
        let fits = |template: &str| {
            let (expected, parts): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            expected.len() == parts.len()
                && expected
                    .iter()
                    .zip(&parts)
                    .all(|(expected, part)| expected == part || expected.starts_with('{') && !part.is_empty())
        };
        self.document["paths"].as_object().unwrap().keys().map(String::as_str).find(|template| fits(template))
    }

    /// Panics where an answer is not as documented.
    pub fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let what = format!("{method} {path} answered {}", answer.status);
        let media = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        assert!(answer.header("x-request-id").is_some(), "{what} without X-Request-Id");
        // Google's API tells its errors in its own way.
        // So does the Model Context Protocol, once a message of it was read.
        let otherwise = path.starts_with("/v1alpha1/") || path == "/mcp" && media == "application/json";
        if answer.status >= 400 && *method != Method::HEAD && !otherwise {
            assert_eq!(media, "application/problem+json", "{what} as no problem: {}", answer.text);
            self.hold(&self.problem, &answer.body, &what);
            assert_eq!(answer.body["status"], answer.status, "{what} and says otherwise");
            assert_eq!(answer.body["instance"].as_str(), answer.header("x-request-id"), "{what}: another instance");
        }
        let Some(template) = self.template(path) else { return };
        if !self.document["paths"][template].as_object().unwrap().contains_key(&method.as_str().to_lowercase()) {
            return;
        }
        let key = (template.to_owned(), method.to_string(), answer.status.to_string(), media.to_owned());
        match self.bodies.get(&key) {
            Some(Some(body)) => self.hold(body, &answer.body, &what),
            Some(None) => {}
            None => panic!("{what} as {media:?}, which is not documented: {}", answer.text),
        }
        for header in self.documented_headers(template, method, answer.status) {
            // These come only sometimes.
            if !["Link", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"].contains(&header.as_str()) {
                assert!(answer.header(&header).is_some(), "{what} without {header}");
            }
        }
    }

    fn compile(&self, schema: &Value) -> Validator {
        jsonschema::options().should_validate_formats(true).with_registry(&self.schemas).build(schema).unwrap()
    }

    fn hold(&self, body: &Body, answer: &Value, what: &str) {
        let schema = body.compiled.get_or_init(|| self.compile(&body.schema));
        let faults: Vec<_> =
            schema.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{what}, not as documented: {faults:#?}\n{answer:#}");
    }

    fn documented_headers(&self, template: &str, method: &Method, status: u16) -> Vec<String> {
        let operation = &self.document["paths"][template][method.as_str().to_lowercase()];
        let response = resolve(&self.document, &operation["responses"][status.to_string()]);
        response["headers"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }
}

/// Whether a body of this media type is one JSON text.
pub fn is_json(media: &str) -> bool {
    media.contains("json") && !media.contains("ndjson")
}

impl Body {
    fn new(schema: &Value) -> Self {
        // Without a schema a body may be anything.
        let schema = if schema.is_null() { &Value::Bool(true) } else { schema };
        Self { schema: within(CLOSED, schema), compiled: OnceLock::new() }
    }
}

/// A schema of the document that can stand outside of it.
fn within(document: &str, schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match value.as_str().filter(|_| name == "$ref") {
                Some(pointer) => (name.clone(), json!(format!("{document}{pointer}"))),
                None => (name.clone(), within(document, value)),
            })
            .collect(),
        Value::Array(parts) => parts.iter().map(|part| within(document, part)).collect(),
        other => other.clone(),
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The document with every object closed: a member that is not documented fails, as one that is missing does.
fn close(mut document: Value) -> Value {
    let schemas = document["components"]["schemas"].clone();
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        if let Some(parts) = schema["allOf"].as_array().cloned() {
            let (mut members, mut required) = (serde_json::Map::new(), Vec::new());
            for part in parts {
                let part = match part["$ref"].as_str() {
                    Some(reference) => schemas[reference.rsplit('/').next().unwrap()].clone(),
                    None => part,
                };
                members.extend(part["properties"].as_object().unwrap().clone());
                required.extend(part["required"].as_array().unwrap().clone());
            }
            *schema = json!({"type": "object", "properties": members, "required": required});
        }
    }
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = json!(false);
        }
    }
    document
}
