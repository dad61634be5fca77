//! The sample's businesses, services, bookings and reviews.

use bson::oid::ObjectId;
use bson::raw::{CStr, RawDocumentBuf, cstr};
use bson::{Decimal128, RawBson};
use fastrand::Rng;

use super::people::{Field, append_date};
use super::world::{DAY, Entity, MINUTE, TODAY, World};
use crate::demo::names::{Offer, pick};

const NOTES: &[&str] = &[
    "Please call on arrival",
    "First visit",
    "Kommt 10 Minuten später",
    "Allergic to nuts",
    "Merci de confirmer par téléphone, l'interphone est en panne",
    "Prefers the window seat",
    "¿Se puede pagar con tarjeta?",
    "Bringing a toddler 👶",
    "前回と同じ担当者を希望",
    "يرجى الاتصال قبل الموعد",
    "Paid in advance; invoice to the company",
    "Rollstuhl, bitte Rampe bereitstellen",
    "Line one\nLine two",
];

const COMMENTS: &[&str] = &[
    "Great service, would come again",
    "Sehr freundlich, pünktlich",
    "Un peu cher, mais impeccable",
    "Waited twenty minutes",
    "最高でした",
    "ممتاز",
];

/// A reference as it may be stored.
#[derive(Debug, Clone)]
pub enum Reference {
    Id(ObjectId),
    /// The same id, as 24 hexadecimal digits.
    Text(ObjectId),
    Null,
    Missing,
}

impl Reference {
    fn append(&self, document: &mut RawDocumentBuf, key: &CStr) {
        match self {
            Self::Id(id) => document.append(key, *id),
            Self::Text(id) => document.append(key, id.to_hex()),
            Self::Null => document.append(key, RawBson::Null),
            Self::Missing => {}
        }
    }
}

/// A booking to be written.
#[derive(Debug, Clone)]
pub struct Booking {
    pub id: ObjectId,
    pub user: Reference,
    pub service: Reference,
    pub customer: Option<ObjectId>,
    pub offer: Offer,
    pub notes: Field,
    pub created: i64,
}

impl Booking {
    /// Its document; status, times and price come from `rng`.
    pub fn document(&self, rng: &mut Rng) -> RawDocumentBuf {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), self.id);
        self.user.append(&mut document, cstr!("userId"));
        self.service.append(&mut document, cstr!("serviceId"));
        // 8:00 to 17:45, on the quarter of an hour.
        let day = self.created / DAY + rng.i64(1..=21);
        let start = day * DAY + (32 + rng.i64(0..40)) * 15 * MINUTE;
        let end = start + i64::from(self.offer.minutes) * MINUTE;
        append_date(&mut document, cstr!("startTime"), start);
        append_date(&mut document, cstr!("endTime"), end);
        let status = match (start > TODAY, rng.u8(..20)) {
            (_, 0 | 1) => "CANCELLED",
            (true, 2..=5) => "PENDING",
            (true, _) => "CONFIRMED",
            (false, 2) => "NO_SHOW",
            (false, _) => "COMPLETED",
        };
        document.append(cstr!("status"), status);
        let cents = *pick(rng, &[0, 0, 0, 50, 90, 99]);
        // An earlier version of the application stored prices as doubles.
        if rng.u8(..10) == 0 {
            let price = f64::from(self.offer.price * 100 + cents) / 100.0;
            document.append(cstr!("price"), price);
        } else {
            document.append(cstr!("price"), hundredths(self.offer.price * 100 + cents));
        }
        self.notes.append(&mut document, cstr!("notes"));
        append_date(&mut document, cstr!("createdAt"), self.created);
        let touched = match status {
            "COMPLETED" | "NO_SHOW" => end,
            _ => self.created + rng.i64(0..DAY),
        };
        append_date(&mut document, cstr!("updatedAt"), touched);
        if let Some(customer) = self.customer {
            document.append(cstr!("customerId"), customer);
        }
        document
    }
}

/// `count` hundredths as a decimal with two places: exponent -2 (biased by 6176) and coefficient, little-endian.
fn hundredths(count: u32) -> Decimal128 {
    let exponent: u128 = 6_176 - 2;
    Decimal128::from_bytes(((exponent << 113) | u128::from(count)).to_le_bytes())
}

/// Notes as people leave them: mostly none.
pub fn notes(rng: &mut Rng) -> Field {
    if rng.u8(..8) == 0 {
        Field::text(*pick(rng, NOTES))
    } else {
        Field::none(rng)
    }
}

impl World {
    fn booking_id(&self, index: u64) -> ObjectId {
        self.id(Entity::Booking, index, self.booked(index))
    }

    /// A booking without any conflict.
    pub fn booking(&self, index: u64) -> RawDocumentBuf {
        let mut rng = self.rng(Entity::Booking, index);
        let guest = self.guest_of(index, &mut rng);
        let (service, offer) = *pick(&mut rng, &self.home(guest).services);
        let notes = notes(&mut rng);
        Booking {
            id: self.booking_id(index),
            user: Reference::Id(self.guest_id(guest)),
            service: Reference::Id(service),
            customer: None,
            offer,
            notes,
            created: self.booked(index),
        }
        .document(&mut rng)
    }

    /// A review: of a booking of its own, written by the customer.
    pub fn review(&self, index: u64) -> RawDocumentBuf {
        let mut rng = self.rng(Entity::Review, index);
        let booking = index * (self.numbers.bookings / self.numbers.reviews);
        let guest = self.guest_of(booking, &mut self.rng(Entity::Booking, booking));
        let written = self.booked(booking) + rng.i64(22 * DAY..60 * DAY);
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), self.id(Entity::Review, index, written));
        document.append(cstr!("bookingId"), self.booking_id(booking));
        document.append(cstr!("authorId"), self.guest_id(guest));
        document.append(cstr!("rating"), rng.i32(1..=5));
        if rng.bool() {
            document.append(cstr!("comment"), *pick(&mut rng, COMMENTS));
        }
        append_date(&mut document, cstr!("createdAt"), written);
        document
    }

    /// A business.
    pub fn business_document(&self, index: u64) -> RawDocumentBuf {
        let business = self.business_at(index);
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), business.id);
        document.append(cstr!("name"), business.name.as_str());
        document.append(cstr!("ownerId"), business.owner_id);
        append_date(&mut document, cstr!("createdAt"), business.created);
        append_date(&mut document, cstr!("updatedAt"), business.created + DAY);
        document
    }

    /// The services of a business.
    pub fn services_of(&self, index: u64) -> Vec<RawDocumentBuf> {
        let business = self.business_at(index);
        business
            .services
            .iter()
            .map(|(id, offer)| {
                service_document(*id, &Reference::Id(business.id), *offer, business.created)
            })
            .collect()
    }
}

/// A service.
pub fn service_document(
    id: ObjectId,
    business: &Reference,
    offer: Offer,
    created: i64,
) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), id);
    business.append(&mut document, cstr!("businessId"));
    document.append(cstr!("name"), offer.name);
    document.append(cstr!("duration"), offer.minutes.cast_signed());
    document.append(cstr!("price"), hundredths(offer.price * 100));
    append_date(&mut document, cstr!("createdAt"), created);
    append_date(&mut document, cstr!("updatedAt"), created);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_two_places() {
        for (count, text) in [
            (4_550, "45.50"),
            (0, "0.00"),
            (7, "0.07"),
            (62_000, "620.00"),
        ] {
            assert_eq!(hundredths(count).to_string(), text);
        }
    }
}
