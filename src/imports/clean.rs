//! Texts out of pages as they are kept.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"</?[A-Za-z][^<>]{0,500}>").ok());

/// A text without markup, entities and control characters, in NFC, with single blanks.
pub fn clean(text: &str) -> String {
    let untagged =
        |text: &str| TAG.as_ref().map_or_else(|| text.to_owned(), |tag| tag.replace_all(text, " ").into_owned());
    let text = untagged(text);
    // Some are escaped twice, by one system after the other.
    let text = html_escape::decode_html_entities(&text).into_owned();
    let text = html_escape::decode_html_entities(&untagged(&text)).into_owned();
    let kept = |c: char| if c.is_whitespace() || is_unwanted(c) { ' ' } else { c };
    let spaced: String = text.chars().map(kept).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").nfc().collect()
}

/// Control characters, what is no character, and what turns the direction of other texts.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// The first characters of a text, and whether they are all of it.
pub fn cut(text: &str, longest: usize) -> (String, bool) {
    if text.chars().count() <= longest {
        return (text.to_owned(), true);
    }
    (text.chars().take(longest - 1).collect::<String>().trim_end().to_owned() + "…", false)
}

/// A claim without the quotation marks around all of it.
pub fn own_words(text: &str) -> String {
    const MARKS: [(char, char); 6] = [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“'), ('‘', '’'), ('\'', '\'')];
    for (open, close) in MARKS {
        if let Some(inner) = text.strip_prefix(open).and_then(|text| text.strip_suffix(close))
            && !inner.contains([open, close])
        {
            return inner.trim().to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{clean, cut, own_words};

    #[test]
    fn texts_out_of_pages_are_words_only() {
        assert_eq!(clean("A&nbsp;&quot;B&quot;\u{a0} C\r\n<br />D &amp;lt; E\u{0}"), "A \"B\" C D < E");
        assert_eq!(clean("3 < 4 and 5 > 2"), "3 < 4 and 5 > 2");
        assert_eq!(clean("E\u{301}cole"), "École");
    }

    #[test]
    fn quotation_marks_around_all_of_a_claim_go() {
        assert_eq!(own_words("“Ice is warm”"), "Ice is warm");
        assert_eq!(own_words("“Ice” is “warm”"), "“Ice” is “warm”");
        assert_eq!(own_words("\"Ice is warm"), "\"Ice is warm");
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(cut("éééé", 3), ("éé…".to_owned(), false));
        assert_eq!(cut("ééé", 3), ("ééé".to_owned(), true));
    }
}
