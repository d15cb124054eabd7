use actix_web::{get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::facets::{Faceted, FacetedPage};
use super::results::{SearchQuery, SearchResult};
use super::suggest::{SuggestQuery, Suggestions};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::extract::{List, Query};
use crate::page::{self, PageParameters};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(search).service(suggest);
}

/// Search everything
///
/// Claims, statements by their quotes, verdicts, sources and documents together, as far as you may see them. What fits best comes
/// first; of more than 2,000 results, the newest. A search of which one step would take longer than two seconds is a 422.
#[utoipa::path(tag = "search", params(SearchQuery, PageParameters), responses((status = 200, description = "A page of results", body = FacetedPage<SearchResult>), (status = 422, description = "The search takes too long")))]
#[get("/search")]
async fn search(db: web::Data<Db>, viewer: Viewer, list: List<SearchQuery>) -> Result<Faceted<SearchResult>> {
    let found = db.search(async |conn| list.filter.run(&list.page, viewer, conn).await).await?;
    let key = |item: &SearchResult| {
        let (score, id) = list.filter.key(item.score, item.id);
        page::scored(score, id)
    };
    Ok(Faceted { listed: list.page.page(found.items, key), facets: found.facets })
}

/// Suggest while typing
///
/// What begins with what was typed so far, or, from three letters on, has a word that does: sources, topics, documents and claims. Names
/// with typing errors where nothing does.
#[utoipa::path(tag = "search", params(SuggestQuery), responses((status = 200, description = "At most ten suggestions, some of each kind", body = Suggestions), (status = 422, description = "The search takes too long")))]
#[get("/suggest")]
async fn suggest(
    db: web::Data<Db>,
    viewer: Viewer,
    Query(query): Query<SuggestQuery>,
) -> Result<web::Json<Suggestions>> {
    Ok(web::Json(db.search(async |conn| query.run(viewer, conn).await).await?))
}
