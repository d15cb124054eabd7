//! Events as what receivers take: as they are, or as messages for people in a chat. What people have written is escaped as each chat
//! asks, so that nobody's quote becomes a link or calls everybody.

use serde_json::{Value, json};

use super::model::WebhookFormat;
use crate::error::Result;
use crate::events::Event;
use crate::verdicts::conclusion;

/// The body to be sent.
pub fn body(format: WebhookFormat, event: &Event) -> Result<String> {
    let message = Message::of(event);
    Ok(match format {
        WebhookFormat::Standard => serde_json::to_string(event)?,
        WebhookFormat::Slack => slack(&message).to_string(),
        WebhookFormat::Mattermost => mattermost(&message).to_string(),
        WebhookFormat::Teams => teams(&message).to_string(),
    })
}

/// What people are told.
struct Message {
    /// What happened, in our words.
    headline: String,
    /// What was said, in others' words, with what that is.
    lines: Vec<(&'static str, String)>,
    /// Where there is more.
    link: String,
}

impl Message {
    fn of(event: &Event) -> Self {
        let data = &event.data;
        let member = |name: &str| data.record.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let happened = event.kind.as_str().split_once('.').map_or("", |(_, happened)| happened);
        let headline = match data.noun.as_str() {
            "webhook" => "A test of this webhook".to_owned(),
            noun => format!(
                "{}{} {happened}",
                noun.get(..1).unwrap_or_default().to_uppercase(),
                noun.get(1..).unwrap_or_default()
            ),
        };
        let summary = member("summary");
        let said_by = data.source.clone().zip(member("stance"));
        let lines = [
            ("Claim", data.claim.as_ref().map(|claim| claim.text.clone())),
            ("Rating", data.rating.clone()),
            ("Title", member("title")),
            ("Summary", conclusion(summary.as_deref(), data.rating.as_deref()).map(str::to_owned)),
            ("Position", said_by.map(|(source, stance)| format!("{source} {}", stance.replace('_', " ")))),
            ("Quote", member("quote")),
            ("Correction", member("correction_note")),
            ("Reason", data.reason.clone()),
        ];
        let lines = lines.into_iter().filter_map(|(what, text)| Some((what, text?))).collect();
        let link = member("url").or_else(|| data.links.page.clone()).or_else(|| data.links.dossier.clone());
        let link = link.unwrap_or_else(|| data.links.record.clone());
        Self { headline, lines, link }
    }

    /// The lines, as `written` writes what they are and what they say.
    fn lines(&self, written: impl Fn(&str, &str) -> String) -> Vec<String> {
        self.lines.iter().map(|(what, text)| written(what, text)).collect()
    }
}

/// Slack's mrkdwn: three characters mean something, all others are themselves within a line.
fn slack(message: &Message) -> Value {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines = message.lines(|what, text| format!("{what}: {}", escaped(text)));
    let fallback = format!("{}\n{}", message.headline, lines.join("\n"));
    let told = |text: String| json!({"type": "plain_text", "text": text, "emoji": false});
    let mut blocks = vec![json!({"type": "header", "text": told(message.headline.clone())})];
    // Plain text, in which nothing means anything; at most 3,000 characters each.
    blocks.extend(
        message
            .lines(|what, text| format!("{what}: {text}"))
            .into_iter()
            .map(|line| json!({"type": "section", "text": told(line)})),
    );
    if message.link.starts_with("http") {
        let link = escaped(&message.link).replace('|', "%7C");
        blocks
            .push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": format!("<{link}|Read more>")}]}));
    }
    json!({"text": fallback, "blocks": blocks})
}

/// Mattermost's Markdown: what could mean something has a backslash, and names that call people are cut apart.
fn mattermost(message: &Message) -> Value {
    let lines = message.lines(|what, text| format!("**{what}**: {}", markdown(text)));
    let fallback = message.lines(|what, text| format!("{what}: {text}")).join("\n");
    let mut attachment = json!({"fallback": fallback, "title": message.headline, "text": lines.join("\n\n")});
    if message.link.starts_with("http") {
        attachment["title_link"] = json!(message.link);
    }
    json!({"text": message.headline, "attachments": [attachment]})
}

/// Text in which no character of Markdown means anything. A word joiner after `@` keeps it from calling somebody.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '@' => escaped.push_str("@\u{2060}"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '<' | '>' | '#' | '+' | '-' | '.' | '!'
            | '|' | '~' | ':' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// An Adaptive Card, for a workflow of Teams. Its text blocks know some Markdown, its facts too.
fn teams(message: &Message) -> Value {
    let mut body = vec![
        json!({"type": "TextBlock", "text": message.headline, "weight": "Bolder", "size": "Medium", "wrap": true}),
    ];
    body.extend(
        message
            .lines(|what, text| format!("**{what}**: {}", markdown(text)))
            .into_iter()
            .map(|line| json!({"type": "TextBlock", "text": line, "wrap": true})),
    );
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body
    });
    if message.link.starts_with("http") {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Read more", "url": message.link}]);
    }
    json!({"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]})
}
