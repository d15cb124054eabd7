//! Who says what, in which words, where and on whose word.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::read::ClaimPage;
use super::text::{away, date, day, name, paragraphs, said, web};
use super::verdict::{rating_of, tone};
use super::words;
use crate::claims::ClaimStatus;
use crate::documents::Document;
use crate::dossier::{DossierPart, DossierStatement};
use crate::stance::{Side, Stance};
use crate::statements::{QuoteKind, Statement};

/// All statements on the claim, by date.
pub fn list(page: &ClaimPage) -> Markup {
    let statements = &page.dossier.statements;
    html! {
        section aria-labelledby="who" {
            h2 #who { "Who says what" }
            @if statements.is_empty() {
                p { "Nobody is on record on this claim itself yet." }
            } @else {
                (standing(page, &[Side::Supporting, Side::Opposing, Side::Neutral], usize::MAX))
                ol.statements { @for one in statements { (item(page, one)) } }
            }
        }
    }
}

/// Where each source stands now, side by side, and so many names of each.
pub fn standing(page: &ClaimPage, sides: &[Side], most: usize) -> Markup {
    let positions = &page.dossier.positions.by_stance;
    let stands = |one: &DossierStatement, side: Side| {
        let Statement { stance, source_id, .. } = &one.statement;
        stance.side() == side && positions.get(stance.as_str()).is_some_and(|ids| ids.contains(source_id))
    };
    let named = |one: &DossierStatement| {
        (one.statement.stance, one.source.as_ref().map_or("a source", |source| source.name.as_str()).to_owned())
    };
    html! {
        ul.standing {
            @for side in sides {
                @let who: BTreeSet<(Stance, String)> = page.dossier.statements.iter().filter(|one| stands(one, *side)).map(named).collect();
                @if !who.is_empty() {
                    li {
                        strong { (match side { Side::Supporting => "For", Side::Opposing => "Against", Side::Neutral => "Neither" }) ": " }
                        @for (nth, (stance, name_of)) in who.iter().take(most).enumerate() {
                            @if nth > 0 { "; " }
                            (name(name_of)) " " (words::stance(*stance))
                        }
                        @if who.len() > most { " and " (who.len() - most) " more" }
                    }
                }
            }
        }
    }
}

fn item(page: &ClaimPage, DossierStatement { statement, source, document }: &DossierStatement) -> Markup {
    let withdrawn = statement.status == ClaimStatus::Withdrawn;
    html! {
        li.statement.(words::side(statement.stance)).withdrawn[withdrawn] #(format!("s-{}", statement.id)) {
            p.who {
                span.stance { span aria-hidden="true" { (words::sign(statement.stance)) } " " (words::stance(statement.stance)) }
                " "
                @match source {
                    Some(source) if !withdrawn => a href=(format!("/sources/{}", source.id)) { (name(&source.name)) },
                    Some(source) => (name(&source.name)),
                    None => "A source that is not public any more",
                }
                @if let Some(role) = &statement.spoke_as { ", " span.role { (name(role)) } }
                @if let Some(of) = statement.on_behalf_of_id.and_then(|id| page.sources.get(&id)) { ", for " (name(of)) }
                @if let Some(said_on) = &statement.said_on { " · " span.when { (date(said_on)) } }
            }
            @if withdrawn {
                p.notice { strong { "Withdrawn." } @if let Some(reason) = &statement.withdrawn_reason { " " (said(reason, None)) } }
            } @else {
                (quoted(statement))
                (on_whose_word(page, statement))
                (places(page, statement, document.as_ref()))
                @if let Some(note) = &statement.correction_note {
                    p.notice role="note" { strong { "Corrected: " } (said(note, None)) }
                }
            }
        }
    }
}

/// The words, in their language, with the translation.
fn quoted(statement: &Statement) -> Markup {
    let Some(quote) = &statement.quote else { return Markup::default() };
    let language = statement.quote_language.as_deref();
    let kind = match statement.quote_kind {
        Some(QuoteKind::Verbatim) | None => "in the source’s own words",
        Some(QuoteKind::Translated) => "translated from the source’s own words",
        Some(QuoteKind::Paraphrase) => "in somebody else’s words",
    };
    html! {
        blockquote dir="auto" lang=[language] { (paragraphs(quote, None)) }
        p.about { @if let Some(language) = language { (words::language(language)) ", " } (kind) }
        @if let Some(translation) = &statement.translation {
            div.translation dir="auto" { span.label { "Translation" } " " (said(translation, None)) }
        }
    }
}

fn on_whose_word(page: &ClaimPage, statement: &Statement) -> Markup {
    html! {
        @if !statement.relies_on.0.is_empty() {
            p.relies {
                "On the word of "
                @for (nth, reliance) in statement.relies_on.0.iter().enumerate() {
                    @if nth > 0 { ", " }
                    @match page.cited.get(&reliance.statement_id) {
                        Some(one) if one.claim_id == page.dossier.claim.id => a href=(format!("#s-{}", one.id)) { (name(&one.speaker)) },
                        Some(one) => a href=(format!("/claims/{}#s-{}", one.claim_id, one.id)) { (name(&one.speaker)) },
                        None => "a statement that is not public",
                    }
                    @if let Some(wording) = &reliance.wording { " (“" (said(wording, None)) "”)" }
                }
            }
        }
    }
}

/// Where it appeared.
fn places(page: &ClaimPage, statement: &Statement, first: Option<&Document>) -> Markup {
    let others = statement
        .appearances
        .0
        .iter()
        .filter_map(|one| Some((page.documents.get(&one.document_id)?, one.locator.as_deref())));
    let all: Vec<_> =
        first.map(|document| (document, statement.locator.as_deref())).into_iter().chain(others).collect();
    html! {
        @for (nth, (of, locator)) in all.into_iter().enumerate() {
            p.place {
                @if nth == 0 && first.is_some() { "In " } @else { "Also in " }
                (document(page, of))
                @if let Some(locator) = locator { ", " (name(locator)) }
            }
        }
    }
}

/// A document with its publisher and date, linked to where it is.
pub fn document(page: &ClaimPage, document: &Document) -> Markup {
    let called = document
        .title
        .as_deref()
        .or(document.description.as_deref())
        .or(document.url.as_deref())
        .unwrap_or("a document");
    let publisher = document.publisher_id.and_then(|id| page.sources.get(&id));
    let titled = html! { cite { (said(called, document.language.as_deref())) } };
    html! {
        @match &document.url { Some(url) => (away(url, titled)), None => (titled) }
        " (" (words::document_kind(document.kind))
        @if let Some(publisher) = publisher { ", " (name(publisher)) }
        @if let Some(published_on) = &document.published_on { ", " (date(published_on)) }
        @if let Some(archived) = document.archive_url.as_deref().and_then(web) { ", " (away(archived, "archived copy")) }
        ")"
    }
}

/// The parts of the claim, each with its verdict and who stands where.
pub fn parts(page: &ClaimPage) -> Markup {
    html! {
        @if !page.dossier.parts.is_empty() {
            section aria-labelledby="parts" {
                h2 #parts { "Parts of the claim" }
                ul.entries { @for part in &page.dossier.parts { (part_of(page, part)) } }
            }
        }
    }
}

fn part_of(page: &ClaimPage, DossierPart { claim, statements, verdicts }: &DossierPart) -> Markup {
    let leading = verdicts.first();
    let rating = leading.and_then(|one| one.rating.as_ref());
    let words = leading.and_then(|one| Some(rating_of(one.rating.as_ref()?, &one.verdict).0));
    let tone = tone(rating, rating.and_then(|rating| page.scale(rating)));
    let standing = statements.iter().filter(|one| one.statement.status != ClaimStatus::Withdrawn);
    html! {
        li {
            a.claim href=(format!("/claims/{}", claim.id)) dir="auto" lang=(claim.language) { (claim.text) }
            @if let Some(words) = words { " " span.tag.(tone) { (name(words)) } }
            @if claim.status == ClaimStatus::Withdrawn { " " span.tag { "withdrawn " (day(claim.updated_at)) } }
            p.positions {
                @for (nth, DossierStatement { statement, source, .. }) in standing.enumerate() {
                    @if nth > 0 { "; " }
                    (name(source.as_ref().map_or("a source", |source| &source.name))) " " (words::stance(statement.stance))
                }
            }
        }
    }
}
