//! The card that other sites show in a frame: a claim, its verdict in words, that it was corrected, who confirms or disputes it.
//!
//! It needs no cookies and no scripts. Where scripts run, one tells the page around it how high it is, as WordPress listens for.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::read::ClaimPage;
use super::statements::standing;
use super::text::{date, name, said, short};
use super::verdict::{notices, rating_of, summary, tone};
use crate::stance::Side;

/// The card's style sheet, which it carries: in a sandbox without an origin there is no "self" to load one from.
pub const STYLE: &str = include_str!("embed.css");
/// The script that tells the card's height.
pub const SCRIPT: &str = include_str!("embed.js");

/// How much of the claim and of the conclusion the card has.
const CLAIM: usize = 220;
const SUMMARY: usize = 320;
/// How many names it tells on each side.
const NAMES: usize = 4;

/// The whole page.
pub fn markup(read: &ClaimPage, base: &str) -> Markup {
    let claim = &read.dossier.claim;
    let page = format!("{base}/claims/{}", claim.id);
    let leading = read.leading();
    let rating = leading.and_then(|one| one.rating.as_ref());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { "Fact check: " (short(&claim.text, CLAIM)) }
                base target="_blank";
                link rel="canonical" href=(page);
                style { (PreEscaped(STYLE)) }
            }
            body {
                main.(tone(rating, rating.and_then(|rating| read.scale(rating)))) {
                    p.kicker { "Claim" @if let Some(claimed_on) = &claim.claimed_on { ", " (date(claimed_on)) } }
                    h1 dir="auto" lang=(claim.language) { (short(&claim.text, CLAIM)) }
                    @if let Some(one) = leading {
                        @let language = one.verdict.language.as_deref();
                        @if let Some(rating) = rating {
                            @let (words, of) = rating_of(rating, &one.verdict);
                            p.rating { span { "Verdict: " (said(words, of)) } }
                        }
                        @if let Some(summary) = summary(rating, &one.verdict) { p dir="auto" lang=[language] { (short(summary, SUMMARY)) } }
                        (notices(read, &one.verdict))
                    } @else {
                        p { "There is no verdict on this claim." }
                    }
                    (standing(read, &[Side::Supporting, Side::Opposing], NAMES))
                    p.kicker { a href=(page) rel="noopener" { "Who says what, and on whose word" } " · " (name(read.judge())) " on OnRecord" }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
