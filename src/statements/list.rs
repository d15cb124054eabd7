use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::model::Statement;
use crate::auth::Viewer;
use crate::error::Result;
use crate::page::{self, PageRequest};
use crate::schema::{appearances, statements};
use crate::stance::Stance;

/// Which statements to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementFilter {
    /// On this claim.
    pub claim_id: Option<Uuid>,
    /// By this source.
    #[param(example = "#peskov")]
    pub source_id: Option<Uuid>,
    /// Taking this position.
    pub stance: Option<Stance>,
    /// In this document, where they first appeared or were carried later.
    pub document_id: Option<Uuid>,
}

impl Statement {
    /// A page of statements, newest first.
    pub async fn list(
        filter: &StatementFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let (mut for_public, mut for_own) = (conn, conn);
        let public = filter.query(page).filter(statements::public).load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = statements::newsroom_id.eq(newsroom_id).and(diesel::dsl::not(statements::public));
            filter.query(page).filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        let rows = page::merge(public, own, page.rows(), |statement: &Self| statement.id);
        Ok(rows.into_iter().map(|statement| statement.shown_to(viewer)).collect())
    }
}

impl StatementFilter {
    fn query(&self, page: &PageRequest) -> statements::BoxedQuery<'_, Pg, SqlTypeOf<AsSelect<Statement, Pg>>> {
        let mut query = Statement::query().into_boxed();
        if let Some(claim_id) = self.claim_id {
            query = query.filter(statements::claim_id.eq(claim_id));
        }
        if let Some(source_id) = self.source_id {
            query = query.filter(statements::source_id.eq(source_id));
        }
        if let Some(stance) = self.stance {
            query = query.filter(statements::stance.eq(stance));
        }
        if let Some(document_id) = self.document_id {
            let carried =
                appearances::table.filter(appearances::document_id.eq(document_id)).select(appearances::statement_id);
            query = query.filter(statements::document_id.eq(document_id).or(statements::id.eq_any(carried).nullable()));
        }
        if let Some(after) = page.after() {
            query = query.filter(statements::id.lt(after));
        }
        query.order(statements::id.desc()).limit(page.rows())
    }
}
