//! Who stands where on a claim, and the line that says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::partial_date::PartialDate;
use crate::stance::{Side, Stance};
use crate::statements::Statement;

/// Who stands where on the claim. A source's position is its latest statement that takes a side or retracts, else its
/// latest; where dates do not tell which is the latest, each counts. A retraction leaves none.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Positions {
    /// Ids of sources by stance; stances that occur only.
    #[schema(example = json!({"confirms": ["#us-official"], "declines_to_comment": ["#us-state-department"]}))]
    pub by_stance: BTreeMap<&'static str, Vec<Uuid>>,
    /// Ids of earlier statements that took a side and have been overtaken.
    pub former: Vec<Uuid>,
    /// How many sources support the claim.
    #[schema(example = 2)]
    pub supporting: usize,
    /// How many oppose it.
    #[schema(example = 0)]
    pub opposing: usize,
    /// How many take no side.
    #[schema(example = 4)]
    pub neutral: usize,
}

/// A statement as far as positions go.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'a> {
    /// The statement.
    pub id: Uuid,
    /// Who spoke.
    pub source_id: Uuid,
    /// Its name.
    pub source_name: &'a str,
    /// The position taken.
    pub stance: Stance,
    /// When.
    pub said_on: Option<&'a PartialDate>,
}

impl<'a> Spoken<'a> {
    /// A statement by the source of this name.
    pub fn by(statement: &'a Statement, source_name: &'a str) -> Self {
        let Statement { id, source_id, stance, said_on, .. } = statement;
        Self { id: *id, source_id: *source_id, source_name, stance: *stance, said_on: said_on.as_ref() }
    }

    fn is_overtaken_by(&self, other: &Self) -> bool {
        matches!((self.said_on, other.said_on), (Some(mine), Some(later)) if later.is_certainly_after(mine))
    }
}

/// Those of one source's statements on one claim that make up its position.
fn current<'a>(of_source: &[Spoken<'a>], former: &mut Vec<Uuid>) -> Vec<Spoken<'a>> {
    let sided: Vec<_> = of_source.iter().copied().filter(|spoken| spoken.stance.is_position()).collect();
    let candidates = if sided.is_empty() { of_source.to_vec() } else { sided };
    let (overtaken, latest): (Vec<Spoken<'a>>, Vec<Spoken<'a>>) =
        candidates.iter().copied().partition(|spoken| candidates.iter().any(|other| spoken.is_overtaken_by(other)));
    former.extend(overtaken.iter().filter(|spoken| spoken.stance.side() != Side::Neutral).map(|spoken| spoken.id));
    latest.into_iter().filter(|spoken| spoken.stance != Stance::Retracts).collect()
}

/// Each source's statements on one claim, sources in the order of their first one.
fn by_source<'a>(spoken: &[Spoken<'a>]) -> Vec<Vec<Spoken<'a>>> {
    let mut groups: Vec<Vec<Spoken<'a>>> = Vec::new();
    let mut places = BTreeMap::new();
    for one in spoken {
        let place = *places.entry(one.source_id).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.push(*one);
        }
    }
    groups
}

impl Positions {
    /// The positions on one claim.
    pub fn of(spoken: &[Spoken<'_>]) -> Self {
        let mut positions = Self::default();
        let mut sides: [BTreeSet<Uuid>; 3] = Default::default();
        for group in by_source(spoken) {
            for one in current(&group, &mut positions.former) {
                let sources = positions.by_stance.entry(one.stance.as_str()).or_default();
                if !sources.contains(&one.source_id) {
                    sources.push(one.source_id);
                }
                let [supporting, opposing, neutral] = &mut sides;
                match one.stance.side() {
                    Side::Supporting => supporting.insert(one.source_id),
                    Side::Opposing => opposing.insert(one.source_id),
                    Side::Neutral => neutral.insert(one.source_id),
                };
            }
        }
        [positions.supporting, positions.opposing, positions.neutral] = sides.map(|side| side.len());
        positions
    }
}

/// A claim with what was said on it.
pub struct Discussed<'a> {
    /// The claim's text.
    pub text: &'a str,
    /// Its language.
    pub language: &'a str,
    /// The statements on it.
    pub spoken: Vec<Spoken<'a>>,
}

/// Names supporting, opposing and declining positions on a claim and its parts, those who take a side first.
pub fn summary_line(claims: &[Discussed<'_>]) -> String {
    let mut names = BTreeMap::new();
    let mut order = Vec::new();
    let mut phrases: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    let mut declining = Vec::new();
    for claim in claims {
        for group in by_source(&claim.spoken) {
            for one in current(&group, &mut Vec::new()) {
                names.insert(one.source_id, one.source_name);
                if let Some(verb) = verb(one.stance) {
                    order.push(one.source_id);
                    phrases
                        .entry(one.source_id)
                        .or_default()
                        .push(format!("{verb} {}", clause(claim.text, claim.language)));
                } else if one.stance == Stance::DeclinesToComment {
                    declining.push(one.source_id);
                }
            }
        }
    }
    for source in declining {
        order.push(source);
        phrases.entry(source).or_default().push("declines to comment".into());
    }
    let mut told = BTreeSet::new();
    let sentences = order.into_iter().filter(|source| told.insert(*source)).filter_map(|source| {
        let mut said = BTreeSet::new();
        let phrases = phrases.get(&source)?.iter().filter(|phrase| said.insert(*phrase)).cloned().collect::<Vec<_>>();
        Some(format!("{} {}", names.get(&source)?, phrases.join(", ")))
    });
    sentences.collect::<Vec<_>>().join("; ")
}

fn verb(stance: Stance) -> Option<&'static str> {
    match stance {
        Stance::Asserts => Some("asserts"),
        Stance::Confirms => Some("confirms"),
        Stance::PartlyConfirms => Some("partly confirms"),
        Stance::Disputes => Some("disputes"),
        Stance::Denies => Some("denies"),
        _ => None,
    }
}

/// English words that begin a sentence with a capital and are written small within one. Names keep theirs.
const SMALL_WORDS: &[&str] = &[
    "A",
    "About",
    "After",
    "All",
    "Almost",
    "An",
    "At",
    "Before",
    "Between",
    "Both",
    "Dozens",
    "During",
    "Each",
    "Every",
    "For",
    "From",
    "He",
    "Her",
    "His",
    "Hundreds",
    "In",
    "It",
    "Its",
    "Many",
    "Millions",
    "More",
    "Most",
    "Nearly",
    "No",
    "Nobody",
    "Officials",
    "On",
    "One",
    "Only",
    "Over",
    "Part",
    "Senior",
    "Several",
    "She",
    "Since",
    "Some",
    "That",
    "The",
    "Their",
    "There",
    "These",
    "They",
    "This",
    "Those",
    "Thousands",
    "Two",
    "Under",
    "Until",
    "We",
    "When",
    "While",
];

/// Words that end with a full stop of their own, in lower case; those with a stop or only one letter before it do as well.
const ABBREVIATIONS: &[&str] = &[
    "al", "co", "corp", "dept", "dr", "etc", "gen", "gov", "inc", "jr", "ltd", "mr", "mrs", "ms", "rep", "sen", "sr",
    "st", "vs",
];

/// The text without the full stop that ends its sentence; one that belongs to an abbreviation stays.
fn without_stop(text: &str) -> &str {
    let Some(rest) = text.strip_suffix('.') else { return text };
    let last = rest.rsplit(|c: char| !c.is_alphanumeric() && c != '.').next().unwrap_or_default();
    let is_letter = last.chars().count() == 1 && last.chars().all(char::is_alphabetic);
    let abbreviated = is_letter || last.contains('.') || ABBREVIATIONS.contains(&last.to_lowercase().as_str());
    if abbreviated || rest.ends_with('.') { text } else { rest }
}

/// The text on one line, without direction controls: they would reorder what stands beside it.
fn one_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
    // White space includes U+2028 and U+2029, which break lines as well.
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A claim's text as it follows a verb: "that the meeting took place". Other languages than English are quoted.
fn clause(text: &str, language: &str) -> String {
    let text = one_line(text);
    let text = without_stop(&text);
    let english = language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"));
    if !english {
        return format!("“{text}”");
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    let rest = text.get(first.len()..).unwrap_or_default();
    if SMALL_WORDS.contains(&first) { format!("that {}{rest}", first.to_lowercase()) } else { format!("that {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: u128, id: u128, stance: Stance, on: Option<&PartialDate>) -> Spoken<'_> {
        Spoken { id: Uuid::from_u128(id), source_id: Uuid::from_u128(source), source_name: "S", stance, said_on: on }
    }

    fn date(text: &str) -> PartialDate {
        PartialDate::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn the_latest_side_counts_and_a_later_comment_does_not_take_it_back() {
        let (march, april, may) = (date("2023-03"), date("2023-04"), date("2023-05"));
        let positions = Positions::of(&[
            said(1, 1, Stance::Denies, Some(&march)),
            said(1, 2, Stance::Confirms, Some(&april)),
            said(1, 3, Stance::Comments, Some(&may)),
        ]);
        assert_eq!((positions.supporting, positions.opposing, positions.neutral), (1, 0, 0));
        assert_eq!(positions.former, [Uuid::from_u128(1)]);
    }

    #[test]
    fn where_dates_do_not_tell_each_counts() {
        let (year, march) = (date("2023"), date("2023-03"));
        let positions =
            Positions::of(&[said(1, 1, Stance::Denies, Some(&year)), said(1, 2, Stance::Confirms, Some(&march))]);
        assert_eq!((positions.supporting, positions.opposing), (1, 1));
        let positions = Positions::of(&[said(1, 1, Stance::Denies, None), said(1, 2, Stance::Confirms, Some(&march))]);
        assert_eq!((positions.supporting, positions.opposing, positions.former.len()), (1, 1, 0));
    }

    #[test]
    fn a_retraction_leaves_no_position() {
        let (march, april) = (date("2023-03"), date("2023-04"));
        let positions =
            Positions::of(&[said(1, 1, Stance::Asserts, Some(&march)), said(1, 2, Stance::Retracts, Some(&april))]);
        assert_eq!((positions.supporting, positions.opposing, positions.neutral), (0, 0, 0));
        assert!(positions.by_stance.is_empty());
        assert_eq!(positions.former, [Uuid::from_u128(1)]);
    }

    #[test]
    fn claims_are_told_as_clauses() {
        assert_eq!(clause("The meeting took place.", "en-GB"), "that the meeting took place");
        assert_eq!(clause("Moscow denied it", "en"), "that Moscow denied it");
        assert_eq!(clause("L’incontro ha avuto luogo.", "it"), "“L’incontro ha avuto luogo”");
        assert_eq!(clause("", "en"), "that ");
        assert_eq!(clause("Nearly all of them left.", "en"), "that nearly all of them left");
    }

    #[test]
    fn only_a_sentences_own_stop_goes() {
        for (text, told) in [
            ("He left the U.S.", "that he left the U.S."),
            ("He left at 5 p.m.", "that he left at 5 p.m."),
            ("It belongs to Acme Inc.", "that it belongs to Acme Inc."),
            ("He met Vladimir P.", "that he met Vladimir P."),
            ("He left in 2023.", "that he left in 2023"),
            ("It cost 5.", "that it cost 5"),
            ("He left (for good).", "that he left (for good)"),
            ("And so on...", "that And so on..."),
            ("He left", "that he left"),
            (".", "that "),
        ] {
            assert_eq!(clause(text, "en"), told);
        }
    }

    #[test]
    fn a_claim_stays_on_the_line_and_in_its_place() {
        let text = "The\nmeeting\r\n took\u{2028}place \u{202E}yadot\u{202C}, they \u{2067}said\u{2069}.";
        assert_eq!(clause(text, "en"), "that the meeting took place yadot, they said");
        assert_eq!(clause("\u{202E}الاجتماع حدث\n", "ar"), "“الاجتماع حدث”");
    }
}
