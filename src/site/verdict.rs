//! A verdict for readers: the rating in words and on its scale, the conclusion, the reasons, what it rests on.

use maud::{Markup, html};

use super::markdown::rendered;
use super::read::ClaimPage;
use super::text::{away, date, day, name, paragraphs, said, web};
use super::words;
use crate::dossier::{Correction, DossierVerdict};
use crate::rating_scales::{Rating, RatingScale};
use crate::verdicts::{Evidence, Verdict, conclusion};

/// A verdict's rating in words, with their language, if known.
pub fn rating_of<'a>(rating: &'a Rating, verdict: &'a Verdict) -> (&'a str, Option<&'a str>) {
    in_words(rating, verdict.textual_rating.as_deref(), verdict.language.as_deref())
}

/// A rating in its publisher's own words, where these are another's, or by its label.
fn in_words<'a>(rating: &'a Rating, own: Option<&'a str>, language: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    own.map_or_else(|| label(rating, language), |own| (own, language))
}

/// What a replaced verdict and its successor are rated, where readers are told another.
pub fn rated_otherwise<'a>(one: &'a Correction, language: Option<&'a str>) -> Option<(&'a str, &'a str)> {
    let (was, _) = in_words(one.rating.as_ref()?, one.textual_rating.as_deref(), language);
    let (is, _) = in_words(one.successor_rating.as_ref()?, one.successor_textual_rating.as_deref(), language);
    (was != is).then_some((was, is))
}

/// The rating's label in a language, or in that of which it is a variety, or as the scale has it; with its own language, if known.
pub fn label<'a>(rating: &'a Rating, language: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    let translated = language.and_then(|tag| {
        let primary = tag.split('-').next().unwrap_or(tag);
        rating.labels.get(tag).or_else(|| rating.labels.get(primary))
    });
    translated.map_or((rating.label.as_str(), None), |label| (label.as_str(), language))
}

/// The class of a rating in the style sheet, from the least to the most true of its scale.
pub fn tone(rating: Option<&Rating>, scale: Option<&RatingScale>) -> &'static str {
    let Some(value) = rating.and_then(|rating| rating.numeric_value) else { return "tone-none" };
    let numbers = || scale.into_iter().flat_map(|scale| scale.ratings.0.iter()).filter_map(|one| one.numeric_value);
    let (worst, best) = (numbers().min().unwrap_or(1), numbers().max().unwrap_or(5));
    if best <= worst {
        return "tone-none";
    }
    match (value - worst) * 4 / (best - worst) {
        0 => "tone-1",
        1 => "tone-2",
        2 => "tone-3",
        3 => "tone-4",
        _ => "tone-5",
    }
}

/// What a verdict concludes beyond its rating, which stands above it.
pub fn summary<'a>(rating: Option<&'a Rating>, verdict: &'a Verdict) -> Option<&'a str> {
    conclusion(verdict.summary.as_deref(), rating.map(|rating| rating_of(rating, verdict).0))
}

/// The whole verdict.
pub fn block(page: &ClaimPage, one: &DossierVerdict) -> Markup {
    let DossierVerdict { verdict, rating } = one;
    let scale = rating.as_ref().and_then(|rating| page.scale(rating));
    let language = verdict.language.as_deref();
    html! {
        section.verdict.(tone(rating.as_ref(), scale)) aria-labelledby=(format!("verdict-{}", verdict.id)) {
            p.by { (by(page, verdict)) }
            @if let Some(rating) = rating { (rated(rating, scale, verdict)) }
            @if let Some(title) = &verdict.title { p.headline dir="auto" lang=[language] { (title) } }
            @if let Some(summary) = summary(rating.as_ref(), verdict) { div.summary { (paragraphs(summary, language)) } }
            (notices(page, verdict))
            @if let Some(explanation) = &verdict.explanation {
                div.explanation dir="auto" lang=[language] { (rendered(explanation)) }
            }
            @if !verdict.evidence.0.is_empty() {
                h3 { "What it rests on" }
                ul.evidence { @for evidence in &verdict.evidence.0 { (cited(page, evidence)) } }
            }
            @if let Some(url) = verdict.url.as_deref().and_then(web) {
                p { (away(url, "Read the review where it was published")) }
            }
        }
    }
}

/// Whose verdict it is, and of when.
fn by(page: &ClaimPage, verdict: &Verdict) -> Markup {
    html! {
        "Verdict of "
        @match verdict.author_id {
            Some(author) => {
                (name(page.sources.get(&author).map_or("another publisher", String::as_str))) ", recorded by " (page.newsroom(verdict.newsroom_id))
            }
            None => a href=(format!("/newsrooms/{}", verdict.newsroom_id)) { (name(page.newsroom(verdict.newsroom_id))) },
        }
        @if let Some(reviewed_on) = &verdict.reviewed_on { ", " (date(reviewed_on)) }
    }
}

/// The rating in words, what it means, and where it stands among the others.
fn rated(rating: &Rating, scale: Option<&RatingScale>, verdict: &Verdict) -> Markup {
    let language = verdict.language.as_deref();
    let (words, of) = rating_of(rating, verdict);
    // Another publisher's rating stands on no scale of ours.
    let ours = verdict.author_id.is_none();
    let on_the_line: Vec<&Rating> = scale
        .filter(|_| ours && rating.numeric_value.is_some())
        .map(|scale| scale.ratings.0.iter().filter(|one| one.numeric_value.is_some()).collect())
        .unwrap_or_default();
    html! {
        h2.rating #(format!("verdict-{}", verdict.id)) { (said(words, of)) }
        @if on_the_line.len() > 1 {
            ol.scale aria-label=(format!("The scale: {}", scale.map_or("", |scale| &scale.name))) {
                @for step in on_the_line {
                    @let (words, of) = label(step, language);
                    li aria-current=[(step.id == rating.id).then_some("true")] { (said(words, of)) }
                }
            }
        }
        @if let Some(description) = rating.description.as_ref().filter(|_| ours) { p.meaning dir="auto" { (description) } }
    }
}

/// What readers must know of the verdict's standing: that it was corrected, or is being so.
pub fn notices(page: &ClaimPage, verdict: &Verdict) -> Markup {
    let replaced = page.dossier.corrections.iter().find(|one| one.successor_id == Some(verdict.id));
    html! {
        @if verdict.supersedes_id.is_some() || verdict.correction_note.is_some() {
            div.notice role="note" {
                strong { "Corrected" }
                @if let Some(replaced) = replaced { " on " (day(replaced.corrected_at)) }
                @if let Some(reason) = verdict.correction_reason { " (" (words::correction_reason(reason)) ")" }
                @if let Some(note) = &verdict.correction_note { ": " (said(note, verdict.language.as_deref())) } @else { "." }
                @if let Some((was, _)) = replaced.and_then(|one| rated_otherwise(one, verdict.language.as_deref())) { " It was rated " (said(was, None)) " before." }
            }
        }
        @if verdict.under_review { p.notice role="note" { strong { "Under review." } " A correction is being prepared." } }
    }
}

fn cited(page: &ClaimPage, evidence: &Evidence) -> Markup {
    let statement = evidence.statement_id.and_then(|id| page.cited.get(&id));
    let document = evidence.document_id.and_then(|id| page.documents.get(&id));
    html! {
        li {
            span.label { (words::bearing(evidence.bearing)) } " "
            @if let Some(statement) = statement {
                @let place = if statement.claim_id == page.dossier.claim.id { format!("#s-{}", statement.id) } else { format!("/claims/{}#s-{}", statement.claim_id, statement.id) };
                a href=(place) { (name(&statement.speaker)) " " (words::stance(statement.stance)) }
            } @else if let Some(document) = document {
                (super::statements::document(page, document))
            } @else {
                "A record that is not public any more"
            }
            @if let Some(note) = &evidence.note { " – " (said(note, None)) }
        }
    }
}
