//! Who people are: fields in other places, filters, who is a customer, and what of a booking stays or leaves.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

/// `[booking]` and what stands around it, `user` in `[user]`.
fn mapping(user: &str, more: &str) -> String {
    format!(
        r#"version = 2
[user]
{user}
[business]
collection = "shops"
name = "name"
[booking]
collection = "bookings"
user = "userId"
business = "shopId"
customer = "customerId"
{more}"#
    )
}

const CUSTOMER: &str = "[customer]\ncollection = \"customers\"\nbusiness = \"shopId\"\n";
const PLAIN: &str = "collection = \"users\"\nname = \"name\"\nemail = \"email\"\npassword = \"hash\"\ncontact = [\"phone\"]\nphone = \"phone\"";

fn shops() -> (&'static str, Vec<Document>) {
    (
        "shops",
        vec![
            doc! { "_id": id(11), "name": "First" },
            doc! { "_id": id(12), "name": "Second" },
        ],
    )
}

fn booking(number: i32, user: impl Into<Bson>, shop: u8) -> Document {
    doc! { "_id": number, "userId": user.into(), "shopId": id(shop), "status": "booked" }
}

fn fates(list: Vec<(i32, Document)>) -> Vec<(Bson, Fate)> {
    let fates = list.into_iter();
    fates.map(|(id, of)| (id.into(), Fate::Of(of))).collect()
}

#[tokio::test]
async fn nested_credentials_split_names_and_renamed_fields() {
    let user = r#"collection = "users"
name = ["firstName", "lastName"]
email = "local.email"
password = ["local.password", "hash"]
evidence = ["clerkId"]
contact = ["tel", "city"]
phone = "tel"
created = "meta.at""#;
    let fields = format!("{CUSTOMER}fields = {{ fullName = \"name\", phone = \"tel\" }}\n");
    let at = bson::DateTime::from_millis(1_000);
    let users = vec![
        doc! { "_id": id(1), "firstName": "Ann", "lastName": "Lee", "local": { "email": "ann@x.org", "salt": 1 }, "tel": "1", "city": "Rome", "meta": { "at": at } },
        doc! { "_id": id(2), "firstName": " ", "local": { "email": "bob@x.org" }, "lastName": "Bob" },
        doc! { "_id": id(3), "local": { "email": "own@x.org", "password": "secret" }, "tel": "3" },
        doc! { "_id": id(4), "firstName": "Cy", "local": { "email": "ANN@x.org", "password": "" }, "hash": null },
        doc! { "_id": id(5), "lastName": "Eve", "clerkId": "c5" },
    ];
    let bookings = vec![
        booking(1, id(1), 11),
        booking(2, id(2), 11),
        booking(3, id(4), 11),
        booking(4, id(3), 12),
        booking(5, id(5), 12),
    ];
    let shape = Shape::new(
        &mapping(user, &fields),
        vec![("users", users), shops(), ("bookings", bookings)],
        "bookings",
        &["userId"],
    )
    .await;
    let found = shape.found().await;
    assert_eq!(found["duplicate-email"], 1, "{found:?}");
    assert_eq!(found["account-also-customer"], 1, "{found:?}");
    let ann = doc! { "shopId": id(11), "fullName": "Ann Lee", "email": "ann@x.org", "phone": "1", "city": "Rome", "at": at };
    let bob = doc! { "shopId": id(11), "fullName": "Bob", "email": "bob@x.org" };
    let owner = doc! { "shopId": id(12), "fullName": "Unknown Customer", "email": "own@x.org", "phone": "3" };
    let eve = doc! { "shopId": id(12), "fullName": "Eve" };
    let outcome = fates(vec![
        (1, ann.clone()),
        (2, bob.clone()),
        (3, ann.clone()),
        (4, owner.clone()),
        (5, eve.clone()),
    ]);
    let customers = [ann, bob, owner, eve];
    shape.there_and_back(&outcome, &customers).await;

    shape.migrate().await;
    // Contact fields have left those who were copied; what they sign in with has not.
    let users = all(&shape.case.database, "users").await;
    assert_eq!(
        users[2],
        doc! { "_id": id(3), "local": { "email": "own@x.org", "password": "secret" } }
    );
    assert!(
        users
            .iter()
            .all(|user| !user.contains_key("tel") && !user.contains_key("city"))
    );
    // What an application changes of a customer goes to where its user has it.
    let customers = shape.case.database.collection::<Document>("customers");
    let change =
        doc! { "$set": { "email": "new@x.org", "phone": "77" }, "$unset": { "fullName": 1 } };
    let bob = doc! { "email": "bob@x.org" };
    customers.update_one(bob, change).await.unwrap();
    let ended = shape.case.roll_back(&["--keep-new"]).await.code(2);
    ended.says(&["fullName"]);
    let users = all(&shape.case.database, "users").await;
    assert_eq!(
        users[1],
        doc! { "_id": id(2), "firstName": " ", "local": { "email": "new@x.org" }, "lastName": "Bob", "tel": "77" }
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn filters_say_who_is_a_person_what_is_a_business_and_which_bookings_take_part() {
    let user = "collection = \"parties\"\nwhere = { kind = \"client\" }\nname = \"name\"\nemail = \"email\"\npassword = \"hash\"\ncontact = [\"phone\"]\nphone = \"phone\"";
    let text = mapping(
        user,
        &format!("where = {{ status = {{ in = [\"booked\", \"done\"] }} }}\n{CUSTOMER}"),
    );
    let text = text.replace(
        "collection = \"shops\"\nname = \"name\"",
        "collection = \"parties\"\nwhere = { kind = \"shop\" }\nname = \"name\"",
    );
    let parties = vec![
        doc! { "_id": id(1), "kind": "client", "name": "Ann", "email": "ann@x.org", "phone": "1" },
        doc! { "_id": id(2), "kind": "staff", "name": "Bob", "email": "bob@x.org", "phone": "2" },
        doc! { "_id": id(11), "kind": "shop", "name": "First", "email": "ann@x.org", "phone": "11" },
        doc! { "_id": id(12), "kind": "closed", "name": "Second" },
    ];
    let status = |mut booking: Document, status: &str| {
        booking.insert("status", status);
        booking
    };
    let bookings = vec![
        booking(1, id(1), 11),
        booking(2, id(2), 11),
        status(booking(3, id(1), 11), "done"),
        status(booking(4, id(1), 11), "draft"),
        status(booking(5, id(9), 12), "draft"),
        booking(6, id(1), 12),
    ];
    let shape = Shape::new(
        &text,
        vec![("parties", parties), ("bookings", bookings)],
        "bookings",
        &["userId"],
    )
    .await;
    let found = shape.found().await;
    assert_eq!(found["booking-without-user"], 1, "{found:?}");
    assert_eq!(found["booking-without-business"], 1, "{found:?}");
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "1" };
    let nobody = doc! { "shopId": id(11), "name": "Unknown Customer" };
    let mut outcome = fates(vec![
        (1, ann.clone()),
        (2, nobody.clone()),
        (3, ann.clone()),
    ]);
    outcome.push((4.into(), Fate::Left));
    outcome.push((5.into(), Fate::Left));
    outcome.push((6.into(), Fate::Quarantined));
    shape.there_and_back(&outcome, &[ann, nobody]).await;
    shape.migrate().await;
    shape
        .run(&["verify"])
        .await
        .code(0)
        .says(&["outside the filter 2"]);
    // Nobody but the people of the filter lost a contact field.
    let parties = all(&shape.case.database, "parties").await;
    let phones: Vec<_> = parties.iter().map(|it| it.get_str("phone").ok()).collect();
    assert_eq!(phones, [None, Some("2"), Some("11"), None]);
    let name = shape.case.name.clone();
    shape.run(&["rollback", "--confirm", &name]).await.code(0);
    shape
        .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn who_is_a_customer_is_said_by_a_role_or_everybody_is() {
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "hash": "x", "roles": ["client"] },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org", "hash": "x", "roles": ["staff"] },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org", "roles": ["staff"] },
    ];
    let bookings = vec![
        booking(1, id(1), 11),
        booking(2, id(2), 11),
        booking(3, id(3), 12),
    ];
    let of = |name: &str, shop: u8| {
        doc! { "shopId": id(shop), "name": name, "email": format!("{}@x.org", name.to_lowercase()) }
    };
    for (customers, account_holders) in [
        ("\"no-password\"", 2),
        ("\"everybody\"", 0),
        ("{ roles = { has = \"client\" } }", 2),
    ] {
        let user = format!("{PLAIN}\ncustomers = {customers}");
        let shape = Shape::new(
            &mapping(&user, CUSTOMER),
            vec![
                ("users", users.clone()),
                shops(),
                ("bookings", bookings.clone()),
            ],
            "bookings",
            &["userId"],
        )
        .await;
        let found = shape.found().await;
        let count = found
            .get("account-also-customer")
            .copied()
            .unwrap_or_default();
        assert_eq!(count, account_holders, "{customers}");
        let outcome = fates(vec![
            (1, of("Ann", 11)),
            (2, of("Bob", 11)),
            (3, of("Cy", 12)),
        ]);
        let all = [of("Ann", 11), of("Bob", 11), of("Cy", 12)];
        shape.there_and_back(&outcome, &all).await;
    }
}

#[allow(clippy::type_complexity)] // a table, read once
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn ids_of_every_kind_give_customers_ids_of_theirs_or_of_the_kind_that_the_mapping_names() {
    let uuid = |byte: u8| Bson::from(bson::Uuid::from_bytes([byte; 16]));
    let kinds: [(&dyn Fn(u8) -> Bson, &str, &str); 6] = [
        (&|n| Bson::from(format!("cuid{n}")), "", "string"),
        (&uuid, "", "binary"),
        (&|n| Bson::Int32(n.into()), "", "objectId"),
        (&|n| Bson::Int64(n.into()), "ids = \"string\"\n", "string"),
        (&|n| id(n).into(), "ids = \"uuid\"\n", "binary"),
        (&uuid, "ids = \"objectid\"\n", "objectId"),
    ];
    for (key, ids, kind) in kinds {
        let users = vec![
            doc! { "_id": key(1), "name": "Ann", "email": "ann@x.org" },
            doc! { "_id": key(2), "name": "Bob", "email": "bob@x.org" },
        ];
        let bookings = vec![
            booking(1, key(1), 11),
            booking(2, key(2), 12),
            booking(3, key(9), 12),
        ];
        let shape = Shape::new(
            &mapping(PLAIN, &format!("{CUSTOMER}{ids}")),
            vec![("users", users), shops(), ("bookings", bookings)],
            "bookings",
            &["userId"],
        )
        .await;
        let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org" };
        let bob = doc! { "shopId": id(12), "name": "Bob", "email": "bob@x.org" };
        let nobody = doc! { "shopId": id(12), "name": "Unknown Customer" };
        let outcome = fates(vec![
            (1, ann.clone()),
            (2, bob.clone()),
            (3, nobody.clone()),
        ]);
        let customers = [ann, bob, nobody];
        shape.there_and_back(&outcome, &customers).await;
        shape
            .with_what_was_written_since(&2.into(), ("userId", key(2)))
            .await;
        shape.migrate().await;
        let database = &shape.case.database;
        let type_name = if kind == "binary" { "binData" } else { kind };
        let customers = database.collection::<Document>("customers");
        let of_kind = doc! { "_id": { "$type": type_name } };
        let count = customers.count_documents(of_kind).await.unwrap();
        assert_eq!(count, 3, "{kind}");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_old_reference_may_stay_and_copies_of_a_person_may_leave() {
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "notes": "n", "phone": "1" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
    ];
    let person = |mut booking: Document| {
        booking.insert("userEmail", "a@x.org");
        booking.insert("userData", doc! { "name": "A" });
        booking.insert("price", 3);
        booking
    };
    let bookings = vec![person(booking(1, id(1), 11)), person(booking(2, id(2), 11))];
    let given = format!(
        "{CUSTOMER}defaults = {{ isActive = true, tags = [], phone = \"none\" }}\nnulls = [\"notes\"]\n"
    );
    for (keep, leaving) in [
        ("", vec!["userId", "userEmail", "userData"]),
        ("keep = true\n", vec!["userEmail", "userData"]),
    ] {
        let booking = format!("{keep}drop = [\"userEmail\", \"userData\"]\n{given}");
        let data = vec![
            ("users", users.clone()),
            shops(),
            ("bookings", bookings.clone()),
        ];
        let shape = Shape::new(&mapping(PLAIN, &booking), data, "bookings", &leaving).await;
        let tags = Vec::<Bson>::new();
        let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "1", "isActive": true, "tags": tags.clone(), "notes": null };
        let bob = doc! { "shopId": id(11), "name": "Bob", "email": "bob@x.org", "isActive": true, "tags": tags, "phone": "none", "notes": null };
        let outcome = fates(vec![(1, ann.clone()), (2, bob.clone())]);
        shape.there_and_back(&outcome, &[ann, bob]).await;
        if keep.is_empty() {
            shape
                .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
                .await;
        }
    }
}
