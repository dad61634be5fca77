//! Writes a database of the default form anew.

use fastrand::Rng;

use super::references::Cast;
use super::{Form, OfBusiness, OfUser};
use crate::oracle::bytes::{Field, Value, document, field, fields, first};
use crate::oracle::generate::{Collection, Database};

impl Form {
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
        let users = data.documents("User").iter().map(|it| fields(it));
        let cast = Cast {
            users: users.collect(),
        };
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
                        *booking = self.booking(rng, booking, (&services, &cast), &mut profiles);
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
        (services, cast): (&[Vec<Field>], &Cast),
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
            if one.name != "userId" || self.user == OfUser::Nobody {
                out.push(one);
                continue;
            }
            if out.iter().any(|it| it.name == self.user_field()) {
                continue;
            }
            // Beside users guests have bookings that name nobody.
            if self.guests.is_some() && rng.u8(..3) == 0 {
                match rng.u8(..3) {
                    0 => {}
                    1 => out.push(field(self.user_field(), Value::null())),
                    _ => out.push(field(self.user_field(), Value::string("nobody"))),
                }
                continue;
            }
            let empty = one.value.is_null() || one.value.as_str() == Some("");
            let value = match self.user {
                _ if empty => one.value,
                OfUser::Plain | OfUser::Renamed | OfUser::InPlace | OfUser::Nobody => one.value,
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
                OfUser::Several => cast.list(rng, &one.value),
                OfUser::Email => match cast.email(rng, &one.value) {
                    Some(email) => email,
                    None => continue,
                },
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
        if let Some(guests) = self.guests {
            guests.encode(rng, &mut out);
        }
        document(&out)
    }
}
