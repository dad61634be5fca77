//! The server's own proof that a unique index can be: built without the constraint, tried (`prepareUnique`, then `collMod … dryRun`, server 6.0
//! on), and made unique in place. A plain unique build names one document in its way; this names them all.

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::rawdoc;

use super::collection_spec;
use super::command;
use super::connect::Connection;
use super::error::{Result, StoreError};
use super::write_command::write_concern;
use crate::domain::id::Id;
use crate::domain::index_plan::name_of;
use crate::domain::raw::{Builder, elements, get};

/// MongoDB's code for an index that cannot become unique.
const CANNOT_CONVERT: i32 = 359;
/// The first server that can.
const FIRST_SERVER: i32 = 6;

/// What is to be built before the unique `index` of `collection` is proved; `None` where something of that name stands, or where server or
/// privileges do not allow such a proof: an ordinary build must do.
///
/// # Errors
/// The server's refusal.
pub async fn before(
    connection: &Connection,
    collection: &str,
    index: &RawDocument,
) -> Result<Option<RawDocumentBuf>> {
    if !is_possible(connection).await? {
        return Ok(None);
    }
    let standing = standing(connection, collection, name_of(index)).await?;
    Ok(standing.is_none().then(|| prepared(index)))
}

/// Makes the `index` of `collection` unique that was built as [`before`] says. Returns the groups of documents that it cannot hold together, by
/// `_id`; then the index is not there. `None` where no such index stands, or it cannot be done.
///
/// # Errors
/// The server's refusal.
pub async fn prove(
    connection: &Connection,
    collection: &str,
    index: &RawDocument,
) -> Result<Option<Vec<Vec<Id>>>> {
    if !is_possible(connection).await? {
        return Ok(None);
    }
    let name = name_of(index);
    match standing(connection, collection, name).await? {
        Some(standing) if get(&standing, "unique").is_some() => return Ok(Some(Vec::new())),
        Some(_) => {}
        None => return Ok(None),
    }
    let clashes = convert(connection, collection, name, true).await?;
    if clashes.is_empty() {
        let late = convert(connection, collection, name, false).await?;
        return Ok(Some(late));
    }
    collection_spec::drop_index(connection, collection, name).await?;
    Ok(Some(clashes))
}

/// Both: builds the unique `index`, unless it stands, and proves it.
///
/// # Errors
/// The server's refusal.
pub async fn build(
    connection: &Connection,
    collection: &str,
    index: &RawDocument,
) -> Result<Option<Vec<Vec<Id>>>> {
    if let Some(before) = before(connection, collection, index).await? {
        collection_spec::build_indexes(connection, collection, &[before]).await?;
    }
    prove(connection, collection, index).await
}

async fn is_possible(connection: &Connection) -> Result<bool> {
    let missing = connection.missing_privileges(&["collMod"]).await?;
    Ok(connection.at_least(FIRST_SERVER) && missing.is_empty())
}

async fn standing(
    connection: &Connection,
    collection: &str,
    name: &str,
) -> Result<Option<RawDocumentBuf>> {
    let spec = collection_spec::load(connection, collection).await?;
    let mut indexes = spec.into_iter().flat_map(|spec| spec.indexes);
    Ok(indexes.find(|it| name_of(it) == name))
}

/// The index without `unique`, ready to become so: no new duplicate gets in.
fn prepared(index: &RawDocument) -> RawDocumentBuf {
    let mut out = Builder::new(index.as_bytes().len() + 16);
    for element in elements(index).map_while(std::result::Result::ok) {
        if element.key != b"unique" {
            out.element(&element);
        }
    }
    let mut out = out.finish();
    out.append(bson::raw::cstr!("prepareUnique"), true);
    out
}

async fn convert(
    connection: &Connection,
    collection: &str,
    name: &str,
    dry: bool,
) -> Result<Vec<Vec<Id>>> {
    connection.lease.check().await?;
    let mut command = rawdoc! { "collMod": collection, "index": { "name": name, "unique": true } };
    if dry {
        command.append(bson::raw::cstr!("dryRun"), true);
    } else {
        command.append(bson::raw::cstr!("writeConcern"), write_concern());
    }
    let doing = format!("proving the unique index {name} of {collection}");
    match connection.database.run_raw_command(command).await {
        Ok(reply) => command::check(&reply, &doing).map(|()| Vec::new()),
        Err(error) => match error.server_response().and_then(|reply| violations(reply)) {
            Some(groups) => Ok(groups),
            None => Err(StoreError::from_driver(doing, &error)),
        },
    }
}

fn inner<'a>(document: &'a RawDocument, key: &str) -> Option<&'a RawDocument> {
    RawDocument::from_bytes(get(document, key)?.bytes).ok()
}

fn violations(reply: &RawDocument) -> Option<Vec<Vec<Id>>> {
    if reply.get_i32("code").ok()? != CANNOT_CONVERT {
        return None;
    }
    let ids = |group: &RawDocument| {
        inner(group, "ids")
            .into_iter()
            .flat_map(elements)
            .map_while(std::result::Result::ok)
            .map(|id| Id::from_value(id.value))
            .collect()
    };
    Some(
        elements(inner(reply, "violations")?)
            .map_while(std::result::Result::ok)
            .filter_map(|group| RawDocument::from_bytes(group.value.bytes).ok().map(ids))
            .collect(),
    )
}
