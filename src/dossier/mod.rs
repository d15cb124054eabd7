//! The dossier: everything on one claim in one consistent answer, in a bounded number of SQL statements.

mod corrections;
mod links;
mod model;
mod positions;
mod provenance;
mod routes;

pub use corrections::{Correction, CorrectionKind};
pub use links::DossierLink;
pub use model::{Dossier, DossierPart, DossierQuery, DossierStatement, DossierVerdict};
pub use provenance::DossierProvenance;
pub use routes::configure;
