//! The positions that a source can take on a claim.

use crate::columns::text_enum;

text_enum! {
    /// The position that a source takes on a claim.
    Stance {
        /// Puts the claim forward on its own knowledge or reporting. Supporting.
        Asserts = "asserts",
        /// Relays it; an outlet that does not say how it knows reports, and relies on nothing. Neutral.
        Reports = "reports",
        /// Says that it is true. Supporting.
        Confirms = "confirms",
        /// Says that it is true in part. Supporting.
        PartlyConfirms = "partly_confirms",
        /// Speaks to it and takes no side; satire too. Neutral.
        Comments = "comments",
        /// Contests it or its details. Opposing.
        Disputes = "disputes",
        /// Says that it is false. Opposing.
        Denies = "denies",
        /// Was asked and refused to answer. Neutral.
        DeclinesToComment = "declines_to_comment",
        /// Was asked and stayed silent. Neutral.
        NoResponse = "no_response",
        /// Withdraws its own earlier statement. Leaves no position.
        Retracts = "retracts",
    }
}

/// The side that a stance takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// For the claim.
    Supporting,
    /// Against it.
    Opposing,
    /// Neither.
    Neutral,
}

impl Stance {
    /// Whether it takes a side or takes one back: of a source's statements that do, the latest counts.
    pub fn is_position(self) -> bool {
        self.side() != Side::Neutral || self == Self::Retracts
    }

    /// The side that it takes.
    pub fn side(self) -> Side {
        match self {
            Self::Asserts | Self::Confirms | Self::PartlyConfirms => Side::Supporting,
            Self::Disputes | Self::Denies => Side::Opposing,
            Self::Reports | Self::Comments | Self::DeclinesToComment | Self::NoResponse | Self::Retracts => {
                Side::Neutral
            }
        }
    }
}
