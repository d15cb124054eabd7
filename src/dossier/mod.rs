//! The dossier: everything on one claim in one consistent answer, in a bounded number of SQL statements.

mod corrections;
mod links;
mod model;
mod positions;
mod provenance;
mod routes;

pub use model::DossierVerdict;
pub use routes::configure;
