use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, SqlTypeOf, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::{Access, Caller, Viewer};
use crate::columns::text_enum;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::in_use;
use crate::page::{self, PageRequest};
use crate::partial_date::PartialDate;
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::documents;
use crate::search;
use crate::text;

text_enum! {
    /// What kind of document it is. More may be added.
    DocumentKind {
        /// An article.
        Article = "article",
        /// A post on a social network.
        Post = "post",
        /// A speech.
        Speech = "speech",
        /// An interview.
        Interview = "interview",
        /// A press release.
        PressRelease = "press_release",
        /// A report.
        Report = "report",
        /// A data set.
        Dataset = "dataset",
        /// An image.
        Image = "image",
        /// A video.
        Video = "video",
        /// A sound recording.
        Audio = "audio",
        /// A transcript.
        Transcript = "transcript",
        /// Anything else.
        Other = "other",
    }
}

/// Where something was said or published.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct Document {
    /// UUIDv7.
    #[schema(example = "#agenpress-article")]
    pub id: Uuid,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// Headline or title as published.
    pub title: Option<String>,
    /// Address as it was sent.
    pub url: Option<String>,
    /// What it is, where it has no title or address.
    pub description: Option<String>,
    /// Address of an archived copy.
    pub archive_url: Option<String>,
    /// The source that published it.
    #[schema(example = "#agenpress")]
    pub publisher_id: Option<Uuid>,
    /// By-lines as printed.
    pub authors: Vec<String>,
    /// BCP 47 tag.
    #[schema(example = "it")]
    pub language: Option<String>,
    /// When it was published.
    pub published_on: Option<PartialDate>,
    /// When the newsroom read it.
    pub retrieved_at: Option<DateTime<Utc>>,
    /// The original of an altered image, of a translation.
    pub derived_from_id: Option<Uuid>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A document to be recorded. It needs a title, an address or a description.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = documents, treat_none_as_null = true)]
#[validate(schema(function = identified))]
#[schema(example = json!({
    "kind": "press_release", "title": "Statement on the situation in Nagorno-Karabakh", "publisher_id": "#us-state-department", "language": "en", "published_on": "2023-09"
}))]
pub struct NewDocument {
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// Headline or title as published.
    #[validate(length(max = 500), custom(function = text::line))]
    #[schema(max_length = 500)]
    pub title: Option<String>,
    /// Address, http or https; unique within the newsroom by its normal form: the host in lower case, without the fragment, the usual
    /// port and parameters that only track (`utm_…`, `fbclid`). `http` and `https`, and one with and without a slash at its end, are two.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// What it is, where it has no title or address.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub description: Option<String>,
    /// Address of an archived copy, http or https.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub archive_url: Option<String>,
    /// The source that published it.
    pub publisher_id: Option<Uuid>,
    /// By-lines as printed.
    #[serde(default, deserialize_with = "crate::body::list")]
    #[validate(length(max = 100), custom(function = text::lines))]
    #[schema(max_items = 100)]
    pub authors: Vec<String>,
    /// BCP 47 tag.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// When it was published.
    pub published_on: Option<PartialDate>,
    /// When the newsroom read it.
    pub retrieved_at: Option<DateTime<Utc>>,
    /// The original of an altered image, of a translation.
    pub derived_from_id: Option<Uuid>,
}

fn identified(new: &NewDocument) -> Result<(), ValidationError> {
    if new.title.is_none() && new.url.is_none() && new.description.is_none() {
        return Err(ValidationError::new("title").with_message("is needed, or a url or a description".into()));
    }
    Ok(())
}

/// Which documents to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentFilter {
    /// Words of title, description, authors or address; `"…"` for a phrase, `or`, `-` for without.
    #[validate(length(max = 500))]
    #[param(max_length = 500, example = "politico")]
    pub q: Option<String>,
    /// Of this kind.
    pub kind: Option<DocumentKind>,
    /// Of this publisher.
    pub publisher_id: Option<Uuid>,
    /// In this language, a BCP 47 tag; `en` finds `en-GB` as well.
    #[validate(length(max = 35), custom(function = text::language))]
    #[param(max_length = 35)]
    pub language: Option<String>,
    /// With this address, compared by its normal form.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[param(max_length = 2000)]
    pub url: Option<String>,
}

impl Versioned for Document {
    fn version(&self) -> i32 {
        self.version
    }
}

impl Document {
    fn access(&self, public: bool) -> Access<'static> {
        Access { noun: "document", newsroom_id: self.newsroom_id, public, withdrawn_reason: None }
    }

    /// One document. 404 for what the viewer may not see.
    pub async fn find(id: Uuid, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<Self> {
        let query = documents::table.find(id).select((Self::as_select(), documents::public));
        let found: Option<(Self, bool)> = query.first(&mut conn).await.optional()?;
        let (document, public) = found.ok_or(Error::NotFound("document"))?;
        document.access(public).see(viewer)?;
        Ok(document)
    }

    /// A page of documents, newest first.
    pub async fn list(
        filter: &DocumentFilter,
        page: &PageRequest,
        viewer: Viewer,
        conn: &AsyncPgConnection,
    ) -> Result<Vec<Self>> {
        let found = match &filter.q {
            Some(q) => Some(search::find(q, &["document"], search::Ranking::No, viewer, conn).await?),
            None => None,
        };
        let query = || {
            let query = filter.query(page);
            match &found {
                Some(found) => query.filter(found.holds("documents.id", "record_id", viewer, true)),
                None => query,
            }
        };
        let (mut for_public, mut for_own) = (conn, conn);
        let public = query().filter(documents::public).load(&mut for_public);
        let own = async {
            let Some(newsroom_id) = viewer.newsroom_id() else { return Ok(Vec::new()) };
            let own = documents::newsroom_id.eq(newsroom_id).and(diesel::dsl::not(documents::public));
            query().filter(own).load(&mut for_own).await
        };
        let (public, own) = futures_util::try_join!(public, own)?;
        Ok(page::merge(public, own, page.rows(), |document: &Self| document.id))
    }

    /// Records a document. 409 when the newsroom has its address already.
    pub async fn create(new: &NewDocument, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let id = Uuid::now_v7();
        new.check(id, &BTreeSet::new(), caller, conn).await?;
        NewDocument::insert(&[(id, new)], caller, conn).await?;
        Self::find(id, caller.into(), conn).await
    }

    /// Changes a document by a merge patch.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewDocument>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let document = Self::lock(id, caller, conn).await?;
        if_match.check(&document)?;
        let new = patch.apply(&document)?;
        let known = document.publisher_id.into_iter().chain(document.derived_from_id).collect();
        new.check(id, &known, caller, conn).await?;
        diesel::update(documents::table.find(id))
            .set((&new, documents::url_normal.eq(new.url_normal())))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(id, caller.into(), conn).await
    }

    /// Deletes a document. 409 while something refers to it.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let document = Self::lock(id, caller, conn).await?;
        if_match.check(&document)?;
        let users = in_use::users(Noun::Document, id, caller, conn).await?;
        diesel::delete(documents::table.find(id)).execute(conn).await.on_constraint(|_| {
            Some(Error::blocked(
                "Statements, verdicts or other documents refer to this document. Change or delete those first.",
                users,
            ))
        })?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let query = documents::table.find(id).select((Self::as_select(), documents::public)).for_update();
        let found: Option<(Self, bool)> = query.first(conn).await.optional()?;
        let (document, public) = found.ok_or(Error::NotFound("document"))?;
        document.access(public).change(caller)?;
        Ok(document)
    }
}

impl NewDocument {
    /// The form in which its address is compared.
    pub fn url_normal(&self) -> Option<String> {
        self.url.as_deref().and_then(text::normal_url)
    }

    /// The ids in it.
    pub fn references(&self) -> Vec<Reference> {
        let publisher = Reference::to(Noun::Source, self.publisher_id, "/publisher_id");
        publisher.into_iter().chain(Reference::to(Noun::Document, self.derived_from_id, "/derived_from_id")).collect()
    }

    async fn check(
        &self,
        id: Uuid,
        known: &BTreeSet<Uuid>,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<()> {
        references::check(&self.references(), known, caller, conn).await?;
        let Some(url_normal) = self.url_normal() else { return Ok(()) };
        let existing: Option<Uuid> = documents::table
            .filter(documents::newsroom_id.eq(caller.newsroom_id))
            .filter(documents::url_normal.eq(url_normal))
            .filter(documents::id.ne(id))
            .select(documents::id)
            .first(conn)
            .await
            .optional()?;
        match existing {
            Some(id) => Err(Error::existing("Your newsroom has a document with this url. Use or change that one.", id)),
            None => Ok(()),
        }
    }

    /// Records documents that were checked, in one statement: they may refer to each other.
    pub async fn insert(new: &[(Uuid, &Self)], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let rows: Vec<_> = new
            .iter()
            .map(|(id, new)| {
                let url_normal = documents::url_normal.eq(new.url_normal());
                (documents::id.eq(*id), documents::newsroom_id.eq(caller.newsroom_id), url_normal, *new)
            })
            .collect();
        diesel::insert_into(documents::table).values(rows).execute(conn).await.on_constraint(explain)?;
        Ok(())
    }
}

/// What the table's rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "documents_not_derived_from_itself" => Some(Error::field("/derived_from_id", "must be another document")),
        // Somebody recorded it in between: the next try finds it and names it.
        "documents_url_normal_key" => Some(Error::crossed()),
        _ => None,
    }
}

impl DocumentFilter {
    fn query(&self, page: &PageRequest) -> documents::BoxedQuery<'_, Pg, SqlTypeOf<AsSelect<Document, Pg>>> {
        let mut query = Document::query().into_boxed();
        if let Some(kind) = self.kind {
            query = query.filter(documents::kind.eq(kind));
        }
        if let Some(publisher_id) = self.publisher_id {
            query = query.filter(documents::publisher_id.eq(publisher_id));
        }
        if let Some(language) = &self.language {
            query = query.filter(
                sql::<Bool>("lower(documents.language) || '-' LIKE ").bind::<Text, _>(text::language_range(language)),
            );
        }
        if let Some(url) = &self.url {
            query = query.filter(documents::url_normal.eq(text::normal_url(url)));
        }
        if let Some(after) = page.after() {
            query = query.filter(documents::id.lt(after));
        }
        query.order(documents::id.desc()).limit(page.rows())
    }
}
