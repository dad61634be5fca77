//! What `init` finds unaided in the databases of these tests, small as they are: the roles that the mapping written by hand names.

use std::collections::BTreeMap;

use bson::Document;

use crate::shapes::shape::Shape;
use crate::shapes::{copies, follow, guests, own_collections, paths, payers, several};

/// The roles that a mapping names: of each key of its sections what it says, without what is a matter of taste.
fn roles(mapping: &str) -> BTreeMap<String, String> {
    const KEYS: [&str; 10] = [
        "user.collection",
        "user.name",
        "user.email",
        "user.password",
        "business.collection",
        "business.owner",
        "booking.collection",
        "booking.user",
        "booking.business",
        "customer.collection",
    ];
    let mut section = String::new();
    let mut roles = BTreeMap::new();
    for line in mapping.lines() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            let key = format!("{section}.{}", key.trim());
            let value = value.split(" #").next().unwrap_or_default().trim();
            if KEYS.contains(&key.as_str()) {
                roles.insert(key, value.to_owned());
            }
        }
    }
    roles
}

type Given = (String, Vec<(&'static str, Vec<Document>)>);

fn shapes() -> Vec<(&'static str, Given)> {
    vec![
        ("followed collections", follow::given()),
        ("an entry of the bookings", own_collections::given()),
        ("guests of payments", payers::given()),
        ("several users", several::given()),
        ("documents on the way", copies::given()),
        ("one tenant of guests", guests::given()),
        ("profiles", paths::given()),
    ]
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn init_finds_nine_in_ten_roles_of_these_databases_unaided() {
    let (mut all, mut found, mut missed) = (0, 0, Vec::new());
    for (name, (mapping, data)) in shapes() {
        let shape = Shape::new(&mapping, data, "bookings", &[]).await;
        let ended = shape.case.ringfence(&["init", "--out", "found.toml"]).await;
        assert!([0, 2].contains(&ended.code), "{name}: {ended:?}");
        let text = std::fs::read_to_string(shape.case.path("found.toml")).unwrap();
        let (by_hand, unaided) = (roles(&mapping), roles(&text));
        for (key, value) in &by_hand {
            all += 1;
            if unaided.get(key) == Some(value) {
                found += 1;
            } else {
                missed.push(format!(
                    "{name}: {key} = {value}, found {:?}",
                    unaided.get(key)
                ));
            }
        }
    }
    let said = missed.join("\n");
    assert!(found * 10 >= all * 9, "{found} of {all}\n{said}");
    assert!(all >= 50, "{all}");
}
