//! The swap: renames, and nothing else. Which collection is which is read from UUIDs; the renames were journaled in the run record before
//! the first is sent, so the same call after a kill goes on where the last one stopped.

use std::time::Duration;

use bson::{doc, rawdoc};
use futures_util::TryStreamExt;
use mongodb::options::ReadConcern;

use super::collection_spec::{self, CollectionSpec, write_concern};
use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND, Result, StoreError};

/// How long one rename may wait for an operation in its way.
const PATIENCE_MS: i32 = 2_000;
/// How often a rename is tried.
const TRIES: u32 = 5;

/// What an application makes under a live name between two renames goes to a name that begins so.
const STRAY: &str = "_ringfence_stray_";

/// `MaxTimeMSExpired`, `LockTimeout`, `WriteConflict`, `WriteConcernFailed`: something stood in the way, or the answer
/// came too late; the rename may have been done.
const IN_THE_WAY: [i32; 4] = [50, 24, 112, 64];

/// Renames a collection within the database, without ever dropping a target. An answer that leaves the outcome open
/// (a time limit, a write concern) is settled by looking where the collection's UUID stands.
///
/// # Errors
/// The server's refusal; when something stays in the way, what it is.
pub async fn rename(connection: &Connection, from: &str, to: &str) -> Result<()> {
    let admin = connection.client.database("admin");
    let database = &connection.place.database;
    let doing = format!("renaming {from} to {to}");
    let moving = collection_spec::uuids(connection)
        .await?
        .remove(from)
        .flatten();
    for attempt in 1..=TRIES {
        connection.lease.confirm().await?;
        let command = rawdoc! {
            "renameCollection": format!("{database}.{from}"),
            "to": format!("{database}.{to}"),
            "writeConcern": write_concern(),
            "maxTimeMS": PATIENCE_MS,
        };
        let Err(error) = command::run(&admin, command, &doing).await else {
            return Ok(());
        };
        let code = error.code();
        if code == Some(NAMESPACE_EXISTS) {
            return Err(StoreError::Occupied(format!(
                "{doing}: a collection {to} appeared meanwhile, so something still writes to this database. Nothing was dropped. Stop it, look at what it wrote to {to}, rename that collection out of the way, then run the same command again"
            )));
        }
        let open =
            code.is_some_and(|code| IN_THE_WAY.contains(&code) || code == NAMESPACE_NOT_FOUND);
        if !open {
            return Err(error);
        }
        let stands = collection_spec::uuids(connection)
            .await?
            .remove(to)
            .flatten();
        if moving.is_some() && stands == moving {
            return Ok(()); // it was done, and only the answer was late
        }
        if code == Some(NAMESPACE_NOT_FOUND) {
            return Err(error);
        }
        if attempt < TRIES {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    let blocker = blocker(connection, from).await;
    Err(StoreError::Refused(format!(
        "{doing}: another operation held the collection for {TRIES} tries of {} s{blocker}. What was renamed so far is in the run record; end that operation and run the same command again",
        PATIENCE_MS / 1000
    )))
}

/// Names an operation in the way, as far as our user may see it.
async fn blocker(connection: &Connection, collection: &str) -> String {
    let namespace = format!("{}.{collection}", connection.place.database);
    let pipeline = [
        doc! { "$currentOp": { "allUsers": true, "idleSessions": true } },
        doc! { "$match": { "$or": [{ "ns": namespace }, { "transaction": { "$exists": true } }] } },
        // Whole commands may be cut inside a character, which no driver reads.
        doc! { "$project": { "opid": 1, "appName": 1, "secs_running": 1 } },
        doc! { "$limit": 1 },
    ];
    let admin = connection.client.database("admin");
    let local = ReadConcern::local(); // the stage takes no other
    let operations = admin.aggregate(pipeline).read_concern(local).await;
    let Ok(mut operations) = operations else {
        return " (our user may not list operations, so it cannot be named)".to_owned();
    };
    let Ok(Some(operation)) = operations.try_next().await else {
        return String::new();
    };
    let number = |key: &str| operation.get(key).map(ToString::to_string);
    format!(
        " (operation {} of {}, running for {} s)",
        number("opid").unwrap_or_else(|| "without a number".to_owned()),
        operation.get_str("appName").unwrap_or("an unnamed client"),
        number("secs_running").unwrap_or_else(|| "0".to_owned()),
    )
}

/// Names and identities of one swap.
#[derive(Debug, Clone, Copy)]
pub struct Swap<'a> {
    /// The live name.
    pub live: &'a str,
    /// The prepared copy's name.
    pub next: &'a str,
    /// The kept original's name.
    pub before: &'a str,
    /// The original's UUID; `None` where there was none.
    pub original: Option<&'a str>,
    /// The prepared copy's UUID.
    pub prepared: &'a str,
}

/// What an application made under the live name between two renames; renamed out of the way, never dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it stands now.
    pub name: String,
    /// Its documents.
    pub documents: u64,
}

/// Makes the prepared copy live and keeps the original. May be called any number of times. Returns the strangers that an application made under
/// the live name meanwhile, by inserting where for an instant there was no collection.
///
/// # Errors
/// A stranger under the live name before the first rename, one that comes again and again, or the server's refusal.
pub async fn forward(connection: &Connection, swap: Swap<'_>) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, swap.live).await?;
    let live_uuid = uuid(live.as_ref());
    let mut strays = Vec::new();
    if live_uuid == Some(swap.prepared) {
        return Ok(strays);
    }
    if live.is_some() {
        if live_uuid == swap.original {
            rename(connection, swap.live, swap.before).await?;
        } else if is_moved(connection, &swap).await? {
            strays.push(put_aside(connection, swap.live).await?);
        } else {
            return Err(stranger(swap.live));
        }
    }
    for _ in 0..TRIES {
        match rename(connection, swap.next, swap.live).await {
            Err(StoreError::Occupied(_)) => strays.push(put_aside(connection, swap.live).await?),
            other => return other.map(|()| strays),
        }
    }
    Err(StoreError::Refused(format!(
        "{} is made anew by an application each time it is moved out of the way ({} times now, to {STRAY}*). Nothing was dropped. Stop the application, then run the same command again",
        swap.live,
        strays.len()
    )))
}

/// True when the original stands where it is kept: what stands under the live name is then neither it nor the prepared copy.
async fn is_moved(connection: &Connection, swap: &Swap<'_>) -> Result<bool> {
    let before = collection_spec::load(connection, swap.before).await?;
    Ok(match swap.original {
        Some(original) => uuid(before.as_ref()) == Some(original),
        None => false,
    })
}

/// Renames what an application made to the next free stray name.
async fn put_aside(connection: &Connection, live: &str) -> Result<Stray> {
    let names = collection_spec::uuids(connection).await?;
    let free = (1..=names.len() + 1)
        .map(|number| format!("{STRAY}{number}_{live}"))
        .find(|name| !names.contains_key(name));
    let name = free.unwrap_or_default();
    rename(connection, live, &name).await?;
    let documents = super::scan::rough_count(&connection.database, &name).await;
    Ok(Stray { name, documents })
}

/// Makes the original live again and puts what was live aside. May be called any number of times.
///
/// # Errors
/// A stranger under one of the names, or the server's refusal.
pub async fn back(connection: &Connection, swap: Swap<'_>, rolled_back: &str) -> Result<()> {
    let live = collection_spec::load(connection, swap.live).await?;
    if uuid(live.as_ref()) == Some(swap.prepared) {
        rename(connection, swap.live, rolled_back).await?;
    } else if live.is_some() {
        return if uuid(live.as_ref()) == swap.original {
            Ok(())
        } else {
            Err(stranger(swap.live))
        };
    }
    if swap.original.is_some()
        && uuid(
            collection_spec::load(connection, swap.before)
                .await?
                .as_ref(),
        ) == swap.original
    {
        rename(connection, swap.before, swap.live).await?;
    }
    Ok(())
}

/// Names and identities where a merged copy takes the place of what is live.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// The live name.
    pub live: &'a str,
    /// Where what is live goes.
    pub aside: &'a str,
    /// The merged copy's name.
    pub merged: &'a str,
    /// UUID of what is live.
    pub outgoing: &'a str,
    /// UUID of the merged copy.
    pub incoming: &'a str,
}

/// Makes the merged copy live and puts what was live aside. May be called any number of times.
///
/// # Errors
/// A stranger under one of the names, or the server's refusal.
pub async fn replace(connection: &Connection, replacement: Replacement<'_>) -> Result<()> {
    let live = collection_spec::load(connection, replacement.live).await?;
    if uuid(live.as_ref()) == Some(replacement.incoming) {
        return Ok(());
    }
    if live.is_some() {
        if uuid(live.as_ref()) != Some(replacement.outgoing) {
            return Err(stranger(replacement.live));
        }
        rename(connection, replacement.live, replacement.aside).await?;
    }
    rename(connection, replacement.merged, replacement.live).await
}

fn uuid(spec: Option<&CollectionSpec>) -> Option<&str> {
    spec.and_then(|spec| spec.uuid.as_deref())
}

fn stranger(name: &str) -> StoreError {
    StoreError::Refused(format!(
        "{name} is neither the original nor the prepared copy of this run: something made it meanwhile. Nothing was dropped. Stop what writes to this database, look at {name}, rename it out of the way, then run the same command again"
    ))
}
