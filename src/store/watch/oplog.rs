//! Watching by reading the oplog itself, a tenth of a change stream's work for the server, where our user may (`read` on `local`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bson::raw::RawDocument;
use bson::{Document, Timestamp, doc};
use mongodb::Database;
use mongodb::options::{DatabaseOptions, ReadConcern};
use tokio_util::sync::CancellationToken;

use super::start::{self, Seen};
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::WatchStart;
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};
use crate::store::scan::{self, Scan};

const OPLOG: &str = "oplog.rs";
/// How long an entry that was written may take to be seen.
const CATCHING_UP: Duration = Duration::from_secs(30);

/// Foreign writes from `start` to the moment of the call, and writes to our own collections `ours`; `None` where the oplog cannot tell: it may
/// not be read, it begins later, or it does not come up to the present.
pub(super) async fn since(
    connection: &Connection,
    start: Timestamp,
    ours: &[&str],
) -> Result<Option<Seen>> {
    let present = start::begin(connection).await?;
    match read(connection, start, &present, ours).await {
        Err(error @ StoreError::Server { .. }) if !error.passes() => Ok(None),
        read => read,
    }
}

async fn read(
    connection: &Connection,
    start: Timestamp,
    present: &WatchStart,
    ours: &[&str],
) -> Result<Option<Seen>> {
    // The database `local` has no majority; what is read beyond it is seen too early, never too late.
    let mut options = DatabaseOptions::default();
    options.read_concern = Some(ReadConcern::local());
    let log = connection.client.database_with_options("local", options);
    let asked = Instant::now();
    while !edge(&log, -1)
        .await?
        .is_some_and(|it| it.is_not_before(present))
    {
        if asked.elapsed() > CATCHING_UP {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let database = &connection.place.database;
    let mut writes: BTreeMap<String, u64> = BTreeMap::new();
    let mut take = |name: &str| *writes.entry(name.to_owned()).or_default() += 1;
    let entries = Scan {
        filter: filter(start, database, ours),
        fields: ["op", "ns", "o"].map(str::to_owned).to_vec(),
        ..Scan::default()
    };
    scan::each(
        (&log, None),
        OPLOG,
        &entries,
        &CancellationToken::new(),
        |entry| {
            look_at(entry, database, ours, &mut take);
            Ok(())
        },
    )
    .await?;
    // Asked afterwards: what was cut off meanwhile was not read.
    let began = WatchStart::OperationTime {
        time: start.time,
        increment: start.increment,
    };
    let oldest = edge(&log, 1).await?;
    Ok(oldest
        .is_some_and(|oldest| began.is_not_before(&oldest))
        .then_some(Seen::Writes(writes)))
}

/// Entries from `start` on that may count. Most are our own inserts, and the server looks at every one: it tells names apart quicker by their
/// order than by a pattern, and looks into commands alone.
fn filter(start: Timestamp, database: &str, ours: &[&str]) -> Document {
    let (all, side) = (format!("{database}."), format!("{database}.{SIDE_PREFIX}"));
    let names: Vec<_> = ours.iter().map(|it| format!("{database}.{it}")).collect();
    doc! {
        "ts": { "$gte": start },
        "$or": [
            { "ns": { "$gte": &all, "$lt": &side } },
            { "ns": { "$gte": past(&side), "$lt": past(&all) } },
            { "ns": { "$in": names } },
            { "op": "c", "o.applyOps.ns": { "$gte": &all, "$lt": past(&all) } },
        ],
    }
}

/// The first text after all that begin with `prefix`, whose last character is of ASCII.
fn past(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    let last = text.pop().map(u32::from);
    text.extend(last.and_then(|last| char::from_u32(last + 1)));
    text
}

/// When the oplog's oldest (1) or newest (-1) entry was written.
async fn edge(log: &Database, order: i32) -> Result<Option<WatchStart>> {
    let found = log
        .collection::<Document>(OPLOG)
        .find_one(doc! {})
        .sort(doc! { "$natural": order })
        .projection(doc! { "ts": 1 })
        .await
        .map_err(|error| StoreError::from_driver("reading the oplog", &error))?;
    let at = found.and_then(|entry| entry.get_timestamp("ts").ok());
    Ok(at.map(|at| WatchStart::OperationTime {
        time: at.time,
        increment: at.increment,
    }))
}

/// Gives on the collections that an entry wrote to: documents, and drops and renames other than into our own names.
fn look_at(entry: &RawDocument, database: &str, ours: &[&str], take: &mut impl FnMut(&str)) {
    let Some(operation) = entry.get_document("o").ok().filter(|_| is_command(entry)) else {
        if let Some(name) = collection(entry, database, ours) {
            take(name);
        }
        return;
    };
    if let Ok(applied) = operation.get_array("applyOps") {
        let applied = applied.into_iter().flatten();
        for one in applied.filter_map(bson::RawBsonRef::as_document) {
            look_at(one, database, ours, take);
        }
        return;
    }
    let text = |key: &str| operation.get_str(key).ok();
    let local = |name: &str| {
        name.strip_prefix(database)
            .and_then(|it| it.strip_prefix('.'))
            .map(str::to_owned)
    };
    let counts = |name: &&str| !name.starts_with(SIDE_PREFIX) || ours.contains(name);
    if let Some(name) = text("drop").filter(counts) {
        take(name);
    } else if let (Some(from), Some(to)) = (text("renameCollection"), text("to")) {
        let ours = |name: &Option<String>| {
            name.as_deref()
                .is_some_and(|it| it.starts_with(SIDE_PREFIX))
        };
        let (from, to) = (local(from), local(to));
        if !ours(&from) && !ours(&to) {
            take(from.or(to).as_deref().unwrap_or("(the database)"));
        }
    } else if operation.get("dropDatabase").is_ok_and(|it| it.is_some()) {
        take("(the database)");
    }
}

fn is_command(entry: &RawDocument) -> bool {
    entry.get_str("op").is_ok_and(|op| op == "c")
}

/// The collection of this database that an entry writes a document to: none of ours, but for those named.
fn collection<'e>(entry: &'e RawDocument, database: &str, ours: &[&str]) -> Option<&'e str> {
    let name = entry.get_str("ns").ok()?;
    let name = name.strip_prefix(database)?.strip_prefix('.')?;
    let writes = entry
        .get_str("op")
        .is_ok_and(|op| matches!(op, "i" | "u" | "d"));
    let counts = !name.starts_with(SIDE_PREFIX) || ours.contains(&name);
    (writes && counts && name != "system.views").then_some(name)
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn seen(entry: &RawDocument) -> Vec<String> {
        let mut names = Vec::new();
        let ours = ["_ringfence_next_User"];
        look_at(entry, "shop", &ours, &mut |name| {
            names.push(name.to_owned());
        });
        names
    }

    #[test]
    fn foreign_writes_are_seen_and_ours_are_not() {
        let of = |op: &str, ns: &str| rawdoc! { "op": op, "ns": ns, "o": { "_id": 1 } };
        assert_eq!(seen(&of("i", "shop.Booking")), ["Booking"]);
        assert_eq!(seen(&of("d", "shop.a.b")), ["a.b"]);
        assert_eq!(
            seen(&of("u", "shop._ringfence_next_User")),
            ["_ringfence_next_User"],
            "ours, and named"
        );
        for (op, ns) in [
            ("i", "shop._ringfence_next_Booking"),
            ("i", "shopping.Booking"),
            ("n", ""),
        ] {
            assert_eq!(seen(&of(op, ns)), Vec::<String>::new(), "{op} {ns}");
        }
    }

    #[test]
    fn what_begins_alike_lies_between_the_prefix_and_what_is_past_it() {
        assert_eq!(past("shop."), "shop/");
        assert_eq!(past("shop._ringfence_"), "shop._ringfence`");
        for inside in ["shop._ringfence_", "shop._ringfence_\u{10FFFF}"] {
            assert!(("shop._ringfence_".."shop._ringfence`").contains(&inside));
        }
    }

    #[test]
    fn a_transaction_is_seen_write_by_write() {
        let one = |ns: &str| rawdoc! { "op": "u", "ns": ns, "o": {} };
        let entry = rawdoc! { "op": "c", "ns": "admin.$cmd", "o": { "applyOps": [one("shop.User"), one("other.User"), one("shop._ringfence_links")] } };
        assert_eq!(seen(&entry), ["User"]);
    }

    #[test]
    fn drops_and_renames_count_unless_they_are_ours() {
        let of = |o| rawdoc! { "op": "c", "ns": "shop.$cmd", "o": o };
        let none = Vec::<String>::new();
        assert_eq!(seen(&of(rawdoc! { "drop": "User" })), ["User"]);
        assert_eq!(seen(&of(rawdoc! { "drop": "_ringfence_links" })), none);
        assert_eq!(
            seen(&of(rawdoc! { "drop": "_ringfence_next_User" })),
            ["_ringfence_next_User"],
            "ours, and named"
        );
        assert_eq!(
            seen(&of(
                rawdoc! { "renameCollection": "shop.User", "to": "shop.Person" }
            )),
            ["User"]
        );
        assert_eq!(
            seen(&of(
                rawdoc! { "renameCollection": "shop.User", "to": "shop._ringfence_before_User" }
            )),
            none
        );
        assert_eq!(
            seen(&of(
                rawdoc! { "renameCollection": "shop._ringfence_next_User", "to": "shop.User" }
            )),
            none
        );
        assert_eq!(seen(&of(rawdoc! { "dropDatabase": 1 })), ["(the database)"]);
        assert_eq!(seen(&of(rawdoc! { "collMod": "User" })), none);
    }
}
