//! Which colour and shape stands for what: each look differs from the others in its shape too, so that it can be told in
//! grey. The colours are Okabe and Ito's, which the colour-blind tell apart: green and blue for, orange and red against.

use super::shape::Shape;
use crate::sources::SourceKind;
use crate::stance::Stance;

/// What decides a node's colour, shape and word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// A statement, by its stance.
    Stance(Stance),
    /// A source, by its kind.
    Source(SourceKind),
    /// Something that the reader may not see. It has no word of its own.
    Hidden,
}

impl Look {
    /// The name of its class in Mermaid.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Stance(stance) => stance.as_str(),
            Self::Source(kind) => kind.as_str(),
            Self::Hidden => "hidden",
        }
    }

    /// The word that says it.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Stance(Stance::PartlyConfirms) => Some("partly confirms"),
            Self::Stance(Stance::DeclinesToComment) => Some("declines to comment"),
            Self::Stance(Stance::NoResponse) => Some("no response"),
            Self::Source(SourceKind::SocialAccount) => Some("social account"),
            Self::Stance(_) | Self::Source(_) => Some(self.class()),
            Self::Hidden => None,
        }
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Stance(Stance::Asserts) | Self::Source(SourceKind::SocialAccount) => Shape::Hexagon,
            Self::Stance(Stance::Reports) | Self::Source(SourceKind::Organization) => Shape::Rectangle,
            Self::Stance(Stance::Confirms) | Self::Source(SourceKind::Person) => Shape::Stadium,
            Self::Stance(Stance::PartlyConfirms) => Shape::Double,
            Self::Stance(Stance::Comments) | Self::Source(SourceKind::Publication) => Shape::Note,
            Self::Stance(Stance::Disputes) | Self::Source(SourceKind::Government) => Shape::Trapezium,
            Self::Stance(Stance::Denies) => Shape::Octagon,
            Self::Stance(Stance::DeclinesToComment) => Shape::InvertedTrapezium,
            Self::Stance(Stance::NoResponse) | Self::Source(SourceKind::Unnamed) => Shape::Rounded,
            Self::Stance(Stance::Retracts) => Shape::Parallelogram,
            Self::Hidden => Shape::Ellipse,
        }
    }

    /// Whether its outline is dotted, as of something that is not there.
    pub(super) fn is_dotted(self) -> bool {
        matches!(self, Self::Stance(Stance::NoResponse) | Self::Hidden)
    }

    /// The colour inside: so light that dark text is read on each.
    pub(super) fn fill(self) -> &'static str {
        match self {
            Self::Stance(Stance::Asserts) | Self::Source(SourceKind::Publication) => "#cfe6f6",
            Self::Stance(Stance::Confirms) | Self::Source(SourceKind::Person) => "#c4ebdd",
            Self::Stance(Stance::PartlyConfirms) => "#e4f5ee",
            Self::Stance(Stance::Disputes) | Self::Source(SourceKind::Government) => "#fcecc6",
            Self::Stance(Stance::Denies) => "#fad3bd",
            Self::Stance(Stance::Comments) | Self::Source(SourceKind::Unnamed) => "#f2f2f2",
            Self::Stance(Stance::DeclinesToComment | Stance::Retracts) => "#e2e2e2",
            Self::Source(SourceKind::SocialAccount) => "#f3dbe8",
            Self::Stance(Stance::Reports | Stance::NoResponse)
            | Self::Source(SourceKind::Organization)
            | Self::Hidden => "#ffffff",
        }
    }

    /// The colour of its outline.
    pub(super) fn stroke(self) -> &'static str {
        match self {
            Self::Stance(Stance::Asserts) | Self::Source(SourceKind::Publication) => "#0072b2",
            Self::Stance(Stance::Confirms | Stance::PartlyConfirms) | Self::Source(SourceKind::Person) => "#00805d",
            Self::Stance(Stance::Disputes) | Self::Source(SourceKind::Government) => "#a86f00",
            Self::Stance(Stance::Denies) => "#c04f00",
            Self::Source(SourceKind::SocialAccount) => "#a8517f",
            Self::Stance(_) | Self::Source(_) | Self::Hidden => "#555555",
        }
    }
}
