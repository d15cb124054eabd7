//! The API's words as sentences have them.

use crate::claim_links::LinkKind;
use crate::documents::DocumentKind;
use crate::sources::SourceKind;
use crate::stance::{Side, Stance};
use crate::verdicts::{Bearing, CorrectionReason};

/// What a source does, in the third person.
pub fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::PartlyConfirms => "partly confirms",
        Stance::DeclinesToComment => "declines to comment",
        Stance::NoResponse => "did not respond",
        one => one.as_str(),
    }
}

/// A sign beside the word, as colour alone tells nothing.
pub fn sign(stance: Stance) -> &'static str {
    match stance.side() {
        Side::Supporting => "+",
        Side::Opposing => "−",
        Side::Neutral => "·",
    }
}

/// The class of a side in the style sheet.
pub fn side(stance: Stance) -> &'static str {
    match stance.side() {
        Side::Supporting => "for",
        Side::Opposing => "against",
        Side::Neutral => "neither",
    }
}

/// What kind of source it is.
pub fn source_kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Person => "Person",
        SourceKind::Organization => "Organisation",
        SourceKind::Government => "Government",
        SourceKind::Publication => "Publication",
        SourceKind::SocialAccount => "Social account",
        SourceKind::Unnamed => "Unnamed source",
    }
}

/// What kind of document it is.
pub fn document_kind(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::PressRelease => "press release",
        DocumentKind::Dataset => "data set",
        DocumentKind::Other => "document",
        one => one.as_str(),
    }
}

/// What a piece of evidence does.
pub fn bearing(bearing: Bearing) -> &'static str {
    match bearing {
        Bearing::Supports => "Supports the claim",
        Bearing::Refutes => "Speaks against the claim",
        Bearing::Context => "Context",
    }
}

/// Why a verdict was replaced.
pub fn correction_reason(reason: CorrectionReason) -> &'static str {
    match reason {
        CorrectionReason::NewEvidence => "new evidence",
        CorrectionReason::OurError => "an error of the newsroom",
        CorrectionReason::Wording => "wording",
        CorrectionReason::ScaleChange => "a change of the rating scale",
    }
}

/// What the claim of the page is to the linked one; `is_first` where it is the link's `claim_id`.
pub fn link(kind: LinkKind, is_first: bool) -> &'static str {
    match (kind, is_first) {
        (LinkKind::SameAs, _) => "The same claim",
        (LinkKind::Contradicts, _) => "Contradicted by",
        (LinkKind::Repeats, true) => "Repeats an earlier claim",
        (LinkKind::Repeats, false) => "Repeated in",
        (LinkKind::Narrower, true) => "A narrower version of",
        (LinkKind::Narrower, false) => "A narrower version of this claim",
    }
}

/// A language's name in English; its tag where it is not among the common ones.
pub fn language(tag: &str) -> &str {
    match tag.split('-').next().unwrap_or(tag) {
        "ar" => "Arabic",
        "az" => "Azerbaijani",
        "bg" => "Bulgarian",
        "bn" => "Bengali",
        "cs" => "Czech",
        "da" => "Danish",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "fa" => "Persian",
        "fi" => "Finnish",
        "fr" => "French",
        "he" => "Hebrew",
        "hi" => "Hindi",
        "hr" => "Croatian",
        "hu" => "Hungarian",
        "hy" => "Armenian",
        "id" => "Indonesian",
        "it" => "Italian",
        "ja" => "Japanese",
        "ka" => "Georgian",
        "ko" => "Korean",
        "nl" => "Dutch",
        "no" | "nb" | "nn" => "Norwegian",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "ro" => "Romanian",
        "ru" => "Russian",
        "sr" => "Serbian",
        "sv" => "Swedish",
        "tr" => "Turkish",
        "uk" => "Ukrainian",
        "ur" => "Urdu",
        "vi" => "Vietnamese",
        "zh" => "Chinese",
        _ => tag,
    }
}

/// "1 claim", "3 claims".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
