//! The swap: renames, and nothing else. Which collection is which is read from UUIDs; the renames were journaled in the run record before
//! the first is sent, so the same call after a kill goes on where the last one stopped.

use std::time::Duration;

use bson::rawdoc;

use super::collection_spec::{self, CollectionSpec, write_concern};
use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND, Result, StoreError};

/// How long one rename may wait for an operation in its way.
const PATIENCE_MS: i32 = 2_000;
/// How often a rename is tried.
const TRIES: u32 = 5;

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
            return Err(StoreError::Refused(format!(
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
    let command = rawdoc! { "currentOp": 1, "$all": false };
    let namespace = format!("{}.{collection}", connection.place.database);
    let Ok(reply) = command::run(
        &connection.client.database("admin"),
        command,
        "listing operations",
    )
    .await
    else {
        return " (our user may not list operations, so it cannot be named)".to_owned();
    };
    let operations = reply.get_array("inprog").cloned().unwrap_or_default();
    operations
        .iter()
        .filter_map(bson::Bson::as_document)
        .find(|operation| {
            operation.get_str("ns").is_ok_and(|it| it == namespace)
                || operation.contains_key("transaction")
        })
        .map(|operation| {
            format!(
                " (operation {} of {}, running for {} s)",
                operation
                    .get("opid")
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                operation.get_str("appName").unwrap_or("an unnamed client"),
                operation.get_i64("secs_running").unwrap_or_default()
            )
        })
        .unwrap_or_default()
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

/// Makes the prepared copy live and keeps the original. May be called any number of times.
///
/// # Errors
/// A stranger under one of the names, or the server's refusal.
pub async fn forward(connection: &Connection, swap: Swap<'_>) -> Result<()> {
    let live = collection_spec::load(connection, swap.live).await?;
    let live_uuid = uuid(live.as_ref());
    if live_uuid == Some(swap.prepared) {
        return Ok(());
    }
    if live.is_some() {
        if live_uuid != swap.original {
            return Err(stranger(swap.live));
        }
        rename(connection, swap.live, swap.before).await?;
    }
    rename(connection, swap.next, swap.live).await
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

fn uuid(spec: Option<&CollectionSpec>) -> Option<&str> {
    spec.and_then(|spec| spec.uuid.as_deref())
}

fn stranger(name: &str) -> StoreError {
    StoreError::Refused(format!(
        "{name} is neither the original nor the prepared copy of this run: something made it meanwhile. Nothing was dropped. Stop what writes to this database, look at {name}, rename it out of the way, then run the same command again"
    ))
}
