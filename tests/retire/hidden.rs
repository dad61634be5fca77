//! Where an id of a user can hide: whatever names a user keeps that user, in every type that a document can hold and within other text.

use std::collections::BTreeSet;

use bson::{RawDocumentBuf, doc, rawdoc};
use ringfence::domain::raw::{Builder, Value, string_bytes};

use crate::retire::world::{self, GOING};
use crate::support::data::{USER, id};

/// A document with one value of this type.
fn odd(number: i32, key: &str, kind: u8, bytes: &[u8]) -> RawDocumentBuf {
    let mut out = Builder::new(64);
    let number = number.to_le_bytes();
    let of = |kind, bytes| Value { kind, bytes };
    out.value("_id", of(0x10, &number));
    out.value(key, of(kind, bytes));
    out.finish()
}

fn scoped(code: &str, scope: &RawDocumentBuf) -> Vec<u8> {
    let code = string_bytes(code);
    let length = 4 + code.len() + scope.as_bytes().len();
    let mut all = i32::try_from(length).unwrap().to_le_bytes().to_vec();
    all.extend(code);
    all.extend(scope.as_bytes());
    all
}

fn binary(bytes: &[u8]) -> Vec<u8> {
    let mut all = i32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
    all.push(0);
    all.extend(bytes);
    all
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_id_keeps_its_user_wherever_it_hides() {
    let case = world::seeded().await;
    let hex = |n: u32| id(USER, n).to_hex();
    let mut pointer = string_bytes("shop.User");
    pointer.extend(id(USER, 24).bytes());
    let scope = rawdoc! { "by": [{ "who": id(USER, 22) }] };
    let texts = [
        string_bytes(&format!("return db.User.findOne('{}')", hex(23))),
        string_bytes(&hex(30)),
        string_bytes(&format!("https://cdn/avatars/id{}.png", hex(31))),
    ];
    let regex = [format!("^{}$", hex(32)).as_bytes(), b"\0i\0"].concat();
    let documents = [
        odd(1, "scope", 0x0F, &scoped("return by", &scope)),
        odd(2, "code", 0x0D, &texts[0]),
        odd(3, "pointer", 0x0C, &pointer),
        odd(4, "symbol", 0x0E, &texts[1]),
        odd(5, "text", 0x02, &texts[2]),
        odd(6, "regex", 0x0B, &regex),
        odd(
            7,
            "binary",
            0x05,
            &binary(format!("{{\"user\":\"{}\"}}", hex(33)).as_bytes()),
        ),
        odd(8, &format!("user:{}", hex(34)), 0x08, &[1]),
        odd(
            9,
            "scopedCode",
            0x0F,
            &scoped(&format!("'{}'", hex(35)), &rawdoc! {}),
        ),
    ];
    let odd = case.database.collection::<RawDocumentBuf>("Odd");
    odd.insert_many(documents).await.unwrap();
    // Of a time series, too.
    let series =
        doc! { "create": "Visits", "timeseries": { "timeField": "at", "metaField": "of" } };
    case.database.run_command(series).await.unwrap();
    let visit = doc! { "at": bson::DateTime::from_millis(9), "of": { "user": id(USER, 36) } };
    let visits = case.database.collection("Visits");
    visits.insert_one(visit).await.unwrap();
    // What names a user in the user's own row keeps nobody.
    let users = case.database.collection::<bson::Document>("User");
    let own = doc! { "$set": { "image": format!("/u/{}.png", hex(37)) } };
    users
        .update_one(doc! { "_id": id(USER, 37) }, own)
        .await
        .unwrap();
    let planned = world::plan(&case).await;
    drop(planned.says(&[
        "3 users would retire",
        "Odd.scope.by.who 1",
        "Odd.code 1",
        "Odd.pointer 1",
        "Odd.symbol 1",
        "Odd.text 1",
        "Odd.regex 1",
        "Odd.binary 1",
        "Odd.* 1",
        "Odd.scopedCode 1",
        "Visits.of.user 1",
        "Nobody can look into compressed or encrypted data",
    ]));
    case.apply(&[]).await.code(0);
    let kept = 22..=36;
    let going: BTreeSet<u32> = GOING.into_iter().filter(|n| !kept.contains(n)).collect();
    assert_eq!(world::numbers(&case, "_ringfence_retired").await, going);
}
