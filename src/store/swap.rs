//! The swap: renames, and nothing else. UUIDs say which collection is which. The renames are journaled in the run record before the first is
//! sent, so the same call after a kill continues where the last one stopped.

use std::collections::BTreeMap;
use std::fmt;

use bson::rawdoc;

use super::collection_spec;
use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_EXISTS, Result, StoreError};
use super::exclusive::{ATTEMPT_MS, ATTEMPTS, Retries};
use super::write_command::write_concern;
use crate::domain::aside::{self, Aside, Why};
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::number::counted;

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
    /// The live name once it is swapped; mostly the same.
    pub to: &'a str,
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
/// live name by an insert between the two renames. A copy that was renamed since it went live is live all the same.
///
/// # Errors
/// An unknown collection under the live name before the first rename, a stray that reappears each time, or the server's refusal.
pub async fn forward(connection: &Connection, swap: Swap<'_>) -> Result<Vec<Stray>> {
    let names = collection_spec::uuids(connection).await?;
    let copy = name_of(&names, Some(swap.prepared));
    if copy.is_some_and(|name| !name.starts_with(SIDE_PREFIX)) {
        return Ok(Vec::new());
    }
    if let Some(live) = names.get(swap.live) {
        if live.as_deref() == swap.original {
            if copy != Some(swap.next) {
                return Err(StoreError::Refused(format!(
                    "{} is not the copy that was proved any more: somebody dropped, renamed or replaced it. {} is live as it was; see who works on this database, then prepare again",
                    swap.next, swap.live
                )));
            }
            rename(connection, swap.live, swap.before).await?;
        } else if swap.original.is_none() || name_of(&names, swap.original).is_none() {
            return Err(unknown_collection(swap.live));
        }
    }
    rename_to_live(connection, swap.next, swap.to).await
}

/// The first half of [`forward`]: the live name is free, and the original is kept. Safe to repeat. Where collections take names that others
/// leave, all are vacated before the first is filled.
///
/// # Errors
/// As [`forward`].
pub async fn vacate(connection: &Connection, swap: Swap<'_>) -> Result<()> {
    let names = collection_spec::uuids(connection).await?;
    let copy = name_of(&names, Some(swap.prepared));
    let stands = names.get(swap.live).and_then(Option::as_deref);
    if stands.is_some() && stands == swap.original {
        if copy != Some(swap.next) {
            return Err(StoreError::Refused(format!(
                "{} is not the copy that was proved any more: somebody dropped, renamed or replaced it. {} is live as it was; see who works on this database, then prepare again",
                swap.next, swap.live
            )));
        }
        rename(connection, swap.live, swap.before).await?;
    }
    Ok(())
}

/// Renames the collection of this UUID, wherever it stands, to `to`. Safe to repeat. Returns the strays that stood there. `None` for a UUID
/// that stands nowhere.
///
/// # Errors
/// The server's refusal.
pub async fn name(connection: &Connection, uuid: &str, to: &str) -> Result<Option<Vec<Stray>>> {
    let names = collection_spec::uuids(connection).await?;
    match name_of(&names, Some(uuid)) {
        None => Ok(None),
        Some(now) if now == to => Ok(Some(Vec::new())),
        Some(now) => rename_to_live(connection, now, to).await.map(Some),
    }
}

/// The collection of this UUID.
fn name_of<'n>(
    names: &'n BTreeMap<String, Option<String>>,
    identity: Option<&str>,
) -> Option<&'n str> {
    let identity = identity?;
    let mut found = names
        .iter()
        .filter(|(_, uuid)| uuid.as_deref() == Some(identity));
    found.next().map(|(name, _)| name.as_str())
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
    let names: Vec<_> = strays.iter().map(ToString::to_string).collect();
    Err(StoreError::Refused(format!(
        "{live} is made anew by an application each time it is moved out of the way ({} times now: {}). Nothing was dropped. Stop the application, then run the same command again",
        strays.len(),
        names.join(", ")
    )))
}

/// Renames a stray collection to the next free stray name.
///
/// # Errors
/// The server's refusal.
pub async fn move_stray(connection: &Connection, live: &str) -> Result<Stray> {
    let names = collection_spec::uuids(connection).await?;
    let aside = Aside {
        why: Why::Stray(aside::next_number(names.keys().map(String::as_str))),
        of: live.to_owned(),
    };
    let name = aside.name();
    rename(connection, live, &name).await?;
    let documents = super::scan::rough_count(&connection.database, &name).await;
    Ok(Stray { name, documents })
}

/// Makes the original live again and keeps the collection that was live, whatever their names are by now. Safe to repeat. Returns the strays:
/// what an application made under the live name meanwhile.
///
/// # Errors
/// The server's refusal.
pub async fn back(
    connection: &Connection,
    swap: Swap<'_>,
    rolled_back: &str,
) -> Result<Vec<Stray>> {
    let names = collection_spec::uuids(connection).await?;
    let original = name_of(&names, swap.original);
    if original == Some(swap.live) {
        return Ok(Vec::new());
    }
    let copy = name_of(&names, Some(swap.prepared));
    if let Some(copy) = copy.filter(|name| !name.starts_with(SIDE_PREFIX)) {
        rename(connection, copy, rolled_back).await?;
    }
    let mut strays = Vec::new();
    if copy != Some(swap.live) && names.contains_key(swap.live) {
        strays.push(move_stray(connection, swap.live).await?);
    }
    if let Some(original) = original {
        strays.extend(rename_to_live(connection, original, swap.live).await?);
    }
    Ok(strays)
}

/// Gives a collection that was only renamed its name back. Safe to repeat. Returns the strays: what an application made under it meanwhile.
///
/// # Errors
/// The server's refusal.
pub async fn name_back(connection: &Connection, now: &str, then: &str) -> Result<Vec<Stray>> {
    rename_to_live(connection, now, then).await
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
    let names = collection_spec::uuids(connection).await?;
    if name_of(&names, Some(replacement.incoming)) == Some(replacement.live) {
        return Ok(Vec::new());
    }
    let outgoing = name_of(&names, Some(replacement.outgoing));
    if let Some(outgoing) = outgoing.filter(|name| !name.starts_with(SIDE_PREFIX)) {
        rename(connection, outgoing, replacement.aside).await?;
    }
    let mut strays = Vec::new();
    if outgoing != Some(replacement.live) && names.contains_key(replacement.live) {
        if outgoing.is_none() {
            return Err(unknown_collection(replacement.live));
        }
        strays.push(move_stray(connection, replacement.live).await?);
    }
    strays.extend(rename_to_live(connection, replacement.merged, replacement.live).await?);
    Ok(strays)
}

fn unknown_collection(name: &str) -> StoreError {
    StoreError::Refused(format!(
        "{name} is neither the original nor the prepared copy of this run: something made it meanwhile. Nothing was dropped. Stop what writes to this database, look at {name}, rename it out of the way, then run the same command again"
    ))
}
