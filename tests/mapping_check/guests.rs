//! Mistakes in what a mapping says of guests, of members without a booking, and of what stays: each refused with its line, before a plan.

use bson::{Document, doc};

use crate::mapping_check::world::{World, id};
use crate::support::case::Case;

/// One tenant whose bookings embed their guests.
const GUESTS: &str = r#"version = 2
[booking]
collection = "Visit"
business = { constant = "main" }
customer = "customerId"
created = "createdAt"
guest = { name = "clientName", email = "contact.email", phone = "contact.phone" }
identity = ["email", "phone"]
[customer]
collection = "Customer"
business = "tenant"
"#;

/// What is changed of the mapping, what it becomes, and what is said of it.
type Mistake = (&'static str, &'static str, &'static [&'static str]);

const MISTAKES: &[Mistake] = &[
    ("Visit", "Visits", &["nearest: `Visit`"]),
    (
        "contact.email",
        "contact.emial",
        &[
            "ringfence.toml:7",
            "booking.guest.email",
            "nearest: `contact.email`",
        ],
    ),
    (
        "contact.phone",
        "phone",
        &[
            "ringfence.toml:7",
            "booking.guest.phone",
            "occurs in no document of Visit",
        ],
    ),
    (
        "name = \"clientName\", email = \"contact.email\"",
        "name = \"contact.email\", email = \"clientName\"",
        &["ringfence.toml:7", "booking.guest.name", "e-mail addresses"],
    ),
    (
        "phone = \"contact.phone\"",
        "phone = \"contact.email\"",
        &["ringfence.toml:7", "one field cannot be both"],
    ),
    (
        "phone = \"contact.phone\"",
        "phone = \"createdAt\"",
        &["booking.guest.phone", "`createdAt` is booking.created too"],
    ),
    (
        "name = \"clientName\"",
        "name = \"_id\"",
        &["ringfence.toml:7", "`_id`"],
    ),
    (
        "name = \"clientName\"",
        "name = \"clients[].name\"",
        &["ringfence.toml:7", "cannot go through an array"],
    ),
    (
        "guest = { name = \"clientName\", email = \"contact.email\", phone = \"contact.phone\" }",
        "guest = {}",
        &["ringfence.toml:7", "names no member"],
    ),
    (
        "guest = { name = \"clientName\", email = \"contact.email\", phone = \"contact.phone\" }",
        "guest = { gender = \"gender\" }\nidentity = [\"name\"]",
        &["ringfence.toml"],
    ),
    (
        "guest = { name = \"clientName\", email = \"contact.email\", phone = \"contact.phone\" }\n",
        "user = { email = \"contact.email\" }\n",
        &["the mapping needs the section [user]"],
    ),
    (
        "identity = [\"email\", \"phone\"]",
        "identity = [\"mail\"]",
        &["ringfence.toml:8", "no member of `guest`"],
    ),
    (
        "customer = \"customerId\"",
        "customer = \"clientName\"",
        &["ringfence.toml:7", "which is a reference already"],
    ),
    (
        "identity = [\"email\", \"phone\"]",
        "drop = [\"contact\"]",
        &["ringfence.toml:8", "booking.drop takes", "stays there"],
    ),
    (
        "identity = [\"email\", \"phone\"]",
        "keep = true",
        &["ringfence.toml:8", "there is no booking.user"],
    ),
    (
        "identity = [\"email\", \"phone\"]",
        "in_place = true",
        &["ringfence.toml:8", "there is no booking.user"],
    ),
    (
        "business = { constant = \"main\" }",
        "business = { constant = \"oid:07\" }",
        &["ringfence.toml:4", "is no id"],
    ),
    (
        "business = { constant = \"main\" }",
        "business = \"clientName\"",
        &["the mapping needs the section [business]"],
    ),
    (
        "business = \"tenant\"",
        "business = \"email\"",
        &["two things would stand in `email`"],
    ),
    (
        "business = \"tenant\"",
        "business = \"tenant\"\nfields = { name = \"email\" }",
        &["two members of booking.guest would stand in `name`"],
    ),
    (
        "business = \"tenant\"",
        "business = \"tenant\"\nadopt = [\"name\"]",
        &["ringfence.toml:12", "customer.adopt knows"],
    ),
    (
        "collection = \"Customer\"",
        "collection = \"Visit\"",
        &["is the collection of booking too"],
    ),
];

fn visit(n: u32) -> Document {
    let mut visit = doc! {
        "_id": id(b'k', n), "clientName": format!("Guest {n}"), "note": format!("n {n}"),
        "createdAt": bson::DateTime::from_millis(1_690_000_000_000 + i64::from(n)),
    };
    visit.insert(
        "contact",
        doc! { "email": format!("guest{n}@example.com"), "phone": format!("+49 30 100{n:03}") },
    );
    visit
}

#[tokio::test]
async fn no_mistake_about_guests_gets_as_far_as_a_plan() {
    let case = Case::empty().await;
    let visits = case.database.collection("Visit");
    visits.insert_many((0..40).map(visit)).await.unwrap();
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    for (from, to, says) in MISTAKES {
        assert_eq!(GUESTS.matches(from).count(), 1, "{from}");
        std::fs::write(case.path("ringfence.toml"), GUESTS.replace(from, to)).unwrap();
        let ended = case.ringfence(&plan).await.code(1);
        assert!(!case.path("plan.json").exists(), "{to}");
        assert!(ended.err.contains("ringfence.toml"), "{to}: {}", ended.err);
        ended.says(says);
    }
    case.assert_same(&before).await;
    std::fs::write(case.path("ringfence.toml"), GUESTS).unwrap();
    case.ringfence(&plan).await.code(0);
}

#[tokio::test]
async fn a_filter_or_an_identity_that_leaves_nobody_to_be_known_is_stopped_by_its_number() {
    let case = Case::empty().await;
    let visits = case.database.collection("Visit");
    let mut all: Vec<_> = (0..40).map(visit).collect();
    for visit in all.iter_mut().skip(1) {
        visit.remove("contact");
    }
    visits.insert_many(all).await.unwrap();
    std::fs::write(case.path("ringfence.toml"), GUESTS).unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    let ended = case.ringfence(&plan).await.code(2);
    ended.says(&["booking-without-user=39"]);
}

/// The default shape, written out with what a user says of its business.
fn members(business: &str, more: &str) -> String {
    format!(
        "version = 2\n[user]\ncollection = \"User\"\nname = \"name\"\nemail = \"email\"\npassword = \"hashedPassword\"\n{business}\n[business]\ncollection = \"Business\"\n[service]\ncollection = \"Service\"\nbusiness = \"businessId\"\n[booking]\ncollection = \"Booking\"\nuser = \"userId\"\nservice = \"serviceId\"\ncustomer = \"customerId\"\n{more}\n[customer]\ncollection = \"Customer\"\nbusiness = \"businessId\"\n"
    )
}

#[tokio::test]
async fn a_members_business_that_leads_nowhere_is_refused_with_its_line() {
    let mut world = World::clean();
    for user in &mut world.users {
        user.insert("salonId", id(b'b', 0));
    }
    let case = world.case().await;
    for (business, says) in [
        (
            "business = \"email\"",
            &["ringfence.toml:7", "user.business"][..],
        ),
        ("business = \"salonId[].x.[\"", &["ringfence.toml:7"]),
        ("busines = \"salonId\"", &["ringfence.toml:7", "business"]),
    ] {
        std::fs::write(case.path("ringfence.toml"), members(business, "")).unwrap();
        case.ringfence(&["survey"]).await.code(1).says(says);
    }
    // A customer's field comes from a document that bookings lead over, or it is refused.
    let text = members("business = \"salonId\"", "") + "fields = { tel = \"Service > price\" }\n";
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let ended = case.ringfence(&["survey"]).await.code(1);
    ended.says(&["ringfence.toml:22", "leads over no document of it"]);
    // What occurs nowhere warns.
    let text = members("business = \"salonID\"", "");
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let ended = case.ringfence(&["survey"]).await.code(0);
    ended.says(&["warning: mapping ringfence.toml:7", "nearest: `salonId`"]);
    // So does what stays.
    let text = members("business = \"salonId\"", "keep = true");
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let words = ["userId", "still reach the shared record"];
    case.ringfence(&["survey"]).await.code(0).says(&words);
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0).says(&words);
}
