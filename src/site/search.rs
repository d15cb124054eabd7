//! Search, by a form that needs no script.

use maud::{Markup, PreEscaped, html};

use super::head::Head;
use super::layout::page;
use super::listed::further;
use super::text::name;
use crate::search::{FoundRecord, ResultType, SearchResult};

/// What can be asked for alone: how it is called in the address and in the form.
pub const TYPES: [(ResultType, &str); 4] = [
    (ResultType::Claim, "Claims"),
    (ResultType::Statement, "Statements"),
    (ResultType::Verdict, "Verdicts"),
    (ResultType::Source, "Sources"),
];

/// The form.
pub fn form(q: &str, noun: Option<ResultType>) -> Markup {
    html! {
        form.search role="search" action="/search" method="get" {
            label for="q" { "Search claims, quotes, sources" }
            div {
                input #q type="search" name="q" value=(q) maxlength="500" dir="auto" required;
                select name="type" aria-label="What to search" {
                    option value="" { "Everything" }
                    @for (one, words) in TYPES { option value=(one.as_str()) selected[noun == Some(one)] { (words) } }
                }
                button type="submit" { "Search" }
            }
        }
    }
}

/// The page.
pub fn markup(q: &str, noun: Option<ResultType>, found: &[SearchResult], next: Option<&str>) -> Markup {
    let title = if q.is_empty() { "Search".to_owned() } else { format!("Search: {q}") };
    let main = html! {
        h1 { "Search" }
        (form(q, noun))
        @if !q.is_empty() {
            section aria-labelledby="found" {
                h2 #found { @if found.is_empty() { "Nothing was found" } @else { "What was found" } }
                @if found.is_empty() { p { "Other words may find it; words in quotation marks are looked for as they stand." } }
                ul.entries { @for one in found { (result(one)) } }
                (further(next))
            }
        }
    };
    page(
        &Head { description: "Search claims, quotes and sources in every language.".into(), title, ..Head::default() },
        &main,
    )
}

fn result(one: &SearchResult) -> Markup {
    let (kind, place) = match &one.record {
        FoundRecord::Claim(claim) => ("Claim", Some(format!("/claims/{}", claim.id))),
        FoundRecord::Statement(statement) => {
            ("Statement", Some(format!("/claims/{}#s-{}", statement.claim_id, statement.id)))
        }
        FoundRecord::Verdict(verdict) => ("Verdict", Some(format!("/claims/{}", verdict.claim_id))),
        FoundRecord::Source(source) => ("Source", Some(format!("/sources/{}", source.id))),
        FoundRecord::Document(_) => ("Document", None),
    };
    html! {
        li {
            p.tag { (kind) }
            h3 { @match place { Some(place) => a.claim href=(place) { (name(&one.title)) }, None => (name(&one.title)) } }
            // Escaped where it was made, all but <mark>.
            @if one.snippet != one.title { p.snippet dir="auto" { (PreEscaped(&one.snippet)) } }
        }
    }
}
