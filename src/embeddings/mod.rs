//! What texts mean, where an embedding service is configured: claims, quotes and translations are embedded in the background, and
//! matching finds those that mean the same in other words or another language.
//!
//! Triggers note what was written (`migrations/*_create_embeddings`); a worker asks the service for vectors and keeps them in plain
//! columns; each process follows the table and scores the vectors in its memory.

mod index;
mod service;
mod settings;
mod store;
mod worker;

pub use index::Cosines;
pub use settings::EmbeddingSettings;
pub use store::{Model, Progress};
pub use worker::{Embeddings, Meaning, Vector, run};
