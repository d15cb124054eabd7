//! Every error a client can see, as one `application/problem+json` body (RFC 9457).

use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::Error as DieselError;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

mod database;
mod kinds;

use database::{CONNECTION_LOST, CROSSED, STALE_PLAN, TIMED_OUT};
pub use kinds::{KINDS, Kind};

/// The result of whatever can end as a problem.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One fault in a request's body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the member; empty for the body as a whole.
    #[schema(example = "/quote_language")]
    pub pointer: String,
    /// What is wrong and what to do about it.
    #[schema(example = "a quote needs its language")]
    pub detail: String,
}

impl FieldError {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// One fault in a request's query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParameterError {
    /// The query parameter.
    #[schema(example = "limit")]
    pub parameter: String,
    /// What is wrong and what to do about it.
    #[schema(example = "must be a number from 1 to 200")]
    pub detail: String,
}

impl ParameterError {
    /// A fault of `parameter`.
    pub fn new(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), detail: detail.into() }
    }
}

/// A record that stands in the way of publishing or deleting another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Blocker {
    /// `claim`, `statement`, `source`, `document`, `verdict`, `comment_request` or `claim_link`.
    #[schema(example = "statement")]
    pub noun: &'static str,
    /// The record in the way.
    pub id: Uuid,
    /// Why it is in the way.
    #[schema(example = "it is a draft, and a statement to be published relies on it")]
    pub detail: String,
}

/// Why a request was not done. A variant for each status, not for each situation.
#[derive(Debug)]
pub enum Error {
    /// 422: the body was read, and members of it are wrong.
    Validation(Vec<FieldError>),
    /// 422: the answer would be larger than one can be; the text says what to ask for instead.
    TooMuch(String),
    /// 422: the Idempotency-Key was used for another body.
    KeyReused,
    /// 400: the query is wrong.
    Query(Vec<ParameterError>),
    /// 400: the request cannot be read.
    BadRequest(String),
    /// 401: no key, or one that is not valid.
    Unauthenticated(&'static str),
    /// 403: the key is valid and its member may not do this.
    Forbidden(String),
    /// 404: there is nothing here, or nothing that the caller may see.
    NotFound(&'static str),
    /// 405: the path exists and knows other methods.
    MethodNotAllowed(Vec<Method>),
    /// 409: the present state of other records forbids the change.
    Conflict {
        /// What is in the way and what to do.
        detail: String,
        /// The one record in the way.
        existing_id: Option<Uuid>,
        /// All records in the way of publishing, or some of those in the way of deletion.
        blockers: Vec<Blocker>,
    },
    /// 409: a request with the same Idempotency-Key is still running.
    StillRunning,
    /// 410: the record was withdrawn.
    Gone {
        /// `claim`, `statement` or `verdict`.
        noun: &'static str,
        /// Why it was withdrawn, or retracted.
        reason: String,
    },
    /// 412: the record changed since the client read it.
    Stale,
    /// 412: the client named no version of the record, only weak ETags.
    Weak,
    /// 408: the body took too long to arrive.
    TooSlow,
    /// 413: the body is longer than this many bytes.
    TooLarge(usize),
    /// 415: the body is not JSON.
    UnsupportedMediaType(&'static str),
    /// 428: the change needs If-Match.
    PreconditionRequired,
    /// 429: more requests than the caller may send in this time.
    TooManyRequests {
        /// Who has sent too many, and what to do.
        detail: &'static str,
        /// When the next one is taken.
        retry_after: Duration,
    },
    /// 501: what was asked for is known, and not offered here; the text says what is.
    NotOffered(&'static str),
    /// 503: the database is away, busy or full. Nothing was done.
    Unavailable(&'static str),
    /// 503: the connection broke while committing. The write may or may not be done.
    OutcomeUnknown,
    /// 500: our fault. Logged with its cause, which is never shown.
    Internal(anyhow::Error),
}

/// How long clients are asked to wait before they try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Error {
    /// A 422 with one fault.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Validation(vec![FieldError::new(pointer, detail)])
    }

    /// A 400 with one faulty parameter.
    pub fn parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Query(vec![ParameterError::new(parameter, detail)])
    }

    /// A 409 that names no record.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict { detail: detail.into(), existing_id: None, blockers: Vec::new() }
    }

    /// A 409 over one existing record.
    pub fn existing(detail: impl Into<String>, existing_id: Uuid) -> Self {
        Self::Conflict { detail: detail.into(), existing_id: Some(existing_id), blockers: Vec::new() }
    }

    /// A 409 over the records in the way.
    pub fn blocked(detail: impl Into<String>, blockers: Vec<Blocker>) -> Self {
        Self::Conflict { detail: detail.into(), existing_id: None, blockers }
    }

    /// Another write got in between: worth another try.
    pub fn crossed() -> Self {
        Self::Unavailable(CROSSED)
    }

    /// Which kind of problem this is.
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Validation(_) => &kinds::VALIDATION,
            Self::TooMuch(_) => &kinds::TOO_MUCH,
            Self::KeyReused => &kinds::KEY_REUSED,
            Self::Query(_) => &kinds::QUERY,
            Self::BadRequest(_) => &kinds::UNREADABLE,
            Self::Unauthenticated(_) => &kinds::UNAUTHENTICATED,
            Self::Forbidden(_) => &kinds::FORBIDDEN,
            Self::NotFound(_) => &kinds::NOT_FOUND,
            Self::MethodNotAllowed(_) => &kinds::METHOD,
            Self::Conflict { .. } => &kinds::CONFLICT,
            Self::StillRunning => &kinds::STILL_RUNNING,
            Self::Gone { .. } => &kinds::GONE,
            Self::Stale | Self::Weak => &kinds::STALE,
            Self::TooSlow => &kinds::TOO_SLOW,
            Self::TooLarge(_) => &kinds::TOO_LARGE,
            Self::UnsupportedMediaType(_) => &kinds::MEDIA_TYPE,
            Self::PreconditionRequired => &kinds::PRECONDITION,
            Self::TooManyRequests { .. } => &kinds::TOO_MANY,
            Self::NotOffered(_) => &kinds::NOT_OFFERED,
            Self::Unavailable(_) => &kinds::UNAVAILABLE,
            Self::OutcomeUnknown => &kinds::UNKNOWN,
            Self::Internal(_) => &kinds::INTERNAL,
        }
    }

    /// What is wrong and what to do, in a sentence for the client.
    pub fn detail(&self) -> String {
        match self {
            Self::Validation(errors) => match errors.as_slice() {
                [only] if only.pointer.is_empty() => format!("The body {}.", only.detail),
                [only] => format!("{}: {}.", only.pointer, only.detail),
                many => format!("{} members of the body are wrong; see errors.", many.len()),
            },
            Self::Query(errors) => errors
                .iter()
                .map(|error| format!("{}: {}.", error.parameter, error.detail))
                .collect::<Vec<_>>()
                .join(" "),
            Self::BadRequest(detail) | Self::Forbidden(detail) | Self::TooMuch(detail) | Self::Conflict { detail, .. } => {
                detail.clone()
            }
            Self::Unauthenticated(detail)
            | Self::TooManyRequests { detail, .. }
            | Self::NotOffered(detail)
            | Self::Unavailable(detail)
            | Self::UnsupportedMediaType(detail) => (*detail).to_owned(),
            Self::NotFound(noun) => format!("There is no such {noun}, or you may not see it."),
            Self::MethodNotAllowed(allowed) => format!("This path knows {}.", methods(allowed)),
            Self::Gone { noun: noun @ "verdict", reason } => format!("This {noun} was retracted: {reason}"),
            Self::Gone { noun, reason } => format!("This {noun} was withdrawn: {reason}"),
            Self::Weak => {
                "A weak ETag (W/) names no version: send the record's ETag in If-Match as it was answered, such as \"1\".".into()
            }
            Self::TooLarge(limit) => format!("The body may have at most {limit} bytes."),
            _ => self.kind().meaning.to_owned(),
        }
    }

    /// The answer, with the request's id in `instance`.
    pub fn response(&self, request_id: Option<&str>) -> HttpResponse {
        let kind = self.kind();
        let mut body = json!({
            "type": format!("/docs/problems#{}", kind.slug),
            "title": kind.title,
            "status": kind.status.as_u16(),
            "detail": self.detail(),
            "instance": request_id,
        });
        match self {
            Self::Validation(errors) => body["errors"] = json!(errors),
            Self::Query(errors) => body["errors"] = json!(errors),
            Self::Conflict { existing_id, blockers, .. } => {
                if let Some(id) = existing_id {
                    body["existing_id"] = json!(id);
                }
                if !blockers.is_empty() {
                    body["blockers"] = json!(blockers);
                }
            }
            Self::Gone { reason, .. } => body["withdrawn_reason"] = Value::from(reason.as_str()),
            _ => {}
        }
        let mut response = HttpResponse::build(kind.status);
        match self {
            Self::Unauthenticated(_) => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((header::ALLOW, methods(allowed)));
            }
            Self::Unavailable(_) | Self::OutcomeUnknown | Self::StillRunning => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER.as_secs()));
            }
            Self::TooManyRequests { retry_after, .. } => {
                // Rounded up: a client that comes a moment too early is refused again.
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                response.insert_header((header::RETRY_AFTER, seconds.max(1)));
            }
            _ => {}
        }
        response.content_type("application/problem+json").body(body.to_string())
    }

    /// Whether the database connection is gone, so that nothing more can be asked of it.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Unavailable(CONNECTION_LOST))
    }

    /// Whether a statement took too long: less of it may not.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Unavailable(TIMED_OUT))
    }

    /// Whether the same transaction may well succeed when it is run again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(CROSSED | STALE_PLAN))
    }
}

fn methods(allowed: &[Method]) -> String {
    allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(cause) => write!(f, "{cause:#}"),
            _ => f.write_str(&self.detail()),
        }
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.kind().status
    }

    /// Without the request's id: `telemetry::observe` answers again with it.
    fn error_response(&self) -> HttpResponse {
        self.response(None)
    }
}

impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self::Internal(cause)
    }
}

impl From<serde_json::Error> for Error {
    fn from(cause: serde_json::Error) -> Self {
        Self::Internal(cause.into())
    }
}

/// Turns the violation of a named rule into the client's error, beside the query that can violate it.
pub trait OnConstraint<T> {
    /// `explain` gets the name of the violated constraint and answers the error it means, if it knows it.
    fn on_constraint(self, explain: impl FnOnce(&str) -> Option<Error>) -> Result<T>;
}

impl<T> OnConstraint<T> for diesel::QueryResult<T> {
    fn on_constraint(self, explain: impl FnOnce(&str) -> Option<Error>) -> Result<T> {
        self.map_err(|error| {
            let explained = match &error {
                DieselError::DatabaseError(_, information) => information.constraint_name().and_then(explain),
                _ => None,
            };
            explained.unwrap_or_else(|| error.into())
        })
    }
}
