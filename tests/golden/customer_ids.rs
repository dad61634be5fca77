//! Customer ids, as literal text. They stand in databases that were migrated, in rehearsals and in what applications keep: they never change.
//! The expected text was computed by another program from the rule alone.

use ringfence::domain::customer_id::{
    IdKind, customer_id, customer_of_guest, guest_of, placeholder_id,
};
use ringfence::domain::id::Id;

fn id(text: &str) -> Id {
    Id::parse(text).unwrap_or_else(|| panic!("no id: {text}"))
}

fn user(word: &str) -> Id {
    id(match word {
        "object" => "65a1b2c3d4e5f60718293a4b",
        "uuid" => "uuid:6f1c2d3e-4a5b-4c6d-8e7f-901a2b3c4d5e",
        "string" => "\"clk3x9v2h0000qw08\"",
        "int32" => "bson:10:29000000",
        "int64" => "int:41",
        "null" => "bson:0a:",
        _ => panic!("{word}"),
    })
}

fn business(word: &str) -> Id {
    id(match word {
        "object" => "64f0000000000000000000b1",
        "uuid" => "uuid:0b1e5c77-1111-4222-8333-444455556666",
        "string" => "\"salon-näh\"",
        "int32" => "bson:10:07000000",
        _ => panic!("{word}"),
    })
}

fn kind(word: &str) -> IdKind {
    match word {
        "object" => IdKind::ObjectId,
        "uuid" => IdKind::Uuid,
        "string" => IdKind::String,
        _ => panic!("{word}"),
    }
}

/// Business, user, the usual type of user ids, and the id.
const OF_USERS: &[(&str, &str, &str, &str)] = &[
    ("object", "object", "object", "65a1b2c3091540484ec66fe2"),
    (
        "object",
        "uuid",
        "uuid",
        "uuid:9a40939f-4d5d-8ba6-a8dd-f94c20238c0f",
    ),
    ("object", "string", "string", "\"2216f05490360df1d9ab37a1\""),
    ("object", "int32", "object", "00000000f9d9bc0a13f04b9b"),
    (
        "object",
        "int32",
        "uuid",
        "uuid:f9d9bc0a-13f0-8b9b-8dd6-1ffa0275d082",
    ),
    ("object", "int32", "string", "\"f9d9bc0a13f04b9bcdd61ffa\""),
    ("object", "int64", "object", "0000000013c78c6a4298e8bc"),
    (
        "object",
        "int64",
        "uuid",
        "uuid:13c78c6a-4298-88bc-bfd8-e590a19f4604",
    ),
    ("object", "int64", "string", "\"13c78c6a4298e8bcbfd8e590\""),
    ("object", "null", "object", "000000001070ab7e7a841588"),
    (
        "object",
        "null",
        "uuid",
        "uuid:1070ab7e-7a84-8588-9470-0d621d0e84de",
    ),
    ("object", "null", "string", "\"1070ab7e7a841588d4700d62\""),
    ("uuid", "object", "object", "65a1b2c3cbbffa28edcc6b93"),
    (
        "uuid",
        "uuid",
        "uuid",
        "uuid:31eaecdb-d408-835b-9c2e-b9fc44df5cee",
    ),
    ("uuid", "string", "string", "\"0de588d082360156809b3323\""),
    ("uuid", "int32", "object", "00000000fbadacaa8db4ad75"),
    (
        "uuid",
        "int32",
        "uuid",
        "uuid:fbadacaa-8db4-8d75-8193-95c059e2dc3b",
    ),
    ("uuid", "int32", "string", "\"fbadacaa8db4ad75819395c0\""),
    ("uuid", "int64", "object", "000000004e2e6a84e92e83f4"),
    (
        "uuid",
        "int64",
        "uuid",
        "uuid:4e2e6a84-e92e-83f4-b1d2-8a34e4881d6b",
    ),
    ("uuid", "int64", "string", "\"4e2e6a84e92e83f4f1d28a34\""),
    ("uuid", "null", "object", "0000000025fbab8619b486b9"),
    (
        "uuid",
        "null",
        "uuid",
        "uuid:25fbab86-19b4-86b9-a768-fc6a4138a932",
    ),
    ("uuid", "null", "string", "\"25fbab8619b486b92768fc6a\""),
    ("string", "object", "object", "65a1b2c33357a47c8b313e9d"),
    (
        "string",
        "uuid",
        "uuid",
        "uuid:75342a7f-09d7-81f2-a5ab-6cacf5a5af28",
    ),
    ("string", "string", "string", "\"9ddce471df3539a45fdc765b\""),
    ("string", "int32", "object", "0000000099f0efae7c6d15ea"),
    (
        "string",
        "int32",
        "uuid",
        "uuid:99f0efae-7c6d-85ea-a33f-bf8272750bc9",
    ),
    ("string", "int32", "string", "\"99f0efae7c6d15ea633fbf82\""),
    ("string", "int64", "object", "000000007b4db7bee3d774f3"),
    (
        "string",
        "int64",
        "uuid",
        "uuid:7b4db7be-e3d7-84f3-a802-bdff5b5a19ef",
    ),
    ("string", "int64", "string", "\"7b4db7bee3d774f36802bdff\""),
    ("string", "null", "object", "000000005b23995bcebee3d5"),
    (
        "string",
        "null",
        "uuid",
        "uuid:5b23995b-cebe-83d5-907f-836053e8cbb5",
    ),
    ("string", "null", "string", "\"5b23995bcebee3d5907f8360\""),
    ("int32", "object", "object", "65a1b2c3bd61ed5d5c9b723b"),
    (
        "int32",
        "uuid",
        "uuid",
        "uuid:d0b11c7d-1577-8515-9fe8-dd52c4682d63",
    ),
    ("int32", "string", "string", "\"ee4f02efda369a330d0d9ab5\""),
    ("int32", "int32", "object", "00000000586dbedd224fe14d"),
    (
        "int32",
        "int32",
        "uuid",
        "uuid:586dbedd-224f-814d-826b-b5a2022f13c1",
    ),
    ("int32", "int32", "string", "\"586dbedd224fe14d426bb5a2\""),
    ("int32", "int64", "object", "0000000019abd4607b4018e3"),
    (
        "int32",
        "int64",
        "uuid",
        "uuid:19abd460-7b40-88e3-b7da-7080de8b3ce7",
    ),
    ("int32", "int64", "string", "\"19abd4607b4018e3b7da7080\""),
    ("int32", "null", "object", "000000001f96d09dfa55c3db"),
    (
        "int32",
        "null",
        "uuid",
        "uuid:1f96d09d-fa55-83db-8379-8de3075c83c6",
    ),
    ("int32", "null", "string", "\"1f96d09dfa55c3db43798de3\""),
];

/// Business, the user that is missing, the usual type of user ids, and the id.
const OF_MISSING_USERS: &[(&str, &str, &str, &str)] = &[
    ("object", "object", "object", "65a1b2c3091540484ec66fe2"),
    (
        "object",
        "object",
        "uuid",
        "uuid:09154048-4ec6-8fe2-af91-edf09e3f68c2",
    ),
    ("object", "object", "string", "\"091540484ec66fe26f91edf0\""),
    ("object", "uuid", "object", "000000009a40939f4d5d1ba6"),
    (
        "object",
        "uuid",
        "uuid",
        "uuid:9a40939f-4d5d-8ba6-a8dd-f94c20238c0f",
    ),
    ("object", "uuid", "string", "\"9a40939f4d5d1ba668ddf94c\""),
    ("object", "string", "object", "000000002216f05490360df1"),
    (
        "object",
        "string",
        "uuid",
        "uuid:2216f054-9036-8df1-99ab-37a138b5a890",
    ),
    ("object", "string", "string", "\"2216f05490360df1d9ab37a1\""),
    ("object", "int32", "object", "00000000f9d9bc0a13f04b9b"),
    (
        "object",
        "int32",
        "uuid",
        "uuid:f9d9bc0a-13f0-8b9b-8dd6-1ffa0275d082",
    ),
    ("object", "int32", "string", "\"f9d9bc0a13f04b9bcdd61ffa\""),
    ("uuid", "object", "object", "65a1b2c3cbbffa28edcc6b93"),
    (
        "uuid",
        "object",
        "uuid",
        "uuid:cbbffa28-edcc-8b93-982e-13646c47c4c7",
    ),
    ("uuid", "object", "string", "\"cbbffa28edcc6b93582e1364\""),
    ("uuid", "uuid", "object", "0000000031eaecdbd408335b"),
    (
        "uuid",
        "uuid",
        "uuid",
        "uuid:31eaecdb-d408-835b-9c2e-b9fc44df5cee",
    ),
    ("uuid", "uuid", "string", "\"31eaecdbd408335b5c2eb9fc\""),
    ("uuid", "string", "object", "000000000de588d082360156"),
    (
        "uuid",
        "string",
        "uuid",
        "uuid:0de588d0-8236-8156-809b-332333467cdc",
    ),
    ("uuid", "string", "string", "\"0de588d082360156809b3323\""),
    ("uuid", "int32", "object", "00000000fbadacaa8db4ad75"),
    (
        "uuid",
        "int32",
        "uuid",
        "uuid:fbadacaa-8db4-8d75-8193-95c059e2dc3b",
    ),
    ("uuid", "int32", "string", "\"fbadacaa8db4ad75819395c0\""),
    ("string", "object", "object", "65a1b2c33357a47c8b313e9d"),
    (
        "string",
        "object",
        "uuid",
        "uuid:3357a47c-8b31-8e9d-8d48-bc8a6b0450e1",
    ),
    ("string", "object", "string", "\"3357a47c8b313e9d0d48bc8a\""),
    ("string", "uuid", "object", "0000000075342a7f09d741f2"),
    (
        "string",
        "uuid",
        "uuid",
        "uuid:75342a7f-09d7-81f2-a5ab-6cacf5a5af28",
    ),
    ("string", "uuid", "string", "\"75342a7f09d741f225ab6cac\""),
    ("string", "string", "object", "000000009ddce471df3539a4"),
    (
        "string",
        "string",
        "uuid",
        "uuid:9ddce471-df35-89a4-9fdc-765bf77d0a75",
    ),
    ("string", "string", "string", "\"9ddce471df3539a45fdc765b\""),
    ("string", "int32", "object", "0000000099f0efae7c6d15ea"),
    (
        "string",
        "int32",
        "uuid",
        "uuid:99f0efae-7c6d-85ea-a33f-bf8272750bc9",
    ),
    ("string", "int32", "string", "\"99f0efae7c6d15ea633fbf82\""),
    ("int32", "object", "object", "65a1b2c3bd61ed5d5c9b723b"),
    (
        "int32",
        "object",
        "uuid",
        "uuid:bd61ed5d-5c9b-823b-a9b7-c3462e090b53",
    ),
    ("int32", "object", "string", "\"bd61ed5d5c9b723ba9b7c346\""),
    ("int32", "uuid", "object", "00000000d0b11c7d15775515"),
    (
        "int32",
        "uuid",
        "uuid",
        "uuid:d0b11c7d-1577-8515-9fe8-dd52c4682d63",
    ),
    ("int32", "uuid", "string", "\"d0b11c7d157755155fe8dd52\""),
    ("int32", "string", "object", "00000000ee4f02efda369a33"),
    (
        "int32",
        "string",
        "uuid",
        "uuid:ee4f02ef-da36-8a33-8d0d-9ab5550ffe4c",
    ),
    ("int32", "string", "string", "\"ee4f02efda369a330d0d9ab5\""),
    ("int32", "int32", "object", "00000000586dbedd224fe14d"),
    (
        "int32",
        "int32",
        "uuid",
        "uuid:586dbedd-224f-814d-826b-b5a2022f13c1",
    ),
    ("int32", "int32", "string", "\"586dbedd224fe14d426bb5a2\""),
];

/// Business, the usual type of user ids, and the id.
const OF_NOBODY: &[(&str, &str, &str)] = &[
    ("object", "object", "0000000010507f0afcc33a8a"),
    (
        "object",
        "uuid",
        "uuid:10507f0a-fcc3-8a8a-88c0-5ffd7bd8eb23",
    ),
    ("object", "string", "\"10507f0afcc33a8a88c05ffd\""),
    ("uuid", "object", "00000000949910eff6676eea"),
    ("uuid", "uuid", "uuid:949910ef-f667-8eea-a03f-56e30e565bc7"),
    ("uuid", "string", "\"949910eff6676eeaa03f56e3\""),
    ("string", "object", "000000008b5ccbcb9e8893fe"),
    (
        "string",
        "uuid",
        "uuid:8b5ccbcb-9e88-83fe-81bb-e0a490d8c71d",
    ),
    ("string", "string", "\"8b5ccbcb9e8893fec1bbe0a4\""),
    ("int32", "object", "00000000207a6dc53104afd0"),
    ("int32", "uuid", "uuid:207a6dc5-3104-8fd0-891c-83000c4a7b5b"),
    ("int32", "string", "\"207a6dc53104afd0091c8300\""),
];

#[test]
fn a_customer_of_a_user_has_the_id_that_it_always_had() {
    for (of, who, usual, expected) in OF_USERS {
        let found = customer_id(&business(of), &user(who), kind(usual));
        assert_eq!(found.to_string(), *expected, "{of}, {who}, {usual}");
    }
}

#[test]
fn the_usual_type_is_not_asked_where_the_users_id_can_carry_one() {
    for (of, who, usual, expected) in OF_USERS.iter().filter(|(_, who, usual, _)| who == usual) {
        for other in ["object", "uuid", "string"] {
            let found = customer_id(&business(of), &user(who), kind(other));
            assert_eq!(
                found.to_string(),
                *expected,
                "{of}, {who}, {usual}, {other}"
            );
        }
    }
}

#[test]
fn a_placeholder_of_a_missing_user_has_the_id_that_it_always_had() {
    for (of, who, usual, expected) in OF_MISSING_USERS {
        let found = placeholder_id(&business(of), Some(&user(who)), kind(usual));
        assert_eq!(found.to_string(), *expected, "{of}, {who}, {usual}");
    }
}

#[test]
fn a_placeholder_of_bookings_without_a_user_has_the_id_that_it_always_had() {
    for (of, usual, expected) in OF_NOBODY {
        let found = placeholder_id(&business(of), None, kind(usual));
        assert_eq!(found.to_string(), *expected, "{of}, {usual}");
    }
}

#[test]
fn a_business_id_counts_by_its_value_and_a_user_id_by_its_bytes() {
    let long = id("int:7");
    let short = business("int32");
    for who in ["object", "string", "int32"] {
        assert_eq!(
            customer_id(&long, &user(who), IdKind::ObjectId),
            customer_id(&short, &user(who), IdKind::ObjectId)
        );
    }
    assert_ne!(
        customer_id(&long, &user("int32"), IdKind::ObjectId),
        customer_id(&long, &user("int64"), IdKind::ObjectId)
    );
}

/// Business, member, its value in its normal form, the guest's own id, and the customer's id as ObjectId, as UUID and as string.
const OF_GUESTS: &[(&str, &str, &str, [&str; 4])] = &[
    (
        "010101010101010101010101",
        "email",
        "ann@x.org",
        [
            "uuid:a6bf6be8-88cd-a3c0-1305-c2196332b31f",
            "00000000a6bf6be888cda3c0",
            "uuid:a6bf6be8-88cd-83c0-9305-c2196332b31f",
            "\"a6bf6be888cda3c01305c219\"",
        ],
    ),
    (
        "010101010101010101010101",
        "phone",
        "493012345",
        [
            "uuid:d16d044c-b81e-6f80-56c3-a0173e39ec41",
            "00000000d16d044cb81e6f80",
            "uuid:d16d044c-b81e-8f80-96c3-a0173e39ec41",
            "\"d16d044cb81e6f8056c3a017\"",
        ],
    ),
    (
        "\"main\"",
        "name",
        "ann lee",
        [
            "uuid:e9822850-5136-ee90-47a7-ed9eeb7fda1f",
            "00000000e98228505136ee90",
            "uuid:e9822850-5136-8e90-87a7-ed9eeb7fda1f",
            "\"e98228505136ee9047a7ed9e\"",
        ],
    ),
];

#[test]
fn a_customer_of_a_guest_has_the_id_that_it_always_had() {
    for (business, by, value, [own, object, uuid, string]) in OF_GUESTS {
        let guest = guest_of(&id(business), by, value);
        assert_eq!(guest.to_string(), *own);
        for (kind, expected) in [("object", object), ("uuid", uuid), ("string", string)] {
            let found = customer_of_guest(&guest, self::kind(kind));
            assert_eq!(found.to_string(), *expected, "{business}, {by}, {kind}");
        }
    }
}
