//! What is around every page.

use std::sync::LazyLock;

use maud::{DOCTYPE, Markup, html};

use super::head::Head;
use crate::kept::tag;

/// The style sheet of all pages.
pub const CSS: &str = include_str!("style.css");
/// Its address has the hash of what it says, so that browsers may keep it for good.
pub static CSS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}.css", tag(CSS.as_bytes())));

/// A whole page.
pub fn page(head: &Head, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head.markup())
            body {
                a.skip href="#main" { "Skip to the content" }
                header.site {
                    a.name href="/" { "OnRecord" }
                    nav aria-label="Site" {
                        a href="/" { "Verdicts" }
                        a href="/search" { "Search" }
                        a href="/docs/" { "API" }
                    }
                }
                main #main { (main) }
                footer.site {
                    p { "Who said what, on whose word, and what the fact-checkers concluded." }
                    p { a href="/docs/" { "All of this is data" } ", free to read through the API." }
                }
            }
        }
    }
}
