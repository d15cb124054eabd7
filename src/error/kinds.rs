//! The kinds of problems, as the page behind `type` lists them.

use actix_web::http::StatusCode;

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
        $(pub(super) const $name: Kind = Kind { slug: $slug, status: StatusCode::$status, title: $title, meaning: $meaning };)+
        /// All kinds of problems, as `/docs/problems` lists them.
        pub const KINDS: &[Kind] = &[$($name),+];
    };
}

kinds! {
    UNREADABLE = "unreadable-request", BAD_REQUEST, "The request cannot be read", "The body is not JSON, or a header is malformed. Mend the request; nothing was stored.";
    QUERY = "invalid-query", BAD_REQUEST, "A query parameter is wrong", "errors names parameters and says what they take. Unknown parameters are refused, so that a misspelled filter is never ignored.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "A valid key is needed", "Send Authorization: Bearer onr_… with a key that is neither revoked nor expired, or a token of the single sign-on.";
    FORBIDDEN = "forbidden", FORBIDDEN, "This key may not do that", "The member's role is too low, the key lacks a scope, the sign-in gives no role, or the record belongs to another newsroom.";
    NOT_FOUND = "not-found", NOT_FOUND, "Not found", "No such path or record, or none that this caller may see.";
    METHOD = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed", "The Allow header lists the methods of this path.";
    CONFLICT = "conflict", CONFLICT, "The present state forbids this", "Other records stand in the way, or the record's own status: detail says what to do. existing_id or blockers name the records that you may see, before a deletion ten of them.";
    STILL_RUNNING = "still-running", CONFLICT, "The first request is still running", "A request with this Idempotency-Key has not ended. Send it again after Retry-After seconds.";
    GONE = "withdrawn", GONE, "Withdrawn", "The record was withdrawn by its newsroom; detail gives the reason.";
    STALE = "stale", PRECONDITION_FAILED, "The record has changed", "Somebody changed it since you read it. Read it again and send its new ETag in If-Match.";
    TOO_SLOW = "request-timeout", REQUEST_TIMEOUT, "The body took too long", "Nothing was stored. Send it again, or less at once.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "The body is too large", "Send less at once.";
    MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON", "Send Content-Type: application/json.";
    VALIDATION = "invalid-body", UNPROCESSABLE_ENTITY, "The body is not valid", "errors names members by JSON Pointer and says what to do; another try may name more. Nothing was stored.";
    TOO_MUCH = "too-much", UNPROCESSABLE_ENTITY, "The answer would be too large or take too long", "detail says what to ask for instead.";
    KEY_REUSED = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request", "Choose a new Idempotency-Key for each new request.";
    PRECONDITION = "precondition-required", PRECONDITION_REQUIRED, "If-Match is needed", "Read the record and send its ETag in If-Match, so that nobody's change is lost.";
    TOO_MANY = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests", "Wait for Retry-After seconds. RateLimit says what is left and RateLimit-Policy what there is in a minute; the operator may change it.";
    NOT_OFFERED = "not-offered", NOT_IMPLEMENTED, "Not offered here", "What was asked for is known, but this server does not offer it; detail says what it offers.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "Not available at the moment", "Nothing was done. Try again after Retry-After seconds.";
    UNKNOWN = "outcome-unknown", SERVICE_UNAVAILABLE, "The outcome is unknown", "The connection to the database broke during the commit. Repeat the request with the same Idempotency-Key, or look whether it was done.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here", "Our fault. Report the request id in instance.";
}
