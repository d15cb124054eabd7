use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::split::Columns;
use crate::auth::Caller;
use crate::columns::{Children, text_enum};
use crate::error::{Error, Result};
use crate::etag::Versioned;
use crate::page::PageRequest;
use crate::schema::{import_chunks, import_records, imports};
use crate::text;

text_enum! {
    /// The form of a file. More may be added.
    Form {
        /// JSON: one value, or several one after the other.
        Json = "json",
        /// A JSON value on each line.
        Ndjson = "ndjson",
        /// A page with JSON-LD in it.
        Html = "html",
        /// A table with headings.
        Csv = "csv",
    }
}

text_enum! {
    /// How far an import is.
    ImportStatus {
        /// The file is arriving.
        Receiving = "receiving",
        /// The file is there.
        Waiting = "waiting",
        /// Its records are being recorded.
        Running = "running",
        /// All its records were worked on.
        Done = "done",
        /// It ended early, or nothing was found in it; `problem` says which.
        Failed = "failed",
    }
}

text_enum! {
    /// What became of a record.
    Outcome {
        /// It was new.
        Created = "created",
        /// It has changed since it was imported, or more can be made of it by now, and the draft was brought up to date or published.
        Updated = "updated",
        /// It is recorded already.
        Unchanged = "unchanged",
        /// It has changed since, and what was made of it is published, in review or edited by hand: nothing was done.
        Changed = "changed",
        /// Nothing could be made of it.
        Failed = "failed",
    }
}

/// How a file is read, and what is made of it.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportOptions {
    /// Whether only to report what would be done.
    #[serde(default)]
    #[param(default = false)]
    pub dry_run: bool,
    /// Whether to publish what is complete. What lacks a rating or a date stays a draft.
    #[serde(default)]
    #[param(default = false)]
    pub publish: bool,
    /// Whether the reviews are your newsroom's own, whoever they name. Without it those are that stand on its site, or that name it and
    /// stand nowhere; where it has no site, all that name it.
    #[serde(default)]
    #[param(default = false)]
    pub own: bool,
    /// BCP 47 tag of what says nothing of its language. Without it the language is detected.
    #[validate(length(max = 35), custom(function = text::language))]
    #[param(max_length = 35)]
    pub language: Option<String>,
    /// Who reviewed, where a record does not say.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[param(min_length = 1, max_length = 300)]
    pub publisher: Option<String>,
    /// The address to which others in the file are relative.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[param(max_length = 2000)]
    pub base_url: Option<String>,
    /// In a table, which heading holds what: `claim=Statement,url=Link`. Usual headings are known without.
    #[validate(length(max = 5000), custom(function = column_map))]
    #[param(max_length = 5000)]
    pub columns: Option<String>,
    /// What you call the file.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[param(min_length = 1, max_length = 300)]
    pub name: Option<String>,
}

fn column_map(text: &str) -> Result<(), ValidationError> {
    Columns::read(text).map(drop).map_err(|fault| ValidationError::new("refused").with_message(fault.into()))
}

impl ImportOptions {
    /// Which column of a table holds what.
    pub fn columns(&self) -> Columns {
        self.columns.as_deref().and_then(|columns| Columns::read(columns).ok()).unwrap_or_default()
    }
}

/// A file that is or was imported.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Import {
    /// UUIDv7.
    #[schema(example = "#imported-reviews")]
    pub id: Uuid,
    /// The newsroom that imports it.
    pub newsroom_id: Uuid,
    /// Who sent it, in whose name it is recorded; null: removed since.
    pub member_id: Option<Uuid>,
    /// What the sender calls it.
    pub name: Option<String>,
    /// Its form.
    pub form: Form,
    /// Its encoding as it was told; null: as the file itself says, else UTF-8.
    pub charset: Option<String>,
    /// How it is read and what is made of it.
    #[schema(value_type = ImportOptions)]
    pub options: Value,
    /// How far it is.
    pub status: ImportStatus,
    /// Why it failed as a whole.
    pub problem: Option<String>,
    /// Bytes in the file.
    pub bytes: i64,
    /// Bytes that were worked on.
    pub bytes_read: i64,
    /// Records that were worked on.
    pub records: i64,
    /// Of these, how many were new.
    pub created: i64,
    /// How many drafts were brought up to date.
    pub updated: i64,
    /// How many are recorded already.
    pub unchanged: i64,
    /// How many differ from what is published of them.
    pub changed: i64,
    /// How many nothing could be made of.
    pub failed: i64,
    /// When it began to arrive.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
    /// When the file was erased; null: it is kept.
    pub erased_at: Option<DateTime<Utc>>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

impl Versioned for Import {
    fn version(&self) -> i32 {
        self.version
    }
}

/// What of a record could not be kept, or is doubtful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportProblem {
    /// The member or column; empty for the record as a whole.
    #[schema(example = "reviewRating/alternateName")]
    pub member: String,
    /// What is the matter.
    #[schema(example = "stands for no rating of ours: map it in /v1/rating-mappings")]
    pub detail: String,
}

/// The other records that were made of a record or found for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// Statements that were made.
    pub statements: Vec<Uuid>,
    /// The claimants, and the publisher.
    pub sources: Vec<Uuid>,
    /// Where the claim appeared.
    pub documents: Vec<Uuid>,
    /// Those of the claim, the sources and the documents that were recorded already.
    pub reused: Vec<Uuid>,
}

/// A record of an import, and what was made of it.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = import_records)]
pub struct ImportRecord {
    /// Its place in the file, from 1 on.
    pub position: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// What of it could not be kept, or is doubtful.
    #[schema(value_type = Vec<ImportProblem>)]
    pub problems: Children<ImportProblem>,
    /// The address of the review.
    pub review_url: Option<String>,
    /// The publisher as named.
    pub publisher: Option<String>,
    /// The rating in the publisher's words.
    pub rating: Option<String>,
    /// The claim; null in a dry run, and where it was deleted since.
    pub claim_id: Option<Uuid>,
    /// The verdict; null in a dry run, and where it was deleted since.
    pub verdict_id: Option<Uuid>,
    /// The other records.
    #[schema(value_type = Made)]
    pub made: Value,
}

/// Which records of an import to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordFilter {
    /// Of which this became.
    pub outcome: Option<Outcome>,
}

/// How much of a file, and how many of its records, are erased in one transaction.
const ERASED_CHUNKS: i64 = 200;
const ERASED_RECORDS: i64 = 5000;

impl Import {
    /// One of the caller's newsroom's imports; 404 for those of others.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = imports::id.eq(id).and(imports::newsroom_id.eq(caller.newsroom_id));
        Self::query().filter(own).first(&mut conn).await.optional()?.ok_or(Error::NotFound("import"))
    }

    /// A page of the caller's newsroom's imports, newest first.
    pub async fn list(page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(imports::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(imports::id.lt(after));
        }
        Ok(query.order(imports::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// A page of its records, in the order of the file.
    pub async fn records(
        id: Uuid,
        filter: &RecordFilter,
        page: &PageRequest,
        caller: Caller,
        mut conn: &AsyncPgConnection,
    ) -> Result<Vec<ImportRecord>> {
        Self::find(id, caller, conn).await?;
        let mut query = ImportRecord::query().filter(import_records::import_id.eq(id)).into_boxed();
        if let Some(outcome) = filter.outcome {
            query = query.filter(import_records::outcome.eq(outcome));
        }
        if let Some(after) = page.after_number() {
            query = query.filter(import_records::position.gt(after));
        }
        Ok(query.order(import_records::position).limit(page.rows()).load(&mut conn).await?)
    }

    /// A record as it stands in the file; 404 where there is none, 410 where it was erased.
    pub async fn raw(id: Uuid, position: i64, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<u8>> {
        let import = Self::find(id, caller, conn).await?;
        let query = import_records::table.find((id, position)).select(import_records::raw);
        let raw: Option<Option<Vec<u8>>> = query.first(&mut conn).await.optional()?;
        let raw = raw.ok_or(Error::NotFound("record of the import"))?.filter(|_| import.erased_at.is_none());
        raw.ok_or_else(|| Error::Gone { noun: "import's file", reason: "it was erased".into() })
    }

    /// Begins to erase the file, and what its records say of it: nobody reads it from here on. What was made of them stays, and by their
    /// digests they are known again. 409 while it is worked on.
    pub async fn erase(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let own = imports::id.eq(id).and(imports::newsroom_id.eq(caller.newsroom_id));
        let found = Self::query().filter(own).for_update().first(conn).await.optional()?;
        let import = found.ok_or(Error::NotFound("import"))?;
        if !matches!(import.status, ImportStatus::Done | ImportStatus::Failed) {
            return Err(Error::conflict("The file is still worked on. Erase it when that is done."));
        }
        if import.erased_at.is_none() {
            diesel::update(imports::table.find(id)).set(imports::erased_at.eq(diesel::dsl::now)).execute(conn).await?;
        }
        Ok(())
    }

    /// Erases some more of a file that is to be erased; answers whether there was something. A large one takes many transactions.
    pub async fn erase_some(id: Uuid, conn: &mut AsyncPgConnection) -> Result<bool> {
        let chunks = import_chunks::table.filter(import_chunks::import_id.eq(id));
        let some = chunks.select(import_chunks::number).order(import_chunks::number).limit(ERASED_CHUNKS);
        let numbers: Vec<i32> = some.load(conn).await?;
        let erased = diesel::delete(chunks.filter(import_chunks::number.eq_any(numbers))).execute(conn).await?;
        let records = import_records::table.filter(import_records::import_id.eq(id));
        let some = records.filter(import_records::raw.is_not_null()).select(import_records::position);
        let positions: Vec<i64> = some.limit(ERASED_RECORDS).load(conn).await?;
        let nothing = (
            import_records::raw.eq(None::<Vec<u8>>),
            import_records::review_url.eq(None::<String>),
            import_records::publisher.eq(None::<String>),
            import_records::rating.eq(None::<String>),
            import_records::problems.eq(Value::Array(Vec::new())),
        );
        let these = records.filter(import_records::position.eq_any(positions));
        let forgotten = diesel::update(these).set(nothing).execute(conn).await?;
        Ok(erased + forgotten > 0)
    }
}
