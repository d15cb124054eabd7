//! The ids in a body: each must name a record that the caller may see.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::auth::Caller;
use crate::error::{Error, FieldError, Result};
use crate::schema::{claims, documents, ratings, sources, statements, verdicts};

/// What a reference must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A source.
    Source,
    /// A document.
    Document,
    /// A claim.
    Claim,
    /// A statement.
    Statement,
    /// A verdict.
    Verdict,
    /// A rating of any scale: all of them are public.
    Rating,
}

impl Noun {
    /// The noun as it stands in sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Document => "document",
            Self::Claim => "claim",
            Self::Statement => "statement",
            Self::Verdict => "verdict",
            Self::Rating => "rating",
        }
    }
}

/// An id in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it must name.
    pub noun: Noun,
    /// The id.
    pub id: Uuid,
    /// Where it stands.
    pub pointer: String,
}

impl Reference {
    /// The reference at `pointer`, if there is one.
    pub fn to(noun: Noun, id: impl Into<Option<Uuid>>, pointer: impl Into<String>) -> Option<Self> {
        id.into().map(|id| Self { noun, id, pointer: pointer.into() })
    }
}

/// 422 with every reference that names nothing, or nothing that the caller may see.
pub async fn check(
    references: &[Reference],
    known: &BTreeSet<Uuid>,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    let unknown = unknown(references, known, caller, conn).await?;
    if unknown.is_empty() { Ok(()) } else { Err(Error::Validation(unknown)) }
}

/// The references that name nothing, or nothing that the caller may see; those in `known` are taken as they are.
///
/// One statement for each noun referred to, however many ids there are.
pub async fn unknown(
    references: &[Reference],
    known: &BTreeSet<Uuid>,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<Vec<FieldError>> {
    let mut wanted: BTreeMap<Noun, BTreeSet<Uuid>> = BTreeMap::new();
    for reference in references.iter().filter(|reference| !known.contains(&reference.id)) {
        wanted.entry(reference.noun).or_default().insert(reference.id);
    }
    let mut missing = BTreeSet::new();
    for (noun, ids) in wanted {
        let found = visible(noun, &ids, caller, conn).await?;
        missing.extend(ids.difference(&found).map(|id| (noun, *id)));
    }
    Ok(references
        .iter()
        .filter(|reference| missing.contains(&(reference.noun, reference.id)))
        .map(|reference| {
            let listed = if reference.noun == Noun::Rating { ": GET /v1/rating-scales lists them" } else { "" };
            let detail = format!("must be the id of a {} that you may see{listed}", reference.noun.as_str());
            FieldError::new(&reference.pointer, detail)
        })
        .collect())
}

async fn visible(
    noun: Noun,
    ids: &BTreeSet<Uuid>,
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> QueryResult<BTreeSet<Uuid>> {
    macro_rules! found {
        ($table:ident, $public:expr) => {
            $table::table
                .filter($table::id.eq_any(ids))
                .filter($public.or($table::newsroom_id.eq(caller.newsroom_id)))
                .select($table::id)
                .load(conn)
                .await
        };
    }
    let found: Vec<Uuid> = match noun {
        Noun::Source => found!(sources, sources::public),
        Noun::Document => found!(documents, documents::public),
        Noun::Claim => found!(claims, claims::status.eq("published")),
        Noun::Statement => found!(statements, statements::public),
        Noun::Verdict => found!(verdicts, verdicts::public),
        Noun::Rating => ratings::table.filter(ratings::id.eq_any(ids)).select(ratings::id).load(conn).await,
    }?;
    Ok(found.into_iter().collect())
}
