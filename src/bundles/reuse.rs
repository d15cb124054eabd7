//! What a bundle reuses instead of recording it again: documents by address, sources by Wikidata item or by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::read::{Bundle, Item};
use crate::auth::Caller;
use crate::documents::NewDocument;
use crate::error::Result;
use crate::schema::{documents, sources};
use crate::sources::{NewSource, SourceKind};
use crate::text;

/// What was found: the ids that items got, and those that take the place of others.
#[derive(Debug, Default)]
pub struct Reuse {
    /// From an item's id to the record's.
    pub ids: HashMap<Uuid, Uuid>,
    /// The items, by ref or by pointer, that are recorded already.
    pub sources: Vec<String>,
    /// The same for documents.
    pub documents: Vec<String>,
}

impl<T> Item<T> {
    fn called(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.pointer.clone())
    }
}

/// What makes a source the same as another.
fn source_keys(new: &NewSource) -> Vec<String> {
    let item = new.wikidata_id.as_ref().map(|id| format!("wikidata\n{id}"));
    let name =
        (new.kind != SourceKind::Unnamed).then(|| format!("name\n{}\n{}", new.kind.as_str(), text::folded(&new.name)));
    item.into_iter().chain(name).collect()
}

fn document_key(new: &NewDocument) -> Option<String> {
    new.url_normal().map(|url| format!("url\n{url}"))
}

/// Locks all keys of the bundle, in sorted order, until the transaction ends: of two bundles with the same new source,
/// one records it and the other, which waits, finds it.
async fn lock(bundle: &Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    let sources = bundle.sources.iter().flat_map(|item| source_keys(&item.new));
    let documents = bundle.documents.iter().filter_map(|item| document_key(&item.new));
    let keys: BTreeSet<String> = sources.chain(documents).map(|key| format!("{}\n{key}", caller.newsroom_id)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    diesel::sql_query("SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT hashtextextended(key, 0) AS hash FROM unnest($1) AS t(key) ORDER BY 1) AS keys")
        .bind::<Array<Text>, _>(keys.into_iter().collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}

/// Finds what is recorded already, and takes it and what the bundle has twice out of the bundle.
pub async fn reuse(bundle: &mut Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Reuse> {
    lock(bundle, caller, conn).await?;
    let mut reuse = Reuse::default();
    let known = Known::load(bundle, caller, conn).await?;

    let mut first: HashMap<String, Uuid> = HashMap::new();
    bundle.documents.retain(|item| {
        let Some(key) = document_key(&item.new) else { return true };
        if let Some(id) = known.documents.get(&key) {
            reuse.ids.insert(item.id, *id);
            reuse.documents.push(item.called());
            return false;
        }
        let kept = *first.entry(key).or_insert(item.id);
        reuse.ids.insert(item.id, kept);
        kept == item.id
    });

    let mut first: HashMap<String, (Uuid, Option<String>)> = HashMap::new();
    bundle.sources.retain(|item| {
        if let Some(id) = known.source(&item.new) {
            reuse.ids.insert(item.id, id);
            reuse.sources.push(item.called());
            return false;
        }
        let keys = source_keys(&item.new);
        // Of one kind and name, but two Wikidata items: two sources.
        let twin = keys
            .iter()
            .filter_map(|key| first.get(key))
            .find(|(_, wikidata_id)| !differ(wikidata_id.as_ref(), item.new.wikidata_id.as_ref()));
        let kept = twin.map_or(item.id, |(id, _)| *id);
        for key in keys {
            first.entry(key).or_insert((kept, item.new.wikidata_id.clone()));
        }
        reuse.ids.insert(item.id, kept);
        kept == item.id
    });
    Ok(reuse)
}

fn differ(one: Option<&String>, other: Option<&String>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

/// The records that items of the bundle may be.
struct Known {
    documents: HashMap<String, Uuid>,
    by_wikidata_id: HashMap<String, Uuid>,
    by_name: BTreeMap<(SourceKind, String), Vec<Namesake>>,
}

/// A source of the own newsroom with the kind and folded name in question, with its Wikidata item.
type Namesake = (Uuid, Option<String>);

impl Known {
    async fn load(bundle: &Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let own = caller.newsroom_id;
        let urls: Vec<_> = bundle.documents.iter().filter_map(|item| item.new.url_normal()).collect();
        // Public ones first, then the own newsroom's, which take their place.
        let found: Vec<(Option<String>, Uuid)> = documents::table
            .filter(
                documents::url_normal
                    .eq_any(&urls)
                    .and(documents::public.or(documents::newsroom_id.eq(own)).nullable()),
            )
            .order((documents::newsroom_id.eq(own).asc(), documents::id.desc()))
            .select((documents::url_normal, documents::id))
            .load(conn)
            .await?;
        let documents = found.into_iter().filter_map(|(url, id)| Some((format!("url\n{}", url?), id))).collect();
        let items: Vec<_> = bundle.sources.iter().filter_map(|item| item.new.wikidata_id.as_ref()).collect();
        let found: Vec<(Option<String>, Uuid)> = sources::table
            .filter(
                sources::wikidata_id.eq_any(&items).and(sources::public.or(sources::newsroom_id.eq(own)).nullable()),
            )
            .order((sources::newsroom_id.eq(own).asc(), sources::id.desc()))
            .select((sources::wikidata_id, sources::id))
            .load(conn)
            .await?;
        let by_wikidata_id = found.into_iter().filter_map(|(item, id)| Some((item?, id))).collect();
        let names: BTreeSet<_> = bundle.sources.iter().map(|item| text::folded(&item.new.name)).collect();
        let found: Vec<(SourceKind, String, Uuid, Option<String>)> = sources::table
            .filter(sources::newsroom_id.eq(own))
            .filter(sources::kind.ne(SourceKind::Unnamed))
            .filter(sources::name_folded.eq_any(&names))
            .select((sources::kind, sources::name_folded, sources::id, sources::wikidata_id))
            .load(conn)
            .await?;
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (kind, name, id, wikidata_id) in found {
            by_name.entry((kind, name)).or_default().push((id, wikidata_id));
        }
        Ok(Self { documents, by_wikidata_id, by_name })
    }

    /// By Wikidata item; else by kind and name, where there is exactly one and nothing speaks against it.
    fn source(&self, new: &NewSource) -> Option<Uuid> {
        if let Some(id) = new.wikidata_id.as_ref().and_then(|item| self.by_wikidata_id.get(item)) {
            return Some(*id);
        }
        if new.kind == SourceKind::Unnamed {
            return None;
        }
        match self.by_name.get(&(new.kind, text::folded(&new.name)))?.as_slice() {
            [(id, wikidata_id)] if !differ(wikidata_id.as_ref(), new.wikidata_id.as_ref()) => Some(*id),
            _ => None,
        }
    }
}
