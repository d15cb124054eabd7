//! Values of JSON-LD, where anything may be a list, and a text an object.

use serde_json::{Map, Value};

/// An object of JSON.
pub type Object = Map<String, Value>;

/// The items of a list, or the one there is.
pub fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Whether there is a character in it that could not be decoded.
pub fn is_unread(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\u{FFFD}'),
        Value::Array(items) => items.iter().any(is_unread),
        Value::Object(object) => object.values().any(is_unread),
        _ => false,
    }
}

/// The object, or the first one in a list.
pub fn first_object(value: &Value) -> Option<&Object> {
    each(value).into_iter().find_map(Value::as_object)
}

/// The texts in a value: strings, numbers, and what JSON-LD wraps in objects.
pub fn texts(value: &Value) -> Vec<String> {
    each(value)
        .into_iter()
        .filter_map(|one| match one {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Object(object) => ["@value", "@id", "name", "alternateName", "url"]
                .iter()
                .find_map(|name| Some(object.get(*name)?.as_str()?.to_owned())),
            _ => None,
        })
        .filter(|text| !text.trim().is_empty())
        .collect()
}

/// The first of the texts in a value.
pub fn first_text(value: Option<&Value>) -> Option<String> {
    texts(value?).into_iter().next()
}
