//! A batch of records, in one transaction with the place up to which the import has come.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::drafts::{self, Digests, Followed};
use super::known::{Known, KnownClaim, KnownVerdict, Places};
use super::make::{Plan, Rules, name_of};
use super::model::{Import, ImportOptions, ImportProblem, Made, Outcome};
use super::review::Review;
use super::store;
use crate::auth::{Caller, Role};
use crate::bundles::{self, Bundle};
use crate::error::{Error, FieldError, Result};
use crate::newsrooms::Newsroom;
use crate::rating_mappings::Mappings;
use crate::schema::{import_records, imports};
use crate::verdicts::{VerdictStatus, check_unreviewed};

/// A record that was read, before the database was asked.
#[derive(Debug)]
pub struct Entry {
    pub position: i64,
    pub raw: Vec<u8>,
    pub sha256: Vec<u8>,
    /// What it says, or why nothing can be made of it.
    pub reading: Result<Reading, String>,
    /// What is the matter with the table whose row it is.
    pub problems: Vec<ImportProblem>,
}

/// What a record says, and by what it is known again.
#[derive(Debug)]
pub struct Reading {
    pub review: Review,
    pub language: String,
    pub identity: Vec<u8>,
    pub claim_identity: Vec<u8>,
}

/// What becomes of a record.
#[derive(Debug)]
struct Done {
    outcome: Outcome,
    problems: Vec<ImportProblem>,
    claim_id: Option<Uuid>,
    verdict_id: Option<Uuid>,
    made: Made,
    /// What imports have made of its members; none where that was not kept.
    digests: Option<Digests>,
}

impl Done {
    fn new(outcome: Outcome) -> Self {
        Self { outcome, problems: Vec::new(), claim_id: None, verdict_id: None, made: Made::default(), digests: None }
    }

    /// Its draft was brought up to date, as far as nobody has edited it. `same`: by the same bytes as before.
    fn follows(&mut self, review: &Review, plan: &Plan, mut followed: Followed, same: bool) {
        let stays = !followed.problems.is_empty();
        self.outcome = match () {
            () if followed.changed || followed.published => Outcome::Updated,
            () if same => Outcome::Unchanged,
            () if stays => Outcome::Changed,
            () => Outcome::Updated,
        };
        if self.outcome != Outcome::Unchanged {
            self.problems.append(&mut followed.problems);
        }
        drafts::take_claims(review, plan, &mut followed.digests);
        self.digests = Some(followed.digests);
    }

    fn note(&mut self, detail: impl Into<String>) {
        self.problems.push(ImportProblem { member: String::new(), detail: detail.into() });
    }
}

/// Records a batch and moves the import on, to `bytes_read` of its file. False where another process has done so.
pub async fn record(
    import: &Import,
    options: &ImportOptions,
    entries: &[Entry],
    bytes_read: i64,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<bool> {
    let Some(first) = entries.first() else { return Ok(true) };
    // Those of one newsroom one after the other: what one has made, the next must find.
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('imports\n' || $1, 0))")
        .bind::<Text, _>(caller.newsroom_id.to_string())
        .execute(conn)
        .await?;
    let here = imports::table.find(import.id).filter(imports::records.eq(first.position - 1)).select(imports::id);
    if here.for_update().first::<Uuid>(conn).await.optional()?.is_none() {
        return Ok(false);
    }
    let newsroom = Newsroom::query().find(caller.newsroom_id).first(conn).await?;
    let mappings = Mappings::of(caller.newsroom_id, conn).await?;
    let unpublishable = if options.publish { unpublishable(caller, conn).await? } else { None };
    let rules = Rules { options, newsroom: &newsroom, mappings: &mappings, unpublishable };
    let known = Known::of((import.id, options.dry_run), entries, caller, conn).await?;
    let mut batch = Batch { entries, known, done: Vec::with_capacity(entries.len()), plans: Vec::new(), caller };
    batch.decide(&rules);
    conn.batch_execute("SAVEPOINT batch").await?;
    // First what is there: it may publish claims that new records have too.
    batch.update(conn).await?;
    batch.create(conn).await?;
    if options.dry_run {
        conn.batch_execute("ROLLBACK TO SAVEPOINT batch").await?;
        batch.forget();
    }
    batch.keep(import.id, conn).await?;
    let outcomes: Vec<_> = batch.done.iter().map(|done| done.outcome).collect();
    store::move_on(import.id, &outcomes, bytes_read, conn).await?;
    Ok(true)
}

/// Why the import may publish nothing, if so.
async fn unpublishable(caller: Caller, conn: &mut AsyncPgConnection) -> Result<Option<String>> {
    match caller.needs(Role::Editor).and(check_unreviewed(caller, conn).await) {
        Ok(()) => Ok(None),
        Err(Error::Forbidden(reason)) => Ok(Some(format!("stays a draft. {reason}"))),
        Err(error) => Err(error),
    }
}

struct Batch<'a> {
    entries: &'a [Entry],
    known: Known,
    done: Vec<Done>,
    /// What is to be made, with the place of its entry.
    plans: Vec<(usize, Plan)>,
    caller: Caller,
}

impl Batch<'_> {
    fn decide(&mut self, rules: &Rules<'_>) {
        for (at, entry) in self.entries.iter().enumerate() {
            let done = match &entry.reading {
                Err(why) => {
                    let mut done = Done::new(Outcome::Failed);
                    done.problems.clone_from(&entry.problems);
                    done.note(why);
                    done
                }
                Ok(reading) => {
                    let mut done = Done::new(Outcome::Created);
                    done.problems.clone_from(&reading.review.problems);
                    let plan = Plan::of(entry.position, &reading.review, &reading.language, rules, &mut done.problems);
                    let earlier = self.known.records.get(&reading.identity);
                    if earlier.is_none_or(|earlier| earlier.status == VerdictStatus::Draft) {
                        plan.lacking.iter().for_each(|why| done.note(why));
                    }
                    if let Some(earlier) = earlier {
                        compare(&mut done, entry, (&reading.review, &plan), earlier);
                    } else {
                        done.digests = Some(drafts::digests(&reading.review, &plan));
                        self.plans.push((at, plan.clone()));
                    }
                    if done.outcome == Outcome::Updated {
                        self.plans.push((at, plan));
                    }
                    done
                }
            };
            self.done.push(done);
        }
    }

    /// Records what is new: all at once, or, where something of it cannot be recorded, by halves.
    async fn create(&mut self, conn: &mut AsyncPgConnection) -> Result<()> {
        let is_new = |(at, _): &&(usize, Plan)| self.done.get(*at).is_some_and(|done| done.outcome == Outcome::Created);
        let new: Vec<(usize, Plan)> = self.plans.iter().filter(is_new).cloned().collect();
        let entries = new.iter().filter_map(|(at, _)| self.entries.get(*at));
        let readings = entries.filter_map(|entry| entry.reading.as_ref().ok());
        self.known.find_claims(readings, self.caller, conn).await?;
        let mut todo = vec![new.as_slice()];
        while let Some(some) = todo.pop() {
            if some.is_empty() {
                continue;
            }
            conn.batch_execute("SAVEPOINT part").await?;
            match self.create_some(some, conn).await {
                Ok(()) => conn.batch_execute("RELEASE SAVEPOINT part").await?,
                Err(Error::Validation(_) | Error::Conflict { .. } | Error::Forbidden(_) | Error::Internal(_))
                    if some.len() > 1 =>
                {
                    conn.batch_execute("ROLLBACK TO SAVEPOINT part").await?;
                    let (one, other) = some.split_at(some.len() / 2);
                    // The first half is taken first: claims of the second may be made in it.
                    todo.extend([other, one]);
                }
                Err(error) => {
                    let why = told(&error).ok_or(error)?;
                    conn.batch_execute("ROLLBACK TO SAVEPOINT part").await?;
                    let done = some.first().and_then(|(at, _)| self.done.get_mut(*at));
                    if let Some(done) = done {
                        *done = Done { problems: std::mem::take(&mut done.problems), ..Done::new(Outcome::Failed) };
                        done.note(why);
                    }
                }
            }
        }
        Ok(())
    }

    async fn create_some(&mut self, some: &[(usize, Plan)], conn: &mut AsyncPgConnection) -> Result<()> {
        let mut bundle = Bundle::default();
        let mut claims = self.known.claims.clone();
        let mut ids = Vec::with_capacity(some.len());
        for (at, plan) in some {
            let Some(Entry { reading: Ok(reading), .. }) = self.entries.get(*at) else { continue };
            let shared = claims.get(&reading.claim_identity);
            // What is public says nothing of a claim that is not.
            let draft = shared.is_some_and(|claim| !claim.published) && plan.publishes;
            let plan = Plan { publishes: plan.publishes && !draft, ..plan.clone() };
            let there = shared.map(|claim| (claim.id, &claim.places));
            let made = plan.add(&reading.review, there, &mut bundle).map_err(Error::Validation)?;
            ids.push((*at, made, shared.is_some(), draft));
            let (id, published) = (made.0, plan.publishes);
            let new = || KnownClaim { id, published, places: Places::default() };
            let claim = claims.entry(reading.claim_identity.clone()).or_insert_with(new);
            reading.review.places().for_each(|place| claim.tell(place, published));
        }
        let statements: Vec<(Option<String>, Uuid)> =
            bundle.statements.iter().map(|item| (item.name.clone(), item.id)).collect();
        let imported = bundles::import(bundle, self.caller, conn).await?;
        let reused: HashSet<_> = imported.reused.sources.iter().chain(&imported.reused.documents).collect();
        self.known.claims = claims;
        for (at, (claim_id, verdict_id), shared, draft) in ids {
            let (Some(entry), Some(done)) = (self.entries.get(at), self.done.get_mut(at)) else { continue };
            let of = |part: &str| name_of(entry.position, part);
            let named = |kind: &str| {
                let prefix = of(kind);
                imported.ids.range(prefix.clone()..).take_while(move |(name, _)| name.starts_with(&prefix))
            };
            let reused = |name: &String| reused.contains(name);
            done.made.sources = named("source/").map(|(_, id)| *id).collect();
            done.made.documents = named("document/").map(|(_, id)| *id).collect();
            let prefix = of("statement/");
            let own = |name: &Option<String>| name.as_ref().is_some_and(|name| name.starts_with(&prefix));
            done.made.statements = statements.iter().filter(|(name, _)| own(name)).map(|(_, id)| *id).collect();
            done.made.reused = shared.then_some(claim_id).into_iter().collect();
            done.made.reused.extend(named("").filter(|(name, _)| reused(name)).map(|(_, id)| *id));
            (done.claim_id, done.verdict_id) = (Some(claim_id), Some(verdict_id));
            if draft {
                done.note("stays a draft: its claim is one. Publish the claim first");
            }
        }
        Ok(())
    }

    /// Brings drafts of earlier imports up to date, and publishes those that a first import would have published.
    async fn update(&mut self, conn: &mut AsyncPgConnection) -> Result<()> {
        for (at, plan) in &self.plans {
            let (Some(Entry { reading: Ok(reading), .. }), Some(done)) =
                (self.entries.get(*at), self.done.get_mut(*at))
            else {
                continue;
            };
            let Some(verdict_id) = done.verdict_id.filter(|_| done.outcome == Outcome::Updated) else { continue };
            let earlier = self.known.records.get(&reading.identity);
            let members = drafts::of_verdict(&reading.review, plan);
            let digests = earlier.and_then(|earlier| earlier.digests.as_ref());
            conn.batch_execute("SAVEPOINT part").await?;
            let mut followed = match drafts::follow(verdict_id, members, digests, self.caller, conn).await {
                Ok(followed) => followed,
                Err(error) => {
                    let why = told(&error).ok_or(error)?;
                    conn.batch_execute("ROLLBACK TO SAVEPOINT part").await?;
                    done.outcome = Outcome::Changed;
                    done.note(format!("its draft cannot be brought up to date: {why}"));
                    continue;
                }
            };
            conn.batch_execute("RELEASE SAVEPOINT part; SAVEPOINT part").await?;
            if plan.publishes {
                match drafts::publish(verdict_id, reading, self.caller, conn).await {
                    Ok(()) => followed.published = true,
                    Err(error) => {
                        let why = told(&error).ok_or(error)?;
                        conn.batch_execute("ROLLBACK TO SAVEPOINT part").await?;
                        done.note(format!("stays a draft: {why}"));
                    }
                }
            }
            conn.batch_execute("RELEASE SAVEPOINT part").await?;
            let same = earlier.zip(self.entries.get(*at)).is_some_and(|(earlier, entry)| earlier.is(entry));
            done.follows(&reading.review, plan, followed, same);
        }
        Ok(())
    }

    /// Forgets what was only tried.
    fn forget(&mut self) {
        for (done, entry) in self.done.iter_mut().zip(self.entries) {
            let known = entry.reading.as_ref().ok().and_then(|reading| self.known.records.get(&reading.identity));
            done.digests = known.and_then(|known| known.digests.clone());
            // What was recorded before is there, whether this is tried or done.
            if done.outcome == Outcome::Created {
                (done.claim_id, done.verdict_id) = (None, None);
                let reused = std::mem::take(&mut done.made.reused);
                done.made = Made { reused, ..Made::default() };
            }
        }
    }

    async fn keep(&self, import: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
        use import_records as kept;
        let mut rows = Vec::with_capacity(self.done.len());
        for (entry, done) in self.entries.iter().zip(&self.done) {
            let reading = entry.reading.as_ref().ok();
            let review = reading.map(|reading| &reading.review);
            rows.push((
                kept::import_id.eq(import),
                kept::position.eq(entry.position),
                kept::newsroom_id.eq(self.caller.newsroom_id),
                kept::raw.eq(&entry.raw),
                kept::sha256.eq(&entry.sha256),
                kept::outcome.eq(done.outcome),
                kept::problems.eq(serde_json::to_value(&done.problems)?),
                kept::identity.eq(reading.map(|reading| &reading.identity)),
                kept::claim_identity.eq(reading.map(|reading| &reading.claim_identity)),
                kept::review_url.eq(review.and_then(|review| review.url.as_ref())),
                kept::publisher.eq(review.and_then(|review| Some(&review.publisher.as_ref()?.name))),
                kept::rating.eq(review.and_then(|review| review.rating.as_ref())),
                kept::claim_id.eq(done.claim_id),
                kept::verdict_id.eq(done.verdict_id),
                kept::made.eq(serde_json::to_value(&done.made)?),
                kept::digests.eq(done.digests.as_ref().map(serde_json::to_value).transpose()?),
            ));
        }
        diesel::insert_into(kept::table).values(rows).execute(conn).await?;
        Ok(())
    }
}

/// What a record that is known has become since.
fn compare(done: &mut Done, entry: &Entry, (review, plan): (&Review, &Plan), earlier: &KnownVerdict) {
    (done.claim_id, done.verdict_id) = (earlier.claim_id, earlier.verdict_id);
    let tried = earlier.verdict_id.is_none();
    let status = if tried && plan.publishes { VerdictStatus::Published } else { earlier.status };
    let is_draft = status == VerdictStatus::Draft;
    let lacks_rating = earlier.rating_id.is_none() && plan.rating_id.is_some();
    let goes_on = is_draft && !tried && (lacks_rating || earlier.lacks_words || plan.publishes);
    done.digests.clone_from(&earlier.digests);
    done.outcome = match () {
        () if earlier.is(entry) && !goes_on => Outcome::Unchanged,
        () if is_draft => Outcome::Updated,
        () => {
            let status = status.as_str();
            done.note(format!("differs from what was imported before, and that is {status}: correct it by hand"));
            Outcome::Changed
        }
    };
    if done.outcome != Outcome::Unchanged
        && let Some(digests) = &mut done.digests
    {
        done.problems.extend(drafts::take_claims(review, plan, digests));
    }
}

/// What a client is told of an error that is one record's; none where it is not.
fn told(error: &Error) -> Option<String> {
    let faults = |errors: &[FieldError]| {
        let told: Vec<_> = errors.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
        format!("cannot be recorded: {}", told.join("; "))
    };
    match error {
        Error::Validation(errors) => Some(faults(errors)),
        Error::Conflict { detail, .. } | Error::Forbidden(detail) => Some(detail.clone()),
        // Most likely a rule of the database that no check foresees. It is logged, and one record's fault.
        Error::Internal(cause) => {
            tracing::warn!(%cause, "a record of an import was refused by the database");
            Some("cannot be recorded: the database refuses it".into())
        }
        _ => None,
    }
}
