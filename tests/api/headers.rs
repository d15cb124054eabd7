//! Headers that nobody sends on purpose.

use reqwest::Method;

use crate::bad_input::fine;
use crate::openapi::{operations, try_it_out};
use crate::support::App;

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
