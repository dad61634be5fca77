//! Bookings that name several users: the first one's customer holds the booking, every user named gets a customer, and a way back restores all.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape, all};

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
#[ignore = "long: RINGFENCE_TESTS=full"]
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

/// The mapping and the data.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    (listed(), data())
}

fn listed() -> String {
    MAPPING.replace(
        "customer = \"customerId\"",
        "customer = \"customerId\"\nseveral = \"list\"",
    )
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_list_names_the_customers_of_all_users_in_the_old_order() {
    let shape = Shape::new(&listed(), data(), "bookings", &["guests"]).await;
    assert!(!shape.found().await.contains_key("several-users"));
    let all_of =
        |names: &[&str], shop: u8| Fate::All(names.iter().map(|name| person(name, shop)).collect());
    let fates = [
        (1.into(), all_of(&["Bob", "Ann", "Cleo"], 11)),
        (2.into(), all_of(&["Bob"], 12)),
        (3.into(), all_of(&["Ann"], 11)),
        (4.into(), all_of(&["Bob"], 11)),
        (5.into(), all_of(&["Ann"], 11)),
    ];
    let customers = [
        person("Ann", 11),
        person("Bob", 11),
        person("Bob", 12),
        person("Cleo", 11),
    ];
    shape.there_and_back(&fates, &customers).await;
    let users = Bson::from(vec![id(2), id(1), id(3)]);
    shape
        .with_what_was_written_since(&1.into(), ("guests", users))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn of_users_who_are_one_person_a_list_names_the_customer_once() {
    let mut data = data();
    data[0]
        .1
        .push(doc! { "_id": id(4), "name": "Ann", "email": "ANN@x.org" });
    let booking = doc! { "_id": 6, "guests": [id(4), id(2), id(1)], "shopId": id(11), "n": 6 };
    data[2].1.push(booking);
    let shape = Shape::new(&listed(), data, "bookings", &["guests"]).await;
    shape.migrate().await;
    let live = all(&shape.case.database, "bookings").await;
    let list = live[5].get_array("customerId").unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0], live[4].get_array("customerId").unwrap()[0]);
    shape.run(&["verify"]).await.code(0);
    shape.case.roll_back(&[]).await.code(0);
}

/// What an application does with the lists: it takes somebody out, puts somebody in, and turns them around.
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_changed_list_comes_back_as_the_users_of_its_customers() {
    let shape = Shape::new(&listed(), data(), "bookings", &["guests"]).await;
    shape.migrate().await;
    let database = &shape.case.database;
    let bookings = database.collection::<Document>("bookings");
    let live = all(database, "bookings").await;
    let list = live[0].get_array("customerId").unwrap().clone();
    let [bob, ann, cleo] = [0, 1, 2].map(|at: usize| list[at].clone());
    let change = |id: i32, to: Vec<Bson>| {
        let bookings = bookings.clone();
        async move {
            let set = doc! { "$set": { "customerId": to } };
            bookings.update_one(doc! { "_id": id }, set).await.unwrap();
        }
    };
    change(1, vec![cleo.clone(), bob]).await;
    change(3, vec![ann.clone(), cleo.clone()]).await;
    change(5, vec![cleo]).await;
    let new = doc! { "_id": 7, "customerId": [ann], "shopId": id(11), "n": 7 };
    bookings.insert_one(new).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let back = all(database, "bookings").await;
    let users = |at: usize| back[at].get("guests").cloned().unwrap();
    assert_eq!(users(0), Bson::from(vec![id(3), id(2)]));
    // Whom nobody knows stays where it was.
    assert_eq!(users(2), Bson::from(vec![id(99), id(1), id(3)]));
    assert_eq!(users(4), Bson::from(id(3)));
    assert_eq!(users(5), Bson::from(vec![id(1)]));
    for (at, booking) in back.iter().enumerate() {
        assert!(!booking.contains_key("customerId"), "{at}: {booking}");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_list_in_place_and_a_list_of_dbrefs_are_replaced_alike() {
    let dbref = |user: u8| doc! { "$ref": "users", "$id": id(user) };
    let mut data = data();
    for (at, users) in [vec![2, 1], vec![3], vec![1], vec![2], vec![1, 3]]
        .iter()
        .enumerate()
    {
        let list: Vec<Document> = users.iter().map(|user| dbref(*user)).collect();
        let booking = &mut data[2].1[at];
        let (n, shop) = (booking.get("n").cloned(), booking.get("shopId").cloned());
        *booking =
            doc! { "_id": booking.get("_id").cloned(), "customerId": list, "shopId": shop, "n": n };
    }
    let mapping = listed()
        .replace("user = \"guests\"", "user = \"customerId\"")
        .replace("several = ", "in_place = true\nseveral = ");
    let shape = Shape::new(&mapping, data, "bookings", &[]).await.in_place();
    let all_of =
        |names: &[&str], shop: u8| Fate::All(names.iter().map(|name| person(name, shop)).collect());
    let fates = [
        (1.into(), all_of(&["Bob", "Ann"], 11)),
        (2.into(), all_of(&["Cleo"], 12)),
        (3.into(), all_of(&["Ann"], 11)),
        (4.into(), all_of(&["Bob"], 11)),
        (5.into(), all_of(&["Ann", "Cleo"], 11)),
    ];
    let customers = [
        person("Ann", 11),
        person("Bob", 11),
        person("Cleo", 11),
        person("Cleo", 12),
    ];
    shape.there_and_back(&fates, &customers).await;
    let list = Bson::from(vec![dbref(2), dbref(1)]);
    shape
        .with_what_was_written_since(&1.into(), ("customerId", list))
        .await;
}

#[tokio::test]
async fn followed_documents_may_list_customers_too() {
    let mut data = data();
    data.push((
        "rides",
        vec![
            doc! { "_id": 1, "who": [id(3), id(1)], "shopId": id(12) },
            doc! { "_id": 2, "who": [id(2)], "shopId": id(11) },
        ],
    ));
    let mapping = format!(
        "{}[[follow]]\ncollection = \"rides\"\nuser = \"who\"\nbusiness = \"shopId\"\nto = \"customers\"\nseveral = \"list\"\n",
        listed()
    );
    let shape = Shape::new(&mapping, data, "bookings", &["guests"]).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    shape.run(&["verify"]).await.code(0);
    let rides = all(&shape.case.database, "rides").await;
    assert_eq!(rides[0].get_array("customers").unwrap().len(), 2);
    assert!(!rides[0].contains_key("who"));
    let bob = all(&shape.case.database, "bookings").await[3]
        .get_array("customerId")
        .unwrap()
        .clone();
    assert_eq!(rides[1].get_array("customers").unwrap(), &bob);
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let now = shape.case.picture().await;
    let differences = crate::support::picture::differences(
        &before,
        &crate::support::picture::but_runs(&now),
        true,
    );
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_list_names_the_customer_that_a_user_has_already_by_another_booking() {
    let mut data = data();
    let known = id(50);
    data[2].1 = vec![
        doc! { "_id": 1, "guests": [id(1)], "customerId": [known], "shopId": id(11) },
        doc! { "_id": 2, "guests": [id(2), id(1)], "shopId": id(11) },
        doc! { "_id": 3, "guests": [id(1), id(2)], "shopId": id(12) },
    ];
    let before = doc! { "_id": known, "shopId": id(11), "name": "Ann, known" };
    data.push(("customers", vec![before]));
    let shape = Shape::new(&listed(), data, "bookings", &["guests"]).await;
    shape.migrate().await;
    shape.run(&["verify"]).await.code(0);
    let live = all(&shape.case.database, "bookings").await;
    let list = |at: usize| live[at].get_array("customerId").unwrap().clone();
    assert_eq!(list(0), [Bson::from(known)]);
    assert_eq!((list(1).len(), &list(1)[1]), (2, &Bson::from(known)));
    assert_eq!(list(2).len(), 2);
    shape.case.roll_back(&["--keep-new"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_followed_document_goes_to_the_customer_that_its_user_has_already_by_a_booking() {
    let mut data = data();
    let known = id(50);
    data[2].1 = vec![
        doc! { "_id": 1, "guests": [id(1)], "customerId": known, "shopId": id(11) },
        doc! { "_id": 2, "guests": [id(2)], "shopId": id(11) },
    ];
    let before = doc! { "_id": known, "shopId": id(11), "name": "Ann, known" };
    data.push(("customers", vec![before]));
    let rides = vec![
        doc! { "_id": 1, "who": id(1), "shopId": id(11) },
        doc! { "_id": 2, "who": id(2), "shopId": id(11) },
        doc! { "_id": 3, "who": id(1), "shopId": id(12) },
    ];
    data.push(("rides", rides));
    let mapping = format!(
        "{MAPPING}[[follow]]\ncollection = \"rides\"\nuser = \"who\"\nbusiness = \"shopId\"\nto = \"customerId\"\n"
    );
    let shape = Shape::new(&mapping, data, "bookings", &["guests"]).await;
    shape.migrate().await;
    shape.run(&["verify"]).await.code(0);
    let rides = all(&shape.case.database, "rides").await;
    assert_eq!(rides[0].get("customerId"), Some(&Bson::from(known)));
    assert!(rides.iter().all(|ride| !ride.contains_key("who")));
    shape.case.roll_back(&["--keep-new"]).await.code(0);
}
