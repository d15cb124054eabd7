//! What holds for every request: sizes, media types, methods, versions, headers.

use reqwest::Method;
use serde_json::json;

use crate::openapi::operations;
use crate::support::{App, Program, Serving, claim, limits, source};

#[actix_web::test]
async fn an_unknown_path_or_method_is_a_problem_too() {
    let app = App::start().await;
    for path in
        ["/v1", "/v1/", "/v1/unknown", "/v2/claims", "/v1/claims/", "/v1//claims", "/nothing", "/v1/claims/x/y/z"]
    {
        app.anyone.get(path).await.expect(404);
    }
    for path in contract_paths() {
        let known: Vec<Method> = operations().filter(|(one, ..)| *one == path).map(|(_, method, _)| method).collect();
        for method in
            [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE]
        {
            if known.contains(&method) {
                continue;
            }
            let filled = path.replace("{id}", "018ae888-e412-7fe3-b15d-d3d56af9d2a0").replace("{slug}", "topic");
            let answer = app.admin.send(app.admin.request(method.clone(), &filled)).await;
            assert_eq!(answer.status, 405, "{method} {path} answered {}", answer.text);
            let allowed = answer.header("allow").unwrap();
            for method in &known {
                assert!(allowed.split(", ").any(|one| one == method.as_str()), "{path} allows {allowed}");
            }
            for one in allowed.split(", ").filter(|one| *one != "HEAD") {
                assert!(known.iter().any(|method| method.as_str() == one), "{path} allows {allowed}");
            }
        }
    }
}

fn contract_paths() -> Vec<&'static str> {
    let mut paths: Vec<_> = operations().map(|(path, ..)| path).collect();
    paths.dedup();
    paths
}

#[actix_web::test]
async fn a_version_is_read_again_only_when_it_changed() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let path = format!("/v1/claims/{id}");
    let etag = app.anyone.get(&path).await.header("etag").unwrap().to_owned();
    let ask = async |value: &str| {
        app.anyone.send(app.anyone.request(Method::GET, &path).header("if-none-match", value)).await
    };
    for matching in [etag.clone(), format!("W/{etag}"), format!("\"9\", {etag}"), "*".to_owned()] {
        let answer = ask(&matching).await.expect(304);
        assert_eq!((answer.text.as_str(), answer.header("etag")), ("", Some(etag.as_str())), "{matching}");
    }
    ask("\"9\"").await.expect(200);
    ask("“1”").await.expect(200);
    app.editor.patch(&path, &json!({"context": "new"})).await.expect(200);
    ask(&etag).await.expect(200);
}

#[actix_web::test]
async fn a_change_needs_the_version_it_is_based_on() {
    let app = App::start().await;
    let path = format!("/v1/sources/{}", app.checker.id_of_new("sources", source(json!({}))).await);
    let change = async |method: &Method, etag: Option<&str>| {
        let mut request = app.checker.request(method.clone(), &path);
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        let request = if *method == Method::PATCH { request.json(&json!({"name": "Else"})) } else { request };
        app.checker.send(request).await
    };
    for method in [Method::PATCH, Method::DELETE] {
        change(&method, None).await.problem(428, "If-Match");
        change(&method, Some("\"2\"")).await.problem(412, "Read it again");
        change(&method, Some("\"1\", \"9\"x")).await.expect(400);
        change(&method, Some("1")).await.expect(400);
        change(&method, Some("“1”")).await.problem(400, "must be an ETag as it was answered");
        change(&method, Some("\"1\", “2”")).await.expect(400);
        change(&method, Some("W/\"1\"")).await.problem(412, "A weak ETag");
        change(&method, Some("W/\"1\", \"2\"")).await.problem(412, "Read it again");
    }
    let changed = change(&Method::PATCH, Some("\"1\"")).await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    change(&Method::PATCH, Some("\"1\"")).await.expect(412);
    change(&Method::DELETE, Some("\"7\", \"2\"")).await.expect(204);
}

#[actix_web::test]
async fn two_changes_of_one_version_are_one() {
    let app = App::start().await;
    let path = format!("/v1/sources/{}", app.checker.id_of_new("sources", source(json!({}))).await);
    let change = async |name: usize| {
        let body = json!({"name": format!("Name {name}")});
        app.checker.send(app.checker.request(Method::PATCH, &path).header("if-match", "\"1\"").json(&body)).await.status
    };
    let mut statuses = futures_util::future::join_all((0..8).map(change)).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[actix_web::test]
async fn a_patch_changes_what_it_names() {
    let app = App::start().await;
    let made = app
        .checker
        .create("sources", source(json!({"description": "D", "aliases": ["a", "b"], "country": "RU"})))
        .await;
    let path = format!("/v1/sources/{}", made["id"].as_str().unwrap());
    app.checker.patch(&path, &json!({"name": null})).await.points_at(&["/name"]);
    app.checker.patch(&path, &json!({"name": 7})).await.points_at(&["/name"]);
    app.checker.patch(&path, &json!({"unknown": 7})).await.points_at(&["/unknown"]);
    app.checker.patch(&path, &json!({"version": 7, "id": null})).await.points_at(&["/id", "/version"]);
    app.checker.patch(&path, &json!([])).await.points_at(&[""]);
    let request = app.checker.request(Method::PATCH, &path).header("if-match", "\"1\"");
    let request = request.header("content-type", "application/merge-patch+json").body(r#"{"description":null}"#);
    let changed = app.checker.send(request).await.expect(200).body;
    assert_eq!((&changed["description"], &changed["aliases"]), (&json!(null), &json!(["a", "b"])));
    // What changes nothing is no new version.
    let same = app.checker.patch(&path, &json!({"country": "RU"})).await.expect(200);
    assert_eq!(same.body, changed);
    assert_eq!(app.checker.patch(&path, &json!({})).await.expect(200).body, changed);
}

#[actix_web::test]
async fn requests_have_ids_and_answers_say_how_to_treat_them() {
    let app = App::start().await;
    let ask = async |value: &str| {
        app.anyone.send(app.anyone.request(Method::GET, "/v1/claims").header("x-request-id", value)).await
    };
    assert_eq!(ask("my-id-7").await.header("x-request-id"), Some("my-id-7"));
    let own = ask(&"x".repeat(129)).await;
    assert_eq!(own.header("x-request-id").unwrap().len(), 36, "too long to be taken over");
    let answer = app.anyone.get("/v1/claims").await;
    assert!(answer.header("vary").unwrap().to_lowercase().contains("authorization"));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    // As WordPress asks: of deflate there are several.
    for (asked, answered) in [
        ("deflate;q=1.0, compress;q=0.5, gzip;q=0.5", Some("gzip")),
        ("deflate", None),
        ("Deflate;q=0.3,gzip;q=0", None),
    ] {
        let request = app.anyone.request(Method::GET, "/openapi.json").header("accept-encoding", asked);
        let sent = request.send().await.unwrap();
        let encoding = sent.headers().get("content-encoding").map(|value| value.to_str().unwrap());
        assert_eq!(encoding, answered, "{asked}");
    }
    let zipped = app.anyone.request(Method::GET, "/openapi.json").header("accept-encoding", "gzip");
    let zipped = zipped.send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let vary: Vec<_> =
        zipped.headers().get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
    assert!(
        vary.iter().any(|value| value.contains("accept-encoding"))
            && vary.iter().any(|value| value.contains("authorization")),
        "{vary:?}"
    );
    let head = app.anyone.request(Method::HEAD, "/v1/claims").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[actix_web::test]
async fn metrics_count_by_route_and_never_by_path() {
    let app = App::start().await;
    app.anyone.get("/v1/claims/018ae888-e412-7fe3-b15d-d3d56af9d2a0").await.expect(404);
    app.anyone.get("/not/there").await.expect(404);
    let metrics = app.anyone.get("/metrics").await.expect(200);
    let counted = metrics.text.lines().find(|line| {
        line.starts_with("http_server_request_duration_seconds_count")
            && line.contains(r#"http_route="/v1/claims/{id}""#)
    });
    assert!(
        counted.is_some_and(|line| line.contains(r#"http_response_status_code="404""#) && line.ends_with(" 1")),
        "{}",
        metrics.text
    );
    assert!(!metrics.text.contains("018ae888") && !metrics.text.contains("/not/there"));
}

#[actix_web::test]
async fn health_tells_live_from_ready() {
    let app = App::start().await;
    app.anyone.get("/health/live").await.expect(200);
    app.anyone.get("/health/ready").await.expect(200);
    let docs = app.anyone.get("/docs").await;
    assert_eq!((docs.status, docs.header("location")), (307, Some("/docs/")));
    let problems = app.anyone.get("/docs/problems").await.expect(200);
    for kind in onrecord::error::KINDS {
        assert!(problems.text.contains(&format!("id=\"{}\"", kind.slug)), "{}", kind.slug);
    }
}

#[actix_web::test]
async fn methods_that_clients_make_up_are_counted_as_one() {
    let app = App::start().await;
    for word in ["BREW", "WHEN", "PROPFIND"] {
        let method = Method::from_bytes(word.as_bytes()).unwrap();
        app.anyone.send(app.anyone.request(method, "/v1/claims")).await.expect(405);
    }
    let metrics = app.anyone.get("/metrics").await.expect(200).text;
    assert!(metrics.contains(r#"http_request_method="_OTHER""#) && !metrics.contains("BREW"), "{metrics}");
}

#[actix_web::test]
async fn pages_that_are_not_there_are_problems_too() {
    let app = App::start().await;
    for path in ["/docs/nothing", "/docs/nothing/at/all.js", "/docs/%00", "/doc", "/v1", "/v1/nothing"] {
        app.anyone.get(path).await.expect(404);
    }
    app.anyone.get("/docs/").await.expect(200);
    app.anyone.get("/docs/swagger-ui.css").await.expect(200);
}

#[actix_web::test]
async fn unknown_parameters_are_refused_everywhere() {
    let app = App::start().await;
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/v1/claims"] {
        let refused = app.anyone.get(&format!("{path}?verbose=1")).await.expect(400);
        assert_eq!(refused.body["errors"][0]["parameter"], "verbose");
        app.anyone.get(path).await.expect(200);
    }
}

/// What a proxy says of the request's address ends in `Link`; what anybody says who is no proxy does not.
#[actix_web::test]
async fn links_repeat_addresses_only() {
    let program = Program::new();
    let serving = program.serve(&["--demo", "--trusted-proxies", "127.0.0.1"]).await;
    assert!(link(&serving, &[]).await.starts_with(&own(&serving)));
    let proxied = [("x-forwarded-proto", "https"), ("x-forwarded-host", "claims.example:8443")];
    let told = link(&serving, &proxied).await;
    assert!(told.starts_with("<https://claims.example:8443/v1/claims?"), "{told}");
    // A proxy that adds its own keeps what the client has sent before it.
    let forged = [("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example, claims.example")];
    assert!(link(&serving, &forged).await.starts_with("<https://claims.example/v1/claims?"));
    for hostile in [
        ("x-forwarded-host", "evil.example/>; rel=\"next\", <http://evil.example"),
        ("x-forwarded-host", "user:password@evil.example"),
        ("x-forwarded-host", "evil.example/path?"),
        ("x-forwarded-host", "evil example"),
        ("x-forwarded-proto", "javascript"),
        ("forwarded", "proto=data;host=evil.example"),
        ("forwarded", "host=\"evil.example>\""),
        ("forwarded", "host=evil.example;proto=https"),
    ] {
        let link = link(&serving, &[hostile]).await;
        assert!(link.starts_with(&own(&serving)) && link.matches('<').count() == 1, "{hostile:?} gave {link}");
    }
    serving.stop().await;
    // A shared cache would tell it to everybody.
    let serving = program.serve(&[]).await;
    assert!(link(&serving, &proxied).await.starts_with(&own(&serving)));
    serving.stop().await;
}

async fn link(serving: &Serving, headers: &[(&str, &str)]) -> String {
    let client = serving.anyone();
    let request = client.request(Method::GET, "/v1/claims?limit=1");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    client.send(request).await.expect(200).header("link").unwrap().to_owned()
}

fn own(serving: &Serving) -> String {
    format!("<{}/v1/claims?limit=1&cursor=", serving.url)
}

/// Sends raw bytes, and reads what comes until the server hangs up.
async fn raw(app: &App, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[actix_web::test]
async fn who_sends_too_slowly_is_not_waited_for() {
    let app = App::with(onrecord::config::Limits { header_seconds: 1, body_seconds: 1, ..limits() }).await;
    let headers = raw(&app, b"GET /v1/claims HTTP/1.1\r\nHost: x\r\n").await;
    assert!(headers.starts_with("HTTP/1.1 408"), "{headers}");
    let key = crate::support::postgres::key("desk", "checker");
    let request = format!(
        "POST /v1/sources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    let body = raw(&app, request.as_bytes()).await;
    assert!(body.starts_with("HTTP/1.1 408") && body.contains("request-timeout"), "{body}");
    assert_eq!(app.count("sources").await, 0);
}
