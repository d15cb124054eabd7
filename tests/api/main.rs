//! The API as its users see it: real HTTP, a real PostgreSQL, and every answer held to the OpenAPI document.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end")]

mod access;
mod administration;
mod bad_input;
mod browser;
mod bundles;
mod claims;
mod commands;
mod demo;
mod documents;
mod dossier;
mod embedded;
mod faults;
mod idempotency;
mod isolation;
mod keys;
mod lists;
mod migrations;
mod openapi;
mod process;
mod races;
mod rate_limits;
mod requests;
mod scales_and_topics;
mod signing_in;
mod single_sign_on;
mod sources;
mod statements;
mod support;
mod verdicts;
