//! What failing SQL means to a client: the SQLSTATE map, in one place.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::Error;

pub(super) const CONNECTION_LOST: &str = "The connection to the database was lost. Nothing was done; try again.";
pub(super) const CROSSED: &str = "Other writes to the same records got in the way. Nothing was done; try again.";
pub(super) const STALE_PLAN: &str = "The database is being upgraded. Nothing was done; try again.";
pub(super) const TIMED_OUT: &str = "This took the database too long and was stopped. Ask for less, or try again.";

/// The rule that nobody shows what another newsroom has hidden.
const SHOWN_BY_ITS_OWN_NEWSROOM: &str = "shown_by_its_own_newsroom";

/// What failing statements mean to a client, by the beginning of PostgreSQL's message: diesel keeps no SQLSTATE beyond
/// its own kinds. The messages are those of `lc_messages = C` or English; in another language they become a 500.
const UNAVAILABLE_MESSAGES: &[(&str, &str)] = &[
    // 40P01, 55P03
    ("deadlock detected", CROSSED),
    ("canceling statement due to lock timeout", CROSSED),
    // 57014
    ("canceling statement due to statement timeout", TIMED_OUT),
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
    "syntax error in ts",
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
            DieselError::DatabaseError(kind, information) => Self::from_database(*kind, information.as_ref(), &error),
            DieselError::BrokenTransactionManager => Self::Unavailable(CONNECTION_LOST),
            _ => Self::Internal(anyhow::anyhow!("{error}")),
        }
    }
}

impl Error {
    /// A statement that took too long becomes a 422: of a search that is not passing.
    pub fn or_too_expensive(self) -> Self {
        match self {
            Self::Unavailable(TIMED_OUT) => Self::TooMuch(
                "This search takes too long and was stopped. Look for more words, or rarer ones, and ask for fewer facets.".into(),
            ),
            other => other,
        }
    }

    fn from_database(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation, error: &DieselError) -> Self {
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
            // The one rule that a write to almost any record may break.
            DatabaseErrorKind::CheckViolation if information.constraint_name() == Some(SHOWN_BY_ITS_OWN_NEWSROOM) => {
                Self::conflict(
                    "This would show a source or document of another newsroom that is not public any more. Refer to another one, or record your own.",
                )
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
