//! Which users should have gone: those that still look like a customer.

use bson::raw::RawDocument;

use crate::domain::mapping::UserRole;
use crate::domain::raw::{get, kind};

/// True for a user without a password that holds a name and an e-mail.
pub fn holds_contact(role: &UserRole, user: &RawDocument) -> bool {
    let text = |field: &str| get(user, field).and_then(|value| value.as_str());
    let filled = |field: &str| text(field).is_some_and(|text| !text.is_empty());
    let password = get(user, &role.password).filter(|it| it.kind != kind::NULL);
    (password.is_none() || text(&role.password) == Some(""))
        && filled(&role.name)
        && filled(&role.email)
}
