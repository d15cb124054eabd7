//! The [Model Context Protocol](https://modelcontextprotocol.io/) at `/mcp`: what language models may ask, and record with a key for it.
//!
//! A tool is an operation of the API, told to a model: its arguments are the operation's parameters and the members of its body, read by
//! the same types, and what it answers is what the operation answers. `rmcp` speaks the protocol, in its generation with a
//! handshake (`2025-11-25` and before) and in the one without (`2026-07-28`). No session is kept: each request stands for itself, so that
//! any process may answer it.

mod arguments;
mod routes;
mod tools;

pub use routes::configure;
pub use tools::Tools;
