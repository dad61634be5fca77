#![allow(clippy::unwrap_used)]
use bson::rawdoc;

use super::*;
use crate::domain::mapping::path::ReferencePath;
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::reference::Path;

fn with(users: Path, test: impl FnOnce(&Ground<'_>)) {
    with_mapping(&Mapping::parse(DEFAULT).unwrap(), users, test);
}

/// Customers `c1` and `c2` at `b1`, made from `u1` and `u2`, and `c9`, a placeholder for `p9`, which leads to a user who does not exist; `s1` is
/// a service of `b1`; `new` is a customer for whom a user is created.
fn with_mapping(mapping: &Mapping, users: Path, test: impl FnOnce(&Ground<'_>)) {
    let paths = BookingPaths::of(mapping);
    let mut links = Links::default();
    for (customer, user) in [("c1", "u1"), ("c2", "u2")] {
        let link =
            rawdoc! { "_id": customer, "kind": "created", "businessId": "b1", "users": [user] };
        links.take(mapping, &link).unwrap();
    }
    let nobody =
        rawdoc! { "_id": "c9", "kind": "placeholder", "businessId": "b1", "users": ["p9"] };
    links.take(mapping, &nobody).unwrap();
    let [mut users, mut businesses] = [users, paths.businesses()[0].clone()].map(Way::new);
    for (way, document) in [
        (&mut businesses, rawdoc! { "_id": "s1", "businessId": "b1" }),
        (&mut users, rawdoc! { "_id": "p1", "userId": "u1" }),
    ] {
        for read in way.reads() {
            way.take(&read, &document, as_named);
        }
    }
    for read in users.reads() {
        users.take(&read, &rawdoc! { "_id": "p9", "userId": "u9" }, as_named);
    }
    let businesses = [businesses];
    let named_by = users.backwards();
    let named_by = named_by.map(|(user, name)| (user.canonical(), name.clone()));
    test(&Ground {
        named_by: &named_by.collect(),
        by_email: &HashMap::new(),
        form: Form::Id,
        paths: &paths,
        links: &links,
        decisions: &Decisions::default(),
        already_linked: Code::AlreadyLinked,
        users: &users,
        businesses: &businesses,
        gone: &HashSet::new(),
        created: &HashSet::from([Id::string("new")]),
        customers: HashMap::new(),
        has_users: true,
    });
}

fn direct(test: impl FnOnce(&Ground<'_>)) {
    with(Path::field("userId"), test);
}

fn before() -> RawDocumentBuf {
    rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1", "price": 5 }
}

#[test]
fn a_booking_that_nobody_touched_comes_back_byte_for_byte() {
    let migrated = rawdoc! { "_id": 1, "serviceId": "s1", "price": 5, "customerId": "c1" };
    direct(|ground| {
        let back = ground.back(&before(), &migrated).unwrap();
        assert_eq!(
            (back.document, back.changed, back.stays),
            (before(), false, false)
        );
    });
}

#[test]
fn what_the_application_changed_is_carried_and_the_user_stands_where_it_stood() {
    for (customer, user) in [("c1", "u1"), ("c2", "u2"), ("new", "new")] {
        let current = rawdoc! { "_id": 1, "serviceId": "s1", "price": 6, "customerId": customer, "paid": true };
        let expected =
            rawdoc! { "_id": 1, "userId": user, "serviceId": "s1", "price": 6, "paid": true };
        direct(|ground| {
            let back = ground.back(&before(), &current).unwrap();
            assert_eq!(
                (back.document, back.changed, back.stays),
                (expected, true, false)
            );
        });
    }
}

#[test]
fn a_booking_moved_to_a_customer_without_a_user_stays_with_its_own_user() {
    let current = rawdoc! { "_id": 1, "serviceId": "s1", "price": 5, "customerId": "unknown" };
    direct(|ground| {
        let back = ground.back(&before(), &current).unwrap();
        assert_eq!(
            (back.document, back.changed, back.stays),
            (before(), true, true)
        );
    });
}

#[test]
fn a_new_booking_gets_its_customers_user_or_is_left_behind() {
    let of = |customer: &str| rawdoc! { "_id": 2, "customerId": customer, "serviceId": "s1" };
    direct(|ground| {
        for (customer, user) in [("c1", "u1"), ("new", "new")] {
            let expected = rawdoc! { "_id": 2, "serviceId": "s1", "userId": user };
            assert_eq!(ground.new_booking(&of(customer)).unwrap(), Some(expected));
        }
        assert_eq!(ground.new_booking(&of("unknown")).unwrap(), None);
        let nobody = rawdoc! { "_id": 2, "serviceId": "s1", "customerId": null };
        assert_eq!(ground.new_booking(&nobody).unwrap(), Some(nobody));
    });
}

#[test]
fn the_user_of_a_booking_is_the_one_at_the_end_of_its_path() {
    let path = Path::of(&ReferencePath::parse("userId > Profile.userId").unwrap());
    with(path, |ground| {
        let user = |named: &str| {
            let booking = rawdoc! { "_id": 1, "userId": named };
            ground.user_of(&ground.paths.read(&booking).user)
        };
        assert_eq!(user("p1"), Some(Id::string("u1")));
        assert_eq!(user("gone"), Some(Id::string("gone")), "what names nobody");
    });
}

#[test]
fn over_a_document_between_a_booking_gets_that_of_its_customers_user_or_is_left_behind() {
    let path = Path::of(&ReferencePath::parse("userId > Profile.userId").unwrap());
    with(path, |ground| {
        let of = |customer: &str| rawdoc! { "_id": 2, "customerId": customer, "serviceId": "s1" };
        let expected = rawdoc! { "_id": 2, "serviceId": "s1", "userId": "p1" };
        assert_eq!(ground.new_booking(&of("c1")).unwrap(), Some(expected));
        for without_profile in ["c2", "new"] {
            assert_eq!(ground.new_booking(&of(without_profile)).unwrap(), None);
        }
    });
}

#[test]
fn over_a_document_that_leads_to_nobody_a_booking_comes_back_byte_for_byte_whatever_its_customer_field_held()
 {
    let path = Path::of(&ReferencePath::parse("userId > Profile.userId").unwrap());
    let plain = Mapping::parse(DEFAULT).unwrap();
    let (mut keep, mut in_place) = (plain.clone(), plain.clone());
    keep.booking.following.keep = true;
    in_place.booking.following.in_place = true;
    "userId".clone_into(&mut in_place.booking.following.customer);
    let originals = [
        rawdoc! { "_id": 1, "userId": "p9", "serviceId": "s1" },
        rawdoc! { "_id": 1, "userId": "p9", "customerId": null, "serviceId": "s1" },
        rawdoc! { "_id": 1, "customerId": "foreign", "userId": "p9", "serviceId": "s1" },
        rawdoc! { "_id": 1, "userId": "p9", "serviceId": "s1", "customerId": [] },
    ];
    let customer = rawdoc! { "is": "c9" };
    let customer = get(&customer, "is").unwrap();
    for mapping in [&plain, &keep, &in_place] {
        for original in &originals {
            with_mapping(mapping, path.clone(), |ground| {
                let migrated = ground.paths.pointed_at(original, customer).unwrap();
                let back = ground.back(original, &migrated).unwrap();
                assert!(!back.changed, "{original:?}");
                assert_eq!(back.document, *original);
            });
        }
    }
}
