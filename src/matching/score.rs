//! How near an entry is to a text by their words: BM25F over its two fields.

use std::collections::HashMap;

use super::candidates::Candidate;
use super::reading::Reading;
use super::words::{Word, Words};

/// How fast a word said again tells less.
const K1: f32 = 1.2;
/// How much the length of a field counts.
const B: f32 = 0.5;
/// What fields are thought to be like before any is seen: so many, of so many words.
const FIELDS: f32 = 3.0;
const FIELD_WORDS: [f32; 2] = [11.0, 6.0];

/// How near an entry is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Nearness {
    /// How many words they share, each counted by how rare it is: 1 for one that is in a single entry.
    pub words: f32,
    /// The same as a share of the text's words, 0 to 1.
    pub share: f32,
}

/// How near each candidate is, in their order.
pub fn by_words(reading: &Reading, candidates: &[Candidate]) -> Vec<Nearness> {
    let means = Means::over(candidates);
    candidates.iter().map(|candidate| nearness(reading, &candidate.words, &means)).collect()
}

/// How long the fields of entries are, by the first configuration that they were read by. Among the candidates: a script's pairs of
/// characters are more than another language's words.
struct Means(HashMap<String, [f32; 2]>);

impl Means {
    fn over(candidates: &[Candidate]) -> Self {
        let mut sums = HashMap::<&str, (f32, [f32; 2])>::new();
        for candidate in candidates {
            let (count, lengths) = sums.entry(language(&candidate.words)).or_default();
            *count += 1.0;
            let these = lengths_of(&candidate.words);
            *lengths = [lengths[0] + these[0], lengths[1] + these[1]];
        }
        let mean = |count: f32, length: f32, before: f32| (length + FIELDS * before) / (count + FIELDS);
        let means = sums.into_iter().map(|(language, (count, lengths))| {
            let [a, b] = [0, 1].map(|field| mean(count, lengths[field], FIELD_WORDS[field]));
            (language.to_owned(), [a, b])
        });
        Self(means.collect())
    }
}

fn language(words: &Words) -> &str {
    words.read_by().next().unwrap_or_default()
}

fn lengths_of(words: &Words) -> [f32; 2] {
    words.iter().map(Word::counts).fold([0.0, 0.0], |[a, b], [more_a, more_b]| [a + more_a, b + more_b])
}

fn nearness(reading: &Reading, words: &Words, means: &Means) -> Nearness {
    let mut own: Vec<_> = words.read_by().filter_map(|config| reading.languages.get(config)).collect();
    if own.is_empty() {
        // Of a long text in another language; names are mostly as they are written.
        own.extend(reading.languages.get("simple"));
    }
    let Some(most) = own.iter().map(|wanted| wanted.values().sum::<f32>()).reduce(f32::max).filter(|most| *most > 0.0)
    else {
        return Nearness::default();
    };
    let (lengths, mean) = (lengths_of(words), means.0.get(language(words)).copied().unwrap_or(FIELD_WORDS));
    let by_length = [0, 1].map(|field| 1.0 - B + B * lengths[field] / mean[field].max(1.0));
    let mut sum = 0.0;
    for word in words.iter() {
        let Some(tells) = own.iter().filter_map(|wanted| wanted.get(word.text)).copied().reduce(f32::max) else {
            continue;
        };
        let [a, b] = word.counts();
        let often = a / by_length[0] + b / by_length[1];
        sum += tells * often / (often + K1);
    }
    Nearness { words: sum, share: sum / most }
}
