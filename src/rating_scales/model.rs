use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::Caller;
use crate::columns::Children;
use crate::error::{Error, OnConstraint, Result};
use crate::etag::{IfMatch, Versioned};
use crate::page::PageRequest;
use crate::patch::Patch;
use crate::schema::{rating_scales, ratings};
use crate::text;

/// A set of ratings that belong together.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
pub struct RatingScale {
    /// UUIDv7.
    pub id: Uuid,
    /// The newsroom that made it; null for those that come with OnRecord.
    pub newsroom_id: Option<Uuid>,
    /// Its short name, unique.
    #[schema(example = "true-false")]
    pub slug: String,
    /// Its name for readers.
    #[schema(example = "True to false")]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is the one to offer first.
    pub is_default: bool,
    /// Its ratings, in order.
    #[diesel(
        select_expression = sql("(SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'slug', slug, 'label', label, 'order', position, 'numeric_value', numeric_value, 'description', description, 'labels', labels) ORDER BY position, id), '[]') FROM ratings WHERE scale_id = rating_scales.id)"),
        select_expression_type = SqlLiteral<Jsonb>
    )]
    #[schema(value_type = Vec<Rating>)]
    pub ratings: Children<Rating>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised by one with every change of the scale or its ratings; the ETag.
    pub version: i32,
}

/// One step of a scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rating {
    /// UUIDv7; a verdict's `rating_id`.
    pub id: Uuid,
    /// Its short name, unique within the scale.
    #[schema(example = "mostly_true")]
    pub slug: String,
    /// Its name for readers (ClaimReview `alternateName`).
    #[schema(example = "Mostly true")]
    pub label: String,
    /// Its place in the scale, from 1.
    pub order: i32,
    /// 1 (least true) to n (most true); null lies outside that line: "not rated", "satire".
    pub numeric_value: Option<i32>,
    /// When to use it.
    pub description: Option<String>,
    /// The label in other languages, by BCP 47 tag.
    #[schema(example = json!({"it": "Per lo più vero"}))]
    pub labels: BTreeMap<String, String>,
}

/// A scale to be made.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = each_once))]
#[schema(example = json!({
    "slug": "three-steps", "name": "Three steps", "ratings": [
        {"slug": "wrong", "label": "Wrong", "numeric_value": 1}, {"slug": "in_part", "label": "In part", "numeric_value": 2},
        {"slug": "right", "label": "Right", "numeric_value": 3, "labels": {"it": "Giusto"}}]
}))]
pub struct NewRatingScale {
    /// Its short name: lower-case ASCII words joined by hyphens or underscores.
    #[validate(length(min = 1, max = 100), custom(function = rating_slug))]
    #[schema(min_length = 1, max_length = 100)]
    pub slug: String,
    /// Its name for readers.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub name: String,
    /// What it is for.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub description: Option<String>,
    /// Its ratings, in order. In a change: those with a known slug are changed, others are added, missing ones removed.
    #[validate(length(min = 1, max = 50), nested)]
    #[schema(min_items = 1, max_items = 50)]
    pub ratings: Vec<NewRating>,
}

/// A step of a scale to be made.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRating {
    /// Its short name, unique within the scale.
    #[validate(length(min = 1, max = 100), custom(function = rating_slug))]
    #[schema(min_length = 1, max_length = 100)]
    pub slug: String,
    /// Its name for readers.
    #[validate(length(min = 1, max = 300), custom(function = text::line))]
    #[schema(min_length = 1, max_length = 300)]
    pub label: String,
    /// Its place in the scale; where left out, its place in the list.
    #[validate(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub order: Option<i32>,
    /// 1 (least true) to n (most true); null for what is no point on that line.
    #[validate(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub numeric_value: Option<i32>,
    /// When to use it.
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    pub description: Option<String>,
    /// The label in other languages, by BCP 47 tag.
    #[serde(default)]
    #[validate(custom(function = known_languages))]
    #[schema(value_type = Option<HashMap<String, String>>)]
    pub labels: Option<BTreeMap<String, String>>,
}

impl NewRating {
    /// Its place in the scale, when it stands at this one in the list.
    fn order_at(&self, place: i32) -> i32 {
        self.order.unwrap_or(place)
    }
}

fn rating_slug(slug: &str) -> Result<(), ValidationError> {
    text::slug(&slug.replace('_', "-"))
        .map_err(|_| text::refusal("must be lower-case ASCII words joined by hyphens or underscores"))
}

fn known_languages(labels: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    if labels.len() > 100 || labels.values().any(|label| label.chars().count() > 300 || text::line(label).is_err()) {
        return Err(text::refusal("must have at most 100 labels of at most 300 characters, one line each"));
    }
    labels.keys().try_for_each(|tag| text::language(tag))
}

fn each_once(new: &NewRatingScale) -> Result<(), ValidationError> {
    let (mut slugs, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for (index, (place, rating)) in (1..).zip(&new.ratings).enumerate() {
        let member = if !slugs.insert(&rating.slug) {
            "slug"
        } else if !orders.insert(rating.order_at(place)) {
            "order"
        } else {
            continue;
        };
        return Err(ValidationError {
            code: format!("ratings/{index}/{member}").into(),
            message: Some("must differ from the other ratings'".into()),
            params: HashMap::new(),
        });
    }
    Ok(())
}

/// A rating as its row is read.
type RatingRow = (Uuid, String, String, i32, Option<i32>, Option<String>, serde_json::Value);

impl Rating {
    /// The ratings with these ids.
    pub async fn find_all(ids: &BTreeSet<Uuid>, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        use ratings as of;
        let rows: Vec<RatingRow> = ratings::table
            .filter(of::id.eq_any(ids))
            .select((of::id, of::slug, of::label, of::position, of::numeric_value, of::description, of::labels))
            .load(&mut conn)
            .await?;
        rows.into_iter()
            .map(|(id, slug, label, order, numeric_value, description, labels)| {
                Ok(Self { id, slug, label, order, numeric_value, description, labels: serde_json::from_value(labels)? })
            })
            .collect()
    }
}

impl Versioned for RatingScale {
    fn version(&self) -> i32 {
        self.version
    }
}

impl RatingScale {
    /// A page of scales, newest first: all are public.
    pub async fn list(page: &PageRequest, mut conn: &AsyncPgConnection) -> Result<Vec<Self>> {
        let mut query = Self::query().into_boxed();
        if let Some(after) = page.after() {
            query = query.filter(rating_scales::id.lt(after));
        }
        Ok(query.order(rating_scales::id.desc()).limit(page.rows()).load(&mut conn).await?)
    }

    /// One scale.
    pub async fn find(id: Uuid, mut conn: &AsyncPgConnection) -> Result<Self> {
        let scale = Self::query().filter(rating_scales::id.eq(id)).first(&mut conn).await.optional()?;
        scale.ok_or(Error::NotFound("rating scale"))
    }

    /// Makes a scale.
    pub async fn create(new: &NewRatingScale, caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let id = Uuid::now_v7();
        diesel::insert_into(rating_scales::table)
            .values((rating_scales::id.eq(id), rating_scales::newsroom_id.eq(caller.newsroom_id), new.columns()))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        new.write_ratings(id, conn).await?;
        Self::find(id, conn).await
    }

    /// Changes a scale of the caller's newsroom. 409 when a rating that verdicts give would go.
    pub async fn change(
        id: Uuid,
        patch: &Patch<NewRatingScale>,
        if_match: &IfMatch,
        caller: Caller,
        conn: &mut AsyncPgConnection,
    ) -> Result<Self> {
        rating_scales::table.find(id).select(rating_scales::id).for_update().first::<Uuid>(conn).await.optional()?;
        let scale = Self::find(id, conn).await?;
        match scale.newsroom_id {
            Some(newsroom_id) if newsroom_id == caller.newsroom_id => {}
            Some(_) => return Err(Error::Forbidden("This rating scale belongs to another newsroom.".into())),
            None => {
                return Err(Error::Forbidden("This rating scale comes with OnRecord. Make one of your own.".into()));
            }
        }
        if_match.check(&scale)?;
        let new = patch.apply(&scale.as_new())?;
        let ratings_changed = serde_json::to_value(&new.ratings)? != serde_json::to_value(scale.as_new().ratings)?;
        if ratings_changed {
            let slugs = new.ratings.iter().map(|rating| &rating.slug);
            let gone = ratings::table.filter(ratings::scale_id.eq(id)).filter(ratings::slug.ne_all(slugs));
            diesel::delete(gone).execute(conn).await.on_constraint(explain)?;
            new.write_ratings(id, conn).await?;
        }
        let version = rating_scales::version.eq(scale.version + i32::from(ratings_changed));
        diesel::update(rating_scales::table.find(id))
            .set((new.columns(), version))
            .execute(conn)
            .await
            .on_constraint(explain)?;
        Self::find(id, conn).await
    }

    /// The scale as it could be made again.
    fn as_new(&self) -> NewRatingScale {
        let ratings = self.ratings.0.iter().map(|rating| NewRating {
            slug: rating.slug.clone(),
            label: rating.label.clone(),
            order: Some(rating.order),
            numeric_value: rating.numeric_value,
            description: rating.description.clone(),
            labels: Some(rating.labels.clone()),
        });
        let (slug, name, description) = (self.slug.clone(), self.name.clone(), self.description.clone());
        NewRatingScale { slug, name, description, ratings: ratings.collect() }
    }
}

type Columns<'a> = (
    diesel::dsl::Eq<rating_scales::slug, &'a String>,
    diesel::dsl::Eq<rating_scales::name, &'a String>,
    diesel::dsl::Eq<rating_scales::description, &'a Option<String>>,
);

impl NewRatingScale {
    fn columns(&self) -> Columns<'_> {
        (
            rating_scales::slug.eq(&self.slug),
            rating_scales::name.eq(&self.name),
            rating_scales::description.eq(&self.description),
        )
    }

    /// Adds the scale's ratings, or changes those whose slugs it has: verdicts that give them keep them.
    async fn write_ratings(&self, scale_id: Uuid, conn: &mut AsyncPgConnection) -> Result<()> {
        let rows = (1..)
            .zip(&self.ratings)
            .map(|(place, rating)| {
                Ok((
                    ratings::id.eq(Uuid::now_v7()),
                    ratings::scale_id.eq(scale_id),
                    ratings::slug.eq(&rating.slug),
                    ratings::label.eq(&rating.label),
                    ratings::position.eq(rating.order_at(place)),
                    ratings::numeric_value.eq(rating.numeric_value),
                    ratings::description.eq(&rating.description),
                    ratings::labels.eq(serde_json::to_value(rating.labels.clone().unwrap_or_default())?),
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        diesel::insert_into(ratings::table)
            .values(rows)
            .on_conflict((ratings::scale_id, ratings::slug))
            .do_update()
            .set((
                ratings::label.eq(excluded(ratings::label)),
                ratings::position.eq(excluded(ratings::position)),
                ratings::numeric_value.eq(excluded(ratings::numeric_value)),
                ratings::description.eq(excluded(ratings::description)),
                ratings::labels.eq(excluded(ratings::labels)),
            ))
            .execute(conn)
            .await?;
        Ok(())
    }
}

fn explain(constraint: &str) -> Option<Error> {
    match constraint {
        "rating_scales_slug_key" => Some(Error::conflict("There is a rating scale of this slug: choose another.")),
        "verdicts_rating_id_fkey" => Some(Error::conflict(
            "Verdicts give a rating that would be removed: keep it, or change those verdicts first.",
        )),
        _ => None,
    }
}
