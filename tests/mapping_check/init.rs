//! `ringfence init`: what it finds unaided, what it asks, and what it refuses.

use bson::{Document, doc};
use ringfence::demo::sample::{self, Size};

use crate::mapping_check::world::{World, id};
use crate::support::case::{Case, Ended};

pub async fn init(case: &Case) -> Ended {
    case.ringfence(&["init"]).await
}

pub fn written(case: &Case) -> String {
    std::fs::read_to_string(case.path("ringfence.toml")).unwrap()
}

/// The lines of the file without their comments.
pub fn keys(case: &Case) -> Vec<String> {
    let text = written(case);
    let lines = text.lines().map(|line| match line.split_once(" # ") {
        Some((key, _)) if !line.starts_with('#') => key.trim_end().to_owned(),
        _ => line.to_owned(),
    });
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Every one of these lines stands in the file.
#[track_caller]
pub fn has(case: &Case, lines: &[&str]) {
    let keys = keys(case);
    let missing: Vec<_> = lines
        .iter()
        .filter(|line| !keys.iter().any(|it| it == *line))
        .collect();
    assert!(missing.is_empty(), "{missing:?} not in\n{}", written(case));
}

pub async fn of(collections: Vec<(&str, Vec<Document>)>) -> Case {
    let case = Case::empty().await;
    for (name, documents) in collections {
        case.database
            .collection(name)
            .insert_many(documents)
            .await
            .unwrap();
    }
    case
}

pub fn people(more: impl Fn(u32) -> Document) -> Vec<Document> {
    (0..40)
        .map(|n| {
            let mut user = doc! { "_id": id(b'u', n), "name": format!("Person {n}"), "email": format!("person{n}@example.com") };
            user.extend(more(n));
            user
        })
        .collect()
}

pub fn bookings(more: impl Fn(u32) -> Document) -> Vec<Document> {
    (0..120)
        .map(|n| {
            let mut booking = doc! { "_id": id(b'k', n), "startsAt": bson::DateTime::from_millis(i64::from(n) * 1_000_000), "status": "done" };
            booking.extend(more(n));
            booking
        })
        .collect()
}

pub fn password(n: u32) -> Document {
    if n < 4 {
        doc! { "hashedPassword": format!("$2b$10$abcdefghijkl{n}") }
    } else {
        doc! {}
    }
}

#[tokio::test]
async fn the_sample_data_needs_no_help_and_what_is_written_is_what_the_built_in_mapping_says() {
    let case = Case::empty().await;
    sample::seed(&case.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    init(&case).await.code(0).says(&["0 left for you"]);
    has(
        &case,
        &[
            "collection = \"User\"",
            "name = \"name\"",
            "email = \"email\"",
            "password = \"hashedPassword\"",
            "created = \"createdAt\"",
            "collection = \"Business\"",
            "owner = \"ownerId\"",
            "collection = \"Service\"",
            "business = \"businessId\"",
            "collection = \"Booking\"",
            "user = \"userId\"",
            "service = \"serviceId\"",
            "customer = \"customerId\"",
            "collection = \"Customer\"",
        ],
    );
    case.ringfence(&["survey"]).await.code(2);
    case.plan().await;
    // What is there is never written over.
    let before = written(&case);
    init(&case).await.code(1).says(&["not overwritten"]);
    assert_eq!(written(&case), before);
}

#[tokio::test]
async fn a_world_of_the_default_shape_is_found_and_surveyed() {
    let case = World::clean().case().await;
    init(&case).await.code(0);
    case.ringfence(&["survey"]).await.code(0);
    has(
        &case,
        &[
            "user = \"userId\"",
            "contact = [\"phone\", \"country\", \"city\"]",
            "phone = \"phone\"",
        ],
    );
}

#[tokio::test]
async fn a_profile_between_a_booking_and_its_user_is_a_hop() {
    let case = of(vec![
        ("users", people(password)),
        (
            "profiles",
            (0..40)
                .map(|n| doc! { "_id": id(b'p', n), "userId": id(b'u', n) })
                .collect(),
        ),
        (
            "salons",
            (0..2)
                .map(|n| doc! { "_id": id(b'b', n), "name": "Salon", "ownerId": id(b'u', n) })
                .collect(),
        ),
        (
            "bookings",
            bookings(|n| doc! { "profileId": id(b'p', n % 40), "salonId": id(b'b', n % 2) }),
        ),
    ])
    .await;
    init(&case).await.code(0);
    has(
        &case,
        &[
            "user = \"profileId > profiles.userId\"",
            "business = \"salonId\"",
            "customer = \"customerId\"",
            "collection = \"customers\"",
            "collection = \"salons\"",
        ],
    );
}

#[tokio::test]
async fn owners_of_several_listings_are_the_businesses_and_of_one_each_the_listing_is() {
    let listings = |owners: u32| {
        let listings = (0..30).map(
            move |n| doc! { "_id": id(b'l', n), "title": "Loft", "userId": id(b'u', n % owners) },
        );
        listings.collect::<Vec<_>>()
    };
    let world = |owners| {
        of(vec![
            ("User", people(password)),
            ("Listing", listings(owners)),
            (
                "Reservation",
                bookings(
                    |n| doc! { "userId": id(b'u', 4 + n % 30), "listingId": id(b'l', n % 30) },
                ),
            ),
        ])
    };
    let several = world(4).await;
    init(&several).await.code(0);
    has(
        &several,
        &[
            "business = \"listingId > Listing.userId\"",
            "collection = \"User\"",
            "user = \"userId\"",
        ],
    );
    assert!(written(&several).contains("so the owner is the business"));
    let each = world(30).await;
    init(&each).await.code(0);
    has(
        &each,
        &["business = \"listingId\"", "collection = \"Listing\""],
    );
}

#[tokio::test]
async fn without_users_and_businesses_guests_are_found_and_one_business_stands_for_all() {
    let case = of(vec![(
        "appointments",
        bookings(|n| doc! { "clientName": format!("Guest {n}"), "clientEmail": format!("g{n}@example.com"), "clientPhone": format!("030 {n}") }),
    )])
    .await;
    init(&case).await.code(0);
    has(
        &case,
        &[
            "business = { constant = \"main\" }",
            "guest = { name = \"clientName\", email = \"clientEmail\", phone = \"clientPhone\" }",
        ],
    );
    assert!(!written(&case).contains("[user]"));
    case.ringfence(&["survey"])
        .await
        .code(0)
        .says(&["the mapping has no users", "120 pairs"]);
}

#[tokio::test]
async fn e_mails_dbrefs_natural_keys_and_ids_of_all_kinds_lead_to_users() {
    let salons = || {
        (0..2)
            .map(|n| doc! { "_id": id(b'b', n), "name": "Salon" })
            .collect::<Vec<_>>()
    };
    let named = |n: u32| {
        let mut user = password(n);
        user.insert("username", format!("person-{n}"));
        user
    };
    for (reference, expected) in [
        (
            doc! { "userEmail": "person7@example.com" },
            "user = { email = \"userEmail\" }",
        ),
        (
            doc! { "user": { "$ref": "users", "$id": id(b'u', 7) } },
            "user = \"user\"",
        ),
        (
            doc! { "bookedBy": "person-7" },
            "user = \"bookedBy > users(username)._id\"",
        ),
        (
            doc! { "attendeeIds": [id(b'u', 7), id(b'u', 8)] },
            "user = \"attendeeIds\"",
        ),
        (doc! { "userId": id(b'u', 7).to_hex() }, "user = \"userId\""),
    ] {
        let case = of(vec![
            ("users", people(named)),
            ("salons", salons()),
            (
                "bookings",
                bookings(|n| {
                    let mut it = reference.clone();
                    it.insert("salonId", id(b'b', n % 2));
                    it
                }),
            ),
        ])
        .await;
        init(&case).await.code(0);
        has(&case, &[expected, "business = \"salonId\""]);
    }
}

#[tokio::test]
async fn names_in_parts_nested_credentials_and_soft_deletion_are_found() {
    let users = (0..40).map(|n| {
        let mut local = doc! { "email": format!("p{n}@example.com") };
        if n < 3 {
            local.insert("password", format!("$2b$10$abcdefgh{n}"));
        }
        doc! { "_id": format!("ck{n:022}"), "firstName": "Ann", "lastName": format!("Lee {n}"), "local": local, "deletedAt": bson::Bson::Null, "tel": "030 1" }
    });
    let case = of(vec![
        ("users", users.collect()),
        ("shops", vec![doc! { "_id": "shop-1", "name": "Shop" }, doc! { "_id": "shop-2", "name": "Shop" }]),
        ("bookings", bookings(|n| doc! { "userId": format!("ck{:022}", n % 40), "shopId": format!("shop-{}", 1 + n % 2) })),
    ])
    .await;
    init(&case).await.code(0);
    has(
        &case,
        &[
            "name = [\"firstName\", \"lastName\"]",
            "email = \"local.email\"",
            "password = \"local.password\"",
            "contact = [\"tel\"]",
            "phone = \"tel\"",
            "deleted = [{ deletedAt = { set = true } }]",
            "user = \"userId\"",
            "business = \"shopId\"",
        ],
    );
}

#[tokio::test]
async fn a_reference_that_is_called_customer_id_already_is_replaced_in_place_and_taken_names_are_left_alone()
 {
    let salons = || {
        (0..2)
            .map(|n| doc! { "_id": id(b'b', n), "name": "Salon" })
            .collect::<Vec<_>>()
    };
    let case = of(vec![
        ("users", people(password)),
        ("salons", salons()),
        (
            "bookings",
            bookings(|n| doc! { "customerId": id(b'u', n % 40), "salonId": id(b'b', n % 2) }),
        ),
    ])
    .await;
    init(&case).await.code(0);
    has(
        &case,
        &[
            "user = \"customerId\"",
            "customer = \"customerId\"",
            "in_place = true",
        ],
    );
    let case = of(vec![
        ("customers", people(password)),
        ("salons", salons()),
        ("bookings", bookings(|n| doc! { "clientId": id(b'u', n % 40), "customerId": format!("cus_{n}AbC"), "salonId": id(b'b', n % 2) })),
    ])
    .await;
    init(&case).await.code(0);
    has(
        &case,
        &["user = \"clientId\"", "collection = \"customers\""],
    );
    let text = written(&case);
    assert!(!text.contains("\ncustomer = \"customerId\""), "{text}");
    assert!(
        text.contains("collection = \"businessCustomers\""),
        "{text}"
    );
}

#[tokio::test]
async fn two_references_that_fit_equally_well_stay_open_and_the_survey_asks() {
    let case = of(vec![
        ("users", people(password)),
        ("salons", (0..2).map(|n| doc! { "_id": id(b'b', n), "name": "Salon" }).collect()),
        ("bookings", bookings(|n| doc! { "userId": id(b'u', n % 40), "clientId": id(b'u', (n + 1) % 40), "salonId": id(b'b', n % 2) })),
    ])
    .await;
    init(&case).await.code(2).says(&["booking.user"]);
    let text = written(&case);
    assert!(
        text.contains("user = \"\" # required") && text.contains("# user = \"clientId\""),
        "{text}"
    );
    case.ringfence(&["survey"])
        .await
        .code(1)
        .says(&["booking.user", "ringfence.toml:"]);
}

#[tokio::test]
async fn bookings_inside_other_documents_are_named_and_refused() {
    let salons = (0..3).map(|n| {
        let inside = (0..10).map(|k| doc! { "userId": id(b'u', (n * 10 + k) % 40), "startsAt": bson::DateTime::from_millis(0) });
        doc! { "_id": id(b'b', n), "name": "Salon", "visits": inside.collect::<Vec<_>>() }
    });
    let case = of(vec![
        ("users", people(password)),
        ("salons", salons.collect()),
    ])
    .await;
    init(&case)
        .await
        .code(1)
        .says(&["salons.visits[]", "not supported"]);
    assert!(!case.path("ringfence.toml").exists());
}

#[tokio::test]
async fn a_schema_says_what_an_empty_database_cannot() {
    let schema = r#"
datasource db { provider = "mongodb" url = env("DATABASE_URL") }
model User { id String @id @default(auto()) @map("_id") @db.ObjectId name String? email String? hashedPassword String? phone String? createdAt DateTime @default(now()) bookings Booking[] businesses Business[] @@map("users") }
model Business { id String @id @default(auto()) @map("_id") @db.ObjectId name String ownerId String @db.ObjectId owner User @relation(fields: [ownerId], references: [id]) services Service[] @@map("businesses") }
model Service { id String @id @default(auto()) @map("_id") @db.ObjectId title String businessId String @db.ObjectId business Business @relation(fields: [businessId], references: [id]) bookings Booking[] @@map("services") }
model Booking { id String @id @default(auto()) @map("_id") @db.ObjectId userId String? @db.ObjectId user User? @relation(fields: [userId], references: [id]) serviceId String @db.ObjectId service Service @relation(fields: [serviceId], references: [id]) startTime DateTime createdAt DateTime @default(now()) @@map("bookings") }
"#;
    let schema = schema.replace("model ", "\nmodel ");
    // One field a line, as Prisma wants it.
    let schema: Vec<String> = schema.lines().map(one_field_a_line).collect();
    let case = Case::empty().await;
    case.database.create_collection("users").await.unwrap();
    std::fs::write(case.path("schema.prisma"), schema.join("\n")).unwrap();
    case.ringfence(&["init", "--schema", "schema.prisma"])
        .await
        .code(0);
    has(
        &case,
        &[
            "collection = \"users\"",
            "password = \"hashedPassword\"",
            "collection = \"businesses\"",
            "owner = \"ownerId\"",
            "collection = \"bookings\"",
            "user = \"userId\"",
            "service = \"serviceId\"",
            "business = \"businessId\"",
            "collection = \"customers\"",
            "[schema]",
            "before = \"schema.prisma\"",
        ],
    );
}

fn one_field_a_line(line: &str) -> String {
    let Some((head, rest)) = line.split_once(" { ") else {
        return line.to_owned();
    };
    let body = rest.trim_end().trim_end_matches('}');
    let mut out = format!("{head} {{\n");
    let mut depth = 0;
    let mut words = body.split(' ').filter(|it| !it.is_empty()).peekable();
    let mut field: Vec<&str> = Vec::new();
    let is_config = head.starts_with("datasource");
    while let Some(word) = words.next() {
        depth += word.matches(['(', '[']).count();
        depth -= word.matches([')', ']']).count();
        field.push(word);
        let next = words.peek().copied().unwrap_or("@@");
        let whole = if is_config {
            field.len() == 3
        } else {
            field.len() >= 2
        };
        let goes_on = next.starts_with('@') && !next.starts_with("@@");
        if depth == 0 && (whole || field[0].starts_with("@@")) && !goes_on {
            out.push_str("  ");
            out.push_str(&field.join(" "));
            out.push('\n');
            field.clear();
        }
    }
    out + "}"
}
