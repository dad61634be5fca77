#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::mapping::DEFAULT;
use bson::{RawDocumentBuf, rawdoc};

fn paths() -> BookingPaths {
    BookingPaths::of(&Mapping::parse(DEFAULT).unwrap())
}

/// The documents' elements one after another: repeated keys stay.
fn joined(documents: &[RawDocumentBuf]) -> RawDocumentBuf {
    let mut out = Builder::new(0);
    for element in documents.iter().flat_map(|it| elements(it)) {
        out.element(&element.unwrap());
    }
    out.finish()
}

#[test]
fn a_booking_says_its_references_in_any_order_of_its_fields() {
    let created = bson::DateTime::from_millis(7);
    let fields = [
        rawdoc! { "createdAt": created },
        rawdoc! { "serviceId": "s" },
        rawdoc! { "note": { "userId": "not this one" } },
        rawdoc! { "customerId": "c" },
        rawdoc! { "_id": "b" },
        rawdoc! { "userId": "u" },
    ];
    let mut backwards = fields.clone();
    backwards.reverse();
    let said = paths().read(&joined(&fields));
    assert_eq!(said, paths().read(&joined(&backwards)));
    assert_eq!(said.id, Some(Id::string("b")));
    assert_eq!(said.user.named(), Some(&Id::string("u")));
    assert_eq!(said.business.named(), Some(&Id::string("s")));
    assert_eq!(said.customer, Some(Id::string("c")));
    assert_eq!(said.created, Some(7));
}

#[test]
fn what_is_missing_or_null_is_no_reference() {
    for booking in [
        rawdoc! { "_id": "b" },
        rawdoc! { "_id": "b", "userId": null, "serviceId": null, "customerId": null, "createdAt": null },
    ] {
        let only_id = References {
            id: Some(Id::string("b")),
            ..References::default()
        };
        assert_eq!(paths().read(&booking), only_id, "{booking:?}");
    }
}

#[test]
fn of_a_repeated_field_the_first_one_is_read_and_all_of_them_leave() {
    let twice = joined(&[
        rawdoc! { "_id": "b", "userId": null, "a": 1 },
        rawdoc! { "userId": "u", "customerId": "c" },
        rawdoc! { "customerId": "d" },
    ]);
    let said = paths().read(&twice);
    assert_eq!(said.user.named(), None);
    assert_eq!(said.customer, Some(Id::string("c")));
    let kept = paths().without_user(&twice, false).unwrap().finish();
    let customers = joined(&[
        rawdoc! { "_id": "b", "a": 1, "customerId": "c" },
        rawdoc! { "customerId": "d" },
    ]);
    assert_eq!(kept, customers);
    let bare = paths().without_user(&twice, true).unwrap().finish();
    assert_eq!(bare, rawdoc! { "_id": "b", "a": 1 });
}

#[test]
fn a_booking_names_again_the_user_that_it_named() {
    let booking = rawdoc! { "_id": "b", "userId": "u" };
    let mut back = paths().without_user(&booking, true).unwrap();
    back.whole(&paths().naming(Id::string("u").value(), &crate::domain::reference::Form::Id));
    assert_eq!(back.finish(), booking);
    let mapping =
        Mapping::parse(&DEFAULT.replace("user = \"userId\"\nservice", "user = \"guest\"\nservice"));
    assert_eq!(leaving(&mapping.unwrap()), "guest");
}
