//! Documents whose way back needs nothing but themselves: what the application changed of one is carried onto its own original.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::weave::{Fields, weave};
use crate::domain::mapping::Mapping;
use crate::domain::raw::Malformed;
use crate::domain::rebuilt::{Rebuilt, Role};

/// What the migration made of an original.
pub type Baseline = fn(&Mapping, &RawDocument) -> Result<RawDocumentBuf, Malformed>;

/// What the migration made of each original of a collection whose documents come back alone; `None` where they need others.
pub fn baseline(which: &Rebuilt) -> Option<Baseline> {
    match which.role() {
        // Customers that were there before: the migration changed nothing of them.
        // Nor of those that only the after-schema changes, once its rules are undone.
        Role::Customers | Role::Reshaped => Some(|_, before| Ok(before.to_owned())),
        Role::Bookings | Role::Users | Role::Followed => None,
    }
}

/// Whether the documents that the application made in it come back as they are.
pub fn takes_new(which: &Rebuilt) -> bool {
    match which.role() {
        // A new customer may become a user, and a new booking names one.
        Role::Customers | Role::Bookings | Role::Followed => false,
        Role::Users | Role::Reshaped => true,
    }
}

/// The original with what was changed since.
///
/// # Errors
/// A document that is not BSON.
pub fn back(
    before: &RawDocument,
    baseline: &RawDocument,
    current: &RawDocument,
) -> Result<RawDocumentBuf, Malformed> {
    if baseline == current {
        return Ok(before.to_owned());
    }
    let fields = [before, baseline, current].map(Fields::of);
    let [was, base, is] = fields;
    weave(before, [&was?, &base?, &is?], &[])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    #[test]
    fn what_the_migration_removed_comes_back_with_what_the_application_changed() {
        let before = rawdoc! { "_id": 1, "old": true, "name": "Cut", "price": 2 };
        let baseline = rawdoc! { "_id": 1, "name": "Cut", "price": 2 };
        let current = rawdoc! { "_id": 1, "name": "Trim", "note": "n" };
        assert_eq!(
            back(&before, &baseline, &current).unwrap(),
            rawdoc! { "_id": 1, "old": true, "name": "Trim", "note": "n" }
        );
        assert_eq!(back(&before, &baseline, &baseline).unwrap(), before);
    }
}
