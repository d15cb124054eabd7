//! What tools take: taken from the OpenAPI document, so that nothing is described twice.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use validator::Validate;

use crate::body::Json;
use crate::error::{Error, FieldError, Result};
use crate::idempotency::LONGEST_KEY;
use crate::page::PageRequest;
use crate::text;

/// How many records a list answers unless asked: fewer than over REST, as a model reads them all.
const USUALLY: usize = 10;

/// What a tool takes of an operation: the named parameters and members of the body, as a JSON Schema. The `id` of a path is `claim_id`.
pub fn schema_of(document: &Value, operation_id: &str, takes: &[&str]) -> Map<String, Value> {
    let operations = document["paths"].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_object);
    let operation = operations.flat_map(Map::values).find(|operation| operation["operationId"] == operation_id);
    let operation = operation.unwrap_or(&Value::Null);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(document, parameter);
        let name = match parameter["name"].as_str().unwrap_or_default() {
            "id" => "claim_id",
            name => name,
        };
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        if parameter["required"] == true {
            required.push(json!(name));
        }
        properties.insert(name.to_owned(), schema);
    }
    let body = resolved(document, &operation["requestBody"]["content"]["application/json"]["schema"]);
    properties.extend(body["properties"].as_object().cloned().unwrap_or_default());
    required.extend(body["required"].as_array().cloned().unwrap_or_default());
    properties.retain(|name, _| takes.contains(&name.as_str()));
    required.retain(|name| properties.contains_key(name.as_str().unwrap_or_default()));
    if let Some(limit) = properties.get_mut("limit").filter(|limit| limit["default"].is_number()) {
        limit["default"] = json!(USUALLY);
    }
    let mut schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let mut definitions = BTreeMap::new();
    bring_definitions(&mut schema, document, &mut definitions);
    if !definitions.is_empty() {
        schema["$defs"] = json!(definitions);
    }
    schema.as_object().cloned().unwrap_or_default()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let found = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    found.unwrap_or(value)
}

/// Makes references to the document's schemas ones to definitions, and brings those along.
fn bring_definitions(schema: &mut Value, document: &Value, definitions: &mut BTreeMap<String, Value>) {
    match schema {
        Value::Object(members) => {
            // OpenAPI's own, which is no keyword of JSON Schema.
            members.remove("example");
            for (keyword, member) in members {
                match member.as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
                    Some(name) if keyword == "$ref" => {
                        let name = name.to_owned();
                        if !definitions.contains_key(&name) {
                            let mut definition = document["components"]["schemas"][&name].clone();
                            definitions.insert(name.clone(), Value::Null);
                            bring_definitions(&mut definition, document, definitions);
                            definitions.insert(name.clone(), definition);
                        }
                        *member = json!(format!("#/$defs/{name}"));
                    }
                    _ => bring_definitions(member, document, definitions),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| bring_definitions(item, document, definitions)),
        _ => {}
    }
}

/// The arguments of one call.
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Refuses what the tool does not take. Null is as if it were left out, as models send it for what they do not need.
    pub fn new(mut given: Map<String, Value>, schema: &Map<String, Value>) -> Result<Self> {
        given.retain(|_, value| !value.is_null());
        let known = schema.get("properties").and_then(Value::as_object);
        let names = known.into_iter().flat_map(Map::keys).map(String::as_str).collect::<Vec<_>>();
        let unknown = given.keys().filter(|name| !names.contains(&name.as_str()));
        let unknown: Vec<_> = unknown
            .map(|name| {
                FieldError::new(format!("/{name}"), format!("is no argument here; known are {}", names.join(", ")))
            })
            .collect();
        if unknown.is_empty() { Ok(Self(given)) } else { Err(Error::Validation(unknown)) }
    }

    /// Takes the claim's id out.
    pub fn take_claim_id(&mut self) -> Result<Uuid> {
        let id = self.0.remove("claim_id").and_then(|id| Uuid::try_parse(id.as_str()?).ok());
        id.ok_or_else(|| {
            Error::field("/claim_id", "must be the id of a claim, as search_claims and match_text answer it")
        })
    }

    /// Takes out what makes a repetition of the call known, where it is given.
    pub fn take_key(&mut self) -> Result<Option<String>> {
        let Some(key) = self.0.remove("idempotency_key") else { return Ok(None) };
        let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && text::storable(key).is_ok();
        let key = key.as_str().filter(fits).map(ToOwned::to_owned);
        let refused = || Error::field("/idempotency_key", format!("must be a text of 1 to {LONGEST_KEY} bytes"));
        key.map(Some).ok_or_else(refused)
    }

    /// Takes out which page is asked for; its cursor is tied to the tool and to the other arguments.
    pub fn take_page(&mut self, tool: &str) -> Result<PageRequest> {
        let texts = self
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), Into::into)));
        let mut texts: BTreeMap<String, String> = texts.collect();
        texts.entry("limit".to_owned()).or_insert_with(|| USUALLY.to_string());
        self.0.retain(|name, _| !["limit", "cursor"].contains(&name.as_str()));
        PageRequest::read(tool, &mut texts)
    }

    /// Reads what is left as the operation's type.
    pub fn read<T: DeserializeOwned + Validate>(self) -> Result<T> {
        Json::of(Value::Object(self.0)).read()
    }

    /// What is left as JSON.
    pub fn rest(self) -> Json {
        Json::of(Value::Object(self.0))
    }
}
