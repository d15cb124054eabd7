//! The piece of a text that shows why it was found, as HTML with `<mark>`.

use std::collections::{BTreeSet, HashSet};

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// How many characters a snippet has, without its marks.
const LENGTH: usize = 200;
/// Of those in front of the first word that was found.
const BEFORE: usize = 60;
/// How many letters an ending may add to a stem.
const ENDING: usize = 5;

/// The stems of what was looked for, so that a word is compared with all of them at once.
#[derive(Debug, Default)]
pub struct Stems {
    /// As the index has them.
    whole: HashSet<String>,
    /// The longer ones without their last letter.
    shortened: HashSet<String>,
    /// Those of two characters in scripts without blanks, which are searched by pairs.
    pairs: HashSet<String>,
    /// All characters that are not ASCII.
    characters: HashSet<char>,
}

impl Stems {
    /// Of these words, as the index has them.
    pub fn of(words: &BTreeSet<String>) -> Self {
        let mut stems = Self::default();
        for word in words {
            let length = word.chars().count();
            if length >= 5 {
                stems.shortened.insert(word.chars().take(length - 1).collect());
            }
            if length == 2 && !word.is_ascii() {
                stems.pairs.insert(word.clone());
            }
            stems.characters.extend(word.chars().filter(|c| !c.is_ascii()));
            stems.whole.insert(word.clone());
        }
        stems
    }

    /// The piece of `text` around the first of these words, escaped for HTML.
    pub fn snippet(&self, text: &str) -> String {
        // An elided article is a word of its own: l'incontro.
        let pieces: Vec<&str> = text.split_word_bounds().flat_map(|word| word.split_inclusive(['\'', '’'])).collect();
        let first = pieces.iter().position(|piece| self.has(piece)).unwrap_or_default();
        let mut start = first;
        let mut room = BEFORE;
        while start > 0 && pieces[start - 1].chars().count() <= room {
            start -= 1;
            room -= pieces[start].chars().count();
        }
        let mut html = String::from(if start > 0 { "… " } else { "" });
        let mut left = LENGTH;
        for piece in &pieces[start..] {
            let length = piece.chars().count();
            if length > left {
                html.extend(escaped(&piece.chars().take(left).collect::<String>()));
                html.push('…');
                return html;
            }
            left -= length;
            let (open, close) = if self.has(piece) { ("<mark>", "</mark>") } else { ("", "") };
            html.push_str(open);
            html.extend(escaped(piece));
            html.push_str(close);
        }
        html.trim().to_owned()
    }

    /// Whether a word has one of the stems. How a language inflects is not known here: a stem with a short ending, or whose last
    /// letter is another in the word (`happi`, `happy`), is one.
    fn has(&self, word: &str) -> bool {
        if !word.chars().any(char::is_alphanumeric) {
            return false;
        }
        let word = folded(word);
        if self.whole.contains(&word) {
            return true;
        }
        let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(1).chain([word.len()]).collect();
        let length = ends.len();
        // What a word of this length can begin with.
        let begins = |shortest: usize, ending: usize, among: &HashSet<String>| {
            let lengths = shortest.max(length.saturating_sub(ending))..=length;
            lengths.filter_map(|length| word.get(..*ends.get(length - 1)?)).any(|beginning| among.contains(beginning))
        };
        if begins(3, ENDING, &self.whole) || begins(4, 3, &self.shortened) {
            return true;
        }
        if word.is_ascii() {
            return false;
        }
        let mut characters = word.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => self.characters.contains(&only),
            _ => !self.pairs.is_empty() && self.pairs.iter().any(|pair| word.contains(pair.as_str())),
        }
    }
}

/// As the index has it (`without_accents`): without case, and without the marks on Latin, Greek and Cyrillic letters. Marks of other
/// scripts are letters of theirs.
fn folded(word: &str) -> String {
    let plain = word.chars().default_case_fold().nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).nfc();
    let bare = |c| match c {
        'ø' => 'o',
        'đ' => 'd',
        'ł' => 'l',
        'ħ' => 'h',
        'ŧ' => 't',
        'ı' => 'i',
        other => other,
    };
    plain.map(bare).collect()
}

fn escaped(text: &str) -> impl Iterator<Item = String> {
    text.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '\n' | '\r' | '\t' => " ".to_owned(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, words: &[&str]) -> String {
        Stems::of(&words.iter().map(|word| (*word).to_owned()).collect()).snippet(text)
    }

    #[test]
    fn what_was_found_is_marked_and_the_rest_escaped() {
        assert_eq!(
            show("The <b>meetings</b> & \"talks\"", &["meet"]),
            "The &lt;b&gt;<mark>meetings</mark>&lt;/b&gt; &amp; &quot;talks&quot;"
        );
        assert_eq!(show("L'élection d’octobre", &["elect"]), "L&#39;<mark>élection</mark> d’octobre");
        assert_eq!(show("Une élection", &["elect"]), "Une <mark>élection</mark>");
        assert_eq!(show("They were happy", &["happi"]), "They were <mark>happy</mark>");
        assert_eq!(show("Nothing here", &["meet"]), "Nothing here");
        assert_eq!(show("", &["meet"]), "");
        assert!(show("俄罗斯总统普京访华", &["普京"]).contains("<mark>普"));
        assert_eq!(show("W Łodzi", &["lodz"]), "W <mark>Łodzi</mark>");
        assert_eq!(show("Ærø og Tromsø", &["tromso"]), "Ærø og <mark>Tromsø</mark>");
        // Marks that are vowels, or make another consonant.
        assert_eq!(show("नई दिल्ली में", &["दिल्ल"]), "नई <mark>दिल्ली</mark> में");
        assert_eq!(show("ラザパン", &["ザパ"]), "<mark>ラザパン</mark>");
    }

    #[test]
    fn a_long_text_is_cut_around_what_was_found() {
        let text = format!("{} meeting {}", "before ".repeat(100), "after ".repeat(100));
        let shown = show(&text, &["meet"]);
        assert!(shown.starts_with("… ") && shown.ends_with('…') && shown.contains("<mark>meeting</mark>"), "{shown}");
        assert!(shown.chars().count() < 230, "{shown}");
        assert_eq!(show(&"x".repeat(5000), &["y"]).chars().count(), LENGTH + 1);
    }
}
