//! Which compression answers have.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_ENCODING, HeaderValue};
use actix_web::middleware::Next;

/// Takes `deflate` from what a client accepts, so that it is answered gzip or nothing: readers differ on what `deflate` is (RFC 9110,
/// 8.4.1.2), and WordPress up to 6.1 asks for it first and reads none but the default level's.
pub async fn never_deflate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let accepted: Vec<_> = request.headers().get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok()).collect();
    let is_deflate =
        |coding: &&str| coding.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("deflate"));
    let codings = || accepted.iter().flat_map(|value| value.split(','));
    if codings().any(|coding| is_deflate(&coding)) {
        let others: Vec<_> = codings().filter(|coding| !is_deflate(coding)).collect();
        // An empty list accepts nothing but what is not compressed.
        let others = HeaderValue::from_str(&others.join(",")).unwrap_or_else(|_| HeaderValue::from_static(""));
        request.headers_mut().insert(ACCEPT_ENCODING, others);
    }
    next.call(request).await
}
