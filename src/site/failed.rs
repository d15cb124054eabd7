//! Problems as pages, for those who ask for pages.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use maud::{Markup, html};

use super::answer::PAGE_POLICY;
use super::head::Head;
use super::layout::page;
use crate::error::Error;

/// Around the pages: a browser is told in a page why it gets none. Programs, which do not ask for HTML, are told as by the API.
pub async fn as_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    let embedded = request.path().starts_with("/embed/");
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(error) = response.response().error().and_then(|error| error.as_error::<Error>()).filter(|_| wants_page)
    else {
        return Ok(response);
    };
    if let Error::Internal(cause) = error {
        tracing::error!(?cause, "a page failed");
    }
    // In a frame too a reader must see that the card was withdrawn.
    let policy =
        if embedded { PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *") } else { PAGE_POLICY.into() };
    let body = markup(error).into_string();
    let mut failed = error.response(None).set_body(body);
    let headers = failed.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(PAGE_POLICY)),
    );
    headers.append(header::VARY, HeaderValue::from_static("Accept"));
    // How much is left of a quota, for one.
    for (name, value) in response.headers() {
        if !failed.headers().contains_key(name) {
            failed.headers_mut().insert(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(failed.map_into_boxed_body()))
}

fn markup(error: &Error) -> Markup {
    let title = match error {
        Error::Gone { noun, .. } => format!("This {noun} was withdrawn"),
        Error::NotFound(_) => "There is nothing here".into(),
        _ => error.kind().title.to_owned(),
    };
    let main = html! {
        article.failed {
            p.kicker { (error.kind().status.as_u16()) }
            h1 { (title) }
            @match error {
                Error::Gone { reason, .. } => {
                    p { "The newsroom that published it has withdrawn it. Its reason:" }
                    blockquote dir="auto" { (reason) }
                }
                Error::NotFound(_) => p { "What was at this address is not public, or never was. Search for it, or begin with the newest verdicts." },
                Error::Query(_) | Error::BadRequest(_) | Error::TooMuch(_) => p dir="auto" { (error.to_string()) },
                Error::TooManyRequests { .. } => p { "Too many pages were asked for from your address. Wait a minute and try again." },
                _ if error.kind().status == StatusCode::SERVICE_UNAVAILABLE => p { "This cannot be shown at the moment. Try again in a minute." },
                _ => p { "Something went wrong here. It was noted." },
            }
            p { a href="/" { "The newest verdicts" } " · " a href="/search" { "Search" } }
        }
    };
    page(&Head { description: title.clone(), title, ..Head::default() }, &main)
}
