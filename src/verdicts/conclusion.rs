//! What a verdict concludes beyond its rating. Imports that find no sentence conclude in the rating's words.

use super::model::{NewVerdict, Verdict};
use crate::patch::Patch;
use crate::text;

/// A summary, unless it only repeats the rating as that is told.
pub fn conclusion<'a>(summary: Option<&'a str>, rating: Option<&str>) -> Option<&'a str> {
    summary.filter(|summary| rating.is_none_or(|rating| text::folded(summary) != text::folded(rating)))
}

impl NewVerdict {
    /// With a summary that repeats the rating's words as it did, where a patch names others and no summary.
    pub(super) fn repeating(mut self, before: &Verdict, patch: &Patch<Self>) -> Self {
        let repeated = before.summary.is_some()
            && conclusion(before.summary.as_deref(), before.textual_rating.as_deref()).is_none();
        let renamed = patch.has("textual_rating") && !patch.has("summary");
        if repeated && renamed && self.textual_rating.is_some() && self.textual_rating != before.textual_rating {
            self.summary.clone_from(&self.textual_rating);
        }
        self
    }
}
