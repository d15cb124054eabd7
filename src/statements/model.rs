use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::lists::{self, Appearance, Reliance};
use crate::auth::{Access, Caller, Viewer};
use crate::claims::{ClaimStatus, lock_trees};
use crate::columns::{Children, text_enum};
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::in_use;
use crate::partial_date::{self, PartialDate};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::statements;
use crate::stance::Stance;
use crate::text;

text_enum! {
    /// Whose words a quote has.
    QuoteKind {
        /// The source's own.
        Verbatim = "verbatim",
        /// A translation of the source's own.
        Translated = "translated",
        /// Somebody else's, for what the source said.
        Paraphrase = "paraphrase",
    }
}

/// A source taking a position on a claim, somewhere, on somebody's word.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Statement {
    /// UUIDv7.
    #[schema(example = "#peskov-confirms-meeting")]
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// The claim it is about.
    #[schema(example = "#talks")]
    pub claim_id: Uuid,
    /// Who speaks.
    #[schema(example = "#peskov")]
    pub source_id: Uuid,
    /// The position taken.
    pub stance: Stance,
    /// The source's role at the time, in words.
    #[schema(example = "Kremlin spokesman")]
    pub spoke_as: Option<String>,
    /// The source that it speaks for.
    #[schema(example = "#kremlin")]
    pub on_behalf_of_id: Option<Uuid>,
    /// The words, in `quote_language`.
    pub quote: Option<String>,
    /// BCP 47 tag of the quote.
    pub quote_language: Option<String>,
    /// Whose words they are.
    pub quote_kind: Option<QuoteKind>,
    /// The quote in the newsroom's language.
    pub translation: Option<String>,
    /// When it was said.
    pub said_on: Option<PartialDate>,
    /// Where it first appeared.
    #[schema(example = "#agenpress-article")]
    pub document_id: Option<Uuid>,
    /// Where in that document: a page, a timestamp.
    pub locator: Option<String>,
    /// Other documents that carry it.
    #[diesel(
        select_expression = sql("(SELECT coalesce(jsonb_agg(jsonb_build_object('document_id', document_id, 'locator', locator) ORDER BY position), '[]') FROM appearances WHERE statement_id = statements.id)"),
        select_expression_type = SqlLiteral<Jsonb>
    )]
    #[schema(value_type = Vec<Appearance>)]
    pub appearances: Children<Appearance>,
    /// On whose word it is said.
    #[diesel(
        select_expression = sql("(SELECT coalesce(jsonb_agg(jsonb_build_object('statement_id', relied_on_id, 'wording', wording) ORDER BY position), '[]') FROM relies_on WHERE statement_id = statements.id)"),
        select_expression_type = SqlLiteral<Jsonb>
    )]
    #[schema(value_type = Vec<Reliance>)]
    pub relies_on: Children<Reliance>,
    /// Who sees it.
    pub status: ClaimStatus,
    /// Why it was withdrawn.
    pub withdrawn_reason: Option<String>,
    /// What was last corrected after publication.
    pub correction_note: Option<String>,
    /// For the newsroom's members only; null for everybody else.
    pub note: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A statement to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = statements, treat_none_as_null = true)]
#[validate(schema(function = quote_is_whole), schema(function = language_has_quote), schema(function = kind_has_quote), schema(function = reason_matches_status), schema(function = lists::listed_once))]
#[schema(example = json!({
    "claim_id": "#article-accurate", "source_id": "#peskov", "stance": "disputes", "spoke_as": "Kremlin spokesman", "on_behalf_of_id": "#kremlin",
    "quote": "l’articolo contiene alcune inesattezze", "quote_language": "it", "quote_kind": "paraphrase", "translation": "the article contains some inaccuracies",
    "document_id": "#agenpress-article"
}))]
pub struct NewStatement {
    /// The claim it is about.
    pub claim_id: Uuid,
    /// Who speaks.
    pub source_id: Uuid,
    /// The position taken.
    pub stance: Stance,
    /// The source's role at the time, in words.
    #[validate(length(max = 300), custom(function = text::line))]
    #[schema(max_length = 300)]
    pub spoke_as: Option<String>,
    /// The source that it speaks for.
    pub on_behalf_of_id: Option<Uuid>,
    /// The words. They need `quote_language` and `quote_kind`.
    #[validate(length(max = 20000))]
    #[schema(max_length = 20000)]
    pub quote: Option<String>,
    /// BCP 47 tag of the quote. Needs a quote.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub quote_language: Option<String>,
    /// Whose words they are. Needs a quote.
    pub quote_kind: Option<QuoteKind>,
    /// The quote in the newsroom's language. Needs a quote.
    #[validate(length(max = 20000))]
    #[schema(max_length = 20000)]
    pub translation: Option<String>,
    /// When it was said; not in the future.
    #[validate(custom(function = partial_date::past))]
    pub said_on: Option<PartialDate>,
    /// Where it first appeared.
    pub document_id: Option<Uuid>,
    /// Where in that document: a page, a timestamp.
    #[validate(length(max = 200), custom(function = text::line))]
    #[schema(max_length = 200)]
    pub locator: Option<String>,
    /// Other documents that carry it, the one you read included.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[diesel(skip_insertion, skip_update)]
    #[validate(length(max = 100), nested)]
    #[schema(max_items = 100)]
    pub appearances: Vec<Appearance>,
    /// On whose word it is said; not in reaction to what.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[diesel(skip_insertion, skip_update)]
    #[validate(length(max = 100), nested)]
    #[schema(max_items = 100)]
    pub relies_on: Vec<Reliance>,
    /// `draft` unless said; `published` needs an editor; `withdrawn` only by change.
    #[serde(default)]
    pub status: ClaimStatus,
    /// Why it is withdrawn; needed with `withdrawn`.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub withdrawn_reason: Option<String>,
    /// What is corrected; needed with each change of a published statement's stance, claim, source, quote or translation.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub correction_note: Option<String>,
    /// For the newsroom's members only.
    #[validate(length(max = 10000))]
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

fn quote_is_whole(new: &NewStatement) -> Result<(), ValidationError> {
    let fault =
        |member: &'static str, detail: &'static str| Err(ValidationError::new(member).with_message(detail.into()));
    match new {
        NewStatement { quote: Some(_), quote_language: None, .. } => {
            fault("quote_language", "is needed: a quote has a language")
        }
        NewStatement { quote: Some(_), quote_kind: None, .. } => {
            fault("quote_kind", "is needed: say whether the quote is verbatim, translated or a paraphrase")
        }
        NewStatement { quote: None, translation: Some(_), .. } => {
            fault("translation", "needs the quote that it translates")
        }
        _ => Ok(()),
    }
}

fn language_has_quote(new: &NewStatement) -> Result<(), ValidationError> {
    describes_quote("quote_language", new.quote_language.is_some(), new)
}

fn kind_has_quote(new: &NewStatement) -> Result<(), ValidationError> {
    describes_quote("quote_kind", new.quote_kind.is_some(), new)
}

/// A member that says something of the quote goes with one; each is named by itself, so that both can be mended at once.
fn describes_quote(member: &'static str, given: bool, new: &NewStatement) -> Result<(), ValidationError> {
    if given && new.quote.is_none() {
        let detail = "describes a quote, and there is none: leave it out or send null";
        return Err(ValidationError::new(member).with_message(detail.into()));
    }
    Ok(())
}

fn reason_matches_status(new: &NewStatement) -> Result<(), ValidationError> {
    text::reason_matches(new.status == ClaimStatus::Withdrawn, new.withdrawn_reason.is_some())
}

impl Versioned for Statement {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Statement {
    fn access(&self, public: bool) -> Access<'_> {
        let withdrawn_reason = self.withdrawn_reason.as_deref();
        Access { noun: "statement", newsroom_id: self.newsroom_id, public, withdrawn_reason }
    }

    /// The statement as this viewer may see it: notes are the newsroom's own.
    pub fn shown_to(mut self, viewer: Viewer) -> Self {
        if !viewer.is_of(self.newsroom_id) {
            self.note = None;
        }
        self
    }

    /// One statement. 404 for what the viewer may not see, 410 for what was withdrawn.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = statements::table.find(id).select((Self::as_select(), statements::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let (statement, public) = found.ok_or(Error::NotFound("statement"))?;
        statement.access(public).see(viewer)?;
        Ok(statement.shown_to(viewer))
    }

    /// Records a statement.
    pub async fn create(new: &NewStatement, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        new.status.check_new(caller)?;
        let references = new.references();
        references::check(&references, &BTreeSet::new(), caller, conn).await?;
        if !new.relies_on.is_empty() {
            let ids: Vec<Uuid> = references.iter().map(|reference| reference.id).collect();
            lock_trees(&ids, &ids, conn).await?;
        }
        let id = Uuid::now_v7();
        NewStatement::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes, publishes, corrects or withdraws a statement by a merge patch.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewStatement>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let ids = patch.ids();
        lock_trees(&ids, &[ids.as_slice(), &[id]].concat(), conn).await?;
        let statement = Self::lock(id, caller, conn).await?;
        if_match.check(&statement)?;
        let new = patch.apply(&statement)?;
        statement.status.check_move("statement", new.status, caller)?;
        if statement.status == ClaimStatus::Published
            && statement.is_corrected_by(&new)
            && !(patch.has("correction_note") && new.correction_note.is_some())
        {
            return Err(Error::field(
                "/correction_note",
                "is needed with this change: the statement is published, say what is corrected",
            ));
        }
        if statement.status == ClaimStatus::Published
            && statement.correction_note.is_some()
            && new.correction_note.is_none()
        {
            return Err(Error::field("/correction_note", "must stay: readers were told of the correction"));
        }
        references::check(&new.references(), &statement.known(), caller, conn).await?;
        let lists_changed = new.appearances != statement.appearances.0 || new.relies_on != statement.relies_on.0;
        if lists_changed {
            lists::replace(id, &new, conn).await?;
        }
        let version = statements::version.eq(statement.version + i32::from(lists_changed));
        diesel::update(statements::table.find(id)).set((&new, version)).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a statement. 409 while something refers to it, and for a withdrawn one.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        lock_trees(&[], &[id], conn).await?;
        let statement = Self::lock(id, caller, conn).await?;
        if_match.check(&statement)?;
        let users = in_use::users(Noun::Statement, id, caller, conn).await?;
        diesel::delete(statements::table.find(id)).execute(conn).await.on_constraint(
            |constraint| match constraint {
                "statements_withdrawn_is_final" => explain(constraint),
                "comment_requests_statement_id_fkey" => {
                    Some(Error::blocked("A comment request is closed by this statement: it stays, and can be corrected or withdrawn.", users))
                }
                _ => Some(Error::blocked(
                    "Other statements rely on this statement, or verdicts cite it. Change those first; a published statement can be withdrawn instead.",
                users,
                )),
            },
        )?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = statements::table.find(id).select((Self::as_select(), statements::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (statement, public) = found.ok_or(Error::NotFound("statement"))?;
        statement.access(public).change(caller)?;
        statement.status.check_change(caller)?;
        Ok(statement)
    }

    /// Whether the change is one that readers must be told of.
    fn is_corrected_by(&self, new: &NewStatement) -> bool {
        (self.stance, self.claim_id, self.source_id) != (new.stance, new.claim_id, new.source_id)
            || (&self.quote, &self.quote_language, self.quote_kind) != (&new.quote, &new.quote_language, new.quote_kind)
            || self.translation != new.translation
    }

    /// The ids that it refers to already: they are not checked again, as some may have been withdrawn since.
    fn known(&self) -> BTreeSet<Uuid> {
        let single = [Some(self.claim_id), Some(self.source_id), self.on_behalf_of_id, self.document_id];
        let carried = self.appearances.0.iter().map(|appearance| appearance.document_id);
        let relied = self.relies_on.0.iter().map(|reliance| reliance.statement_id);
        single.into_iter().flatten().chain(carried).chain(relied).collect()
    }
}

impl NewStatement {
    /// The ids in it.
    pub fn references(&self) -> Vec<Reference> {
        let single = [
            Reference::to(Noun::Claim, self.claim_id, "/claim_id"),
            Reference::to(Noun::Source, self.source_id, "/source_id"),
            Reference::to(Noun::Source, self.on_behalf_of_id, "/on_behalf_of_id"),
            Reference::to(Noun::Document, self.document_id, "/document_id"),
        ];
        let carried = self.appearances.iter().enumerate().filter_map(|(index, appearance)| {
            Reference::to(Noun::Document, appearance.document_id, format!("/appearances/{index}/document_id"))
        });
        let relied = self.relies_on.iter().enumerate().filter_map(|(index, reliance)| {
            Reference::to(Noun::Statement, reliance.statement_id, format!("/relies_on/{index}/statement_id"))
        });
        single.into_iter().flatten().chain(carried).chain(relied).collect()
    }

    /// Records statements that were checked, then their lists: they may rely on each other, in circles too.
    pub async fn insert(new: &[(Uuid, &Self)], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let rows: Vec<_> = new
            .iter()
            .map(|(id, new)| (statements::id.eq(*id), statements::newsroom_id.eq(caller.newsroom_id), *new))
            .collect();
        diesel::insert_into(statements::table).values(rows).execute(conn).await.on_constraint(explain)?;
        lists::write(new, conn).await
    }
}

/// What the tables' rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "relies_on_not_itself" => Error::field("/relies_on", "must name other statements"),
        "statements_published_on_published_claim" => Error::conflict(
            "The claim of this statement is not published. Publish the claim: that publishes its statements too.",
        ),
        "statements_published_relies_on_published" => Error::conflict(
            "This statement relies on one that is not public. Publish that one first, or with it by publishing the claim; one that was withdrawn, or whose claim was, is not relied on any more.",
        ),
        "statements_withdrawn_is_final" => Error::conflict("A withdrawn statement stays, with its reason."),
        "statements_status_moves" => {
            Error::conflict("A statement goes from draft to published to withdrawn and never back.")
        }
        _ => return None,
    })
}
