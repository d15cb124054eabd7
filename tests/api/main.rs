//! The API as its users see it: real HTTP, a real PostgreSQL, and every answer held to the OpenAPI document.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end")]

mod access;
mod administration;
mod as_of;
mod bad_input;
mod browser;
mod bundles;
mod changes;
mod claims;
mod commands;
mod comment_requests;
mod corrections;
mod demo;
mod documents;
mod dossier;
mod embedded;
mod faults;
mod idempotency;
mod in_use;
mod isolation;
mod keys;
mod lists;
mod log;
mod migrations;
mod openapi;
mod pages;
mod process;
mod races;
mod rate_limits;
mod redactions;
mod requests;
mod reuse;
mod review;
mod scales_and_topics;
mod signing_in;
mod single_sign_on;
mod source_record;
mod sources;
mod starts;
mod statements;
mod support;
mod topics;
mod verdict_races;
mod verdicts;
mod withdrawals;
