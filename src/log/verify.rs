//! `onrecord log verify`: recomputes the log from its tables, and compares the live rows with their last logged version.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tlog_tiles::{Checkpoint, Hash, stored_hash_count};
use uuid::Uuid;

use super::tree::Tree;
use crate::changes::{Change, chained};
use crate::schema::{change_positions, changes, log_nodes};

/// How many changes are read at a time.
const BATCH: i64 = 2000;

/// What was verified.
#[derive(Debug, Default)]
pub struct Report {
    /// Changes whose place, content and values are as they were sealed.
    pub changes: i64,
    /// Those of them that are leaves of the tree.
    pub leaves: u64,
    /// Changes that have no place yet: they are not protected yet.
    pub unsealed: i64,
    /// The root of the tree, in base64.
    pub root: String,
}

#[derive(Queryable)]
struct Place {
    position: i64,
    change_id: i64,
    newsroom_id: Option<Uuid>,
    published: bool,
    leaf: Option<i64>,
    chain: Vec<u8>,
}

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Nullable<BigInt>)]
    change: Option<i64>,
    #[diesel(sql_type = Text)]
    noun: String,
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
    #[diesel(sql_type = Text)]
    what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(change) = self.change {
            write!(f, "change {change}, of ")?;
        }
        write!(f, "{} {}: {}", self.noun, self.record_id, self.what)
    }
}

/// Verifies everything in one snapshot (the connection's transaction), and against a checkpoint where one is given.
///
/// Fails with a sentence that names the first row that was edited, removed, inserted or reordered.
pub async fn verify(against: Option<&Checkpoint>, conn: &AsyncPgConnection) -> Result<Report> {
    let mut report = Report::default();
    let mut tree = Tree::default();
    let mut chain = vec![0; 32];
    let mut found = against.map(Anchor::new).transpose()?;
    loop {
        let places = places(report.changes, conn).await?;
        let ids: Vec<i64> = places.iter().map(|place| place.change_id).collect();
        let mut batch = batch(&ids, conn).await?;
        let first_node = stored_hash_count(tree.size());
        for place in &places {
            let change = check_place(place, report.changes + 1, &mut batch)?;
            chain = chained(&chain, &change);
            if chain != place.chain {
                bail!(
                    "position {}: change {}, of {} {}, is not what was sealed there: it was edited, or the order was changed",
                    place.position,
                    change.id,
                    change.noun,
                    change.record_id
                );
            }
            let leaf = change.is_proved().then(|| tree.append(&change.leaf())).transpose()?;
            if leaf != place.leaf || (change.is_published(), change.newsroom_id) != (place.published, place.newsroom_id)
            {
                bail!("position {}: what it says of change {} was edited", place.position, place.change_id);
            }
            report.changes = place.position;
            if let Some(anchor) = &mut found {
                anchor.pass(&tree, report.changes, &chain)?;
            }
        }
        check_nodes(&tree, first_node, conn).await?;
        check_values(&ids, conn).await?;
        check_order(&ids, conn).await?;
        tree.trim();
        if places.is_empty() {
            break;
        }
    }
    if let Some(anchor) = found {
        anchor.check(tree.size())?;
    }
    check_nothing_is_beside(&tree, conn).await?;
    let waiting = waiting(conn).await?;
    check_values(&waiting, conn).await?;
    check_order(&waiting, conn).await?;
    check_live(conn).await?;
    report.leaves = tree.size();
    report.unsealed = i64::try_from(waiting.len())?;
    report.root = BASE64_STANDARD.encode(tree.root()?.0);
    Ok(report)
}

async fn places(after: i64, mut conn: &AsyncPgConnection) -> Result<Vec<Place>> {
    use change_positions as at;
    let query = at::table.filter(at::position.gt(after)).order(at::position).limit(BATCH);
    Ok(query
        .select((at::position, at::change_id, at::newsroom_id, at::published, at::leaf, at::chain))
        .load(&mut conn)
        .await?)
}

async fn batch(ids: &[i64], mut conn: &AsyncPgConnection) -> Result<HashMap<i64, Change>> {
    let rows: Vec<Change> = Change::query().filter(changes::id.eq_any(ids)).load(&mut conn).await?;
    Ok(rows.into_iter().map(|change| (change.id, change)).collect())
}

fn check_place(place: &Place, expected: i64, batch: &mut HashMap<i64, Change>) -> Result<Change> {
    if place.position != expected {
        bail!("position {expected} is missing: the place of a change was removed");
    }
    let removed = || format!("position {}: its change, {}, was removed", place.position, place.change_id);
    batch.remove(&place.change_id).with_context(removed)
}

/// The nodes that the table should have from `first` on are those that were computed.
async fn check_nodes(tree: &Tree, first: u64, mut conn: &AsyncPgConnection) -> Result<()> {
    let end = stored_hash_count(tree.size()).cast_signed();
    let rows: Vec<(i64, Vec<u8>)> = log_nodes::table
        .filter(log_nodes::place.ge(first.cast_signed()).and(log_nodes::place.lt(end)))
        .order(log_nodes::place)
        .select((log_nodes::place, log_nodes::hash))
        .load(&mut conn)
        .await?;
    let computed = tree.nodes_from(first).map(|(place, hash)| (place.cast_signed(), hash.0.to_vec()));
    match computed
        .zip(rows.iter().cloned().map(Some).chain(std::iter::repeat(None)))
        .find(|(one, row)| Some(one) != row.as_ref())
    {
        Some(((place, _), _)) => bail!("node {place} of the tree was edited or removed"),
        None => Ok(()),
    }
}

/// The values of these changes are those that were hashed, those before a change are those after the one before it, and what
/// is blanked was redacted on the log.
async fn check_values(ids: &[i64], mut conn: &AsyncPgConnection) -> Result<()> {
    let fault: Option<Fault> = diesel::sql_query(
        "SELECT c.id AS change, c.noun, c.record_id, CASE
             WHEN v.change_id IS NULL THEN 'its values were removed'
             WHEN NOT v.redacted <@ told.fields THEN 'values were blanked without a redaction on the log'
             WHEN hashed.fields IS DISTINCT FROM c.hashes - v.redacted THEN 'its values were edited'
             WHEN spoken.fields IS DISTINCT FROM c.changed THEN 'what it says was there before was removed'
             ELSE 'what it says was there before was edited' END AS what
         FROM changes c LEFT JOIN change_values v ON v.change_id = c.id
         CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(field), '{}') AS fields
             FROM changes r JOIN change_values t ON t.change_id = r.id CROSS JOIN LATERAL unnest(r.changed) AS field
             WHERE v.redacted <> '{}' AND r.noun = c.noun AND r.record_id = c.record_id AND r.operation = 'redact'
                 AND t.after -> 'changes' @> to_jsonb(c.id)) AS told
         CROSS JOIN LATERAL (
             SELECT coalesce(jsonb_object_agg(key, encode(sha256(convert_to((v.salts ->> key) || ' ' || key || ' ' || value::text, 'UTF8')), 'base64')), '{}') AS fields
             FROM jsonb_each(v.after) WHERE value <> 'null') AS hashed
         CROSS JOIN LATERAL (
             SELECT CASE WHEN c.operation IN ('update', 'delete') THEN ARRAY(SELECT jsonb_object_keys(v.before)) ELSE c.changed END AS fields) AS spoken
         LEFT JOIN LATERAL (
             SELECT e.after FROM changes p JOIN change_values e ON e.change_id = p.id
             WHERE v.before IS NOT NULL AND p.noun = c.noun AND p.record_id = c.record_id AND p.id < c.id AND p.operation <> 'redact'
             ORDER BY p.id DESC LIMIT 1) AS earlier ON true
         WHERE c.id = ANY ($1) AND (v.change_id IS NULL OR NOT v.redacted <@ told.fields
             OR hashed.fields IS DISTINCT FROM c.hashes - v.redacted OR spoken.fields IS DISTINCT FROM c.changed
             OR EXISTS (SELECT FROM jsonb_each(v.before) WHERE value <> 'null' AND earlier.after IS NOT NULL
                            AND earlier.after -> key <> 'null' AND earlier.after -> key IS DISTINCT FROM value))
         ORDER BY array_position($1, c.id) LIMIT 1",
    )
    .bind::<Array<BigInt>, _>(ids)
    .get_result(&mut conn)
    .await
    .optional()?;
    fault.map_or(Ok(()), |fault| Err(anyhow::anyhow!("{fault}")))
}

/// No change that was neither sealed nor waits for it, and no node beyond the tree.
async fn check_nothing_is_beside(tree: &Tree, mut conn: &AsyncPgConnection) -> Result<()> {
    let inserted: Option<Fault> = diesel::sql_query(
        "SELECT id AS change, noun, record_id, 'it was inserted beside the order, or its place was removed' AS what FROM changes c
         WHERE NOT EXISTS (SELECT FROM change_positions WHERE change_id = c.id)
             AND NOT EXISTS (SELECT FROM changes_unsequenced WHERE change_id = c.id) ORDER BY id LIMIT 1",
    )
    .get_result(&mut conn)
    .await
    .optional()?;
    if let Some(fault) = inserted {
        bail!("{fault}");
    }
    let beyond = log_nodes::table.filter(log_nodes::place.ge(stored_hash_count(tree.size()).cast_signed()));
    let beyond: Option<i64> = beyond.select(log_nodes::place).first(&mut conn).await.optional()?;
    beyond.map_or(Ok(()), |place| {
        Err(anyhow::anyhow!("node {place} of the tree was inserted, or its leaves were removed"))
    })
}

/// The changes that have no place yet.
async fn waiting(mut conn: &AsyncPgConnection) -> Result<Vec<i64>> {
    use crate::schema::changes_unsequenced as waiting;
    Ok(waiting::table.select(waiting::change_id).order(waiting::change_id).load(&mut conn).await?)
}

/// The versions of each record rise in the order of their numbers, of their times and of their places: what is put in before
/// others that were there would be read as what was said then.
async fn check_order(ids: &[i64], mut conn: &AsyncPgConnection) -> Result<()> {
    let fault: Option<Fault> = diesel::sql_query(
        "SELECT c.id AS change, c.noun, c.record_id, 'it was put in before changes that were there already' AS what
         FROM changes c LEFT JOIN change_positions p ON p.change_id = c.id
         CROSS JOIN LATERAL (
             SELECT e.at, e.version, q.position FROM changes e LEFT JOIN change_positions q ON q.change_id = e.id
             WHERE e.noun = c.noun AND e.record_id = c.record_id AND e.id < c.id ORDER BY e.id DESC LIMIT 1) AS earlier
         WHERE c.id = ANY ($1) AND (earlier.at >= c.at OR earlier.version > c.version
             OR coalesce(earlier.position, 9223372036854775807) > coalesce(p.position, 9223372036854775807))
         UNION ALL
         SELECT c.id, c.noun, c.record_id, 'it was put in before changes that were there already'
         FROM changes c LEFT JOIN change_positions p ON p.change_id = c.id
         CROSS JOIN LATERAL (
             SELECT q.position FROM changes l LEFT JOIN change_positions q ON q.change_id = l.id
             WHERE l.noun = c.noun AND l.record_id = c.record_id AND l.id > c.id ORDER BY l.id LIMIT 1) AS later
         WHERE c.id = ANY ($1) AND coalesce(later.position, 9223372036854775807) < coalesce(p.position, 9223372036854775807)
         LIMIT 1",
    )
    .bind::<Array<BigInt>, _>(ids)
    .get_result(&mut conn)
    .await
    .optional()?;
    fault.map_or(Ok(()), |fault| Err(anyhow::anyhow!("{fault}")))
}

/// Tables and what they hold.
const NOUNS: [(&str, &str); 15] = [
    ("newsrooms", "newsroom"),
    ("members", "member"),
    ("api_keys", "api_key"),
    ("rating_scales", "rating_scale"),
    ("topics", "topic"),
    ("newsroom_topics", "newsroom_topic"),
    ("sources", "source"),
    ("documents", "document"),
    ("claims", "claim"),
    ("statements", "statement"),
    ("verdicts", "verdict"),
    ("verdict_comments", "verdict_comment"),
    ("comment_requests", "comment_request"),
    ("claim_links", "claim_link"),
    ("webhooks", "webhook"),
];

/// The live rows say what the log says they say.
async fn check_live(mut conn: &AsyncPgConnection) -> Result<()> {
    for (table, noun) in NOUNS {
        let id =
            if table.ends_with("topics") { format!("logged_slug('{noun}', to_jsonb(t))") } else { "id".to_owned() };
        let fault: Option<Fault> = diesel::sql_query(format!(
            "WITH last AS (
                 SELECT DISTINCT ON (record_id) record_id, operation, c.id AS change, public, after
                 FROM changes c JOIN change_values v ON v.change_id = c.id
                 WHERE noun = '{noun}' AND operation <> 'redact' ORDER BY record_id, c.id DESC
             ), live AS (SELECT {id} AS record_id, logged_record('{noun}', to_jsonb(t)) AS now, logged_public('{noun}', to_jsonb(t)) AS shown FROM {table} t)
             SELECT change, '{noun}' AS noun, record_id, CASE
                 WHEN now IS NULL THEN 'the record was removed without the log'
                 WHEN after IS NULL THEN 'the record was inserted without the log'
                 WHEN public <> shown THEN 'who sees the record was edited without the log'
                 ELSE 'the record was edited without the log' END AS what
             FROM last FULL JOIN live USING (record_id)
             WHERE coalesce(operation <> 'delete' AND now IS NULL, false)
                 -- A column that was added since is not in the log yet, and empty until the record changes.
                 OR now IS NOT NULL AND (coalesce(operation, 'delete') = 'delete' OR public <> coalesce(shown, false)
                     OR EXISTS (SELECT FROM jsonb_each(after) WHERE now -> key IS DISTINCT FROM value)
                     OR EXISTS (SELECT FROM jsonb_each(now) WHERE value <> 'null' AND NOT after ? key))
             ORDER BY change NULLS LAST LIMIT 1"
        ))
        .get_result(&mut conn)
        .await
        .optional()?;
        if let Some(fault) = fault {
            bail!("{fault}");
        }
    }
    Ok(())
}

/// A checkpoint that somebody kept, and whether the log leads through it.
struct Anchor {
    size: u64,
    root: Hash,
    /// The chain at a position, from the checkpoint's extension.
    chain: Option<(i64, Vec<u8>)>,
    passed: bool,
    passed_chain: bool,
}

impl Anchor {
    fn new(checkpoint: &Checkpoint) -> Result<Self> {
        let chain = checkpoint.extension().lines().find_map(|line| line.strip_prefix("changes ")?.split_once(' '));
        let chain = chain
            .map(|(position, hash)| anyhow::Ok((position.parse()?, BASE64_STANDARD.decode(hash)?)))
            .transpose()
            .context("the checkpoint's line on changes cannot be read")?;
        let passed_chain = chain.is_none();
        Ok(Self {
            size: checkpoint.size(),
            root: *checkpoint.hash(),
            chain,
            passed: checkpoint.size() == 0,
            passed_chain,
        })
    }

    fn pass(&mut self, tree: &Tree, position: i64, chain: &[u8]) -> Result<()> {
        if !self.passed && tree.size() == self.size {
            if tree.root()? != self.root {
                bail!("the first {} leaves are not those of the checkpoint: the log was rewritten", self.size);
            }
            self.passed = true;
        }
        if let Some((at, expected)) = self.chain.as_ref().filter(|(at, _)| *at == position) {
            if expected != chain {
                bail!("the first {at} changes are not those of the checkpoint: the log was rewritten");
            }
            self.passed_chain = true;
        }
        Ok(())
    }

    fn check(&self, size: u64) -> Result<()> {
        if !self.passed {
            bail!("the log has {size} leaves and had {} at the checkpoint: its end was removed", self.size);
        }
        if let Some((at, _)) = self.chain.as_ref().filter(|_| !self.passed_chain) {
            bail!("the log does not reach position {at} of the checkpoint: its end was removed");
        }
        Ok(())
    }
}
