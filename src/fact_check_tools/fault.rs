//! Errors as Google's clients read them, in place of problems.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, FieldError, ParameterError};

/// What went wrong, as Google's APIs tell it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoogleError {
    /// The error.
    pub error: GoogleFault,
}

/// An error of Google's APIs.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoogleFault {
    /// The HTTP status.
    #[schema(example = 400)]
    pub code: u16,
    /// What is wrong and what to do about it; clients show it to their users.
    #[schema(example = "pageSize: must be a number from 1 on.")]
    pub message: String,
    /// Its name among [Google's codes](https://cloud.google.com/apis/design/errors).
    #[schema(example = "INVALID_ARGUMENT")]
    pub status: &'static str,
}

/// Whether a path is one of Google's.
pub fn is_asked(path: &str) -> bool {
    path.starts_with("/v1alpha1/")
}

/// An error in Google's form. What is wrong with a request is a 400 there, whatever part of it is meant.
pub fn answer(error: &Error) -> HttpResponse {
    let problem = error.response(None);
    let status = match problem.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let fault = GoogleFault { code: status.as_u16(), message: message(error), status: name(status, error) };
    let mut response = HttpResponse::build(status);
    for name in [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE] {
        if let Some(value) = problem.headers().get(&name) {
            response.insert_header((name, value.clone()));
        }
    }
    response.json(GoogleError { error: fault })
}

/// How many faults of a body are told.
const TOLD: usize = 10;

/// What is wrong, with members and parameters by the names that they have for the client. There is no list of faults beside it.
fn message(error: &Error) -> String {
    if let Error::Validation(faults) = error {
        let named = |pointer: &str| pointer.split('/').map(in_camel_case).collect::<Vec<_>>().join("/");
        let told = |fault: &FieldError| Error::field(named(&fault.pointer), &fault.detail).detail();
        return faults.iter().take(TOLD).map(told).collect::<Vec<_>>().join(" ");
    }
    let Error::Query(errors) = error else { return error.detail() };
    let named = |one: &ParameterError| ParameterError::new(in_camel_case(&one.parameter), one.detail.clone());
    Error::Query(errors.iter().map(named).collect()).detail()
}

/// `page_size` as `pageSize`.
fn in_camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name + letters.as_str()
    })
}

fn name(status: StatusCode, error: &Error) -> &'static str {
    match status {
        StatusCode::CONFLICT if matches!(error, Error::Conflict { existing_id: None, .. }) => "ABORTED",
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::NOT_FOUND | StatusCode::GONE => "NOT_FOUND",
        StatusCode::CONFLICT => "ALREADY_EXISTS",
        StatusCode::PRECONDITION_FAILED => "ABORTED",
        StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
        StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED => "UNIMPLEMENTED",
        StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        status if status.is_server_error() => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}
