//! The swap: renames, and nothing else. Which collection is which is read from UUIDs; the renames were journaled in the run record before
//! the first is sent, so the same call after a kill goes on where the last one stopped.

use std::fmt;

use bson::rawdoc;

use super::collection_spec::{self, CollectionSpec};
use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_EXISTS, Result, StoreError};
use super::exclusive::{PATIENCE_MS, TRIES, Tries};
use super::write_command::write_concern;
use crate::domain::number::counted;

/// What an application makes under a live name between two renames goes to a name that begins so.
const STRAY: &str = "_ringfence_stray_";

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
    let mut tries = Tries::new(connection, from, &doing);
    loop {
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
        if error.code() == Some(NAMESPACE_EXISTS) {
            return Err(StoreError::Occupied(format!(
                "{doing}: a collection {to} appeared meanwhile, so something still writes to this database. Nothing was dropped. Stop it, look at what it wrote to {to}, rename that collection out of the way, then run the same command again"
            )));
        }
        if let Ok(mut names) = collection_spec::uuids(connection).await
            && moving.is_some()
            && names.remove(to).flatten() == moving
        {
            return Ok(()); // it was done, and only the answer was late
        }
        tries.again(error).await?;
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

/// What an application made under the live name between two renames; renamed out of the way, never dropped.
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

/// Makes the prepared copy live and keeps the original. May be called any number of times. Returns the strangers that an application made under
/// the live name meanwhile, by inserting where for an instant there was no collection.
///
/// # Errors
/// A stranger under the live name before the first rename, one that comes again and again, or the server's refusal.
pub async fn forward(connection: &Connection, swap: Swap<'_>) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, swap.live).await?;
    let live_uuid = uuid(live.as_ref());
    if live_uuid == Some(swap.prepared) {
        return Ok(Vec::new());
    }
    if live.is_some() {
        if live_uuid == swap.original {
            if !stands(connection, swap.next, Some(swap.prepared)).await? {
                return Err(StoreError::Refused(format!(
                    "{} is not the copy that was proved any more: somebody dropped, renamed or replaced it. {} is live as it was; see who works on this database, then prepare again",
                    swap.next, swap.live
                )));
            }
            rename(connection, swap.live, swap.before).await?;
        } else if swap.original.is_none() || !stands(connection, swap.before, swap.original).await?
        {
            return Err(stranger(swap.live));
        }
    }
    land(connection, swap.next, swap.live).await
}

/// Renames into the live name; what an application made there meanwhile is moved aside first.
async fn land(connection: &Connection, from: &str, live: &str) -> Result<Vec<Stray>> {
    let mut strays = Vec::new();
    for _ in 0..TRIES {
        match rename(connection, from, live).await {
            Err(StoreError::Occupied(_)) => strays.push(put_aside(connection, live).await?),
            other => return other.map(|()| strays),
        }
    }
    Err(StoreError::Refused(format!(
        "{live} is made anew by an application each time it is moved out of the way ({} times now, to {STRAY}*). Nothing was dropped. Stop the application, then run the same command again",
        strays.len()
    )))
}

/// True when a collection of this name has this identity.
async fn stands(connection: &Connection, name: &str, identity: Option<&str>) -> Result<bool> {
    let spec = collection_spec::load(connection, name).await?;
    Ok(spec.is_some() && uuid(spec.as_ref()) == identity)
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

/// Makes the original live again and puts what was live aside. May be called any number of times. Returns the strangers that an
/// application made under the live name meanwhile.
///
/// # Errors
/// A stranger under one of the names before the first rename, or the server's refusal.
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
        } else if !stands(connection, rolled_back, Some(swap.prepared)).await? {
            return Err(stranger(swap.live));
        } else if swap.original.is_none() {
            return Ok(vec![put_aside(connection, swap.live).await?]);
        }
    }
    if swap.original.is_some() && stands(connection, swap.before, swap.original).await? {
        return land(connection, swap.before, swap.live).await;
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

/// Makes the merged copy live and puts what was live aside. May be called any number of times. Returns the strangers that an application
/// made under the live name meanwhile.
///
/// # Errors
/// A stranger under one of the names before the first rename, or the server's refusal.
pub async fn replace(connection: &Connection, replacement: Replacement<'_>) -> Result<Vec<Stray>> {
    let live = collection_spec::load(connection, replacement.live).await?;
    if uuid(live.as_ref()) == Some(replacement.incoming) {
        return Ok(Vec::new());
    }
    if live.is_some() {
        if uuid(live.as_ref()) == Some(replacement.outgoing) {
            rename(connection, replacement.live, replacement.aside).await?;
        } else if !stands(connection, replacement.aside, Some(replacement.outgoing)).await? {
            return Err(stranger(replacement.live));
        }
    }
    land(connection, replacement.merged, replacement.live).await
}

fn uuid(spec: Option<&CollectionSpec>) -> Option<&str> {
    spec.and_then(|spec| spec.uuid.as_deref())
}

fn stranger(name: &str) -> StoreError {
    StoreError::Refused(format!(
        "{name} is neither the original nor the prepared copy of this run: something made it meanwhile. Nothing was dropped. Stop what writes to this database, look at {name}, rename it out of the way, then run the same command again"
    ))
}
