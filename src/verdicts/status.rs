//! Where a verdict stands on its way, and what can be done with it there.

use crate::columns::text_enum;

text_enum! {
    /// Where a verdict stands: from `draft` to `in_review` to `approved` to `published`, then `superseded` or `retracted`.
    VerdictStatus {
        /// Being written; its newsroom only.
        Draft = "draft",
        /// Sent in for approval; its newsroom only.
        InReview = "in_review",
        /// Read and found good by somebody else; its newsroom only.
        Approved = "approved",
        /// Everybody sees it.
        Published = "published",
        /// Everybody sees it, and a correction has taken its place. Final.
        Superseded = "superseded",
        /// The public is told that and why it was retracted. Final.
        Retracted = "retracted",
    }
}

text_enum! {
    /// The status that a body may give a verdict; the others come by actions.
    #[derive(Default)]
    NewStatus {
        /// Not published: for a verdict in review, as it stands.
        #[default]
        Draft = "draft",
        /// Without review: for admins, as imports need it, or for editors where the newsroom does not work by four eyes.
        Published = "published",
    }
}

text_enum! {
    /// Why a verdict was corrected.
    CorrectionReason {
        /// Something came to light.
        NewEvidence = "new_evidence",
        /// The newsroom was wrong.
        OurError = "our_error",
        /// It says the same in better words.
        Wording = "wording",
        /// The ratings have changed, not the finding.
        ScaleChange = "scale_change",
    }
}

impl From<NewStatus> for VerdictStatus {
    fn from(status: NewStatus) -> Self {
        match status {
            NewStatus::Draft => Self::Draft,
            NewStatus::Published => Self::Published,
        }
    }
}

impl VerdictStatus {
    /// Whether it is not published yet, and may be changed.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::InReview | Self::Approved)
    }
}

/// What moves a verdict from one status to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A checker sends it in for approval.
    Submit,
    /// An editor other than its authors approves it.
    Approve,
    /// An editor sends it back.
    Reject,
    /// An editor makes it public.
    Publish,
    /// An editor takes it back.
    Retract,
    /// A checker begins a successor.
    Correct,
}

impl Action {
    const ALL: [Self; 6] = [Self::Submit, Self::Approve, Self::Reject, Self::Publish, Self::Retract, Self::Correct];

    /// Its name, as in its path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Publish => "publish",
            Self::Retract => "retract",
            Self::Correct => "correct",
        }
    }

    /// Whether it can be done with a verdict of this status. Without four eyes nothing has to be approved first.
    pub fn is_legal_from(self, status: VerdictStatus, four_eyes: bool) -> bool {
        match self {
            Self::Submit => status == VerdictStatus::Draft,
            Self::Approve | Self::Reject => status == VerdictStatus::InReview,
            Self::Publish => status == VerdictStatus::Approved || !four_eyes && status.is_open(),
            Self::Retract | Self::Correct => status == VerdictStatus::Published,
        }
    }

    /// All that can be done with a verdict of this status, as words of a sentence.
    pub fn legal_from(status: VerdictStatus, four_eyes: bool) -> String {
        let legal = Self::ALL.into_iter().filter(|action| action.is_legal_from(status, four_eyes));
        legal.map(Self::as_str).collect::<Vec<_>>().join(", ")
    }
}
