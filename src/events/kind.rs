use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::ValidationError;

use crate::changes::Operation;
use crate::changes::feed::Row;
use crate::text;

/// What happened, as `noun.happened`. The list may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind(&'static str);

/// All kinds, and what each tells.
const KINDS: [(&str, &str); 19] = [
    ("claim.published", "everybody sees the claim from now on"),
    ("claim.changed", "a published claim says something else"),
    ("claim.withdrawn", "the claim was withdrawn, for `reason`"),
    ("claim.deleted", "a published claim was deleted"),
    ("claim.redacted", "what former versions said was erased: forget your copy and read the claim again"),
    ("statement.published", "everybody sees the statement from now on"),
    ("statement.changed", "a published statement says something else"),
    ("statement.withdrawn", "the statement was withdrawn, for `reason`"),
    ("statement.deleted", "a published statement was deleted"),
    ("statement.redacted", "what former versions of a statement said was erased: forget your copy"),
    ("verdict.submitted", "a verdict waits for approval; for its newsroom only"),
    ("verdict.approved", "a verdict may be published; for its newsroom only"),
    ("verdict.published", "there is a new verdict on a claim"),
    ("verdict.corrected", "a verdict has taken the place of the one that it supersedes"),
    ("verdict.changed", "a published verdict says something else"),
    ("verdict.retracted", "the verdict was retracted, for `reason`"),
    ("verdict.withdrawn", "the verdict is not to be seen any more, as its claim was withdrawn, for `reason`"),
    ("verdict.deleted", "a published verdict was deleted"),
    ("verdict.redacted", "what former versions of a verdict said was erased: forget your copy"),
];

impl EventKind {
    /// What an admin has sent to see whether it arrives.
    pub const TEST: Self = Self("webhook.test");

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether it tells, with the reason, that a record does not stand any more.
    pub fn is_an_end(self) -> bool {
        self.0.ends_with(".withdrawn") || self.0.ends_with(".retracted")
    }

    /// The kinds with what each tells, for documents.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        KINDS.into_iter()
    }

    /// What a change is told as; none where it is nobody's news.
    pub fn of(row: &Row) -> Option<Self> {
        let happened = happened(row)?;
        let wanted =
            |kind: &str| kind.strip_prefix(row.noun.as_str()).and_then(|rest| rest.strip_prefix('.')) == Some(happened);
        KINDS.iter().find(|(kind, _)| wanted(kind)).map(|(kind, _)| Self(kind))
    }
}

fn happened(row: &Row) -> Option<&'static str> {
    let member = |name: &str| row.after.as_ref().and_then(|after| after.get(name));
    let status = member("status").and_then(Value::as_str).unwrap_or_default();
    match (row.operation, row.was_public, row.public) {
        (Operation::Redact, was, is) => (was || is).then_some("redacted"),
        (Operation::Delete, was, _) => was.then_some("deleted"),
        // With its claim, which a verdict that was superseded is as well.
        (Operation::Show, ..) => (status == "published").then_some("published"),
        // The claim's own event tells of its statements; verdicts are what is copied elsewhere and followed by itself.
        (Operation::Hide, ..) => (row.noun == "verdict" && status == "published").then_some("withdrawn"),
        (_, false, true) => {
            Some(if member("supersedes_id").is_some_and(|id| !id.is_null()) { "corrected" } else { "published" })
        }
        (_, true, false) => ["withdrawn", "retracted"].into_iter().find(|ended| *ended == status),
        // A correction is told by its own event.
        (_, true, true) => (status != "superseded").then_some("changed"),
        (_, false, false) => match status {
            // A correction is sent in as it is made.
            _ if row.former_status.is_none() && row.operation != Operation::Insert => None,
            "in_review" => Some("submitted"),
            "approved" => Some("approved"),
            _ => None,
        },
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl PartialSchema for EventKind {
    fn schema() -> RefOr<Schema> {
        let told: Vec<_> = KINDS.iter().map(|(kind, tells)| format!("- `{kind}`: {tells}")).collect();
        let description =
            format!("What happened; the list may grow.\n\n{}\n- `{}`: a test", told.join("\n"), EventKind::TEST.0);
        let known = KINDS.iter().map(|(kind, _)| *kind).chain([EventKind::TEST.0]);
        ObjectBuilder::new().schema_type(Type::String).description(Some(description)).enum_values(Some(known)).into()
    }
}

impl ToSchema for EventKind {}

/// Holds a list of kinds to be chosen from to those that there are, each once.
pub fn known(kinds: &[String]) -> Result<(), ValidationError> {
    let mut seen = Vec::new();
    text::each(kinds, |kind| {
        if seen.contains(&kind) {
            return Err(text::refusal("is listed twice"));
        }
        seen.push(kind);
        if KINDS.iter().any(|(known, _)| *known == kind) {
            Ok(())
        } else {
            let known = KINDS.map(|(kind, _)| kind).join(", ");
            Err(ValidationError::new("refused").with_message(format!("must be one of {known}").into()))
        }
    })
}
