//! By what a record is known again, and what it is in.

use sha2::{Digest, Sha256};
use whatlang::Lang;

use super::review::Review;
use crate::text;

/// The fewest letters by which a language is told.
const FEWEST_LETTERS: usize = 20;

fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// The identity of a record: address of the review, claim and publisher. One address may have reviews of several claims.
pub fn of_record(review: &Review, publisher: &str) -> Vec<u8> {
    let url = review.url.as_deref().unwrap_or_default();
    let url = text::normal_url(url).unwrap_or_else(|| url.to_owned());
    hash([url.as_str(), &text::folded(&review.claim), &text::folded(publisher)])
}

/// The identity of a claim: language, words, and who put it forward.
pub fn of_claim(review: &Review, language: &str) -> Vec<u8> {
    let mut claimants: Vec<String> = review.claimants.iter().map(|party| text::folded(&party.name)).collect();
    claimants.sort_unstable();
    let claim = text::folded(&review.claim);
    hash([language, &claim].into_iter().chain(claimants.iter().map(String::as_str)))
}

/// The BCP 47 tag of the language that a review is in, by its claim and else by all of its words, where that is beyond doubt.
pub fn language(review: &Review) -> Option<&'static str> {
    let more = [review.title.as_deref(), review.summary.as_deref()].into_iter().flatten();
    let text = more.fold(review.claim.clone(), |text, more| format!("{text}\n{more}"));
    detected(&review.claim).or_else(|| detected(&text))
}

/// The BCP 47 tag of the language that a text is in, where that is beyond doubt.
fn detected(text: &str) -> Option<&'static str> {
    if text.chars().filter(|c| c.is_alphabetic()).count() < FEWEST_LETTERS {
        return None;
    }
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    tag(found.lang())
}

/// whatlang knows codes of three letters; BCP 47 takes the shorter one where there is one.
fn tag(language: Lang) -> Option<&'static str> {
    const TAGS: &str = "epo eo eng en rus ru cmn zh spa es por pt ita it ben bn fra fr deu de ukr uk kat ka ara ar hin hi jpn ja heb he \
        yid yi pol pl amh am jav jv kor ko nob nb dan da swe sv fin fi tur tr nld nl hun hu ces cs ell el bul bg bel be mar mr kan kn \
        ron ro slv sl hrv hr srp sr mkd mk lit lt lav lv est et tam ta vie vi urd ur tha th guj gu uzb uz pan pa aze az ind id tel te \
        pes fa mal ml ori or mya my nep ne sin si khm km tuk tk aka ak zul zu sna sn afr af lat la slk sk cat ca tgl tl hye hy cym cy";
    let mut words = TAGS.split_ascii_whitespace();
    words.by_ref().find(|code| *code == language.code())?;
    words.next()
}

#[cfg(test)]
mod tests {
    use whatlang::Lang;

    use super::{detected, tag};
    use crate::text;

    #[test]
    fn every_language_that_is_told_has_a_registered_tag() {
        for language in Lang::all() {
            let tag = tag(*language).unwrap_or_else(|| panic!("{language} has no tag"));
            assert!(text::language(tag).is_ok(), "{tag}");
        }
    }

    #[test]
    fn a_language_is_told_by_enough_text_only() {
        assert_eq!(detected("Un video manipulado hace creer que el presidente dijo eso en la televisión"), Some("es"));
        assert_eq!(detected("La foto"), None);
    }
}
