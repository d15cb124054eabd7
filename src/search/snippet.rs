//! The piece of a text that shows why it was found, as HTML with `<mark>`.

use std::collections::BTreeSet;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// How many characters a snippet has, without its marks.
const LENGTH: usize = 200;
/// Of those in front of the first word that was found.
const BEFORE: usize = 60;
/// How many letters an ending may add to a stem.
const ENDING: usize = 5;

/// The piece of `text` around the first of these words (stems, as the index has them), escaped for HTML.
pub fn snippet(text: &str, words: &BTreeSet<String>) -> String {
    // An elided article is a word of its own: l'incontro.
    let pieces: Vec<&str> = text.split_word_bounds().flat_map(|word| word.split_inclusive(['\'', '’'])).collect();
    let first = pieces.iter().position(|piece| is_found(piece, words)).unwrap_or_default();
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
        let (open, close) = if is_found(piece, words) { ("<mark>", "</mark>") } else { ("", "") };
        html.push_str(open);
        html.extend(escaped(piece));
        html.push_str(close);
    }
    html.trim().to_owned()
}

/// Whether a word has one of the stems. How a language inflects is not known here: a stem with a short ending, or whose last
/// letter is another in the word (`happi`, `happy`), is one.
fn is_found(word: &str, stems: &BTreeSet<String>) -> bool {
    let word: String = folded(word);
    let length = word.chars().count();
    if !word.chars().any(char::is_alphanumeric) {
        return false;
    }
    stems.iter().any(|stem| {
        let stem_length = stem.chars().count();
        let shorter: String = stem.chars().take(stem_length.saturating_sub(1)).collect();
        word == *stem
            || (stem_length >= 3 && word.starts_with(stem.as_str()) && length <= stem_length + ENDING)
            || (stem_length >= 5 && word.starts_with(&shorter) && length <= stem_length + 2)
            // Scripts without blanks are searched by pairs of characters.
            || (!word.is_ascii() && stem_length == 2 && !stem.is_ascii() && word.contains(stem.as_str()))
            || (length == 1 && !word.is_ascii() && stem.contains(&word))
    })
}

/// As the index has it: without case and accents.
fn folded(word: &str) -> String {
    word.chars().default_case_fold().nfkd().filter(|c| !is_combining_mark(*c)).nfc().collect()
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
        snippet(text, &words.iter().map(|word| (*word).to_owned()).collect())
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
