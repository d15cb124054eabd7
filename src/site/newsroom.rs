//! The page of a newsroom.

use maud::{Markup, html};

use super::head::Head;
use super::layout::page;
use super::listed::{entries, further};
use super::read::Entry;
use super::text::{away, name, web};
use crate::newsrooms::Newsroom;

/// The page.
pub fn markup(newsroom: &Newsroom, verdicts: &[Entry], next: Option<&str>, base: &str) -> Markup {
    let main = html! {
        p.kicker { "Newsroom" }
        h1 { (name(&newsroom.name)) }
        dl.facts {
            @if let Some(site) = newsroom.site.as_deref().and_then(web) { div { dt { "Site" } dd { (away(site, site)) } } }
            div {
                dt { "Corrections policy" }
                dd {
                    @match newsroom.corrections_policy.as_deref().and_then(web) {
                        Some(policy) => (away(policy, "How it corrects its mistakes")),
                        None => "It has not said where to read it",
                    }
                }
            }
            div {
                dt { "Four eyes" }
                dd { @if newsroom.four_eyes { "A second person approves each verdict" } @else { "One person may publish a verdict" } }
            }
        }
        section aria-labelledby="verdicts" {
            h2 #verdicts { "Its verdicts" }
            @if verdicts.is_empty() { p { "It has published none yet." } }
            (entries(verdicts))
            (further(next))
        }
    };
    let head = Head {
        title: newsroom.name.clone(),
        description: format!("The verdicts of {}, and how it corrects its mistakes.", newsroom.name),
        canonical: Some(format!("{base}/newsrooms/{}", newsroom.id)),
        feeds: Some(format!("newsroom_id={}", newsroom.id)),
        more: None,
    };
    page(&head, &main)
}
