//! Clients: who calls is a value, and what is answered is held to the contract.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::contract::{contract, is_json};

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    pub key: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The JSON of the body; null where there is none.
    pub body: Value,
    what: String,
}

impl Client {
    pub fn new(url: &str, key: Option<String>) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, url: url.to_owned(), key }
    }

    /// A request to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends it, and holds the answer to the contract.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.execute(request.build().unwrap()).await
    }

    /// The same for a request that was built already.
    pub async fn execute(&self, request: reqwest::Request) -> Answer {
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let what = format!("{method} {}", &request.url()[url::Position::BeforePath..]);
        let response = self.http.execute(request).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let is_json = headers.get("content-type").is_some_and(|kind| is_json(kind.to_str().unwrap()));
        let body = if is_json { serde_json::from_str(&text).unwrap() } else { Value::Null };
        let answer = Answer { status, headers, text, body, what };
        contract().check(&method, &path, &answer);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// Changes the version that is there now.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let etag = self.etag(path).await;
        self.send(self.request(Method::PATCH, path).header("if-match", etag).json(body)).await
    }

    /// Deletes the version that is there now.
    pub async fn delete(&self, path: &str) -> Answer {
        let etag = self.etag(path).await;
        self.send(self.request(Method::DELETE, path).header("if-match", etag)).await
    }

    /// The record's ETag; where it cannot be read, that of a first version.
    async fn etag(&self, path: &str) -> String {
        self.get(path).await.header("etag").unwrap_or("\"1\"").to_owned()
    }

    /// All items of a list, page by page to its end.
    pub async fn walk(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await.expect(200);
            items.extend(page.items().to_vec());
            let cursor = page.body["next_cursor"].as_str().map(ToOwned::to_owned);
            let link = page.header("link").map(ToOwned::to_owned);
            assert_eq!(cursor.is_some(), link.is_some(), "cursor and Link go together");
            next = link.map(|link| {
                let address = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
                assert!(address.contains(&cursor.unwrap()));
                address.split_once("/v1").map(|(_, rest)| format!("/v1{rest}")).unwrap()
            });
        }
        items
    }

    /// Creates a record and answers it.
    pub async fn create(&self, noun: &str, body: Value) -> Value {
        self.post(&format!("/v1/{noun}"), &body).await.expect(201).body
    }

    /// Creates a record and answers its id.
    pub async fn id_of_new(&self, noun: &str, body: Value) -> String {
        self.create(noun, body).await["id"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    /// Panics unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}", self.what, self.text);
        self
    }

    /// Panics unless the status is this one and the problem's text mentions `detail`.
    #[track_caller]
    pub fn problem(self, status: u16, detail: &str) -> Self {
        let answer = self.expect(status);
        let text = answer.body["detail"].as_str().unwrap_or_default();
        assert!(text.contains(detail), "{} answered {text:?}, which has no {detail:?}", answer.what);
        answer
    }

    /// Panics unless this is a 422 that points at exactly these members.
    #[track_caller]
    pub fn points_at(self, pointers: &[&str]) -> Self {
        let answer = self.expect(422);
        assert_eq!(answer.pointers(), pointers, "{} answered {}", answer.what, answer.text);
        answer
    }

    /// The members that a 422 points at.
    pub fn pointers(&self) -> Vec<&str> {
        // Google's API has no list of faults: each is a sentence that begins with its place.
        let told = self.body["error"]["message"].as_str().unwrap_or_default();
        let in_words = told.split(' ').filter_map(|word| word.strip_suffix(':').filter(|place| place.starts_with('/')));
        let listed = self.body["errors"].as_array().into_iter().flatten();
        listed.filter_map(|error| error["pointer"].as_str()).chain(in_words).collect()
    }

    /// What a problem, or an error of Google's API, says.
    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().or_else(|| self.body["error"]["message"].as_str()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    /// The items of a list.
    pub fn items(&self) -> &[Value] {
        self.body["items"].as_array().unwrap()
    }

    /// The ids of a list's items.
    pub fn ids(&self) -> Vec<&str> {
        self.items().iter().map(|item| item["id"].as_str().unwrap()).collect()
    }
}
