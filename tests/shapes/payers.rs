//! Guests in followed documents: who pays without being a user is the customer of that name, e-mail or phone number at the shop, whether or not
//! a booking knows them too.

use bson::{Bson, Document, doc};

use crate::shapes::follow::{MAPPING, fates, id, people, shops};
use crate::shapes::shape::{Shape, all};
use crate::support::picture;

const PAYMENTS: &str = r#"[[follow]]
collection = "payments"
user = "userId"
business = "shopId"
to = "customerId"
guest = { name = "payer.name", email = "payer.mail", iban = "payer.iban" }
"#;

fn bookings() -> (&'static str, Vec<Document>) {
    let mut bookings = crate::shapes::follow::bookings().1;
    bookings
        .push(doc! { "_id": 4, "shopId": id(11), "clientName": "Gil", "clientEmail": "gil@x.org" });
    for booking in &mut bookings[..1] {
        booking.insert("clientEmail", Bson::Null);
        booking.insert("clientName", "not asked");
    }
    ("bookings", bookings)
}

fn payments() -> Vec<Document> {
    vec![
        // A user who resolves wins.
        doc! { "_id": 1, "userId": id(1), "shopId": id(11), "payer": { "name": "Zoe", "mail": "zoe@x.org" } },
        // The guest of a booking.
        doc! { "_id": 2, "userId": null, "shopId": id(11), "payer": { "name": "G.", "mail": "GIL@x.org", "iban": "DE1" } },
        // A guest of payments alone, twice.
        doc! { "_id": 3, "shopId": id(12), "payer": { "name": "Hal", "mail": "hal@x.org" } },
        doc! { "_id": 4, "userId": id(99), "shopId": id(12), "payer": { "mail": " Hal@x.org", "iban": "DE2" }, "n": 4 },
        // Of nobody.
        doc! { "_id": 5, "shopId": id(12), "payer": { "iban": "DE3" } },
    ]
}

/// The mapping and the data.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    let booking = MAPPING.replace(
        "customer = \"customerId\"",
        "customer = \"customerId\"\nguest = { name = \"clientName\", email = \"clientEmail\" }",
    );
    let data = vec![people(), shops(), bookings(), ("payments", payments())];
    (format!("{booking}{PAYMENTS}"), data)
}

async fn shape() -> Shape {
    let (mapping, data) = given();
    Shape::new(&mapping, data, "bookings", &["userId"]).await
}

async fn customer_with(shape: &Shape, email: &str) -> Document {
    let customers = all(&shape.case.database, "customers").await;
    let mut found = customers.into_iter().filter(|it| {
        it.get_str("email")
            .is_ok_and(|it| it.trim().eq_ignore_ascii_case(email))
    });
    let one = found.next().expect("a customer");
    assert_eq!(found.next(), None, "one customer");
    one
}

#[tokio::test]
async fn who_pays_as_a_guest_is_a_customer_of_the_shop_with_or_without_a_booking() {
    let shape = shape().await;
    let found = shape.found().await;
    assert_eq!(found["payments:booking-without-user"], 1);
    let before = shape.case.picture().await;
    shape.migrate().await;
    let mut gil = customer_with(&shape, "gil@x.org").await;
    let mut hal = customer_with(&shape, "hal@x.org").await;
    let (of_gil, of_hal) = (gil.remove("_id").unwrap(), hal.remove("_id").unwrap());
    assert_eq!(
        gil,
        doc! { "shopId": id(11), "name": "Gil", "email": "gil@x.org", "iban": "DE1" }
    );
    assert_eq!(
        hal,
        doc! { "shopId": id(12), "name": "Hal", "email": "hal@x.org", "iban": "DE2" }
    );
    let live = all(&shape.case.database, "payments").await;
    let was = payments();
    let linked = |at: usize, customer: &Bson| {
        let mut expected = was[at].clone();
        expected.remove("userId");
        expected.insert("customerId", customer.clone());
        assert_eq!(live[at].to_string(), expected.to_string());
    };
    let ann = customer_with(&shape, "ann@x.org").await;
    linked(0, ann.get("_id").unwrap());
    linked(1, &of_gil);
    linked(2, &of_hal);
    linked(3, &of_hal);
    assert_eq!(live[4], was[4]);
    assert_eq!(fates().len(), 3);
    shape.run(&["verify"]).await.code(0);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_written_to_guests_payments_since_comes_back_in_their_own_fields() {
    let shape = shape().await;
    shape.migrate().await;
    let database = &shape.case.database;
    let hal = customer_with(&shape, "hal@x.org").await;
    let payments_now = database.collection::<Document>("payments");
    let set = doc! { "$set": { "n": 5 } };
    payments_now
        .update_one(doc! { "_id": 4 }, set)
        .await
        .unwrap();
    let new = doc! { "_id": 9, "customerId": hal.get("_id"), "shopId": id(12), "n": 9 };
    payments_now.insert_one(new).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let back = all(database, "payments").await;
    let mut changed = payments()[3].clone();
    changed.insert("n", 5);
    assert_eq!(back[3].to_string(), changed.to_string());
    let payer = doc! { "name": "Hal", "mail": "hal@x.org", "iban": "DE2" };
    let new = doc! { "_id": 9, "shopId": id(12), "n": 9, "payer": payer };
    assert_eq!(back[5].to_string(), new.to_string());
    for (is, was) in back
        .iter()
        .zip(&payments())
        .filter(|(_, was)| was.get_i32("_id").unwrap() != 4)
    {
        assert_eq!(is.to_string(), was.to_string());
    }
}
