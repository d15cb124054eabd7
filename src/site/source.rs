//! The page of a source: what it said, how that was rated, whose word it takes.

use maud::{Markup, html};

use super::head::Head;
use super::layout::page;
use super::text::{away, date, name, paragraphs, said, web};
use super::words;
use crate::source_record::{RecentStatement, RelatedSource, ScaleRecord, SourceRecord};
use crate::sources::Source;

/// The page.
pub fn markup(record: &SourceRecord, affiliation: Option<&str>, base: &str) -> Markup {
    let source = &record.source;
    let main = html! {
        (heading(source, affiliation))
        section aria-labelledby="record" {
            h2 #record { "On the record" }
            p {
                (words::count(usize::try_from(record.statements).unwrap_or_default(), "statement"))
                @if let (Some(first), Some(last)) = (&record.first_said_on, &record.last_said_on) {
                    @if first == last { ", " (date(first)) } @else { ", from " (date(first)) " to " (date(last)) }
                }
                "."
            }
            ul.inline { @for (stance, number) in &record.by_stance { li.(words::side(*stance)) { (words::stance(*stance)) ": " (number) } } }
            @for scale in &record.ratings { (rated(scale)) }
            @if record.claims_asserted > 0 {
                p.more { "Of " (record.claims_asserted) " claims put forward " (record.claims_rated) " have a verdict. A few claims say little about a source." }
            }
        }
        @if !record.recent.is_empty() {
            section aria-labelledby="recent" {
                h2 #recent { "The latest statements" }
                ul.entries { @for one in &record.recent { (recent(one)) } }
            }
        }
        (related("Relies most on", "relies-on", &record.relies_on))
        (related("Is relied on most by", "relied-on-by", &record.relied_on_by))
        (related("Spoken for by", "spoken-for-by", &record.spoken_for_by))
        p.more { a href=(format!("/v1/sources/{}/record", source.id)) { "All of this as JSON" } }
    };
    let head = Head {
        title: source.name.clone(),
        description: source
            .description
            .clone()
            .unwrap_or_else(|| format!("What {} said, and how it was rated.", source.name)),
        canonical: Some(format!("{base}/sources/{}", source.id)),
        feeds: None,
        more: None,
    };
    page(&head, &main)
}

fn heading(source: &Source, affiliation: Option<&str>) -> Markup {
    html! {
        p.kicker { (words::source_kind(source.kind)) }
        h1 { (name(&source.name)) }
        @if let Some(description) = &source.description { div.context { (paragraphs(description, None)) } }
        dl.facts {
            @if !source.aliases.is_empty() {
                div { dt { "Also" } dd { @for (nth, alias) in source.aliases.iter().enumerate() { @if nth > 0 { ", " } (name(alias)) } } }
            }
            @if let (Some(id), Some(affiliation)) = (source.affiliation_id, affiliation) {
                div { dt { "Belongs to" } dd { a href=(format!("/sources/{id}")) { (name(affiliation)) } } }
            }
            @if let Some(country) = &source.country { div { dt { "Country" } dd { (country) } } }
            @if let Some(website) = source.website.as_deref().and_then(web) { div { dt { "Site" } dd { (away(website, website)) } } }
            @if let Some(item) = &source.wikidata_id {
                div { dt { "Wikidata" } dd { (away(&format!("https://www.wikidata.org/wiki/{item}"), item)) } }
            }
        }
    }
}

fn rated(scale: &ScaleRecord) -> Markup {
    html! {
        h3 { "Claims put forward, rated “" (name(&scale.scale)) "”" }
        ul.inline { @for one in &scale.ratings { li { (name(&one.rating.label)) ": " (one.claims) } } }
    }
}

fn recent(one: &RecentStatement) -> Markup {
    html! {
        li {
            span.stance.(words::side(one.stance)) { span aria-hidden="true" { (words::sign(one.stance)) } " " (words::stance(one.stance)) }
            @if let Some(said_on) = &one.said_on { " · " (date(said_on)) }
            " " br;
            @match &one.claim {
                Some(claim) => a.claim href=(format!("/claims/{}#s-{}", one.claim_id, one.statement_id)) { (said(claim, one.claim_language.as_deref())) },
                None => "A claim that is not public any more",
            }
        }
    }
}

fn related(title: &str, id: &str, sources: &[RelatedSource]) -> Markup {
    html! {
        @if !sources.is_empty() {
            section aria-labelledby=(id) {
                h2 #(id) { (title) }
                ul.inline {
                    @for one in sources {
                        li { a href=(format!("/sources/{}", one.source_id)) { (name(&one.name)) } " (" (one.statements) ")" }
                    }
                }
            }
        }
    }
}
