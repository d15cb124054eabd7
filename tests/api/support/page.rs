//! Pages as readers get them, not as the contract of the API has them.

use reqwest::Method;
use reqwest::header::HeaderMap;
use scraper::{ElementRef, Html, Selector};

use super::Client;

/// A page that was answered to a browser.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    html: Html,
}

impl Client {
    /// Asks as a browser does.
    pub async fn page(&self, path: &str) -> Page {
        self.page_with(path, &[]).await
    }

    /// The same with more headers.
    pub async fn page_with(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let mut request =
            self.request(Method::GET, path).header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Page { status, headers, html: Html::parse_document(&text), text }
    }
}

impl Page {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The elements that a selector finds.
    pub fn all(&self, css: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&Selector::parse(css).unwrap()).collect()
    }

    /// The text of the one element that a selector finds, with single blanks.
    #[track_caller]
    pub fn one(&self, css: &str) -> String {
        let found = self.all(css);
        assert_eq!(found.len(), 1, "{css} in {}", self.text);
        self.words(css)
    }

    /// The text of all elements that a selector finds, with single blanks.
    pub fn words(&self, css: &str) -> String {
        let text: String = self.all(css).iter().flat_map(scraper::ElementRef::text).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// An attribute of the one element that a selector finds.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> String {
        let found = self.all(css);
        assert_eq!(found.len(), 1, "{css} in {}", self.text);
        found[0].value().attr(name).unwrap_or_else(|| panic!("{css} has no {name}")).to_owned()
    }
}
