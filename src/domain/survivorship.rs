//! Merging: which of several users gives a customer its values, and how blanks are filled.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::id::Id;
use super::mapping::Mapping;
use super::raw::{Builder, Value, blank, get, kind, string_bytes};
use super::survey::{Survey, UserIx};

/// The name of a customer whose user has none.
pub const UNKNOWN_CUSTOMER: &str = "Unknown Customer";

/// `members` with the survivor first: most complete, then oldest, then smallest `_id`.
pub fn ranked(survey: &Survey, members: &[UserIx]) -> Vec<UserIx> {
    let mut ranked = members.to_vec();
    ranked.sort_by(|one, other| {
        let key = |user: &UserIx| {
            let facts = &survey.users[*user];
            (Reverse(facts.filled), facts.created)
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| survey.user_id(*one).cmp(survey.user_id(*other)))
    });
    ranked
}

/// How a customer is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Values typed by hand for the customer, by field.
    pub set: BTreeMap<String, String>,
    /// Leave the e-mail out: another customer of the business keeps it.
    pub without_email: bool,
    /// Copy name and e-mail alone.
    pub narrow: bool,
}

/// The customer document made of `members`, survivor first. Field order and what is left out: DESIGN §3.
pub fn customer(
    mapping: &Mapping,
    id: &Id,
    business: &Id,
    members: &[&RawDocument],
    rules: &Rules,
) -> RawDocumentBuf {
    let role = &mapping.user;
    let mut document = Builder::new(members.first().map_or(64, |first| first.as_bytes().len()));
    document.value("_id", id.value());
    document.value(&mapping.customer.business, business.value());
    for field in role.completeness() {
        let contact = field != role.name && field != role.email;
        if (rules.narrow && contact) || (rules.without_email && field == role.email) {
            continue;
        }
        let set = rules.set.get(field).map(|text| string_bytes(text));
        let value = set
            .as_deref()
            .map(|bytes| Value {
                kind: kind::STRING,
                bytes,
            })
            .or_else(|| merged(members, field));
        if field == role.name && blank(value) {
            document.string(field, UNKNOWN_CUSTOMER);
        } else if let Some(value) = value {
            document.value(field, value);
        }
    }
    if let Some(value) = earliest(members, &role.created) {
        document.value(&role.created, value);
    }
    document.finish()
}

/// The survivor's value; where it is blank, the first that is not; else the survivor's own blank.
fn merged<'a>(members: &[&'a RawDocument], field: &str) -> Option<Value<'a>> {
    let (survivor, _) = members.split_first()?;
    members
        .iter()
        .filter_map(|member| get(member, field))
        .find(|value| !value.is_blank())
        .or_else(|| get(survivor, field))
}

/// The earliest date; where nobody has one, the survivor's value as it is.
fn earliest<'a>(members: &[&'a RawDocument], field: &str) -> Option<Value<'a>> {
    let dates = members.iter().filter_map(|member| get(member, field));
    dates
        .filter_map(|value| value.as_date().map(|date| (date, value)))
        .min_by_key(|(date, _)| *date)
        .map(|(_, value)| value)
        .or_else(|| get(members.first()?, field))
}

/// The link of a customer: whose data it holds, and what a merge lost.
pub struct Link<'a> {
    /// The customer's `_id`.
    pub customer: &'a Id,
    /// Its business, where known.
    pub business: Option<&'a Id>,
    /// How the customer came about: `created`, `placeholder`, `existing`.
    pub kind: &'a str,
    /// The users, in `_id` order; for a placeholder the value that names nobody.
    pub users: Vec<Id>,
}

/// The link's document. `lost` are the members of a merge with the customer made of them: each member's values that the customer does not
/// have are kept.
pub fn link(
    mapping: &Mapping,
    link: &Link<'_>,
    lost: Option<(&RawDocument, &[&RawDocument])>,
) -> RawDocumentBuf {
    let mut document = Builder::new(128);
    document.value("_id", link.customer.value());
    if let Some(business) = link.business {
        document.value(&mapping.customer.business, business.value());
    }
    document.string("kind", link.kind);
    document.array("users", link.users.iter().map(Id::value));
    if let Some((customer, members)) = lost {
        let values: Vec<_> = members
            .iter()
            .filter_map(|member| losing_values(mapping, customer, member))
            .collect();
        if !values.is_empty() {
            document.array(
                "lost",
                values.iter().map(|values| Value {
                    kind: kind::DOCUMENT,
                    bytes: values.as_bytes(),
                }),
            );
        }
    }
    document.finish()
}

fn losing_values(
    mapping: &Mapping,
    customer: &RawDocument,
    member: &RawDocument,
) -> Option<RawDocumentBuf> {
    let mut values = Builder::new(64);
    let mut any = false;
    for field in mapping.user.copied() {
        if let Some(value) = get(member, field)
            && get(customer, field) != Some(value)
        {
            values.value(field, value);
            any = true;
        }
    }
    let mut document = Builder::new(64);
    document.value("user", get(member, "_id")?);
    document.document("values", &values.finish());
    any.then(|| document.finish())
}

/// The placeholder for bookings whose user is missing.
pub fn placeholder(
    mapping: &Mapping,
    id: &Id,
    business: &Id,
    created: Option<i64>,
) -> RawDocumentBuf {
    let mut document = Builder::new(96);
    document.value("_id", id.value());
    document.value(&mapping.customer.business, business.value());
    document.string(&mapping.user.name, UNKNOWN_CUSTOMER);
    if let Some(created) = created {
        document.value(
            &mapping.user.created,
            Value {
                kind: kind::DATE,
                bytes: &created.to_le_bytes(),
            },
        );
    }
    document.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn mapping() -> Mapping {
        Mapping::parse(crate::domain::mapping::DEFAULT).unwrap()
    }

    #[test]
    fn blanks_are_filled_from_the_others_and_the_earliest_date_wins() {
        let late = bson::DateTime::from_millis(9);
        let early = bson::DateTime::from_millis(3);
        let survivor =
            rawdoc! { "_id": 1, "name": "Ann", "phone": " ", "city": null, "createdAt": late };
        let other = rawdoc! { "_id": 2, "name": "Anne", "phone": "1", "createdAt": early };
        let made = customer(
            &mapping(),
            &Id::string("c"),
            &Id::string("b"),
            &[&survivor, &other],
            &Rules::default(),
        );
        assert_eq!(
            made,
            rawdoc! { "_id": "c", "businessId": "b", "name": "Ann", "phone": "1", "city": null, "createdAt": early }
        );
        let link = Link {
            customer: &Id::string("c"),
            business: Some(&Id::string("b")),
            kind: "created",
            users: vec![],
        };
        let link = super::link(&mapping(), &link, Some((&made, &[&survivor, &other])));
        let lost: Vec<_> = link
            .get_array("lost")
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            lost.len(),
            2,
            "the survivor's date and blank phone, and the other's name: {link:?}"
        );
    }

    #[test]
    fn a_user_without_a_name_becomes_unknown_customer_and_a_missing_field_stays_out() {
        let user = rawdoc! { "_id": 1, "name": "\u{2003}", "email": null };
        let made = customer(
            &mapping(),
            &Id::string("c"),
            &Id::string("b"),
            &[&user],
            &Rules::default(),
        );
        assert_eq!(
            made,
            rawdoc! { "_id": "c", "businessId": "b", "name": UNKNOWN_CUSTOMER, "email": null }
        );
    }
}
