//! The smallest bodies that are taken, to be changed where a test is about something.

use serde_json::{Value, json};

/// `base` with the members of `changes` in place of its own.
pub fn with(mut base: Value, changes: Value) -> Value {
    base.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    base
}

pub fn source(changes: Value) -> Value {
    with(json!({"kind": "person", "name": "Dmitry Peskov"}), changes)
}

pub fn document(changes: Value) -> Value {
    with(json!({"kind": "article", "title": "Talks in Istanbul"}), changes)
}

pub fn claim(changes: Value) -> Value {
    with(json!({"text": "The meeting took place.", "language": "en"}), changes)
}

pub fn statement(claim_id: &str, source_id: &str, changes: Value) -> Value {
    with(json!({"claim_id": claim_id, "source_id": source_id, "stance": "confirms"}), changes)
}

pub fn verdict(claim_id: &str, changes: Value) -> Value {
    with(json!({"claim_id": claim_id}), changes)
}
