//! What rules make of documents, one case each.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::schema_change::rules::Constant;
use bson::oid::ObjectId;
use bson::{DateTime, rawdoc};

fn rules() -> Vec<Rule> {
    let write = |field: &str, value| Rule::Write {
        field: field.to_owned(),
        value,
    };
    vec![
        Rule::Rename {
            from: "startTime".to_owned(),
            to: "starts_at".to_owned(),
        },
        write("isActive", Written::Constant(Constant::Boolean(true))),
        write("tags", Written::Constant(Constant::List(Vec::new()))),
        write(
            "updatedAt",
            Written::FirstOf(vec![Place::Date("createdAt".to_owned()), Place::TimeOfId]),
        ),
        Rule::Convert {
            field: "price".to_owned(),
            to: Native::Int,
            all: true,
            from: None,
        },
    ]
}

#[test]
fn two_fields_change_names_and_three_go_in_a_circle_and_one_in_the_way_is_told() {
    let rename = |from: &str, to: &str| Rule::Rename {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let rules = [rename("x", "y"), rename("y", "z"), rename("z", "x")];
    let swap = [rename("x", "y"), rename("y", "x")];
    let chain = [rename("x", "y"), rename("y", "z")];
    let full = rawdoc! { "_id": 1, "x": 1, "n": 0, "y": 2, "z": 3 };
    let of = |rules: &[Rule], before: &RawDocument| {
        let shaped = Shape::new(rules, &Minutes::default()).of(before).unwrap();
        (shaped.document, shaped.occupied)
    };
    let after = rawdoc! { "_id": 1, "y": 1, "n": 0, "z": 2, "x": 3 };
    assert_eq!(of(&rules, &full), (after, false));
    let after = rawdoc! { "_id": 1, "y": 1, "n": 0, "x": 2, "z": 3 };
    assert_eq!(of(&swap, &full), (after, false));
    assert_eq!(of(&chain, &full), (full.clone(), true));
    let after = rawdoc! { "_id": 1, "y": 1, "z": 2 };
    assert_eq!(
        of(&chain, &rawdoc! { "_id": 1, "x": 1, "y": 2 }),
        (after, false)
    );
    let change = CollectionChange {
        model: "Room".to_owned(),
        to: "Room".to_owned(),
        sets_aside: false,
        copy: true,
        own_step: false,
        rules: swap.to_vec(),
        indexes: Vec::new(),
        minutes: Minutes::default(),
    };
    let known = crate::domain::schema_change::undo::Known::Document(&full);
    assert_eq!(change.undo(&of(&swap, &full).0, known).unwrap(), full);
}

#[test]
fn names_and_types_change_in_their_place_and_what_is_missing_comes_last() {
    let at = DateTime::from_millis(7_000);
    let before = rawdoc! {
        "_id": 1, "startTime": "x", "isActive": null, "price": 5.0, "note": 1.5, "createdAt": at,
    };
    let shaped = Shape::new(&rules(), &Minutes::default())
        .of(&before)
        .unwrap();
    let expected = rawdoc! {
        "_id": 1, "starts_at": "x", "isActive": true, "price": 5, "note": 1.5, "createdAt": at, "tags": [], "updatedAt": at,
    };
    assert_eq!(shaped.document, expected);
    assert!(!shaped.occupied);
    let mut did = shaped.did;
    did.sort_unstable();
    assert_eq!(did, [0, 1, 2, 3, 4]);
    // What is as it must be stays byte for byte.
    let again = Shape::new(&rules(), &Minutes::default())
        .of(&expected)
        .unwrap();
    assert_eq!((again.document, again.did.len()), (expected, 0));
}

#[test]
fn a_date_comes_from_the_id_where_nothing_else_has_one_and_is_never_invented() {
    let id = ObjectId::parse_str("000000070000000000000000").unwrap();
    let shaped = Shape::new(&rules(), &Minutes::default())
        .of(&rawdoc! { "_id": id })
        .unwrap();
    let updated = get(&shaped.document, "updatedAt").unwrap();
    assert_eq!(updated.as_date(), Some(7_000));
    let shaped = Shape::new(&rules(), &Minutes::default())
        .of(&rawdoc! { "_id": "text" })
        .unwrap();
    assert_eq!(get(&shaped.document, "updatedAt"), None);
    let derived = ObjectId::from_bytes([0; 12]);
    let shaped = Shape::new(&rules(), &Minutes::default()).of(&rawdoc! { "_id": derived });
    assert_eq!(get(&shaped.unwrap().document, "updatedAt"), None);
}

#[test]
fn a_name_that_is_taken_is_said_and_nothing_is_overwritten() {
    let before = rawdoc! { "_id": 1, "startTime": "x", "starts_at": "y", "isActive": true, "tags": [], "updatedAt": DateTime::MIN };
    let shaped = Shape::new(&rules(), &Minutes::default())
        .of(&before)
        .unwrap();
    assert!(shaped.occupied);
    assert_eq!(shaped.document, before);
}

fn within(rules: Vec<Rule>) -> Rule {
    let field = "address".to_owned();
    Rule::Within { field, rules }
}

#[test]
fn rules_hold_within_a_composite_and_within_each_of_a_list() {
    let rename = Rule::Rename {
        from: "zip".to_owned(),
        to: "postcode".to_owned(),
    };
    let number = Rule::Convert {
        field: "floor".to_owned(),
        to: Native::Int,
        all: true,
        from: None,
    };
    let country = Rule::Write {
        field: "country".to_owned(),
        value: Written::Constant(Constant::Text("NL".to_owned())),
    };
    let each = [rename, number, country].map(|rule| within(vec![rule]));
    let one = rawdoc! { "zip": "1", "floor": 2.0 };
    let becomes = rawdoc! { "postcode": "1", "floor": 2, "country": "NL" };
    let before = rawdoc! { "_id": 1, "address": one.clone(), "x": 1 };
    let after = rawdoc! { "_id": 1, "address": becomes.clone(), "x": 1 };
    let list = rawdoc! { "_id": 1, "address": [one, "odd", becomes.clone()] };
    let listed = rawdoc! { "_id": 1, "address": [becomes.clone(), "odd", becomes] };
    let apart = each.to_vec();
    let together = Rule::together(apart.clone());
    assert_eq!(together.len(), 1);
    for rules in [apart, together] {
        let shape = Shape::new(&rules, &Minutes::default());
        let shaped = shape.of(&before).unwrap();
        assert_eq!(
            (shaped.document, shaped.did.len()),
            (after.clone(), rules.len())
        );
        assert_eq!(shape.of(&list).unwrap().document, listed);
        assert_eq!(shape.of(&after).unwrap().did.len(), 0);
        let nothing = rawdoc! { "_id": 1, "address": null };
        assert_eq!(shape.of(&nothing).unwrap().document, nothing);
    }
}

#[test]
fn a_date_plus_minutes_is_written_where_both_are_known() {
    use crate::domain::id::Id;
    let place = ("Service".to_owned(), "duration".to_owned());
    let long: crate::domain::map::Map<Id, i64> = [(Id::string("cut").canonical(), 1_800_000)]
        .into_iter()
        .collect();
    let minutes = Minutes::of([(place.clone(), long)].into());
    let rules = [Rule::Write {
        field: "endsAt".to_owned(),
        value: Written::FirstOf(vec![Place::Later {
            date: "startsAt".to_owned(),
            by: "serviceId".to_owned(),
            minutes: place,
        }]),
    }];
    let shape = Shape::new(&rules, &minutes);
    let at = DateTime::from_millis(7_000);
    let booking = rawdoc! { "_id": 1, "startsAt": at, "serviceId": "cut" };
    let shaped = shape.of(&booking).unwrap().document;
    assert_eq!(get(&shaped, "endsAt").unwrap().as_date(), Some(1_807_000));
    for without in [
        rawdoc! { "_id": 1, "startsAt": at, "serviceId": "gone" },
        rawdoc! { "_id": 1, "startsAt": at },
        rawdoc! { "_id": 1, "serviceId": "cut" },
    ] {
        assert_eq!(shape.of(&without).unwrap().document, without);
    }
}
