//! The sample's user documents: owners, team members, visitors and customers, with their fields in the order that Prisma writes them.

use bson::oid::ObjectId;
use bson::raw::{CStr, RawDocumentBuf, cstr};
use bson::{DateTime, RawBson};
use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;

use super::plan;
use super::world::{DAY, Entity, MINUTE, World};
use crate::demo::names::{self, Person};

/// The contact fields.
const CONTACT: [&CStr; 7] = [
    cstr!("phone"),
    cstr!("company"),
    cstr!("country"),
    cstr!("address"),
    cstr!("city"),
    cstr!("state"),
    cstr!("zipCode"),
];

/// An optional text field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field {
    /// Left out.
    #[default]
    Missing,
    /// A stored null.
    Null,
    /// A text, maybe an empty one.
    Text(String),
}

impl Field {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One of the ways to have no value: mostly left out.
    pub fn none(rng: &mut Rng) -> Self {
        match rng.u8(..20) {
            0 => Self::Null,
            1 => Self::text(""),
            _ => Self::Missing,
        }
    }

    pub fn append(&self, document: &mut RawDocumentBuf, key: &CStr) {
        match self {
            Self::Missing => {}
            Self::Null => document.append(key, RawBson::Null),
            Self::Text(text) => document.append(key, text.as_str()),
        }
    }
}

/// Phone, company, country, address, city, state, postcode.
pub type Contact = [Field; 7];

/// A user to be written.
#[derive(Debug, Clone)]
pub struct User {
    pub id: ObjectId,
    pub name: Field,
    pub email: Field,
    pub password: Field,
    pub contact: Contact,
    pub role: &'static str,
    pub created: i64,
    pub updated: i64,
}

impl User {
    pub fn document(&self) -> RawDocumentBuf {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), self.id);
        self.name.append(&mut document, cstr!("name"));
        self.email.append(&mut document, cstr!("email"));
        self.password.append(&mut document, cstr!("hashedPassword"));
        for (key, field) in CONTACT.into_iter().zip(&self.contact) {
            field.append(&mut document, key);
        }
        document.append(cstr!("role"), self.role);
        append_date(&mut document, cstr!("createdAt"), self.created);
        append_date(&mut document, cstr!("updatedAt"), self.updated);
        document
    }

    /// True when a field that a customer receives holds such a text.
    pub fn holds(&self, such: impl Fn(&str) -> bool) -> bool {
        let fields = [&self.name, &self.email].into_iter().chain(&self.contact);
        fields
            .into_iter()
            .any(|field| matches!(field, Field::Text(text) if such(text)))
    }

    /// The same person's data as a customer of a business, for customers that existed before.
    pub fn as_customer(&self, business: ObjectId) -> RawDocumentBuf {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), self.id);
        document.append(cstr!("businessId"), business);
        self.name.append(&mut document, cstr!("name"));
        self.email.append(&mut document, cstr!("email"));
        for (key, field) in CONTACT.into_iter().zip(&self.contact) {
            field.append(&mut document, key);
        }
        append_date(&mut document, cstr!("createdAt"), self.created);
        document
    }
}

pub fn append_date(document: &mut RawDocumentBuf, key: &CStr, millis: i64) {
    document.append(key, DateTime::from_millis(millis));
}

/// What looks like a bcrypt hash, and is none.
pub fn password(rng: &mut Rng) -> Field {
    let tail: String = (0..53).map(|_| rng.alphanumeric()).collect();
    Field::Text(format!("$2b$10${tail}"))
}

/// Contact data as bookings leave it behind: mostly a phone, often an address, seldom a company.
pub fn contact(person: &Person, number: u64, rng: &mut Rng) -> Contact {
    let mut contact: Contact = std::array::from_fn(|_| Field::none(rng));
    if rng.u8(..10) < 8 {
        contact[0] = Field::Text(person.phone(number));
    }
    if rng.u8(..10) == 0 {
        contact[1] = Field::Text(person.company(rng));
    }
    if rng.u8(..20) < 9 {
        let address = person.address(rng);
        contact[2] = Field::text(address.country);
        contact[3] = Field::Text(address.street);
        contact[4] = Field::text(address.city);
        contact[6] = Field::text(address.zip);
        if !address.state.is_empty() {
            contact[5] = Field::text(address.state);
        }
    }
    contact
}

/// A customer without any conflict. `number` is nobody else's, and makes e-mail and phone unique.
pub fn customer(id: ObjectId, number: u64, created: i64, rng: &mut Rng) -> User {
    let person = names::person(rng);
    let email = person.email(number, rng);
    let contact = contact(&person, number, rng);
    // Some browsers send names decomposed; some people capitalise their address.
    let name = match rng.u8(..40) {
        0 => person.name.nfd().collect(),
        _ => person.name,
    };
    let email = match rng.u8(..40) {
        0 => email[..1].to_uppercase() + &email[1..],
        _ => email,
    };
    let password = match rng.u8(..20) {
        0 => Field::Null,
        1 => Field::text(""),
        _ => Field::Missing,
    };
    User {
        id,
        name: Field::Text(name),
        email: Field::Text(email),
        password,
        contact,
        role: "USER",
        created,
        updated: created + rng.i64(0..30 * DAY),
    }
}

/// Somebody with a password.
fn account(id: ObjectId, person: &Person, number: u64, created: i64, rng: &mut Rng) -> User {
    User {
        id,
        name: Field::text(person.name.as_str()),
        email: Field::Text(person.email(number, rng)),
        password: password(rng),
        contact: std::array::from_fn(|_| match rng.u8(..30) {
            0 => Field::Null,
            _ => Field::Missing,
        }),
        role: "USER",
        created,
        updated: created + rng.i64(0..200 * DAY),
    }
}

impl World {
    /// Customers have the numbers up to here, visitors the next, then owners, team members, and the planted.
    fn visitor_number(&self, visitor: u64) -> u64 {
        self.numbers.guests + visitor
    }

    fn owner_number(&self, owner: u64) -> u64 {
        self.visitor_number(self.numbers.visitors) + owner
    }

    fn member_number(&self, member: u64) -> u64 {
        self.owner_number(self.numbers.businesses) + member
    }

    /// The number of a planted user.
    pub fn planted_number(&self, user: u64) -> u64 {
        self.member_number(self.members()) + user
    }

    /// How many team members there are.
    pub fn members(&self) -> u64 {
        2 * self.numbers.businesses
    }

    pub fn guest(&self, guest: u64) -> User {
        let mut rng = self.rng(Entity::Guest, guest);
        let since = self.guest_since(guest);
        customer(self.guest_id(guest), guest, since, &mut rng)
    }

    pub fn visitor(&self, visitor: u64) -> User {
        let mut rng = self.rng(Entity::Visitor, visitor);
        let created = Self::some_time(&mut rng);
        let person = names::person(&mut rng);
        let id = self.id(Entity::Visitor, visitor, created);
        let number = self.visitor_number(visitor);
        let mut user = account(id, &person, number, created, &mut rng);
        if plan::VISITORS_WITH_CONTACT.contains(&visitor) {
            user.contact[0] = Field::Text(person.phone(number));
            user.contact[4] = Field::text(person.address(&mut rng).city);
        }
        user
    }

    pub fn owner(&self, owner: u64) -> User {
        let mut rng = self.rng(Entity::Owner, owner);
        let business = self.business_at(owner);
        let person = names::person(&mut rng);
        let created = business.created - 5 * MINUTE;
        let number = self.owner_number(owner);
        let mut user = account(business.owner_id, &person, number, created, &mut rng);
        user.role = "OWNER";
        if let Some(at) = plan::OWNERS_WHO_BOOK.iter().position(|it| *it == owner) {
            // Signs in by a link: owns a business, has no password.
            user.password = [Field::Missing, Field::text("")][at % 2].clone();
            user.contact[0] = Field::Text(person.phone(number));
        }
        if plan::OWNERS_WITH_CONTACT.contains(&owner) {
            user.contact[0] = Field::Text(person.phone(number));
            user.contact[1] = Field::text(business.name.as_str());
        }
        user
    }

    /// The `_id` of a team member and when it joined.
    pub fn member_id(&self, member: u64) -> (ObjectId, i64) {
        let joined = self.business_at(member / 2).created + DAY * (1 + member.cast_signed() % 9);
        (self.id(Entity::Member, member, joined), joined)
    }

    pub fn member(&self, member: u64) -> User {
        let mut rng = self.rng(Entity::Member, member);
        let (id, joined) = self.member_id(member);
        let person = names::person(&mut rng);
        let number = self.member_number(member);
        let mut user = account(id, &person, number, joined, &mut rng);
        user.role = "STAFF";
        if plan::MEMBERS_WHO_BOOK.first() == Some(&member) {
            user.password = Field::Null;
        }
        if plan::MEMBERS_WITH_CONTACT.contains(&member) {
            user.contact[0] = Field::Text(person.phone(number));
            user.contact[5] = Field::text(" ");
        }
        user
    }

    /// The row that makes a team member one.
    pub fn membership(&self, member: u64) -> RawDocumentBuf {
        let (user, joined) = self.member_id(member);
        let mut document = RawDocumentBuf::new();
        let id = self.id(Entity::Membership, member, joined + MINUTE);
        document.append(cstr!("_id"), id);
        document.append(cstr!("businessId"), self.business_at(member / 2).id);
        document.append(cstr!("userId"), user);
        document.append(
            cstr!("role"),
            ["ADMIN", "STAFF"][usize::from(member % 2 == 1)],
        );
        append_date(&mut document, cstr!("createdAt"), joined + MINUTE);
        document
    }
}
