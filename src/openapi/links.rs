//! Where an answer leads: what can be done next with the record that was made.

use serde_json::{Map, Value, json};

/// Each record that a `POST` makes leads to the operations on it, which take its id from the answer.
pub fn lead_on(document: &mut Value) {
    let Some(paths) = document["paths"].as_object() else { return };
    let mut links = Vec::new();
    for (path, item) in paths {
        let made = &item["post"]["responses"]["201"];
        let body = &made["content"]["application/json"]["schema"]["$ref"];
        let schema = body.as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
        let next = paths.iter().filter_map(|(other, operations)| {
            let (name, _) = other.strip_prefix(path.as_str())?.strip_prefix("/{")?.split_once('}')?;
            // A link has no other parameters to give.
            (other.matches('{').count() == 1 && schema.is_some_and(|schema| has(schema, name, document)))
                .then_some((name, operations))
        });
        let leads: Map<_, _> = next.flat_map(|(name, operations)| lead(name, operations)).collect();
        if !leads.is_empty() {
            links.push((path.clone(), leads));
        }
    }
    for (path, leads) in links {
        document["paths"][path]["post"]["responses"]["201"]["links"] = Value::Object(leads);
    }
}

fn has(schema: &Value, name: &str, document: &Value) -> bool {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut parts =
        parts.filter_map(|part| document.pointer(part["$ref"].as_str()?.trim_start_matches('#')).or(Some(part)));
    schema["properties"][name].is_object() || parts.any(|part| part["properties"][name].is_object())
}

fn lead(name: &str, operations: &Value) -> impl Iterator<Item = (String, Value)> {
    operations.as_object().into_iter().flat_map(Map::values).filter_map(move |operation| {
        let (id, summary) = (operation["operationId"].as_str()?, operation["summary"].as_str()?);
        let parameters = json!({name: format!("$response.body#/{name}")});
        Some((id.to_owned(), json!({"operationId": id, "parameters": parameters, "description": format!("{summary}: the one that was made.")})))
    })
}
