use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::auth::{Access, Caller, Role, Viewer};
use crate::columns::text_enum;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::in_use;
use crate::page::{self, PageRequest};
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::{sources, statements};
use crate::search;
use crate::text;

text_enum! {
    /// What kind of source it is. More may be added.
    SourceKind {
        /// A person with a name.
        Person = "person",
        /// A body that is no government.
        Organization = "organization",
        /// A government or a part of one.
        Government = "government",
        /// An outlet.
        Publication = "publication",
        /// An account on a social network.
        SocialAccount = "social_account",
        /// Somebody whose name is not given; `name` says what is said of them.
        Unnamed = "unnamed",
    }
}

/// Who speaks: a person, a body, an outlet, or somebody unnamed.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Source {
    /// UUIDv7.
    #[schema(example = "#peskov")]
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Name; for an unnamed source what is said of it, such as "a senior diplomat".
    #[schema(example = "Dmitry Peskov")]
    pub name: String,
    /// Who or what it is, in a sentence or two.
    pub description: Option<String>,
    /// Other names and spellings.
    pub aliases: Vec<String>,
    /// The body it belongs to: a spokesman's office, an outlet's owner.
    #[schema(example = "#kremlin")]
    pub affiliation_id: Option<Uuid>,
    /// ISO 3166-1 alpha-2 code.
    #[schema(example = "RU")]
    pub country: Option<String>,
    /// Home page, http or https.
    pub website: Option<String>,
    /// Wikidata item.
    pub wikidata_id: Option<String>,
    /// For the newsroom's members only; null for everybody else.
    pub note: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A source to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = sources, treat_none_as_null = true)]
#[schema(example = json!({
    "kind": "person", "name": "Maria Zakharova", "description": "Spokeswoman of the Russian foreign ministry", "country": "RU"
}))]
pub struct NewSource {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Name; for an unnamed source what is said of it, such as "a senior diplomat".
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// Who or what it is, in a sentence or two.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub description: Option<String>,
    /// Other names and spellings.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[validate(length(max = 50), custom(function = text::lines))]
    #[schema(max_items = 50)]
    pub aliases: Vec<String>,
    /// The body it belongs to: a spokesman's office, an outlet's owner.
    pub affiliation_id: Option<Uuid>,
    /// ISO 3166-1 alpha-2 code.
    #[validate(custom(function = text::country))]
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// Home page, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub website: Option<String>,
    /// Wikidata item; unique within the newsroom.
    #[validate(custom(function = text::wikidata_id))]
    #[schema(pattern = "^Q[1-9][0-9]{0,14}$")]
    pub wikidata_id: Option<String>,
    /// For the newsroom's members only.
    #[validate(length(max = 10000))]
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

/// Which sources to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SourceFilter {
    /// Words of name, aliases or description; `"…"` for a phrase, `or`, `-` for without.
    #[validate(length(max = 500))]
    #[param(max_length = 500, example = "peskov")]
    pub q: Option<String>,
    /// Of this kind.
    pub kind: Option<SourceKind>,
    /// Of this country, ISO 3166-1 alpha-2.
    #[validate(custom(function = text::country))]
    #[param(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
}

impl Versioned for Source {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Source {
    fn access(&self, public: bool) -> Access<'static> {
        Access { noun: "source", newsroom_id: self.newsroom_id, public, withdrawn_reason: None }
    }

    /// The source as this viewer may see it: notes are the newsroom's own.
    pub fn shown_to(mut self, viewer: Viewer) -> Self {
        if !viewer.is_of(self.newsroom_id) {
            self.note = None;
        }
        self
    }

    /// One source. 404 for what the viewer may not see.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let found: Option<(Self, bool)> =
            sources::table.find(id).select((Self::as_select(), sources::public)).first(&mut conn).await.optional()?;
        let (source, public) = found.ok_or(Error::NotFound("source"))?;
        source.access(public).see(viewer)?;
        Ok(source.shown_to(viewer))
    }

    /// A page of sources, newest first.
    pub async fn list(
        filter: &SourceFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let found = match &filter.q {
            Some(q) => Some(search::find(q, &["source"], search::Ranking::No, viewer, conn).await?),
            None => None,
        };
        let query = || {
            let query = filter.query(page);
            match &found {
                Some(found) => query.filter(found.holds("sources.id", "record_id", viewer, true)),
                None => query,
            }
        };
        let (mut for_public, mut for_own) = (conn, conn);
        let public = query().filter(sources::public).load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = sources::newsroom_id.eq(newsroom_id).and(diesel::dsl::not(sources::public));
            query().filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        let rows = page::merge(public, own, page.rows(), |source: &Self| source.id);
        Ok(rows.into_iter().map(|source| source.shown_to(viewer)).collect())
    }

    /// Records a source. 409 when the newsroom has its Wikidata item already.
    pub async fn create(new: &NewSource, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let id = Uuid::now_v7();
        new.check(id, &BTreeSet::new(), caller, conn).await?;
        NewSource::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes a source by a merge patch.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewSource>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let source = Self::lock(id, caller, conn).await?;
        if_match.check(&source)?;
        let new = patch.apply(&source)?;
        new.check(id, &source.affiliation_id.into_iter().collect(), caller, conn).await?;
        diesel::update(sources::table.find(id))
            .set((&new, sources::name_folded.eq(text::folded(&new.name))))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a source. 409 while something refers to it.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let source = Self::lock(id, caller, conn).await?;
        if_match.check(&source)?;
        let users = in_use::users(Noun::Source, id, caller, conn).await?;
        diesel::delete(sources::table.find(id)).execute(conn).await.on_constraint(|_| {
            Some(Error::blocked(
                "Statements, documents, verdicts or other sources refer to this source. Change or delete those first.",
                users,
            ))
        })?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = sources::table.find(id).select((Self::as_select(), sources::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (source, public) = found.ok_or(Error::NotFound("source"))?;
        source.access(public).change(caller)?;
        // The dossier goes on showing who spoke: what readers see is an editor's to change.
        let withdrawn = statements::table
            .filter(statements::source_id.eq(id))
            .filter(statements::status.eq("withdrawn"))
            .select(statements::id);
        if diesel::select(diesel::dsl::exists(withdrawn)).get_result(conn).await? {
            caller.needs(Role::Editor)?;
        }
        Ok(source)
    }

    /// What a reader sees of it where a withdrawn statement is all that is left of it in public.
    #[must_use]
    pub fn reduced(self) -> Self {
        Self {
            description: None,
            aliases: Vec::new(),
            affiliation_id: None,
            country: None,
            website: None,
            wikidata_id: None,
            note: None,
            ..self
        }
    }
}

impl NewSource {
    /// The ids in it.
    pub fn references(&self) -> Vec<Reference> {
        Reference::to(Noun::Source, self.affiliation_id, "/affiliation_id").into_iter().collect()
    }

    async fn check(
        &self,
        id: Uuid,
        known: &BTreeSet<Uuid>,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        references::check(&self.references(), known, caller, conn).await?;
        let Some(wikidata_id) = &self.wikidata_id else { return Ok(()) };
        let existing: Option<Uuid> = sources::table
            .filter(sources::newsroom_id.eq(caller.newsroom_id))
            .filter(sources::wikidata_id.eq(wikidata_id))
            .filter(sources::id.ne(id))
            .select(sources::id)
            .first(conn)
            .await
            .optional()?;
        match existing {
            Some(id) => {
                Err(Error::existing("Your newsroom has a source with this wikidata_id. Use or change that one.", id))
            }
            None => Ok(()),
        }
    }

    /// Records sources that were checked, in one statement: they may refer to each other.
    pub async fn insert(new: &[(Uuid, &Self)], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let rows: Vec<_> = new
            .iter()
            .map(|(id, new)| {
                (
                    sources::id.eq(*id),
                    sources::newsroom_id.eq(caller.newsroom_id),
                    sources::name_folded.eq(text::folded(&new.name)),
                    *new,
                )
            })
            .collect();
        diesel::insert_into(sources::table).values(rows).execute(conn).await.on_constraint(explain)?;
        Ok(())
    }
}

/// What the table's rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "sources_not_affiliated_to_itself" => Some(Error::field("/affiliation_id", "must be another source")),
        // Somebody recorded it in between: the next try finds it and names it.
        "sources_wikidata_id_key" => Some(Error::crossed()),
        _ => None,
    }
}

impl SourceFilter {
    fn query(&self, page: &PageRequest) -> sources::BoxedQuery<'_, Pg, SqlTypeOf<AsSelect<Source, Pg>>> {
        let mut query = Source::query().into_boxed();
        if let Some(kind) = self.kind {
            query = query.filter(sources::kind.eq(kind));
        }
        if let Some(country) = &self.country {
            query = query.filter(sources::country.eq(country));
        }
        if let Some(after) = page.after() {
            query = query.filter(sources::id.lt(after));
        }
        query.order(sources::id.desc()).limit(page.rows())
    }
}
