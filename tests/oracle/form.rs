//! The form that an application gives to the same data: how bookings name users and businesses, and where users keep names and e-mails. A form
//! writes a database of the default form anew, says the mapping of what it wrote, and reads it back for the oracle.

use fastrand::Rng;

use crate::oracle::bytes::{Field, Value, document, field, fields, first, tag};
use crate::oracle::generate::{Collection, Database};

/// How a booking names its user.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum OfUser {
    /// `userId`.
    #[default]
    Plain,
    /// `clientId`.
    Renamed,
    /// `profileId > Profile.userId`.
    Hop,
    /// A DBRef in `user`.
    DbRef,
    /// A list of one in `userIds`.
    List,
    /// `who.userId`, beside something else or alone.
    Nested,
    /// `customerId`, whose name and place the customer takes.
    InPlace,
}

/// How a booking finds its business.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum OfBusiness {
    /// By its service.
    #[default]
    Service,
    /// By `shopId`.
    Direct,
    /// By `shopId`, else by its service.
    Either,
}

/// A form.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools)] // drawn one by one
pub struct Form {
    pub user: OfUser,
    pub business: OfBusiness,
    /// The e-mail stands in `local.email`.
    pub nested_email: bool,
    /// The name stands in `firstName` and `lastName`.
    pub split_name: bool,
    /// The old reference stays.
    pub keep: bool,
    /// The new reference is a list.
    pub listed: bool,
    /// A copy of a person inside another document of bookings leaves, too.
    pub copies: bool,
}

/// How the customer comes into a booking.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Put {
    /// As the one element of a list.
    pub listed: bool,
    /// Before the field at this place; else behind all.
    pub at: Option<usize>,
}

/// What a booking says in the default form's words.
pub struct Said {
    /// What its reference to a user leads to.
    pub user: Option<Value>,
    /// What the reference itself names.
    pub named: Option<Value>,
    /// Its business, where it says so itself.
    pub shop: Option<Value>,
}

impl Form {
    /// Half of all databases have the default form.
    pub fn draw(rng: &mut Rng) -> Self {
        if rng.bool() {
            return Self::default();
        }
        let user = [
            OfUser::Plain,
            OfUser::Renamed,
            OfUser::Hop,
            OfUser::DbRef,
            OfUser::List,
            OfUser::Nested,
            OfUser::InPlace,
        ][rng.usize(..7)];
        Self {
            user,
            keep: user != OfUser::InPlace && rng.u8(..4) == 0,
            listed: rng.u8(..3) == 0,
            copies: user != OfUser::Nested && rng.u8(..3) == 0,
            business: [OfBusiness::Service, OfBusiness::Direct, OfBusiness::Either][rng.usize(..3)],
            nested_email: rng.u8(..3) == 0,
            split_name: rng.u8(..3) == 0,
        }
    }

    /// The top-level field of a booking that holds the reference.
    pub fn user_field(self) -> &'static str {
        match self.user {
            OfUser::Plain => "userId",
            OfUser::Renamed => "clientId",
            OfUser::Hop => "profileId",
            OfUser::DbRef => "user",
            OfUser::List => "userIds",
            OfUser::Nested => "who",
            OfUser::InPlace => "customerId",
        }
    }

    /// How the customer comes into this booking.
    pub fn put(self, booking: &[Field]) -> Put {
        let rest = self.without_user(booking);
        let held = rest.iter().position(|it| it.name == "customerId");
        Put {
            listed: self.listed,
            at: held.filter(|_| self.user == OfUser::InPlace),
        }
    }

    /// The mapping file; none for the default form.
    pub fn mapping(self, data: &Database) -> Option<String> {
        if self == Self::default() {
            return None;
        }
        let accounts: Vec<String> = ["TeamMember", "Account"]
            .into_iter()
            .filter(|name| data.collection(name).is_some())
            .map(|name| format!("{{ collection = \"{name}\", user = \"userId\" }}"))
            .collect();
        let name = if self.split_name {
            "[\"firstName\", \"lastName\"]"
        } else {
            "\"name\""
        };
        let email = if self.nested_email {
            "local.email"
        } else {
            "email"
        };
        let user = match self.user {
            OfUser::Hop => "profileId > Profile.userId",
            OfUser::Nested => "who.userId",
            _ => self.user_field(),
        };
        let service = "[service]\ncollection = \"Service\"\nbusiness = \"businessId\"\n";
        let (service, business) = match self.business {
            OfBusiness::Service => (service, "service = \"serviceId\""),
            OfBusiness::Direct => ("", "business = \"shopId\""),
            OfBusiness::Either => (
                service,
                "service = \"serviceId\"\nbusiness = [\"shopId\", \"serviceId > Service.businessId\"]",
            ),
        };
        let mut more = String::new();
        for (is_said, line) in [
            (self.keep, "keep = true\n"),
            (self.listed, "several = \"list\"\n"),
            (self.user == OfUser::InPlace, "in_place = true\n"),
            (self.copies, "drop = [\"who.name\"]\n"),
        ] {
            more.push_str(if is_said { line } else { "" });
        }
        Some(format!(
            "version = 2\naccounts = [{}]\n[user]\ncollection = \"User\"\nname = {name}\nemail = \"{email}\"\npassword = \"hashedPassword\"\ncreated = \"createdAt\"\n\
             contact = [\"phone\", \"company\", \"country\", \"address\", \"city\", \"state\", \"zipCode\"]\nphone = \"phone\"\ncountry = \"country\"\n\
             [business]\ncollection = \"Business\"\nname = \"name\"\nowner = \"ownerId\"\n{service}\
             [booking]\ncollection = \"Booking\"\nuser = \"{user}\"\n{business}\ncustomer = \"customerId\"\ncreated = \"createdAt\"\n{more}\
             [customer]\ncollection = \"Customer\"\nbusiness = \"businessId\"\n",
            accounts.join(", ")
        ))
    }

    /// Writes a database of the default form anew.
    pub fn encode(self, rng: &mut Rng, data: &mut Database) {
        if self == Self::default() {
            return;
        }
        data.form = self;
        let services: Vec<Vec<Field>> = data
            .documents("Service")
            .iter()
            .map(|it| fields(it))
            .collect();
        let mut profiles: Vec<(Value, Value)> = Vec::new();
        for collection in &mut data.collections {
            match collection.name.as_str() {
                "User" => {
                    for user in &mut collection.documents {
                        *user = self.user(rng, user);
                    }
                    collection
                        .indexes
                        .retain(|it| !it.get_str("name").is_ok_and(|it| it == "User_email_key"));
                    // It asks for a name.
                    collection.validation = None;
                }
                "Booking" => {
                    for booking in &mut collection.documents {
                        *booking = self.booking(rng, booking, &services, &mut profiles);
                    }
                    collection.indexes.retain(|it| {
                        !it.get_str("name")
                            .is_ok_and(|it| it == "Booking_userId_idx")
                    });
                }
                _ => {}
            }
        }
        if self.user == OfUser::Hop {
            let documents = profiles.iter().map(|(id, user)| {
                document(&[field("_id", id.clone()), field("userId", user.clone())])
            });
            data.collections
                .insert(0, Collection::new("Profile", documents.collect()));
        }
    }

    fn user(self, rng: &mut Rng, user: &[u8]) -> Vec<u8> {
        let mut out: Vec<Field> = Vec::new();
        let mut seen = Vec::new();
        for one in fields(user) {
            let moved =
                one.name == "email" && self.nested_email || one.name == "name" && self.split_name;
            if moved && seen.contains(&one.name) {
                continue;
            }
            seen.push(one.name.clone());
            match one.name.as_str() {
                "email" if self.nested_email => {
                    let mut inner = vec![field("email", one.value)];
                    if rng.bool() {
                        inner.push(field("salt", Value::int(1)));
                    }
                    out.push(field("local", Value::document(&inner)));
                }
                "name" if self.split_name => {
                    out.push(field("firstName", one.value));
                    match rng.u8(..4) {
                        0 => out.push(field("lastName", Value::string("Lee"))),
                        1 => out.push(field("lastName", Value::string("  "))),
                        2 => out.push(field("lastName", Value::null())),
                        _ => {}
                    }
                }
                _ => out.push(one),
            }
        }
        document(&out)
    }

    fn booking(
        self,
        rng: &mut Rng,
        booking: &[u8],
        services: &[Vec<Field>],
        profiles: &mut Vec<(Value, Value)>,
    ) -> Vec<u8> {
        let all = fields(booking);
        let shop = first(&all, "serviceId")
            .and_then(|id| services.iter().find(|it| first(it, "_id") == Some(id)))
            .and_then(|service| first(service, "businessId").cloned());
        let mut out: Vec<Field> = Vec::new();
        for one in all {
            let again = out.iter().any(|it| it.name == one.name);
            let own = [
                "userId",
                "serviceId",
                self.user_field(),
                "shopId",
                "who",
                "user",
            ];
            // A second one would leave open which is meant.
            if again && own.contains(&one.name.as_str()) || one.name == "user" || one.name == "who"
            {
                continue;
            }
            if self.user == OfUser::InPlace && one.name == "customerId" {
                continue;
            }
            if one.name != "userId" {
                out.push(one);
                continue;
            }
            if out.iter().any(|it| it.name == self.user_field()) {
                continue;
            }
            let empty = one.value.is_null() || one.value.as_str() == Some("");
            let value = match self.user {
                _ if empty => one.value,
                OfUser::Plain | OfUser::Renamed | OfUser::InPlace => one.value,
                OfUser::Hop => {
                    let known = profiles.iter().find(|(_, user)| *user == one.value);
                    match known {
                        Some((id, _)) => id.clone(),
                        // Now and then there is no such profile.
                        None if rng.u8(..12) == 0 => Value::object_id([0x77; 12]),
                        None => {
                            let mut id = [0x70; 12];
                            id[11] = u8::try_from(profiles.len()).expect("few profiles");
                            profiles.push((Value::object_id(id), one.value));
                            Value::object_id(id)
                        }
                    }
                }
                OfUser::DbRef => Value::document(&[
                    field("$ref", Value::string("User")),
                    field("$id", one.value),
                ]),
                OfUser::List => Value::array(&[one.value]),
                OfUser::Nested => {
                    let mut inner = vec![field("userId", one.value)];
                    if rng.bool() {
                        inner.push(field("note", Value::string("n")));
                    }
                    Value::document(&inner)
                }
            };
            out.push(field(self.user_field(), value));
        }
        if self.copies && rng.u8(..3) > 0 {
            let mut who = vec![field("name", Value::string("Ann"))];
            if rng.bool() {
                who.insert(rng.usize(..2), field("note", Value::int(1)));
            }
            out.push(field("who", Value::document(&who)));
        }
        if self.business != OfBusiness::Service
            && let Some(shop) = shop
            && (self.business == OfBusiness::Direct || rng.bool())
        {
            out.push(field("shopId", shop));
        }
        document(&out)
    }

    /// What a booking says.
    pub fn said(self, data: &Database, booking: &[Field]) -> Said {
        let held = first(booking, self.user_field());
        let inside = |name: &str| held.and_then(|held| member(held, name));
        let named = match self.user {
            OfUser::Plain | OfUser::Renamed | OfUser::Hop | OfUser::InPlace => held.cloned(),
            OfUser::DbRef => inside("$id").or_else(|| held.cloned()),
            OfUser::List => inside("0").or_else(|| held.cloned()),
            OfUser::Nested => inside("userId"),
        };
        let named = named.filter(is_value);
        let user = match self.user {
            OfUser::Hop => data
                .documents("Profile")
                .iter()
                .map(|it| fields(it))
                .find(|it| first(it, "_id") == named.as_ref())
                .and_then(|it| first(&it, "userId").cloned()),
            _ => named.clone(),
        };
        let shop = first(booking, "shopId").cloned().filter(is_value);
        Said { user, named, shop }
    }

    /// A user's fields in the default form's words.
    pub fn read_user(self, user: &[Field]) -> Vec<Field> {
        let mut out: Vec<Field> = Vec::new();
        for one in user {
            match one.name.as_str() {
                "local" if self.nested_email => {
                    out.extend(member(&one.value, "email").map(|it| field("email", it)));
                }
                "firstName" | "lastName" if self.split_name => {}
                _ => out.push(one.clone()),
            }
        }
        if self.split_name {
            let texts = ["firstName", "lastName"].map(|name| first(user, name).and_then(text));
            let texts: Vec<&str> = texts.into_iter().flatten().collect();
            if !texts.is_empty() {
                out.push(field("name", Value::string(&texts.join(" "))));
            }
        }
        out
    }

    /// The booking's fields without its reference.
    pub fn without_user(self, booking: &[Field]) -> Vec<Field> {
        let mut out = Vec::new();
        for one in booking {
            if self.copies && one.name == "who" {
                let mut rest = fields(&one.value.bytes);
                rest.retain(|it| it.name != "name");
                if !rest.is_empty() {
                    out.push(field("who", Value::document(&rest)));
                }
                continue;
            }
            if one.name != self.user_field() || self.keep || self.user == OfUser::InPlace {
                out.push(one.clone());
                continue;
            }
            if self.user != OfUser::Nested {
                continue;
            }
            // Of a document the reference alone leaves; what is no document holds none.
            if one.value.tag != tag::DOCUMENT {
                out.push(one.clone());
                continue;
            }
            let mut rest = fields(&one.value.bytes);
            rest.retain(|it| it.name != "userId");
            if !rest.is_empty() {
                out.push(field("who", Value::document(&rest)));
            }
        }
        out
    }

    /// What the mapping's check wants to occur somewhere.
    pub fn required(self) -> Vec<(&'static str, &'static str)> {
        let mut all = vec![
            ("User", if self.nested_email { "local" } else { "email" }),
            ("User", "hashedPassword"),
            ("Booking", self.user_field()),
        ];
        if self.split_name {
            all.extend([("User", "firstName"), ("User", "lastName")]);
        } else {
            all.push(("User", "name"));
        }
        if self.business != OfBusiness::Service {
            all.push(("Booking", "shopId"));
        }
        if self.business != OfBusiness::Direct {
            all.extend([("Booking", "serviceId"), ("Service", "businessId")]);
        }
        if self.user == OfUser::Hop {
            all.push(("Profile", "userId"));
        }
        all
    }
}

/// Null and "" are no value.
pub fn is_value(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn member(value: &Value, name: &str) -> Option<Value> {
    let inside = value.tag == tag::DOCUMENT || value.tag == tag::ARRAY;
    let inner = inside.then(|| fields(&value.bytes))?;
    first(&inner, name).cloned()
}

/// A text that is not blank.
fn text(value: &Value) -> Option<&str> {
    let text = (value.tag == tag::STRING)
        .then(|| value.as_str())
        .flatten()?;
    (!text.chars().all(char::is_whitespace)).then_some(text)
}
