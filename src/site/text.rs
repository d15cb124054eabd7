//! How what users wrote gets into a page: escaped, in its own language and direction, and links only to the web.

use maud::{Markup, Render, html};

use crate::partial_date::PartialDate;
use crate::text;

/// A text in its language and direction, in the middle of a sentence.
pub fn said(text: &str, language: Option<&str>) -> Markup {
    html! { bdi lang=[language] { (text) } }
}

/// A name, whichever way it runs.
pub fn name(name: &str) -> Markup {
    html! { bdi { (name) } }
}

/// A text of several paragraphs.
pub fn paragraphs(text: &str, language: Option<&str>) -> Markup {
    html! {
        @for paragraph in text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()) {
            p dir="auto" lang=[language] { (paragraph) }
        }
    }
}

/// The address if it leads to the web. Nothing else is ever a link, whatever is stored.
pub fn web(address: &str) -> Option<&str> {
    text::normal_url(address).map(|_| address)
}

/// A link that leads away from here, or the words alone where the address is no web address.
pub fn away(address: &str, words: impl Render) -> Markup {
    html! {
        @if let Some(address) = web(address) {
            a href=(address) rel="nofollow noopener" { (words) }
        } @else {
            (words)
        }
    }
}

/// A date as precise as it is known, in words.
pub fn date(date: &PartialDate) -> Markup {
    html! { time datetime=(date.as_str()) { (in_words(date.as_str())) } }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `2023`, `October 2023` or `3 October 2023`.
pub fn in_words(date: &str) -> String {
    let mut parts = date.split('-');
    let year = parts.next().unwrap_or_default();
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
    let month = number(parts.next()).and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match (month, number(parts.next())) {
        (Some(month), Some(day)) => format!("{day} {month} {year}"),
        (Some(month), None) => format!("{month} {year}"),
        _ => year.to_owned(),
    }
}

/// The day of an instant, in words.
pub fn day(at: chrono::DateTime<chrono::Utc>) -> Markup {
    let day = at.format("%Y-%m-%d").to_string();
    html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (in_words(&day)) } }
}

/// A text cut to so many characters, at a space where there is one.
pub fn short(text: &str, most: usize) -> String {
    let mut characters = text.char_indices().map(|(at, _)| at).skip(most);
    let Some(end) = characters.next() else { return text.to_owned() };
    let piece = text.get(..end).unwrap_or_default();
    let whole = piece.rsplit_once(' ').map_or(piece, |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_precise_as_they_are_known() {
        assert_eq!(in_words("2023"), "2023");
        assert_eq!(in_words("2023-10"), "October 2023");
        assert_eq!(in_words("2023-10-03"), "3 October 2023");
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(
            away("https://example.com/?a=1&b=\"", "x").into_string(),
            "<a href=\"https://example.com/?a=1&amp;b=&quot;\" rel=\"nofollow noopener\">x</a>"
        );
        for address in ["javascript:alert(1)", "data:text/html,x", "/relative", "java\tscript:alert(1)", ""] {
            assert_eq!(away(address, "<x>").into_string(), "&lt;x&gt;", "{address}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_words() {
        assert_eq!(short("one two three", 8), "one two…");
        assert_eq!(short("one two", 8), "one two");
        assert_eq!(short(&"é".repeat(9), 8), format!("{}…", "é".repeat(8)));
    }
}
