//! References within a page's JSON-LD: `{"@id": "#org"}` stands for the object with that `@id`, wherever it stands.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Content, LARGEST, Piece};

/// How deep references are followed within each other: what refers to itself would have no end.
const DEEPEST: usize = 3;

type Object = Map<String, Value>;

/// What an object refers to, where it says nothing else.
pub fn reference(object: &Object) -> Option<&str> {
    let id = object.get("@id")?.as_str()?;
    object.keys().all(|name| name.starts_with('@')).then_some(id)
}

/// Objects, each with how many bytes of JSON it has, by what they are called.
type Nodes<'a> = HashMap<&'a str, (&'a Object, usize)>;

/// Puts what records refer to in their places, from the block that they stand in. Their bytes stay as they are.
pub fn follow(block: &[u8], pieces: &mut [Piece]) {
    let refers = |piece: &Piece| matches!(&piece.content, Ok(Content::Object(record)) if has_reference(record));
    if block.len() > LARGEST || !pieces.iter().any(refers) {
        return;
    }
    let Ok(document) = serde_json::from_slice::<Value>(block) else { return };
    let mut nodes = HashMap::new();
    collect(&document, &mut nodes);
    // All that is put in is bounded, however often a large object is referred to.
    let mut left = LARGEST;
    for piece in pieces {
        if let Ok(Content::Object(record)) = &mut piece.content {
            resolve(record, &nodes, DEEPEST, &mut left);
        }
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_reference),
        Value::Object(object) => reference(object).is_some() || object.values().any(has_reference),
        _ => false,
    }
}

/// The objects that say more than what they are called.
fn collect<'a>(value: &'a Value, nodes: &mut Nodes<'a>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, nodes)),
        Value::Object(object) => {
            if let Some(id) = object.get("@id").and_then(Value::as_str)
                && reference(object).is_none()
            {
                nodes.entry(id).or_insert_with(|| (object, value.to_string().len()));
            }
            object.values().for_each(|member| collect(member, nodes));
        }
        _ => {}
    }
}

fn resolve(value: &mut Value, nodes: &Nodes<'_>, mut deep: usize, left: &mut usize) {
    if let Value::Object(object) = value
        && let Some((node, size)) = reference(object).and_then(|id| nodes.get(id))
    {
        if deep == 0 || *size > *left {
            return;
        }
        *left -= size;
        deep -= 1;
        *value = Value::Object((*node).clone());
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, nodes, deep, left)),
        Value::Object(object) => object.values_mut().for_each(|member| resolve(member, nodes, deep, left)),
        _ => {}
    }
}
