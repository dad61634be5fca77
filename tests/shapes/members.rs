//! What users say beside their bookings: the business that they belong to, contact data inside documents, who owns a business over another
//! document; and customers that were there before, known by their phone number.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn mapping(user: &str, business: &str, booking: &str, more: &str) -> String {
    format!(
        r#"version = 2
{more}
[user]
collection = "users"
name = "name"
password = "hash"
{user}
[business]
collection = "shops"
name = "name"
{business}
[booking]
collection = "bookings"
business = "shopId"
customer = "customerId"
{booking}
[customer]
collection = "customers"
business = "shopId"
"#
    )
}

fn shops() -> (&'static str, Vec<Document>) {
    (
        "shops",
        vec![
            doc! { "_id": id(11), "name": "First", "staffId": "s1" },
            doc! { "_id": id(12), "name": "Second", "staffId": "s2" },
        ],
    )
}

fn booking(number: i32, user: u8, shop: u8) -> Document {
    doc! { "_id": number, "userId": id(user), "shopId": id(shop), "n": 1 }
}

fn fates(list: Vec<(i32, &Document)>) -> Vec<(Bson, Fate)> {
    let fates = list.into_iter();
    fates
        .map(|(id, of)| (id.into(), Fate::Of(of.clone())))
        .collect()
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_customer_by_nature_who_names_a_business_gets_a_customer_there_without_a_booking() {
    let user = "email = \"email\"\nbusiness = \"branch > branches(code).shop\"";
    let text = mapping(user, "", "user = \"userId\"", "");
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "branch": "one" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org", "branch": "two" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org" },
        doc! { "_id": id(4), "name": "Owner", "email": "own@x.org", "branch": "one", "hash": "x" },
        doc! { "_id": id(5), "name": "Dee", "email": "dee@x.org", "branch": "two" },
        doc! { "_id": id(6), "name": "Eve", "email": "eve@x.org", "branch": "gone" },
    ];
    let branches = vec![
        doc! { "_id": 1, "code": "one", "shop": id(11) },
        doc! { "_id": 2, "code": "two", "shop": id(12) },
    ];
    let bookings = vec![booking(1, 1, 11), booking(2, 5, 11)];
    let data = vec![
        ("users", users),
        ("branches", branches),
        shops(),
        ("bookings", bookings),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let found = shape.found().await;
    assert_eq!(found["idle-user"], 2, "{found:?}");
    let of = |name: &str, shop: u8| doc! { "shopId": id(shop), "name": name, "email": format!("{}@x.org", name.to_lowercase()) };
    let (ann, dee) = (of("Ann", 11), of("Dee", 11));
    let customers = [ann.clone(), of("Bob", 12), dee.clone(), of("Dee", 12)];
    let outcome = fates(vec![(1, &ann), (2, &dee)]);
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_customer_that_was_there_before_is_adopted_by_its_phone_number() {
    let user = "email = \"email\"\ncontact = [\"phone\"]\nphone = \"phone\"";
    let text = mapping(user, "", "user = \"userId\"", "") + "adopt = [\"email\", \"phone\"]\n";
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "phone": "0049 30 1234567" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org", "phone": "030 7654321" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org", "phone": "0049 30 1234567" },
    ];
    let there = vec![
        doc! { "_id": id(21), "shopId": id(11), "name": "A. Lee", "phone": "+49 30 1234567" },
        doc! { "_id": id(22), "shopId": id(11), "name": "B.", "email": "bob@x.org" },
    ];
    let bookings = vec![booking(1, 1, 11), booking(2, 2, 11), booking(3, 3, 12)];
    let data = vec![
        ("users", users),
        shops(),
        ("bookings", bookings),
        ("customers", there.clone()),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let cy =
        doc! { "shopId": id(12), "name": "Cy", "email": "cy@x.org", "phone": "0049 30 1234567" };
    let outcome = fates(vec![(1, &there[0]), (2, &there[1]), (3, &cy)]);
    let bare = there.iter().map(|it| {
        let mut it = it.clone();
        it.remove("_id");
        it
    });
    let customers: Vec<Document> = bare.chain([cy]).collect();
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&3.into(), ("userId", id(3).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn contact_data_inside_a_document_leaves_it_and_comes_back_into_it() {
    let user = "email = \"email\"\ncontact = [\"profile.phone\", \"profile.home.city\"]\nphone = \"profile.phone\"\ndrop = [\"profile.notes\"]";
    let text = mapping(user, "", "user = \"userId\"", "");
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "profile": { "phone": "1", "lang": "de", "home": { "city": "Rome" }, "notes": 7 } },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org", "profile": { "home": { "city": "Bonn" } }, "z": 1 },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org", "profile": { "phone": "3", "notes": 1 } },
        doc! { "_id": id(4), "name": "Dee", "email": "dee@x.org", "profile": {} },
    ];
    let bookings = vec![booking(1, 1, 11), booking(2, 2, 11), booking(3, 4, 12)];
    let data = vec![("users", users.clone()), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "1", "city": "Rome" };
    let bob = doc! { "shopId": id(11), "name": "Bob", "email": "bob@x.org", "city": "Bonn" };
    let dee = doc! { "shopId": id(12), "name": "Dee", "email": "dee@x.org" };
    let outcome = fates(vec![(1, &ann), (2, &bob), (3, &dee)]);
    shape.there_and_back(&outcome, &[ann, bob, dee]).await;
    shape
        .with_what_was_written_since(&2.into(), ("userId", id(2).into()))
        .await;

    let bookings = vec![booking(1, 1, 11), booking(2, 2, 11), booking(3, 4, 12)];
    let data = vec![("users", users.clone()), shops(), ("bookings", bookings)];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    shape.migrate().await;
    let database = &shape.case.database;
    let cleaned = all(database, "users").await;
    let mut expected = users.clone();
    expected[0].insert("hash", "");
    let mut before = expected.clone();
    expected[0].insert("profile", doc! { "lang": "de" });
    expected[1].remove("profile");
    assert_eq!(cleaned, expected);
    // What the application writes into the same document, and into the customer, is kept with what had left.
    let people = database.collection::<Document>("users");
    let lang = doc! { "$set": { "profile.lang": "it" } };
    people
        .update_one(doc! { "_id": id(1) }, lang)
        .await
        .unwrap();
    let customers = database.collection::<Document>("customers");
    let city = doc! { "$set": { "city": "Köln" } };
    customers
        .update_one(doc! { "name": "Bob" }, city)
        .await
        .unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let back = all(database, "users").await;
    let profile = back[0].get_document("profile").unwrap();
    let wanted = doc! { "phone": "1", "lang": "it", "home": { "city": "Rome" }, "notes": 7 };
    assert_eq!(profile.len(), wanted.len());
    assert!(
        wanted
            .iter()
            .all(|(key, value)| profile.get(key) == Some(value)),
        "{profile}"
    );
    before[1].insert("profile", doc! { "home": { "city": "Köln" } });
    assert_eq!(back[1..], before[1..]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_owner_and_an_account_row_may_name_their_user_over_another_document() {
    let more = "accounts = [{ collection = \"sessions\", user = \"device > devices.holder > holders.userId\" }]";
    let owner = "owner = \"staffId > staff.userId\"";
    let text = mapping("email = \"email\"", owner, "user = \"userId\"", more);
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org" },
    ];
    let data = vec![
        ("users", users),
        shops(),
        ("staff", vec![doc! { "_id": "s1", "userId": id(1) }]),
        (
            "devices",
            vec![
                doc! { "_id": "d1", "holder": 5 },
                doc! { "_id": "d2", "holder": 6 },
            ],
        ),
        (
            "holders",
            vec![
                doc! { "_id": 5, "userId": id(2) },
                doc! { "_id": 6, "userId": id(77) },
            ],
        ),
        ("sessions", vec![doc! { "_id": 1, "device": "d1" }]),
        (
            "bookings",
            vec![booking(1, 1, 11), booking(2, 2, 11), booking(3, 3, 11)],
        ),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    assert_eq!(shape.found().await["account-also-customer"], 2);
    assert_eq!(shape.survey().await["accounts"], 2);
    let of = |name: &str| doc! { "shopId": id(11), "name": name, "email": format!("{}@x.org", name.to_lowercase()) };
    let customers = [of("Ann"), of("Bob"), of("Cy")];
    let outcome = fates(vec![
        (1, &customers[0]),
        (2, &customers[1]),
        (3, &customers[2]),
    ]);
    shape.there_and_back(&outcome, &customers).await;
    // Who is named so never retires.
    shape.plan().await.code(0);
    let name = shape.case.name.clone();
    let apply = [
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        &name,
        "--retire-users",
    ];
    shape.run(&apply).await.code(0);
    let stay: Vec<String> = all(&shape.case.database, "users")
        .await
        .iter()
        .map(|it| it.get_str("name").unwrap().to_owned())
        .collect();
    assert_eq!(stay, ["Ann", "Bob"]);
    shape.run(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_reference_inside_a_document_may_stay_and_a_new_booking_gets_one_there() {
    let text = mapping(
        "email = \"email\"",
        "",
        "user = \"client.id\"\nkeep = true",
        "",
    );
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
    ];
    let of = |number: i32, user: u8| doc! { "_id": number, "client": { "id": id(user), "label": "x" }, "shopId": id(11) };
    let data = vec![
        ("users", users),
        shops(),
        ("bookings", vec![of(1, 1), of(2, 2)]),
    ];
    let shape = Shape::new(&text, data, "bookings", &[]).await;
    let customer = |name: &str| doc! { "shopId": id(11), "name": name, "email": format!("{}@x.org", name.to_lowercase()) };
    let customers = [customer("Ann"), customer("Bob")];
    let outcome = fates(vec![(1, &customers[0]), (2, &customers[1])]);
    shape.there_and_back(&outcome, &customers).await;
    shape.migrate().await;
    shape
        .run(&["verify"])
        .await
        .code(0)
        .says(&["client.id", "still reach the shared record"]);
    let database = &shape.case.database;
    let bookings = database.collection::<Document>("bookings");
    let bob = bookings.find_one(doc! { "_id": 2 }).await.unwrap().unwrap();
    let customer = bob.get("customerId").unwrap();
    let new =
        doc! { "_id": 3, "shopId": id(11), "customerId": customer, "client": { "label": "new" } };
    bookings.insert_one(new).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let back = all(database, "bookings").await;
    let new = doc! { "_id": 3, "shopId": id(11), "client": { "label": "new", "id": id(2) } };
    assert_eq!(back, [of(1, 1), of(2, 2), new]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_customers_field_may_come_from_the_document_on_the_way_to_its_user() {
    let text = mapping(
        "email = \"email\"",
        "",
        "user = \"profileId > profiles.userId\"\ncreated = \"at\"",
        "",
    ) + "fields = { phone = \"profiles > tel\", town = \"profiles > home.city\" }\n";
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "tel": "not this" },
        doc! { "_id": id(2), "name": "Ann too", "email": "ANN@x.org" },
        doc! { "_id": id(3), "name": "Cy", "email": "cy@x.org" },
    ];
    let profiles = vec![
        doc! { "_id": id(31), "userId": id(1), "tel": "1", "home": { "city": "Rome" } },
        doc! { "_id": id(32), "userId": id(1), "tel": "11" },
        doc! { "_id": id(33), "userId": id(2), "tel": "2", "home": { "city": "Bonn" } },
        doc! { "_id": id(34), "userId": id(3), "tel": null },
        doc! { "_id": id(35), "userId": id(1), "tel": "111" },
    ];
    let of = |number: i32, profile: u8, shop: u8, at: i64| doc! { "_id": number, "profileId": id(profile), "shopId": id(shop), "at": bson::DateTime::from_millis(at) };
    let bookings = vec![
        of(1, 32, 11, 9),
        of(2, 31, 11, 5),
        of(3, 33, 11, 1),
        of(4, 34, 12, 1),
        of(5, 35, 12, 1),
    ];
    let data = vec![
        ("users", users),
        ("profiles", profiles),
        shops(),
        ("bookings", bookings),
    ];
    let shape = Shape::new(&text, data, "bookings", &["profileId"]).await;
    // The newest booking's profile gives the number; the merged record fills what that lacks.
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "11", "town": "Bonn" };
    let cy = doc! { "shopId": id(12), "name": "Cy", "email": "cy@x.org", "phone": null };
    let ann_too = doc! { "shopId": id(12), "name": "Ann", "email": "ann@x.org", "phone": "111" };
    let outcome = fates(vec![
        (1, &ann),
        (2, &ann),
        (3, &ann),
        (4, &cy),
        (5, &ann_too),
    ]);
    let customers = [ann, cy, ann_too];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&4.into(), ("profileId", id(34).into()))
        .await;
}
