//! Makes a small ugly database from a seed, as plain data. Everything is drawn from small pools, so that equal
//! e-mails, shared users, ties and dangling references are common and not lucky.

mod people;
mod shape;
pub mod values;

use bson::Document;
use fastrand::Rng;

use crate::oracle::bytes::{Field, Value, document, field, first};
use crate::oracle::form::Form;
use values::{IdStyle, id, odd_fields, odd_value, refer};

/// A database as data: what to create, in this order.
#[derive(Clone)]
pub struct Database {
    pub collections: Vec<Collection>,
    /// How its application names things.
    pub form: Form,
}

/// A collection as data. Documents go in before the validation is set, so that some may break it.
#[derive(Clone)]
pub struct Collection {
    pub name: String,
    /// Options of `create`.
    pub options: Document,
    /// Options of `collMod`, set last.
    pub validation: Option<Document>,
    /// Index specifications as `createIndexes` takes them, without `_id_`.
    pub indexes: Vec<Document>,
    pub documents: Vec<Vec<u8>>,
}

impl Collection {
    pub fn new(name: &str, documents: Vec<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            options: Document::new(),
            validation: None,
            indexes: Vec::new(),
            documents,
        }
    }
}

impl Database {
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|c| c.name == name)
    }

    /// The same, inserted the other way round.
    pub fn reversed(mut self) -> Self {
        for collection in &mut self.collections {
            collection.documents.reverse();
        }
        self
    }

    pub fn documents(&self, name: &str) -> &[Vec<u8>] {
        self.collection(name).map_or(&[], |c| &c.documents)
    }
}

/// What the cast of a database is: ids to refer to, before any document is written.
struct Cast {
    users: Vec<Value>,
    businesses: Vec<Value>,
    services: Vec<Value>,
    customers: Vec<Value>,
    /// By place, so that some `customerId` can be right.
    business_of_service: Vec<usize>,
    business_of_customer: Vec<usize>,
}

/// The kinds that keep the id pools apart.
#[derive(Clone, Copy)]
enum Kind {
    User = 1,
    Business = 2,
    Service = 3,
    Customer = 5,
    Nobody = 6,
}

/// The database of this seed.
pub fn database(seed: u64) -> Database {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let tiny = rng.u8(..6) == 0;
    let cast = cast(rng, tiny);
    let count = if tiny {
        rng.usize(..=5)
    } else {
        rng.usize(8..=30)
    };
    let bookings = (0..count).map(|n| booking(rng, &cast, n)).collect();
    let mut collections = vec![
        Collection::new("User", people::users(rng, &cast.users)),
        Collection::new("Business", businesses(rng, &cast)),
        Collection::new("Service", services(rng, &cast)),
        Collection::new("Booking", distinct_ids(bookings)),
    ];
    if !cast.customers.is_empty() || rng.u8(..6) == 0 {
        collections.push(Collection::new("Customer", people::customers(rng, &cast)));
    }
    for name in ["TeamMember", "Account"] {
        if rng.u8(..3) == 0 {
            collections.push(Collection::new(name, memberships(rng, &cast)));
        }
    }
    shape::dress(rng, &mut collections);
    shape::bystanders(rng, &mut collections);
    rng.shuffle(&mut collections);
    // A view is made after what it looks at.
    collections.sort_by_key(|c| c.options.contains_key("viewOn"));
    let mut data = Database {
        collections,
        form: Form::default(),
    };
    Form::draw(rng).encode(rng, &mut data);
    data
}

fn cast(rng: &mut Rng, tiny: bool) -> Cast {
    let user_style = match rng.u8(..20) {
        0..9 => IdStyle::ObjectId,
        9..12 => IdStyle::Uuid,
        12..16 => IdStyle::Text,
        16..18 => IdStyle::Mixed,
        _ => IdStyle::MixedWithNumbers,
    };
    let style = |rng: &mut Rng| match rng.u8(..10) {
        0..6 => IdStyle::ObjectId,
        6 => IdStyle::Uuid,
        7 => IdStyle::Text,
        8 => IdStyle::Number,
        _ => IdStyle::MixedWithNumbers,
    };
    let (business_style, service_style, customer_style) = (style(rng), style(rng), style(rng));
    let pick = |rng: &mut Rng, style, kind: Kind, count: usize| -> Vec<Value> {
        let mut numbers: Vec<u8> = (1..=14).collect();
        rng.shuffle(&mut numbers);
        numbers
            .iter()
            .take(count)
            .map(|&n| id(rng, style, kind as u8, n))
            .collect()
    };
    let user_count = if tiny {
        rng.usize(..=3)
    } else {
        rng.usize(2..=12)
    };
    let mut users = pick(rng, user_style, Kind::User, user_count);
    if rng.u8(..25) == 0 && matches!(user_style, IdStyle::ObjectId) {
        // A twin: another user whose string id is the hexadecimal form of the first one's ObjectId.
        if let Some(twin) = users.first().and_then(Value::as_object_id) {
            users.push(Value::string(&crate::oracle::bytes::hex(&twin)));
        }
    }
    let business_count = rng.usize(1..=if tiny { 2 } else { 4 });
    let service_count = rng.usize(usize::from(!tiny)..=6);
    let customer_count = if rng.u8(..5) < 3 { rng.usize(1..=4) } else { 0 };
    Cast {
        users,
        businesses: pick(rng, business_style, Kind::Business, business_count),
        services: pick(rng, service_style, Kind::Service, service_count),
        customers: pick(rng, customer_style, Kind::Customer, customer_count),
        business_of_service: (0..service_count)
            .map(|_| rng.usize(..business_count))
            .collect(),
        business_of_customer: (0..customer_count)
            .map(|_| rng.usize(..business_count))
            .collect(),
    }
}

fn businesses(rng: &mut Rng, cast: &Cast) -> Vec<Vec<u8>> {
    let documents = cast.businesses.iter().map(|id| {
        let mut rest = vec![field("name", people::business_name(rng))];
        match rng.u8(..8) {
            0..3 if !cast.users.is_empty() => {
                let owner = rng.usize(..cast.users.len());
                let owner = refer(rng, &cast.users[owner]);
                rest.push(field("ownerId", owner));
            }
            3 => rest.push(field("ownerId", Value::null())),
            4 => rest.push(field("ownerId", nobody(rng))),
            _ => {}
        }
        rest.extend(odd_fields(rng));
        finish(rng, id, rest)
    });
    documents.collect()
}

fn services(rng: &mut Rng, cast: &Cast) -> Vec<Vec<u8>> {
    let mut documents = Vec::new();
    for (id, &business) in cast.services.iter().zip(&cast.business_of_service) {
        let mut rest = vec![field("name", Value::string("Haircut"))];
        match rng.u8(..16) {
            0 => rest.push(field("businessId", nobody(rng))),
            1 => rest.push(field("businessId", Value::null())),
            2 => {}
            _ => rest.push(field("businessId", refer(rng, &cast.businesses[business]))),
        }
        rest.push(field("price", odd_value(rng, 0)));
        rest.extend(odd_fields(rng));
        // A service may be gone while bookings still name it.
        if rng.u8(..14) > 0 {
            documents.push(finish(rng, id, rest));
        }
    }
    documents
}

fn memberships(rng: &mut Rng, cast: &Cast) -> Vec<Vec<u8>> {
    (0..rng.u8(..4))
        .map(|n| {
            let user = match rng.u8(..5) {
                0 => nobody(rng),
                1 => Value::null(),
                _ if cast.users.is_empty() => nobody(rng),
                _ => {
                    let member = rng.usize(..cast.users.len());
                    refer(rng, &cast.users[member])
                }
            };
            let rest = vec![
                field("userId", user),
                field("role", Value::string("stylist")),
            ];
            finish(rng, &Value::int(i32::from(n)), rest)
        })
        .collect()
}

fn booking(rng: &mut Rng, cast: &Cast, n: usize) -> Vec<u8> {
    let mut rest = Vec::new();
    match rng.u8(..20) {
        0 => {}
        1 => rest.push(field("userId", Value::null())),
        2 => rest.push(field("userId", nobody(rng))),
        3 => rest.push(field("userId", Value::string(""))),
        _ if cast.users.is_empty() => rest.push(field("userId", nobody(rng))),
        // The first users have most bookings, so that pairs have several.
        _ => {
            let user = rng
                .usize(..cast.users.len())
                .min(rng.usize(..cast.users.len()));
            rest.push(field("userId", refer(rng, &cast.users[user])));
        }
    }
    let service = (!cast.services.is_empty()).then(|| rng.usize(..cast.services.len()));
    match (rng.u8(..20), service) {
        (0, _) => {}
        (1, _) if rng.bool() => rest.push(field("serviceId", Value::string(""))),
        (1, _) => rest.push(field("serviceId", Value::null())),
        (2, _) | (_, None) => rest.push(field("serviceId", nobody(rng))),
        (_, Some(at)) => rest.push(field("serviceId", refer(rng, &cast.services[at]))),
    }
    if let Some(customer) = customer_id(rng, cast, service) {
        rest.push(field("customerId", customer));
    }
    match rng.u8(..6) {
        0 => {}
        1 => rest.push(field("createdAt", odd_value(rng, 0))),
        _ => rest.push(field("createdAt", people::date(rng))),
    }
    if rng.bool() {
        rest.push(field("status", people::status(rng)));
    }
    if rng.bool() {
        // Far ahead: a TTL index may sit on it, and nothing may expire while the test runs.
        rest.push(field("expiresAt", Value::date(4_000_000_000_000)));
    }
    if rng.bool() {
        rest.push(field("reference", Value::string(&format!("R{n}"))));
    }
    rest.extend(odd_fields(rng));
    if rng.u8(..25) == 0 && !rest.is_empty() {
        let again = rest[rng.usize(..rest.len())].name.clone();
        // A repeated customerId would leave open which of the two is meant.
        if again != "customerId" && again != "reference" {
            rest.push(field(&again, odd_value(rng, 0)));
        }
    }
    let id = values::booking_id(rng, n);
    finish(rng, &id, rest)
}

fn customer_id(rng: &mut Rng, cast: &Cast, service: Option<usize>) -> Option<Value> {
    let of_the_same_business = service.and_then(|service| {
        let business = cast.business_of_service[service];
        let at = cast
            .business_of_customer
            .iter()
            .position(|&b| b == business)?;
        Some(&cast.customers[at])
    });
    match (rng.u8(..20), of_the_same_business) {
        (0..2, _) => Some(Value::null()),
        (2, _) => Some(nobody(rng)),
        (3, _) => Some(Value::string("gone")),
        (4..9, Some(customer)) => Some(refer(rng, customer)),
        (9, _) if !cast.customers.is_empty() => {
            let any = &cast.customers[rng.usize(..cast.customers.len())];
            Some(refer(rng, any))
        }
        _ => None,
    }
}

/// A reference to nobody, from a small pool so that several bookings share one.
fn nobody(rng: &mut Rng) -> Value {
    let n = rng.u8(1..4);
    match rng.u8(..8) {
        0..3 => id(rng, IdStyle::ObjectId, Kind::Nobody as u8, n),
        3 => id(rng, IdStyle::Uuid, Kind::Nobody as u8, n),
        4 => id(rng, IdStyle::Text, Kind::Nobody as u8, n),
        5 => Value::string("gone"),
        6 => Value::int(900 + i32::from(n)),
        _ => Value::document(&[field("gone", Value::boolean(true))]),
    }
}

/// A document with its `_id` first (the server puts it there) and the other fields in any order.
fn finish(rng: &mut Rng, id: &Value, mut rest: Vec<Field>) -> Vec<u8> {
    if rng.bool() {
        rng.shuffle(&mut rest);
    }
    rest.insert(0, field("_id", id.clone()));
    document(&rest)
}

/// Without the documents whose `_id` the server would call equal to an earlier one's.
fn distinct_ids(documents: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut kept: Vec<(Value, Vec<u8>)> = Vec::new();
    for bytes in documents {
        let fields = crate::oracle::bytes::fields(&bytes);
        let id = first(&fields, "_id").expect("every document has an _id");
        let taken = kept.iter().any(|(other, _)| {
            other == id || (other.as_halves().is_some() && other.as_halves() == id.as_halves())
        });
        if !taken {
            kept.push((id.clone(), bytes));
        }
    }
    kept.into_iter().map(|(_, bytes)| bytes).collect()
}
