//! `ledger audit`, of this clone's log and of an exported copy: each kind of damage alone.

use crate::common::Sandbox;
use std::fs;

#[test]
fn what_cannot_be_checked_is_incomplete_and_what_contradicts_is_altered() {
    let s = Sandbox::project_with_data();
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["ledger", "audit"]).success();
    // Nothing is pinned; the checkpoint that was seen before is no second thing that is wrong.
    let pins = s.state_dir().join("pins");
    fs::remove_file(&pins).unwrap();
    s.mlprov(&["ledger", "audit"]).code(3);
}
