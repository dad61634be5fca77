//! People without a user: what a booking says of them itself. A guest is known, at one business, by the first member of `identity` that the
//! booking sets; the same member and value are the same person, however they are spelled.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use unicode_normalization::UnicodeNormalization;

use crate::domain::customer_id::guest_of;
use crate::domain::email;
use crate::domain::id::Id;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{Following, Mapping};
use crate::domain::phone;
use crate::domain::raw::{Builder, Value, kind};

/// A member of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestMember {
    /// Its name in the mapping.
    pub name: String,
    /// Where a booking has it.
    pub path: FieldPath,
    /// The customer's field that it gives.
    pub field: String,
}

/// Where bookings say who their guest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestPaths {
    /// The members, in the mapping's order.
    pub members: Vec<GuestMember>,
    /// By which of them a guest is known: the first that is set.
    identity: Vec<(String, FieldPath)>,
    /// The customer's field for the creation date, and where a booking has it.
    created: Option<(String, FieldPath)>,
}

/// The customer's fields that a guest gives as a user does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestRoles {
    /// The name.
    pub name: String,
    /// The e-mail.
    pub email: String,
    /// The phone number.
    pub phone: String,
}

impl GuestRoles {
    /// Those of a mapping.
    pub fn of(mapping: &Mapping) -> Self {
        Self {
            name: mapping.user.name.clone(),
            email: mapping.user.email.clone(),
            phone: mapping.user.phone.clone(),
        }
    }
}

/// By what a guest is known at a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestKey {
    /// The member.
    pub by: String,
    /// Its value in its normal form.
    pub value: String,
}

impl GuestKey {
    /// The guest's own id at a business, which no user has.
    pub fn at(&self, business: &Id) -> Id {
        guest_of(business, &self.by, &self.value)
    }
}

impl GuestPaths {
    /// Those of a mapping's bookings; none where they have no guests.
    pub fn of(mapping: &Mapping) -> Option<Self> {
        let own = Self::following(&mapping.booking.following)?;
        let created = mapping.booking.created.clone();
        let created = created.filter(|_| !mapping.user.created.is_empty());
        Some(Self {
            created: created.map(|path| (mapping.user.created.clone(), path)),
            ..own
        })
    }

    /// Those of documents whose reference is replaced; none where they have no guests.
    pub fn following(following: &Following) -> Option<Self> {
        let guest = following.guest.as_ref()?;
        let members = guest.members.iter().zip(&guest.fields);
        let members = members.map(|((name, path), field)| GuestMember {
            name: name.clone(),
            path: path.clone(),
            field: field.clone(),
        });
        let members: Vec<GuestMember> = members.collect();
        let identity = guest.identity.iter().filter_map(|word| {
            let member = members.iter().find(|member| member.name == *word)?;
            Some((word.clone(), member.path.clone()))
        });
        Some(Self {
            identity: identity.collect(),
            created: None,
            members,
        })
    }

    /// By what the guest of this booking is known; none where it sets nothing of that.
    pub fn key(&self, booking: &RawDocument) -> Option<GuestKey> {
        self.identity.iter().find_map(|(by, path)| {
            let value = normal(by, path.value(booking)?)?;
            Some(GuestKey {
                by: by.clone(),
                value,
            })
        })
    }

    /// What the guest of one booking gives to a customer, under the customer's own field names.
    pub fn view(&self, id: &Id, booking: &RawDocument) -> RawDocumentBuf {
        let mut view = Builder::new(256);
        view.value("_id", id.value());
        for member in &self.members {
            if let Some(value) = member.path.value(booking) {
                view.value(&member.field, value);
            }
        }
        if let Some((field, path)) = &self.created
            && let Some(value) = path.value(booking)
        {
            view.value(field, value);
        }
        view.finish()
    }

    /// True where a booking says this of its guest: a part of a name or an e-mail, whatever its case.
    pub fn says(&self, booking: &RawDocument, text: &str) -> bool {
        let text = text.to_lowercase();
        let mut members = self.members.iter();
        members.any(|member| {
            let said = member.path.value(booking).and_then(|it| it.as_str());
            said.is_some_and(|said| said.to_lowercase().contains(&text))
        })
    }

    /// The fields of a booking that say all this, none of them inside another.
    pub fn fields(&self) -> Vec<String> {
        let created = self.created.as_ref().map(|(_, path)| path);
        let paths = self.members.iter().map(|member| &member.path);
        let paths: Vec<&FieldPath> = paths.chain(created).collect();
        let inside = |path: &FieldPath| {
            let mut others = paths.iter().filter(|other| **other != path);
            others.any(|other| path.is_within(other))
        };
        let outer = paths.iter().filter(|path| !inside(path));
        let fields: std::collections::BTreeSet<String> = outer.map(ToString::to_string).collect();
        fields.into_iter().collect()
    }

    /// The customer's field for the creation date, and where a booking has it.
    pub fn created(&self) -> Option<(&str, &FieldPath)> {
        let created = self.created.as_ref();
        created.map(|(field, path)| (field.as_str(), path))
    }
}

/// The normal form of a member's value; none for what says nothing.
fn normal(by: &str, value: Value<'_>) -> Option<String> {
    let text = match by {
        "email" => email::normalise(value.as_str()?),
        "phone" => phone::digits(&text_of(value)?),
        _ => folded(&text_of(value)?),
    };
    (!text.is_empty()).then_some(text)
}

/// A text, or a number in its digits.
pub fn text_of(value: Value<'_>) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let number = Id::from_value(value).canonical();
    let number = number.value();
    match (number.kind, number.bytes.try_into()) {
        (kind::INT64, Ok(bytes)) => Some(i64::from_le_bytes(bytes).unsigned_abs().to_string()),
        _ => None,
    }
}

/// Letters of one case, composed, with one space between words.
fn folded(text: &str) -> String {
    let text = text.nfc().collect::<String>().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    fn paths(identity: &str) -> GuestPaths {
        let text = format!(
            "version = 2\n[booking]\ncollection = \"b\"\ncustomer = \"customerId\"\nbusiness = {{ constant = \"main\" }}\nguest = {{ name = \"who.name\", email = \"mail\", phone = \"tel\" }}\n{identity}\n[customer]\ncollection = \"c\"\nbusiness = \"shop\"\n"
        );
        GuestPaths::of(&Mapping::parse(&text).unwrap()).unwrap()
    }

    fn key(paths: &GuestPaths, booking: &RawDocumentBuf) -> Option<(String, String)> {
        paths.key(booking).map(|key| (key.by, key.value))
    }

    #[test]
    fn a_guest_is_known_by_the_first_member_that_says_something() {
        let paths = paths("");
        for (booking, by, value) in [
            (
                rawdoc! { "mail": " Ann@X.org ", "tel": "1" },
                "email",
                "ann@x.org",
            ),
            (
                rawdoc! { "mail": "", "tel": "+49 (30) 12-3" },
                "phone",
                "4930123",
            ),
            (
                rawdoc! { "mail": null, "tel": 49_301_i64 },
                "phone",
                "49301",
            ),
            (rawdoc! { "tel": 49_301.0 }, "phone", "49301"),
            (
                rawdoc! { "mail": 5, "tel": "none", "who": { "name": "  Ann\u{a0} LEE " } },
                "name",
                "ann lee",
            ),
        ] {
            let expected = Some((by.to_owned(), value.to_owned()));
            assert_eq!(key(&paths, &booking), expected, "{booking:?}");
        }
        for nobody in [
            rawdoc! {},
            rawdoc! { "who": { "name": " " } },
            rawdoc! { "who": "Ann" },
            rawdoc! { "who": null, "mail": ["a@b.c"] },
        ] {
            assert_eq!(key(&paths, &nobody), None, "{nobody:?}");
        }
    }

    #[test]
    fn the_mapping_may_say_another_order() {
        let paths = paths("identity = [\"phone\", \"email\"]");
        let both = rawdoc! { "mail": "a@b.c", "tel": "12" };
        assert_eq!(key(&paths, &both).unwrap().0, "phone");
        let name_alone = rawdoc! { "who": { "name": "Ann" } };
        assert_eq!(key(&paths, &name_alone), None);
    }
}
