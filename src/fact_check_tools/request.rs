//! Requests in the ways that Google's clients send them.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::{PathAndQuery, Uri};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, mime};

use super::fault::is_asked;
use crate::auth::PREFIX;
use crate::body::read_bytes;
use crate::error::{Error, Result};

/// How many bytes of parameters a body may have: a URI has no room for more than twice as many.
const LONGEST: usize = 32 << 10;

/// Around every request to Google's paths: reads a long query from the body, and leaves out what is blank, which is what "not set" is
/// to its clients.
pub async fn as_clients_send(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    if is_asked(request.path())
        && let Err(error) = rewrite(&mut request).await
    {
        return Ok(request.error_response(error));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn rewrite(request: &mut ServiceRequest) -> Result<()> {
    bear_key(request);
    let given = request.query_string().to_owned();
    let overridden = request.headers().get("x-http-method-override").is_some_and(|method| method == "GET");
    if overridden && request.method() == Method::POST {
        let form = form(request).await?;
        ask(request, &format!("{given}&{form}"))?;
        let head = request.head_mut();
        head.method = Method::GET;
        head.headers.remove(header::CONTENT_TYPE);
    } else if given.split('&').any(is_blank) {
        ask(request, &given)?;
    }
    Ok(())
}

/// Takes a key from where Google's clients may put it. Others than ours, which mean nothing here, are not looked at.
fn bear_key(request: &mut ServiceRequest) {
    let headers = &mut request.head_mut().headers;
    let key = headers.get("x-goog-api-key").and_then(|key| key.to_str().ok()).filter(|key| key.starts_with(PREFIX));
    let bearer = key.and_then(|key| HeaderValue::try_from(format!("Bearer {key}")).ok());
    if let Some(bearer) = bearer
        && !headers.contains_key(header::AUTHORIZATION)
    {
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

/// The parameters in a body. Google's client for Python sends them so where their URI would be longer than 2,048 characters.
async fn form(request: &mut ServiceRequest) -> Result<String> {
    if request.content_type() != mime::APPLICATION_WWW_FORM_URLENCODED.essence_str() {
        return Err(Error::UnsupportedMediaType("Send Content-Type: application/x-www-form-urlencoded."));
    }
    let payload = request.take_payload();
    let form = read_bytes(request.request(), payload, LONGEST).await?;
    let form = String::from_utf8(form).ok().filter(|form| form.is_ascii());
    form.ok_or_else(|| Error::BadRequest("The body must be parameters, percent-encoded.".into()))
}

/// Makes these the parameters of the request, as far as they say something.
fn ask(request: &mut ServiceRequest, parameters: &str) -> Result<()> {
    let told: Vec<_> = parameters.split('&').filter(|pair| !is_blank(pair)).collect();
    let unreadable = |_| Error::BadRequest("The parameters must be percent-encoded.".into());
    let target = format!("{}?{}", request.path(), told.join("&"));
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(unreadable)?);
    request.head_mut().uri =
        Uri::from_parts(parts).map_err(|_| Error::BadRequest("The address cannot be read.".into()))?;
    Ok(())
}

fn is_blank(pair: &str) -> bool {
    pair.split_once('=').map_or(!pair.is_empty(), |(_, value)| value.is_empty())
}
