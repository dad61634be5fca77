//! The sample's audit log: a bystander with every BSON type that a server stores, and `_id`s of many types. Whatever is done to the
//! database, these documents must come out byte for byte.

use bson::raw::{RawDocumentBuf, cstr};
use bson::spec::BinarySubtype;
use bson::{
    Binary, Bson, DateTime, Decimal128, JavaScriptCodeWithScope, RawBson, Regex, Timestamp, Uuid,
    doc,
};

use super::people::append_date;
use super::world::{Entity, World};
use crate::demo::names::pick;

const ACTIONS: &[&str] = &[
    "booking.create",
    "booking.cancel",
    "user.login",
    "invoice.sent",
    "service.update",
];

impl World {
    /// An entry: the first ones are odd, the rest is what applications log.
    pub fn audit_entries(&self) -> impl Iterator<Item = RawDocumentBuf> + Send + '_ {
        let odd = odd_entries(self.id(Entity::Audit, 0, 0).bytes());
        odd.into_iter()
            .chain((0..self.numbers.audit).map(|index| self.audit_entry(index)))
    }

    fn audit_entry(&self, index: u64) -> RawDocumentBuf {
        let mut rng = self.rng(Entity::Audit, index);
        let at = Self::some_time(&mut rng);
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), self.id(Entity::Audit, index, at));
        document.append(cstr!("action"), *pick(&mut rng, ACTIONS));
        let actor = self.guest_id(rng.u64(..self.numbers.guests));
        document.append(cstr!("actor"), actor.to_hex());
        document.append(cstr!("tookMs"), rng.i32(1..900));
        append_date(&mut document, cstr!("at"), at);
        document
    }
}

fn odd_entries(salt: [u8; 12]) -> Vec<RawDocumentBuf> {
    let mut uuid = [0; 16];
    uuid[4..].copy_from_slice(&salt);
    let binary = |subtype, bytes: &[u8]| {
        Bson::Binary(Binary {
            subtype,
            bytes: bytes.to_vec(),
        })
    };
    let ids = [
        Bson::Null,
        Bson::MinKey,
        Bson::MaxKey,
        Bson::Int32(-7),
        Bson::Int64(1 << 40),
        Bson::Double(2.5),
        Bson::Double(f64::NAN),
        Bson::Decimal128(Decimal128::from_bytes(
            ((6_175_u128 << 113) | 31).to_le_bytes(),
        )),
        Bson::String("login:2024-02-29".to_owned()),
        Bson::String(String::new()),
        Bson::Boolean(false),
        Bson::DateTime(DateTime::from_millis(-1)),
        Bson::Timestamp(Timestamp {
            time: 1_700_000_000,
            increment: 7,
        }),
        Bson::from(Uuid::from_bytes(uuid)),
        binary(BinarySubtype::Generic, &salt),
        Bson::Document(doc! { "day": 29, "shard": { "of": [1, 2] } }),
        Bson::Symbol("old".to_owned()),
        Bson::JavaScriptCode("function () { return 1 }".to_owned()),
    ];
    let values = [
        Bson::RegularExpression(Regex {
            pattern: cstr!("^\\d+$").to_owned(),
            options: cstr!("im").to_owned(),
        }),
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
            code: "x + y".to_owned(),
            scope: doc! { "x": 1, "y": 2_i64 },
        }),
        Bson::Undefined,
        Bson::Double(-0.0),
        Bson::Double(f64::NEG_INFINITY),
        binary(BinarySubtype::Md5, &uuid),
        binary(BinarySubtype::UserDefined(0x80), b""),
        binary(BinarySubtype::UuidOld, &uuid),
        Bson::Timestamp(Timestamp {
            time: 0,
            increment: 0,
        }),
        Bson::Array(vec![Bson::MaxKey, Bson::MinKey, Bson::Array(Vec::new())]),
        Bson::Document(doc! { "": "no name", "a.b": 1, "$set": { "x": 1 } }),
        Bson::String("nul \u{0} inside, \u{1b}[7m, \u{202e}txt".to_owned()),
    ];
    ids.into_iter()
        .zip(values.into_iter().cycle())
        .filter_map(|(id, value)| {
            let mut document = RawDocumentBuf::new();
            document.append(cstr!("_id"), RawBson::try_from(id).ok()?);
            document.append(cstr!("action"), "odd");
            document.append(cstr!("value"), RawBson::try_from(value).ok()?);
            Some(document)
        })
        .collect()
}
