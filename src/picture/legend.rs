//! What a picture's colours, shapes and lines mean: of those that occur in it.

use std::collections::BTreeSet;

use super::Picture;
use super::layout::Size;
use super::look::Look;

/// What stands above the nodes that have no arrow.
pub const ALONE: &str = "On their own: no reliance on each other is recorded";

/// How much room a sample takes with the space after it.
pub const SAMPLE: f64 = 34.0;

/// An entry of the legend.
pub enum Entry {
    /// A colour and shape.
    Look(Look),
    /// An outline: dashed, or else pale.
    Outline {
        /// Which of the two.
        dashed: bool,
    },
    /// An arrow.
    Arrow {
        /// Whether it is one in a circle.
        circular: bool,
    },
}

/// The entries for what occurs in a picture.
pub fn of(picture: &Picture) -> Vec<Entry> {
    let looks: BTreeSet<_> = picture.nodes.iter().map(|node| node.look).filter(|look| look.word().is_some()).collect();
    let more = [
        (picture.nodes.iter().any(|node| node.dashed), Entry::Outline { dashed: true }),
        (picture.nodes.iter().any(|node| node.faded), Entry::Outline { dashed: false }),
        (picture.arrows().any(|arrow| !arrow.circular), Entry::Arrow { circular: false }),
        (picture.arrows().any(|arrow| arrow.circular), Entry::Arrow { circular: true }),
    ];
    let more = more.into_iter().filter(|(occurs, _)| *occurs).map(|(_, entry)| entry);
    looks.into_iter().map(Entry::Look).chain(more).collect()
}

impl Entry {
    /// What it means.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Look(look) => look.word().unwrap_or_default(),
            Self::Outline { dashed: true } => "source not named",
            Self::Outline { dashed: false } => "hidden or withdrawn",
            Self::Arrow { circular: false } => "relies on",
            Self::Arrow { circular: true } => "part of a circle",
        }
    }

    /// How much room it takes with its words.
    pub fn size(&self, words: Size) -> Size {
        match self {
            Self::Look(look) => look.shape().around(words),
            _ => Size { width: SAMPLE + words.width, height: words.height.max(28.0) },
        }
    }
}
