//! The document as OpenAPI 3.0.3, for generators that know no newer version.

use serde_json::{Map, Value, json};

/// The same operations, without what 3.0 cannot say: webhooks, and what names of members look like.
pub fn older(document: &Value) -> Value {
    let mut older = document.clone();
    older["openapi"] = json!("3.0.3");
    if let Some(license) = older.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
    }
    if let Some(members) = older.as_object_mut() {
        members.remove("webhooks");
    }
    for schema in
        older.pointer_mut("/components/schemas").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        rewrite(schema);
    }
    find_schemas(&mut older);
    older
}

/// Rewrites what stands under `schema`, wherever that is.
fn find_schemas(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => rewrite(member),
                    // Rewritten already, and data.
                    "schemas" | "example" | "examples" => {}
                    _ => find_schemas(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(find_schemas),
        _ => {}
    }
}

/// A JSON Schema of 2020-12 as one of OpenAPI 3.0.
fn rewrite(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else { return };
    keywords.remove("propertyNames");
    for keyword in ["items", "additionalProperties"] {
        keywords.get_mut(keyword).into_iter().for_each(rewrite);
    }
    for member in keywords.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        rewrite(member);
    }
    let mut may_be_null = false;
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let Some(schemas) = keywords.get_mut(keyword).and_then(Value::as_array_mut) else { continue };
        let before = schemas.len();
        schemas.retain(|one| one["type"] != "null");
        may_be_null |= schemas.len() < before;
        schemas.iter_mut().for_each(rewrite);
        // One of one is that one.
        if let ([only], "oneOf") = (schemas.as_slice(), keyword) {
            let only = only.as_object().cloned().unwrap_or_default();
            keywords.remove(keyword);
            keywords.extend(only);
        }
    }
    if let Some(types) = keywords.get_mut("type").filter(|types| types.is_array()) {
        let of_values = types.as_array().into_iter().flatten().find(|name| *name != "null").cloned();
        may_be_null |= types.as_array().is_some_and(|types| types.contains(&json!("null")));
        *types = of_values.unwrap_or_default();
    }
    // What stands beside a reference is not heeded there.
    if keywords.len() > 1
        && let Some(reference) = keywords.remove("$ref")
    {
        keywords.insert("allOf".into(), json!([{"$ref": reference}]));
    }
    if may_be_null {
        if let Some(reference) = keywords.remove("$ref") {
            keywords.insert("allOf".into(), json!([{"$ref": reference}]));
        }
        keywords.insert("nullable".into(), json!(true));
        if let Some(values) = keywords.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_say_the_same_in_other_words() {
        for (newer, expected) in [
            (
                json!({"type": ["string", "null"], "enum": ["a"]}),
                json!({"type": "string", "enum": ["a", null], "nullable": true}),
            ),
            (
                json!({"oneOf": [{"$ref": "#/x", "description": "X."}, {"type": "null"}]}),
                json!({"description": "X.", "allOf": [{"$ref": "#/x"}], "nullable": true}),
            ),
            (
                json!({"oneOf": [{"$ref": "#/x"}, {"type": "null"}]}),
                json!({"allOf": [{"$ref": "#/x"}], "nullable": true}),
            ),
            (json!({"$ref": "#/x"}), json!({"$ref": "#/x"})),
            (json!({"$ref": "#/x", "description": "X."}), json!({"description": "X.", "allOf": [{"$ref": "#/x"}]})),
            (
                json!({"properties": {"type": {"type": ["integer", "null"]}}, "propertyNames": {"type": "string"}}),
                json!({"properties": {"type": {"type": "integer", "nullable": true}}}),
            ),
        ] {
            let mut schema = newer;
            rewrite(&mut schema);
            assert_eq!(schema, expected);
        }
    }
}
