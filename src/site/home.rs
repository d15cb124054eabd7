//! The first page: what was judged last.

use maud::{Markup, html};

use super::head::Head;
use super::layout::page;
use super::listed::{entries, further};
use super::read::Entry;

/// The page.
pub fn markup(newest: &[Entry], next: Option<&str>, base: &str) -> Markup {
    let main = html! {
        h1 { "The newest verdicts" }
        p.lead { "Claims that were checked: who said what, on whose word, and what the fact-checkers concluded." }
        (super::search::form("", None))
        @if newest.is_empty() {
            p { "Nothing is published yet. " a href="/docs/" { "The API’s documentation" } " shows how to record a claim." }
        }
        (entries(newest))
        (further(next))
    };
    let head = Head {
        title: "OnRecord".into(),
        description: "Claims that were checked: who said what, on whose word, and what the fact-checkers concluded."
            .into(),
        canonical: Some(format!("{base}/")),
        feeds: None,
        more: Some(html! { meta property="og:type" content="website"; }),
    };
    page(&head, &main)
}
