//! How the uniques of a collection compare text: letter by letter, or as the server says where the collection has a collation of its own.

use std::collections::BTreeSet;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::raw::get;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::prisma::{Alike, Compares, UniqueTexts};
use crate::store::collation;
use crate::store::collection_spec::CollectionSpec;
use crate::store::connect::Connection;

/// The collation of a collection, as its options have it; `None` where it compares letter by letter.
pub(crate) fn collation_of(spec: Option<&CollectionSpec>) -> Option<RawDocumentBuf> {
    let collation = get(&spec?.options, "collation")?;
    let collation = RawDocument::from_bytes(collation.bytes).ok()?;
    let is_simple = collation.get_str("locale").is_ok_and(|it| it == "simple");
    (!is_simple).then(|| collation.to_owned())
}

/// Asks the server which of the texts that uniques hold count as one by this collation; `by_letters` names uniques that compare letter by letter
/// all the same.
///
/// # Errors
/// The server's refusal.
pub(crate) async fn by_collation(
    connection: &Connection,
    collation: &RawDocument,
    (texts, by_letters): (UniqueTexts, BTreeSet<String>),
    watcher: &Watcher,
) -> Result<Compares> {
    let Some(texts) = texts.all() else {
        return Ok(Compares::Unknown);
    };
    watcher.says("comparing texts by the collation", 0, 0);
    let (database, cancel) = (&connection.database, &watcher.cancel);
    let groups = collation::alike(database, collation, &texts, cancel).await?;
    Ok(Compares::ByCollation(Alike::of(groups, by_letters)))
}
