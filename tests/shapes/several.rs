//! Bookings that name several users: the first one's customer holds the booking, every user named gets a customer, and a way back restores all.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

const MAPPING: &str = r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
[business]
collection = "shops"
name = "name"
[booking]
collection = "bookings"
user = "guests"
business = "shopId"
customer = "customerId"
[customer]
collection = "customers"
business = "shopId"
"#;

fn data() -> Vec<(&'static str, Vec<Document>)> {
    let people = ["Ann", "Bob", "Cleo"].into_iter().zip(1_u8..);
    let people = people
        .map(|(name, n)| doc! { "_id": id(n), "name": name, "email": format!("{name}@x.org") });
    let booking = |n: i32, guests: Bson, shop: u8| doc! { "_id": n, "guests": guests, "shopId": id(shop), "n": n };
    let list = |users: &[u8]| Bson::from(users.iter().map(|user| id(*user)).collect::<Vec<_>>());
    vec![
        ("users", people.collect()),
        (
            "shops",
            vec![
                doc! { "_id": id(11), "name": "First" },
                doc! { "_id": id(12), "name": "Second" },
            ],
        ),
        (
            "bookings",
            vec![
                booking(1, list(&[2, 1, 3]), 11),
                booking(2, list(&[2]), 12),
                booking(3, list(&[99, 1]), 11),
                booking(4, list(&[2, 2]), 11),
                booking(5, id(1).into(), 11),
            ],
        ),
    ]
}

fn person(name: &str, shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": name, "email": format!("{name}@x.org") }
}

async fn shape() -> Shape {
    Shape::new(MAPPING, data(), "bookings", &["guests"]).await
}

#[tokio::test]
async fn the_first_user_holds_the_booking_and_every_user_named_gets_a_customer() {
    let shape = shape().await;
    assert_eq!(shape.found().await["several-users"], 1);
    let of = |name: &str, shop: u8| Fate::Of(person(name, shop));
    let fates = [
        (1.into(), of("Bob", 11)),
        (2.into(), of("Bob", 12)),
        (3.into(), of("Ann", 11)),
        (4.into(), of("Bob", 11)),
        (5.into(), of("Ann", 11)),
    ];
    let customers = [
        person("Ann", 11),
        person("Bob", 11),
        person("Bob", 12),
        person("Cleo", 11),
    ];
    shape.there_and_back(&fates, &customers).await;
    shape.migrate().await;
    let links = all(&shape.case.database, "_ringfence_links").await;
    let notes: Vec<_> = links
        .iter()
        .filter(|it| it.get_str("kind").is_ok_and(|kind| kind == "several-users"))
        .collect();
    let expected = doc! {
        "_id": { "in": "bookings", "document": 1 },
        "kind": "several-users",
        "users": [id(1), id(3)],
    };
    assert_eq!(notes, [&expected]);
    shape.case.roll_back(&[]).await.code(0);
    // A new booking names the user of its customer in a list, as the others do; the changed one has all of its users again.
    shape
        .with_what_was_written_since(&1.into(), ("guests", vec![id(2)].into()))
        .await;
}

#[tokio::test]
async fn by_decision_nothing_is_applied_while_bookings_name_several_users() {
    let shape = shape().await;
    let shape = shape.decided("[policy]\nseveral-users = \"stop\"\n");
    let before = shape.case.picture().await;
    shape
        .plan()
        .await
        .code(1)
        .says(&["name several users", "several-users: stop"]);
    shape.case.assert_same(&before).await;
}
