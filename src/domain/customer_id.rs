//! A customer's `_id`: deterministic from its business and the smallest `_id` among its users, so that a second run, a rehearsal and
//! production give the same ids, and editing a contact field never changes one.

use sha2::{Digest, Sha256};

use super::id::Id;

/// The types that a user id, and so a customer id, may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// ObjectId.
    ObjectId,
    /// UUID (binary subtype 4).
    Uuid,
    /// String.
    String,
}

impl IdKind {
    /// The kind of `id`; `None` for a type that cannot carry a derived id.
    pub fn of(id: &Id) -> Option<Self> {
        if id.as_object_id().is_some() {
            Some(Self::ObjectId)
        } else if id.as_uuid().is_some() {
            Some(Self::Uuid)
        } else if id.as_str().is_some() {
            Some(Self::String)
        } else {
            None
        }
    }
}

/// The id of the customer of `business` whose smallest user id is `user`; of the user id's type,
/// `usual` where that cannot carry one.
pub fn customer_id(business: &Id, user: &Id, usual: IdKind) -> Id {
    customer_id_as(IdKind::of(user).unwrap_or(usual), business, user)
}

/// The same, of a type that the mapping names.
pub fn customer_id_as(kind: IdKind, business: &Id, user: &Id) -> Id {
    build(kind, "user", business, Some(user))
}

/// The id of the placeholder of `business` for bookings that name `missing`, or nobody at all. It has
/// the type that user ids usually have, for what names nobody may have any.
pub fn placeholder_id(business: &Id, missing: Option<&Id>, usual: IdKind) -> Id {
    let tag = if missing.is_some() { "user" } else { "nobody" };
    build(usual, tag, business, missing)
}

/// A guest's own id at a business, by which links and surveys know them: a hash of the business, the member of `identity` and its value in
/// its normal form. It has the type of a UUID and is none of a user's.
pub fn guest_of(business: &Id, by: &str, value: &str) -> Id {
    let mut rest = (by.len() as u64).to_le_bytes().to_vec();
    rest.extend_from_slice(by.as_bytes());
    rest.extend_from_slice(value.as_bytes());
    let hash = hashed("guest", business, &rest);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Id::uuid(bytes)
}

/// The id of the customer of a guest whom [`guest_of`] names.
pub fn customer_of_guest(guest: &Id, kind: IdKind) -> Id {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&guest.as_uuid().unwrap_or_default());
    shaped(kind, hash, None)
}

fn build(kind: IdKind, tag: &str, business: &Id, user: Option<&Id>) -> Id {
    let hash = hashed(tag, business, user.map_or(&[][..], Id::as_bytes));
    shaped(kind, hash, user)
}

fn hashed(tag: &str, business: &Id, rest: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"ringfence customer 1\0");
    hash.update(tag);
    // Lengths first, so that no two (business, user) give the same bytes.
    let business = business.canonical();
    hash.update((business.as_bytes().len() as u64).to_le_bytes());
    hash.update(business.as_bytes());
    hash.update(rest);
    hash.finalize().into()
}

fn shaped(kind: IdKind, hash: [u8; 32], user: Option<&Id>) -> Id {
    match kind {
        IdKind::ObjectId => {
            let mut bytes = [0; 12];
            bytes[4..].copy_from_slice(&hash[..8]);
            if let Some(user) = user.and_then(Id::as_object_id) {
                bytes[..4].copy_from_slice(&user[..4]);
            }
            Id::object_id(bytes)
        }
        IdKind::Uuid => {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash[..16]);
            bytes[6] = (bytes[6] & 0x0F) | 0x80; // version 8, RFC 9562
            bytes[8] = (bytes[8] & 0x3F) | 0x80;
            Id::uuid(bytes)
        }
        IdKind::String => Id::string(&hex::encode(&hash[..12])),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_has_the_users_type_and_an_object_id_keeps_its_timestamp() {
        let business = Id::object_id([1; 12]);
        let id = customer_id(&business, &Id::object_id([2; 12]), IdKind::String);
        assert_eq!(id.as_object_id().unwrap()[..4], [2; 4]);
        let id = customer_id(&business, &Id::uuid([2; 16]), IdKind::String);
        assert_eq!(
            bson::Uuid::from_bytes(id.as_uuid().unwrap())
                .to_string()
                .as_bytes()[14],
            b'8'
        );
        let id = customer_id(&business, &Id::string("u1"), IdKind::ObjectId);
        assert_eq!(id.as_str().unwrap().len(), 24);
    }

    #[test]
    fn business_user_and_nobody_all_tell_ids_apart() {
        let (a, b) = (Id::object_id([1; 12]), Id::object_id([2; 12]));
        let zero = Id::object_id([0; 12]);
        let ids = [
            customer_id(&a, &b, IdKind::ObjectId),
            customer_id(&b, &a, IdKind::ObjectId),
            customer_id(&a, &zero, IdKind::ObjectId),
            placeholder_id(&a, None, IdKind::ObjectId),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[at + 1..].contains(id));
        }
    }
}
