//! The page of a claim.

use maud::{Markup, html};

use super::head::{Head, json_ld};
use super::layout::page;
use super::oembed;
use super::read::ClaimPage;
use super::text::{date, name, paragraphs, said, short};
use super::verdict::{block, rating_of, summary};
use super::{card, corrections, statements, words};
use crate::claims::Claim;
use crate::dossier::{DossierLink, DossierProvenance};
use crate::error::Result;

/// How much of a claim a title has.
const TITLE: usize = 110;

/// The whole page.
pub fn markup(read: &ClaimPage, base: &str) -> Result<Markup> {
    let claim = &read.dossier.claim;
    let main = html! {
        article {
            (heading(read))
            @if read.dossier.verdicts.is_empty() { p.unjudged { "There is no verdict on this claim." } }
            @for verdict in &read.dossier.verdicts { (block(read, verdict)) }
            (statements::list(read))
            (on_whose_word(read))
            (statements::parts(read))
            (links(claim, &read.dossier.links))
            (corrections::corrections(read))
            (corrections::history(read))
            (cite(claim, base))
        }
    };
    Ok(page(&head(read, base)?, &main))
}

fn heading(read: &ClaimPage) -> Markup {
    let claim = &read.dossier.claim;
    html! {
        p.kicker {
            "Claim"
            @for topic in &claim.topics { " · " a href=(format!("/topics/{topic}")) { (topic.replace('-', " ")) } }
        }
        h1 dir="auto" lang=(claim.language) { (claim.text) }
        @if let Some(whole) = claim.part_of_id { p.meta { "Part of " a href=(format!("/claims/{whole}")) { "a larger claim" } "." } }
        dl.facts {
            @if let Some(claimed_on) = &claim.claimed_on { div { dt { "First claimed" } dd { (date(claimed_on)) } } }
            @if let Some(event_on) = &claim.event_on { div { dt { "Said to have happened" } dd { (date(event_on)) } } }
            @if let Some(place) = &claim.place { div { dt { "Place" } dd { (name(place)) } } }
            div { dt { "Language" } dd { (words::language(&claim.language)) } }
            div { dt { "Recorded by" } dd { a href=(format!("/newsrooms/{}", claim.newsroom_id)) { (name(read.newsroom(claim.newsroom_id))) } } }
        }
        @if let Some(context) = &claim.context { div.context { (paragraphs(context, Some(&claim.language))) } }
    }
}

/// How many origins there are, in words, and the picture of who relies on whom.
fn on_whose_word(read: &ClaimPage) -> Markup {
    let Some(found) = &read.dossier.provenance else { return Markup::default() };
    if read.dossier.statements.is_empty() {
        return Markup::default();
    }
    let picture = format!("/v1/claims/{}/provenance?format=svg", read.dossier.claim.id);
    let alternative = format!("Who relies on whom: {}. The statements above say the same in words.", origins(found));
    html! {
        section aria-labelledby="word" {
            h2 #word { "On whose word" }
            p.line { (origins(found)) "." }
            @if found.single_origin { p { "All support goes back to " strong { "a single origin" } ", however many report it." } }
            @if found.unnamed_only { p { "All who support it are " strong { "unnamed" } "." } }
            @if found.circular { p { "Some reports rest on each other " strong { "in a circle" } "." } }
            figure.picture tabindex="0" role="group" aria-label="Picture of who relies on whom" {
                img src=(picture) alt=(alternative) loading="lazy";
            }
            p.more { a href=(picture) { "The picture alone" } " · origins are counted low: what may be one counts as one" }
        }
    }
}

fn origins(found: &DossierProvenance) -> String {
    let (supporting, opposing) = (found.independent_supporting, found.independent_opposing);
    let support = if supporting == 1 { "supports it" } else { "support it" };
    let oppose = if opposing == 1 { "opposes it" } else { "oppose it" };
    format!(
        "At least {} {support}, {} {oppose}",
        words::count(supporting, "independent origin"),
        if opposing == 0 { "none".into() } else { opposing.to_string() }
    )
}

fn links(claim: &Claim, links: &[DossierLink]) -> Markup {
    let seen: Vec<_> = links.iter().filter_map(|one| Some((one.claim.as_ref()?, one))).collect();
    html! {
        @if !seen.is_empty() {
            section aria-labelledby="related" {
                h2 #related { "Related claims" }
                ul.entries {
                    @for (other, one) in seen {
                        li {
                            span.label { (words::link(one.link.kind, one.link.claim_id == claim.id)) } " "
                            a.claim href=(format!("/claims/{}", other.id)) { (said(&other.text, Some(&other.language))) }
                            @if let Some(note) = &one.link.note { p.positions { (said(note, None)) } }
                        }
                    }
                }
            }
        }
    }
}

/// How to take the claim along.
fn cite(claim: &Claim, base: &str) -> Markup {
    let address = format!("{base}/claims/{}", claim.id);
    html! {
        section aria-labelledby="use" {
            h2 #use { "Use this" }
            p { "Paste the address of this page into an article: WordPress, Ghost and other systems show it as a card. Or put the card in yourself:" }
            pre tabindex="0" { code { (oembed::iframe(base, claim, oembed::WIDTH, oembed::HEIGHT)) } }
            ul.inline {
                li { a href=(format!("/v1/claims/{}/dossier", claim.id)) { "All of it as JSON" } }
                li { a href=(format!("/v1/claims/{}/claimreview", claim.id)) { "ClaimReview" } }
                li { a href=(format!("/embed/claims/{}", claim.id)) { "The card alone" } }
                li { "Address: " span.address { (address) } }
            }
        }
    }
}

fn head(read: &ClaimPage, base: &str) -> Result<Head> {
    let claim = &read.dossier.claim;
    let canonical = format!("{base}/claims/{}", claim.id);
    let leading = read.leading();
    let rating = leading.and_then(|one| Some(rating_of(one.rating.as_ref()?, &one.verdict).0));
    let title = short(&claim.text, TITLE);
    let title = rating.map_or_else(|| title.clone(), |rating| format!("{rating}: {title}"));
    let summary = leading
        .and_then(|one| summary(one.rating.as_ref(), &one.verdict))
        .map_or_else(|| read.dossier.summary_line.clone(), str::to_owned);
    let picture = format!("{base}{}", card::path(read));
    let endpoint = |format: &str| oembed::address(base, &canonical, format);
    let review = read.review.clone().map(|review| review.on_page(base));
    let more = html! {
        meta property="og:type" content="article";
        meta property="og:image" content=(picture);
        meta property="og:image:type" content="image/png";
        meta property="og:image:width" content=(card::WIDTH);
        meta property="og:image:height" content=(card::HEIGHT);
        meta property="og:image:alt" content=(title);
        meta property="article:published_time" content=(read.published.to_rfc3339());
        meta property="article:modified_time" content=(read.modified.to_rfc3339());
        meta name="twitter:card" content="summary_large_image";
        link rel="alternate" type="application/json" href=(format!("{base}/v1/claims/{}/dossier", claim.id)) title="All of it as JSON";
        link rel="alternate" type="application/json+oembed" href=(endpoint("json")) title=(title);
        link rel="alternate" type="text/xml+oembed" href=(endpoint("xml")) title=(title);
        @if let Some(review) = &review { (json_ld(review)?) }
    };
    let description = short(&summary, 300);
    Ok(Head { title, description, canonical: Some(canonical), feeds: None, more: Some(more) })
}
