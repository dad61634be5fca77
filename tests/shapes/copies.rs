//! Copies of a person inside bookings: members of documents and of the elements of an array that leave; and fields of a customer that stand in
//! documents further on the way to its user.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn mapping(booking: &str, customer: &str) -> String {
    format!(
        r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
[business]
collection = "shops"
[booking]
collection = "bookings"
business = "shopId"
customer = "customerId"
{booking}
[customer]
collection = "customers"
business = "shopId"
{customer}
"#
    )
}

fn users() -> (&'static str, Vec<Document>) {
    let user = |number: u8, name: &str| doc! { "_id": id(number), "name": name, "email": format!("{name}@x.org") };
    ("users", vec![user(1, "ann"), user(2, "bob")])
}

fn shops() -> (&'static str, Vec<Document>) {
    (
        "shops",
        vec![doc! { "_id": id(11) }, doc! { "_id": id(12) }],
    )
}

fn person(name: &str, shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": name, "email": format!("{name}@x.org") }
}

/// What the migration makes of the booking with this number.
fn without_copies(number: i32, customer: Bson) -> Document {
    let rest = if number == 1 {
        doc! { "client": { "note": "n" }, "items": [{ "n": 1 }, {}, "x"] }
    } else {
        doc! { "items": [], "n": 2 }
    };
    let mut made = doc! { "_id": number, "shopId": id(11) };
    made.extend(rest);
    made.insert("customerId", customer);
    made
}

fn with_copies() -> Vec<Document> {
    vec![
        doc! {
            "_id": 1, "userId": id(1), "shopId": id(11),
            "client": { "name": "Ann", "note": "n", "at": { "city": "B" } },
            "items": [{ "who": "Ann", "n": 1 }, { "who": "Ann" }, "x"],
        },
        // The whole document held nothing but the copy.
        doc! { "_id": 2, "shopId": id(11), "client": { "name": "Bob" }, "items": [], "userId": id(2), "n": 2 },
    ]
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn members_of_documents_and_of_array_elements_leave_and_come_back() {
    let booking =
        "user = \"userId\"\ndrop = [\"client.name\", \"client.at.city\", \"items[].who\"]";
    let data = vec![users(), shops(), ("bookings", with_copies())];
    let shape = Shape::new(&mapping(booking, ""), data, "bookings", &["userId"]).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let database = &shape.case.database;
    let live = all(database, "bookings").await;
    for (is, number) in live.iter().zip([1, 2]) {
        let customer = is.get("customerId").unwrap().clone();
        assert_eq!(is.to_string(), without_copies(number, customer).to_string());
    }
    shape.run(&["verify"]).await.code(0);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = crate::support::picture::differences(
        &before,
        &crate::support::picture::but_runs(&now),
        true,
    );
    assert!(differences.is_empty(), "{differences:#?}");

    shape.migrate().await;
    let bookings = database.collection::<Document>("bookings");
    let set = doc! { "$set": { "client.note": "m", "items": [{}, { "n": 1 }, { "n": 5 }, "x"] } };
    bookings.update_one(doc! { "_id": 1 }, set).await.unwrap();
    let set = doc! { "$set": { "client": { "name": "Bea" }, "n": 3 } };
    bookings.update_one(doc! { "_id": 2 }, set).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let mut expected = with_copies();
    let client = expected[0].get_document_mut("client").unwrap();
    client.insert("note", "m");
    let items = Bson::from(vec![
        Bson::from(doc! { "who": "Ann" }),
        doc! { "who": "Ann", "n": 1 }.into(),
        doc! { "n": 5 }.into(),
        "x".into(),
    ]);
    expected[0].insert("items", items);
    expected[1].insert("client", doc! { "name": "Bea" });
    expected[1].insert("n", 3);
    let back = all(database, "bookings").await;
    for (is, expected) in back.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
}

/// The mapping and the data.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    let booking = "user = \"cardNo > cards(no).holder > profiles.userId\"\ncreated = \"at\"";
    let customer = "fields = { phone = \"profiles > tel\", tier = \"cards > tier\" }";
    let cards = vec![
        doc! { "_id": id(41), "no": "A1", "holder": id(31), "tier": "gold" },
        doc! { "_id": id(42), "no": "B2", "holder": id(32) },
        doc! { "_id": id(43), "no": "A9", "holder": id(31), "tier": "old" },
    ];
    let profiles = vec![
        doc! { "_id": id(31), "userId": id(1), "tel": "1" },
        doc! { "_id": id(32), "userId": id(2), "tel": null },
    ];
    let of = |number: i32, card: &str, at: i64| doc! { "_id": number, "cardNo": card, "shopId": id(11), "at": bson::DateTime::from_millis(at) };
    let bookings = vec![of(1, "A1", 5), of(2, "B2", 6), of(3, "A9", 1)];
    let data = vec![
        users(),
        shops(),
        ("cards", cards),
        ("profiles", profiles),
        ("bookings", bookings),
    ];
    (mapping(booking, customer), data)
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_customers_fields_may_come_from_any_document_on_the_way() {
    let (mapping, data) = given();
    let shape = Shape::new(&mapping, data, "bookings", &["cardNo"]).await;
    let mut ann = person("ann", 11);
    ann.extend(doc! { "phone": "1", "tier": "gold" });
    let mut bob = person("bob", 11);
    bob.insert("phone", Bson::Null);
    let fates = [
        (1.into(), Fate::Of(ann.clone())),
        (2.into(), Fate::Of(bob.clone())),
        (3.into(), Fate::Of(ann.clone())),
    ];
    shape.there_and_back(&fates, &[ann, bob]).await;
    shape
        .with_what_was_written_since(&2.into(), ("cardNo", "B2".into()))
        .await;
}
