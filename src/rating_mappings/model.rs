use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::newsrooms::Newsroom;
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::references::{self, Noun, Reference};
use crate::schema::{rating_mappings, rating_scales, ratings};
use crate::text;

/// Which rating a publisher's own words stand for.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct RatingMapping {
    /// UUIDv7.
    #[schema(example = "#mostly-false")]
    pub id: Uuid,
    /// The newsroom whose imports go by it.
    pub newsroom_id: Uuid,
    /// The publisher's name, or the host of its site; null: any publisher that has no mapping of its own.
    pub publisher: Option<String>,
    /// The rating in the publisher's words.
    pub rating: String,
    /// The rating that they stand for.
    pub rating_id: Uuid,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change; the ETag.
    pub version: i32,
}

/// A rating mapping to be recorded.
#[derive(Debug, Clone, Deserialize, Serialize, Insertable, AsChangeset, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[diesel(table_name = rating_mappings, treat_none_as_null = true)]
#[schema(example = json!({"publisher": "Other Checkers", "rating": "Pants on fire", "rating_id": "01890000-0000-7000-8000-000000000101"}))]
pub struct NewRatingMapping {
    /// The publisher's name, or its site such as `example.org`, however that is written; an address with a path, as of one who writes on a site of
    /// many, is read as a name. Left out, for any that has no mapping of its own.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub publisher: Option<String>,
    /// The rating in the publisher's words. Case, blanks and punctuation around it do not count.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub rating: String,
    /// The rating that they stand for; see the rating scales.
    pub rating_id: Uuid,
}

impl Versioned for RatingMapping {
    fn version(&self) -> i32 {
        self.version
    }
}

/// A publisher for comparison: a site is its host, however it was written. A place on a site, as of one of many who write there, is none.
fn publisher_key(publisher: &str) -> String {
    let folded = text::folded(publisher);
    let bare = folded.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    let is_site = (bare.len() < folded.len() || bare.starts_with("www.")) && !bare.contains('/');
    text::host(&format!("https://{bare}")).filter(|_| is_site).unwrap_or(folded)
}

/// A rating's words for comparison: without case, and without what stands around them.
fn folded(words: &str) -> String {
    let spaced: String =
        text::folded(words).chars().map(|c| if c.is_whitespace() || c == '_' { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let joined = words.join(" ");
    let bare = joined.trim_matches(|c: char| !c.is_alphanumeric());
    if bare.is_empty() { joined } else { bare.to_owned() }
}

impl RatingMapping {
    /// One of the caller's newsroom's mappings; 404 for those of others.
    pub async fn find(id: Uuid, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Self> {
        let own = rating_mappings::id.eq(id).and(rating_mappings::newsroom_id.eq(caller.newsroom_id));
        Self::query().filter(own).first(&mut conn).await.optional()?.ok_or(Error::NotFound("rating mapping"))
    }

    /// A page of the caller's newsroom's mappings, newest first.
    pub async fn list(page: &PageRequest, caller: Caller, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().filter(rating_mappings::newsroom_id.eq(caller.newsroom_id)).into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(rating_mappings::id.lt(after));
        }
        Ok(query.order(rating_mappings::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// Records a mapping. 409 where the words are mapped already.
    pub async fn create(
        id: Uuid,
        new: &NewRatingMapping,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        new.check(caller, conn).await?;
        let values = (
            rating_mappings::id.eq(id),
            rating_mappings::newsroom_id.eq(caller.newsroom_id),
            rating_mappings::publisher_folded.eq(new.publisher.as_deref().map(publisher_key)),
            rating_mappings::rating_folded.eq(folded(&new.rating)),
            new,
        );
        diesel::insert_into(rating_mappings::table).values(values).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller, conn).await
    }

    /// Changes a mapping by a merge patch. What was imported before stays as it is.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewRatingMapping>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        let mapping = Self::lock(id, caller, conn).await?;
        if_match.check(&mapping)?;
        let new = patch.apply(&mapping)?;
        new.check(caller, conn).await?;
        let set = (
            &new,
            rating_mappings::publisher_folded.eq(new.publisher.as_deref().map(publisher_key)),
            rating_mappings::rating_folded.eq(folded(&new.rating)),
        );
        diesel::update(rating_mappings::table.find(id)).set(set).execute(conn).await.on_constraint(explain)?;
        Self::find(id, caller, conn).await
    }

    /// Deletes a mapping. What was imported by it stays as it is.
    pub async fn delete(id: Uuid, if_match: &IfMatch, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        if_match.check(&Self::lock(id, caller, conn).await?)?;
        diesel::delete(rating_mappings::table.find(id)).execute(conn).await?;
        Ok(())
    }

    async fn lock(id: Uuid, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let own = rating_mappings::id.eq(id).and(rating_mappings::newsroom_id.eq(caller.newsroom_id));
        let found = Self::query().filter(own).for_update().first(conn).await.optional()?;
        found.ok_or(Error::NotFound("rating mapping"))
    }
}

impl NewRatingMapping {
    async fn check(&self, caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
        let rating = Reference::to(Noun::Rating, self.rating_id, "/rating_id");
        references::check(&rating.into_iter().collect::<Vec<_>>(), &BTreeSet::new(), caller, conn).await
    }
}

fn explain(constraint: &str) -> Option<Error> {
    (constraint == "rating_mappings_words_key").then(|| {
        Error::conflict("These words of this publisher are mapped already. Change that mapping, or delete it first.")
    })
}

/// The publisher of reviews that name none, which are the newsroom's own.
const OWN: &str = "";

/// All mappings of a newsroom, to go by.
#[derive(Debug)]
pub struct Mappings(HashMap<(String, Option<String>), Uuid>);

impl Mappings {
    /// Reads them. Where none says otherwise, words that are a label of the newsroom's scales, or of those that come with OnRecord,
    /// stand for that rating, in any of their languages.
    pub async fn of(newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<Self> {
        let mut all = Self::mapped(newsroom_id, conn).await?;
        all.extend(&labels(newsroom_id, conn).await?, None);
        Ok(all)
    }

    /// Those of a newsroom for its own reviews: first the mappings of its own words, then labels, then anybody's mappings.
    pub async fn of_own(newsroom: &Newsroom, conn: &mut AsyncPgConnection) -> Result<Self> {
        let mut all = Self::mapped(newsroom.id, conn).await?;
        let name = publisher_key(&newsroom.name);
        let by_name = all.0.iter().filter(|((_, whose), _)| whose.as_ref() == Some(&name));
        let own: Vec<_> = by_name.map(|((words, _), id)| (words.clone(), *id)).collect();
        all.extend(&own, Some(OWN));
        all.extend(&labels(newsroom.id, conn).await?, Some(OWN));
        Ok(all)
    }

    async fn mapped(newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<Self> {
        let mapped: Vec<(String, Option<String>, Uuid)> = rating_mappings::table
            .filter(rating_mappings::newsroom_id.eq(newsroom_id))
            .order(rating_mappings::id)
            .select((rating_mappings::rating_folded, rating_mappings::publisher_folded, rating_mappings::rating_id))
            .load(conn)
            .await?;
        let by_words =
            mapped.into_iter().map(|(rating, publisher, id)| ((rating, publisher.as_deref().map(publisher_key)), id));
        Ok(Self(by_words.collect()))
    }

    /// With these words of a publisher, but for those that are known.
    fn extend(&mut self, words: &[(String, Uuid)], publisher: Option<&str>) {
        for (words, id) in words {
            self.0.entry((words.clone(), publisher.map(str::to_owned))).or_insert(*id);
        }
    }

    /// What the words stand for: the publisher's by name, by host, then anybody's and labels.
    pub fn rating(&self, words: &str, publisher: &str, host: Option<&str>) -> Option<Uuid> {
        let words = folded(words);
        let whose = [Some(publisher_key(publisher)), host.map(text::folded), None];
        let asked = |whose: Option<String>| self.0.get(&(words.clone(), whose)).copied();
        // A host that is not known is no publisher at all.
        let [name, host, any] = whose;
        asked(name).or_else(|| host.and_then(|host| asked(Some(host)))).or_else(|| asked(any))
    }
}

/// The labels of the newsroom's scales and of those that come with OnRecord, in all their languages; the newsroom's first, then those
/// of the scale that is the default.
async fn labels(newsroom_id: Uuid, conn: &mut AsyncPgConnection) -> Result<Vec<(String, Uuid)>> {
    let known = rating_scales::newsroom_id.is_null().or(rating_scales::newsroom_id.eq(newsroom_id));
    let labels: Vec<(Uuid, String, Value)> = ratings::table
        .inner_join(rating_scales::table)
        .filter(known)
        .order((rating_scales::newsroom_id.desc().nulls_last(), rating_scales::is_default.desc(), ratings::id))
        .select((ratings::id, ratings::label, ratings::labels))
        .load(conn)
        .await?;
    let of_one = |(id, label, translated): &(Uuid, String, Value)| {
        let translated =
            translated.as_object().into_iter().flat_map(|labels| labels.values()).filter_map(Value::as_str);
        translated.chain([label.as_str()]).map(|label| (folded(label), *id)).collect::<Vec<_>>()
    };
    Ok(labels.iter().flat_map(of_one).collect())
}

#[cfg(test)]
mod tests {
    use super::{folded, publisher_key};

    #[test]
    fn a_site_is_its_host() {
        for (written, key) in [
            ("https://www.Checks.example/", "checks.example"),
            ("http://checks.example", "checks.example"),
            ("www.checks.example", "checks.example"),
            ("https://writers.example/@one", "https://writers.example/@one"),
            ("checks.example", "checks.example"),
            ("www. what? a name", "www. what? a name"),
        ] {
            assert_eq!(publisher_key(written), key);
        }
    }

    #[test]
    fn ratings_are_compared_by_their_words() {
        for spelling in ["False", " FALSE ", "\u{201c}False.\u{201d}", "false!"] {
            assert_eq!(folded(spelling), "false");
        }
        assert_eq!(folded("não_é_bem_assim"), folded("Não é  bem assim"));
        assert_eq!(folded("★★"), "★★");
    }
}
