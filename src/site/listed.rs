//! Lists of claims with their verdicts.

use maud::{Markup, html};

use super::read::Entry;
use super::text::{date, name, said};
use super::verdict::{rating_of, summary, tone};

/// The list.
pub fn entries(entries: &[Entry]) -> Markup {
    html! {
        ul.entries.verdicts {
            @for Entry { claim, verdict, rating, by } in entries {
                li {
                    @if let Some(((rating, scale), verdict)) = rating.as_ref().zip(verdict.as_ref()) {
                        @let (words, of) = rating_of(rating, verdict);
                        p.tag.(tone(Some(rating), Some(scale))) { (said(words, of)) }
                    } @else { p.tag.tone-none { "No verdict yet" } }
                    h2 { a.claim href=(format!("/claims/{}", claim.id)) dir="auto" lang=(claim.language) { (claim.text) } }
                    @if let Some(verdict) = verdict {
                        @if let Some(summary) = summary(rating.as_ref().map(|(rating, _)| rating), verdict) { p dir="auto" lang=[verdict.language.as_deref()] { (summary) } }
                    }
                    p.by {
                        (name(by))
                        @if let Some(reviewed_on) = verdict.as_ref().and_then(|verdict| verdict.reviewed_on.as_ref()) { ", " (date(reviewed_on)) }
                        @if let Some(note) = verdict.as_ref().and_then(|verdict| verdict.correction_note.as_ref()) {
                            " · " strong { "Corrected: " } (said(note, None))
                        }
                    }
                }
            }
        }
    }
}

/// The way to the next page of a list, where there is one.
pub fn further(next: Option<&str>) -> Markup {
    html! { @if let Some(next) = next { nav.further aria-label="Pages" { a rel="next" href=(next) { "More" } } } }
}
