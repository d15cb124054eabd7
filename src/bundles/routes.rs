use actix_web::http::StatusCode;
use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::import::{Imported, import};
use super::read::{Bundle, Ids, NewBundle};
use crate::auth::Checker;
use crate::db::Db;
use crate::error::Result;
use crate::idempotency::{Answer, LargePost, once};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(create_bundle);
}

/// Record a whole story
///
/// All or nothing, in one transaction. Items have the members of the matching `POST` and an optional `ref`; any id in
/// them may be a UUID or `"#ref"`, naming an item anywhere in the bundle. Reused instead of recorded again: a document of
/// the same address; a source of the same Wikidata item, or of the same kind and name in your newsroom; unnamed sources
/// never. 422 names each bad item by JSON Pointer. Publishing needs an editor, and for verdicts
/// an admin while the newsroom works by four eyes.
#[utoipa::path(tag = "bundles", request_body(content = NewBundle, example = json!({
    "sources": [
        {"ref": "spokesman", "kind": "person", "name": "Dmitry Peskov"},
        {"ref": "outlet", "kind": "publication", "name": "AgenPress"}
    ],
    "documents": [{"ref": "article", "kind": "article", "description": "AgenPress on secret talks in Turkey", "publisher_id": "#outlet", "language": "it", "published_on": "2023-10"}],
    "claims": [{"ref": "met", "text": "The meeting took place", "language": "en", "event_on": "2023-09-17"}],
    "statements": [{"claim_id": "#met", "source_id": "#spokesman", "stance": "confirms", "spoke_as": "Kremlin spokesman", "document_id": "#article",
        "quote": "ha confermato che l’incontro ha avuto luogo", "quote_language": "it", "quote_kind": "paraphrase", "translation": "confirmed that the meeting took place"}]
})), responses((status = 201, description = "What was recorded and what was reused", body = Imported)), security(("api_key" = ["checker"])))]
#[post("/bundles")]
async fn create_bundle(db: web::Data<Db>, Checker(caller): Checker, post: LargePost) -> Result<Answer<Imported>> {
    let body = post.body;
    once(&db, caller, post.request, async move |conn| {
        let bundle = Bundle::read(body.clone(), Ids::New)?;
        Answer::new(StatusCode::CREATED, &import(bundle, caller, conn).await?)
    })
    .await
}
