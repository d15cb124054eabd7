//! How well the claim is supported, in short; `GET /v1/claims/{id}/provenance` has the whole.

use std::collections::BTreeSet;

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::error::{Error, Result};
use crate::provenance::{Graph, Grouping, Scope};

/// On how many independent origins the claim rests: at least so many, as `GET /v1/claims/{id}/provenance` counts them.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierProvenance {
    /// How many independent origins support the claim.
    #[schema(example = 2)]
    pub independent_supporting: usize,
    /// How many oppose it.
    #[schema(example = 0)]
    pub independent_opposing: usize,
    /// Whether exactly one origin supports it.
    pub single_origin: bool,
    /// Whether statements rely on each other in a circle.
    pub circular: bool,
    /// Whether it is supported, and by unnamed sources only.
    pub unnamed_only: bool,
}

impl DossierProvenance {
    /// What is known of these claims, taken as one; none where more statements hang together than can be followed.
    pub async fn of(
        claims: &BTreeSet<Uuid>,
        newsroom_id: Option<Uuid>,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Option<Self>> {
        let claims: Vec<Uuid> = claims.iter().copied().collect();
        let scope = Scope { claims: claims.clone(), parts: false, newsroom_id, viewer: viewer.newsroom_id() };
        let found = match Graph::fetch(&scope, conn).await {
            Ok(graph) => graph.findings(&claims, Grouping::default()),
            Err(Error::TooMuch(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Self {
            independent_supporting: found.independent_supporting,
            independent_opposing: found.independent_opposing,
            single_origin: found.single_origin,
            circular: !found.circular.is_empty(),
            unnamed_only: found.unnamed_only,
        }))
    }
}
