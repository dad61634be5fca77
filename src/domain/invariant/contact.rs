//! Which users should have gone: those that still look like a customer.

use bson::raw::RawDocument;

use crate::domain::mapping::UserRole;
use crate::domain::mapping::path::FieldPath;

/// True for a user without a password that holds a name and an e-mail.
pub fn holds_contact(role: &UserRole, user: &RawDocument) -> bool {
    let text = |path: &FieldPath| path.value(user).and_then(|value| value.as_str());
    let filled = |path: &FieldPath| text(path).is_some_and(|text| !text.is_empty());
    !role.has_password(user)
        && role.names.iter().any(filled)
        && role.emails.as_ref().is_some_and(filled)
}
