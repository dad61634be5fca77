//! Bookings are found by what people know of them: a name, an e-mail, a date, an id.

use bson::{Document, doc};

use crate::support::console::{Console, ENTER};
use crate::terminal::data;

/// The rows of the list of bookings.
fn rows(screen: &str) -> Vec<String> {
    let rows = screen.lines().filter_map(|line| {
        let row = line.strip_prefix("│ ")?;
        let (row, _) = row.split_once('│')?;
        let marked = row.starts_with(['→', '!', '◇', '·']);
        marked.then(|| row.trim_end().to_owned())
    });
    rows.collect()
}

/// Types what is searched for, and waits until no row is shown that does not fit.
fn find(console: &Console, what: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    // What was found before makes room for all of them.
    console.press("F");
    console.until("all bookings", |screen| rows(screen).len() > 20);
    console.press_for("/", "┌ Find bookings");
    console.press(what);
    console.press(ENTER);
    console.hides("┌ Find bookings");
    let screen = console.until(&format!("bookings of {what}"), |screen| {
        let rows = rows(screen);
        !rows.is_empty() && rows.iter().all(|row| fits(row))
    });
    rows(&screen)
}

#[test]
fn bookings_are_found_by_a_name_an_e_mail_a_date_and_an_id() {
    let place = data::seeded();
    let one = |name: &str, filter: Document| {
        let collection = place.connection.database.collection::<Document>(name);
        data::wait(collection.find_one(filter)).unwrap().unwrap()
    };
    let date = "2021-02-27T13:45:00Z";
    let date = bson::DateTime::parse_rfc3339_str(date).unwrap();
    let booking = one("Booking", doc! { "startTime": date });
    let user = booking.get_object_id("userId").unwrap();
    let email = one("User", doc! { "_id": user });
    let email = email.get_str("email").unwrap().to_owned();
    let of_user = place.count("Booking", doc! { "userId": user });

    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("4", "27 Feb 21 13:45");
    let of_him = |row: &str| row.contains("Antônio");
    let named = find(&console, "antônio dos", of_him);
    assert!(named.len() as u64 >= of_user, "{named:?}");
    let mailed = find(&console, &email, of_him);
    assert_eq!(mailed.len() as u64, of_user, "{mailed:?}");
    let day = find(&console, "27 Feb 2021", |row| row.contains("27 Feb 21"));
    assert_eq!(day.len(), 1, "{day:?}");
    let year = find(&console, "2021", |row| row.contains(" 21 "));
    assert!(year.len() > 1, "{year:?}");
    let id = booking.get_object_id("_id").unwrap().to_hex();
    let by_id = find(&console, &id, |row| row.contains("27 Feb 21"));
    assert_eq!(by_id.len(), 1, "{by_id:?}");
    let by_user = find(&console, &user.to_hex(), of_him);
    assert_eq!(by_user.len() as u64, of_user, "{by_user:?}");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
