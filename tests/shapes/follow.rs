//! Followed collections: whose documents become a customer's, which of them make one, and which stay with an account. What must come of each is
//! written out by hand.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};
use crate::support::picture;

pub fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

pub const MAPPING: &str = r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
contact = ["phone"]
[business]
collection = "shops"
name = "name"
owner = "ownerId"
[booking]
collection = "bookings"
user = "userId"
business = "shopId"
customer = "customerId"
[customer]
collection = "customers"
business = "shopId"
"#;

pub const PAYMENTS: &str = r#"[[follow]]
collection = "payments"
user = "userId"
business = ["shopId", "bookingId > bookings.shopId"]
to = "customerId"
"#;

pub const REVIEWS: &str = r#"[[follow]]
collection = "reviews"
where = { kind = "public" }
user = "by.author"
business = "shopId"
to = "customerId"
drop = ["authorName"]
"#;

const NAMES: [&str; 6] = ["Ann", "Bob", "Cara", "Dan", "Eve", "Finn"];

pub fn email(user: u8) -> String {
    format!("{}@x.org", NAMES[usize::from(user) - 1].to_lowercase())
}

/// Cara owns the first shop, Dan has a password and a booking, Eve has a payment alone, Finn has nothing.
pub fn people() -> (&'static str, Vec<Document>) {
    let people = (1..=6_u8).map(|user| {
        let mut person =
            doc! { "_id": id(user), "name": NAMES[usize::from(user) - 1], "email": email(user) };
        if [3, 4].contains(&user) {
            person.insert("hash", "$2b$10$secret");
        }
        if user != 6 {
            person.insert("phone", format!("+49 30 10{user}"));
        }
        person
    });
    ("users", people.collect())
}

pub fn shops() -> (&'static str, Vec<Document>) {
    (
        "shops",
        vec![
            doc! { "_id": id(11), "name": "First", "ownerId": id(3) },
            doc! { "_id": id(12), "name": "Second" },
        ],
    )
}

pub fn bookings() -> (&'static str, Vec<Document>) {
    (
        "bookings",
        vec![
            doc! { "_id": 1, "userId": id(1), "shopId": id(11) },
            doc! { "_id": 2, "userId": id(2), "shopId": id(12) },
            doc! { "_id": 3, "userId": id(4), "shopId": id(11) },
        ],
    )
}

pub fn payments() -> (&'static str, Vec<Document>) {
    (
        "payments",
        vec![
            doc! { "_id": 1, "userId": id(1), "shopId": id(11), "amount": 10 },
            doc! { "_id": 2, "amount": 20, "userId": id(1), "shopId": id(12) },
            doc! { "_id": 3, "userId": id(2), "bookingId": 2, "amount": 30 },
            doc! { "_id": 4, "userId": id(5), "shopId": id(12), "amount": 40 },
            doc! { "_id": 5, "userId": id(3), "shopId": id(11), "amount": 50 },
            doc! { "_id": 6, "userId": id(4), "shopId": id(11), "amount": 60 },
            doc! { "_id": 7, "userId": id(99), "shopId": id(11), "amount": 70 },
            doc! { "_id": 8, "userId": id(1), "amount": 80 },
        ],
    )
}

pub fn reviews() -> (&'static str, Vec<Document>) {
    let by = |user: u8| doc! { "author": id(user) };
    (
        "reviews",
        vec![
            doc! { "_id": 1, "kind": "public", "by": by(2), "shopId": id(11), "authorName": "Bob" },
            doc! { "_id": 2, "kind": "private", "by": by(2), "shopId": id(11), "authorName": "Bob" },
            doc! { "_id": 3, "kind": "public", "by": { "author": id(1), "device": "web" }, "shopId": id(11) },
        ],
    )
}

pub fn customer(user: u8, shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": NAMES[usize::from(user) - 1], "email": email(user), "phone": format!("+49 30 10{user}") }
}

pub fn fates() -> Vec<(Bson, Fate)> {
    vec![
        (1.into(), Fate::Of(customer(1, 11))),
        (2.into(), Fate::Of(customer(2, 12))),
        (3.into(), Fate::Of(customer(4, 11))),
    ]
}

/// The mapping and the data.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    let data = vec![people(), shops(), bookings(), payments(), reviews()];
    (format!("{MAPPING}{PAYMENTS}{REVIEWS}"), data)
}

/// Whose customer each document of a collection names: user and shop; none for one that is as it was.
pub type Whose = Vec<(i32, Option<(u8, u8)>)>;

pub fn whose_payments() -> Whose {
    vec![
        (1, Some((1, 11))),
        (2, Some((1, 12))),
        (3, Some((2, 12))),
        (4, Some((5, 12))),
        (5, None),
        (6, Some((4, 11))),
        (7, None),
        (8, None),
    ]
}

fn whose_reviews() -> Whose {
    vec![(1, Some((2, 11))), (2, None), (3, Some((1, 11)))]
}

/// The `_id` of the customer of a user at a shop.
pub async fn customer_of(shape: &Shape, user: u8, shop: u8) -> Bson {
    let customers = all(&shape.case.database, "customers").await;
    let (shop, email) = (Bson::from(id(shop)), Bson::from(email(user)));
    let mut found = customers
        .iter()
        .filter(|it| it.get("shopId") == Some(&shop) && it.get("email") == Some(&email));
    let one = found
        .next()
        .expect("a customer")
        .get("_id")
        .unwrap()
        .clone();
    assert_eq!(found.next(), None, "one customer");
    one
}

/// What a followed document must be once it names a customer.
pub fn linked(original: &Document, customer: Bson) -> Document {
    let mut expected = original.clone();
    expected.remove("userId");
    expected.remove("authorName");
    if let Ok(by) = expected.get_document_mut("by") {
        by.remove("author");
        if by.is_empty() {
            expected.remove("by");
        }
    }
    expected.insert("customerId", customer);
    expected
}

pub async fn assert_followed(
    shape: &Shape,
    (name, originals): (&str, Vec<Document>),
    whose: &Whose,
) {
    let live = all(&shape.case.database, name).await;
    assert_eq!(live.len(), whose.len(), "{name}");
    for ((is, original), (id, of)) in live.iter().zip(&originals).zip(whose) {
        assert_eq!(original.get_i32("_id").unwrap(), *id);
        let expected = match of {
            None => original.clone(),
            Some((user, shop)) => linked(original, customer_of(shape, *user, *shop).await),
        };
        assert_eq!(is.to_string(), expected.to_string(), "{name} {id}");
    }
}

async fn with_payments(more: &str, data: Vec<(&str, Vec<Document>)>) -> Shape {
    let mut all = vec![people(), shops(), bookings(), payments()];
    all.extend(data);
    Shape::new(
        &format!("{MAPPING}{PAYMENTS}{more}"),
        all,
        "bookings",
        &["userId"],
    )
    .await
}

#[tokio::test]
async fn payments_name_the_customers_of_their_users_and_make_those_that_no_booking_makes() {
    let shape = with_payments("", Vec::new()).await;
    let found = shape.found().await;
    assert_eq!(found["payments:booking-without-user"], 1, "{found:?}");
    assert_eq!(found["payments:booking-without-business"], 1, "{found:?}");
    assert_eq!(found["account-also-customer"], 1, "{found:?}");
    assert!(!found.contains_key("referenced-elsewhere"), "{found:?}");
    assert_eq!(found["idle-user"], 1, "Finn alone: {found:?}");
    let before = shape.case.picture().await;
    shape.migrate().await;
    let customers = [
        customer(1, 11),
        customer(1, 12),
        customer(2, 12),
        customer(4, 11),
        customer(5, 12),
    ];
    shape.assert_outcome(&fates(), &customers).await;
    assert_followed(&shape, payments(), &whose_payments()).await;
    let verified = shape.run(&["verify"]).await.code(0);
    verified.says(&[
        "documents of payments 8 = linked 5 + quarantined 0 + left by decision 2 + left with an account 1 + outside the filter 0",
        "pairs 5 = customers created 5",
    ]);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn two_followed_collections_one_of_them_with_a_filter_and_a_reference_inside_a_document() {
    let shape = with_payments(REVIEWS, vec![reviews()]).await;
    let customers = [
        customer(1, 11),
        customer(1, 12),
        customer(2, 11),
        customer(2, 12),
        customer(4, 11),
        customer(5, 12),
    ];
    let before = shape.case.picture().await;
    shape.migrate().await;
    shape.assert_outcome(&fates(), &customers).await;
    assert_followed(&shape, payments(), &whose_payments()).await;
    assert_followed(&shape, reviews(), &whose_reviews()).await;
    shape.run(&["verify"]).await.code(0).says(&[
        "documents of reviews 3 = linked 2 + quarantined 0 + left by decision 0 + left with an account 0 + outside the filter 1",
    ]);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_application_wrote_to_followed_collections_comes_back_with_users() {
    let shape = with_payments(REVIEWS, vec![reviews()]).await;
    shape.migrate().await;
    let database = &shape.case.database;
    let of_payments = database.collection::<Document>("payments");
    let eve = customer_of(&shape, 5, 12).await;
    let new = doc! { "_id": 20, "shopId": id(12), "amount": 5, "customerId": eve.clone() };
    of_payments.insert_one(new).await.unwrap();
    let set = |amount: i32| doc! { "$set": { "amount": amount } };
    of_payments
        .update_one(doc! { "_id": 3 }, set(31))
        .await
        .unwrap();
    of_payments
        .update_one(doc! { "_id": 7 }, set(71))
        .await
        .unwrap();
    let moved = doc! { "$set": { "customerId": customer_of(&shape, 4, 11).await } };
    of_payments
        .update_one(doc! { "_id": 1 }, moved)
        .await
        .unwrap();
    of_payments.delete_one(doc! { "_id": 6 }).await.unwrap();
    let of_reviews = database.collection::<Document>("reviews");
    let stars = doc! { "$set": { "stars": 5 } };
    of_reviews
        .update_one(doc! { "_id": 1 }, stars)
        .await
        .unwrap();
    let refused = shape.case.roll_back(&[]).await.code(2);
    refused.says(&[
        "payments: 1 document added, 3 changed, 1 deleted",
        "reviews: 0 documents added, 1 changed",
    ]);
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let mut expected = payments().1;
    expected[0].insert("userId", id(4));
    expected[2].insert("amount", 31);
    expected[6].insert("amount", 71);
    expected.remove(5);
    expected.push(doc! { "_id": 20, "shopId": id(12), "amount": 5, "userId": id(5) });
    let back = all(database, "payments").await;
    assert_eq!(back.len(), expected.len());
    for (is, expected) in back.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
    let mut expected = reviews().1;
    expected[0].insert("stars", 5);
    let back = all(database, "reviews").await;
    for (is, expected) in back.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
    assert_eq!(all(database, "users").await, people().1);
}

#[tokio::test]
async fn followed_documents_without_a_user_or_a_business_go_where_the_answers_say() {
    let shape = with_payments("", Vec::new()).await.decided(
        "[policy]\n\"payments:booking-without-user\" = \"placeholder\"\n\"payments:booking-without-business\" = \"quarantine\"\n",
    );
    let before = shape.case.picture().await;
    shape.migrate().await;
    let database = &shape.case.database;
    let quarantined = all(database, "_ringfence_quarantine_payments").await;
    assert_eq!(quarantined, [payments().1[7].clone()]);
    let live = all(database, "payments").await;
    assert_eq!(live.len(), 7);
    let customers = all(database, "customers").await;
    let nobody = customers.iter().find(|it| !it.contains_key("email"));
    assert_eq!(nobody.unwrap().get_str("name").unwrap(), "Unknown Customer");
    assert_eq!(live[6].get("customerId"), nobody.unwrap().get("_id"));
    shape.run(&["verify"]).await.code(0).says(&[
        "documents of payments 8 = linked 6 + quarantined 1 + left by decision 0 + left with an account 1 + outside the filter 0",
    ]);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn more_than_one_in_a_hundred_followed_documents_that_stay_ask_for_their_number() {
    let lost = (100..115).map(|n| doc! { "_id": n, "userId": id(1), "amount": n });
    let mut more = payments();
    more.1.extend(lost);
    let data = vec![people(), shops(), bookings(), more];
    let text = format!("{MAPPING}{PAYMENTS}");
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let asked = shape.plan().await.code(2);
    asked.says(&["--accept payments:booking-without-business=16"]);
    let accepted = ["plan", "--defaults", "--out", "plan.json", "--accept"];
    let plan = |number: &'static str| [&accepted[..], &[number]].concat();
    let wrong = plan("payments:booking-without-business=15");
    shape.run(&wrong).await.code(2);
    let right = plan("payments:booking-without-business=16");
    shape.run(&right).await.code(0);
    let name = shape.case.name.clone();
    let apply = ["apply", "--plan", "plan.json", "--confirm", &name];
    // Grown since: drift.
    let database = &shape.case.database;
    let payments = database.collection::<Document>("payments");
    payments
        .insert_one(doc! { "_id": 300, "userId": id(1), "amount": 1 })
        .await
        .unwrap();
    shape.run(&apply).await.code(4);
    payments.delete_one(doc! { "_id": 300 }).await.unwrap();
    shape.run(&apply).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn members_without_a_booking_become_customers_by_their_memberships() {
    let members = vec![
        doc! { "_id": 1, "member": id(5), "gym": id(11), "since": 2020 },
        doc! { "_id": 2, "member": id(6), "gym": id(12), "since": 2021 },
        doc! { "_id": 3, "member": id(3), "gym": id(12), "since": 2022 },
    ];
    let text = format!(
        "{MAPPING}[[follow]]\ncollection = \"memberships\"\nuser = \"member\"\nbusiness = \"gym\"\nto = \"member\"\nin_place = true\n"
    );
    let data = vec![
        people(),
        shops(),
        bookings(),
        ("memberships", members.clone()),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let finn = doc! { "shopId": id(12), "name": "Finn", "email": email(6) };
    let customers = [
        customer(1, 11),
        customer(2, 12),
        customer(4, 11),
        customer(5, 11),
        finn,
    ];
    shape.assert_outcome(&fates(), &customers).await;
    let live = all(&shape.case.database, "memberships").await;
    let whose = [Some((5, 11)), Some((6, 12)), None];
    for ((is, original), of) in live.iter().zip(&members).zip(whose) {
        let mut expected = original.clone();
        if let Some((user, shop)) = of {
            expected.insert("member", customer_of(&shape, user, shop).await);
        }
        assert_eq!(is.to_string(), expected.to_string());
    }
    shape.run(&["verify"]).await.code(0).says(&[
        "documents of memberships 3 = linked 2 + quarantined 0 + left by decision 0 + left with an account 1 + outside the filter 0",
    ]);
    let memberships = shape.case.database.collection::<Document>("memberships");
    let changed = doc! { "$set": { "since": 1999 } };
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");

    shape.migrate().await;
    memberships
        .update_one(doc! { "_id": 2 }, changed)
        .await
        .unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let mut expected = members;
    expected[1].insert("since", 1999);
    assert_eq!(all(&shape.case.database, "memberships").await, expected);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn two_entries_follow_one_collection() {
    let messages = vec![
        doc! { "_id": 1, "from": id(1), "to": id(5), "shopId": id(11), "text": "hello" },
        doc! { "_id": 2, "from": id(3), "to": id(1), "shopId": id(11) },
        doc! { "_id": 3, "from": id(2), "to": id(99), "shopId": id(12) },
    ];
    let entry = |user: &str| {
        format!(
            "[[follow]]\ncollection = \"messages\"\nuser = \"{user}\"\nbusiness = \"shopId\"\nto = \"{user}Customer\"\n"
        )
    };
    let text = format!("{MAPPING}{}{}", entry("from"), entry("to"));
    let data = vec![
        people(),
        shops(),
        bookings(),
        ("messages", messages.clone()),
    ];
    let shape = Shape::new(&text, data, "bookings", &["userId"]).await;
    let found = shape.found().await;
    assert_eq!(found["messages.to:booking-without-user"], 1, "{found:?}");
    let before = shape.case.picture().await;
    shape.migrate().await;
    let ann = customer_of(&shape, 1, 11).await;
    let eve = customer_of(&shape, 5, 11).await;
    let bob = customer_of(&shape, 2, 12).await;
    let expected = [
        doc! { "_id": 1, "shopId": id(11), "text": "hello", "fromCustomer": ann.clone(), "toCustomer": eve },
        doc! { "_id": 2, "from": id(3), "shopId": id(11), "toCustomer": ann },
        doc! { "_id": 3, "to": id(99), "shopId": id(12), "fromCustomer": bob },
    ];
    let live = all(&shape.case.database, "messages").await;
    for (is, expected) in live.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
    shape.run(&["verify"]).await.code(0).says(&[
        "documents of messages.from 3 = linked 2 + quarantined 0 + left by decision 0 + left with an account 1",
        "documents of messages.to 3 = linked 2 + quarantined 0 + left by decision 1 + left with an account 0",
    ]);
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(&before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");

    shape.migrate().await;
    let of = shape.case.database.collection::<Document>("messages");
    let read = doc! { "$set": { "read": true } };
    of.update_one(doc! { "_id": 1 }, read).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let mut expected = messages;
    expected[0].insert("read", true);
    let back = all(&shape.case.database, "messages").await;
    for (is, expected) in back.iter().zip(&expected) {
        assert_eq!(is.to_string(), expected.to_string());
    }
}
