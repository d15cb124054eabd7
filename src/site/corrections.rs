//! What was corrected in the open, and how the claim came to read as it does.

use maud::{Markup, html};
use serde_json::Value;

use super::read::ClaimPage;
use super::text::{day, name, said};
use super::verdict::rated_otherwise;
use super::words;
use crate::changes::{FieldChange, HistoryEntry, Operation};
use crate::dossier::{Correction, CorrectionKind};

/// The corrections, the latest first.
pub fn corrections(page: &ClaimPage) -> Markup {
    html! {
        @if !page.dossier.corrections.is_empty() {
            section aria-labelledby="corrections" {
                h2 #corrections { "Corrections" }
                ul.log { @for one in &page.dossier.corrections { li { (day(one.corrected_at)) " " (told(one, page)) } } }
            }
        }
    }
}

fn told(one: &Correction, page: &ClaimPage) -> Markup {
    let what = match one.kind {
        CorrectionKind::VerdictSuperseded => "A verdict was replaced",
        CorrectionKind::VerdictRetracted => "A verdict was retracted",
        CorrectionKind::StatementCorrected => "A statement was corrected",
        CorrectionKind::StatementWithdrawn => "A statement was withdrawn",
    };
    let statement = matches!(one.kind, CorrectionKind::StatementCorrected | CorrectionKind::StatementWithdrawn);
    // Those on parts stand on the parts' pages.
    let page_of =
        if one.claim_id == page.dossier.claim.id { String::new() } else { format!("/claims/{}", one.claim_id) };
    let place = format!("{page_of}#s-{}", one.id);
    html! {
        @if statement { a href=(place) { (what) } } @else { (what) }
        @if let Some((was, is)) = rated_otherwise(one, None) { ": " (name(was)) " became " (name(is)) }
        @if let Some(reason) = one.reason { " (" (words::correction_reason(reason)) ")" }
        @if let Some(note) = &one.note { ". " (said(note, None)) }
    }
}

/// The claim's versions, the latest first.
pub fn history(page: &ClaimPage) -> Markup {
    let id = page.dossier.claim.id;
    html! {
        section aria-labelledby="history" {
            h2 #history { "History" }
            ul.log {
                @for entry in &page.history { li { (day(entry.at)) " " (version(entry)) } }
            }
            p.more { "Every version is kept, with proofs that nothing was rewritten: " a href=(format!("/v1/claims/{id}/history")) { "the claim’s history as data" } "." }
        }
    }
}

fn version(entry: &HistoryEntry) -> Markup {
    let first = entry.operation == Operation::Insert;
    let what = match entry.operation {
        Operation::Insert => "Published",
        Operation::Redact => "Values were redacted",
        Operation::Show => "Became public",
        Operation::Hide => "Was hidden",
        _ if entry.changes.iter().any(|one| one.field == "status") => "Published",
        _ => "Changed",
    };
    html! {
        (what)
        @if !first && what == "Changed" { ul { @for one in &entry.changes { li { (changed(one)) } } } }
    }
}

fn changed(FieldChange { field, before, after, redacted }: &FieldChange) -> Markup {
    let called = field.replace('_', " ");
    html! {
        (called.trim_end_matches(" id")) ": "
        @if *redacted { "redacted" } @else if field.ends_with("_id") { "another record" } @else {
            @if let Some(before) = shown(before) { del { (said(&before, None)) } " " }
            @if let Some(after) = shown(after) { ins { (said(&after, None)) } } @else { "removed" }
        }
    }
}

/// A value of the record as text.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
        }
        other => Some(other.to_string()),
    }
}
