//! What of a message is not what it claims: links, who posted it and when. And words that are glued together.

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

static LINK: LazyLock<Regex> = LazyLock::new(|| expression(r"(?i)https?://[!-~]*"));
/// Addresses without a scheme, as posts end with, often glued to the last word.
static BARE_LINK: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(?i)\bwww\.[!-~]+|pic\.(?:twitter|x)\.com/[!-~]*|\bt\.co/[!-~]*"));
/// "— Name (@handle) March 3, 2020", as posts are quoted.
static SIGNATURE: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(?:\s*[—–]|\s-)\s*([^—–]{0,80}?)\(\s*@(\w{1,30})\s*\)([^()]{0,40})$"));
/// The end of a sentence without a blank behind it.
static GLUED: LazyLock<Regex> = LazyLock::new(|| expression(r"(\p{Ll})([.!?…:;,]+)(\p{Lu})"));
static TAG: LazyLock<Regex> = LazyLock::new(|| expression(r"[@#](\w+)"));
/// Where a word in a tag ends: before a capital letter that follows a small one or begins a word, and around numbers.
static JOINT: LazyLock<Regex> =
    LazyLock::new(|| expression(r"(\p{Ll})(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})|(\p{L})(\p{Nd})|(\p{Nd})(\p{L})"));

/// Takes a message apart.
pub fn message(text: &str) -> Message {
    let text = html_escape::decode_html_entities(text);
    let text = html_escape::decode_html_entities(&text);
    let link = |found: regex::Match<'_>| found.as_str().trim_end_matches(['.', ',', ')', ';', '"', '\'']).to_owned();
    let links = LINK.find_iter(&text).take(MOST_LINKS).map(link).collect();
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
    /// All that was written, as an embedding service is asked for it.
    pub fn whole(&self) -> String {
        [&self.text, &self.author, &self.date].map(String::as_str).join(" ").trim().to_owned()
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
}
