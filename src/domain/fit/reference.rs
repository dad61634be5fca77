//! Where references lead: which ones a mapping names, what counts as a value, and when too few of the values lead anywhere.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::{FieldPath, ReferencePath, Step};
use crate::domain::mapping::{BadMapping, BusinessReference, Following, Mapping, UserReference};
use crate::domain::number::grouped;
use crate::domain::raw::{Value, elements, get, kind};

/// What references lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The collections.
    pub collections: Vec<String>,
    /// The field by which documents are known; `_id` unless said.
    pub by: Option<FieldPath>,
    /// Only these documents.
    pub filter: Option<Filter>,
}

impl Target {
    /// True for a document that the reference may lead to.
    pub fn lets_in(&self, document: &RawDocument) -> bool {
        self.filter.as_ref().is_none_or(|it| it.lets_in(document))
    }
}

/// A reference of the mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceClaim {
    /// The key: "booking.service".
    pub key: String,
    /// Where it stands.
    pub collections: Vec<String>,
    /// Only in these documents.
    pub filter: Option<Filter>,
    /// The ways, judged as a whole.
    pub paths: Vec<ReferencePath>,
    /// Where they lead.
    pub target: Target,
    /// A value that has the form of an id is enough: it is replaced where it leads nowhere.
    pub any_id: bool,
}

/// How many values are set, and how many of them lead somewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Values that are neither missing nor null nor "".
    pub set: u64,
    /// Those that lead to a document of the target.
    pub resolved: u64,
}

impl Counted {
    /// Values that lead nowhere.
    pub fn unresolved(self) -> u64 {
        self.set - self.resolved
    }

    /// Fewer than half lead somewhere.
    pub fn is_too_few(self) -> bool {
        self.resolved * 2 < self.set
    }

    /// True where a sample that says so leaves no doubt about the whole.
    pub fn is_clear(self) -> bool {
        self.set == 0 || self.resolved * 100 >= self.set * 65
    }
}

/// How bookings name their user, where they do.
pub fn of_booking_users(mapping: &Mapping) -> Option<ReferenceClaim> {
    let mut claims = references(mapping, false).into_iter();
    claims.find(|claim| claim.key == "booking.user")
}

/// Every reference of a mapping. `existing`: there are customers already.
pub fn references(mapping: &Mapping, existing: bool) -> Vec<ReferenceClaim> {
    let mut claims = Vec::new();
    let booking = &mapping.booking;
    of_documents(mapping, "booking", &booking.following, &mut claims);
    if let (Some(path), Some(service)) = (&booking.service, &mapping.service) {
        claims.push(ReferenceClaim {
            key: "booking.service".to_owned(),
            collections: vec![booking.collection.clone()],
            filter: booking.following.filter.clone(),
            paths: vec![path.clone()],
            target: Target {
                collections: vec![service.collection.clone()],
                by: None,
                filter: None,
            },
            any_id: false,
        });
    }
    let constant = mapping.business.collections.is_empty();
    if let Some(service) = mapping
        .service
        .as_ref()
        .filter(|_| mapping.goes_over_services())
        && let Some(path) = service.business.as_ref().filter(|_| !constant)
    {
        claims.push(ReferenceClaim {
            key: "service.business".to_owned(),
            collections: vec![service.collection.clone()],
            filter: None,
            paths: vec![path.clone()],
            target: businesses(mapping),
            any_id: false,
        });
    }
    for (at, follow) in mapping.follow.iter().enumerate() {
        of_documents(mapping, &format!("follow.{at}"), follow, &mut claims);
    }
    if mapping.has_users() {
        of_account_holders(mapping, &mut claims);
        if let Some(path) = mapping.user.business.as_ref().filter(|_| !constant) {
            claims.push(ReferenceClaim {
                key: "user.business".to_owned(),
                collections: vec![mapping.user.collection.clone()],
                filter: mapping.user.filter.clone(),
                paths: vec![path.clone()],
                target: businesses(mapping),
                any_id: false,
            });
        }
    }
    if existing && !constant {
        claims.push(ReferenceClaim {
            key: "customer.business".to_owned(),
            collections: vec![mapping.customer.collection.clone()],
            filter: None,
            paths: vec![ReferencePath::field(&mapping.customer.business)],
            target: businesses(mapping),
            any_id: false,
        });
    }
    claims
}

fn of_account_holders(mapping: &Mapping, claims: &mut Vec<ReferenceClaim>) {
    if let Some(path) = &mapping.business.owner {
        claims.push(ReferenceClaim {
            key: "business.owner".to_owned(),
            collections: mapping.business.collections.clone(),
            filter: mapping.business.filter.clone(),
            paths: vec![path.clone()],
            target: anybody(mapping),
            any_id: false,
        });
    }
    for (at, account) in mapping.accounts.iter().enumerate() {
        claims.push(ReferenceClaim {
            key: format!("accounts.{at}.user"),
            collections: vec![account.collection.clone()],
            filter: None,
            paths: vec![account.user.clone()],
            target: anybody(mapping),
            any_id: false,
        });
    }
}

/// Account holders may be outside the filter of those who are people of the mapping.
fn anybody(mapping: &Mapping) -> Target {
    Target {
        collections: vec![mapping.user.collection.clone()],
        by: None,
        filter: None,
    }
}

fn businesses(mapping: &Mapping) -> Target {
    Target {
        collections: mapping.business.collections.clone(),
        by: None,
        filter: mapping.business.filter.clone(),
    }
}

fn of_documents(
    mapping: &Mapping,
    key: &str,
    following: &Following,
    claims: &mut Vec<ReferenceClaim>,
) {
    let mut claim = |what: &str, paths: Vec<ReferencePath>, target: Target| {
        claims.push(ReferenceClaim {
            key: format!("{key}.{what}"),
            collections: vec![following.collection.clone()],
            filter: following.filter.clone(),
            paths,
            target,
            any_id: false,
        });
    };
    let users = Target {
        collections: vec![mapping.user.collection.clone()],
        by: None,
        filter: mapping.user.filter.clone(),
    };
    match &following.user {
        Some(UserReference::Path(path)) if mapping.has_users() => {
            claim("user", vec![path.clone()], users.clone());
        }
        Some(UserReference::Email(path)) if mapping.has_users() => {
            let way = ReferencePath {
                start: path.clone(),
                hops: Vec::new(),
            };
            let by = mapping.user.emails.clone();
            claim("user", vec![way], Target { by, ..users });
        }
        _ => {}
    }
    match &following.business {
        BusinessReference::Paths(_) if key == "booking" && mapping.goes_over_services() => {}
        BusinessReference::Paths(paths) => claim("business", paths.clone(), businesses(mapping)),
        BusinessReference::Constant(_) => {}
    }
    if !following.in_place {
        let to = if key == "booking" { "customer" } else { "to" };
        let customers = Target {
            collections: vec![mapping.customer.collection.clone()],
            by: None,
            filter: None,
        };
        claims.push(ReferenceClaim {
            key: format!("{key}.{to}"),
            collections: vec![following.collection.clone()],
            filter: following.filter.clone(),
            paths: vec![ReferencePath::field(&following.customer)],
            target: customers,
            any_id: true,
        });
    }
}

/// The values at a place of a document: of a plain array each element, of a DBRef its `$id`. Missing, null and "" are none.
pub fn values_at(path: &FieldPath, document: &RawDocument) -> Vec<Id> {
    let mut found = Vec::new();
    collect(path.steps(), document, &mut found);
    found
}

fn collect(steps: &[Step], document: &RawDocument, found: &mut Vec<Id>) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    let Some(value) = get(document, &step.name) else {
        return;
    };
    let inner = || RawDocument::from_bytes(value.bytes).ok();
    match (value.kind, rest.is_empty()) {
        (kind::DOCUMENT, false) => {
            if let Some(inner) = inner() {
                collect(rest, inner, found);
            }
        }
        (kind::ARRAY, last) => {
            for element in inner().into_iter().flat_map(elements).map_while(Result::ok) {
                if last {
                    take(element.value, found);
                } else if element.value.kind == kind::DOCUMENT
                    && let Ok(inner) = RawDocument::from_bytes(element.value.bytes)
                {
                    collect(rest, inner, found);
                }
            }
        }
        (_, true) => take(value, found),
        (_, false) => {}
    }
}

fn take(value: Value<'_>, found: &mut Vec<Id>) {
    match value.kind {
        kind::NULL => {}
        kind::DOCUMENT => {
            let named = RawDocument::from_bytes(value.bytes).ok();
            if let Some(id) = named.and_then(|named| get(named, "$id")) {
                found.push(Id::from_value(id));
            }
        }
        _ if value.as_str() == Some("") => {}
        _ => found.push(Id::from_value(value)),
    }
}

/// True for an ObjectId or a UUID, or the text of one.
pub fn has_the_form_of_an_id(value: &Id) -> bool {
    let text = |text: &str| {
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        digits == text.len() && digits == 24
            || text.len() == 36 && digits == 32 && text.matches('-').count() == 4
    };
    value.as_object_id().is_some() || value.as_uuid().is_some() || value.as_str().is_some_and(text)
}

/// True where `known` holds the id, in one of its forms.
pub fn is_among(known: &BTreeSet<Id>, id: &Id) -> bool {
    known.contains(&id.canonical()) || forms(id).any(|form| known.contains(&form.canonical()))
}

/// The id in every form in which it may be stored: as it is, in the other usual type, and without white space and capital digits.
pub fn forms(id: &Id) -> impl Iterator<Item = Id> {
    let loose = id.is_odd().then(|| id.loose());
    let text = loose.as_ref().and_then(Id::other_form);
    let forms = [Some(id.clone()), id.other_form(), loose, text];
    forms.into_iter().flatten()
}

impl Mapping {
    /// The refusal of a reference of which too few values lead anywhere; `better` says what would fit, where something would.
    pub fn unresolved(
        &self,
        claim: &ReferenceClaim,
        counted: Counted,
        better: Option<String>,
    ) -> BadMapping {
        let key = &claim.key;
        let paths: Vec<_> = claim.paths.iter().map(|path| format!("`{path}`")).collect();
        let better = better.map_or_else(String::new, |better| format!("; {better}"));
        if claim.any_id {
            return self.bad(
                key,
                format!(
                    "{key}: {} of {} set values of {} are something else than ids of {}, and the new reference would replace them; give it a name of its own. If they may go, say --accept mapping:{key}={}",
                    grouped(counted.unresolved()),
                    grouped(counted.set),
                    paths.join(" or "),
                    claim.target.collections.join(" or "),
                    counted.unresolved(),
                ),
            );
        }
        self.bad(
            key,
            format!(
                "{key}: only {} of {} set values of {} lead to {}{better}. If the other {} are real orphans, say --accept mapping:{key}={}",
                grouped(counted.resolved),
                grouped(counted.set),
                paths.join(" or "),
                claim.target.collections.join(" or "),
                grouped(counted.unresolved()),
                counted.unresolved(),
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::{oid::ObjectId, rawdoc};

    use super::*;
    use crate::domain::mapping::DEFAULT;

    #[test]
    fn values_are_found_through_documents_arrays_and_dbrefs_and_blanks_are_none() {
        let id = ObjectId::from_bytes([7; 12]);
        for (path, document, count) in [
            ("a", rawdoc! { "a": id }, 1),
            ("a", rawdoc! { "a": [id, null, "x", ""] }, 2),
            ("a", rawdoc! { "a": { "$ref": "User", "$id": id } }, 1),
            ("a.b", rawdoc! { "a": { "b": id } }, 1),
            (
                "a[].b",
                rawdoc! { "a": [{ "b": id }, { "b": null }, { "c": 1 }, 3] },
                1,
            ),
            ("a", rawdoc! { "a": null }, 0),
            ("a", rawdoc! { "a": "" }, 0),
            ("a", rawdoc! {}, 0),
        ] {
            let path = FieldPath::parse(path).unwrap();
            assert_eq!(values_at(&path, &document).len(), count, "{path}");
        }
    }

    #[test]
    fn the_default_names_its_references_once() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let keys = |existing| {
            let claims = references(&mapping, existing).into_iter();
            claims.map(|it| it.key).collect::<Vec<_>>()
        };
        let usual = [
            "booking.user",
            "booking.customer",
            "booking.service",
            "service.business",
            "business.owner",
            "accounts.0.user",
            "accounts.1.user",
        ];
        assert_eq!(keys(false), usual);
        assert_eq!(keys(true)[..7], usual);
        assert_eq!(keys(true)[7..], ["customer.business"]);
    }

    #[test]
    fn fewer_than_half_are_too_few_and_no_value_at_all_is_not() {
        for (set, resolved, too_few) in
            [(0, 0, false), (2, 1, false), (3, 1, true), (100, 49, true)]
        {
            assert_eq!(Counted { set, resolved }.is_too_few(), too_few);
        }
    }
}
