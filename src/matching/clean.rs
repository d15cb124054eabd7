//! What of a message is not what it claims: links, who posted it and when. And words that are glued together.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What a message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its text without what is around it.
    pub text: String,
    /// Who posted it, where it ends with that. Names in it often are those in the claim, but tell less than the text.
    pub author: String,
    /// The rest of that: when.
    pub date: String,
    /// The addresses in it, at most five.
    pub links: Vec<String>,
}

/// How many links of a message are looked up.
const MOST_LINKS: usize = 5;

/// How many characters a signature has at most.
const LONGEST_SIGNATURE: usize = 200;

/// An expression of this file.
#[expect(clippy::unwrap_used, reason = "all of them are read by a test")]
fn expression(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Up to a blank, or to a script without blanks, in which the text may go on at once.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    expression(
        r"(?i)https?://(?:[!#-;=?-~]|[\p{L}\p{M}\p{Nd}--\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])*",
    )
});
static WITHOUT_BLANKS: LazyLock<Regex> =
    LazyLock::new(|| expression(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"));
/// Addresses without a scheme, as posts end with, often glued to the last word.
static BARE_LINK: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(?i)\bwww\.[!-~]+|pic\.(?:twitter|x)\.com/[!-~]*|\bt\.co/[!-~]*"));
/// "— Name (@handle) March 3, 2020", as posts are quoted.
static SIGNATURE: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(?:\s*[—–]|\s-)\s*([^—–]{0,80}?)\(\s*@(\w{1,30})\s*\)([^()]{0,40})$"));
/// The end of a sentence without a blank behind it.
static GLUED: LazyLock<Regex> = LazyLock::new(|| expression(r"(\p{Ll})([.!?…:;,]+)(\p{Lu})"));
/// A number: the first group where its thousands are grouped by blanks or apostrophes, as told, and no digit follows; else the second.
fn number(thousands: &str) -> Regex {
    expression(&[r"(\p{Nd}{1,3}", thousands, r"(?:[.,]\p{Nd}+)?)(?:\P{Nd}|$)|(\p{Nd}+(?:[.,]\p{Nd}+)*)"].concat())
}
/// Where blanks do so only if what is behind one is no number by itself, as in "10 000".
static NUMBER: LazyLock<Regex> = LazyLock::new(|| number(r"(?:(?:[\s'’]\p{Nd}{3}){2,}|[\s'’][0٠۰०০๐０]\p{Nd}{2})"));
/// Where they do so wherever they may.
static NUMBER_WITH_BLANKS: LazyLock<Regex> = LazyLock::new(|| number(r"(?:[\s'’]\p{Nd}{3})+"));
static TAG: LazyLock<Regex> = LazyLock::new(|| expression(r"[@#](\w+)"));
/// Where a word in a tag ends: before a capital letter that follows a small one or begins a word, and around numbers.
static JOINT: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(\p{Ll})(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})|(\p{L})(\p{Nd})|(\p{Nd})(\p{L})"));

/// Takes a message apart.
pub fn message(text: &str) -> Message {
    let text = html_escape::decode_html_entities(text);
    let text = html_escape::decode_html_entities(&text);
    let links = links_in(&text);
    let text = text.trim_end();
    // It stands at the end: the rest of a long text is not searched for it.
    let end = text.char_indices().rev().nth(LONGEST_SIGNATURE).map_or(0, |(at, _)| at);
    let signed = SIGNATURE.captures(&text[end..]);
    let body = signed.as_ref().and_then(|found| found.get(0)).map_or(text, |found| &text[..end + found.start()]);
    let (author, date) =
        signed.map_or_else(Default::default, |found| (format!("{} @{}", &found[1], &found[2]), found[3].to_owned()));
    Message { text: plain(body), author: plain(&author), date: plain(&date), links }
}

impl Message {
    /// Whether the text is one word, or none.
    pub fn is_a_word(&self) -> bool {
        !self.text.contains(' ') && !WITHOUT_BLANKS.is_match(&self.text)
    }

    /// Whether it and a claim each name numbers that the other does not: what is said of 60 is not what is said of 15. Who tells more, as of
    /// when, may say the same; and what a claim means may stand in its context. "3 200" is one number or two, whichever is said there.
    pub fn has_other_numbers(&self, claim: &str, context: &str) -> bool {
        [&NUMBER, &NUMBER_WITH_BLANKS].into_iter().all(|number| {
            let (said, claimed) = (numbers(number, &self.text), numbers(number, claim));
            !claimed.is_subset(&said) && !said.is_subset(&claimed.union(&numbers(number, context)).cloned().collect())
        })
    }

    /// All that was written, as an embedding service is asked for it.
    pub fn whole(&self) -> String {
        [&self.text, &self.author, &self.date].map(String::as_str).join(" ").trim().to_owned()
    }
}

/// The numbers in a text, whichever digits it has and however they are grouped. Of "1.500" only its author knows what it is: it is read as
/// a thousand and more.
fn numbers(number: &Regex, text: &str) -> BTreeSet<String> {
    let written = number.captures_iter(text).filter_map(|found| found.get(1).or(found.get(2)));
    written.map(|number| plain_number(number.as_str())).collect()
}

fn plain_number(number: &str) -> String {
    let written = number.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’'));
    let digits: String = written.map(|c| if c == ',' { '.' } else { ascii_digit(c) }).collect();
    match digits.split('.').collect::<Vec<_>>()[..] {
        [first, ref groups @ ..] if first.len() <= 3 && first != "0" && groups.iter().all(|group| group.len() == 3) => {
            format!("{first}{}", groups.concat())
        }
        [ref groups @ .., decimals] if !groups.is_empty() => {
            format!("{}.{decimals}", groups.concat()).trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => digits,
    }
}

/// A digit of the scripts that news are written in, as ASCII has it.
fn ascii_digit(c: char) -> char {
    let zeros = ['٠', '۰', '०', '০', '๐', '０'];
    let mut values = zeros.iter().filter_map(|zero| u32::from(c).checked_sub(u32::from(*zero)));
    values.find_map(|value| char::from_digit(value, 10)).unwrap_or(c)
}

/// The addresses in a text. Where it goes on at once in a script without blanks, that may be the address's own: both are looked for,
/// but never what ends within a path.
fn links_in(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for found in LINK.find_iter(text).take(MOST_LINKS) {
        let behind = text[found.end()..].split(|c: char| c.is_whitespace() || "<>\"".contains(c)).next();
        let behind = behind.filter(|behind| behind.starts_with(char::is_alphanumeric)).unwrap_or_default();
        if !behind.is_empty() {
            links.push(unpunctuated(&text[found.start()..found.end() + behind.len()]));
        }
        if behind.is_empty() || !found.as_str().ends_with(['/', '=', '-', '_']) {
            links.push(unpunctuated(found.as_str()));
        }
    }
    links
}

/// An address without what ends a sentence, a bracket or a markup behind it.
fn unpunctuated(mut link: &str) -> String {
    loop {
        let rest = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ']', '}', '*', '_', '~', '|', '`']);
        let opened = rest.matches('(').count();
        let rest = rest.strip_suffix(')').filter(|_| rest.matches(')').count() > opened).unwrap_or(rest);
        if rest.len() == link.len() {
            return rest.to_owned();
        }
        link = rest;
    }
}

/// Without links, with what is glued together apart.
fn plain(text: &str) -> String {
    let text = LINK.replace_all(text, " ");
    let text = BARE_LINK.replace_all(&text, " ");
    let text = GLUED.replace_all(&text, "$1$2 $3");
    let text = TAG.replace_all(&text, |found: &Captures<'_>| {
        let (whole, parts) = (&found[1], apart(&found[1]));
        if parts == whole { format!(" {whole} ") } else { format!(" {parts} {whole} ") }
    });
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `DefundTheCBC` as `Defund The CBC`.
fn apart(tag: &str) -> String {
    // Joints may share a letter, and are found one beside the other only by looking again.
    let once = JOINT.replace_all(tag, "$1$3$5$7 $2$4$6$8").into_owned();
    JOINT.replace_all(&once, "$1$3$5$7 $2$4$6$8").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_it_says() {
        let told = message(
            "Did you see this?Look #DefundTheCBC &amp; https://example.org/a?b=1. pic.twitter.com/0eJtwJyS1J — A Name (@a_handle) January 14, 2020",
        );
        assert_eq!(told.text, "Did you see this? Look Defund The CBC DefundTheCBC &");
        assert_eq!((told.author.as_str(), told.date.as_str()), ("A Name a handle a_handle", "January 14, 2020"));
        assert_eq!(told.links, ["https://example.org/a?b=1"]);
    }

    #[test]
    fn what_is_no_message_stays_as_it_is() {
        for text in ["Un incontro — segreto — a Istanbul", "俄罗斯总统普京访华", "A (b) - c", "mail me", "3.5 %"]
        {
            assert_eq!(message(text), Message { text: text.into(), ..Message::default() });
        }
        assert_eq!(message("#COVID19 #普京").text, "COVID 19 COVID19 普京");
        assert_eq!(message("https://example.org").text, "");
        assert_eq!(message("https://example.org").links, ["https://example.org"]);
        assert_eq!(message(""), Message::default());
    }

    #[test]
    fn an_address_ends_where_the_text_goes_on() {
        for (text, links) in [
            ("see https://iri.example/wiki/Путін!", vec!["https://iri.example/wiki/Путін"]),
            ("https://a.example/straße-köln?a=ü, then", vec!["https://a.example/straße-köln?a=ü"]),
            ("https://a.example/1很好", vec!["https://a.example/1很好", "https://a.example/1"]),
            ("https://zh.example/wiki/普京 说", vec!["https://zh.example/wiki/普京"]),
            (
                "(https://a.example/Foo_(bar)) <https://a.example/b/>",
                vec!["https://a.example/Foo_(bar)", "https://a.example/b/"],
            ),
            ("**https://a.example/c** [x](https://a.example/d)?", vec!["https://a.example/c", "https://a.example/d"]),
            ("<a href=\"https://a.example/e\">e</a>", vec!["https://a.example/e"]),
        ] {
            assert_eq!(message(text).links, links, "{text}");
        }
    }

    #[test]
    fn numbers_tell_claims_apart() {
        let differs = |text: &str, claim: &str| message(text).has_other_numbers(claim, "Of 2026");
        assert!(differs("Solar power grew by 60 gigawatts in 2025", "Solar power grew by 15 gigawatts in 2025"));
        assert!(differs("It cost 1.5 million", "It cost 15 million"));
        assert!(differs("٦٠ gigawatts", "15 gigawatts"));
        for claim in ["20 000 people came", "10 people came", "1 people came"] {
            assert!(differs("10 000 people came", claim) && differs("10'000 people came", claim), "{claim}");
        }
        for (text, claim) in [
            ("Solar power grew by 15 gigawatts", "In 2025, solar power grew by 15 gigawatts"),
            ("On May 3 2,000 people came #COVID19", "2.000 people came"),
            ("It cost 1.50, not 0.255 or 1,234.0", "It cost 1,5, not 0,255 or 1234"),
            ("٦٠ or ６０ gigawatts", "60 gigawatts"),
            ("Nobody came", "2000 people came"),
            ("In 2026 it cost 15", "It cost 15 in May and 16 in June"),
            ("In 2019 nobody came", "Nobody came"),
            ("10 000 people came", "10\u{a0}000 people came"),
            ("10'000 people came", "10.000 people came"),
            ("R10 000 and 20 000km, 3 200人", "10 000 rand and 20 000 km, 3200 people"),
            ("In 2020 300 came", "300 came in 2020"),
            ("10,000 people and 1 200 000,5 more", "10 000 people and 1.200.000,50 more"),
            ("On May 3 200 people came", "200 people came"),
        ] {
            assert!(!differs(text, claim), "{text}");
        }
    }

    #[test]
    fn a_word_is_told_from_a_sentence() {
        for word in ["COVID-19", "e-mail", "2027!", "https://a.example/b Brücke", ""] {
            assert!(message(word).is_a_word(), "{word}");
        }
        for sentence in ["It rains", "今天下雨"] {
            assert!(!message(sentence).is_a_word(), "{sentence}");
        }
    }
}
