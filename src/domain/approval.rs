//! What people decide about a model package.

use crate::domain::entry::text_enum;
use crate::domain::requirement::Requirement;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;

text_enum!(
    /// SageMaker's words (API reference, `ModelApprovalStatus`).
    ApprovalStatus {
        Pending = "PendingManualApproval",
        Approved = "Approved",
        Rejected = "Rejected",
    }
);

text_enum!(
    /// What the signature under an approval or a rejection means.
    Meaning {
        // The writer decided, and changed the registry.
        Decided = "decided",
        // Somebody else had changed the registry; the writer only saw it.
        Observed = "observed",
    }
);

/// One `--require` of the run, with what its recorded metrics say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub requirement: Requirement,
    /// The metric's value; absent if the run has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub met: bool,
}

/// The decision in `model.approved` and `model.rejected`. Which one it is, the kind says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    pub meaning: Meaning,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Judged>,
}
