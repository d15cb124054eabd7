//! Headers that nobody sends on purpose.

use onrecord::config::Limits;
use reqwest::Method;
use serde_json::json;

use crate::bad_input::fine;
use crate::openapi::{operations, try_it_out};
use crate::support::{App, claim, limits};

#[actix_web::test]
async fn every_header_is_read_or_refused() {
    let app = App::demo().await;
    let values: Vec<Vec<u8>> = vec![
        b"".into(),
        b" ".into(),
        b"\xff\xfe".into(),
        "é".into(),
        b"\"".into(),
        b"\"\"".into(),
        b"*".into(),
        b"W/".into(),
        b",".into(),
        b"-1".into(),
        b"\"99999999999999999999\"".into(),
        "x".repeat(8_000).into(),
        b"a\tb".into(),
        b"%00".into(),
        b"Bearer".into(),
        b"null".into(),
        b"00-00000000000000000000000000000000-0000000000000000-00".into(),
        b"application/json; charset=\"".into(),
        b"gzip;q=nonsense".into(),
    ];
    let names = [
        "authorization",
        "if-match",
        "if-none-match",
        "idempotency-key",
        "x-request-id",
        "traceparent",
        "content-type",
        "accept",
        "accept-encoding",
        "accept-language",
        "origin",
        "expect",
        "range",
        "content-encoding",
    ];
    for (path, method, operation) in operations()
        .filter(|(path, method, _)| ["/v1/sources", "/v1/sources/{id}"].contains(path) && *method != Method::DELETE)
    {
        for name in names {
            for value in &values {
                let mut request = try_it_out(&app.admin, path, &method, operation).build().unwrap();
                let value = reqwest::header::HeaderValue::from_bytes(value).unwrap();
                request.headers_mut().insert(name, value.clone());
                let answer = app.admin.execute(request).await;
                fine(&answer, &format!("{method} {path} with {name}: {value:?}"));
            }
        }
    }
}

/// Web pages of any origin read; those that the operator trusts write too. Browsers hold pages to it, by these headers.
#[actix_web::test]
async fn pages_of_other_origins_read_and_those_trusted_write() {
    const TRUSTED: &str = "https://desk.example";
    const OTHER: &str = "https://desk.example.evil.example";
    let app = App::with(Limits { trusted_origins: vec![TRUSTED.to_owned()], ..limits() }).await;
    let from = |origin: &str, method, path: &str| app.anyone.request(method, path).header("origin", origin);
    let answer = app.anyone.send(from("null", Method::GET, "/v1/claims")).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(["link", "etag", "x-request-id"].iter().all(|name| exposed.contains(name)), "{exposed}");
    // What went wrong is read as well, and caches keep the answers apart.
    let answer = app.anyone.send(from(OTHER, Method::GET, "/v1/claims?nonsense=1")).await.expect(400);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let vary: Vec<_> = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(vary.join(", ").contains("Origin"), "{vary:?}");
    let answer = app.anyone.send(from(OTHER, Method::POST, "/v1/claims").json(&claim(json!({})))).await.expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), None, "a page is not told what became of it");

    let ask = async |origin: &str, method: &str, path: &str| {
        let request = from(origin, Method::OPTIONS, path)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization, content-type");
        app.anyone.send(request).await
    };
    for (origin, method, path) in [
        (OTHER, "GET", "/v1/claims"),
        (OTHER, "POST", "/v1/claims/match"),
        (TRUSTED, "POST", "/v1/claims"),
        (TRUSTED, "DELETE", "/v1/webhooks/018ae888-e412-7fe3-b15d-d3d56af9d2a0"),
    ] {
        let answer = ask(origin, method, path).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, content-type"));
        // What was answered for one method is not to be kept for another.
        assert_eq!(answer.header("access-control-max-age"), Some("0"));
    }
    for (origin, method) in [(OTHER, "POST"), ("null", "POST"), (OTHER, "PATCH"), (TRUSTED, "NONSENSE")] {
        let answer = ask(origin, method, "/v1/claims").await.expect(403);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin} {method}");
        assert!(answer.body["detail"].as_str().unwrap().contains("origin"), "{}", answer.text);
    }
    // A language model's tools are for no page but this server's own.
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let call = async |origin: &str| app.anyone.send(from(origin, Method::POST, "/mcp").json(&list)).await;
    for origin in [TRUSTED, OTHER, "null"] {
        call(origin).await.expect(403);
    }
    call(&app.url).await.expect(200);
}

/// On a private network a page from elsewhere is not to pass on what is read there.
#[actix_web::test]
async fn only_the_pages_that_are_named_read_where_some_are() {
    let reading_origins = vec!["https://desk.example".to_owned()];
    let app = App::with(Limits { reading_origins, ..limits() }).await;
    for (origin, path, allowed) in [
        ("https://desk.example", "/v1/claims", Some("*")),
        ("https://desk.example.evil.example", "/v1/claims", None),
        ("null", "/v1/claims", None),
        ("https://desk.example", "/metrics", None),
    ] {
        let answer = app.anyone.send(app.anyone.request(Method::GET, path).header("origin", origin)).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin} {path}");
    }
}
