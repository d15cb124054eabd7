//! A text as the index has its words, in each language in use, with what each word tells.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use whatlang::{Detector, Lang};

use super::clean::Message;
use super::words::Words;
use crate::error::Result;
use crate::planned::Planned;
use crate::schema::sql_types::Tsvector;
use crate::schema::word_counts;

/// How many different words of a text are looked for, the rarest.
const MOST_WORDS: usize = 128;
/// And how many that are in no public entry: drafts may have them, and what is not counted yet.
const MOST_UNKNOWN: usize = 32;
/// How many bytes a text has that is read by the rules of its own language alone, where that is beyond doubt.
const LONG: usize = 2000;
/// What a word tells that is only in the name of who posted the text, or only in the date. Learned, as the other constants of this
/// slice, on tweets and the claims that they were checked against.
const IN_AUTHOR: f32 = 0.75;
const IN_DATE: f32 = 0.6;
/// Rare words tell more than their inverse document frequency says.
const EMPHASIS: f32 = 1.2;

#[derive(QueryableByName)]
struct InLanguage {
    #[diesel(sql_type = Text)]
    config: String,
    #[diesel(sql_type = Nullable<Bool>)]
    is_own: Option<bool>,
    #[diesel(sql_type = Tsvector)]
    said: Words,
    #[diesel(sql_type = Tsvector)]
    author: Words,
    #[diesel(sql_type = Tsvector)]
    date: Words,
}

impl InLanguage {
    /// All words, with what each is worth by its place; the most comes last.
    fn all(&self) -> impl Iterator<Item = (&str, f32)> {
        let date = self.date.iter().map(|word| (word.text, IN_DATE));
        let author = self.author.iter().map(|word| (word.text, IN_AUTHOR));
        date.chain(author).chain(self.said.iter().map(|word| (word.text, 1.0)))
    }
}

/// A text as words.
#[derive(Debug)]
pub struct Reading {
    /// For each configuration, the words with what each tells: 1 for one that is in a single entry.
    pub languages: BTreeMap<String, BTreeMap<String, f32>>,
    /// In how many public entries each word occurs.
    counts: HashMap<String, i64>,
    /// The configuration of the text's own language, where it was said or is beyond doubt.
    own: Option<String>,
    /// Whether the text is one word.
    is_a_word: bool,
}

impl Reading {
    /// Reads a text by the rules of every language in use, as names are the same in many; a long one by those of its own, and of none.
    pub async fn of(message: &Message, language: Option<&str>, mut conn: &AsyncPgConnection) -> Result<Self> {
        // By the rules of thirty languages a long text takes seconds; and what it is in, a long text tells.
        let is_long = message.text.len() > LONG;
        let told = if language.is_none() && is_long { whatlang::detect(&message.text) } else { None };
        let told = told.filter(whatlang::Info::is_reliable).map(|found| configuration(found.lang()));
        let read: Vec<InLanguage> = Planned(diesel::sql_query(
            "SELECT config::text, config = search_config($4) AS is_own, words_of(config, $1) AS said, words_of(config, $2) AS author, words_of(config, $3) AS date
             FROM (SELECT config FROM search_languages WHERE NOT $6 OR $4 IS NULL AND $5 IS NULL OR config = $5::regconfig
                   UNION SELECT search_config($4) WHERE $4 IS NOT NULL UNION SELECT 'simple') AS c",
        )
        .bind::<Text, _>(&message.text)
        .bind::<Text, _>(&message.author)
        .bind::<Text, _>(&message.date)
        .bind::<Nullable<Text>, _>(language)
        .bind::<Nullable<Text>, _>(told)
        .bind::<Bool, _>(is_long))
        .load(&mut conn)
        .await?;
        let words: BTreeSet<&str> = read.iter().flat_map(InLanguage::all).map(|(word, _)| word).collect();
        let counts: HashMap<String, i64> = word_counts::table
            .filter(word_counts::word.eq_any(words))
            .or_filter(word_counts::word.like("=%"))
            .select((word_counts::word, word_counts::entries))
            .load::<(String, i64)>(&mut conn)
            .await?
            .into_iter()
            .collect();
        let entries: i64 = counts.iter().filter(|(word, _)| word.starts_with('=')).map(|(_, count)| count).sum();
        let once = rarity(1, entries);
        let tells = |word: &str| (rarity(counts.get(word).copied().unwrap_or_default(), entries) / once).powf(EMPHASIS);
        // Where a word stands more than once, the text comes last.
        let telling =
            |one: &InLanguage| one.all().map(|(word, weight)| (word.to_owned(), weight * tells(word))).collect();
        let languages: BTreeMap<String, BTreeMap<String, f32>> =
            read.iter().map(|one| (one.config.clone(), telling(one))).collect();
        let own = match language {
            Some(_) => read.iter().find(|one| one.is_own == Some(true)).map(|one| one.config.clone()),
            None => detected(&message.text, languages.keys()),
        };
        Ok(Self { languages, counts, own, is_a_word: message.is_a_word() })
    }

    /// Whether words were read by the rules of other languages than the text's own: few of them can be shared then.
    pub fn is_foreign(&self, words: &Words) -> bool {
        self.own.as_deref().is_some_and(|own| words.read_by().all(|config| config != own))
    }

    /// Whether a text is a word and no sentence, as it is read for an entry with these words: it claims nothing.
    pub fn is_a_word(&self, words: &Words) -> bool {
        // Of scripts without blanks the pairs of characters are counted, not the characters.
        let length =
            |wanted: &BTreeMap<String, f32>| wanted.keys().filter(|word| word.chars().nth(1).is_some()).count();
        let own = words.read_by().filter_map(|config| self.languages.get(config)).map(length).min();
        self.is_a_word || own.or_else(|| self.languages.values().map(length).max()).is_none_or(|length| length < 2)
    }

    /// In how many entries a word occurs.
    pub fn count(&self, word: &str) -> i64 {
        self.counts.get(word).copied().unwrap_or_default().max(0)
    }

    /// All words in any language, the rarest first.
    pub fn rarest(&self) -> Vec<&str> {
        let words: BTreeSet<&str> = self.languages.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
        let (mut known, mut rarest): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| self.count(word) > 0);
        known.sort_by_key(|word| self.count(word));
        known.truncate(MOST_WORDS);
        rarest.truncate(MOST_UNKNOWN);
        rarest.extend(known);
        rarest
    }
}

/// The configuration of the language that a text is in; PostgreSQL calls them by their English names. A short text is told between
/// the languages in use only.
fn detected<'a>(text: &str, in_use: impl Iterator<Item = &'a String>) -> Option<String> {
    let in_use: Vec<&String> = in_use.collect();
    // Not all that have no rules of their own: among dozens of languages few words tell nothing.
    let is_among = |language: &Lang| {
        let rules = configuration(*language);
        rules != "simple" && in_use.contains(&&rules)
    };
    let among = Lang::all().iter().copied().filter(is_among).collect();
    let sure = |found: Option<whatlang::Info>| found.filter(whatlang::Info::is_reliable);
    let found = sure(whatlang::detect(text)).or_else(|| sure(Detector::with_allowlist(among).detect(text)))?;
    Some(configuration(found.lang()))
}

/// The configuration of a language.
fn configuration(language: Lang) -> String {
    let name = if language == Lang::Nob { "norwegian".into() } else { language.eng_name().to_lowercase() };
    if CONFIGURATIONS.contains(&name.as_str()) { name } else { "simple".into() }
}

/// The configurations that `search_config` knows and whatlang can tell.
const CONFIGURATIONS: [&str; 26] = [
    "arabic",
    "armenian",
    "catalan",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hindi",
    "hungarian",
    "indonesian",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "serbian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
    "yiddish",
];

/// BM25's inverse document frequency. Of a word that is nowhere, that of half an entry.
fn rarity(with: i64, entries: i64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let (with, entries) = ((with as f32).max(0.5), (entries as f32).max(2.0));
    (1.0 + (entries - with).max(0.0) / (with + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_by_the_rules_of_its_language() {
        for (language, rules) in [
            (Lang::Eng, "english"),
            (Lang::Nob, "norwegian"),
            (Lang::Srp, "serbian"),
            (Lang::Tam, "tamil"),
            (Lang::Yid, "yiddish"),
            (Lang::Pol, "simple"),
        ] {
            assert_eq!(configuration(language), rules);
        }
        // Few words are told between the languages in use alone, not between all that have no rules of their own.
        let in_use = ["english", "italian", "simple"].map(str::to_owned);
        let told = |text| detected(text, in_use.iter());
        assert_eq!(told("Does the medicine heal diabetics within days?").as_deref(), Some("english"));
        assert_eq!(told("Questo farmaco guarisce il diabete in tre giorni").as_deref(), Some("italian"));
    }
}
