//! A newsroom's own reviews in markup, published at once.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::identity;
use super::make::{Plan, Rules};
use super::model::{ImportOptions, ImportProblem};
use super::review;
use super::split::Content;
use crate::auth::Caller;
use crate::bundles::{self, Bundle};
use crate::error::{Error, FieldError, Result};
use crate::newsrooms::Newsroom;
use crate::rating_mappings::Mappings;
use crate::verdicts::check_unreviewed;

/// A review as schema.org's ClaimReview or Google's tool mark it up, and what that has no member for here.
pub struct Markup {
    /// The markup.
    pub object: Value,
    /// Where the claim is said to be true.
    pub place: Option<String>,
}

/// Records and publishes reviews as the caller's newsroom's own, each with a claim of its own and who put it forward: all or
/// none. What cannot be kept whole is refused, with the place of the review and its member.
///
/// 403 for who may not publish without a review.
pub async fn publish_own(markups: &[Markup], caller: Caller, conn: &mut AsyncPgConnection) -> Result<()> {
    check_unreviewed(caller, conn).await?;
    let newsroom = Newsroom::query().find(caller.newsroom_id).first(conn).await?;
    let mappings = Mappings::of_own(caller.newsroom_id, conn).await?;
    let options = ImportOptions { own: true, publish: true, ..ImportOptions::default() };
    let rules = Rules { options: &options, newsroom: &newsroom, mappings: &mappings, unpublishable: None };
    let (mut bundle, mut faults) = (Bundle::default(), Vec::new());
    for (position, markup) in (0..).zip(markups) {
        let mut fault = |member: &str, detail: String| {
            faults.push(FieldError::new(format!("/{position}/{member}").trim_end_matches('/').to_owned(), detail));
        };
        let read = review::read(&Content::Object(markup.object.clone()), None);
        let review = match read.map(|reviews| reviews.into_iter().next()) {
            Ok(Some(review)) => review,
            Ok(None) => continue,
            Err(why) => {
                fault("claimReviewed", why);
                continue;
            }
        };
        let language = review.language.clone().or_else(|| identity::language(&review).map(Into::into));
        let language = language.unwrap_or_else(|| "und".into());
        let mut problems = review.problems.clone();
        let plan = Plan::of(position, &review, &language, &rules, &mut problems);
        // What lacks a rating or a date has a problem there, and one as a whole that says it could not be published.
        problems.retain(|problem| !problem.member.is_empty());
        problems.into_iter().for_each(|ImportProblem { member, detail }| fault(&member, detail));
        if let Err(errors) = plan.add(&review, None, &mut bundle) {
            errors.into_iter().for_each(|error| fault(error.pointer.trim_start_matches('/'), error.detail));
        }
        if let Some(claim) = bundle.claims.last_mut() {
            claim.new.place.clone_from(&markup.place);
        }
    }
    if !faults.is_empty() {
        return Err(Error::Validation(faults));
    }
    bundles::import(bundle, caller, conn).await?;
    Ok(())
}
