//! Recording a bundle: wholly or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check::{check, check_role};
use super::export::ratings;
use super::read::{Bundle, Ids, Item, name_earlier};
use super::reuse::reuse;
use crate::auth::Caller;
use crate::body::Json;
use crate::claims::NewClaim;
use crate::documents::NewDocument;
use crate::error::{Error, FieldError, Result};
use crate::references::Reference;
use crate::sources::NewSource;
use crate::statements::NewStatement;
use crate::verdicts::NewVerdict;

/// What became of a bundle.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Imported {
    /// The id of each ref.
    #[schema(example = json!({"peskov": "#peskov", "talks": "#talks"}))]
    pub ids: BTreeMap<String, Uuid>,
    /// How many records were made.
    pub created: Created,
    /// The items that were recorded already, by ref, or by pointer where they have none.
    pub reused: Reused,
}

/// How many records were made.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Created {
    /// Sources.
    pub sources: usize,
    /// Documents.
    pub documents: usize,
    /// Claims.
    pub claims: usize,
    /// Statements.
    pub statements: usize,
    /// Verdicts.
    pub verdicts: usize,
}

/// The items that were recorded already.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Reused {
    /// Sources: of the same Wikidata item, or of the same kind and name in your newsroom.
    pub sources: Vec<String>,
    /// Documents: of the same address.
    pub documents: Vec<String>,
}

/// Records a bundle, or names every item that cannot be recorded: 422.
pub async fn import(mut bundle: Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Imported> {
    check_role(&bundle, caller, conn).await?;
    let mut ids = bundle.named();
    let reuse = reuse(&mut bundle, caller, conn).await?;
    for id in ids.values_mut() {
        *id = reuse.ids.get(id).copied().unwrap_or(*id);
    }
    bundle.rewrite(&reuse.ids);
    check(&bundle, caller, conn).await?;
    insert(&bundle, caller, conn).await.map_err(|error| match error {
        // What would be a conflict alone is a fault of the whole here. Its sentences end with the problem's own stop.
        Error::Conflict { detail, .. } => {
            Error::field("", format!("cannot be recorded as it is. {}", detail.trim_end_matches('.')))
        }
        error => error,
    })?;
    let created = Created {
        sources: bundle.sources.len(),
        documents: bundle.documents.len(),
        claims: bundle.claims.len(),
        statements: bundle.statements.len(),
        verdicts: bundle.verdicts.len(),
    };
    Ok(Imported { ids, created, reused: Reused { sources: reuse.sources, documents: reuse.documents } })
}

/// Records bundles that came together, in order: an item may name those of bundles before its own, and a rating of any scale by `scale/rating`.
/// A 422 points into the list of them.
pub async fn import_all(bundles: Vec<Json>, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Imported> {
    let ratings = ratings(false, conn).await?;
    let mut whole = Imported { ids: ratings.into_iter().map(|(id, name)| (name, id)).collect(), ..Imported::default() };
    let several = bundles.len() > 1;
    for (nth, mut body) in bundles.into_iter().enumerate() {
        name_earlier(&mut body.value, &whole.ids);
        let recorded = match Bundle::read(body, Ids::New) {
            Ok(bundle) => import(bundle, caller, conn).await,
            Err(error) => Err(error),
        };
        let imported = recorded.map_err(|error| match error {
            Error::Validation(errors) if several => {
                let placed = |fault: FieldError| FieldError { pointer: format!("/{nth}{}", fault.pointer), ..fault };
                Error::Validation(errors.into_iter().map(placed).collect())
            }
            error => error,
        })?;
        whole.add(imported);
    }
    Ok(whole)
}

impl Imported {
    fn add(&mut self, more: Self) {
        self.ids.extend(more.ids);
        self.created.sources += more.created.sources;
        self.created.documents += more.created.documents;
        self.created.claims += more.created.claims;
        self.created.statements += more.created.statements;
        self.created.verdicts += more.created.verdicts;
        self.reused.sources.extend(more.reused.sources);
        self.reused.documents.extend(more.reused.documents);
    }
}

async fn insert(bundle: &Bundle, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    fn rows<T>(items: &[Item<T>]) -> Vec<(Uuid, &T)> {
        items.iter().map(|item| (item.id, &item.new)).collect()
    }
    if !bundle.sources.is_empty() {
        NewSource::insert(&rows(&bundle.sources), caller, conn).await?;
    }
    if !bundle.documents.is_empty() {
        NewDocument::insert(&rows(&bundle.documents), caller, conn).await?;
    }
    if !bundle.claims.is_empty() {
        NewClaim::insert(&rows(&bundle.claims), caller, conn).await?;
    }
    if !bundle.statements.is_empty() {
        NewStatement::insert(&rows(&bundle.statements), caller, conn).await?;
    }
    if !bundle.verdicts.is_empty() {
        NewVerdict::insert(&rows(&bundle.verdicts), caller, conn).await?;
    }
    Ok(())
}

/// Does the same for each of a bundle's five lists, whatever their items are.
macro_rules! for_each_list {
    ($bundle:expr, |$item:ident| $body:expr) => {
        $bundle.sources.iter().for_each(|$item| $body);
        $bundle.documents.iter().for_each(|$item| $body);
        $bundle.claims.iter().for_each(|$item| $body);
        $bundle.statements.iter().for_each(|$item| $body);
        $bundle.verdicts.iter().for_each(|$item| $body);
    };
}

impl Bundle {
    /// The ids of its items.
    pub fn ids(&self) -> BTreeSet<Uuid> {
        let mut ids = BTreeSet::new();
        for_each_list!(self, |item| {
            ids.insert(item.id);
        });
        ids
    }

    /// The ids of its named items.
    fn named(&self) -> BTreeMap<String, Uuid> {
        let mut ids = BTreeMap::new();
        for_each_list!(self, |item| {
            ids.extend(item.name.clone().map(|name| (name, item.id)));
        });
        ids
    }

    /// All ids in its items, reused ones included, with pointers into the bundle.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut add = |pointer: &String, found: Vec<Reference>| {
            let placed = |one: Reference| Reference { pointer: pointer.clone() + &one.pointer, ..one };
            references.extend(found.into_iter().map(placed));
        };
        for_each_list!(self, |item| add(&item.pointer, item.new.references()));
        self.reused_sources.iter().for_each(|item| add(&item.pointer, item.new.references()));
        self.reused_documents.iter().for_each(|item| add(&item.pointer, item.new.references()));
        references
    }

    /// Puts the ids of what is recorded in the place of those that items had.
    fn rewrite(&mut self, ids: &HashMap<Uuid, Uuid>) {
        let by = |id: &mut Uuid| *id = ids.get(id).copied().unwrap_or(*id);
        let by_option = |id: &mut Option<Uuid>| *id = id.map(|id| ids.get(&id).copied().unwrap_or(id));
        for Item { new, .. } in self.sources.iter_mut().chain(&mut self.reused_sources) {
            by_option(&mut new.affiliation_id);
        }
        for Item { new, .. } in self.documents.iter_mut().chain(&mut self.reused_documents) {
            by_option(&mut new.publisher_id);
            by_option(&mut new.derived_from_id);
        }
        for Item { new, .. } in &mut self.statements {
            by(&mut new.source_id);
            by_option(&mut new.on_behalf_of_id);
            by_option(&mut new.document_id);
            new.appearances.iter_mut().for_each(|appearance| by(&mut appearance.document_id));
        }
        for Item { new, .. } in &mut self.verdicts {
            by_option(&mut new.author_id);
            new.evidence.iter_mut().for_each(|one| by_option(&mut one.document_id));
        }
    }
}
