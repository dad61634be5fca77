//! The swap: renames, and nothing else. UUIDs say which collection is which. The renames are journaled in the run record before the first is
//! sent, so the same call after a kill continues where the last one stopped.

use std::fmt;

use bson::rawdoc;

use super::collection_spec::{self, CollectionSpec};
use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_EXISTS, Result, StoreError};
use super::exclusive::{ATTEMPT_MS, ATTEMPTS, Retries};
use super::write_command::write_concern;
use crate::domain::number::counted;

/// Prefix for strays.
const STRAY: &str = "_ringfence_stray_";

/// Renames a collection within the database; never drops a target. When the answer leaves the outcome open (a time limit, a write concern), the
/// collection's UUID shows whether the rename was done.
///
/// # Errors
/// The server's refusal, or the operation that keeps the collection locked.
pub async fn rename(connection: &Connection, from: &str, to: &str) -> Result<()> {
    let admin = connection.client.database("admin");
    let database = &connection.place.database;
    let doing = format!("renaming {from} to {to}");
    let moving = collection_spec::uuids(connection)
        .await?
        .remove(from)
        .flatten();
    let mut retries = Retries::new(connection, from, &doing);
    loop {
        connection.lease.confirm().await?;
        let command = rawdoc! {
            "renameCollection": format!("{database}.{from}"),
            "to": format!("{database}.{to}"),
            "writeConcern": write_concern(),
            "maxTimeMS": ATTEMPT_MS,
        };
        let Err(error) = command::run(&admin, command, &doing).await else {
            return Ok(());
        };
        if error.code() == Some(NAMESPACE_EXISTS) {
            return Err(StoreError::Occupied(format!(
                "{doing}: a collection {to} appeared meanwhile, so something still writes to this database. Nothing was dropped. Stop it, look at what it wrote to {to}, rename that collection out of the way, then run the same command again"
            )));
        }
        if let Ok(mut names) = collection_spec::uuids(connection).await
            && moving.is_some()
            && names.remove(to).flatten() == moving
        {
            return Ok(()); // it was done; only the answer was late
        }
        retries.wait_after(error).await?;
    }
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

/// A collection that an application created under the live name between two renames. It is renamed out of the way, never dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it stands now.
    pub name: String,
    /// Its documents.
    pub documents: u64,
}

impl fmt::Display for Stray {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let documents = counted(self.documents, "document", "documents");
        write!(to, "{} ({documents})", self.name)
    }
}

/// Makes the prepared copy live and keeps the original. Safe to repeat. Returns the strays: collections that an application created under the
/// live name by an insert between the two renames.
///
/// # Errors
/// An unknown collection under the live name before the first rename, a stray that reappears each time, or the server's refusal.
pub async fn forward(connection: &Connection, swap: Swap<'_>) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, swap.live).await?;
    let live_uuid = uuid(live.as_ref());
    if live_uuid == Some(swap.prepared) {
        return Ok(Vec::new());
    }
    if live.is_some() {
        if live_uuid == swap.original {
            if !has_identity(connection, swap.next, Some(swap.prepared)).await? {
                return Err(StoreError::Refused(format!(
                    "{} is not the copy that was proved any more: somebody dropped, renamed or replaced it. {} is live as it was; see who works on this database, then prepare again",
                    swap.next, swap.live
                )));
            }
            rename(connection, swap.live, swap.before).await?;
        } else if swap.original.is_none()
            || !has_identity(connection, swap.before, swap.original).await?
        {
            return Err(unknown_collection(swap.live));
        }
    }
    rename_to_live(connection, swap.next, swap.live).await
}

/// Renames `from` to the live name. A stray collection there is moved out of the way first.
async fn rename_to_live(connection: &Connection, from: &str, live: &str) -> Result<Vec<Stray>> {
    let mut strays = Vec::new();
    for _ in 0..ATTEMPTS {
        match rename(connection, from, live).await {
            Err(StoreError::Occupied(_)) => strays.push(move_stray(connection, live).await?),
            other => return other.map(|()| strays),
        }
    }
    Err(StoreError::Refused(format!(
        "{live} is made anew by an application each time it is moved out of the way ({} times now, to {STRAY}*). Nothing was dropped. Stop the application, then run the same command again",
        strays.len()
    )))
}

/// True when the collection `name` exists and has this UUID.
async fn has_identity(connection: &Connection, name: &str, identity: Option<&str>) -> Result<bool> {
    let spec = collection_spec::load(connection, name).await?;
    Ok(spec.is_some() && uuid(spec.as_ref()) == identity)
}

/// Renames a stray collection to the next free stray name.
async fn move_stray(connection: &Connection, live: &str) -> Result<Stray> {
    let names = collection_spec::uuids(connection).await?;
    let free = (1..=names.len() + 1)
        .map(|number| format!("{STRAY}{number}_{live}"))
        .find(|name| !names.contains_key(name));
    let name = free.unwrap_or_default();
    rename(connection, live, &name).await?;
    let documents = super::scan::rough_count(&connection.database, &name).await;
    Ok(Stray { name, documents })
}

/// Makes the original live again and keeps the collection that was live. Safe to repeat. Returns the strays, as [`forward`].
///
/// # Errors
/// An unknown collection under one of the names before the first rename, or the server's refusal.
pub async fn back(
    connection: &Connection,
    swap: Swap<'_>,
    rolled_back: &str,
) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, swap.live).await?;
    if live.is_some() {
        if swap.original.is_some() && uuid(live.as_ref()) == swap.original {
            return Ok(Vec::new());
        }
        if uuid(live.as_ref()) == Some(swap.prepared) {
            rename(connection, swap.live, rolled_back).await?;
        } else if !has_identity(connection, rolled_back, Some(swap.prepared)).await? {
            return Err(unknown_collection(swap.live));
        } else if swap.original.is_none() {
            return Ok(vec![move_stray(connection, swap.live).await?]);
        }
    }
    if swap.original.is_some() && has_identity(connection, swap.before, swap.original).await? {
        return rename_to_live(connection, swap.before, swap.live).await;
    }
    Ok(Vec::new())
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

/// Makes the merged copy live and keeps the collection that was live. Safe to repeat. Returns the strays, as [`forward`].
///
/// # Errors
/// An unknown collection under one of the names before the first rename, or the server's refusal.
pub async fn replace(connection: &Connection, replacement: Replacement<'_>) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, replacement.live).await?;
    if uuid(live.as_ref()) == Some(replacement.incoming) {
        return Ok(Vec::new());
    }
    if live.is_some() {
        if uuid(live.as_ref()) == Some(replacement.outgoing) {
            rename(connection, replacement.live, replacement.aside).await?;
        } else if !has_identity(connection, replacement.aside, Some(replacement.outgoing)).await? {
            return Err(unknown_collection(replacement.live));
        }
    }
    rename_to_live(connection, replacement.merged, replacement.live).await
}

fn uuid(spec: Option<&CollectionSpec>) -> Option<&str> {
    spec.and_then(|spec| spec.uuid.as_deref())
}

fn unknown_collection(name: &str) -> StoreError {
    StoreError::Refused(format!(
        "{name} is neither the original nor the prepared copy of this run: something made it meanwhile. Nothing was dropped. Stop what writes to this database, look at {name}, rename it out of the way, then run the same command again"
    ))
}
