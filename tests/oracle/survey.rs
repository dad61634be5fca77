//! The survey's JSON held against the oracle's counts.

use bson::Bson;
use serde_json::Value as Json;

use crate::oracle::bytes::{Value, fields};
use crate::oracle::expected::Counts;

/// Every count that differs, and an exit code that does not fit the findings.
pub fn compare_survey(counts: &Counts, survey: &Json, code: i32) -> Vec<String> {
    let mut differences = Vec::new();
    let mut totals = |name: &str, expected: usize| {
        let found = count(&survey[name]);
        if found != Some(expected) {
            differences.push(format!(
                "survey counts {} {name}, not {expected}",
                survey[name]
            ));
        }
    };
    totals("users", counts.users);
    totals("accounts", counts.accounts);
    totals("bookings", counts.bookings);
    totals("services", counts.services);
    totals("pairs", counts.pairs);
    let empty = Vec::new();
    let listed = survey["conflicts"].as_array().unwrap_or(&empty);
    for (conflict, range) in &counts.conflicts {
        let entry = listed.iter().find(|entry| entry["code"] == *conflict);
        let found = entry.map_or(Some(0), |entry| count(&entry["count"]));
        if !found.is_some_and(|found| (range.from..=range.to).contains(&found)) {
            differences.push(format!(
                "survey counts {found:?} {conflict}, not {}..={}",
                range.from, range.to
            ));
        }
    }
    let businesses = survey["businesses"].as_array().unwrap_or(&empty);
    for (business, bookings) in &counts.bookings_of_business {
        let entry = businesses
            .iter()
            .find(|entry| is_id(&entry["id"], business));
        let found = entry.and_then(|entry| count(&entry["bookings"]));
        if found != Some(*bookings) {
            differences.push(format!(
                "survey counts {found:?} bookings of business {business:?}, not {bookings}"
            ));
        }
    }
    let exit_fits = code == 2 || (code == 0 && !counts.blockers);
    if !exit_fits {
        differences.push(format!("survey ended with {code} although blockers exist"));
    }
    differences
}

fn count(number: &Json) -> Option<usize> {
    usize::try_from(number.as_u64()?).ok()
}

/// Whether the extended JSON says this very value.
fn is_id(json: &Json, id: &Value) -> bool {
    let Ok(read) = serde_json::from_value::<Bson>(json.clone()) else {
        return false;
    };
    let mut wrapped = bson::Document::new();
    wrapped.insert("id", read);
    let bytes = wrapped.to_vec().expect("a document");
    let read = &fields(&bytes)[0].value;
    // Relaxed extended JSON does not tell the numeric types apart.
    read == id || (id.as_halves().is_some() && read.as_halves() == id.as_halves())
}
