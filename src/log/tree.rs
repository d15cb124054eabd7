//! The tree as it lies in its table: nodes of complete subtrees only, so that no row ever changes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tlog_tiles::{Hash, HashReader, record_hash, stored_hash_count, stored_hashes_for_record_hash, sub_tree_index};

use crate::error::{Error, Result};
use crate::schema::{change_positions, log_nodes};

/// How many rows one statement inserts: PostgreSQL takes 65,535 parameters.
const CHUNK: usize = 10_000;

/// Nodes by their places.
#[derive(Debug)]
pub enum Nodes {
    /// As many of the tree's as the work at hand needs.
    Known(BTreeMap<u64, Hash>),
    /// None: notes which ones are asked for.
    Asked(RefCell<Vec<u64>>),
}

impl Nodes {
    async fn load(places: &[u64], mut conn: &AsyncPgConnection) -> Result<Self> {
        let wanted: Vec<i64> = places.iter().map(|place| signed(*place)).collect::<Result<_>>()?;
        let rows: Vec<(i64, Vec<u8>)> = log_nodes::table
            .filter(log_nodes::place.eq_any(wanted))
            .select((log_nodes::place, log_nodes::hash))
            .load(&mut conn)
            .await?;
        let nodes = rows.into_iter().map(|(place, bytes)| Ok((place.cast_unsigned(), hash(&bytes)?)));
        nodes.collect::<Result<_>>().map(Self::Known)
    }
}

impl HashReader for Nodes {
    fn read_hashes(&self, places: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        match self {
            Self::Known(nodes) => {
                let missing = || tlog_tiles::Error::InvalidInput("a node is missing".into());
                places.iter().map(|place| nodes.get(place).copied().ok_or_else(missing)).collect()
            }
            Self::Asked(asked) => {
                asked.borrow_mut().extend(places);
                Ok(vec![Hash::default(); places.len()])
            }
        }
    }
}

/// A proof or a root: of the nodes that making it asks for, read in one statement.
pub async fn make<T>(work: impl Fn(&Nodes) -> Result<T, tlog_tiles::Error>, conn: &AsyncPgConnection) -> Result<T> {
    let asked = Nodes::Asked(RefCell::default());
    // What comes of it without nodes is of no use; which ones it needs is.
    work(&asked).map_err(broken)?;
    let Nodes::Asked(places) = asked else { return work(&asked).map_err(broken) };
    work(&Nodes::load(&places.into_inner(), conn).await?).map_err(broken)
}

/// The tree at its right edge, to be added to.
#[derive(Debug, Default)]
pub struct Tree {
    size: u64,
    nodes: BTreeMap<u64, Hash>,
    /// The first place that is not stored yet.
    stored: u64,
}

impl Tree {
    /// The stored tree: its size, and the roots of its complete subtrees, which are all that appending needs.
    pub async fn load(conn: &AsyncPgConnection) -> Result<Self> {
        let size = size(conn).await?;
        match Nodes::load(&sub_tree_index(0, size, Vec::new()), conn).await? {
            Nodes::Known(nodes) => Ok(Self { size, nodes, stored: stored_hash_count(size) }),
            Nodes::Asked(_) => Ok(Self::default()),
        }
    }

    /// Appends a leaf; answers its index.
    pub fn append(&mut self, leaf: &str) -> Result<i64> {
        let index = self.size;
        let first = stored_hash_count(index);
        let known = Nodes::Known(std::mem::take(&mut self.nodes));
        let added = stored_hashes_for_record_hash(index, record_hash(leaf.as_bytes()), &known).map_err(broken);
        if let Nodes::Known(nodes) = known {
            self.nodes = nodes;
        }
        self.nodes.extend((first..).zip(added?));
        self.size += 1;
        signed(index)
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of all of it.
    pub fn root(&self) -> Result<Hash> {
        tlog_tiles::tree_hash(self.size, &Nodes::Known(self.nodes.clone())).map_err(broken)
    }

    /// The nodes added since `from`, for comparison with those that are stored.
    pub fn nodes_from(&self, from: u64) -> impl Iterator<Item = (u64, Hash)> + '_ {
        self.nodes.range(from..).map(|(place, hash)| (*place, *hash))
    }

    /// Forgets nodes that nothing to be appended needs.
    pub fn trim(&mut self) {
        let needed = sub_tree_index(0, self.size, Vec::new());
        self.nodes.retain(|place, _| needed.contains(place));
    }

    /// Writes the nodes that were added.
    pub async fn store(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        let mut rows = Vec::new();
        for (place, hash) in self.nodes_from(self.stored) {
            rows.push((log_nodes::place.eq(signed(place)?), log_nodes::hash.eq(hash.0.to_vec())));
        }
        for chunk in rows.chunks(CHUNK) {
            diesel::insert_into(log_nodes::table).values(chunk).execute(conn).await?;
        }
        Ok(())
    }
}

/// How many leaves the stored tree has.
pub async fn size(mut conn: &AsyncPgConnection) -> Result<u64> {
    let last = change_positions::table.select(diesel::dsl::max(change_positions::leaf));
    Ok(last.get_result::<Option<i64>>(&mut conn).await?.map_or(0, |last| last.cast_unsigned() + 1))
}

fn signed(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| Error::Internal(error.into()))
}

fn hash(bytes: &[u8]) -> Result<Hash> {
    let bytes = bytes.try_into().map_err(|_| anyhow::anyhow!("a node of the log has another length than a hash"))?;
    Ok(Hash(bytes))
}

fn broken(error: tlog_tiles::Error) -> Error {
    Error::Internal(anyhow::anyhow!("the transparency log cannot be read: {error}"))
}
