//! Every error a client can see, as one `application/problem+json` body (RFC 9457).

use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// A record that stands in the way of publishing another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Blocker {
    /// `claim` or `statement`.
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
        /// All records in the way of publishing.
        blockers: Vec<Blocker>,
    },
    /// 409: a request with the same Idempotency-Key is still running.
    StillRunning,
    /// 410: the record was withdrawn.
    Gone {
        /// `claim` or `statement`.
        noun: &'static str,
        /// Why it was withdrawn.
        reason: String,
    },
    /// 412: the record changed since the client read it.
    Stale,
    /// 413: the body is longer than this many bytes.
    TooLarge(usize),
    /// 415: the body is not JSON.
    UnsupportedMediaType(&'static str),
    /// 428: the change needs If-Match.
    PreconditionRequired,
    /// 503: the database is away, busy or full. Nothing was done.
    Unavailable(&'static str),
    /// 503: the connection broke while committing. The write may or may not be done.
    OutcomeUnknown,
    /// 500: our fault. Logged with its cause, which is never shown.
    Internal(anyhow::Error),
}

/// How long clients are asked to wait before they try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A kind of problem: its name in the `type` address, its title and what it means.
pub struct Kind {
    /// Last part of the `type` address.
    pub slug: &'static str,
    /// Status it comes with.
    pub status: StatusCode,
    /// Fixed title.
    pub title: &'static str,
    /// What it means and what to do, for the page behind `type`.
    pub meaning: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $slug:literal, $status:ident, $title:literal, $meaning:literal;)+) => {
        $(const $name: Kind = Kind { slug: $slug, status: StatusCode::$status, title: $title, meaning: $meaning };)+
        /// All kinds of problems, as `/docs/problems` lists them.
        pub const KINDS: &[Kind] = &[$($name),+];
    };
}

kinds! {
    UNREADABLE = "unreadable-request", BAD_REQUEST, "The request cannot be read", "The body is not JSON, or a header is malformed. Mend the request; nothing was stored.";
    QUERY = "invalid-query", BAD_REQUEST, "A query parameter is wrong", "errors names each parameter and says what it takes. Unknown parameters are refused, so that a misspelled filter is never ignored.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "A valid key is needed", "Send Authorization: Bearer onr_… with a key that is neither revoked nor expired.";
    FORBIDDEN = "forbidden", FORBIDDEN, "This key may not do that", "The member's role is too low, or the record belongs to another newsroom.";
    NOT_FOUND = "not-found", NOT_FOUND, "Not found", "No such path or record, or none that this caller may see.";
    METHOD = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed", "The Allow header lists the methods of this path.";
    CONFLICT = "conflict", CONFLICT, "The present state forbids this", "Other records stand in the way: existing_id or blockers name them.";
    STILL_RUNNING = "still-running", CONFLICT, "The first request is still running", "A request with this Idempotency-Key has not ended. Send it again after Retry-After seconds.";
    GONE = "withdrawn", GONE, "Withdrawn", "The record was withdrawn by its newsroom; detail gives the reason.";
    STALE = "stale", PRECONDITION_FAILED, "The record has changed", "Somebody changed it since you read it. Read it again and send its new ETag in If-Match.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "The body is too large", "Send less at once.";
    MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON", "Send Content-Type: application/json.";
    VALIDATION = "invalid-body", UNPROCESSABLE_ENTITY, "The body is not valid", "errors names each member by JSON Pointer and says what to do. Nothing was stored.";
    KEY_REUSED = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request", "Choose a new Idempotency-Key for each new request.";
    PRECONDITION = "precondition-required", PRECONDITION_REQUIRED, "If-Match is needed", "Read the record and send its ETag in If-Match, so that nobody's change is lost.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "Not available at the moment", "Nothing was done. Try again after Retry-After seconds.";
    UNKNOWN = "outcome-unknown", SERVICE_UNAVAILABLE, "The outcome is unknown", "The connection to the database broke during the commit. Repeat the request with the same Idempotency-Key, or look whether it was done.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here", "Our fault. Report the request id in instance.";
}

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

    /// Another write got in between: worth another try.
    pub fn crossed() -> Self {
        Self::Unavailable(CROSSED)
    }

    /// Which kind of problem this is.
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Validation(_) => &VALIDATION,
            Self::KeyReused => &KEY_REUSED,
            Self::Query(_) => &QUERY,
            Self::BadRequest(_) => &UNREADABLE,
            Self::Unauthenticated(_) => &UNAUTHENTICATED,
            Self::Forbidden(_) => &FORBIDDEN,
            Self::NotFound(_) => &NOT_FOUND,
            Self::MethodNotAllowed(_) => &METHOD,
            Self::Conflict { .. } => &CONFLICT,
            Self::StillRunning => &STILL_RUNNING,
            Self::Gone { .. } => &GONE,
            Self::Stale => &STALE,
            Self::TooLarge(_) => &TOO_LARGE,
            Self::UnsupportedMediaType(_) => &MEDIA_TYPE,
            Self::PreconditionRequired => &PRECONDITION,
            Self::Unavailable(_) => &UNAVAILABLE,
            Self::OutcomeUnknown => &UNKNOWN,
            Self::Internal(_) => &INTERNAL,
        }
    }

    fn detail(&self) -> String {
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
            Self::BadRequest(detail) | Self::Forbidden(detail) | Self::Conflict { detail, .. } => detail.clone(),
            Self::Unauthenticated(detail) | Self::Unavailable(detail) | Self::UnsupportedMediaType(detail) => {
                (*detail).to_owned()
            }
            Self::NotFound(noun) => format!("There is no such {noun}, or you may not see it."),
            Self::MethodNotAllowed(allowed) => format!("This path knows {}.", methods(allowed)),
            Self::Gone { noun, reason } => format!("This {noun} was withdrawn: {reason}"),
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
            _ => {}
        }
        response.content_type("application/problem+json").body(body.to_string())
    }

    /// Whether the database connection is gone, so that nothing more can be asked of it.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Unavailable(CONNECTION_LOST))
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

const CONNECTION_LOST: &str = "The connection to the database was lost. Nothing was done; try again.";
const CROSSED: &str = "Other writes to the same records got in the way. Nothing was done; try again.";
const STALE_PLAN: &str = "The database is being upgraded. Nothing was done; try again.";

/// What failing statements mean to a client, by the beginning of PostgreSQL's message: diesel keeps no SQLSTATE beyond
/// its own kinds. The messages are those of `lc_messages = C` or English; in another language they become a 500.
const UNAVAILABLE_MESSAGES: &[(&str, &str)] = &[
    // 40P01, 55P03
    ("deadlock detected", CROSSED),
    ("canceling statement due to lock timeout", CROSSED),
    // 57014
    (
        "canceling statement due to statement timeout",
        "This took the database too long and was stopped. Ask for less, or try again.",
    ),
    ("canceling statement", "The database stopped this statement. Nothing was done; try again."),
    // 57P01, 57P02, 57P03, 25P03
    ("terminating connection", CONNECTION_LOST),
    ("the database system is", "The database is starting or stopping. Nothing was done; try again."),
    // 53300
    ("sorry, too many clients", "The database has no connection left. Nothing was done; try again."),
    ("remaining connection slots", "The database has no connection left. Nothing was done; try again."),
    // 53100, 53200, 53400
    ("could not extend file", "The database's disk is full. Nothing was stored; reading works."),
    ("could not write", "The database's disk is full. Nothing was stored; reading works."),
    ("out of memory", "The database is short of memory. Nothing was done; try again."),
    ("out of shared memory", "The database is short of memory. Nothing was done; try again."),
    // 0A000 and 26000: the table changed under a prepared statement
    ("cached plan must not change result type", STALE_PLAN),
    ("prepared statement", STALE_PLAN),
];

/// Messages for data that passed validation and that PostgreSQL refuses all the same (22021, 22P05, 22P02, 22001, 54000).
const UNFIT_MESSAGES: &[&str] = &[
    "invalid byte sequence",
    "unsupported Unicode escape",
    "invalid input syntax",
    "value too long",
    "string is too long",
    "index row size",
    "stack depth limit",
    "date/time field value out of range",
    "timestamp out of range",
];

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, information) => Self::from_database(kind, information.as_ref(), &error),
            DieselError::BrokenTransactionManager => Self::Unavailable(CONNECTION_LOST),
            _ => Self::Internal(anyhow::anyhow!("{error}")),
        }
    }
}

impl Error {
    fn from_database(
        kind: &DatabaseErrorKind,
        information: &dyn DatabaseErrorInformation,
        error: &DieselError,
    ) -> Self {
        let message = information.message();
        match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unavailable(CONNECTION_LOST)
            }
            DatabaseErrorKind::SerializationFailure => Self::Unavailable(CROSSED),
            DatabaseErrorKind::ReadOnlyTransaction => {
                Self::Unavailable("The database takes no writes at the moment. Reading works.")
            }
            // Rules that a write may break are named where it is made; here is what came in between.
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => Self::conflict(
                "Another record that this one refers to, or that refers to it, changed at the same time. Read them again.",
            ),
            DatabaseErrorKind::UniqueViolation => {
                Self::conflict("A record like this exists already. Read it, and change it instead.")
            }
            _ => {
                if let Some((_, detail)) = UNAVAILABLE_MESSAGES.iter().find(|(start, _)| message.starts_with(start)) {
                    Self::Unavailable(detail)
                } else if UNFIT_MESSAGES.iter().any(|part| message.contains(part)) {
                    tracing::warn!(%error, "the database refused data that had passed validation");
                    Self::field("", "has text or numbers that cannot be stored")
                } else {
                    let constraint = information.constraint_name().unwrap_or_default();
                    Self::Internal(anyhow::anyhow!("{error} {constraint}"))
                }
            }
        }
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
