//! The section `webhooks` of the document: what is sent, as operations of whoever receives it.

use serde_json::{Value, json};

use crate::events::EventKind;

/// What is sent to webhooks: one entry for each kind of event.
pub fn describe(document: &mut Value) {
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}, "description": description});
    let sent = |(kind, tells): (&str, &str)| {
        let operation = json!({
            "operationId": format!("on_{}", kind.replace('.', "_")),
            "tags": ["webhooks"],
            "summary": format!("When {}", tells.split([':', ';']).next().unwrap_or_default()),
            "description": format!("Sent to webhooks with the format `standard`, again until it is answered with 2xx: {tells}."),
            "parameters": [
                header("webhook-id", "The event's id, the same whenever it is sent again: keep it, to know what you have already."),
                header("webhook-timestamp", "When this attempt was made, in seconds since 1970: refuse what is older than some minutes."),
                header("webhook-signature", "Signatures, separated by blanks: `v1,` and the base64 of the HMAC-SHA256 of id, timestamp and body, joined by dots, with the webhook's secret. One must fit; for a day after a secret was renewed there are two.")
            ],
            "security": [],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}}}},
            "responses": {
                "2XX": {"description": "You have it."},
                "410": {"description": "You want nothing more: the webhook is disabled."},
                "default": {"description": "It is sent again later: after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, or after your Retry-After."}
            }
        });
        (kind.to_owned(), json!({"post": operation}))
    };
    document["webhooks"] = Value::Object(EventKind::all().map(sent).collect());
}
