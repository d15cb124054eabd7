//! The page of a topic.

use maud::{Markup, html};

use super::head::Head;
use super::layout::page;
use super::listed::{entries, further};
use super::read::Entry;
use super::text::name;
use crate::topics::Topic;

/// The page.
pub fn markup(topic: &Topic, claims: &[Entry], next: Option<&str>, base: &str) -> Markup {
    let called = topic.label.clone().unwrap_or_else(|| topic.slug.replace('-', " "));
    let main = html! {
        p.kicker { "Topic" }
        h1 { (name(&called)) }
        @if let Some(wider) = &topic.parent_slug { p.meta { "Part of " a href=(format!("/topics/{wider}")) { (wider.replace('-', " ")) } } }
        (entries(claims))
        (further(next))
    };
    let head = Head {
        description: format!("Claims on {called} that were checked."),
        title: called,
        canonical: Some(format!("{base}/topics/{}", topic.slug)),
        feeds: Some(format!("topic={}", topic.slug)),
        more: None,
    };
    page(&head, &main)
}
