//! What serde and validator found wrong, in the words of the documentation and with JSON Pointers.

use serde_json::Value;
use validator::{ValidationErrors, ValidationErrorsKind};

use crate::error::FieldError;
use crate::text;

/// serde's complaint about a body, at the member it is about.
pub fn unreadable_member(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    use serde_path_to_error::Segment;
    let mut pointer: String = error
        .path()
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", text::escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect();
    let message = error.inner().to_string();
    if let Some(name) = named(&message) {
        let last = format!("/{}", text::escaped(&name));
        if !pointer.ends_with(&last) {
            pointer.push_str(&last);
        }
    }
    let detail = match sentence(&message) {
        id if id == NO_ID && pointer.ends_with("/rating_id") => format!("{id}; {RATINGS}"),
        detail => detail,
    };
    FieldError::new(pointer, detail)
}

const NO_ID: &str = "must be a UUID";

/// Where the ids are that nobody records.
pub const RATINGS: &str = "GET /v1/rating-scales lists the ratings with their ids";

/// The member that serde names where its path does not: an unknown or a missing one.
pub fn named(message: &str) -> Option<String> {
    let rest = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))?;
    // An unknown name may itself hold backticks; what follows it is fixed.
    let end = rest.find("`, expected").or_else(|| rest.find("`, there are no fields")).or_else(|| rest.rfind('`'))?;
    rest.get(..end).map(Into::into)
}

/// serde's message in the words of the documentation.
pub fn sentence(message: &str) -> String {
    let expected = message.split_once(", expected ").map(|(_, expected)| expected.replace('`', ""));
    let known = expected.as_ref().map(|expected| expected.trim_start_matches("one of "));
    match (message, known) {
        (missing, _) if missing.starts_with("missing field") => "is required".into(),
        (unknown, Some(known)) if unknown.starts_with("unknown field") => {
            format!("is not known here; known are {known}")
        }
        (unknown, None) if unknown.starts_with("unknown field") => "is not known here".into(),
        (variant, Some(known)) if variant.contains("unknown variant") => format!("must be one of {known}"),
        (id, _) if id.starts_with("UUID parsing failed") => NO_ID.into(),
        (time, _) if time.contains("premature end of input") || time.contains("input contains invalid characters") => {
            "must be an RFC 3339 time such as 2023-10-02T09:30:00Z".into()
        }
        (other, Some(expected)) if other.starts_with("invalid type") || other.starts_with("invalid value") => {
            format!("must be {}", in_json(expected))
        }
        _ => message.to_owned(),
    }
}

/// What serde calls after Rust's types, in JSON's words.
fn in_json(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        "i32" | "i64" | "u32" | "u64" | "usize" => "a whole number",
        of_ours if of_ours.starts_with("struct ") => "an object",
        enumeration if enumeration.starts_with("enum ") || enumeration.starts_with("string or map") => "a string",
        other => other,
    }
}

/// The validator's findings with JSON Pointers.
pub fn field_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    gather(errors, "", &mut found);
    found.sort();
    found
}

fn gather(errors: &ValidationErrors, pointer: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        // A rule across members says itself where it points.
        let pointer = if field == "__all__" { pointer.to_owned() } else { format!("{pointer}/{field}") };
        match kind {
            ValidationErrorsKind::Struct(inner) => gather(inner, &pointer, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    gather(inner, &format!("{pointer}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(faults) => {
                found.extend(faults.iter().map(|fault| {
                    let at = if fault.code == "refused" { String::new() } else { format!("/{}", fault.code) };
                    match fault.code.as_ref() {
                        "length" | "range" => FieldError::new(&pointer, bounds(fault)),
                        _ => FieldError::new(format!("{pointer}{at}"), fault.message.clone().unwrap_or_default()),
                    }
                }));
            }
        }
    }
}

fn bounds(fault: &validator::ValidationError) -> String {
    let of = |name: &str| fault.params.get(name).and_then(Value::as_u64);
    let what = match fault.params.get("value") {
        Some(Value::Array(_)) => " items",
        Some(Value::Number(_)) => "",
        _ => " characters",
    };
    match (of("min"), of("max")) {
        (Some(min), Some(max)) => format!("must have {min} to {max}{what}"),
        (Some(min), None) => format!("must have at least {min}{what}"),
        (_, max) => format!("must have at most {}{what}", max.unwrap_or_default()),
    }
}
