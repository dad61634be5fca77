//! Guests as people: who of the bookings' guests is one, and what its customer gets.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Unsaid;
use super::join::Record;
use super::merge::is_blank;
use super::world::{Reading, World};
use crate::oracle::bytes::{Field, Value, field, tag};
use crate::oracle::form::{GuestForm, GuestKey};

/// Bookings of one business that name nobody else get their guests, who become people.
pub fn take(world: &mut World, readings: &mut [Reading]) -> Result<(), Unsaid> {
    let Some(form) = world.form.guests else {
        return Ok(());
    };
    let mut guests: BTreeMap<(usize, &GuestKey), Vec<usize>> = BTreeMap::new();
    for (at, (reading, said)) in readings.iter().zip(&world.said).enumerate() {
        if let (Some(business), [], Some(key)) =
            (reading.business, &reading.people[..], &said.guest)
        {
            guests.entry((business, key)).or_default().push(at);
        }
    }
    let mut people = Vec::new();
    for ((business, key), mut bookings) in guests {
        let person = world.users + people.len();
        for &at in &bookings {
            readings[at].people.push(person);
        }
        let read = fields_of(form, world, &mut bookings)?;
        people.push(Record {
            bytes: Vec::new(),
            fields: Vec::new(),
            read,
            id: id(&world.businesses[business].id, key),
        });
    }
    world.people.extend(people);
    Ok(())
}

/// Each member as the oldest booking has it that says something; where none does, as the oldest has it. The date as the oldest has it.
fn fields_of(form: GuestForm, world: &World, bookings: &mut [usize]) -> Result<Vec<Field>, Unsaid> {
    let all = &world.bookings;
    let made = |at: usize| {
        let date = all[at].get("createdAt").and_then(Value::as_date);
        date.unwrap_or(i64::MAX)
    };
    let id = |at: usize| &all[at].id;
    bookings.sort_by(|&a, &b| {
        made(a)
            .cmp(&made(b))
            .then_with(|| id(a).server_order(id(b)))
    });
    let usual = |at: usize| {
        matches!(id(at).tag, tag::OBJECT_ID | tag::STRING | tag::BINARY)
            || id(at).as_halves().is_some()
    };
    let mut read = Vec::new();
    for (member, path) in form.members() {
        let said = |at: usize| GuestForm::said(&all[at].fields, path);
        let says = bookings.iter().find(|&&at| !is_blank(said(at).as_ref()));
        let from = *says.unwrap_or(&bookings[0]);
        // Which of two is older that say no time is written down for the usual ids alone.
        let others = bookings.iter().filter(|&&at| {
            made(at) == made(from) && (says.is_none() || !is_blank(said(at).as_ref()))
        });
        let mut others = others.filter(|&&at| said(at) != said(from));
        if others.any(|&at| !usual(at) || !usual(from)) {
            return Err(Unsaid("a guest's bookings of one time, with odd ids"));
        }
        read.extend(said(from).map(|value| field(member, value)));
    }
    let oldest = bookings[0];
    let mut rivals = bookings.iter().filter(|&&at| made(at) == made(oldest));
    let date = all[oldest].get("createdAt");
    if rivals.any(|&at| all[at].get("createdAt") != date && !(usual(at) && usual(oldest))) {
        return Err(Unsaid("a guest's bookings of one time, with odd ids"));
    }
    read.extend(date.map(|date| field("createdAt", date.clone())));
    Ok(read)
}

/// A guest's own id, which golden tests hold: a hash of business, member and value, shaped as a UUID.
fn id(business: &Value, key: &GuestKey) -> Value {
    let business = business.by_value();
    let mut hash = Sha256::new();
    hash.update(b"ringfence customer 1\0guest");
    hash.update((business.bytes.len() as u64 + 1).to_le_bytes());
    hash.update([business.tag]);
    hash.update(&business.bytes);
    hash.update((key.by.len() as u64).to_le_bytes());
    hash.update(key.by);
    hash.update(&key.value);
    let hash: [u8; 32] = hash.finalize().into();
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&hash[..16]);
    Value::uuid(uuid)
}
