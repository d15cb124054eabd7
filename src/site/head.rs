//! What search engines, feed readers and previews of links read of a page.

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use super::layout::CSS_PATH;
use crate::claim_review::within_script;
use crate::error::Result;

/// The head of a page.
#[derive(Default)]
pub struct Head {
    /// The page's title, without the name of the site.
    pub title: String,
    /// What is on it, in a sentence or two.
    pub description: String,
    /// Its one address, whole; none for what nobody should find again.
    pub canonical: Option<String>,
    /// The filter of the feeds of what is on it, such as `topic=health`, where it has its own.
    pub feeds: Option<String>,
    /// What only some pages have.
    pub more: Option<Markup>,
}

impl Head {
    /// The element.
    pub fn markup(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (self.title) @if self.title != "OnRecord" { " – OnRecord" } }
                meta name="description" content=(self.description);
                meta name="color-scheme" content="light dark";
                link rel="icon" href="/favicon.ico";
                link rel="stylesheet" href=(*CSS_PATH);
                @if let Some(canonical) = &self.canonical {
                    link rel="canonical" href=(canonical);
                    meta property="og:url" content=(canonical);
                } @else {
                    meta name="robots" content="noindex";
                }
                meta property="og:site_name" content="OnRecord";
                meta property="og:title" content=(self.title);
                meta property="og:description" content=(self.description);
                @if let Some(filter) = &self.feeds { (feeds(&format!("?{filter}"), &format!("Verdicts: {}", self.title))) }
                (feeds("", "Verdicts"))
                @if let Some(more) = &self.more { (more) }
            }
        }
    }
}

/// Feeds as readers of them find them, in each form. They offer the first first.
fn feeds(query: &str, title: &str) -> Markup {
    html! {
        @for (form, media_type) in [("atom", "application/atom+xml"), ("rss", "application/rss+xml"), ("json", "application/feed+json")] {
            link rel="alternate" type=(media_type) href=(format!("/feeds/verdicts.{form}{query}")) title=(title);
        }
    }
}

/// JSON-LD for a page: nothing in it can end the element that it lies in.
pub fn json_ld(data: &impl Serialize) -> Result<Markup> {
    let json = serde_json::to_string(data)?;
    Ok(html! { script type="application/ld+json" { (PreEscaped(within_script(&json))) } })
}

#[cfg(test)]
mod tests {
    use super::json_ld;

    #[test]
    fn json_cannot_end_its_element() {
        let hostile = "</script><!-- & \u{2028}\u{2029}\"";
        let markup = json_ld(&hostile).unwrap().into_string();
        let json =
            markup.strip_prefix("<script type=\"application/ld+json\">").unwrap().strip_suffix("</script>").unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), hostile);
    }
}
