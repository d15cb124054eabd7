//! Text as OnRecord keeps it, and the rules for kinds of text that several nouns share.

use caseless::Caseless;
use language_tags::LanguageTag;
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use url::Url;
use validator::ValidationError;

use crate::error::FieldError;

/// Brings every string in a body into Unicode normalisation form C, and reports those that cannot be kept.
pub fn normalize(value: &mut Value, pointer: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => match storable(text) {
            Ok(()) if is_nfc(text) => {}
            Ok(()) => *text = text.nfc().collect(),
            Err(detail) => errors.push(FieldError::new(pointer, detail)),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                normalize(item, &format!("{pointer}/{index}"), errors);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                normalize(member, &format!("{pointer}/{}", escaped(name)), errors);
                if let ("language" | "quote_language", Value::String(tag)) = (name.as_str(), member) {
                    in_usual_case(tag);
                }
            }
        }
        _ => {}
    }
}

/// Writes a language tag as BCP 47 recommends (2.1.1): `EN-us` as `en-US`. What is none stays, to be refused by its rule.
fn in_usual_case(tag: &mut String) {
    if let Ok(parsed) = LanguageTag::parse(tag) {
        *tag = parsed.into_string();
    }
}

/// A member's name as a part of a JSON Pointer (RFC 6901).
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What is said of a text that says nothing, where it is not known whether it may be left out.
pub const BLANK: &str = "must not be blank; where it may be left out, leave it out or send null";

/// Whether the text can be kept and says anything at all.
pub fn storable(text: &str) -> Result<(), &'static str> {
    if text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_noncharacter(c)) {
        Err("must not contain control characters")
    } else if text.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        Err(BLANK)
    } else {
        Ok(())
    }
}

/// Code points that Unicode keeps free of meaning for ever.
fn is_noncharacter(c: char) -> bool {
    matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) & 0xFFFE == 0xFFFE
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Text of one line that is shown among others: no line breaks, and nothing that reorders what stands beside it.
pub fn line(text: &str) -> Result<(), ValidationError> {
    let breaks = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(breaks) {
        return Err(refusal("must be one line without direction controls"));
    }
    Ok(())
}

/// A list of such lines.
pub fn lines(texts: &[String]) -> Result<(), ValidationError> {
    each(texts, |text| match text.chars().count() {
        1..=300 => line(text),
        _ => Err(refusal("must have 1 to 300 characters")),
    })
}

/// A BCP 47 tag whose parts are all registered with IANA.
pub fn language(tag: &str) -> Result<(), ValidationError> {
    match LanguageTag::parse(tag) {
        Ok(parsed) if parsed.is_valid() => Ok(()),
        _ => Err(refusal("must be a BCP 47 language tag such as it, en or pt-BR")),
    }
}

/// What a tag, in lower case and with a hyphen behind it, must be LIKE to be this one or narrower: `en` finds `en-GB`
/// (RFC 4647, basic filtering).
pub fn language_range(tag: &str) -> String {
    format!("{}-%", tag.to_lowercase())
}

/// The host of an address, or of a bare `news.example`, without `www.`.
pub fn host(address: &str) -> Option<String> {
    let whole = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let parsed = Url::parse(&whole).ok()?;
    let host = parsed.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

/// Whether a host is this site or below it, as `www.news.example` and `checks.news.example` are of `news.example`.
pub fn is_within(host: &str, site: &str) -> bool {
    host.strip_suffix(site).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// An absolute http or https address.
pub fn web_address(address: &str) -> Result<(), ValidationError> {
    match normal_url(address) {
        Some(normal) if normal.len() <= 2000 => Ok(()),
        Some(_) => Err(refusal("must have at most 2000 bytes when percent-encoded")),
        None => Err(refusal("must be an absolute http or https address")),
    }
}

/// Lower-case ASCII words joined by hyphens.
pub fn slug(text: &str) -> Result<(), ValidationError> {
    let words = text
        .split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if words && text.len() <= 100 {
        Ok(())
    } else {
        Err(refusal("must be lower-case ASCII words joined by hyphens, such as nagorno-karabakh"))
    }
}

/// A list of slugs, each once.
pub fn slugs(texts: &[String]) -> Result<(), ValidationError> {
    let mut seen = std::collections::HashSet::new();
    each(texts, |text| if seen.insert(text) { slug(text) } else { Err(refusal("is listed twice")) })
}

/// Holds every item to a rule, and points at the first that breaks it.
pub fn each<'a>(
    texts: &'a [String],
    mut rule: impl FnMut(&'a str) -> Result<(), ValidationError>,
) -> Result<(), ValidationError> {
    texts.iter().enumerate().try_for_each(|(index, text)| {
        rule(text).map_err(|fault| ValidationError { code: index.to_string().into(), ..fault })
    })
}

/// An ISO 3166-1 alpha-2 code, assigned or reserved (`EU`, `UN`), or `XK`, which everybody uses for Kosovo.
pub fn country(code: &str) -> Result<(), ValidationError> {
    let for_private_use =
        code != "XK" && (matches!(code, "AA" | "ZZ") || code.starts_with('X') || ("QM"..="QZ").contains(&code));
    // A region subtag of BCP 47 is such a code: und-IT.
    let known = code.len() == 2
        && code.bytes().all(|b| b.is_ascii_uppercase())
        && !for_private_use
        && (code == "XK" || LanguageTag::parse(&format!("und-{code}")).is_ok_and(|tag| tag.is_valid()));
    if known { Ok(()) } else { Err(refusal("must be an ISO 3166-1 alpha-2 code such as IT")) }
}

/// A Wikidata item's id.
pub fn wikidata_id(id: &str) -> Result<(), ValidationError> {
    let digits = id.strip_prefix('Q').unwrap_or_default();
    if (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0') {
        Ok(())
    } else {
        Err(refusal("must be a Wikidata item such as Q7747"))
    }
}

/// `withdrawn_reason` comes with the status `withdrawn`, and only with it.
pub fn reason_matches(withdrawn: bool, has_reason: bool) -> Result<(), ValidationError> {
    let fault = |detail: &'static str| Err(ValidationError::new("withdrawn_reason").with_message(detail.into()));
    match (withdrawn, has_reason) {
        (true, false) => fault("is needed: say why it is withdrawn"),
        (false, true) => fault("goes with the status withdrawn only"),
        _ => Ok(()),
    }
}

/// A validation error with its sentence.
pub fn refusal(detail: &'static str) -> ValidationError {
    ValidationError::new("refused").with_message(detail.into())
}

/// A name for comparison: NFC after full Unicode case folding, so that "Straße" is "STRASSE".
pub fn folded(name: &str) -> String {
    name.chars().default_case_fold().nfc().collect()
}

/// Parameters that tell where a reader came from, not what is read.
const TRACKING: &[&str] = &["fbclid", "gclid"];

fn is_tracking(pair: &str) -> bool {
    let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name).unwrap_or_default();
    name.starts_with("utm_") || TRACKING.contains(&name.as_ref())
}

/// The form in which addresses are compared (WHATWG parse, no fragment, no tracking); `None` unless http or https.
///
/// It is stored. Until November 2026 the rest of a query was written anew where something was dropped from it: documents
/// recorded by then with a tracking parameter keep that form until their address is sent again.
pub fn normal_url(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    url.set_fragment(None);
    // The other pairs stay as they are: decoded and written anew, `a%20b` would become `a+b`, but only beside such a pair.
    if let Some(query) = url.query()
        && query.split('&').any(is_tracking)
    {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_tracking(pair)).collect();
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_what_does_not_matter() {
        let normal = |address: &str| normal_url(address).unwrap();
        assert_eq!(normal("HTTPS://Example.ORG:443/a?utm_source=x&b=1&fbclid=2#top"), "https://example.org/a?b=1");
        for query in ["q=a%20b", "q=a+b", "print", "k=a~b'c", "a=1&&b", "=x", "q=%C3%A9%2F&r=é"] {
            let plain = normal(&format!("https://example.org/a?{query}"));
            for tracked in [format!("{query}&utm_source=x"), format!("gclid=1&{query}"), format!("%75tm_a=&{query}#b")]
            {
                assert_eq!(normal(&format!("https://example.org/a?{tracked}")), plain);
            }
        }
        assert_eq!(normal("https://example.org/a?utm_source=x&fbclid"), "https://example.org/a");
        assert_eq!(normal("http://example.org"), "http://example.org/");
        assert_ne!(normal("http://example.org/a"), normal("https://example.org/a"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "ftp://example.org", "/a", "example.org", "https://"] {
            assert_eq!(normal_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_fold_in_full() {
        assert_eq!(folded("Straße"), folded("STRASSE"));
        assert_eq!(folded("ΟΔΟΣ"), folded("οδος"));
        assert_eq!(folded("E\u{301}cole"), folded("école"));
    }

    #[test]
    fn languages_and_countries_are_registered_ones() {
        assert!(language("it").is_ok() && language("pt-BR").is_ok() && language("sr-Latn").is_ok());
        assert!(language("italiano").is_err() && language("xx").is_err() && language("it_IT").is_err());
        assert!(country("IT").is_ok() && country("XK").is_ok());
        assert!(country("it").is_err() && country("ZQ").is_err() && country("EU1").is_err());
    }
}
