//! Atom ([RFC 4287](https://www.rfc-editor.org/rfc/rfc4287), pages by [RFC 5005](https://www.rfc-editor.org/rfc/rfc5005)) and RSS 2.0.

use atom_syndication as atom;

use super::read::Entry;
use super::routes::Feed;

impl Feed {
    /// As Atom.
    pub fn to_atom(&self) -> String {
        let link =
            |rel: &str, href: &str| atom::Link { rel: rel.to_owned(), href: href.to_owned(), ..atom::Link::default() };
        let mut links = vec![link("self", &self.address), link("alternate", &format!("{}/", self.base))];
        links.extend(self.next.as_ref().map(|next| link("next", next)));
        let feed = atom::Feed {
            title: Self::TITLE.into(),
            id: self.id.clone(),
            updated: self.updated().fixed_offset(),
            authors: vec![person("OnRecord", None)],
            links,
            entries: self.entries.iter().map(|entry| in_atom(entry, &self.base)).collect(),
            ..atom::Feed::default()
        };
        feed.to_string()
    }

    /// As RSS.
    pub fn to_rss(&self) -> String {
        let link = |rel: &str, href: &str| rss::extension::atom::Link {
            rel: rel.to_owned(),
            href: href.to_owned(),
            mime_type: Some("application/rss+xml".to_owned()),
            ..Default::default()
        };
        let mut links = vec![link("self", &self.address)];
        links.extend(self.next.as_ref().map(|next| link("next", next)));
        let channel = rss::Channel {
            title: Self::TITLE.to_owned(),
            link: format!("{}/", self.base),
            description: "What fact-checkers concluded, and what they corrected.".to_owned(),
            last_build_date: Some(self.updated().to_rfc2822()),
            atom_ext: Some(rss::extension::atom::AtomExtension { links }),
            items: self.entries.iter().map(|entry| in_rss(entry, &self.base)).collect(),
            ..rss::Channel::default()
        };
        channel.to_string()
    }
}

fn person(name: &str, uri: Option<&String>) -> atom::Person {
    atom::Person { name: name.to_owned(), uri: uri.cloned(), ..atom::Person::default() }
}

/// Paragraphs of HTML.
fn html(entry: &Entry) -> String {
    entry.paragraphs().iter().fold(String::new(), |html, text| html + "<p>" + &html_escape::encode_text(text) + "</p>")
}

fn in_atom(entry: &Entry, base: &str) -> atom::Entry {
    let content = atom::Content {
        content_type: Some("html".to_owned()),
        value: Some(html(entry)),
        lang: Some(entry.language.clone()),
        ..Default::default()
    };
    let category = |term: &String| atom::Category { term: term.clone(), ..Default::default() };
    atom::Entry {
        title: entry.headline().as_str().into(),
        id: entry.urn(),
        updated: entry.at.fixed_offset(),
        published: Some(entry.first_at.fixed_offset()),
        authors: vec![person(&entry.author, entry.author_url.as_ref())],
        categories: entry.topics.iter().map(category).collect(),
        links: vec![
            atom::Link { href: entry.link(base), ..Default::default() },
            atom::Link { rel: "related".to_owned(), href: entry.page(base), ..Default::default() },
        ],
        content: Some(content),
        ..atom::Entry::default()
    }
}

/// A correction is another item: readers of RSS know no change of one.
fn in_rss(entry: &Entry, base: &str) -> rss::Item {
    let category = |name: &String| rss::Category { name: name.clone(), domain: None };
    rss::Item {
        title: Some(entry.headline()),
        link: Some(entry.link(base)),
        description: Some(html(entry)),
        categories: entry.topics.iter().map(category).collect(),
        guid: Some(rss::Guid { value: entry.revision_urn(), permalink: false }),
        pub_date: Some(entry.at.to_rfc2822()),
        dublin_core_ext: Some(rss::extension::dublincore::DublinCoreExtension {
            creators: vec![entry.author.clone()],
            ..Default::default()
        }),
        ..rss::Item::default()
    }
}
