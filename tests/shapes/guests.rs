//! People without a user: what bookings say of their guests makes the customers, alone or beside users.

use bson::{Bson, DateTime, Document, RawDocumentBuf, doc, oid::ObjectId, rawdoc};

use crate::shapes::shape::{Fate, Shape, all};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn day(number: i64) -> DateTime {
    DateTime::from_millis(1_700_000_000_000 + number * 86_400_000)
}

fn fates(list: Vec<(i32, &Document)>) -> Vec<(Bson, Fate)> {
    let fates = list.into_iter();
    fates
        .map(|(id, of)| (id.into(), Fate::Of(of.clone())))
        .collect()
}

/// One tenant, and no collection but its appointments.
const ONE_TENANT: &str = r#"version = 2
[booking]
collection = "appointments"
business = { constant = "main" }
customer = "customerId"
created = "createdAt"
guest = { name = "clientName", email = "clientEmail", phone = "clientPhone", gender = "gender" }
[customer]
collection = "customers"
business = "tenant"
"#;

fn appointments() -> Vec<Document> {
    vec![
        doc! { "_id": 1, "clientName": "Ann", "clientEmail": "Ann@x.org", "gender": "F", "createdAt": day(20) },
        doc! { "_id": 2, "clientName": "Ann Lee", "clientEmail": " ann@X.org", "clientPhone": "030 12345", "createdAt": day(10), "n": 1 },
        doc! { "_id": 3, "clientName": "Bobby", "clientEmail": null, "clientPhone": 4_930_555_551_i64, "createdAt": day(6) },
        doc! { "_id": 4, "n": 2, "clientName": "Bob", "clientPhone": "+49 (30) 55 55 51", "createdAt": day(5) },
        doc! { "_id": 5, "clientName": " Cy  Young " },
        doc! { "_id": 6, "clientName": "cy young", "clientEmail": "", "clientPhone": "none" },
        doc! { "_id": 7, "clientName": "\u{a0}", "note": "walk-in", "createdAt": day(3) },
    ]
}

fn ann() -> Document {
    doc! { "tenant": "main", "name": "Ann Lee", "email": " ann@X.org", "phone": "030 12345", "gender": "F", "createdAt": day(10) }
}

fn bob() -> Document {
    doc! { "tenant": "main", "name": "Bob", "phone": "+49 (30) 55 55 51", "createdAt": day(5) }
}

/// The mapping and the data.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    (
        ONE_TENANT.to_owned(),
        vec![("appointments", appointments())],
    )
}

async fn one_tenant() -> Shape {
    let data = vec![("appointments", appointments())];
    Shape::new(ONE_TENANT, data, "appointments", &[]).await
}

/// A projection ends early where a field is repeated: what stands behind it says who the guest is.
#[tokio::test]
async fn a_guest_is_known_by_what_stands_behind_a_repeated_field() {
    let shape = one_tenant().await;
    let mut booking = rawdoc! { "_id": 8, "createdAt": day(2) };
    for _ in 0..12 {
        booking.append(bson::raw::cstr!("createdAt"), day(1));
    }
    for (key, value) in [("clientName", "Dee"), ("clientEmail", "dee@x.org")] {
        booking.append(bson::raw::CString::try_from(key).unwrap(), value);
    }
    let bookings = shape
        .case
        .database
        .collection::<RawDocumentBuf>("appointments");
    bookings.insert_one(booking).await.unwrap();
    shape.migrate().await;
    let dee = all(&shape.case.database, "customers").await;
    let dee: Vec<_> = dee
        .iter()
        .filter(|it| it.get_str("name").is_ok_and(|name| name == "Dee"))
        .collect();
    assert_eq!(dee.len(), 1, "{dee:?}");
    assert_eq!(dee[0].get_str("email").unwrap(), "dee@x.org");
    shape.run(&["verify"]).await.code(0);
}

#[tokio::test]
async fn one_tenant_without_users_gets_its_customers_from_the_guests_in_its_bookings() {
    let shape = one_tenant().await;
    let found = shape.found().await;
    assert_eq!(found["booking-without-user"], 1, "{found:?}");
    assert_eq!(found["missing-email"], 2, "{found:?}");
    assert!(!found.contains_key("idle-user"), "{found:?}");
    let survey = shape.survey().await;
    assert_eq!((&survey["users"], &survey["pairs"]), (&0.into(), &3.into()));
    let cy = doc! { "tenant": "main", "name": " Cy  Young ", "phone": "none" };
    let nobody = doc! { "tenant": "main", "name": "Unknown Customer", "createdAt": day(3) };
    let outcome = fates(vec![
        (1, &ann()),
        (2, &ann()),
        (3, &bob()),
        (4, &bob()),
        (5, &cy),
        (6, &cy),
        (7, &nobody),
    ]);
    let customers = [ann(), bob(), cy, nobody];
    shape.there_and_back(&outcome, &customers).await;

    shape.plan().await.code(0).says(&[
        "no users",
        "Clean up users and Retire customer users are left out",
    ]);
    shape.migrate().await;
    let status = shape.run(&["status"]).await.code(0);
    status.says(&[
        "there are no contact fields to remove",
        "nobody retires",
        "customers and bookings are migrated",
    ]);
    let verified = shape.run(&["verify"]).await.code(0);
    verified.says(&[
        "bookings 7 = linked 7 + quarantined 0 + left by decision 0",
        "pairs 3 = customers created 3 + adopted 0 + merged away 0 + skipped 0",
    ]);
    // The ids are those of another run, and derived from what the guest says.
    let ids = |customers: Vec<Document>| -> Vec<Bson> {
        customers
            .iter()
            .map(|it| it.get("_id").unwrap().clone())
            .collect()
    };
    let first = ids(all(&shape.case.database, "customers").await);
    assert!(
        first
            .iter()
            .all(|id| id.as_object_id().unwrap().bytes()[..4] == [0; 4])
    );
    let again = one_tenant().await;
    again.migrate().await;
    assert_eq!(ids(all(&again.case.database, "customers").await), first);
    let name = again.case.name.clone();
    again.run(&["finish", "--confirm", &name]).await.code(0);
    again.run(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_written_since_comes_back_in_the_guests_own_fields() {
    let shape = one_tenant().await;
    shape
        .with_what_was_written_since(&4.into(), ("clientName", "Bob".into()))
        .await;

    let shape = one_tenant().await;
    shape.migrate().await;
    let database = &shape.case.database;
    let customers = database.collection::<Document>("customers");
    let of = async |name: &str| {
        let found = customers.find_one(doc! { "name": name }).await.unwrap();
        found.unwrap().get_object_id("_id").unwrap()
    };
    let (ann_id, bob_id) = (of("Ann Lee").await, of("Bob").await);
    let nobody = of("Unknown Customer").await;
    let dee = doc! { "_id": id(9), "tenant": "main", "name": "Dee", "email": "dee@x.org" };
    customers.insert_one(dee).await.unwrap();
    let bare = doc! { "_id": id(8), "tenant": "main", "tier": 2 };
    customers.insert_one(bare).await.unwrap();
    let bookings = database.collection::<Document>("appointments");
    bookings
        .insert_many([
            doc! { "_id": "of-ann", "customerId": ann_id, "clientName": "", "n": 1 },
            doc! { "_id": "of-dee", "customerId": id(9) },
            doc! { "_id": "of-bare", "customerId": id(8) },
            doc! { "_id": "of-nobody", "customerId": nobody },
        ])
        .await
        .unwrap();
    // Moved to another customer: it then says that one.
    bookings
        .update_one(doc! { "_id": 1 }, doc! { "$set": { "customerId": bob_id } })
        .await
        .unwrap();
    customers
        .update_one(doc! { "_id": ann_id }, doc! { "$set": { "phone": "1" } })
        .await
        .unwrap();
    let ended = shape.case.roll_back(&["--keep-new"]).await.code(2);
    ended.says(&["of-bare", "keep what they say themselves"]);
    let mut expected = appointments();
    expected[0] = doc! { "_id": 1, "clientName": "Bob", "createdAt": day(20), "clientPhone": "+49 (30) 55 55 51" };
    expected.extend([
        doc! { "_id": "of-ann", "clientName": "Ann Lee", "n": 1, "clientEmail": " ann@X.org", "clientPhone": "1", "gender": "F" },
        doc! { "_id": "of-dee", "clientName": "Dee", "clientEmail": "dee@x.org" },
        doc! { "_id": "of-nobody" },
    ]);
    let text = |documents: &[Document]| -> Vec<String> {
        documents.iter().map(ToString::to_string).collect()
    };
    let back = all(database, "appointments").await;
    assert_eq!(text(&back), text(&expected));
}

#[tokio::test]
async fn guests_of_several_businesses_are_known_at_each_by_the_members_that_the_mapping_says() {
    let text = r#"version = 2
[business]
collection = "shops"
name = "name"
[booking]
collection = "bookings"
where = { status = "booked" }
business = "shopId"
customer = "customerId"
guest = { name = "guest.name", email = "guest.contact.email", tel = "guest.contact.tel" }
identity = ["tel", "email"]
[customer]
collection = "customers"
business = "shopId"
fields = { fullName = "name", phone = "tel" }
ids = "uuid"
"#;
    let shops = vec![
        doc! { "_id": id(11), "name": "First" },
        doc! { "_id": id(12), "name": "Second" },
    ];
    let guest = |name: &str, email: Bson, tel: Bson| doc! { "name": name, "contact": { "email": email, "tel": tel }, "vip": true };
    let booking = |number: i32, shop: u8, guest: Document| doc! { "_id": number, "status": "booked", "shopId": id(shop), "guest": guest };
    let mut cancelled = booking(6, 11, guest("Zed", Bson::Null, "9".into()));
    cancelled.insert("status", "cancelled");
    let bookings = vec![
        booking(1, 11, guest("Ann", "ann@x.org".into(), "A-1".into())),
        booking(2, 11, guest("Ann B", "other@x.org".into(), "a-1".into())),
        booking(3, 12, guest("Ann", "ann@x.org".into(), "A-1".into())),
        booking(4, 11, guest("Cy", "ANN@x.org".into(), Bson::Null)),
        booking(5, 99, guest("Dee", "dee@x.org".into(), Bson::Null)),
        cancelled,
        booking(7, 12, guest("Nameless", Bson::Null, Bson::Null)),
    ];
    let data = vec![("shops", shops), ("bookings", bookings)];
    let shape = Shape::new(text, data, "bookings", &[]).await;
    let found = shape.found().await;
    // Two guests of one shop whom their numbers tell apart share an e-mail.
    assert_eq!(found["duplicate-email"], 1, "{found:?}");
    assert_eq!(found["booking-without-user"], 1, "{found:?}");
    assert_eq!(found["booking-without-business"], 1, "{found:?}");
    let of = |shop: u8| doc! { "shopId": id(shop), "fullName": "Ann", "email": "ann@x.org", "phone": "A-1" };
    let nobody = doc! { "shopId": id(12), "fullName": "Unknown Customer" };
    let (first, second) = (of(11), of(12));
    let mut outcome = fates(vec![
        (1, &first),
        (2, &first),
        (3, &second),
        (4, &first),
        (7, &nobody),
    ]);
    outcome.push((5.into(), Fate::Quarantined));
    outcome.push((6.into(), Fate::Left));
    shape
        .there_and_back(&outcome, &[first, second, nobody])
        .await;
    shape
        .with_what_was_written_since(&3.into(), ("shopId", id(12).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_user_who_resolves_wins_and_guest_fields_serve_where_none_does() {
    let text = r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
contact = ["phone", "city"]
phone = "phone"
[business]
collection = "shops"
name = "name"
[booking]
collection = "bookings"
user = "userId"
business = "shopId"
customer = "customerId"
guest = { name = "clientName", email = "clientEmail", phone = "clientPhone", gender = "gender" }
[customer]
collection = "customers"
business = "shopId"
"#;
    let users = vec![
        doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "phone": "1", "city": "Rome" },
        doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
    ];
    let shops = vec![
        doc! { "_id": id(11), "name": "First" },
        doc! { "_id": id(12), "name": "Second" },
    ];
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "shopId": id(11), "clientName": "Somebody", "clientEmail": "some@x.org" },
        doc! { "_id": 2, "userId": null, "shopId": id(11), "clientName": "Ann again", "clientEmail": "ANN@x.org" },
        doc! { "_id": 3, "userId": id(99), "shopId": id(11), "clientName": "Cy", "clientEmail": "cy@x.org", "clientPhone": "7", "gender": "M" },
        doc! { "_id": 4, "shopId": id(12), "clientName": "Cy", "clientEmail": "cy@x.org" },
        doc! { "_id": 5, "userId": id(99), "shopId": id(11), "clientName": "" },
        doc! { "_id": 6, "userId": id(2), "shopId": id(12), "gender": "M" },
    ];
    let data = vec![("users", users), ("shops", shops), ("bookings", bookings)];
    let shape = Shape::new(text, data, "bookings", &["userId"]).await;
    let found = shape.found().await;
    assert_eq!(found["duplicate-email"], 1, "{found:?}");
    assert_eq!(found["booking-without-user"], 1, "{found:?}");
    let ann = doc! { "shopId": id(11), "name": "Ann", "email": "ann@x.org", "phone": "1", "city": "Rome" };
    let cy =
        doc! { "shopId": id(11), "name": "Cy", "email": "cy@x.org", "phone": "7", "gender": "M" };
    let cy_too = doc! { "shopId": id(12), "name": "Cy", "email": "cy@x.org" };
    let nobody = doc! { "shopId": id(11), "name": "Unknown Customer" };
    let bob = doc! { "shopId": id(12), "name": "Bob", "email": "bob@x.org" };
    let outcome = fates(vec![
        (1, &ann),
        (2, &ann),
        (3, &cy),
        (4, &cy_too),
        (5, &nobody),
        (6, &bob),
    ]);
    let customers = [ann, cy, cy_too, nobody, bob];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&3.into(), ("clientName", "Cy".into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn of_a_guests_bookings_the_oldest_decides_the_spelling_and_a_text_is_no_date() {
    let booking = |n: i32, email: &str, created: Bson| {
        let mut booking = doc! { "_id": n, "clientName": "Ann", "clientEmail": email, "clientPhone": n, "gender": "F" };
        if created != Bson::Null {
            booking.insert("createdAt", created);
        }
        booking
    };
    let appointments = vec![
        booking(1, "gil@x.org", day(9).into()),
        booking(2, "GIL@x.org", day(1).into()),
        booking(3, " kim@x.org", day(1).into()),
        booking(4, "kim@x.org", day(2).into()),
        booking(5, "HAL@x.org", day(9).into()),
        booking(6, "hal@x.org", day(1).into()),
        booking(7, "zoe@x.org", Bson::Null),
        booking(8, "zoe@x.org", "2020-01-01".into()),
    ];
    let data = vec![("appointments", appointments)];
    let shape = Shape::new(ONE_TENANT, data, "appointments", &[]).await;
    assert_eq!(shape.found().await["email-spelling"], 2);
    let person = |email: &str, phone: i32, created: Option<DateTime>| {
        let mut person =
            doc! { "tenant": "main", "name": "Ann", "email": email, "phone": phone, "gender": "F" };
        if let Some(created) = created {
            person.insert("createdAt", created);
        }
        person
    };
    let customers = [
        person("GIL@x.org", 2, Some(day(1))),
        person(" kim@x.org", 3, Some(day(1))),
        person("hal@x.org", 6, Some(day(1))),
        person("zoe@x.org", 7, None),
    ];
    let outcome = (0..8).map(|at: i32| (at + 1, &customers[usize::try_from(at / 2).unwrap()]));
    shape
        .there_and_back(&fates(outcome.collect()), &customers)
        .await;
}
