//! The example of a mapping that names every key: each is read, and means what is written beside it.
#![allow(clippy::unwrap_used)]

use super::filter::Filter;
use super::*;
use crate::domain::mapping::path::FieldPath;
use bson::{RawDocumentBuf, rawdoc};

/// Every key once, as whoever writes a mapping meets them.
const EXAMPLE: &str = r#"
version = 2
theme   = "default"

accounts = [
  { collection = "Session", user = "userId" },
]

[user]
collection = "users"
where      = { kind = "Client" }
name       = ["firstName", "lastName"]
email      = "local.email"
password   = ["local.password", "hash"]
evidence   = ["clerkId", { emailVerified = true }]
created    = "createdAt"
contact    = ["phone", "city", "country"]
phone      = "phone"
country    = "country"
drop       = ["appointments"]
deleted    = [{ deletedAt = { set = true } }, { isActive = false }]
customers  = "no-password"
business   = "salonId"

[business]
collection = "businesses"
where      = { kind = "Business" }
name       = "name"
owner      = "ownerId"

[service]
collection = "services"
name       = "title"
business   = "businessId"

[booking]
collection = "bookings"
where      = { status = { in = ["booked", "done"] } }
user       = "profileId > Profile.userId"
business   = ["businessId", "serviceId > services.businessId"]
service    = "serviceId"
customer   = "customerId"
several    = "first"
in_place   = false
keep       = false
drop       = ["userEmail", "userData"]
created    = "createdAt"
when       = "startsAt"
guest      = { name = "clientName", email = "clientEmail", phone = "clientPhone", gender = "gender" }
identity   = ["email", "phone", "name"]

[customer]
collection = "customers"
business   = "businessId"
fields     = { fullName = "name", tier = "Profile > tier" }
defaults   = { isActive = true, tags = [] }
nulls      = ["notes"]
ids        = "objectid"
adopt      = ["email"]

[[follow]]
collection = "payments"
where      = { resourceType = "User" }
user       = "userId"
business   = ["businessId", "bookingId > bookings.serviceId > services.businessId"]
to         = "customerId"

[schema]
before = "prisma/schema.prisma"
after  = "next/schema.prisma"
with   = "cut-over"
rename = { "Booking.startTime" = "date" }

[keys]
"#;

fn field(path: &str) -> FieldPath {
    FieldPath::parse(path).unwrap()
}

fn reads(from: &str, to: &str) -> Mapping {
    let from = EXAMPLE
        .lines()
        .find(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == from)
        .unwrap_or_else(|| unreachable!("{from}"));
    let text = EXAMPLE.replacen(from, to, 1);
    Mapping::read_as(&text, FILE).unwrap()
}

fn lets_in(filter: Option<&Filter>, yes: &RawDocumentBuf, no: &RawDocumentBuf) -> bool {
    filter.is_some_and(|filter| filter.lets_in(yes) && !filter.lets_in(no))
}

fn businesses(following: &Following) -> Vec<String> {
    match &following.business {
        BusinessReference::Paths(paths) => paths.iter().map(ToString::to_string).collect(),
        BusinessReference::Constant(id) => vec![id.to_string()],
    }
}

fn user(following: &Following) -> String {
    match &following.user {
        Some(UserReference::Path(path)) => path.to_string(),
        Some(UserReference::Email(path)) => format!("by the e-mail at {path}"),
        None => String::new(),
    }
}

/// A key, and whether the mapping says what the key's value means.
type Means = (&'static str, fn(&Mapping) -> bool);

const TABLE: &[Means] = &[
    ("version", |it| it.first_version().is_none()),
    ("theme", |it| it.theme.as_deref() == Some("default")),
    ("accounts", |it| {
        it.accounts[0].collection == "Session" && it.accounts[0].user.to_string() == "userId"
    }),
    ("user.collection", |it| it.user.collection == "users"),
    ("user.where", |it| {
        let (yes, no) = (rawdoc! { "kind": "Client" }, rawdoc! { "kind": "Owner" });
        lets_in(it.user.filter.as_ref(), &yes, &no)
    }),
    ("user.name", |it| {
        it.user.names == [field("firstName"), field("lastName")] && it.user.name == "fullName"
    }),
    ("user.email", |it| {
        it.user.emails == Some(field("local.email")) && it.user.email == "email"
    }),
    ("user.password", |it| {
        it.user.has_password(&rawdoc! { "hash": "x" })
            && it
                .user
                .has_password(&rawdoc! { "local": { "password": "x" } })
            && !it.user.has_password(&rawdoc! { "hash": "" })
    }),
    ("user.evidence", |it| it.user.evidence.len() == 2),
    ("user.created", |it| {
        it.user.creation == Some(field("createdAt"))
    }),
    ("user.contact", |it| {
        it.user.contact == ["phone", "city", "country"]
    }),
    ("user.phone", |it| it.user.phone == "phone"),
    ("user.country", |it| it.user.country == "country"),
    ("user.drop", |it| it.user.drop == [field("appointments")]),
    ("user.deleted", |it| {
        let gone = |user: &RawDocumentBuf| it.user.deleted.iter().any(|it| it.lets_in(user));
        gone(&rawdoc! { "deletedAt": 1 })
            && gone(&rawdoc! { "isActive": false })
            && !gone(&rawdoc! { "isActive": true })
    }),
    ("user.customers", |it| {
        it.user.customers == Customers::NoPassword
    }),
    ("user.business", |it| {
        it.user.business.as_ref().map(ToString::to_string) == Some("salonId".to_owned())
    }),
    ("business.collection", |it| {
        it.business.collections == ["businesses"]
    }),
    ("business.where", |it| {
        let (yes, no) = (rawdoc! { "kind": "Business" }, rawdoc! {});
        lets_in(it.business.filter.as_ref(), &yes, &no)
    }),
    ("business.name", |it| {
        it.business.name == Some(field("name"))
    }),
    ("business.owner", |it| {
        it.business.owner.as_ref().map(ToString::to_string) == Some("ownerId".to_owned())
    }),
    ("service.collection", |it| {
        it.service.as_ref().unwrap().collection == "services"
    }),
    ("service.name", |it| {
        it.service.as_ref().unwrap().name == Some(field("title"))
    }),
    ("service.business", |it| {
        let business = it.service.as_ref().unwrap().business.as_ref();
        business.map(ToString::to_string) == Some("businessId".to_owned())
    }),
    ("booking.collection", |it| {
        it.booking.collection == "bookings"
    }),
    ("booking.where", |it| {
        let (yes, no) = (rawdoc! { "status": "done" }, rawdoc! { "status": "draft" });
        lets_in(it.booking.following.filter.as_ref(), &yes, &no)
    }),
    ("booking.user", |it| {
        user(&it.booking.following) == "profileId > Profile.userId"
    }),
    ("booking.business", |it| {
        businesses(&it.booking.following) == ["businessId", "serviceId > services.businessId"]
    }),
    ("booking.service", |it| {
        it.booking.service.as_ref().map(ToString::to_string) == Some("serviceId".to_owned())
    }),
    ("booking.customer", |it| it.booking.customer == "customerId"),
    ("booking.several", |it| {
        it.booking.following.several == Several::First
    }),
    ("booking.in_place", |it| !it.booking.following.in_place),
    ("booking.keep", |it| !it.booking.following.keep),
    ("booking.drop", |it| {
        it.booking.following.drop == [field("userEmail"), field("userData")]
    }),
    ("booking.created", |it| {
        it.booking.created == Some(field("createdAt"))
    }),
    ("booking.when", |it| {
        it.booking.when == Some(field("startsAt"))
    }),
    ("booking.guest", |it| {
        let guest = it.booking.following.guest.as_ref().unwrap();
        guest.fields == ["fullName", "email", "phone", "gender"]
            && guest.members[2] == ("phone".to_owned(), field("clientPhone"))
    }),
    ("booking.identity", |it| {
        it.booking.following.guest.as_ref().unwrap().identity == ["email", "phone", "name"]
    }),
    ("customer.collection", |it| {
        it.customer.collection == "customers"
    }),
    ("customer.business", |it| {
        it.customer.business == "businessId"
    }),
    ("customer.fields", |it| {
        let from = FieldSource::Hop {
            collection: "Profile".to_owned(),
            field: field("tier"),
        };
        it.customer.fields[1] == ("tier".to_owned(), from)
            && it.user.copied().any(|field| field == "tier")
    }),
    ("customer.defaults", |it| {
        it.customer.defaults[0] == ("isActive".to_owned(), Given::Boolean(true))
            && it.customer.defaults[1].1 == Given::List(Vec::new())
    }),
    ("customer.nulls", |it| it.customer.nulls == ["notes"]),
    ("customer.ids", |it| {
        it.customer.ids == Some(NewIds::ObjectId)
    }),
    ("customer.adopt", |it| {
        it.customer.adopt_by_email && !it.customer.adopt_by_phone
    }),
    ("follow.collection", |it| {
        it.follow[0].collection == "payments"
    }),
    ("follow.where", |it| {
        let (yes, no) = (
            rawdoc! { "resourceType": "User" },
            rawdoc! { "resourceType": "Shop" },
        );
        lets_in(it.follow[0].filter.as_ref(), &yes, &no)
    }),
    ("follow.user", |it| user(&it.follow[0]) == "userId"),
    ("follow.business", |it| {
        let over = "bookingId > bookings.serviceId > services.businessId";
        businesses(&it.follow[0]) == ["businessId", over]
    }),
    ("follow.to", |it| it.follow[0].customer == "customerId"),
    ("schema.before", |it| {
        it.schema.as_ref().unwrap().before.as_deref() == Some("prisma/schema.prisma")
    }),
    ("schema.after", |it| {
        it.schema.as_ref().unwrap().after.as_deref() == Some("next/schema.prisma")
    }),
    ("schema.with", |it| {
        it.schema.as_ref().unwrap().with == SchemaStep::WithCutOver
    }),
    ("schema.rename", |it| {
        it.schema.as_ref().unwrap().rename == [("Booking.startTime".to_owned(), "date".to_owned())]
    }),
];

/// A line of the example, another form for it, and what that means.
type Form = (&'static str, &'static str, fn(&Mapping) -> bool);

const FORMS: &[Form] = &[
    (
        "customers = \"no-password\"",
        "customers = \"everybody\"",
        |it| it.user.customers == Customers::Everybody,
    ),
    (
        "customers = \"no-password\"",
        "customers = { role = \"client\" }",
        |it| matches!(&it.user.customers, Customers::Filter(filter) if filter.lets_in(&rawdoc! { "role": "client" })),
    ),
    (
        "collection = \"businesses\"",
        "collection = [\"garages\", \"tow_trucks\"]",
        |it| it.business.collections == ["garages", "tow_trucks"],
    ),
    ("owner = \"ownerId\"", "owner = \"managers[]\"", |it| {
        it.business.owner.is_some()
    }),
    ("ids = \"objectid\"", "ids = \"uuid\"", |it| {
        it.customer.ids == Some(NewIds::Uuid)
    }),
    ("ids = \"objectid\"", "ids = \"string\"", |it| {
        it.customer.ids == Some(NewIds::String)
    }),
    ("ids = \"objectid\"", "", |it| it.customer.ids.is_none()),
    (
        "adopt = [\"email\"]",
        "adopt = [\"email\", \"phone\"]",
        |it| it.customer.adopt_by_phone,
    ),
    ("several = \"first\"", "several = \"list\"", |it| {
        it.booking.following.several == Several::List
    }),
    ("keep = false", "keep = true", |it| {
        it.booking.following.keep
    }),
    ("with = \"cut-over\"", "with = \"own-step\"", |it| {
        it.schema.as_ref().unwrap().with == SchemaStep::OwnStep
    }),
    (
        "business = \"salonId\"",
        "business = \"teamId > teams(no).salonId\"",
        |it| {
            let path = it.user.business.as_ref().unwrap();
            path.hops[0].by == Some(field("no"))
        },
    ),
    (
        "to = \"customerId\"",
        "to = \"customerId\"\nseveral = \"list\"\nkeep = true\ndrop = [\"a.b\", \"c[].d\"]",
        |it| {
            let entry = &it.follow[0];
            entry.several == Several::List
                && entry.keep
                && entry.drop == [field("a.b"), field("c[].d")]
        },
    ),
];

#[test]
fn every_key_of_the_example_is_read_and_means_what_it_says() {
    let mapping = Mapping::parse(EXAMPLE).unwrap();
    for (key, means) in TABLE {
        assert!(means(&mapping), "{key}");
    }
}

#[test]
fn no_key_of_the_example_is_passed_over() {
    let mut section = String::new();
    let mut keys: Vec<String> = Vec::new();
    for line in EXAMPLE.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
            continue;
        }
        let name = line.split(' ').next().unwrap_or_default();
        if !name.is_empty() && name != "]" {
            keys.push(
                format!("{section}.{name}")
                    .trim_start_matches('.')
                    .to_owned(),
            );
        }
    }
    let table: Vec<&str> = TABLE.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, table);
}

#[test]
fn a_key_left_out_means_its_default_and_every_other_form_is_read() {
    for (line, form, means) in FORMS {
        assert!(means(&reads(line, form)), "{form}");
    }
    for (line, means) in [
        (
            "customers = \"no-password\"",
            (|it| it.user.customers == Customers::NoPassword) as fn(&Mapping) -> bool,
        ),
        ("several = \"first\"", |it| {
            it.booking.following.several == Several::First
        }),
        ("in_place = false", |it| !it.booking.following.in_place),
        ("keep = false", |it| !it.booking.following.keep),
        ("identity = [\"email\", \"phone\", \"name\"]", |it| {
            it.booking.following.guest.as_ref().unwrap().identity == ["email", "phone", "name"]
        }),
        ("adopt = [\"email\"]", |it| {
            it.customer.adopt_by_email && !it.customer.adopt_by_phone
        }),
        ("with = \"cut-over\"", |it| {
            it.schema.as_ref().unwrap().with == SchemaStep::WithCutOver
        }),
    ] {
        assert!(means(&reads(line, "")), "{line}");
    }
}
