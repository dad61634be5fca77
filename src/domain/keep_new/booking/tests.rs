#![allow(clippy::unwrap_used)]
use bson::oid::ObjectId;
use bson::raw::cstr;
use bson::{RawBson, RawDocumentBuf, rawdoc};

use super::*;
use crate::domain::decision::Decision;
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::reference::{BookingPaths, Way, as_named};

fn oid(kind: u8, number: u8) -> ObjectId {
    let mut bytes = [kind; 12];
    bytes[11] = number;
    ObjectId::from_bytes(bytes)
}

fn user(number: u8) -> ObjectId {
    oid(1, number)
}

fn customer(number: u8) -> ObjectId {
    oid(2, number)
}

fn id(of: ObjectId) -> Id {
    Id::object_id(of.bytes())
}

/// Customers 0 (of user 0), 1 (of users 1 and 2), 2 (a placeholder for user 8, who does not exist), 3 (there before, of user 3), 4 (there
/// before, of nobody), 5 (a placeholder for nobody), all of business 0.
struct World {
    links: Links,
    decisions: Decisions,
    paths: BookingPaths,
    users: Way<Id>,
    businesses: Vec<Way<Id>>,
    named_by: HashMap<Id, Id>,
    by_email: HashMap<u128, Id>,
    gone: HashSet<Id>,
    created: HashSet<Id>,
}

impl World {
    fn new() -> Self {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let mut links = Links::default();
        let mut link = |number, kind: &str, users: &[ObjectId]| {
            let users: bson::raw::RawArrayBuf = users.iter().map(|it| RawBson::from(*it)).collect();
            let link = rawdoc! { "_id": customer(number), "kind": kind, "businessId": oid(3, 0), "users": users };
            links.take(&mapping, &link).unwrap();
        };
        link(0, "created", &[user(0)]);
        link(1, "created", &[user(1), user(2)]);
        link(2, "placeholder", &[user(8)]);
        link(3, "existing", &[user(3)]);
        link(4, "existing", &[]);
        link(5, "placeholder", &[]);
        let paths = BookingPaths::of(&mapping);
        let mut businesses = Way::new(paths.businesses()[0].clone());
        let service = rawdoc! { "_id": oid(4, 0), "businessId": oid(3, 0) };
        for read in businesses.reads() {
            businesses.take(&read, &service, as_named);
        }
        Self {
            links,
            decisions: Decisions::default(),
            users: Way::new(paths.user().clone()),
            businesses: vec![businesses],
            named_by: HashMap::new(),
            by_email: HashMap::new(),
            paths,
            gone: HashSet::new(),
            created: HashSet::new(),
        }
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            paths: &self.paths,
            links: &self.links,
            decisions: &self.decisions,
            already_linked: Code::AlreadyLinked,
            users: &self.users,
            businesses: &self.businesses,
            named_by: &self.named_by,
            by_email: &self.by_email,
            form: Form::Id,
            gone: &self.gone,
            created: &self.created,
            customers: HashMap::new(),
            has_users: true,
        }
    }

    /// What comes back of the booking of user 0, which is now `current`.
    fn back(&self, current: &RawDocument) -> Returned {
        self.ground().back(&before(), current).unwrap()
    }
}

/// The booking of user 0.
fn before() -> RawDocumentBuf {
    rawdoc! { "_id": 7, "userId": user(0), "serviceId": oid(4, 0), "status": "NEW" }
}

/// What the migration makes of it, for a customer.
fn migrated(number: u8) -> RawDocumentBuf {
    rawdoc! { "_id": 7, "serviceId": oid(4, 0), "status": "NEW", "customerId": customer(number) }
}

fn returned(document: RawDocumentBuf) -> Returned {
    Returned {
        document,
        changed: true,
        stays: false,
    }
}

#[test]
fn a_booking_that_nobody_touched_comes_back_byte_for_byte() {
    let world = World::new();
    for current in [before(), migrated(0)] {
        let back = world.back(&current);
        assert_eq!(back.document, before());
        assert!(!back.changed && !back.stays);
    }
}

#[test]
fn an_edit_of_the_application_is_carried_and_the_user_comes_back_in_its_place() {
    let current = rawdoc! { "_id": 7, "serviceId": oid(4, 0), "status": "PAID", "customerId": customer(0), "tip": 2 };
    assert_eq!(
        World::new().back(&current),
        returned(
            rawdoc! { "_id": 7, "userId": user(0), "serviceId": oid(4, 0), "status": "PAID", "tip": 2 }
        )
    );
}

#[test]
fn a_field_that_the_application_removed_stays_removed() {
    let current = rawdoc! { "_id": 7, "serviceId": oid(4, 0), "customerId": customer(0) };
    assert_eq!(
        World::new().back(&current),
        returned(rawdoc! { "_id": 7, "userId": user(0), "serviceId": oid(4, 0) })
    );
}

#[test]
fn a_booking_that_was_moved_to_another_customer_goes_to_its_first_user_who_is_there() {
    let with = |user| rawdoc! { "_id": 7, "userId": user, "serviceId": oid(4, 0), "status": "NEW" };
    let mut world = World::new();
    assert_eq!(world.back(&migrated(1)), returned(with(user(1))));
    world.gone.insert(id(user(1)));
    assert_eq!(world.back(&migrated(1)), returned(with(user(2))));
    world.gone.insert(id(user(2)));
    assert_eq!(world.back(&migrated(1)), returned(with(user(1))));
}

#[test]
fn a_merged_customers_booking_keeps_the_user_that_it_named() {
    let before = rawdoc! { "_id": 7, "userId": user(2), "serviceId": oid(4, 0), "status": "NEW" };
    let world = World::new();
    let back = world.ground().back(&before, &migrated(1)).unwrap();
    assert_eq!((back.document, back.changed), (before, false));
}

#[test]
fn a_user_that_was_named_as_text_is_named_as_text_again() {
    let before = rawdoc! { "_id": 7, "userId": user(0).to_hex(), "serviceId": oid(4, 0).to_hex(), "status": "NEW" };
    let current = rawdoc! { "_id": 7, "serviceId": oid(4, 0).to_hex(), "status": "OLD", "customerId": customer(0) };
    let back = World::new().ground().back(&before, &current).unwrap();
    assert_eq!(
        back.document,
        rawdoc! { "_id": 7, "userId": user(0).to_hex(), "serviceId": oid(4, 0).to_hex(), "status": "OLD" }
    );
}

#[test]
fn a_booking_of_a_customer_without_a_user_stays_with_its_user_unless_one_is_created() {
    let mut world = World::new();
    let back = world.back(&migrated(99));
    assert!(back.stays && back.changed);
    assert_eq!(back.document, before());
    world.created.insert(id(customer(99)));
    assert_eq!(
        world.back(&migrated(99)),
        returned(
            rawdoc! { "_id": 7, "userId": customer(99), "serviceId": oid(4, 0), "status": "NEW" }
        )
    );
}

#[test]
fn a_booking_that_was_moved_to_a_placeholder_names_what_its_bookings_named() {
    let world = World::new();
    assert_eq!(
        world.back(&migrated(2)),
        returned(rawdoc! { "_id": 7, "userId": user(8), "serviceId": oid(4, 0), "status": "NEW" })
    );
    assert_eq!(
        world.back(&migrated(5)),
        returned(rawdoc! { "_id": 7, "serviceId": oid(4, 0), "status": "NEW" })
    );
}

#[test]
fn a_booking_that_was_moved_to_an_existing_customer_keeps_it() {
    let with = |user: Option<ObjectId>, number| {
        let mut document = rawdoc! { "_id": 7 };
        if let Some(user) = user {
            document.append(cstr!("userId"), user);
        }
        document.append(cstr!("serviceId"), oid(4, 0));
        document.append(cstr!("status"), "NEW");
        document.append(cstr!("customerId"), customer(number));
        returned(document)
    };
    let world = World::new();
    assert_eq!(world.back(&migrated(3)), with(Some(user(3)), 3));
    assert_eq!(world.back(&migrated(4)), with(None, 4));
}

#[test]
fn a_booking_that_was_taken_from_its_customer_is_of_nobody() {
    let world = World::new();
    let missing = rawdoc! { "_id": 7, "serviceId": oid(4, 0), "status": "NEW" };
    assert_eq!(world.back(&missing), returned(missing.clone()));
    let mut null = missing;
    null.append(cstr!("customerId"), RawBson::Null);
    assert_eq!(
        world.back(&null),
        returned(
            rawdoc! { "_id": 7, "userId": RawBson::Null, "serviceId": oid(4, 0), "status": "NEW" }
        )
    );
}

#[test]
fn a_user_that_the_application_named_itself_is_kept() {
    let mut current = migrated(0);
    current.append(cstr!("userId"), user(5));
    assert_eq!(
        World::new().back(&current),
        returned(rawdoc! { "_id": 7, "userId": user(5), "serviceId": oid(4, 0), "status": "NEW" })
    );
}

#[test]
fn a_customer_that_was_kept_through_the_migration_stays_unless_it_was_relinked() {
    // This booking named the existing customer before, and the migration kept it.
    let mut before = before();
    before.append(cstr!("customerId"), customer(3));
    let kept = migrated(3);
    let mut world = World::new();
    let back = world.ground().back(&before, &kept).unwrap();
    assert_eq!((back.document, back.changed), (before.clone(), false));
    // Moved by the application to the customer that the migration would have made.
    let back = world.ground().back(&before, &migrated(0)).unwrap();
    assert_eq!(
        (back.document, back.changed),
        (
            rawdoc! { "_id": 7, "userId": user(0), "serviceId": oid(4, 0), "status": "NEW" },
            true
        )
    );
    // With this answer it was the migration that moved it.
    let key = ConflictKey {
        code: Code::AlreadyLinked,
        business: Some(id(oid(3, 0))),
        subjects: Vec::new(),
    };
    world
        .decisions
        .single
        .insert(key, Decision::new(Choice::Relink));
    let back = world.ground().back(&before, &migrated(0)).unwrap();
    assert_eq!((back.document, back.changed), (before, false));
}

#[test]
fn a_new_booking_names_the_user_of_its_customer() {
    let mut world = World::new();
    let new = |customer: RawBson| rawdoc! { "_id": 8, "customerId": customer, "a": 1 };
    let made = |world: &World, current: &RawDocumentBuf| world.ground().new_booking(current);
    let of = |user: ObjectId| Some(rawdoc! { "_id": 8, "a": 1, "userId": user });
    for (number, expected) in [
        (0, of(user(0))),
        (1, of(user(1))),
        (2, of(user(8))),
        (
            3,
            Some(rawdoc! { "_id": 8, "customerId": customer(3), "a": 1, "userId": user(3) }),
        ),
        (
            4,
            Some(rawdoc! { "_id": 8, "customerId": customer(4), "a": 1 }),
        ),
        (5, Some(rawdoc! { "_id": 8, "a": 1 })),
        (99, None),
    ] {
        let current = new(customer(number).into());
        assert_eq!(made(&world, &current).unwrap(), expected, "{number}");
    }
    world.created.insert(id(customer(99)));
    let current = new(customer(99).into());
    assert_eq!(made(&world, &current).unwrap(), of(customer(99)));
}

#[test]
fn a_new_booking_of_nobody_and_one_that_names_its_user_stay_as_they_are() {
    let world = World::new();
    let new = |document: RawDocumentBuf| {
        let made = world.ground().new_booking(&document).unwrap();
        (document, made)
    };
    let (document, made) = new(rawdoc! { "_id": 8, "customerId": RawBson::Null });
    assert_eq!(made, Some(document));
    let (document, made) = new(rawdoc! { "_id": 8 });
    assert_eq!(made, Some(document));
    // Of a merged customer, any of its users may be named, in either form.
    let named = rawdoc! { "_id": 8, "userId": user(2).to_hex(), "customerId": customer(1) };
    assert_eq!(
        new(named).1,
        Some(rawdoc! { "_id": 8, "userId": user(2).to_hex() })
    );
    // Of another user it is not.
    let stranger = rawdoc! { "_id": 8, "userId": user(0), "customerId": customer(1) };
    assert_eq!(
        new(stranger).1,
        Some(rawdoc! { "_id": 8, "userId": user(1) })
    );
}

#[test]
fn a_document_that_cannot_be_walked_is_an_error() {
    // The length of a text is beyond the document's end.
    let mut bytes = rawdoc! { "_id": 7, "a": "text" }.into_bytes();
    let at = bytes.len() - 10;
    bytes[at] = 200;
    let broken = RawDocumentBuf::from_bytes(bytes).unwrap();
    let world = World::new();
    assert!(world.ground().back(&before(), &broken).is_err());
    assert!(world.ground().back(&broken, &before()).is_err());
    assert!(world.ground().new_booking(&broken).is_err());
}
