//! Reading what people type into a search box: words, `"phrases"`, `or`, and `-` for without.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::error::Result;
use crate::planned::Planned;

/// How many words and phrases of a query are read; those behind are left out.
const MOST_TERMS: usize = 32;

/// What somebody typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Typed {
    alternatives: Vec<Alternative>,
}

/// What stands between two `or`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Alternative {
    with: Vec<String>,
    without: Vec<String>,
}

/// A query as the index takes it.
#[derive(Debug, Clone)]
pub struct Query {
    /// What an entry must have to be found: `tsquery` in text form.
    pub wanted: String,
    /// All words asked for, each as good as the others: by how many, and where, what was found is ranked.
    pub ranked: String,
    /// The words as the index has them, for highlighting.
    pub words: BTreeSet<String>,
}

impl Typed {
    /// Reads a query. Nothing is wrong: quotes that are left open end at the end.
    pub fn read(q: &str) -> Self {
        let mut alternatives = vec![Alternative::default()];
        let mut rest = q.trim_start();
        let mut read = 0;
        while !rest.is_empty() && read < MOST_TERMS {
            let without = rest.starts_with('-') && rest[1..].starts_with(|c: char| !c.is_whitespace());
            rest = if without { &rest[1..] } else { rest };
            let quoted = rest.strip_prefix('"');
            let term = match quoted {
                Some(inside) => inside.split('"').next().unwrap_or_default(),
                None => rest.split(|c: char| c.is_whitespace() || c == '"').next().unwrap_or_default(),
            };
            let length = term.len() + quoted.map_or(0, |inside| 1 + usize::from(inside.len() > term.len()));
            rest = rest[length..].trim_start();
            let is_or = quoted.is_none() && !without && term.eq_ignore_ascii_case("or");
            let Some(alternative) = alternatives.last_mut() else { break };
            match (is_or, without) {
                (true, _) => alternatives.push(Alternative::default()),
                (false, false) => alternative.with.push(term.to_owned()),
                (false, true) => alternative.without.push(term.to_owned()),
            }
            read += 1;
        }
        Self { alternatives }
    }

    /// Whether it says what to leave out, and nothing to look for.
    pub fn only_leaves_out(&self) -> bool {
        self.alternatives.iter().all(|one| one.with.is_empty())
            && self.alternatives.iter().any(|one| !one.without.is_empty())
    }

    /// The words looked for, for names that resemble them; none where others are to be left out.
    pub fn as_name(&self) -> Option<String> {
        let plain = self.alternatives.iter().all(|one| one.without.is_empty());
        let words: Vec<&str> = self.alternatives.iter().flat_map(|one| &one.with).map(String::as_str).collect();
        plain.then(|| words.join(" "))
    }

    /// The query by the rules of every language in use; `None` where it has no word to look for.
    pub async fn translate(&self, conn: &AsyncPgConnection) -> Result<Option<Query>> {
        let terms: BTreeSet<&str> =
            self.alternatives.iter().flat_map(|one| one.with.iter().chain(&one.without)).map(String::as_str).collect();
        let terms: Vec<&str> = terms.into_iter().collect();
        Ok(Meanings::look_up(&terms, conn).await?.compose(&self.alternatives))
    }
}

#[derive(QueryableByName)]
struct InLanguage {
    #[diesel(sql_type = Text)]
    term: String,
    #[diesel(sql_type = Text)]
    config: String,
    #[diesel(sql_type = Text)]
    meaning: String,
}

/// What each term is in each language: a `tsquery` in text form, or nothing where it is a stop word there.
struct Meanings(BTreeMap<String, BTreeMap<String, String>>);

impl Meanings {
    async fn look_up(terms: &[&str], mut conn: &AsyncPgConnection) -> Result<Self> {
        let found: Vec<InLanguage> = Planned(
            diesel::sql_query(
                "SELECT term, config::text, term_in(config, term) AS meaning
             FROM unnest($1) AS t(term) CROSS JOIN (SELECT config FROM search_languages UNION SELECT 'simple') AS c",
            )
            .bind::<Array<Text>, _>(terms),
        )
        .load(&mut conn)
        .await?;
        let mut meanings = BTreeMap::<String, BTreeMap<String, String>>::new();
        for InLanguage { term, config, meaning } in found {
            meanings.entry(term).or_default().insert(config, meaning);
        }
        Ok(Self(meanings))
    }

    /// A term in any language; `None` where it is no word at all, such as an emoji.
    fn anywhere(&self, term: &str) -> Option<String> {
        let meanings: BTreeSet<&str> =
            self.0.get(term)?.values().map(String::as_str).filter(|m| !m.is_empty()).collect();
        let either = meanings.iter().map(|meaning| format!("({meaning})")).collect::<Vec<_>>().join(" | ");
        (!either.is_empty()).then(|| format!("({either})"))
    }

    fn compose(&self, alternatives: &[Alternative]) -> Option<Query> {
        let wanted: Vec<String> = alternatives.iter().flat_map(|one| self.branches(one)).collect();
        let terms: Vec<String> =
            alternatives.iter().flat_map(|one| &one.with).filter_map(|term| self.anywhere(term)).collect();
        let words = alternatives.iter().flat_map(|one| &one.with).filter_map(|term| self.0.get(term));
        let words = words.flat_map(BTreeMap::values).flat_map(|meaning| words_in(meaning)).collect();
        (!wanted.is_empty()).then(|| Query { wanted: wanted.join(" | "), ranked: terms.join(" | "), words })
    }

    /// One alternative, for each set of languages that leave out the same words: "die hard" is two words in English, and one
    /// where "die" is an article. An entry says by which languages it was read.
    fn branches(&self, alternative: &Alternative) -> Vec<String> {
        let with: BTreeSet<&str> = alternative.with.iter().map(String::as_str).collect();
        let with: Vec<(&str, String)> =
            with.into_iter().filter_map(|term| Some((term, self.anywhere(term)?))).collect();
        let without: String =
            alternative.without.iter().filter_map(|term| Some(format!(" & !{}", self.anywhere(term)?))).collect();
        let mut languages = BTreeMap::<Vec<usize>, BTreeSet<&str>>::new();
        let configs: BTreeSet<&str> = self.0.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
        for config in configs {
            let has = |term: &str| self.0.get(term).and_then(|m| m.get(config)).is_some_and(|m| !m.is_empty());
            let kept = (0..with.len()).filter(|at| has(with[*at].0)).collect();
            languages.entry(kept).or_default().insert(config);
        }
        let branch = |(kept, configs): (Vec<usize>, BTreeSet<&str>)| {
            let words: Vec<&str> = kept.iter().map(|at| with[*at].1.as_str()).collect();
            let whole = words.len() == with.len();
            let read_by = configs.iter().map(|config| format!("'={config}'")).collect::<Vec<_>>().join(" | ");
            let read_by = if whole { String::new() } else { format!("({read_by}) & ") };
            (!words.is_empty()).then(|| format!("({read_by}{}{without})", words.join(" & ")))
        };
        languages.into_iter().filter_map(branch).collect()
    }
}

/// The words in a `tsquery`'s text form: what stands between single quotes.
fn words_in(meaning: &str) -> impl Iterator<Item = String> {
    meaning.split('\'').skip(1).step_by(2).filter(|word| !word.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(q: &str) -> Vec<(Vec<String>, Vec<String>)> {
        Typed::read(q).alternatives.into_iter().map(|one| (one.with, one.without)).collect()
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn queries_are_read_as_people_type_them() {
        assert_eq!(read("talks in Istanbul"), [(owned(&["talks", "in", "Istanbul"]), vec![])]);
        assert_eq!(
            read("\"secret talks\" -denied or -\"no comment\" Peskov"),
            [(owned(&["secret talks"]), owned(&["denied"])), (owned(&["Peskov"]), owned(&["no comment"]))]
        );
        assert_eq!(read("  \"left open"), [(owned(&["left open"]), vec![])]);
        assert_eq!(read("a\"b\"c - d -"), [(owned(&["a", "b", "c", "-", "d", "-"]), vec![])]);
        assert_eq!(read("\"\" \"or\" OR"), [(owned(&["", "or"]), vec![]), (vec![], vec![])]);
        assert_eq!(read(""), [(vec![], vec![])]);
        assert_eq!(read(&"x ".repeat(500))[0].0.len(), MOST_TERMS);
    }

    #[test]
    fn a_stop_word_is_left_out_in_its_own_language_only() {
        let of = |all: &[(&str, &str)]| all.iter().map(|(c, m)| ((*c).to_owned(), (*m).to_owned())).collect();
        let meanings = Meanings(BTreeMap::from([
            ("die".to_owned(), of(&[("english", "'die'"), ("german", "")])),
            ("hard".to_owned(), of(&[("english", "'hard'"), ("german", "'hard'")])),
        ]));
        let query = meanings.compose(&Typed::read("die hard").alternatives).unwrap();
        assert_eq!(query.wanted, "((('die')) & (('hard'))) | (('=german') & (('hard')))");
        assert_eq!(query.words, BTreeSet::from(["die".to_owned(), "hard".to_owned()]));
        assert!(meanings.compose(&Typed::read("-hard").alternatives).is_none());
        assert!(meanings.compose(&Typed::read("die").alternatives).is_some());
    }
}
