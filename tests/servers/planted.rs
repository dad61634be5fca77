//! The sample's conflicts, counted by queries of our own: the server joins, this file counts, and no code of the survey takes part. The
//! three codes that the survey does not know yet are counted here too.

use std::collections::{BTreeMap, BTreeSet};

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::{Client, Database};
use ringfence::demo::sample::{self, Size};
use ringfence::domain::conflict::Code;
use unicode_normalization::UnicodeNormalization;

use crate::support;

const CONTACT: [&str; 7] = [
    "phone", "company", "country", "address", "city", "state", "zipCode",
];

/// A booking with what its references lead to.
struct Booking {
    user: Option<ObjectId>,
    business: Option<ObjectId>,
    /// It has a customerId that is not null.
    linked: bool,
    /// And that names a customer of its business.
    kept: bool,
    /// Its references that are strings and lead somewhere.
    strings: u64,
}

async fn all(database: &Database, collection: &str, pipeline: Vec<Document>) -> Vec<Document> {
    database
        .collection::<Document>(collection)
        .aggregate(pipeline)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

async fn bookings(database: &Database) -> Vec<Booking> {
    let as_id = |field: &str| doc! { "$convert": { "input": field, "to": "objectId", "onError": null, "onNull": null } };
    let join = |from: &str, field: &str| doc! { "$lookup": { "from": from, "localField": field, "foreignField": "_id", "as": field } };
    let is_string = |field: &str, found: &str| {
        doc! { "$and": [{ "$eq": [{ "$type": field }, "string"] }, { "$gt": [{ "$size": found }, 0] }] }
    };
    let one = |condition: Document| doc! { "$cond": [condition, 1_i64, 0_i64] };
    let pipeline = vec![
        doc! { "$set": { "user": as_id("$userId"), "service": as_id("$serviceId"), "customer": as_id("$customerId") } },
        join("User", "user"),
        join("Service", "service"),
        join("Customer", "customer"),
        doc! { "$set": { "business": { "$first": "$service.businessId" } } },
        join("Business", "business"),
        doc! { "$project": {
            "business": { "$first": "$business._id" },
            "user": { "$first": "$user._id" },
            "customer": { "$first": "$customer.businessId" },
            "linked": { "$gt": ["$customerId", null] },
            "strings": { "$add": [one(is_string("$userId", "$user")), one(is_string("$serviceId", "$service"))] },
        } },
    ];
    all(database, "Booking", pipeline)
        .await
        .iter()
        .map(|found| {
            let business = found.get_object_id("business").ok();
            let customer = found.get_object_id("customer").ok();
            Booking {
                user: found.get_object_id("user").ok(),
                business,
                linked: found.get_bool("linked").unwrap(),
                kept: business.is_some() && business == customer,
                strings: found.get_i64("strings").unwrap().cast_unsigned(),
            }
        })
        .collect()
}

fn blank(user: &Document, field: &str) -> bool {
    match user.get(field) {
        None | Some(Bson::Null) => true,
        Some(Bson::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

fn some<T>(items: impl Iterator<Item = T>) -> u64 {
    items.count() as u64
}

struct World {
    bookings: Vec<Booking>,
    users: BTreeMap<ObjectId, Document>,
    accounts: BTreeSet<ObjectId>,
    /// For each pair, whether a booking of it needs a customer.
    pairs: BTreeMap<(ObjectId, ObjectId), bool>,
    customers: u64,
}

impl World {
    async fn read(database: &Database) -> Self {
        let bookings = bookings(database).await;
        let users: BTreeMap<_, _> = all(database, "User", vec![])
            .await
            .into_iter()
            .map(|user| (user.get_object_id("_id").unwrap(), user))
            .collect();
        let owners = all(database, "Business", vec![]).await;
        let members = all(database, "TeamMember", vec![]).await;
        let mut accounts: BTreeSet<_> = owners
            .iter()
            .map(|it| it.get_object_id("ownerId").unwrap())
            .chain(members.iter().map(|it| it.get_object_id("userId").unwrap()))
            .collect();
        let with_password = doc! { "$match": { "hashedPassword": { "$nin": [null, ""] } } };
        for user in all(database, "User", vec![with_password]).await {
            accounts.insert(user.get_object_id("_id").unwrap());
        }
        let mut pairs = BTreeMap::new();
        for booking in &bookings {
            if let (Some(user), Some(business)) = (booking.user, booking.business) {
                *pairs.entry((business, user)).or_default() |= !booking.kept;
            }
        }
        Self {
            bookings,
            users,
            accounts,
            pairs,
            customers: some(all(database, "Customer", vec![]).await.iter()),
        }
    }

    fn customer_users(&self) -> BTreeSet<ObjectId> {
        self.pairs.keys().map(|(_, user)| *user).collect()
    }

    fn count(&self, code: Code, of_server: &OfServer) -> u64 {
        let customers = self.customer_users();
        let becoming = |wanted: &dyn Fn(&Document) -> bool| {
            some(customers.iter().filter(|user| wanted(&self.users[*user])))
        };
        let of_bookings =
            |wanted: &dyn Fn(&Booking) -> bool| some(self.bookings.iter().filter(|it| wanted(it)));
        match code {
            Code::DuplicateEmail => some(self.email_groups().values().filter(|it| it.len() > 1)),
            Code::BookingWithoutUser => {
                of_bookings(&|it| it.business.is_some() && it.user.is_none() && !it.kept)
            }
            Code::BookingWithoutBusiness => of_bookings(&|it| it.business.is_none()),
            // No index of the sample holds the user; one path leads to a business; ids have one form; nobody is deleted, or signs in without a password; tags and dots are in no
            // address.
            Code::SeveralUsers
            | Code::Followed(_)
            | Code::BookingUnique
            | Code::BusinessDisagrees
            | Code::IdTwins
            | Code::MaySignIn
            | Code::DeletedUser
            | Code::SameMailbox
            | Code::CustomerUnique
            | Code::UserUnique => 0,
            Code::EmailSpelling => becoming(&|user| {
                let email = user.get_str("email").unwrap_or_default();
                let usual: String = email.trim().nfc().collect();
                !email.trim().is_empty() && usual.to_lowercase() != email
            }),
            Code::CustomerExists => self.customers,
            Code::AlreadyLinked => of_bookings(&|it| it.business.is_some() && it.linked),
            Code::IdTypeMismatch => self.bookings.iter().map(|it| it.strings).sum(),
            Code::MissingName => becoming(&|user| blank(user, "name")),
            Code::MissingEmail => becoming(&|user| blank(user, "email")),
            Code::InvalidEmail => some(customers.intersection(&of_server.invalid)),
            Code::AccountAlsoCustomer => some(customers.intersection(&self.accounts)),
            Code::IdleUser => some(
                self.users
                    .keys()
                    .filter(|user| !customers.contains(user) && !self.accounts.contains(user)),
            ),
            Code::ContactOnlyOnAccount => some(self.accounts.iter().filter(|user| {
                !customers.contains(user)
                    && CONTACT
                        .iter()
                        .any(|field| !blank(&self.users[*user], field))
            })),
            Code::ContactShared => some(
                customers
                    .iter()
                    .filter(|user| self.pairs.keys().filter(|(_, of)| of == *user).count() > 1),
            ),
            Code::SamePhone => self.shared_phones(),
            Code::UnsafeText => of_server.unsafe_texts,
            Code::ReferencedElsewhere => some(
                of_server
                    .named
                    .iter()
                    .filter(|user| customers.contains(user) && !self.accounts.contains(user)),
            ),
        }
    }

    /// Customers-to-be by business and e-mail.
    fn email_groups(&self) -> BTreeMap<(ObjectId, String), Vec<ObjectId>> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((business, user), _) in self.pairs.iter().filter(|(_, needs)| **needs) {
            let email = self.users[user].get_str("email").unwrap_or_default();
            if !email.trim().is_empty() {
                let form = email.to_lowercase().trim().nfd().collect::<String>();
                groups.entry((*business, form)).or_default().push(*user);
            }
        }
        groups
    }

    /// Phones that two customers of a business share who have different e-mails.
    fn shared_phones(&self) -> u64 {
        let groups = self.email_groups();
        let mut phones: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for ((business, email), users) in &groups {
            for user in users {
                if !blank(&self.users[user], "phone") {
                    let phone = self.users[user].get_str("phone").unwrap();
                    phones.entry((*business, phone)).or_default().insert(email);
                }
            }
        }
        some(phones.values().filter(|emails| emails.len() > 1))
    }
}

/// What the server itself finds.
struct OfServer {
    /// Users whose e-mail is no address to its regular expressions.
    invalid: BTreeSet<ObjectId>,
    /// Users with control, hiding or reordering characters, or a very long text.
    unsafe_texts: u64,
    /// Whom reviews and the audit log name, once for each time.
    named: Vec<ObjectId>,
}

impl OfServer {
    async fn read(database: &Database) -> Self {
        let invalid = doc! { "$match": {
            "email": { "$regex": r"\S", "$not": { "$regex": r"^\s*[^\s@]+@[^\s@.]+(\.[^\s@.]+)+\s*$" } },
        } };
        let odd =
            "[\\x00-\\x1f\\x7f-\\x9f\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}]";
        let fields = ["name", "email"].into_iter().chain(CONTACT);
        let any: Vec<_> = fields
            .map(|field| doc! { field: { "$regex": format!("{odd}|^.{{1001}}") } })
            .collect();
        let odd = vec![doc! { "$match": { "$or": any } }];
        let authors = vec![doc! { "$project": { "id": "$authorId" } }];
        let actors = vec![
            doc! { "$match": { "actor": { "$regex": "^[0-9a-f]{24}$" } } },
            doc! { "$project": { "id": { "$toObjectId": "$actor" } } },
        ];
        let mut named = all(database, "Review", authors).await;
        named.extend(all(database, "AuditLog", actors).await);
        Self {
            invalid: all(database, "User", vec![invalid])
                .await
                .iter()
                .map(|user| user.get_object_id("_id").unwrap())
                .collect(),
            unsafe_texts: all(database, "User", odd).await.len() as u64,
            named: named
                .iter()
                .map(|it| it.get_object_id("id").unwrap())
                .collect(),
        }
    }
}

async fn seeded(seed: u64) -> (Database, sample::Planted) {
    let (uri, name) = support::fresh_database();
    let database = Client::with_uri_str(&uri).await.unwrap().database(&name);
    let planted = sample::seed(&database, seed, Size::Small, &|_, _| {})
        .await
        .unwrap();
    (database, planted)
}

#[tokio::test]
async fn queries_of_our_own_count_every_code_as_it_was_planted() {
    for seed in [1, 9] {
        let (database, planted) = seeded(seed).await;
        let world = World::read(&database).await;
        let of_server = OfServer::read(&database).await;
        for code in Code::ALL {
            let counted = world.count(*code, &of_server);
            let planted = planted.conflicts.get(code).copied().unwrap_or_default();
            // One in forty of the ordinary people writes a capital, too.
            let ordinary = match code {
                Code::EmailSpelling => 1..world.users.len() as u64 / 30,
                _ => 0..1,
            };
            let more = counted.checked_sub(planted);
            assert!(
                more.is_some_and(|more| ordinary.contains(&more)),
                "seed {seed}: {code}: {counted}, planted {planted}"
            );
        }
        assert_eq!(world.bookings.len() as u64, planted.bookings);
        assert_eq!(world.pairs.len() as u64, planted.pairs);
        assert_eq!(world.users.len() as u64, planted.users);
        assert_eq!(world.accounts.len() as u64, planted.accounts);
        database.drop().await.unwrap();
    }
}

#[tokio::test]
async fn a_group_of_three_shares_an_address_and_a_booking_of_each_kind_names_nobody() {
    let (database, _) = seeded(1).await;
    let groups = World::read(&database).await.email_groups();
    assert!(groups.values().any(|users| users.len() == 3));
    let naming = async |condition: Document| {
        all(&database, "Booking", vec![doc! { "$match": condition }])
            .await
            .len()
    };
    let missing = naming(doc! { "userId": { "$exists": false } }).await;
    let null = naming(doc! { "userId": { "$type": "null" } }).await;
    assert!(missing >= 1 && null >= 1, "{missing} {null}");
    database.drop().await.unwrap();
}

#[tokio::test]
async fn text_that_a_terminal_must_not_believe_is_in_names_and_in_notes() {
    let (database, _) = seeded(1).await;
    let holding = async |collection: &str, field: &str, pattern: &str| {
        let pipeline = vec![doc! { "$match": { field: { "$regex": pattern } } }];
        all(&database, collection, pipeline).await.len()
    };
    for (what, pattern) in [
        ("an escape", "\u{1b}"),
        ("a bidi override", "\u{202e}"),
        ("zero width", "[\u{200b}\u{feff}]"),
    ] {
        assert!(holding("User", "name", pattern).await >= 1, "{what}");
    }
    let in_names = holding("User", "name", "[\u{7}\u{1b}\u{200b}\u{202e}]").await;
    let in_notes = holding("Booking", "notes", "[\u{7}\u{1b}\u{200b}\u{202e}]").await;
    assert!(in_names >= 2 && in_notes >= 2, "{in_names} {in_notes}");
    database.drop().await.unwrap();
}

#[tokio::test]
async fn bystanders_refer_to_customer_users_and_hold_ids_of_many_types() {
    let (database, _) = seeded(1).await;
    let world = World::read(&database).await;
    let customers = world.customer_users();
    let authors: BTreeSet<_> = all(&database, "Review", vec![])
        .await
        .iter()
        .map(|review| review.get_object_id("authorId").unwrap())
        .filter(|author| customers.contains(author) && !world.accounts.contains(author))
        .collect();
    assert!(authors.len() >= 2, "{}", authors.len());
    let types = vec![doc! { "$group": { "_id": { "$type": "$_id" } } }];
    let types = all(&database, "AuditLog", types).await;
    assert!(types.len() >= 4, "{types:?}");
    database.drop().await.unwrap();
}

#[tokio::test]
async fn indexes_have_the_names_that_prisma_gives() {
    let (database, _) = seeded(1).await;
    for (collection, names) in [
        ("User", &["User_email_idx"][..]),
        ("Booking", &["Booking_serviceId_idx", "Booking_userId_idx"]),
        ("Service", &["Service_businessId_idx"]),
        ("TeamMember", &["TeamMember_businessId_userId_key"]),
        ("Review", &["Review_bookingId_key"]),
        ("AuditLog", &[]),
    ] {
        let mut found = database
            .collection::<Document>(collection)
            .list_index_names()
            .await
            .unwrap();
        found.sort();
        found.retain(|name| name != "_id_");
        assert_eq!(found, names, "{collection}");
    }
    database.drop().await.unwrap();
}
