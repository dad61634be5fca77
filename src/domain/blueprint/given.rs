//! What was answered about the documents of one collection.

use crate::domain::conflict::Choice;
use crate::domain::id::Id;
use crate::domain::map::{Map, Set};
use crate::domain::survey::BusinessIx;

/// What was answered for one collection.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub(super) without_user: Map<(BusinessIx, Option<Id>), Choice>,
    pub(super) left_without_business: Set<Option<Id>>,
    pub(super) known_without_business: Set<Option<Id>>,
    pub(super) left_between: Set<Vec<BusinessIx>>,
    pub(super) relinked: Set<BusinessIx>,
    /// What holds where nothing was found yet.
    pub(super) usual_without_user: Option<Choice>,
    pub(super) usual_without_business: Option<Choice>,
}
