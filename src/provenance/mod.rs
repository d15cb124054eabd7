//! On whose word: the graph of who relies on whom around a claim, how many origins are independent of each other, and
//! where reports rest on each other in a circle.
//!
//! One statement fetches the graph (`graph.rs`), `petgraph` walks it, and the rules are in `positions.rs`, `origins.rs` and
//! `findings.rs`; `drawing.rs` draws it. What lists filter by is kept for each claim (`weigh.rs`).

mod drawing;
mod findings;
mod graph;
mod model;
#[cfg(test)]
mod naive;
mod origins;
mod positions;
mod routes;
mod weigh;

pub use findings::{ElsewhereOrigin, Findings, OutOfOrder};
pub use graph::{Graph, Scope};
pub use model::{Provenance, ProvenanceQuery, Read};
pub use origins::{Grouping, Origin, OriginSide};
pub use routes::configure;
pub use weigh::{run, weigh_touched};
