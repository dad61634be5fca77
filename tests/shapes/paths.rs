//! Ways to the user and to the business: hops, arrays, natural keys, DBRefs, several paths in order, one business for all.

use bson::{Bson, Document, doc, oid::ObjectId};

use crate::shapes::shape::{Fate, Shape};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

/// Everything but `[booking]`.
const ROLES: &str = r#"version = 2
[user]
collection = "users"
name = "name"
email = "email"
password = "hash"
created = "createdAt"
contact = ["phone"]
phone = "phone"
[business]
collection = "shops"
name = "name"
owner = "ownerId"
[service]
collection = "services"
name = "title"
business = "shopId"
[customer]
collection = "customers"
business = "shopId"
"#;

fn mapping(booking: &str) -> String {
    format!("{ROLES}\n[booking]\ncollection = \"bookings\"\ncustomer = \"customerId\"\n{booking}\n")
}

/// Two people and an owner, two shops, services of both.
fn world() -> Vec<(&'static str, Vec<Document>)> {
    vec![
        (
            "users",
            vec![
                doc! { "_id": id(1), "name": "Ann", "email": "ann@x.org", "phone": "1" },
                doc! { "_id": id(2), "name": "Bob", "email": "bob@x.org" },
                doc! { "_id": id(3), "name": "Owner", "email": "own@x.org", "hash": "secret" },
            ],
        ),
        (
            "shops",
            vec![
                doc! { "_id": id(11), "name": "First", "ownerId": id(3) },
                doc! { "_id": id(12), "name": "Second", "ownerId": id(3) },
            ],
        ),
        (
            "services",
            vec![
                doc! { "_id": id(21), "title": "Cut", "shopId": id(11) },
                doc! { "_id": id(22), "title": "Colour", "shopId": id(11) },
                doc! { "_id": id(23), "title": "Shave", "shopId": id(12) },
            ],
        ),
    ]
}

fn ann(shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": "Ann", "email": "ann@x.org", "phone": "1" }
}

fn bob(shop: u8) -> Document {
    doc! { "shopId": id(shop), "name": "Bob", "email": "bob@x.org" }
}

fn of(customer: Document) -> Fate {
    Fate::Of(customer)
}

fn fates(list: Vec<(i32, Fate)>) -> Vec<(Bson, Fate)> {
    list.into_iter()
        .map(|(id, fate)| (id.into(), fate))
        .collect()
}

async fn shape(
    booking: &str,
    bookings: Vec<Document>,
    more: Vec<(&'static str, Vec<Document>)>,
    user: &'static str,
) -> Shape {
    let mut data = world();
    data.push(("bookings", bookings));
    data.extend(more);
    Shape::new(&mapping(booking), data, "bookings", &[user]).await
}

/// The mapping and the data of users who are found over their profiles.
pub fn given() -> (String, Vec<(&'static str, Vec<Document>)>) {
    let (booking, bookings, profiles) = over_profiles();
    let mut data = world();
    data.extend([("bookings", bookings), ("profiles", profiles)]);
    (mapping(booking), data)
}

fn over_profiles() -> (&'static str, Vec<Document>, Vec<Document>) {
    let profiles = vec![
        doc! { "_id": id(31), "userId": id(1) },
        doc! { "_id": id(32), "userId": id(2) },
    ];
    let bookings = vec![
        doc! { "_id": 1, "profileId": id(31), "serviceId": id(21), "price": 1.5 },
        doc! { "_id": 2, "serviceId": id(23), "profileId": id(31) },
        doc! { "_id": 3, "profileId": id(32), "serviceId": id(22) },
        doc! { "_id": 4, "profileId": id(39), "serviceId": id(22) },
    ];
    let booking = "user = \"profileId > profiles.userId\"\nservice = \"serviceId\"";
    (booking, bookings, profiles)
}

#[tokio::test]
async fn a_user_is_found_over_a_profile_and_a_new_booking_comes_back_with_its_profile() {
    let (booking, bookings, profiles) = over_profiles();
    let more = vec![("profiles", profiles)];
    let shape = shape(booking, bookings, more, "profileId").await;
    assert_eq!(shape.found().await["booking-without-user"], 1);
    let nobody = doc! { "shopId": id(11), "name": "Unknown Customer" };
    let outcome = fates(vec![
        (1, of(ann(11))),
        (2, of(ann(12))),
        (3, of(bob(11))),
        (4, of(nobody.clone())),
    ]);
    let customers = [ann(11), ann(12), bob(11), nobody];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&3.into(), ("profileId", id(32).into()))
        .await;
}

#[tokio::test]
async fn paths_to_the_business_are_tried_in_order_and_what_disagrees_is_for_the_operator() {
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "shopId": id(11), "serviceId": id(21) },
        doc! { "_id": 2, "userId": id(1), "shopId": null, "serviceId": id(23) },
        doc! { "_id": 3, "userId": id(2), "shopId": id(99), "serviceId": id(21) },
        doc! { "_id": 4, "userId": id(2), "shopId": id(12) },
        doc! { "_id": 5, "userId": id(2), "shopId": id(12), "serviceId": id(21) },
        doc! { "_id": 6, "userId": id(2), "shopId": id(99), "serviceId": id(98) },
    ];
    let paths = "user = \"userId\"\nservice = \"serviceId\"\nbusiness = [\"shopId\", \"serviceId > services.shopId\"]";
    let undecided = shape(paths, bookings.clone(), vec![], "userId").await;
    let found = undecided.found().await;
    assert_eq!(
        (
            found["business-disagrees"],
            found["booking-without-business"]
        ),
        (1, 1)
    );
    // Nothing is suggested, so --defaults leaves it open.
    undecided.plan().await.code(2).says(&["business-disagrees"]);

    for (answer, fate) in [("quarantine", Fate::Quarantined), ("leave", Fate::Left)] {
        let decisions = match answer {
            "leave" => "[policy]\nbusiness-disagrees = \"leave\"\n",
            _ => "[policy]\nbusiness-disagrees = \"quarantine\"\n",
        };
        let shape = shape(paths, bookings.clone(), vec![], "userId").await;
        let shape = shape.decided(decisions);
        let outcome = fates(vec![
            (1, of(ann(11))),
            (2, of(ann(12))),
            (3, of(bob(11))),
            (4, of(bob(12))),
            (5, fate),
            (6, Fate::Quarantined),
        ]);
        let customers = [ann(11), ann(12), bob(11), bob(12)];
        shape.there_and_back(&outcome, &customers).await;
        if answer == "leave" {
            shape
                .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
                .await;
        }
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_shared_service_needs_the_bookings_own_business_alone() {
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "shopId": id(12), "serviceId": id(21) },
        doc! { "_id": 2, "userId": id(2), "shopId": id(11).to_hex(), "serviceId": id(21) },
    ];
    let own = "user = \"userId\"\nservice = \"serviceId\"\nbusiness = \"shopId\"";
    let shape = shape(own, bookings, vec![], "userId").await;
    let found = shape.found().await;
    assert_eq!(found["id-type-mismatch"], 1, "{found:?}");
    let outcome = fates(vec![(1, of(ann(12))), (2, of(bob(11)))]);
    shape.there_and_back(&outcome, &[ann(12), bob(11)]).await;
    shape
        .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_services_of_all_items_lead_to_one_business_or_disagree() {
    let items = |services: &[u8]| -> Vec<Bson> {
        let items = services
            .iter()
            .map(|it| doc! { "serviceId": id(*it), "n": 1 });
        items.map(Bson::from).collect()
    };
    let bookings = vec![
        doc! { "_id": 1, "userId": id(1), "items": items(&[21, 22]) },
        doc! { "_id": 2, "userId": id(2), "items": items(&[99, 23]) },
        doc! { "_id": 3, "userId": id(2), "items": items(&[21, 23]) },
        doc! { "_id": 4, "userId": id(2), "items": items(&[]) },
    ];
    let over_items = "user = \"userId\"\nservice = \"items[].serviceId\"";
    let shape = shape(over_items, bookings, vec![], "userId").await;
    let shape = shape.decided("[policy]\nbusiness-disagrees = \"quarantine\"\n");
    let found = shape.found().await;
    assert_eq!(
        (
            found["business-disagrees"],
            found["booking-without-business"]
        ),
        (1, 1)
    );
    let outcome = fates(vec![
        (1, of(ann(11))),
        (2, of(bob(12))),
        (3, Fate::Quarantined),
        (4, Fate::Quarantined),
    ]);
    shape.there_and_back(&outcome, &[ann(11), bob(12)]).await;
    shape
        .with_what_was_written_since(&2.into(), ("userId", id(2).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_listings_owner_is_the_business() {
    let owners = ROLES.replace(
        "collection = \"shops\"\nname = \"name\"\nowner = \"ownerId\"",
        "collection = \"users\"\nname = \"name\"",
    );
    let owners = owners.replace(
        "[service]\ncollection = \"services\"\nname = \"title\"\nbusiness = \"shopId\"\n",
        "",
    );
    let booking = "[booking]\ncollection = \"bookings\"\ncustomer = \"customerId\"\nuser = \"userId\"\nbusiness = \"listingId > listings.ownerId\"\n";
    let mut data = world();
    data.push((
        "listings",
        vec![
            doc! { "_id": 41, "ownerId": id(3) },
            doc! { "_id": 42, "ownerId": id(3) },
        ],
    ));
    data.push((
        "bookings",
        vec![
            doc! { "_id": 1, "userId": id(1), "listingId": 41 },
            doc! { "_id": 2, "userId": id(1), "listingId": 42 },
            doc! { "_id": 3, "userId": id(2), "listingId": 42_i64 },
        ],
    ));
    let shape = Shape::new(&format!("{owners}{booking}"), data, "bookings", &["userId"]).await;
    let outcome = fates(vec![(1, of(ann(3))), (2, of(ann(3))), (3, of(bob(3)))]);
    shape.there_and_back(&outcome, &[ann(3), bob(3)]).await;
    shape
        .with_what_was_written_since(&3.into(), ("userId", id(2).into()))
        .await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn one_business_for_all_is_named_by_the_mapping() {
    let roles = ROLES.replace(
        "[business]\ncollection = \"shops\"\nname = \"name\"\nowner = \"ownerId\"\n",
        "",
    );
    for (text, value) in [
        ("main", Bson::from("main")),
        ("oid:0b0b0b0b0b0b0b0b0b0b0b0b", id(11).into()),
    ] {
        let booking = format!(
            "[booking]\ncollection = \"bookings\"\ncustomer = \"customerId\"\nuser = \"userId\"\nbusiness = {{ constant = \"{text}\" }}\n"
        );
        let mut data = world();
        data.push((
            "bookings",
            vec![
                doc! { "_id": 1, "userId": id(1) },
                doc! { "_id": 2, "userId": id(1), "shopId": id(12) },
                doc! { "_id": 3, "userId": id(9) },
            ],
        ));
        let shape = Shape::new(&format!("{roles}{booking}"), data, "bookings", &["userId"]).await;
        let with = |customer: Document| {
            let mut with = doc! { "shopId": value.clone() };
            with.extend(customer.into_iter().filter(|(field, _)| field != "shopId"));
            with
        };
        let (ann, nobody) = (with(ann(11)), with(doc! { "name": "Unknown Customer" }));
        let outcome = fates(vec![
            (1, of(ann.clone())),
            (2, of(ann.clone())),
            (3, of(nobody.clone())),
        ]);
        shape.there_and_back(&outcome, &[ann, nobody]).await;
        shape
            .with_what_was_written_since(&1.into(), ("userId", id(1).into()))
            .await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_dbref_and_a_list_of_one_user_are_users_and_come_back_in_their_form() {
    let dbref = |user: u8| doc! { "$ref": "users", "$id": id(user), "$db": "shop" };
    let list = |user: u8| Bson::from(vec![id(user)]);
    let dbref = |user: u8| Bson::from(dbref(user));
    let forms: [&dyn Fn(u8) -> Bson; 2] = [&dbref, &list];
    for form in forms {
        let bookings = vec![
            doc! { "_id": 1, "user": form(1), "serviceId": id(21) },
            doc! { "_id": 2, "user": form(2), "serviceId": id(23) },
            doc! { "_id": 3, "user": form(9), "serviceId": id(23) },
        ];
        let by = "user = \"user\"\nservice = \"serviceId\"";
        let shape = shape(by, bookings, vec![], "user").await;
        let nobody = doc! { "shopId": id(12), "name": "Unknown Customer" };
        let outcome = fates(vec![
            (1, of(ann(11))),
            (2, of(bob(12))),
            (3, of(nobody.clone())),
        ]);
        let customers = [ann(11), bob(12), nobody];
        shape.there_and_back(&outcome, &customers).await;
        shape
            .with_what_was_written_since(&2.into(), ("user", form(2)))
            .await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn natural_keys_lead_forwards_and_backwards() {
    let people = vec![
        doc! { "_id": id(31), "login": { "name": "ann7" }, "userId": id(1) },
        doc! { "_id": id(32), "login": { "name": "bob" }, "userId": id(2) },
    ];
    let branches = vec![
        doc! { "_id": 1, "stylists": ["jo", "al"], "shopId": id(11) },
        doc! { "_id": 2, "stylists": ["mo"], "shopId": id(12) },
    ];
    let bookings = vec![
        doc! { "_id": 1, "by": "ann7", "stylist": "al" },
        doc! { "_id": 2, "by": "bob", "stylist": "mo" },
        doc! { "_id": 3, "by": "ann7", "stylist": "mo" },
    ];
    let keys = "user = \"by > people(login.name).userId\"\nbusiness = \"stylist > branches(stylists).shopId\"";
    let more = vec![("people", people), ("branches", branches)];
    let shape = shape(keys, bookings, more, "by").await;
    let outcome = fates(vec![(1, of(ann(11))), (2, of(bob(12))), (3, of(ann(12)))]);
    let customers = [ann(11), bob(12), ann(12)];
    shape.there_and_back(&outcome, &customers).await;
    shape
        .with_what_was_written_since(&2.into(), ("by", "bob".into()))
        .await;
}

#[tokio::test]
async fn a_booking_that_names_several_users_is_a_blocker_until_it_is_decided() {
    let bookings = vec![
        doc! { "_id": 1, "user": [id(1), id(2)], "serviceId": id(21) },
        doc! { "_id": 2, "user": [id(1)], "serviceId": id(21) },
    ];
    let by = "user = \"user\"\nservice = \"serviceId\"";
    let shape = shape(by, bookings, vec![], "user").await;
    let before = shape.case.picture().await;
    let undecided = shape.run(&["plan", "--out", "plan.json"]).await;
    undecided.code(2).says(&["several-users"]);
    shape.case.assert_same(&before).await;
}
