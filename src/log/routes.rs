use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use tlog_tiles::{Checkpoint, Hash, prove_record, prove_tree, record_hash};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::key::LogKey;
use super::tree::{make, size};
use crate::auth::Viewer;
use crate::changes::{Change, Disclosed};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::extract::Query;
use crate::schema::{change_positions, changes};

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_checkpoint).service(get_log_key).service(get_inclusion).service(get_consistency);
}

/// Read the log's signed checkpoint
///
/// Size and root of the transparency log's tree, signed with Ed25519, in the C2SP checkpoint format
/// (<https://c2sp.org/tlog-checkpoint>). Keep it: later, `/v1/log/consistency` proves that nothing in it was rewritten, and
/// `onrecord log verify --against` checks the whole database against it. Its fourth line holds the chain over all changes,
/// the unpublished ones too: position and hash.
#[utoipa::path(tag = "log", responses((status = 200, description = "The checkpoint, a signed note", body = String, content_type = "text/plain")))]
#[get("/log/checkpoint")]
async fn get_checkpoint(db: web::Data<Db>, key: web::Data<LogKey>) -> Result<HttpResponse> {
    let checkpoint = db.snapshot(async |conn| checkpoint(key.name(), conn).await).await?;
    let note = key.sign(&checkpoint)?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(note))
}

async fn checkpoint(origin: &str, mut conn: &AsyncPgConnection) -> Result<String> {
    let size = size(conn).await?;
    let root = make(|nodes| tlog_tiles::tree_hash(size, nodes), conn).await?;
    let last: Option<(i64, Vec<u8>)> = change_positions::table
        .select((change_positions::position, change_positions::chain))
        .order(change_positions::position.desc())
        .first(&mut conn)
        .await
        .optional()?;
    let chain = last.map(|(position, chain)| format!("changes {position} {}\n", BASE64_STANDARD.encode(chain)));
    let checkpoint = Checkpoint::new(origin, size, root, &chain.unwrap_or_default())
        .map_err(|error| anyhow::anyhow!("the checkpoint cannot be written: {error}"))?;
    Ok(String::from_utf8(checkpoint.to_bytes()).map_err(anyhow::Error::from)?)
}

/// Read the key that checkpoints are signed with
///
/// The verifying key, `name+id+key`, as signed notes write it (<https://c2sp.org/signed-note>).
#[utoipa::path(tag = "log", responses((status = 200, description = "The verifying key", body = String, content_type = "text/plain")))]
#[get("/log/key")]
async fn get_log_key(key: web::Data<LogKey>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!("{}\n", key.verifier()))
}

/// Which tree an inclusion is proved in.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InclusionQuery {
    /// The tree of a checkpoint that you have; left out, the newest one.
    #[param(minimum = 1)]
    tree_size: Option<u64>,
}

/// That a change is in the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inclusion {
    /// The change.
    #[schema(example = 72)]
    pub change_id: i64,
    /// Its leaf's place in the tree, from 0.
    pub leaf_index: u64,
    /// How many leaves the tree has.
    pub tree_size: u64,
    /// The leaf: these very bytes are hashed. JSON, with the salted hashes of the record's fields.
    pub leaf: String,
    /// SHA-256 of 0x00 and the leaf (RFC 9162), in base64.
    pub leaf_hash: String,
    /// The audit path (RFC 9162, section 2.1.3), hashes in base64.
    pub path: Vec<String>,
    /// The fields' values behind the leaf's hashes, as far as the caller may see them today: a hash is SHA-256 of salt, blank,
    /// name, blank and text, in base64.
    pub fields: BTreeMap<String, Disclosed>,
}

/// Prove that a change is in the log
///
/// For changes of published claims, statements and verdicts. Their ids are in histories and in the feed of changes. 409 for a
/// moment after the change, until it is sealed.
#[utoipa::path(tag = "log", params(("change" = i64, Path, description = "The change's id", example = 60), InclusionQuery), responses((status = 200, description = "The proof", body = Inclusion)))]
#[get("/log/inclusion/{change}")]
async fn get_inclusion(
    db: web::Data<Db>,
    viewer: Viewer,
    request: HttpRequest,
    Query(query): Query<InclusionQuery>,
) -> Result<web::Json<Inclusion>> {
    let id = request.match_info().get("change").and_then(|part| part.parse().ok()).ok_or(Error::NotFound("change"))?;
    Ok(web::Json(db.snapshot(async |conn| inclusion(id, query.tree_size, viewer, conn).await).await?))
}

async fn inclusion(id: i64, tree_size: Option<u64>, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Inclusion> {
    let change: Option<Change> = Change::query().filter(changes::id.eq(id)).first(&mut conn).await.optional()?;
    let change = change.filter(Change::is_proved).ok_or(Error::NotFound("change in the log"))?;
    let place = change_positions::table.filter(change_positions::change_id.eq(id)).select(change_positions::leaf);
    let Some(Some(leaf_index)) = place.first::<Option<i64>>(&mut conn).await.optional()? else {
        return Err(Error::conflict("This change is not sealed yet. Ask again in a second."));
    };
    let leaf_index = leaf_index.cast_unsigned();
    let newest = size(conn).await?;
    let tree_size = tree_size.unwrap_or(newest);
    if tree_size <= leaf_index || tree_size > newest {
        return Err(Error::parameter("tree_size", format!("must be from {} to {newest}", leaf_index + 1)));
    }
    let path = make(|nodes| prove_record(tree_size, leaf_index, nodes), conn).await?;
    let leaf = change.leaf();
    let fields = change.disclosed(viewer, conn).await?;
    let leaf_hash = encoded(record_hash(leaf.as_bytes()));
    Ok(Inclusion { change_id: id, leaf_index, tree_size, leaf, leaf_hash, path: all_encoded(path), fields })
}

/// Which two trees.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConsistencyQuery {
    /// Size of the older tree: that of a checkpoint that you have. Left out, 1.
    #[param(minimum = 1, example = 3)]
    from: Option<u64>,
    /// Size of the newer tree; left out, the newest one.
    #[param(minimum = 1)]
    to: Option<u64>,
}

/// That a newer tree goes on where an older one ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consistency {
    /// Size of the older tree.
    pub from: u64,
    /// Size of the newer tree.
    pub to: u64,
    /// The proof (RFC 9162, section 2.1.4), hashes in base64.
    pub path: Vec<String>,
}

/// Prove that nothing was rewritten between two checkpoints
///
/// The tree of the newer checkpoint begins with all leaves of the older one's, in their order.
#[utoipa::path(tag = "log", params(ConsistencyQuery), responses((status = 200, description = "The proof", body = Consistency)))]
#[get("/log/consistency")]
async fn get_consistency(db: web::Data<Db>, Query(query): Query<ConsistencyQuery>) -> Result<web::Json<Consistency>> {
    let ConsistencyQuery { from, to } = query;
    let from = from.unwrap_or(1);
    let proof = db.snapshot(async |conn| {
        let newest = size(conn).await?;
        let to = to.unwrap_or(newest);
        if to < 1 || to > newest {
            return Err(Error::parameter("to", format!("must be from 1 to {newest}, the size of the log")));
        }
        if from < 1 || from > to {
            return Err(Error::parameter("from", format!("must be from 1 to {to}")));
        }
        let path = make(|nodes| prove_tree(to, from, nodes), conn).await?;
        Ok(Consistency { from, to, path: all_encoded(path) })
    });
    Ok(web::Json(proof.await?))
}

fn encoded(hash: Hash) -> String {
    BASE64_STANDARD.encode(hash.0)
}

fn all_encoded(hashes: Vec<Hash>) -> Vec<String> {
    hashes.into_iter().map(encoded).collect()
}
