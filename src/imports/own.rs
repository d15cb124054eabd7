//! A newsroom's own reviews in markup, published at once.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::identity;
use super::make::{Plan, Rules};
use super::model::{ImportOptions, ImportProblem};
use super::review::{self, Review};
use super::split::Content;
use crate::auth::Caller;
use crate::bundles::{self, Bundle};
use crate::error::{FieldError, Result};
use crate::newsrooms::Newsroom;
use crate::rating_mappings::Mappings;
use crate::verdicts::check_unreviewed;

/// What a newsroom's own reviews are read by.
pub struct OwnReviews {
    newsroom: Newsroom,
    mappings: Mappings,
    /// The language of what says nothing of it and is too short to tell.
    usually: String,
}

/// A review in markup, as it is kept: cleaned, with its rating and dates read.
#[derive(Debug)]
pub struct OwnReview {
    /// What it says.
    pub review: Review,
    /// What is made of it.
    pub plan: Plan,
}

#[derive(QueryableByName)]
struct Usually {
    #[diesel(sql_type = Nullable<Text>)]
    language: Option<String>,
}

impl OwnReviews {
    /// For the caller's newsroom.
    pub async fn of(caller: Caller, conn: &mut AsyncPgConnection) -> Result<Self> {
        let newsroom: Newsroom = Newsroom::query().find(caller.newsroom_id).first(conn).await?;
        let mappings = Mappings::of_own(&newsroom, conn).await?;
        let newest = "SELECT mode() WITHIN GROUP (ORDER BY language) AS language FROM
            (SELECT language FROM verdicts WHERE newsroom_id = $1 AND author_id IS NULL AND language <> 'und' ORDER BY id DESC LIMIT 100) AS newest";
        let usually: Usually =
            diesel::sql_query(newest).bind::<SqlUuid, _>(caller.newsroom_id).get_result(conn).await?;
        Ok(Self { newsroom, mappings, usually: usually.language.unwrap_or_else(|| "und".into()) })
    }

    /// Reads schema.org's ClaimReview or the markup of Google's tool. `position` tells it from others that are published with it.
    ///
    /// Fails with all that cannot be kept whole, by member.
    pub fn read(&self, position: i64, markup: Value) -> Result<OwnReview, Vec<FieldError>> {
        let fault = |member: &str, detail: String| FieldError::new(format!("/{member}"), detail);
        let read = review::read(&Content::Object(markup), None).map_err(|why| vec![fault("claimReviewed", why)])?;
        let review = read.into_iter().next().ok_or_else(|| vec![fault("claimReviewed", "is missing".into())])?;
        let told = review.language.clone().or_else(|| identity::language(&review).map(Into::into));
        let language = told.unwrap_or_else(|| self.usually.clone());
        let options = ImportOptions { own: true, publish: true, ..ImportOptions::default() };
        let rules =
            Rules { options: &options, newsroom: &self.newsroom, mappings: &self.mappings, unpublishable: None };
        let mut problems = review.problems.clone();
        let plan = Plan::of(position, &review, &language, &rules, &mut problems);
        // What lacks a rating or a date has a problem there, and one as a whole that says it could not be published.
        problems.retain(|problem| !problem.member.is_empty());
        if problems.is_empty() {
            return Ok(OwnReview { review, plan });
        }
        Err(problems.into_iter().map(|ImportProblem { member, detail }| fault(&member, detail)).collect())
    }
}

/// Records and publishes reviews, each with a claim of its own and who put it forward, and beside each where its claim is said to be true.
///
/// 403 for who may not publish without a review.
pub async fn publish_own(
    reviews: &[(OwnReview, Option<String>)],
    caller: Caller,
    conn: &mut AsyncPgConnection,
) -> Result<()> {
    check_unreviewed(caller, conn).await?;
    let mut bundle = Bundle::default();
    for (OwnReview { review, plan }, place) in reviews {
        plan.add(review, None, &mut bundle).map_err(crate::error::Error::Validation)?;
        if let Some(claim) = bundle.claims.last_mut() {
            claim.new.place.clone_from(place);
        }
    }
    bundles::import(bundle, caller, conn).await?;
    Ok(())
}
