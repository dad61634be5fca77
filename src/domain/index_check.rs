//! Whether an index stands as specified.

use bson::raw::RawDocument;

use super::id::Id;
use super::raw::{Value, elements, get};

/// How an index differs from what it must be; `None` when it is right. `expiry` says whether its true TTL must act.
pub fn index_differs(
    wanted: &RawDocument,
    actual: Option<&RawDocument>,
    expiry: bool,
) -> Option<String> {
    let Some(actual) = actual else {
        return Some("is missing".to_owned());
    };
    let passes = |key: &[u8]| {
        matches!(key, b"v" | b"ns" | b"background") || (!expiry && key == b"expireAfterSeconds")
    };
    for element in elements(wanted)
        .map_while(Result::ok)
        .filter(|element| !passes(element.key))
    {
        let key = String::from_utf8_lossy(element.key);
        if !get(actual, &key).is_some_and(|value| alike(value, element.value)) {
            return Some(format!("has another {key} than specified"));
        }
    }
    for element in elements(actual).map_while(Result::ok) {
        let key = String::from_utf8_lossy(element.key);
        // An index of our own inherits the collection's collation; a cloned one (it has a version) has its own.
        let inherited = element.key == b"collation" && get(wanted, "v").is_none();
        if !passes(element.key) && !inherited && get(wanted, &key).is_none() {
            return Some(format!("has {key}, which is not specified"));
        }
    }
    None
}

/// Equal, numbers by value.
fn alike(one: Value<'_>, other: Value<'_>) -> bool {
    Id::from_value(one).canonical() == Id::from_value(other).canonical()
}
