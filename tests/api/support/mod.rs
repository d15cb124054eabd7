//! What every test stands on: a real server on a real PostgreSQL, and clients whose answers are held to the contract.

mod app;
mod browser;
mod client;
mod contract;
mod embedder;
pub mod examples;
mod fixtures;
mod folder;
mod page;
pub mod postgres;
mod program;
mod provider;
mod proxy;
mod receiver;
mod stand_in;
mod wait;

pub use app::{App, limits, no_service};
pub use browser::{Browser, axe};
pub use client::{Answer, Client};
pub use contract::contract;
pub use embedder::{Embedder, Mood};
pub use fixtures::{claim, document, source, statement, verdict, with};
pub use folder::{Folder, runs};
pub use page::Page;
pub use program::{Process, Program, Serving};
pub use provider::{CLIENT, Provider, claims};
pub use proxy::{Break, Proxy};
pub use receiver::{Manner, Received, Receiver};
pub use stand_in::{SigningKey, StandIn};
pub use wait::{SOON, until};

/// Whether everything is tried that can be, which takes an hour: races a thousand times, and every odd text everywhere.
pub fn thorough() -> bool {
    std::env::var_os("ONRECORD_THOROUGH_TESTS").is_some()
}
