//! Entries that follow a collection of another role: the bookings themselves, the services, the businesses. Each is rebuilt once.

use bson::{Bson, Document, doc};

use crate::shapes::follow::{MAPPING, customer, customer_of, fates, id, people, shops};
use crate::shapes::shape::{Fate, Shape, all};
use crate::support::picture;

const CREATED_BY: &str = r#"[[follow]]
collection = "bookings"
user = "createdBy"
business = "shopId"
to = "createdFor"
"#;

/// Ann's friend Eve booked for her; Cara, who has an account, made one herself.
fn bookings() -> (&'static str, Vec<Document>) {
    (
        "bookings",
        vec![
            doc! { "_id": 1, "createdBy": id(5), "userId": id(1), "shopId": id(11), "n": 1 },
            doc! { "_id": 2, "userId": id(2), "shopId": id(12), "createdBy": id(2), "n": 2 },
            doc! { "_id": 3, "userId": id(4), "shopId": id(11), "createdBy": id(3) },
        ],
    )
}

/// The mapping and the data, for whoever makes mistakes in it.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    let data = vec![people(), shops(), bookings()];
    (format!("{MAPPING}{CREATED_BY}"), data)
}

async fn rolled_back_to_the_same_bytes(shape: &Shape, before: &picture::Picture, how: &[&str]) {
    shape.case.roll_back(how).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

async fn of_bookings() -> Shape {
    let (mapping, data) = given();
    Shape::new(&mapping, data, "bookings", &["userId"]).await
}

#[tokio::test]
async fn a_booking_that_names_two_users_for_two_reasons_is_rebuilt_once() {
    let shape = of_bookings().await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let live = all(&shape.case.database, "bookings").await;
    let of = |user, shop| customer_of(&shape, user, shop);
    let (ann, bob, dan, eve) = (
        of(1, 11).await,
        of(2, 12).await,
        of(4, 11).await,
        of(5, 11).await,
    );
    let expected = [
        doc! { "_id": 1, "shopId": id(11), "n": 1, "customerId": ann, "createdFor": eve },
        doc! { "_id": 2, "shopId": id(12), "n": 2, "customerId": bob.clone(), "createdFor": bob },
        // Cara has an account and no pair there: her reference stays.
        doc! { "_id": 3, "shopId": id(11), "createdBy": id(3), "customerId": dan },
    ];
    for (is, expected) in live.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
    let verified = shape.run(&["verify"]).await.code(0);
    verified.says(&[
        "bookings 3 = linked 3",
        "documents of bookings.createdBy 3 = linked 2",
        "left with an account 1",
    ]);
    rolled_back_to_the_same_bytes(&shape, &before, &[]).await;
    shape.migrate().await;
    rolled_back_to_the_same_bytes(&shape, &before, &["--keep-new"]).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_application_wrote_to_such_bookings_comes_back_with_both_users() {
    let shape = of_bookings().await;
    shape.migrate().await;
    let database = &shape.case.database;
    let bookings = database.collection::<Document>("bookings");
    let (ann, eve) = (
        customer_of(&shape, 1, 11).await,
        customer_of(&shape, 5, 11).await,
    );
    let set = doc! { "$set": { "n": 9, "createdFor": ann.clone() } };
    bookings.update_one(doc! { "_id": 1 }, set).await.unwrap();
    let new = doc! { "_id": 7, "customerId": eve, "createdFor": ann, "shopId": id(11) };
    bookings.insert_one(new).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let back = all(database, "bookings").await;
    let mut changed = crate::shapes::own_collections::bookings().1[0].clone();
    changed.insert("n", 9);
    changed.insert("createdBy", id(1));
    assert_eq!(back[0].to_string(), changed.to_string());
    assert_eq!(back[3].get("userId"), Some(&Bson::from(id(5))));
    assert_eq!(back[3].get("createdBy"), Some(&Bson::from(id(1))));
    assert_eq!(back[3].len(), 4, "{}", back[3]);
}

#[tokio::test]
async fn an_entry_of_the_bookings_has_codes_and_answers_of_its_own() {
    let mut data = bookings().1;
    data[0].insert("createdBy", id(99));
    let data = vec![people(), shops(), ("bookings", data)];
    let mapping = format!("{MAPPING}{CREATED_BY}");
    let shape = Shape::new(&mapping, data, "bookings", &["userId"]).await;
    let code = "bookings.createdBy:booking-without-user";
    assert_eq!(shape.found().await[code], 1);
    let before = shape.case.picture().await;
    let policy = "[policy]\n\"bookings.createdBy:booking-without-user\" = \"quarantine\"\n";
    let shape = shape.decided(policy);
    shape.migrate().await;
    let mut fates = fates();
    fates[0].1 = Fate::Quarantined;
    let aside = all(&shape.case.database, "_ringfence_quarantine").await;
    assert_eq!(aside.len(), 1);
    let live = all(&shape.case.database, "bookings").await;
    assert_eq!(live.len(), 2);
    shape.run(&["verify"]).await.code(0);
    rolled_back_to_the_same_bytes(&shape, &before, &[]).await;
}

#[tokio::test]
async fn a_field_belongs_to_the_booking_or_to_one_entry() {
    for (entry, says) in [
        (
            "user = \"userId\"\nbusiness = \"shopId\"\nto = \"x\"",
            "begins at the same field",
        ),
        (
            "user = \"createdBy\"\nbusiness = \"shopId\"\nto = \"customerId\"",
            "writes `customerId` too",
        ),
        (
            "user = \"createdBy\"\nbusiness = \"shopId\"\nto = \"x\"\ndrop = [\"userId\"]",
            "changes `userId` too",
        ),
    ] {
        let mapping = format!("{MAPPING}[[follow]]\ncollection = \"bookings\"\n{entry}\n");
        let data = vec![people(), shops(), bookings()];
        let shape = Shape::new(&mapping, data, "bookings", &["userId"]).await;
        shape
            .run(&["survey"])
            .await
            .code(1)
            .says(&[says, "ringfence.toml:"]);
    }
}

/// Services that a client asked for, over which bookings find their shop; shops that a client recommended.
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn services_and_businesses_are_followed_while_bookings_lead_over_them() {
    let mapping = MAPPING
        .replace("user = \"userId\"\nbusiness = \"shopId\"", "user = \"userId\"\nservice = \"serviceId\"")
        .replace("[booking]", "[service]\ncollection = \"services\"\nname = \"title\"\nbusiness = \"shopId\"\n[booking]");
    let follow = r#"[[follow]]
collection = "services"
user = "askedBy"
business = "shopId"
to = "customerId"
[[follow]]
collection = "shops"
user = "foundBy"
business = "_id"
to = "customerId"
"#;
    let services = vec![
        doc! { "_id": 21, "title": "Cut", "shopId": id(11), "askedBy": id(1) },
        doc! { "_id": 22, "title": "Dye", "shopId": id(12), "askedBy": id(5) },
    ];
    let mut of_shops = shops().1;
    of_shops[1].insert("foundBy", id(2));
    of_shops[0].insert("foundBy", id(4));
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "serviceId": 21 },
        doc! { "_id": 2, "userId": id(2), "serviceId": 22 },
        doc! { "_id": 3, "userId": id(4), "serviceId": 21 },
    ];
    let data = vec![
        people(),
        ("shops", of_shops.clone()),
        ("services", services.clone()),
        ("bookings", bookings),
    ];
    let text = format!("{mapping}{follow}");
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let customers = [
        customer(1, 11),
        customer(2, 12),
        customer(4, 11),
        customer(5, 12),
    ];
    shape.assert_outcome(&fates(), &customers).await;
    for (collection, originals, field) in [
        ("services", &services, "askedBy"),
        ("shops", &of_shops, "foundBy"),
    ] {
        let live = all(&shape.case.database, collection).await;
        for (is, was) in live.iter().zip(originals) {
            let mut expected = was.clone();
            expected.remove(field);
            expected.insert("customerId", is.get("customerId").unwrap().clone());
            assert_eq!(is.to_string(), expected.to_string());
        }
    }
    shape.run(&["verify"]).await.code(0);
    rolled_back_to_the_same_bytes(&shape, &before, &[]).await;
    shape.migrate().await;
    rolled_back_to_the_same_bytes(&shape, &before, &["--keep-new"]).await;
}
