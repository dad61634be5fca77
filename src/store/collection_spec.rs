//! A collection's specification: options, indexes and UUID as the server gives them, and its clone.

use std::collections::BTreeMap;

use bson::raw::{RawArray, RawArrayBuf, RawDocument, RawDocumentBuf, cstr};
use bson::{RawBson, rawdoc};
use futures_util::{TryStreamExt, future};
use sha2::{Digest, Sha256};

use super::command;
use super::connect::Connection;
use super::error::{NAMESPACE_NOT_FOUND, Result, StoreError};
use super::exclusive::{ATTEMPT_MS, Retries};
use super::write_command::{MAX_TIME_MS, drop_collection, write_concern};
use crate::domain::index_plan::{TTL_OFF, name_of, ttl_of, with_ttl, without_ttl};
use crate::domain::raw::{Builder, elements, get};

/// What a collection is.
#[derive(Debug, Clone)]
pub struct CollectionSpec {
    /// Its name.
    pub name: String,
    /// `collection`, `view` or `timeseries`.
    pub kind: String,
    /// Its options, as stored.
    pub options: RawDocumentBuf,
    /// Its UUID in hexadecimal; views have none.
    pub uuid: Option<String>,
    /// Its indexes, as `listIndexes` gives them.
    pub indexes: Vec<RawDocumentBuf>,
}

/// Whether change streams see documents as they were before a change: `collMod` switches it.
const IMAGES: &[u8] = b"changeStreamPreAndPostImages";

/// Options that hold the validator: put on after the proof, not at creation.
pub const VALIDATION: [&[u8]; 3] = [b"validator", b"validationLevel", b"validationAction"];

/// Every collection's specification by name.
///
/// # Errors
/// The server's refusal.
pub async fn load_all(connection: &Connection) -> Result<BTreeMap<String, CollectionSpec>> {
    let mut specs = BTreeMap::new();
    for info in list(connection, rawdoc! {}).await? {
        if let Some(spec) = with_indexes(connection, &info).await? {
            specs.insert(spec.name.clone(), spec);
        }
    }
    Ok(specs)
}

/// One collection's specification; `None` when it does not exist.
///
/// # Errors
/// The server's refusal.
pub async fn load(connection: &Connection, name: &str) -> Result<Option<CollectionSpec>> {
    match list(connection, rawdoc! { "name": name }).await?.first() {
        Some(info) => with_indexes(connection, info).await,
        None => Ok(None),
    }
}

/// The names of all collections with their UUIDs in hexadecimal; views have none.
///
/// # Errors
/// The server's refusal.
pub async fn uuids(connection: &Connection) -> Result<BTreeMap<String, Option<String>>> {
    let infos = list(connection, rawdoc! {}).await?;
    Ok(infos
        .iter()
        .filter_map(|info| Some((info.get_str("name").ok()?.to_owned(), uuid_of(info))))
        .collect())
}

/// The names of all collections with what each is: `collection`, `view` or `timeseries`. Indexes are not asked for.
///
/// # Errors
/// The server's refusal.
pub async fn kinds(connection: &Connection) -> Result<BTreeMap<String, String>> {
    let infos = list(connection, rawdoc! {}).await?;
    Ok(infos
        .iter()
        .filter_map(|info| {
            let kind = info.get_str("type").unwrap_or("collection");
            Some((info.get_str("name").ok()?.to_owned(), kind.to_owned()))
        })
        .collect())
}

fn uuid_of(info: &RawDocument) -> Option<String> {
    let info = info.get_document("info").ok()?;
    info.get_binary("uuid")
        .ok()
        .map(|binary| hex::encode(binary.bytes))
}

async fn list(connection: &Connection, filter: RawDocumentBuf) -> Result<Vec<RawDocumentBuf>> {
    cursor(
        connection,
        rawdoc! { "listCollections": 1, "filter": filter, "cursor": {} },
        "listing collections",
    )
    .await
}

async fn cursor(
    connection: &Connection,
    command: RawDocumentBuf,
    doing: &str,
) -> Result<Vec<RawDocumentBuf>> {
    connection
        .database
        .run_raw_cursor_command(command)
        .await
        .map_err(|error| StoreError::from_driver(doing, &error))?
        .with_type::<RawDocumentBuf>()
        .try_collect()
        .await
        .map_err(|error| StoreError::from_driver(doing, &error))
}

async fn with_indexes(
    connection: &Connection,
    info: &RawDocument,
) -> Result<Option<CollectionSpec>> {
    let name = info.get_str("name").unwrap_or_default().to_owned();
    let kind = info.get_str("type").unwrap_or("collection").to_owned();
    let indexes = if kind == "view" {
        Vec::new()
    } else {
        let command = rawdoc! { "listIndexes": name.as_str(), "cursor": {} };
        match cursor(
            connection,
            command,
            &format!("listing the indexes of {name}"),
        )
        .await
        {
            Ok(indexes) => indexes,
            Err(error) if error.code() == Some(NAMESPACE_NOT_FOUND) => return Ok(None),
            Err(error) => return Err(error),
        }
    };
    let uuid = uuid_of(info);
    Ok(Some(CollectionSpec {
        options: info
            .get_document("options")
            .map_or_else(|_| rawdoc! {}, ToOwned::to_owned),
        name,
        kind,
        uuid,
        indexes,
    }))
}

impl CollectionSpec {
    /// Why this collection cannot be rebuilt and swapped, if so.
    pub fn refusal(&self) -> Option<&'static str> {
        let has = |option: &str| get(&self.options, option).is_some();
        if self.kind == "view" {
            Some("it is a view; name the collection behind it in the mapping")
        } else if self.kind == "timeseries" || has("timeseries") {
            Some("it is a time-series collection, which cannot be renamed")
        } else if self.options.get_bool("capped").unwrap_or(false) {
            Some(
                "it is capped, and a capped collection cannot be rebuilt in `_id` order without losing its insertion order",
            )
        } else if has("clusteredIndex") {
            Some("it is clustered, so it has no `_id` index to walk")
        } else if has("encryptedFields") {
            Some("it holds encrypted fields, whose side collections a rename leaves behind")
        } else {
            None
        }
    }

    /// Its options without the validator's.
    pub fn plain_options(&self) -> RawDocumentBuf {
        self.options_without(&VALIDATION)
    }

    /// Those that only a new collection can have: no `collMod` changes them.
    pub fn lasting_options(&self) -> RawDocumentBuf {
        self.options_without(&[&VALIDATION[..], &[IMAGES]].concat())
    }

    fn options_without(&self, keys: &[&[u8]]) -> RawDocumentBuf {
        let mut out = Builder::new(64);
        for element in elements(&self.options).map_while(std::result::Result::ok) {
            if !keys.contains(&element.key) {
                out.element(&element);
            }
        }
        out.finish()
    }

    /// Hash over options and indexes (by name), TTLs and all.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.options.as_bytes());
        let mut indexes: Vec<_> = self.indexes.iter().collect();
        indexes.sort_by(|one, other| name_of(one).cmp(name_of(other)));
        for index in indexes {
            hash.update(index.as_bytes());
        }
        hex::encode(hash.finalize())
    }

    /// [`Self::fingerprint`] as it is with these true TTLs, of a collection whose own are kept from acting.
    pub fn fingerprint_with(&self, ttl: &BTreeMap<String, i64>) -> String {
        let mut spec = self.clone();
        for index in &mut spec.indexes {
            if let Some(seconds) = ttl.get(name_of(index)) {
                *index = with_ttl(index, Some(*seconds));
            }
        }
        spec.fingerprint()
    }

    /// The TTL of each index that has one, by the index's name.
    pub fn expiries(&self) -> BTreeMap<String, i64> {
        let of = |index: &RawDocumentBuf| Some((name_of(index).to_owned(), ttl_of(index)?));
        self.indexes.iter().filter_map(of).collect()
    }

    /// The validator and its level and action, as `collMod` takes them; `None` when there is none.
    pub fn validation(&self) -> Option<RawDocumentBuf> {
        let mut out = Builder::new(64);
        let mut any = false;
        for element in elements(&self.options).map_while(std::result::Result::ok) {
            if VALIDATION.contains(&element.key) {
                out.element(&element);
                any = true;
            }
        }
        any.then(|| out.finish())
    }
}

/// Creates `name` with the options of `like`, without its validator; an empty options document where there is no original.
///
/// # Errors
/// The server's refusal.
pub async fn create(
    connection: &Connection,
    name: &str,
    like: Option<&CollectionSpec>,
) -> Result<()> {
    connection.lease.check().await?;
    let mut command = Builder::new(128);
    command.string("create", name);
    for element in like
        .iter()
        .flat_map(|spec| elements(&spec.options))
        .map_while(std::result::Result::ok)
    {
        if !VALIDATION.contains(&element.key) {
            command.element(&element);
        }
    }
    command::run(
        &connection.database,
        bounded(command),
        &format!("creating {name}"),
    )
    .await?;
    Ok(())
}

/// A command with our write concern and a time limit. (Index builds have no limit: they take as long as the data asks.)
fn bounded(command: Builder) -> RawDocumentBuf {
    let mut command = command.finish();
    command.append(cstr!("maxTimeMS"), MAX_TIME_MS);
    command.append(cstr!("writeConcern"), write_concern());
    command
}

/// Builds `indexes` on `name`, two at once, for a build uses one processor; TTLs are kept from acting. Asking for what exists does nothing, so a repeated call proves that all stand.
///
/// # Errors
/// The server's refusal; a duplicate key names the index.
pub async fn build_indexes(
    connection: &Connection,
    name: &str,
    indexes: &[RawDocumentBuf],
) -> Result<()> {
    if indexes.is_empty() {
        return Ok(());
    }
    connection.throttle.admit(0).await?;
    connection.lease.check().await?;
    let spec = load(connection, name).await?;
    let collated = spec.is_some_and(|spec| get(&spec.options, "collation").is_some());
    let mut parts = [RawArrayBuf::new(), RawArrayBuf::new()];
    for (at, index) in indexes.iter().enumerate() {
        let index = with_its_collation(without_ttl(index), collated);
        parts[at % 2].push(RawBson::Document(index));
    }
    let build = |part| build_together(connection, name, part);
    // Each to its end: what one refuses, the other goes on with.
    let (one, other) = future::join(build(&parts[0]), build(&parts[1])).await;
    one.and(other)
}

/// `listIndexes` (whose specifications have a version) shows no collation for a simple one; in a collection with a collation it must be said
/// outright, or the index would inherit.
fn with_its_collation(mut index: RawDocumentBuf, collated: bool) -> RawDocumentBuf {
    if collated && get(&index, "v").is_some() && get(&index, "collation").is_none() {
        index.append(cstr!("collation"), rawdoc! { "locale": "simple" });
    }
    index
}

/// Builds an index on `name` as `listIndexes` gave it, its TTL too. One that stands already is fine.
///
/// # Errors
/// The server's refusal; a duplicate key, or another index over the same keys.
pub async fn build_as_listed(
    connection: &Connection,
    name: &str,
    index: &RawDocument,
) -> Result<()> {
    connection.lease.check().await?;
    let spec = load(connection, name).await?;
    let collated = spec.is_some_and(|spec| get(&spec.options, "collation").is_some());
    let mut only = RawArrayBuf::new();
    only.push(RawBson::Document(with_its_collation(
        index.to_owned(),
        collated,
    )));
    build_together(connection, name, &only).await
}

async fn build_together(connection: &Connection, name: &str, indexes: &RawArray) -> Result<()> {
    if indexes.is_empty() {
        return Ok(());
    }
    let mut command = rawdoc! { "createIndexes": name, "indexes": indexes.to_owned(), "writeConcern": write_concern() };
    if connection.is_replica_set() {
        command.append(cstr!("commitQuorum"), "majority");
    }
    command::run(
        &connection.database,
        command,
        &format!("building the indexes of {name}"),
    )
    .await?;
    Ok(())
}

/// Drops an index; one that is not there is fine.
///
/// # Errors
/// The server's refusal.
pub async fn drop_index(connection: &Connection, name: &str, index: &str) -> Result<()> {
    const INDEX_NOT_FOUND: i32 = 27;
    connection.lease.confirm().await?;
    let command = rawdoc! { "dropIndexes": name, "index": index, "maxTimeMS": MAX_TIME_MS, "writeConcern": write_concern() };
    let doing = format!("dropping the index {index} of {name}");
    match command::run(&connection.database, command, &doing).await {
        Err(error) if error.code() != Some(INDEX_NOT_FOUND) => Err(error),
        _ => Ok(()),
    }
}

/// Drops a collection; one that is not there is fine.
///
/// # Errors
/// The lease is not ours, or the server's refusal.
pub async fn drop(connection: &Connection, name: &str) -> Result<()> {
    connection.lease.confirm().await?;
    drop_collection(&connection.database, name).await
}

/// Puts a validator on.
///
/// # Errors
/// The server's refusal: `collMod` needs the role dbAdmin.
pub async fn put_validation(
    connection: &Connection,
    name: &str,
    validation: &RawDocument,
) -> Result<()> {
    let mut command = Builder::new(128);
    command.string("collMod", name);
    for element in elements(validation).map_while(std::result::Result::ok) {
        command.element(&element);
    }
    let command = command.finish();
    modify(
        connection,
        name,
        command,
        &format!("putting the validator on {name}"),
    )
    .await
}

/// Gives a collection what another one's options say of change streams with the documents before and after a change.
///
/// # Errors
/// The server's refusal: `collMod` needs the role dbAdmin.
pub async fn take_images_of(
    connection: &Connection,
    name: &str,
    like: &CollectionSpec,
) -> Result<()> {
    let mut command = Builder::new(128);
    command.string("collMod", name);
    let mut options = elements(&like.options).map_while(std::result::Result::ok);
    let command = if let Some(images) = options.find(|element| element.key == IMAGES) {
        command.element(&images);
        command.finish()
    } else {
        rawdoc! { "collMod": name, "changeStreamPreAndPostImages": { "enabled": false } }
    };
    let doing = format!("switching the change streams of {name}");
    modify(connection, name, command, &doing).await
}

/// Sends a `collMod`, which needs the collection for itself.
async fn modify(
    connection: &Connection,
    name: &str,
    mut command: RawDocumentBuf,
    doing: &str,
) -> Result<()> {
    command.append(cstr!("maxTimeMS"), ATTEMPT_MS);
    command.append(cstr!("writeConcern"), write_concern());
    let mut retries = Retries::new(connection, name, doing);
    loop {
        connection.lease.confirm().await?;
        match command::run(&connection.database, command.clone(), doing).await {
            Ok(_) => return Ok(()),
            Err(error) => retries.wait_after(error).await?,
        }
    }
}

/// Sets a TTL: its true value, or [`TTL_OFF`] to keep it from acting.
///
/// # Errors
/// The server's refusal: `collMod` needs the role dbAdmin.
pub async fn set_ttl(
    connection: &Connection,
    name: &str,
    index: &str,
    seconds: Option<i64>,
) -> Result<()> {
    let seconds = seconds.unwrap_or(i64::from(TTL_OFF));
    let command =
        rawdoc! { "collMod": name, "index": { "name": index, "expireAfterSeconds": seconds } };
    let doing = format!("setting the expiry of {name}.{index}");
    modify(connection, name, command, &doing).await
}
