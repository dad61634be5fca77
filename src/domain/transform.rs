//! The transform: a pure function per document, raw BSON in, raw BSON (or nothing) out. The run record keeps [`VERSION`] beside what was
//! prepared with it.

use crate::domain::rebuilt::Rebuilt;
use crate::domain::rebuilt::Role;
use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::blueprint::Blueprint;
use super::conflict::Choice;
use super::decision::Contact;
use super::id::Id;
use super::mapping::UserRole;
use super::mapping::path::Step;
use super::raw::{Builder, Malformed, Value, elements, kind};
use super::survey::facts::id_of;
use super::survey::{BusinessIx, Of, Standing, Survey};

/// Changes whenever the same input may give another output.
pub const VERSION: u32 = 1;

/// Where a document goes that was made of an original.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// Into the prepared copy.
    Copy(RawDocumentBuf),
    /// Into the side collection that belongs to it.
    Side(RawDocumentBuf),
}

/// A transform of one collection's documents.
pub type Transform<'a> = Box<dyn Fn(&RawDocument) -> Result<Placed, Malformed> + Send + Sync + 'a>;

/// The transform of a rebuilt collection; `None` where its documents are made of pairs.
pub fn of<'a>(
    which: &Rebuilt,
    survey: &'a Survey,
    blueprint: &'a Blueprint,
) -> Option<Transform<'a>> {
    match which.role() {
        Role::Customers => None,
        Role::Bookings => Some(Box::new(|document| {
            Ok(match booking(survey, blueprint, document)? {
                BookingFate::Linked { document, .. } => Placed::Copy(document),
                BookingFate::Left => Placed::Copy(document.to_owned()),
                BookingFate::Quarantined => Placed::Side(document.to_owned()),
            })
        })),
        Role::Reshaped => Some(Box::new(|document| Ok(Placed::Copy(document.to_owned())))),
        Role::Followed => {
            let entries = survey.mapping.entries_of(which.live());
            let entries: Vec<usize> = entries.map(|(at, _)| at).collect();
            Some(Box::new(move |document| {
                followed(survey, blueprint, &entries, document)
            }))
        }
        Role::Users => Some(Box::new(|document| {
            let user = id_of(document).and_then(|id| survey.users.find(&id.canonical()));
            if user.is_some_and(|user| blueprint.sets_aside(user)) {
                return Ok(Placed::Side(document.to_owned()));
            }
            let cleaning =
                user.and_then(|user| blueprint.cleaning(survey, user, &survey.businesses_of(user)));
            Ok(Placed::Copy(self::user(
                &survey.mapping.user,
                cleaning,
                document,
            )?))
        })),
    }
}

/// What becomes of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingFate {
    /// It points at a customer.
    Linked {
        /// The customer.
        customer: Id,
        /// The business.
        business: BusinessIx,
        /// The booking as it will be.
        document: RawDocumentBuf,
    },
    /// It goes to the quarantine as it is.
    Quarantined,
    /// It stays as it is.
    Left,
}

/// What becomes of a document that names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// It points at this customer of this business.
    Customer(Id, BusinessIx),
    /// It keeps this customer of this business, at which it points already.
    Kept(Id, BusinessIx),
    /// It goes to the quarantine as it is.
    Quarantined,
    /// It stays as it is.
    Left,
}

/// The goal of a document.
pub fn goal(survey: &Survey, blueprint: &Blueprint, of: Of, document: &RawDocument) -> Goal {
    let paths = survey.paths_of(of);
    if paths.is_outside(document) {
        return Goal::Left;
    }
    let refs = paths.read(document);
    let kept = |business, existing: usize| {
        let customer = survey.existing[blueprint.goes_on_in(existing)].id.clone();
        if blueprint.is_merged_away(existing) {
            Goal::Customer(customer, business)
        } else {
            Goal::Kept(customer, business)
        }
    };
    let left = |leaves| {
        if leaves {
            Goal::Left
        } else {
            Goal::Quarantined
        }
    };
    match survey.standing_in(of, &refs) {
        Standing::WithoutBusiness { names } => left(blueprint.leaves_in(of, &names)),
        Standing::Disagrees { businesses } => left(blueprint.leaves_between_in(of, &businesses)),
        Standing::Paired {
            business,
            linked: Some(existing),
            ..
        } if !blueprint.relinks_in(of, business) => kept(business, existing),
        Standing::Paired { user, business, .. } => {
            // With an account alone, a followed document stays with the account.
            let stays = of != Of::Bookings
                && !survey.is_pair(user, business)
                && !blueprint.is_customer_by_nature(survey, user);
            let customer = (!stays).then(|| blueprint.customer_of(survey, user, business));
            match customer.flatten() {
                Some(customer) => Goal::Customer(customer, business),
                None => Goal::Left,
            }
        }
        Standing::WithoutUser {
            business,
            linked: Some(existing),
            ..
        } => kept(business, existing),
        Standing::WithoutUser {
            business,
            names,
            linked: None,
        } => match blueprint.without_user_in(of, business, &names) {
            Choice::Quarantine => Goal::Quarantined,
            Choice::Leave => Goal::Left,
            _ => {
                let customer = blueprint.placeholder_of(survey, business, names.as_ref());
                Goal::Customer(customer, business)
            }
        },
    }
}

/// The fate of a booking.
///
/// # Errors
/// A document that is not BSON.
pub fn booking(
    survey: &Survey,
    blueprint: &Blueprint,
    document: &RawDocument,
) -> Result<BookingFate, Malformed> {
    let paths = survey.paths();
    Ok(match goal(survey, blueprint, Of::Bookings, document) {
        Goal::Customer(customer, business) => {
            let document = paths.pointed_at(document, customer.value())?;
            BookingFate::Linked {
                customer,
                business,
                document,
            }
        }
        Goal::Kept(customer, business) => BookingFate::Linked {
            customer,
            business,
            document: paths.without_user(document, false)?.finish(),
        },
        Goal::Quarantined => BookingFate::Quarantined,
        Goal::Left => BookingFate::Left,
    })
}

/// Where a followed document goes: each entry of its collection replaces its own reference. What one entry quarantines is quarantined for all.
///
/// # Errors
/// A document that is not BSON.
pub fn followed(
    survey: &Survey,
    blueprint: &Blueprint,
    entries: &[usize],
    document: &RawDocument,
) -> Result<Placed, Malformed> {
    let mut made = document.to_owned();
    for entry in entries {
        let of = Of::Entry(*entry);
        let paths = survey.paths_of(of);
        match goal(survey, blueprint, of, document) {
            Goal::Customer(customer, _) => made = paths.pointed_at(&made, customer.value())?,
            Goal::Kept(..) => made = paths.without_user(&made, false)?.finish(),
            Goal::Quarantined => return Ok(Placed::Side(document.to_owned())),
            Goal::Left => {}
        }
    }
    Ok(Placed::Copy(made))
}

const NULL: Value<'_> = Value {
    kind: kind::NULL,
    bytes: &[],
};

/// The user without contact fields, with null in them, or as it is.
///
/// # Errors
/// A document that is not BSON.
pub fn user(
    role: &UserRole,
    cleaning: Option<Contact>,
    document: &RawDocument,
) -> Result<RawDocumentBuf, Malformed> {
    let Some(contact) = cleaning else {
        return Ok(document.to_owned());
    };
    let mut out = Builder::new(document.as_bytes().len());
    for element in elements(document) {
        let element = element?;
        if !role.leaves(element.key) {
            out.element(&element);
        } else if !role.leaves_whole(element.key) {
            let members = role.contact_paths.iter().map(|path| (path, true));
            let members = members.chain(role.drop.iter().map(|path| (path, false)));
            let of_this = members.filter(|(path, _)| path.top().as_bytes() == element.key);
            let members: Vec<Member<'_>> = of_this
                .map(|(path, is_contact)| Member {
                    names: path.steps().get(1..).unwrap_or_default(),
                    is_null: is_contact && contact == Contact::Null,
                })
                .collect();
            match without(element.value, &members) {
                Rest::Same => {
                    out.element(&element);
                }
                Rest::Less(rest) => {
                    out.document(&String::from_utf8_lossy(element.key), &rest);
                }
                Rest::Nothing => {}
            }
        } else if contact == Contact::Null && role.is_contact(element.key) {
            out.value(&String::from_utf8_lossy(element.key), NULL);
        }
    }
    Ok(out.finish())
}

/// A member of a field that leaves, or becomes null.
struct Member<'a> {
    names: &'a [Step],
    is_null: bool,
}

/// What is left of a value.
enum Rest {
    Same,
    Less(RawDocumentBuf),
    Nothing,
}

/// A document without some of its members, and without what then holds nothing.
fn without(value: Value<'_>, members: &[Member<'_>]) -> Rest {
    let document = RawDocument::from_bytes(value.bytes);
    let (kind::DOCUMENT, Ok(document)) = (value.kind, document) else {
        return Rest::Same;
    };
    let mut out = Builder::new(document.as_bytes().len());
    let (mut any, mut changed) = (false, false);
    for element in elements(document).map_while(Result::ok) {
        let of_this = members.iter().filter_map(|member| {
            let (first, rest) = member.names.split_first()?;
            (first.name.as_bytes() == element.key).then_some(Member {
                names: rest,
                is_null: member.is_null,
            })
        });
        let of_this: Vec<Member<'_>> = of_this.collect();
        let key = String::from_utf8_lossy(element.key);
        if let Some(whole) = of_this.iter().find(|member| member.names.is_empty()) {
            changed = true;
            if whole.is_null {
                out.value(&key, NULL);
                any = true;
            }
            continue;
        }
        let rest = if of_this.is_empty() {
            Rest::Same
        } else {
            without(element.value, &of_this)
        };
        changed |= !matches!(rest, Rest::Same);
        match rest {
            Rest::Same => out.element(&element),
            Rest::Less(rest) => out.document(&key, &rest),
            Rest::Nothing => continue,
        };
        any = true;
    }
    match (changed, any) {
        (false, _) => Rest::Same,
        (true, true) => Rest::Less(out.finish()),
        (true, false) => Rest::Nothing,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::conflict::{Code, ConflictKey};
    use crate::domain::customer_id::{IdKind, customer_id, placeholder_id};
    use crate::domain::decision::{Decision, Decisions};
    use crate::domain::mapping::{DEFAULT, Mapping};
    use crate::domain::survey::tests::World;

    fn text(id: &str) -> Id {
        Id::string(id)
    }

    /// The one booking's fate after a survey of `world`, `booking` among its bookings.
    fn fate(world: World, decisions: &Decisions, booking: &RawDocument) -> BookingFate {
        let survey = world.booking(booking.to_owned()).survey();
        let blueprint = Blueprint::new(&survey, decisions);
        super::booking(&survey, &blueprint, booking).unwrap()
    }

    fn says(code: Code, choice: Choice) -> Decisions {
        let mut decisions = Decisions::defaults();
        decisions.policy.insert(code, choice);
        decisions
    }

    fn linked(customer: Id, document: RawDocumentBuf) -> BookingFate {
        BookingFate::Linked {
            customer,
            business: 0,
            document,
        }
    }

    /// `u1` at `b1`.
    fn own() -> Id {
        customer_id(&text("b1"), &text("u1"), IdKind::String)
    }

    #[test]
    fn a_booking_loses_its_user_and_ends_with_its_customer_every_other_byte_stays() {
        let booking = rawdoc! {
            "_id": 1, "price": 4.5, "userId": "u1", "note": { "userId": "u1" }, "serviceId": "s1", "tags": ["a", null],
        };
        let expected = rawdoc! {
            "_id": 1, "price": 4.5, "note": { "userId": "u1" }, "serviceId": "s1", "tags": ["a", null],
            "customerId": own().as_str().unwrap(),
        };
        let fate = fate(World::of_two(), &Decisions::default(), &booking);
        assert_eq!(fate, linked(own(), expected));
    }

    #[test]
    fn a_new_booking_that_the_survey_has_not_seen_gets_the_same_customer() {
        let survey = World::of_two().survey();
        let blueprint = Blueprint::new(&survey, &Decisions::default());
        let booking = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
        let fate = super::booking(&survey, &blueprint, &booking).unwrap();
        let expected =
            rawdoc! { "_id": 1, "serviceId": "s1", "customerId": own().as_str().unwrap() };
        assert_eq!(fate, linked(own(), expected));
    }

    #[test]
    fn bookings_of_merged_users_go_to_one_customer() {
        let mut world = World::of_two();
        world.users[1] = rawdoc! { "_id": "u2", "name": "Guest", "email": " 1@A.ORG" };
        let first = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
        let second = rawdoc! { "_id": 2, "userId": "u2", "serviceId": "s1" };
        let survey = world.booking(first).booking(second.clone()).survey();
        let blueprint = Blueprint::new(&survey, &Decisions::defaults());
        let fate = super::booking(&survey, &blueprint, &second).unwrap();
        let expected =
            rawdoc! { "_id": 2, "serviceId": "s1", "customerId": own().as_str().unwrap() };
        assert_eq!(fate, linked(own(), expected));
    }

    #[test]
    fn a_booking_without_a_user_goes_to_the_placeholder_of_what_it_names() {
        for (booking, names) in [
            (
                rawdoc! { "_id": 1, "userId": "gone", "serviceId": "s1" },
                Some(text("gone")),
            ),
            (
                rawdoc! { "_id": 1, "userId": null, "serviceId": "s1" },
                None,
            ),
            (rawdoc! { "_id": 1, "serviceId": "s1" }, None),
        ] {
            let customer = placeholder_id(&text("b1"), names.as_ref(), IdKind::String);
            let expected =
                rawdoc! { "_id": 1, "serviceId": "s1", "customerId": customer.as_str().unwrap() };
            let fate = fate(World::of_two(), &Decisions::defaults(), &booking);
            assert_eq!(fate, linked(customer, expected), "{booking:?}");
        }
    }

    #[test]
    fn by_decision_a_booking_without_a_user_is_left_or_quarantined() {
        let booking = rawdoc! { "_id": 1, "userId": "gone", "serviceId": "s1" };
        for (choice, expected) in [
            (Choice::Leave, BookingFate::Left),
            (Choice::Quarantine, BookingFate::Quarantined),
        ] {
            let decisions = says(Code::BookingWithoutUser, choice);
            assert_eq!(fate(World::of_two(), &decisions, &booking), expected);
        }
    }

    #[test]
    fn a_booking_without_a_business_is_quarantined_or_left_where_a_decision_names_its_service() {
        let leave = ConflictKey {
            code: Code::BookingWithoutBusiness,
            business: None,
            subjects: vec![text("left")],
        };
        let mut decisions = Decisions::defaults();
        decisions.single.insert(leave, Decision::new(Choice::Leave));
        for (booking, expected) in [
            (
                rawdoc! { "_id": 1, "userId": "u1", "serviceId": "left" },
                BookingFate::Left,
            ),
            (
                rawdoc! { "_id": 1, "userId": "u1", "serviceId": "gone" },
                BookingFate::Quarantined,
            ),
            (
                rawdoc! { "_id": 1, "userId": "u1" },
                BookingFate::Quarantined,
            ),
        ] {
            let fate = fate(World::of_two(), &decisions, &booking);
            assert_eq!(fate, expected, "{booking:?}");
        }
    }

    #[test]
    fn bookings_of_an_account_holder_whom_a_decision_skips_are_left() {
        let mut world = World::of_two();
        world.users[0] = rawdoc! { "_id": "u1", "name": "Owner", "hashedPassword": "secret" };
        let booking = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
        let skip = says(Code::AccountAlsoCustomer, Choice::Skip);
        assert_eq!(fate(world.clone(), &skip, &booking), BookingFate::Left);
        let linked_anyway = fate(world, &Decisions::defaults(), &booking);
        assert!(matches!(linked_anyway, BookingFate::Linked { customer, .. } if customer == own()));
    }

    #[test]
    fn a_booking_keeps_its_customer_in_its_place_until_a_decision_relinks_it() {
        let mut world = World::of_two();
        world.customers = vec![
            rawdoc! { "_id": "c1", "businessId": "b1" },
            rawdoc! { "_id": "c2", "businessId": "b2" },
        ];
        let keep = says(Code::AlreadyLinked, Choice::Keep);
        let relink = says(Code::AlreadyLinked, Choice::Relink);
        let of = |customer: &str| rawdoc! { "_id": 1, "customerId": customer, "userId": "u1", "serviceId": "s1" };
        let kept = rawdoc! { "_id": 1, "customerId": "c1", "serviceId": "s1" };
        let fated = fate(world.clone(), &keep, &of("c1"));
        assert_eq!(fated, linked(text("c1"), kept.clone()));
        let own_last =
            rawdoc! { "_id": 1, "serviceId": "s1", "customerId": own().as_str().unwrap() };
        let fated = fate(world.clone(), &relink, &of("c1"));
        assert_eq!(fated, linked(own(), own_last.clone()));
        // A customer of another business is none.
        let fated = fate(world.clone(), &keep, &of("c2"));
        assert_eq!(fated, linked(own(), own_last));
        // And one without a user stays with its customer whatever was decided.
        let nobody = rawdoc! { "_id": 1, "customerId": "c1", "userId": "gone", "serviceId": "s1" };
        for decisions in [keep, relink] {
            let fated = fate(world.clone(), &decisions, &nobody);
            assert_eq!(fated, linked(text("c1"), kept.clone()));
        }
    }

    #[test]
    fn a_booking_that_is_no_bson_is_an_error() {
        let whole = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
        let mut bytes = whole.as_bytes().to_vec();
        bytes.pop();
        bytes.extend_from_slice(&[0x66, b'x', 0, 0]); // a type that does not exist
        let length = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let broken = RawDocumentBuf::from_bytes(bytes).unwrap();
        let survey = World::of_two().survey();
        let blueprint = Blueprint::new(&survey, &Decisions::default());
        let at = whole.as_bytes().len() - 1;
        assert_eq!(
            super::booking(&survey, &blueprint, &broken),
            Err(Malformed(at))
        );
    }

    #[test]
    fn contact_fields_leave_a_user_that_is_cleaned_and_no_other() {
        let role = Mapping::parse(DEFAULT).unwrap().user;
        let user_before = rawdoc! {
            "_id": 1, "phone": "1", "name": "Ann", "city": null, "address": { "phone": "2" }, "more": { "city": "Rome" },
        };
        let cleaned = rawdoc! { "_id": 1, "name": "Ann", "more": { "city": "Rome" } };
        let removed = user(&role, Some(Contact::Remove), &user_before);
        assert_eq!(removed.unwrap(), cleaned);
        assert_eq!(user(&role, None, &user_before).unwrap(), user_before);
        // Null in its place; what was not there does not come.
        let nulls = rawdoc! {
            "_id": 1, "phone": null, "name": "Ann", "city": null, "address": null, "more": { "city": "Rome" },
        };
        let nulled = user(&role, Some(Contact::Null), &user_before);
        assert_eq!(nulled.unwrap(), nulls);
    }
}
