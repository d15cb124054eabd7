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

/// Finds what is recorded already, and moves it and what the bundle has twice to what is checked but not recorded.
pub async fn reuse(bundle: &mut Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Reuse> {
    lock(bundle, caller, conn).await?;
    let mut reuse = Reuse::default();
    let known = Known::load(bundle, caller, conn).await?;

    let mut first: HashMap<String, Uuid> = HashMap::new();
    for mut item in std::mem::take(&mut bundle.documents) {
        let key = document_key(&item.new);
        let recorded = key.as_ref().and_then(|key| known.documents.get(key).copied());
        if recorded.is_some() {
            reuse.documents.push(item.called());
        }
        let id = recorded.or_else(|| Some(*first.entry(key?).or_insert(item.id))).unwrap_or(item.id);
        reuse.ids.insert(item.id, id);
        let list = if id == item.id { &mut bundle.documents } else { &mut bundle.reused_documents };
        item.id = id;
        list.push(item);
    }

    let namesakes = Namesakes::of(&bundle.sources, &known);
    let mut first: HashMap<SourceKey, Uuid> = HashMap::new();
    for mut item in std::mem::take(&mut bundle.sources) {
        let key = match namesakes.identify(&item, &known) {
            Identity::Recorded(id) => {
                reuse.sources.push(item.called());
                reuse.ids.insert(item.id, id);
                item.id = id;
                bundle.reused_sources.push(item);
                continue;
            }
            Identity::New(key) => key,
        };
        if let SourceKey::Wikidata(wikidata_id) = &key {
            item.new.wikidata_id = Some(wikidata_id.clone());
        }
        let id = *first.entry(key).or_insert(item.id);
        reuse.ids.insert(item.id, id);
        let list = if id == item.id { &mut bundle.sources } else { &mut bundle.reused_sources };
        item.id = id;
        list.push(item);
    }
    Ok(reuse)
}

/// What new items that are one record have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
enum SourceKey {
    Wikidata(String),
    Name(Name),
    /// The item itself: nothing is the same as it.
    Only(Uuid),
}

/// Which record an item is.
enum Identity {
    Recorded(Uuid),
    New(SourceKey),
}

/// A source's kind and folded name.
type Name = (SourceKind, String);

fn name_of(new: &NewSource) -> Option<Name> {
    (new.kind != SourceKind::Unnamed).then(|| (new.kind, text::folded(&new.name)))
}

/// What all items of the bundle and all records of one kind and name say together, whatever their order.
struct Namesakes {
    /// The names that one source has, as far as anybody says, with the Wikidata item that the bundle gives it. Under
    /// other names there are several: nobody knows whom a bare name means.
    single: BTreeMap<Name, Option<String>>,
    /// Records without a Wikidata item that are, by their name, what the bundle gives one for.
    by_wikidata_id: BTreeMap<String, Uuid>,
}

impl Namesakes {
    fn of(items: &[Item<NewSource>], known: &Known) -> Self {
        let mut given: BTreeMap<Name, BTreeSet<&String>> = BTreeMap::new();
        for item in items {
            if let Some(name) = name_of(&item.new) {
                given.entry(name).or_default().extend(&item.new.wikidata_id);
            }
        }
        let is_single = |name: &Name, given: &BTreeSet<&String>| {
            let recorded = known.by_name.get(name).into_iter().flatten().filter_map(|(_, id)| id.as_ref());
            recorded.chain(given.iter().copied()).collect::<BTreeSet<_>>().len() <= 1
        };
        given.retain(|name, given| is_single(name, given));
        let single = given.into_iter().map(|(name, given)| (name, given.into_iter().next().cloned())).collect();
        let mut namesakes = Self { single, by_wikidata_id: BTreeMap::new() };
        for item in items {
            if let Some(wikidata_id) = &item.new.wikidata_id
                && let Some(id) = name_of(&item.new).and_then(|name| namesakes.recorded(&name, known))
            {
                let same = namesakes.by_wikidata_id.entry(wikidata_id.clone()).or_insert(id);
                *same = id.min(*same);
            }
        }
        namesakes
    }

    /// The one record of a name, where nothing speaks against it.
    fn recorded(&self, name: &Name, known: &Known) -> Option<Uuid> {
        match known.by_name.get(name)?.as_slice() {
            [(id, _)] if self.single.contains_key(name) => Some(*id),
            _ => None,
        }
    }

    /// By Wikidata item; else by kind and name.
    fn identify(&self, item: &Item<NewSource>, known: &Known) -> Identity {
        let name = name_of(&item.new);
        let by_item = |id: &String| known.by_wikidata_id.get(id).or_else(|| self.by_wikidata_id.get(id)).copied();
        if item.new.wikidata_id.is_none()
            && let Some(id) = name.as_ref().and_then(|name| self.recorded(name, known))
        {
            return Identity::Recorded(id);
        }
        let given = name.as_ref().and_then(|name| self.single.get(name)).cloned();
        match (item.new.wikidata_id.clone().or_else(|| given.clone().flatten()), name) {
            (Some(wikidata_id), _) => match by_item(&wikidata_id) {
                Some(id) => Identity::Recorded(id),
                None => Identity::New(SourceKey::Wikidata(wikidata_id)),
            },
            (None, Some(name)) if given.is_some() => Identity::New(SourceKey::Name(name)),
            (None, _) => Identity::New(SourceKey::Only(item.id)),
        }
    }
}

/// The records that items of the bundle may be.
struct Known {
    documents: HashMap<String, Uuid>,
    by_wikidata_id: HashMap<String, Uuid>,
    by_name: BTreeMap<Name, Vec<Namesake>>,
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
}
