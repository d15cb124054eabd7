//! What generators, linters and tools that try the API read out of the document, and readers take for granted.

use serde_json::{Map, Value, json};

/// Texts in queries say something, and have no control characters but tabs and line breaks.
const TEXT: &str =
    r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";

/// Says of an operation that it takes no key, where that is so, and what texts its query takes.
pub fn say_precisely(operation: &mut Value) {
    if operation.get("security").is_none() {
        operation["security"] = json!([]);
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
    for parameter in parameters.filter(|one| one["in"] == "query") {
        let ruled = ["format", "pattern", "enum"].iter().any(|rule| !parameter["schema"][rule].is_null());
        // Of how origins are grouped, an empty one says something: not at all.
        if parameter["schema"]["type"] == "string" && !ruled && parameter["name"] != "group" {
            parameter["schema"]["pattern"] = json!(TEXT);
        }
    }
}

/// Drops the schemas and answers that nothing refers to.
pub fn drop_unused(document: &mut Value) {
    let whole = document.to_string();
    for kind in ["schemas", "responses"] {
        if let Some(components) = document["components"][kind].as_object_mut() {
            components.retain(|name, _| whole.contains(&format!("\"#/components/{kind}/{name}\"")));
        }
    }
}

/// The operations of a document.
pub fn operations_of(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut)
}
