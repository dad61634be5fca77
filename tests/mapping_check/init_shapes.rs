//! What `init` finds unaided over databases of many shapes: for each the lines that a hand would write, and what it asks.

use bson::{Bson, DateTime, Document, doc};

use crate::mapping_check::init::{bookings, has, init, keys, of, password, people, written};
use crate::mapping_check::world::id;

/// A shape.
struct Shape {
    name: &'static str,
    data: Vec<(&'static str, Vec<Document>)>,
    /// The lines that a hand would write, by their roles.
    roles: &'static [&'static str],
    /// Exit code 2 where it asks.
    code: i32,
}

fn salons() -> (&'static str, Vec<Document>) {
    let salons = (0..2)
        .map(|n| doc! { "_id": id(b'b', n), "name": format!("Salon {n}"), "ownerId": id(b'u', n) });
    ("salons", salons.collect())
}

fn services(of: impl Fn(u32) -> Document) -> Vec<Document> {
    let services = (0..8).map(|n| {
        let mut service = doc! { "_id": id(b's', n), "title": format!("Cut {n}"), "price": 20 };
        service.extend(of(n));
        service
    });
    services.collect()
}

const USERS: [&str; 4] = [
    "collection = \"users\"",
    "name = \"name\"",
    "email = \"email\"",
    "password = \"hashedPassword\"",
];

fn uuid(kind: u8, n: u32) -> bson::Uuid {
    let mut bytes = [kind; 16];
    bytes[6] = 0x4a;
    bytes[8] = 0x8a;
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    bson::Uuid::from_bytes(bytes)
}

/// Users, salons and bookings whose ids are made by this.
fn of_ids<I: Into<Bson>>(make: impl Fn(u8, u32) -> I + Copy) -> Vec<(&'static str, Vec<Document>)> {
    let mut users = people(password);
    for (n, user) in (0..).zip(&mut users) {
        user.insert("_id", make(b'u', n));
    }
    let salons =
        (0..2).map(|n| doc! { "_id": make(b'b', n), "name": "Salon", "ownerId": make(b'u', n) });
    let of = bookings(
        |n| doc! { "_id": make(b'k', n), "userId": make(b'u', n % 40), "salonId": make(b'b', n % 2) },
    );
    vec![
        ("users", users),
        ("salons", salons.collect()),
        ("bookings", of),
    ]
}

#[allow(clippy::too_many_lines)] // a table
fn shapes() -> Vec<Shape> {
    let by_user = |n: u32| doc! { "userId": id(b'u', n % 40), "salonId": id(b'b', n % 2) };
    let direct: &[&str] = &[
        "collection = \"users\"",
        "name = \"name\"",
        "email = \"email\"",
        "password = \"hashedPassword\"",
        "collection = \"salons\"",
        "owner = \"ownerId\"",
        "collection = \"bookings\"",
        "user = \"userId\"",
        "business = \"salonId\"",
        "when = \"startsAt\"",
        "customer = \"customerId\"",
        "collection = \"customers\"",
    ];
    let shape = |name, roles, data| Shape {
        name,
        data,
        roles,
        code: 0,
    };
    vec![
        shape("services lead to the business", &[
            "collection = \"User\"", "email = \"email\"", "password = \"hashedPassword\"", "collection = \"Salon\"", "owner = \"ownerId\"",
            "collection = \"Service\"", "business = \"salonId\"", "collection = \"Booking\"", "user = \"userId\"", "service = \"serviceId\"",
            "customer = \"customerId\"", "collection = \"Customer\"",
        ], vec![
            ("User", people(password)), ("Salon", salons().1), ("Service", services(|n| doc! { "salonId": id(b'b', n % 2) })),
            ("Booking", bookings(|n| doc! { "userId": id(b'u', n % 40), "serviceId": id(b's', n % 8) })),
        ]),
        shape("a direct business beside shared services", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"userId\"", "business = \"salonId\"", "collection = \"services\"",
            "service = \"serviceId\"", "customer = \"customerId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(), ("services", services(|_| doc! {})),
            ("bookings", bookings(|n| { let mut it = by_user(n); it.insert("serviceId", id(b's', n % 8)); it })),
        ]),
        shape("items of several services", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"userId\"", "business = \"items[].serviceId > services.salonId\"",
            "customer = \"customerId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(), ("services", services(|n| doc! { "salonId": id(b'b', n % 2) })),
            ("bookings", bookings(|n| doc! { "userId": id(b'u', n % 40), "items": [{ "serviceId": id(b's', n % 8), "price": 3 }, { "serviceId": id(b's', (n + 2) % 8), "price": 4 }] })),
        ]),
        shape("a profile between", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"profileId > profiles.userId\"", "business = \"salonId\"",
            "customer = \"customerId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("profiles", (0..40).map(|n| doc! { "_id": id(b'p', n), "userId": id(b'u', n) }).collect()),
            ("bookings", bookings(|n| doc! { "profileId": id(b'p', n % 40), "salonId": id(b'b', n % 2) })),
        ]),
        shape("owners of listings are the businesses", &[
            "collection = \"User\"", "user = \"userId\"", "business = \"listingId > Listing.userId\"", "customer = \"customerId\"", "collection = \"Customer\"",
        ], vec![
            ("User", people(password)),
            ("Listing", (0..30).map(|n| doc! { "_id": id(b'l', n), "title": "Loft", "userId": id(b'u', n % 4) }).collect()),
            ("Reservation", bookings(|n| doc! { "userId": id(b'u', 4 + n % 30), "listingId": id(b'l', n % 30) })),
        ]),
        shape("guests and no users", &[
            "business = { constant = \"main\" }", "guest = { name = \"clientName\", email = \"clientEmail\", phone = \"clientPhone\" }",
            "collection = \"appointments\"", "collection = \"customers\"",
        ], vec![("appointments", bookings(|n| doc! { "clientName": format!("Guest {n}"), "clientEmail": format!("g{n}@example.com"), "clientPhone": format!("030 {n}") }))]),
        shape("guest fields beside users", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"userId\"", "business = \"salonId\"", "guest = { name = \"guestName\", email = \"guestEmail\" }",
            "customer = \"customerId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| if n % 4 == 0 {
                doc! { "userId": Bson::Null, "guestName": format!("Guest {n}"), "guestEmail": format!("g{n}@example.com"), "salonId": id(b'b', n % 2) }
            } else { by_user(n) })),
        ]),
        shape("an e-mail names the user", &[
            "collection = \"users\"", "collection = \"salons\"", "user = { email = \"userEmail\" }", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| doc! { "userEmail": format!("person{}@example.com", n % 40), "salonId": id(b'b', n % 2) })),
        ]),
        shape("clients and businesses in one collection", &[
            "collection = \"parties\"", "where = { kind = \"client\" }", "where = { kind = \"business\" }", "user = \"clientId\"",
            "business = \"businessId\"", "customer = \"customerId\"", "collection = \"customers\"",
        ], vec![
            ("parties", {
                let mut all = people(|n| { let mut it = password(n); it.insert("kind", if n < 4 { "business" } else { "client" }); it });
                all.truncate(40);
                all
            }),
            ("bookings", bookings(|n| doc! { "clientId": id(b'u', 4 + n % 36), "businessId": id(b'u', n % 4) })),
        ]),
        shape("nested credentials and a name in parts", &[
            "collection = \"users\"", "name = [\"firstName\", \"lastName\"]", "email = \"local.email\"", "password = \"local.password\"",
            "collection = \"salons\"", "user = \"userId\"", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", (0..40).map(|n| {
                let mut local = doc! { "email": format!("p{n}@example.com") };
                if n < 3 { local.insert("password", format!("$2b$10$abcdefgh{n}")); }
                doc! { "_id": id(b'u', n), "firstName": "Ann", "lastName": format!("Lee {n}"), "local": local }
            }).collect()), salons(), ("bookings", bookings(by_user)),
        ]),
        shape("texts as ids", direct, of_ids(|kind, n| format!("c{kind}{n:021}"))),
        shape("UUIDs as ids", direct, of_ids(uuid)),
        shape("numbers as ids", direct, of_ids(|kind, n| i64::from(kind) * 1_000_000 + i64::from(n))),
        shape("a DBRef", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"user\"", "business = \"salon\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| doc! { "user": { "$ref": "users", "$id": id(b'u', n % 40) }, "salon": { "$ref": "salons", "$id": id(b'b', n % 2) } })),
        ]),
        shape("payments and reviews beside", direct, vec![
            ("users", people(password)), salons(), ("bookings", bookings(by_user)),
            ("payments", (0..40).map(|n| doc! { "_id": id(b'y', n), "userId": id(b'u', n), "salonId": id(b'b', n % 2), "amount": 3 }).collect()),
            ("reviews", (0..40).map(|n| doc! { "_id": id(b'r', n), "authorId": id(b'u', n), "salonId": id(b'b', n % 2), "stars": 3 }).collect()),
        ]),
        shape("soft-deleted users", &[
            "collection = \"users\"", "deleted = [{ deletedAt = { set = true } }]", "collection = \"salons\"", "user = \"userId\"", "business = \"salonId\"",
        ], vec![
            ("users", people(|n| { let mut it = password(n); it.insert("deletedAt", if n == 5 { Bson::from(DateTime::from_millis(1)) } else { Bson::Null }); it })),
            salons(), ("bookings", bookings(by_user)),
        ]),
        shape("customerId names the user already", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"customerId\"", "customer = \"customerId\"", "in_place = true", "business = \"salonId\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| doc! { "customerId": id(b'u', n % 40), "salonId": id(b'b', n % 2) })),
        ]),
        shape("a natural key", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"bookedBy > users(username)._id\"", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(|n| { let mut it = password(n); it.insert("username", format!("person-{n}")); it })), salons(),
            ("bookings", bookings(|n| doc! { "bookedBy": format!("person-{}", n % 40), "salonId": id(b'b', n % 2) })),
        ]),
        shape("several users as a list", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"attendeeIds\"", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| doc! { "attendeeIds": [id(b'u', n % 40), id(b'u', (n + 1) % 40)], "salonId": id(b'b', n % 2) })),
        ]),
        shape("the roles of the users tell two references apart", &[
            "collection = \"users\"", "collection = \"salons\"", "user = \"partyB\"", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(|n| { let mut it = password(n); it.insert("role", if n < 6 { "stylist" } else { "client" }); it })), salons(),
            ("bookings", bookings(|n| doc! { "partyA": id(b'u', n % 6), "partyB": id(b'u', 6 + n % 30), "salonId": id(b'b', n % 2) })),
        ]),
        Shape { code: 2, ..shape("nothing tells two references apart", &[
            "collection = \"users\"", "collection = \"salons\"", "business = \"salonId\"", "collection = \"customers\"",
        ], vec![
            ("users", people(password)), salons(),
            ("bookings", bookings(|n| doc! { "userId": id(b'u', n % 40), "clientId": id(b'u', (n + 7) % 40), "salonId": id(b'b', n % 2) })),
        ]) },
    ]
}

#[tokio::test]
async fn nine_tenths_of_the_roles_of_all_shapes_are_found_unaided() {
    let (mut found, mut roles) = (0, 0);
    let mut lines = Vec::new();
    for shape in shapes() {
        let case = of(shape.data).await;
        let ended = init(&case).await;
        let keys = keys(&case);
        let missing: Vec<_> = shape
            .roles
            .iter()
            .filter(|role| !keys.iter().any(|key| key == *role))
            .collect();
        let of_these = shape.roles.len() - missing.len();
        found += of_these;
        roles += shape.roles.len();
        lines.push(format!(
            "{}: {of_these} of {}, exit {}{}",
            shape.name,
            shape.roles.len(),
            ended.code,
            if missing.is_empty() {
                String::new()
            } else {
                format!("; missing {missing:?}")
            }
        ));
        assert_eq!(
            ended.code,
            shape.code,
            "{}: {}\n{}",
            shape.name,
            ended.out,
            written(&case)
        );
        // What is complete is surveyed as it is.
        if ended.code == 0 {
            let survey = case.ringfence(&["--json", "survey"]).await;
            assert!(
                [0, 2].contains(&survey.code),
                "{}: {}\n{}",
                shape.name,
                survey.err,
                written(&case)
            );
        }
    }
    println!("{}\n{found} of {roles} roles", lines.join("\n"));
    assert!(
        found * 10 >= roles * 9,
        "{found} of {roles}:\n{}",
        lines.join("\n")
    );
}

#[tokio::test]
async fn collections_that_refer_to_users_stand_as_entries_in_comments() {
    let shape = shapes()
        .into_iter()
        .find(|it| it.name.starts_with("payments"));
    let case = of(shape.unwrap().data).await;
    init(&case).await.code(0);
    let text = written(&case);
    for line in [
        "# [[follow]] # ",
        "# collection = \"payments\"",
        "# user = \"userId\"",
        "# business = \"salonId\"",
        "# to = \"customerId\"",
    ] {
        assert!(text.contains(line), "{line} not in\n{text}");
    }
    assert!(text.contains("# collection = \"reviews\"") && text.contains("# user = \"authorId\""));
    has(&case, &USERS);
}
