//! JSON-LD in the ways that ClaimReview is written in.

use serde_json::{Map, Value};

use super::rules::MOST;

/// Whether an object is of a type, whichever way the type is written.
pub fn is_a(object: &Map<String, Value>, wanted: &str) -> bool {
    let named = |value: &Value| {
        value
            .as_str()
            .is_some_and(|name| name.rsplit(['/', ':']).next().is_some_and(|last| last.eq_ignore_ascii_case(wanted)))
    };
    match object.get("@type") {
        Some(Value::Array(types)) => types.iter().any(named),
        Some(one) => named(one),
        None => false,
    }
}

/// Whether an object says that its names are those of schema.org.
pub fn names_schema_org(object: &Map<String, Value>) -> bool {
    let is_it = |value: &Value| value.as_str().is_some_and(|context| context.contains("schema.org"));
    match object.get("@context") {
        Some(Value::Array(contexts)) => contexts.iter().any(is_it),
        Some(Value::Object(context)) => context.values().any(is_it),
        Some(context) => is_it(context),
        None => false,
    }
}

/// A text that says something.
pub fn said<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// One or several objects.
pub fn each(value: Option<&Value>) -> Vec<(String, &Value)> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        // One more than are told of, so that it shows.
        Some(Value::Array(items)) => {
            items.iter().take(MOST + 1).enumerate().map(|(nth, item)| (format!("/{nth}"), item)).collect()
        }
        Some(one) => vec![(String::new(), one)],
    }
}
