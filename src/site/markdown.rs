//! Markdown as HTML that is safe: what it says of structure is kept, and nothing that loads or runs.

use std::collections::HashSet;
use std::sync::LazyLock;

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

/// What explanations are made of. No pictures: each would be asked for at somebody else's server.
static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = ammonia::Builder::default();
    sanitizer
        .tags(HashSet::from([
            "a",
            "b",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "sub",
            "sup",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .url_schemes(HashSet::from(["http", "https"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("nofollow noopener"));
    sanitizer
});

/// The Markdown as safe HTML. HTML within it is shown as it is written; its first headings are those below a section's.
pub fn rendered(markdown: &str) -> Markup {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lowered(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lowered(level))),
        Event::Start(Tag::Image { .. }) => Event::Text(CowStr::Borrowed("[")),
        Event::End(TagEnd::Image) => Event::Text(CowStr::Borrowed("]")),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    PreEscaped(SANITIZER.clean(&html).to_string())
}

fn lowered(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3, H4, H5, H6};
    match level {
        H1 => H4,
        H2 => H5,
        H3 | H4 | H5 | H6 => H6,
    }
}

#[cfg(test)]
mod tests {
    use super::rendered;

    fn html(markdown: &str) -> String {
        rendered(markdown).into_string()
    }

    #[test]
    fn structure_is_kept() {
        assert_eq!(
            html("# So\n\n**it** *is*\n\n- a\n"),
            "<h4>So</h4>\n<p><strong>it</strong> <em>is</em></p>\n<ul>\n<li>a</li>\n</ul>\n"
        );
        let link = "<p><a href=\"https://example.com/\" rel=\"nofollow noopener\">x</a></p>\n";
        assert_eq!(html("[x](https://example.com/)"), link);
    }

    #[test]
    fn nothing_runs_and_nothing_loads() {
        for attack in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](java\tscript:alert(1))",
            "![x](https://example.com/a.png)",
            "<a href='javascript:alert(1)'>x</a>",
            "<style>*{}</style><iframe src=//example.com></iframe>",
            "<svg onload=alert(1)>",
            "[x](data:text/html,y)",
        ] {
            let shown = html(attack);
            let parsed = scraper::Html::parse_fragment(&shown);
            for element in parsed.tree.values().filter_map(|node| node.as_element()) {
                let name = element.name();
                assert!(!["script", "img", "svg", "style", "iframe"].contains(&name), "{attack}: {name} in {shown}");
                assert!(
                    element.attrs().all(|(name, value)| name == "rel" || value.starts_with("https://")),
                    "{attack}: {shown}"
                );
            }
        }
    }
}
