//! The tables' rules in words.

use super::model::unapproved;
use crate::error::Error;

/// What the tables' rules mean to a client.
pub fn explain(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "verdicts_not_its_own_successor" => Error::field("/supersedes_id", "must be another verdict"),
        "verdicts_supersedes_same_claim" => Error::field("/supersedes_id", "must be a verdict on the same claim"),
        "verdicts_supersedes_same_newsroom" => Error::field("/supersedes_id", "must be a verdict of your own newsroom"),
        "verdicts_no_circle_of_successors" => {
            Error::conflict("This would make the verdict supersede itself, through other verdicts.")
        }
        "verdicts_superseded_same_claim" => {
            Error::conflict("Another verdict on the former claim supersedes this one. Change or delete that one first.")
        }
        "verdicts_one_open_successor" => Error::conflict("A correction of that verdict is open already."),
        "verdicts_published_on_published_claim" => {
            Error::conflict("The claim of this verdict is not published. Publish the claim first.")
        }
        "verdicts_published_cites_published" => Error::conflict(
            "This verdict cites a statement that is not published. Publish that one first, or leave it out of the evidence.",
        ),
        "verdicts_published_supersedes_published" => Error::conflict(
            "This verdict supersedes one that is not published: it was not yet, or is superseded or retracted by now.",
        ),
        "verdicts_published_after_approval" => unapproved(),
        "verdicts_approved_by_another" => Error::Forbidden(
            "You changed this verdict since it was last submitted, and your newsroom works by four eyes: another editor has to approve it.".into(),
        ),
        "verdicts_approved_by_member" => Error::Forbidden("Only a member of the verdict's newsroom approves it.".into()),
        "verdicts_published_is_final" => {
            Error::conflict("A published verdict is neither changed nor deleted: correct or retract it.")
        }
        "verdicts_status_moves" => Error::conflict("The verdict's present status does not allow this. Read it again."),
        _ => return None,
    })
}
