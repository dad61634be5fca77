//! References of other forms: by e-mail, in the old one's place; and users who are deleted, may sign in, or share an id.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn mapping(user: &str, booking: &str, customer: &str) -> String {
    format!(
        r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
contact = ["phone"]
{user}
[business]
collection = "shops"
name = "name"
[booking]
collection = "bookings"
business = "shopId"
customer = "customerId"
{booking}
[customer]
collection = "customers"
business = "shopId"
{customer}"#
    )
}

fn shops() -> (&'static str, Vec<Document>) {
    (
        "shops",
        vec![
            doc! { "_id": id(11), "name": "First" },
            doc! { "_id": id(12), "name": "Second" },
        ],
    )
}

fn people() -> (&'static str, Vec<Document>) {
    (
        "users",
        vec![
            doc! { "_id": id(1), "name": "Ann", "email": "Ann@x.org", "phone": "1" },
            doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
        ],
    )
}

fn ann(shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": "Ann", "email": "Ann@x.org", "phone": "1" }
}

fn bob(shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": "Bob", "email": "bob@x.org" }
}

fn fates(list: Vec<(i32, Document)>) -> Vec<(Bson, Fate)> {
    let fates = list.into_iter();
    fates.map(|(id, of)| (id.into(), Fate::Of(of))).collect()
}

#[tokio::test]
async fn a_booking_finds_its_user_by_the_e_mail_compared_as_e_mails_are() {
    let booking = |number: i32, email: Bson, shop: u8| doc! { "_id": number, "userEmail": email, "shopId": id(shop), "n": 1 };
    let bookings = vec![
        booking(1, "ann@X.org".into(), 11),
        booking(2, " bob@x.org ".into(), 11),
        booking(3, "Ann@x.org".into(), 12),
        booking(4, "gone@x.org".into(), 12),
        booking(5, Bson::Null, 12),
    ];
    let text = mapping("", "user = { email = \"userEmail\" }", "");
    let data = vec![people(), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data.clone(), "bookings", &["userEmail"]).await;
    assert_eq!(shape.found().await["booking-without-user"], 2);
    let nobody = doc! { "shopId": id(12), "name": "Unknown Customer" };
    let outcome = fates(vec![
        (1, ann(11)),
        (2, bob(11)),
        (3, ann(12)),
        (4, nobody.clone()),
        (5, nobody.clone()),
    ]);
    let customers = [ann(11), bob(11), ann(12), nobody.clone(), nobody];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&2.into(), ("userEmail", "bob@x.org".into()))
        .await;

    // An e-mail that two users have names both, and as customers they are one.
    let mut data = data;
    data[0]
        .1
        .push(doc! { "_id": id(3), "name": "Ann too", "email": "ANN@x.org" });
    let shape = Shape::new(&text, data, "bookings", &["userEmail"]).await;
    assert_eq!(shape.found().await["several-users"], 2);
    shape.there_and_back(&outcome, &customers).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_new_reference_takes_the_old_ones_name_and_place() {
    let bookings = vec![
        doc! { "_id": 1, "customerId": id(1), "shopId": id(11), "n": 1 },
        doc! { "_id": 2, "shopId": id(11), "customerId": id(2) },
        doc! { "_id": 3, "shopId": id(12), "customerId": id(9), "n": 3 },
        doc! { "_id": 4, "shopId": id(12), "n": 4 },
        doc! { "_id": 5, "customerId": id(1), "shopId": id(99) },
    ];
    let text = mapping("", "user = \"customerId\"\nin_place = true", "");
    let data = vec![people(), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data, "bookings", &[]).await;
    let shape = shape.in_place();
    let found = shape.found().await;
    assert_eq!(found["booking-without-user"], 2, "{found:?}");
    assert!(!found.contains_key("already-linked"), "{found:?}");
    let nobody = doc! { "shopId": id(12), "name": "Unknown Customer" };
    let mut outcome = fates(vec![
        (1, ann(11)),
        (2, bob(11)),
        (3, nobody.clone()),
        (4, nobody.clone()),
    ]);
    outcome.push((5.into(), Fate::Quarantined));
    let customers = [ann(11), bob(11), nobody.clone(), nobody];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&2.into(), ("customerId", id(2).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn of_a_reference_inside_a_document_only_the_reference_leaves() {
    let client = |user: u8| doc! { "id": id(user), "label": "as typed" };
    let bookings = vec![
        doc! { "_id": 1, "client": client(1), "shopId": id(11), "n": 1 },
        doc! { "_id": 2, "shopId": id(11), "client": { "id": id(2) } },
        doc! { "_id": 3, "shopId": id(12), "client": { "label": "nobody", "id": null } },
        doc! { "_id": 4, "shopId": id(12), "client": "odd" },
        doc! { "_id": 5, "client": { "label": "x", "id": id(2), "more": [1] }, "shopId": id(12) },
    ];
    let text = mapping("", "user = \"client.id\"", "");
    let data = vec![people(), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data, "bookings", &["client.id"]).await;
    assert_eq!(shape.found().await["booking-without-user"], 2);
    let nobody = doc! { "shopId": id(12), "name": "Unknown Customer" };
    let outcome = fates(vec![
        (1, ann(11)),
        (2, bob(11)),
        (3, nobody.clone()),
        (4, nobody.clone()),
        (5, bob(12)),
    ]);
    let customers = [ann(11), bob(11), bob(12), nobody];
    shape.there_and_back(&outcome, &customers).await;
    for like in [1, 2, 5] {
        let user = if like == 1 { 1 } else { 2 };
        shape
            .with_what_was_written_since(&like.into(), ("client.id", id(user).into()))
            .await;
        let bookings = shape.case.database.collection::<Document>("bookings");
        let new = doc! { "_id": "made-since" };
        bookings.delete_one(new).await.unwrap();
        let paid = doc! { "$unset": { "paid": 1 } };
        bookings.update_many(doc! {}, paid).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_deleted_user_comes_along_inactive_and_is_never_the_survivor() {
    let users = vec![
        doc! { "_id": id(1), "name": "Ann Full", "email": "ann@x.org", "phone": "1", "deletedAt": bson::DateTime::from_millis(5) },
        doc! { "_id": id(2), "name": "Ann", "email": "ann@x.org" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org", "isActive": false },
        doc! { "_id": id(4), "name": "Di", "email": "di@x.org", "isActive": true, "deletedAt": null },
    ];
    let booking = |number: i32, user: u8, shop: u8| doc! { "_id": number, "userId": id(user), "shopId": id(shop) };
    let bookings = vec![
        booking(1, 1, 11),
        booking(2, 2, 11),
        booking(3, 3, 11),
        booking(4, 4, 12),
        booking(5, 1, 12),
    ];
    let text = mapping(
        "deleted = [{ deletedAt = { set = true } }, { isActive = false }]",
        "user = \"userId\"",
        "defaults = { isActive = true }",
    );
    let data = vec![("users", users), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data.clone(), "bookings", &["userId"]).await;
    let found = shape.found().await;
    assert_eq!(found["deleted-user"], 2, "{found:?}");
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "1", "isActive": true };
    let alone = doc! { "shopId": id(12), "name": "Ann Full", "email": "ann@x.org", "phone": "1", "isActive": false };
    let cy = doc! { "shopId": id(11), "name": "Cy", "email": "cy@x.org", "isActive": false };
    let di = doc! { "shopId": id(12), "name": "Di", "email": "di@x.org", "isActive": true };
    let outcome = fates(vec![
        (1, ann.clone()),
        (2, ann.clone()),
        (3, cy.clone()),
        (4, di.clone()),
        (5, alone.clone()),
    ]);
    let customers = [ann, alone, cy, di];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&4.into(), ("userId", id(4).into()))
        .await;

    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let shape = shape.decided("[policy]\ndeleted-user = \"skip\"\n");
    shape.migrate().await;
    let customers = all(&shape.case.database, "customers").await;
    assert_eq!(customers.len(), 2, "{customers:?}");
    shape.run(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn evidence_of_an_account_is_said_and_keeps_a_user_from_retiring() {
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "clerkId": "c1" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org", "clerkId": "" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org", "emailVerified": true },
        doc! { "_id": id(4), "name": "Di", "email": "di@x.org" },
    ];
    let sessions = vec![doc! { "_id": 1, "by": { "userId": id(4) } }];
    let bookings: Vec<Document> = (1..=4)
        .map(|user| doc! { "_id": i32::from(user), "userId": id(user), "shopId": id(11) })
        .collect();
    let text = mapping(
        "evidence = [\"clerkId\", { emailVerified = true }]",
        "user = \"userId\"",
        "",
    );
    let text = text.replace(
        "version = 2",
        "version = 2\naccounts = [{ collection = \"sessions\", user = \"by.userId\" }]",
    );
    let data = vec![
        ("users", users),
        shops(),
        ("bookings", bookings),
        ("sessions", sessions),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let found = shape.found().await;
    assert_eq!(
        (found["may-sign-in"], found["account-also-customer"]),
        (2, 1),
        "{found:?}"
    );
    shape
        .run(&["plan", "--defaults", "--retire-users", "--out", "plan.json"])
        .await
        .code(0);
    let name = shape.case.name.clone();
    let apply = ["apply", "--plan", "plan.json", "--confirm", &name];
    shape.run(&apply).await.code(0);
    shape.run(&["verify"]).await.code(0);
    let left = all(&shape.case.database, "users").await;
    let left: Vec<_> = left.iter().map(|it| it.get_str("name").unwrap()).collect();
    assert_eq!(left, ["Ann", "Cy", "Di"]);
}

#[tokio::test]
async fn an_id_and_its_text_are_two_users_and_nobody_guesses() {
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org" },
        doc! { "_id": id(1).to_hex(), "name": "Other", "email": "other@x.org" },
    ];
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "shopId": id(11) },
        doc! { "_id": 2, "userId": id(1).to_hex(), "shopId": id(11) },
    ];
    let text = mapping("", "user = \"userId\"", "");
    let data = vec![("users", users), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    assert_eq!(shape.found().await["id-twins"], 2);
    shape.plan().await.code(2).says(&["id-twins"]);
    let shape = shape.decided("[policy]\nid-twins = \"keep-apart\"\n");
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org" };
    let other = doc! { "shopId": id(11), "name": "Other", "email": "other@x.org" };
    let outcome = fates(vec![(1, ann.clone()), (2, other.clone())]);
    shape.there_and_back(&outcome, &[ann, other]).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_e_mail_of_white_space_names_nobody_and_one_that_is_a_users_id_gets_no_placeholder() {
    let booking = |number: i32, email: Bson| doc! { "_id": number, "userEmail": email, "shopId": id(11), "n": 1 };
    let mut data = vec![
        people(),
        shops(),
        (
            "bookings",
            vec![
                booking(1, "ann@x.org".into()),
                booking(2, "  ".into()),
                booking(3, "bob@x.org".into()),
            ],
        ),
    ];
    for (at, email) in [(4, ""), (5, "  "), (6, "\u{a0}")] {
        data[0]
            .1
            .push(doc! { "_id": id(at), "name": "Cleo", "email": email });
    }
    let text = mapping("", "user = { email = \"userEmail\" }", "");
    let shape = Shape::new(&text, data.clone(), "bookings", &["userEmail"]).await;
    let nobody = doc! { "shopId": id(11), "name": "Unknown Customer" };
    let outcome = fates(vec![(1, ann(11)), (2, nobody.clone()), (3, bob(11))]);
    shape
        .there_and_back(&outcome, &[ann(11), bob(11), nobody])
        .await;

    data[0].1.push(doc! { "_id": 5, "name": "Dan" });
    data[2].1[1].insert("userEmail", 5);
    let shape = Shape::new(&text, data, "bookings", &["userEmail"]).await;
    let before = shape.case.picture().await;
    shape.plan().await.code(1).says(&[
        "1 value leads to nobody",
        "is the id of a user too",
        "booking-without-user",
    ]);
    shape.case.assert_same(&before).await;
    let shape = shape.decided("[policy]\nbooking-without-user = \"quarantine\"\n");
    shape.migrate().await;
    shape.run(&["verify"]).await.code(0);
}
