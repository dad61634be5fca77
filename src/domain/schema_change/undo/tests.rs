//! What documents were before the rules, one case each.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::schema_change::convert::Native;
use crate::domain::schema_change::rules::Constant;
use crate::domain::schema_change::shape::Shape;
use crate::domain::survivorship::field_digest;
use bson::{DateTime, rawdoc};

fn change() -> CollectionChange {
    let write = |field: &str, value| Rule::Write {
        field: field.to_owned(),
        value,
    };
    CollectionChange {
        model: "Booking".to_owned(),
        to: "bookings".to_owned(),
        sets_aside: false,
        copy: true,
        own_step: false,
        rules: vec![
            Rule::Rename {
                from: "startTime".to_owned(),
                to: "starts_at".to_owned(),
            },
            write("isActive", Written::Constant(Constant::Boolean(true))),
            write(
                "updatedAt",
                Written::FirstOf(vec![Place::Date("starts_at".to_owned())]),
            ),
            Rule::Convert {
                field: "price".to_owned(),
                to: Native::Int,
                all: true,
                from: None,
            },
            Rule::Convert {
                field: "owner".to_owned(),
                to: Native::ObjectId,
                all: false,
                from: None,
            },
        ],
        indexes: Vec::new(),
        minutes: Minutes::default(),
    }
}

fn within() -> CollectionChange {
    let rules = vec![
        Rule::Rename {
            from: "zip".to_owned(),
            to: "postcode".to_owned(),
        },
        Rule::Convert {
            field: "floor".to_owned(),
            to: Native::Int,
            all: true,
            from: None,
        },
        Rule::Write {
            field: "country".to_owned(),
            value: Written::Constant(Constant::Text("NL".to_owned())),
        },
    ];
    let field = "address".to_owned();
    CollectionChange {
        rules: vec![Rule::Within { field, rules }],
        ..change()
    }
}

#[test]
fn every_byte_of_a_composite_comes_back_and_of_a_list_of_them() {
    let bare = rawdoc! { "zip": "1", "floor": 2.0 };
    let empty = rawdoc! { "country": null, "zip": "1", "floor": 2_i64 };
    let full = rawdoc! { "country": "NL", "floor": 3 };
    for before in [
        rawdoc! { "_id": 1, "address": bare.clone() },
        rawdoc! { "_id": 1, "address": empty.clone(), "x": 1 },
        rawdoc! { "_id": 1, "address": [bare, "odd", empty, full.clone()] },
        rawdoc! { "_id": 1, "address": full },
        rawdoc! { "_id": 1, "address": null },
    ] {
        let change = within();
        let shape = Shape::new(&change.rules, &Minutes::default());
        let shaped = shape.of(&before).unwrap().document;
        let undone = change.undo(&shaped, Known::Document(&before)).unwrap();
        assert_eq!(undone, before);
    }
}

#[test]
fn a_digest_tells_whether_a_made_document_had_a_member_of_its_composite() {
    let change = within();
    let shape = Shape::new(&change.rules, &Minutes::default());
    for address in [
        rawdoc! { "zip": "1" },
        rawdoc! { "zip": "1", "country": "NL" },
    ] {
        let before = rawdoc! { "_id": 1, "address": address };
        let id = Id::from_value(get(&before, "_id").unwrap());
        let of_address = elements(&before).nth(1).unwrap().unwrap();
        let mut made = Builder::new(64);
        made.digest(b"address", field_digest(&id, &of_address));
        let made = made.finish();
        let shaped = shape.of(&before).unwrap().document;
        let undone = change.undo(&shaped, Known::Fields(&made, None)).unwrap();
        assert_eq!(undone, before);
    }
}

#[test]
fn every_byte_comes_back() {
    let at = DateTime::from_millis(7_000);
    for before in [
        rawdoc! { "_id": 1, "startTime": at, "isActive": null, "price": 5.0, "x": 1 },
        rawdoc! { "_id": 1, "startTime": at, "price": 5_i64, "owner": "65a000000000000000000001" },
        rawdoc! { "_id": 1, "isActive": false, "updatedAt": at, "price": [1.0, 2, 3_i64] },
        rawdoc! { "_id": 1, "price": 49.99, "owner": "abc" },
    ] {
        let change = change();
        let shaped = Shape::new(&change.rules, &Minutes::default())
            .of(&before)
            .unwrap()
            .document;
        let undone = change.undo(&shaped, Known::Document(&before)).unwrap();
        assert_eq!(undone, before);
    }
}

#[test]
fn what_the_application_changed_stays_as_the_type_of_before_where_nothing_is_lost() {
    let at = DateTime::from_millis(7_000);
    let before =
        rawdoc! { "_id": 1, "startTime": at, "price": 5.0, "owner": "65a000000000000000000001" };
    let new = bson::oid::ObjectId::from_bytes([1; 12]);
    let current = rawdoc! { "_id": 1, "starts_at": at, "price": 6, "owner": new, "isActive": false, "updatedAt": DateTime::MAX };
    let undone = change().undo(&current, Known::Document(&before)).unwrap();
    assert_eq!(
        undone,
        rawdoc! { "_id": 1, "startTime": at, "price": 6.0, "owner": new.to_hex(), "isActive": false, "updatedAt": DateTime::MAX }
    );
}

#[test]
fn a_new_document_keeps_what_it_has_under_the_old_names() {
    let at = DateTime::from_millis(7_000);
    let current = rawdoc! { "_id": 1, "starts_at": at, "price": 6, "isActive": true };
    let undone = change().undo(&current, Known::Nothing).unwrap();
    assert_eq!(
        undone,
        rawdoc! { "_id": 1, "startTime": at, "price": 6, "isActive": true }
    );
}

#[test]
fn of_a_made_document_only_what_it_was_not_made_with_is_taken_out() {
    let current = rawdoc! { "_id": 1, "name": "a", "isActive": true };
    let made = rawdoc! { "name": 1 };
    let undone = change().undo(&current, Known::Fields(&made, None)).unwrap();
    assert_eq!(undone, rawdoc! { "_id": 1, "name": "a" });
    let made = rawdoc! { "name": 1, "isActive": 2 };
    let undone = change().undo(&current, Known::Fields(&made, None)).unwrap();
    assert_eq!(undone, current);
}
