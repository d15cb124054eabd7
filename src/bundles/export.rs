//! Writing bundles: what a newsroom has recorded, in the form in which it is recorded again.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use petgraph::Incoming;
use petgraph::algo::condensation;
use petgraph::graph::{DiGraph, NodeIndex};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::import::Created;
use super::read::{ARRAYS, ID_MEMBERS, MOST_ITEMS};
use crate::claims::Claim;
use crate::documents::Document;
use crate::error::{Error, Result};
use crate::patch::SERVER_SET;
use crate::references::Noun;
use crate::schema::{claims, documents, sources, statements, verdicts};
use crate::sources::Source;
use crate::statements::Statement;
use crate::verdicts::Verdict;

/// What to export.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    /// Whose records.
    pub newsroom_id: Uuid,
    /// Drafts and notes too, and what nothing refers to; else what the public sees.
    pub all: bool,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Exported {
    /// How many items of each noun.
    pub items: Created,
    /// How many of them are other newsrooms', and there because the newsroom's own refer to them.
    pub others: usize,
    /// How many ids in them were left out, as what they name was withdrawn or is not public.
    pub references: usize,
    /// How many bundles.
    pub bundles: usize,
}

/// A record that a bundle can carry.
#[derive(Debug, QueryableByName)]
struct Node {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    newsroom_id: Uuid,
    /// The ids in it.
    #[diesel(sql_type = Array<Nullable<SqlUuid>>)]
    refs: Vec<Option<Uuid>>,
}

/// What can be carried, by noun; where `$1`, the drafts of the newsroom `$2` too, and hidden sources and documents, which are taken only
/// where its records refer to them. Nothing is recorded withdrawn or retracted; and without the verdict that stands in its place a
/// superseded one would stand itself.
fn nodes(noun: Noun) -> &'static str {
    match noun {
        Noun::Source => "SELECT id, newsroom_id, CASE WHEN public OR newsroom_id = $2 THEN ARRAY[affiliation_id] ELSE '{}' END AS refs FROM sources WHERE $1 OR public ORDER BY id",
        Noun::Document => "SELECT id, newsroom_id, CASE WHEN public OR newsroom_id = $2 THEN ARRAY[publisher_id, derived_from_id] ELSE '{}' END AS refs FROM documents WHERE $1 OR public ORDER BY id",
        Noun::Claim => "SELECT id, newsroom_id, ARRAY[part_of_id] AS refs FROM claims WHERE status = 'published' OR ($1 AND status = 'draft' AND newsroom_id = $2) ORDER BY id",
        Noun::Statement => "SELECT t.id, t.newsroom_id, ARRAY[claim_id, source_id, on_behalf_of_id, document_id]
                || ARRAY(SELECT document_id FROM appearances WHERE statement_id = t.id) || ARRAY(SELECT relied_on_id FROM relies_on WHERE statement_id = t.id) AS refs
            FROM statements AS t JOIN claims AS c ON c.id = t.claim_id
            WHERE (t.status = 'published' AND c.status = 'published') OR ($1 AND t.status = 'draft' AND t.newsroom_id = $2 AND c.status <> 'withdrawn') ORDER BY t.id",
        Noun::Verdict | Noun::Rating => "WITH RECURSIVE standing AS (SELECT id, supersedes_id FROM verdicts WHERE status = 'published'
                UNION SELECT v.id, v.supersedes_id FROM verdicts AS v JOIN standing AS s ON v.id = s.supersedes_id WHERE v.status = 'superseded')
            SELECT v.id, v.newsroom_id, ARRAY[claim_id, author_id, supersedes_id] || ARRAY(SELECT coalesce(statement_id, document_id) FROM evidence WHERE verdict_id = v.id) AS refs
            FROM verdicts AS v JOIN claims AS c ON c.id = v.claim_id
            WHERE (c.status = 'published' AND v.id IN (SELECT id FROM standing)) OR ($1 AND v.newsroom_id = $2 AND c.status <> 'withdrawn' AND v.status IN ('draft', 'in_review', 'approved')) ORDER BY v.id",
    }
}

/// The records to be written, by noun, in the order of their ids, with the ids in them.
struct Chosen {
    nodes: Vec<Vec<Node>>,
    ids: BTreeSet<Uuid>,
}

impl Chosen {
    async fn load(selection: Selection, mut conn: &AsyncPgConnection) -> Result<Self> {
        let mut nodes: Vec<Vec<Node>> = Vec::new();
        for (_, noun) in ARRAYS {
            let query = diesel::sql_query(self::nodes(noun)).bind::<Bool, _>(selection.all);
            nodes.push(query.bind::<SqlUuid, _>(selection.newsroom_id).load(&mut conn).await?);
        }
        let by_id: HashMap<Uuid, &Node> = nodes.iter().flatten().map(|node| (node.id, node)).collect();
        // What speaks for itself; sources and documents only where all is wanted.
        let begins = |noun: Noun| selection.all || !matches!(noun, Noun::Source | Noun::Document);
        let own = |node: &&Node| node.newsroom_id == selection.newsroom_id;
        let mut waiting: Vec<Uuid> = ARRAYS
            .into_iter()
            .zip(&nodes)
            .filter(|((_, noun), _)| begins(*noun))
            .flat_map(|(_, nodes)| nodes.iter().filter(own).map(|node| node.id))
            .collect();
        let mut ids = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if let Some(node) = by_id.get(&id)
                && ids.insert(id)
            {
                waiting.extend(node.refs.iter().flatten());
            }
        }
        for nodes in &mut nodes {
            nodes.retain(|node| ids.contains(&node.id));
        }
        Ok(Self { nodes, ids })
    }

    /// The ids for each bundle, by noun. One bundle where it has room for all; else as many as there must be, of which none names an item
    /// of a later one: what refers to each other in a circle is in one.
    fn bundles(&self) -> Result<Vec<Vec<Vec<Uuid>>>> {
        let ids = |nodes: &[Node]| nodes.iter().map(|node| node.id).collect::<Vec<_>>();
        if self.nodes.iter().all(|nodes| nodes.len() <= MOST_ITEMS) {
            return Ok(vec![self.nodes.iter().map(|nodes| ids(nodes)).collect()]);
        }
        let mut bundles = Vec::new();
        for (nth, nodes) in self.nodes.iter().enumerate() {
            for mut part in in_parts(nodes)? {
                part.sort_unstable();
                let mut bundle = vec![Vec::new(); ARRAYS.len()];
                if let Some(place) = bundle.get_mut(nth) {
                    *place = part;
                }
                bundles.push(bundle);
            }
        }
        Ok(bundles)
    }
}

/// Records of one noun in parts that a bundle has room for: those that others refer to first, else in the order of their ids.
fn in_parts(nodes: &[Node]) -> Result<Vec<Vec<Uuid>>> {
    let mut graph = DiGraph::<Uuid, ()>::with_capacity(nodes.len(), 0);
    let places: HashMap<Uuid, _> = nodes.iter().map(|node| (node.id, graph.add_node(node.id))).collect();
    for node in nodes {
        for (from, to) in node.refs.iter().flatten().filter_map(|id| Some((places.get(&node.id)?, places.get(id)?))) {
            graph.add_edge(*from, *to, ());
        }
    }
    // Each circle, or record that is in none, waits for those that it refers to.
    let circles = condensation(graph, true);
    let oldest = |at: NodeIndex| circles.node_weight(at).and_then(|ids| ids.iter().min().copied());
    let mut waits: HashMap<_, _> = circles.node_indices().map(|at| (at, circles.neighbors(at).count())).collect();
    let mut ready: BTreeSet<_> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(at, _)| (oldest(*at), *at)).collect();
    let mut parts: Vec<Vec<Uuid>> = Vec::new();
    while let Some((_, at)) = ready.pop_first() {
        let circle = circles.node_weight(at).map(Vec::as_slice).unwrap_or_default();
        if circle.len() > MOST_ITEMS {
            let count = circle.len();
            let detail =
                format!("{count} records refer to each other in a circle, and a bundle has room for {MOST_ITEMS}");
            return Err(Error::TooMuch(detail));
        }
        match parts.last_mut() {
            Some(part) if part.len() + circle.len() <= MOST_ITEMS => part.extend(circle),
            _ => parts.push(circle.to_vec()),
        }
        for dependent in circles.neighbors_directed(at, Incoming) {
            if let Some(count) = waits.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert((oldest(dependent), dependent));
                }
            }
        }
    }
    Ok(parts)
}

/// Writes what is selected, a bundle a line. To be run in one snapshot.
pub async fn export(selection: Selection, out: &mut impl Write, conn: &AsyncPgConnection) -> Result<Exported> {
    let chosen = Chosen::load(selection, conn).await?;
    let mut writer =
        Writer { selection, ids: &chosen.ids, ratings: ratings(true, conn).await?, exported: Exported::default() };
    for bundle in chosen.bundles()?.into_iter().filter(|bundle| bundle.iter().any(|ids| !ids.is_empty())) {
        let mut arrays = Map::new();
        for ((array, noun), ids) in ARRAYS.into_iter().zip(bundle).filter(|(_, ids)| !ids.is_empty()) {
            arrays.insert(array.to_owned(), Value::Array(writer.items(noun, &ids, conn).await?));
        }
        let mut line = serde_json::to_vec(&arrays)?;
        line.push(b'\n');
        out.write_all(&line).map_err(|error| Error::Internal(error.into()))?;
        writer.exported.bundles += 1;
    }
    Ok(writer.exported)
}

/// The names of ratings in bundles, `scale/rating`: all, or those of scales that do not come with OnRecord, whose ids are others on
/// each server.
pub async fn ratings(own_scales: bool, mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, String>> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let sql = "SELECT r.id, s.slug || '/' || r.slug AS name FROM ratings AS r JOIN rating_scales AS s ON s.id = r.scale_id WHERE s.newsroom_id IS NOT NULL OR NOT $1";
    let found: Vec<Named> = diesel::sql_query(sql).bind::<Bool, _>(own_scales).load(&mut conn).await?;
    Ok(found.into_iter().map(|Named { id, name }| (id, name)).collect())
}

struct Writer<'a> {
    selection: Selection,
    /// What is in the bundles.
    ids: &'a BTreeSet<Uuid>,
    ratings: HashMap<Uuid, String>,
    exported: Exported,
}

impl Writer<'_> {
    async fn items(&mut self, noun: Noun, ids: &[Uuid], mut conn: &AsyncPgConnection) -> Result<Vec<Value>> {
        /// The records with these ids, in the order of the ids.
        macro_rules! load {
            ($record:ty, $table:ident) => {{
                let query = <$record>::query().filter($table::id.eq_any(ids)).order($table::id);
                let found: Vec<$record> = query.load(&mut conn).await?;
                let others = found.iter().filter(|record| record.newsroom_id != self.selection.newsroom_id).count();
                self.exported.others += others;
                found.iter().map(|record| self.item(record.id, record)).collect::<Result<Vec<_>>>()?
            }};
        }
        let count = ids.len();
        Ok(match noun {
            Noun::Source => {
                self.exported.items.sources += count;
                load!(Source, sources)
            }
            Noun::Document => {
                self.exported.items.documents += count;
                load!(Document, documents)
            }
            Noun::Claim => {
                self.exported.items.claims += count;
                load!(Claim, claims)
            }
            Noun::Statement => {
                self.exported.items.statements += count;
                load!(Statement, statements)
            }
            Noun::Verdict | Noun::Rating => {
                self.exported.items.verdicts += count;
                load!(Verdict, verdicts)
            }
        })
    }

    /// A record as a bundle's item: without what the server sets, its ids as refs, its own id as its ref.
    fn item(&mut self, id: Uuid, record: &impl Serialize) -> Result<Value> {
        let Value::Object(mut members) = serde_json::to_value(record)? else {
            return Err(Error::Internal(anyhow::anyhow!("a record is no object")));
        };
        let own = members.get("newsroom_id") == Some(&Value::String(self.selection.newsroom_id.to_string()));
        members.retain(|name, _| !SERVER_SET.contains(&name.as_str()));
        if !(self.selection.all && own) {
            // For its newsroom's members alone.
            members.remove("note");
        }
        // Where a verdict stands follows from what is recorded of it and its successor.
        match members.get("status").and_then(Value::as_str) {
            Some("superseded") => members.insert("status".into(), "published".into()),
            Some("in_review" | "approved") => members.insert("status".into(), "draft".into()),
            _ => None,
        };
        self.refer(&mut members);
        if !members.contains_key("supersedes_id") {
            members.remove("correction_reason");
        }
        members.shift_insert(0, "ref".into(), id.to_string().into());
        Ok(Value::Object(members))
    }

    /// Names items by refs, and leaves out what is empty or names nothing.
    fn refer(&mut self, members: &mut Map<String, Value>) {
        members.retain(|name, value| match value {
            Value::Null => false,
            Value::Array(items) => {
                items.retain_mut(|item| match item {
                    Value::Object(members) => {
                        self.refer(members);
                        // One that names nothing any more says nothing.
                        members.keys().any(|name| ID_MEMBERS.iter().any(|(known, _)| known == name))
                    }
                    _ => true,
                });
                !items.is_empty()
            }
            Value::String(text) => {
                let Some((_, noun)) = ID_MEMBERS.iter().find(|(known, _)| known == name) else { return true };
                let Ok(id) = Uuid::try_parse(text) else { return true };
                match self.ratings.get(&id) {
                    Some(name) => *text = format!("#{name}"),
                    None if *noun == Noun::Rating => {}
                    None if self.ids.contains(&id) => *text = format!("#{id}"),
                    None => {
                        self.exported.references += 1;
                        return false;
                    }
                }
                true
            }
            _ => true,
        });
    }
}
