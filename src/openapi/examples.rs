//! What each operation answers, shown.

use serde_json::{Map, Value};

/// What the operations answered to their own examples on the demo story, by operation id; a test compares them.
const EXAMPLES: &str = include_str!("../../openapi/examples.json");

/// Shows what each operation answers.
pub fn show(document: &mut Value) -> serde_json::Result<()> {
    let mut examples: Map<String, Value> = serde_json::from_str(EXAMPLES)?;
    let items = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in items.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let Some(example) = examples.remove(id) else { continue };
        let success =
            operation["responses"].as_object_mut().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
        if let Some(content) = success.and_then(|(_, response)| response.pointer_mut("/content/application~1json")) {
            content["example"] = example;
        }
    }
    Ok(())
}
