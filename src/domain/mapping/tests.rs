//! The mapping's own tests: what reads, what is refused and where, what is kept.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::mapping::path::FieldPath;

/// Everything that version 2 can say.
const WHOLE: &str = r#"version = 2
theme = "default"
accounts = [
  { collection = "Session", user = "userId" },
  { collection = "Member", user = "profileId > Profile.userId" },
]

[user]
collection = "users"
where = { kind = "Client" }
name = ["firstName", "lastName"]
email = "local.email"
password = ["local.password", "hash"]
evidence = ["clerkId", { emailVerified = true }]
created = "createdAt"
contact = ["phone", "address.city"]
phone = "phone"
drop = ["appointments"]
deleted = [{ deletedAt = { set = true } }, { isActive = false }]
customers = { roles = { has = "client" } }
business = "salonId"

[business]
collection = ["garages", "tow_trucks"]
where = { open = true }
name = "name"
owner = "managers[].userId"

[service]
collection = "services"
name = "title"
business = "businessId"

[booking]
collection = "bookings"
where = { status = { in = ["booked", "done"] } }
user = "userId"
business = ["businessId", "serviceId > services.businessId"]
service = "serviceId"
customer = "customerId"
several = "list"
keep = true
drop = ["userEmail"]
created = "createdAt"
when = "startsAt"
guest = { name = "clientName", email = "clientEmail", gender = "g" }
identity = ["phone", "gender"]

[customer]
collection = "customers"
business = "businessId"
fields = { fullName = "name", town = "address.city", note = "Profile > about.note" }
defaults = { isActive = true, tags = [], level = 1, rate = 1.5, kind = "new" }
nulls = ["notes"]
ids = "objectid"
adopt = ["email", "phone"]

[[follow]]
collection = "payments"
where = { resourceType = "User" }
user = "userId"
business = "bookingId > bookings.serviceId > services.businessId"
to = "customerId"

[[follow]]
collection = "messages"
user = { email = "sender.email" }
business = { constant = "oid:070707070707070707070707" }
to = "senderId"

[schema]
before = "a.prisma"
after = "b.prisma"
with = "own-step"
rename = { "Booking.startTime" = "date" }

[keys]
quit = "q"
"#;

fn whole() -> Mapping {
    Mapping::read_as(WHOLE, FILE).unwrap()
}

/// The refusal of the whole mapping with `from` replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    let text = WHOLE.replacen(from, to, 1);
    Mapping::read_as(&text, FILE).unwrap_err().to_string()
}

/// The line of the first place of `text` in the whole mapping.
fn line_of(text: &str) -> usize {
    WHOLE[..WHOLE.find(text).unwrap()].matches('\n').count() + 1
}

#[test]
fn the_default_mapping_reads_and_is_what_version_1_was() {
    let mapping = Mapping::parse(DEFAULT).unwrap();
    assert_eq!(mapping.user.copied().count(), 10);
    let first = r#"
        accounts = [{ collection = "TeamMember", user = "userId" }, { collection = "Account", user = "userId" }]
        [user]
        collection = "User"
        name = "name"
        email = "email"
        password = "hashedPassword"
        created = "createdAt"
        contact = ["phone", "company", "country", "address", "city", "state", "zipCode"]
        [business]
        collection = "Business"
        name = "name"
        owner = "ownerId"
        [service]
        collection = "Service"
        business = "businessId"
        [booking]
        collection = "Booking"
        user = "userId"
        service = "serviceId"
        customer = "customerId"
        created = "createdAt"
        [customer]
        collection = "Customer"
        business = "businessId"
    "#;
    assert_eq!(mapping, Mapping::parse(first).unwrap());
    let kept = serde_json::to_string(&mapping).unwrap();
    assert!(
        kept.starts_with(r#"{"accounts":[{"collection":"TeamMember""#),
        "{kept}"
    );
    assert!(!kept.contains("version"), "{kept}");
}

#[test]
fn every_key_of_version_2_reads() {
    let mapping = whole();
    let user = &mapping.user;
    assert_eq!(
        user.copied().collect::<Vec<_>>(),
        [
            "fullName",
            "email",
            "phone",
            "town",
            "gender",
            "note",
            "createdAt"
        ]
    );
    assert_eq!((user.phone.as_str(), user.country.as_str()), ("phone", ""));
    assert_eq!(user.passwords.len(), 2);
    assert_eq!(user.evidence.len(), 2);
    assert_eq!(user.deleted.len(), 2);
    assert_eq!(mapping.business.collections, ["garages", "tow_trucks"]);
    let BusinessReference::Paths(paths) = &mapping.booking.following.business else {
        unreachable!()
    };
    let paths: Vec<_> = paths.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["businessId", "serviceId > services.businessId"]);
    let guest = mapping.booking.following.guest.as_ref().unwrap();
    assert_eq!(
        (guest.members.len(), guest.identity.as_slice()),
        (3, &["phone".to_owned(), "gender".to_owned()][..])
    );
    assert_eq!(
        mapping.customer.defaults[1],
        ("tags".to_owned(), Given::List(Vec::new()))
    );
    assert_eq!(mapping.follow.len(), 2);
    assert_eq!(
        mapping.follow[1].user,
        Some(UserReference::Email(
            FieldPath::parse("sender.email").unwrap()
        ))
    );
    assert_eq!(mapping.schema.as_ref().unwrap().with, SchemaStep::OwnStep);
}

#[test]
fn a_key_knows_its_line_and_a_missing_one_that_of_its_section() {
    let mapping = whole();
    for (key, text) in [
        ("booking.service", "service = \"serviceId\""),
        ("accounts.1.user", "  { collection = \"Member\""),
        ("booking.country", "[booking]"),
        ("user.local", "[user]"),
        ("follow.0", "[[follow]]"),
        ("follow.0.to", "to = \"customerId\""),
        ("follow.1.user.email", "user = { email"),
    ] {
        assert_eq!(mapping.line(key), Some(line_of(text)), "{key}");
    }
    let line = line_of("service = \"serviceId\"");
    assert_eq!(
        mapping.place("booking.service"),
        format!("ringfence.toml:{line}")
    );
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    for (from, to, near) in [
        ("owner =", "ownr =", "owner"),
        ("theme =", "thema =", "theme"),
        ("[service]", "[services]", "service"),
        ("several =", "severel =", "several"),
        (
            "{ collection = \"Session\", user",
            "{ collection = \"Session\", usr",
            "user",
        ),
        ("to = \"customerId\"", "too = \"customerId\"", "to"),
        ("with = ", "whith = ", "with"),
    ] {
        let why = refusal(from, to);
        let place = format!("ringfence.toml:{}: ", line_of(from));
        assert!(
            why.starts_with(&place) && why.contains(&format!("nearest: `{near}`")),
            "{why}"
        );
    }
}

#[test]
fn a_key_that_is_needed_is_asked_for() {
    for (from, to, key) in [
        ("collection = \"users\"\n", "", "collection"),
        ("customer = \"customerId\"\n", "", "customer"),
        ("to = \"customerId\"\n", "", "to"),
        (
            "[customer]\ncollection = \"customers\"",
            "[customer]",
            "collection",
        ),
    ] {
        let why = refusal(from, to);
        assert!(why.contains(&format!("needs the key `{key}`")), "{why}");
    }
    let bare = "version = 2\n[user]\ncollection = \"u\"\n[business]\ncollection = \"b\"\n[booking]\ncollection = \"k\"\nuser = \"u\"\ncustomer = \"c\"\n";
    let why = Mapping::read_as(bare, FILE).unwrap_err().to_string();
    assert!(
        why.starts_with("ringfence.toml:6: [booking] needs the key `business`, or booking.service"),
        "{why}"
    );
}

#[test]
fn what_a_file_makes_impossible_is_refused_at_its_line() {
    for (from, to, says) in [
        ("version = 2", "version = 3", "version must be 2"),
        (
            "user = \"userId\"\nbusiness = [\"b",
            "user = \"a >\"\nbusiness = [\"b",
            "write `collection.field`",
        ),
        (
            "email = \"local.email\"",
            "email = \"local[].email\"",
            "cannot go through an array",
        ),
        (
            "phone = \"phone\"\n",
            "phone = \"mobile\"\n",
            "must be one of the fields of `contact`",
        ),
        (
            "customer = \"customerId\"",
            "customer = \"a.b\"",
            "without a dot",
        ),
        (
            "customer = \"customerId\"",
            "customer = \"userId\"",
            "in_place = true",
        ),
        (
            "keep = true",
            "keep = true\nin_place = true",
            "say one of the two",
        ),
        ("keep = true", "in_place = true", "must be the field that"),
        (
            "several = \"list\"",
            "several = \"all\"",
            "must be \"first\" or \"list\"",
        ),
        (
            "customers = { roles = { has = \"client\" } }",
            "customers = \"all\"",
            "no-password",
        ),
        (
            "identity = [\"phone\", \"gender\"]",
            "identity = [\"mail\"]",
            "no member of `guest`",
        ),
        (
            "ids = \"objectid\"",
            "ids = \"oid\"",
            "\"objectid\", \"uuid\" or \"string\"",
        ),
        ("oid:070707070707070707070707", "oid:07", "is no id"),
        (
            "fields = { fullName",
            "fields = { email = \"phone\", fullName",
            "two things would stand in `email`",
        ),
        (
            "where = { open = true }",
            "where = { open = { is = true } }",
            "cannot be tested by `is`",
        ),
        (
            "where = { open = true }",
            "where = {}",
            "lets everything in",
        ),
        (
            "keep = true",
            "keep = \"yes\"",
            "must be true or false, and is a text",
        ),
    ] {
        let why = refusal(from, to);
        assert!(
            why.starts_with("ringfence.toml:") && why.contains(says),
            "{why}"
        );
    }
}

#[test]
fn what_is_kept_of_a_mapping_reads_back_as_the_same() {
    let mapping = whole();
    let json = serde_json::to_string(&mapping).unwrap();
    assert!(
        !json.contains("theme") && !json.contains("\"keys\""),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    let document = bson::serialize_to_document(&mapping).unwrap();
    let back: Mapping = bson::deserialize_from_document(document).unwrap();
    assert_eq!(back, mapping);
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
}

/// Guests alone, of one business.
const ALONE: &str = "[booking]\ncollection = \"b\"\nbusiness = { constant = \"m\" }\ncustomer = \"c\"\nguest = { name = \"who\" }\n[customer]\ncollection = \"x\"\nbusiness = \"s\"\n";

#[test]
fn a_field_of_a_customer_that_nothing_gives_is_refused_by_name_with_its_line() {
    let text = format!("version = 2\n{ALONE}fields = {{ other = \"nowhere\" }}\n");
    let why = Mapping::parse(&text).unwrap_err().to_string();
    assert!(why.contains("cannot carry it out yet"), "{why}");
    assert!(why.starts_with("ringfence.toml:10:"), "{why}");
}

#[test]
fn the_consoles_theme_and_keys_are_taken_and_are_no_matter_of_a_migration() {
    let plain = Mapping::parse(&format!("version = 2\n{ALONE}")).unwrap();
    let text = format!("version = 2\ntheme = \"mono\"\n{ALONE}[keys]\nquit = \"x\"\n");
    let with = Mapping::parse(&text).unwrap();
    assert_eq!(with, plain);
    assert_eq!(with.theme.as_deref(), Some("mono"));
    assert_eq!(with.keys, [("quit".to_owned(), "x".to_owned())]);
    let json = |mapping: &Mapping| serde_json::to_string(mapping).unwrap();
    assert_eq!(json(&with), json(&plain));
}

#[test]
fn a_guests_members_go_where_a_users_go_and_else_have_their_own_names() {
    let whole = whole();
    let guest = whole.booking.following.guest.as_ref().unwrap();
    assert_eq!(guest.fields, ["fullName", "email", "gender"]);
    assert_eq!(whole.user.elsewhere, ["gender", "note"]);
    let alone = "version = 2\n[booking]\ncollection = \"b\"\nbusiness = { constant = \"m\" }\ncustomer = \"c\"\ncreated = \"meta.at\"\nguest = { phone = \"tel\", name = \"who\", age = \"a\" }\n[customer]\ncollection = \"x\"\nbusiness = \"s\"\nfields = { mobile = \"phone\", years = \"age\" }\n";
    let alone = Mapping::parse(alone).unwrap();
    assert!(!alone.has_users());
    let fields: Vec<_> = alone.user.copied().collect();
    assert_eq!(fields, ["name", "mobile", "years", "at"]);
    assert_eq!(
        (alone.user.phone.as_str(), alone.user.email.as_str()),
        ("mobile", "")
    );
    assert_eq!(alone.rebuilt().len(), 2);
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    let why = Mapping::parse("version = 2\n[user\n")
        .unwrap_err()
        .to_string();
    assert!(
        why.starts_with("ringfence.toml:2: this is not valid TOML"),
        "{why}"
    );
}
