//! How businesses and rows of account collections name account holders.

use bson::raw::RawDocument;

use super::path::{Path, Reading};
use crate::domain::id::Id;
use crate::domain::map::Set;
use crate::domain::mapping::Mapping;

/// A collection whose documents name account holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPath {
    /// The collection.
    pub collection: String,
    path: Path,
}

impl AccountPath {
    /// Owners of businesses, where they are named: once for each collection of businesses.
    pub fn owners(mapping: &Mapping) -> Vec<Self> {
        let owner = mapping.business.owner.iter();
        let owners = owner.flat_map(|owner| {
            let collections = mapping.business.collections.iter();
            collections.map(|collection| Self {
                collection: collection.clone(),
                path: Path::of(owner),
            })
        });
        owners.collect()
    }

    /// The users whom rows of the account collections name.
    pub fn rows(mapping: &Mapping) -> Vec<Self> {
        let accounts = mapping.accounts.iter();
        let rows = accounts.map(|role| Self {
            collection: role.collection.clone(),
            path: Path::of(&role.user),
        });
        rows.collect()
    }

    /// What a document of the collection says.
    pub fn read(&self, document: &RawDocument) -> Reading {
        self.path.read(document)
    }
}

/// A collection that must be read to learn whom account rows name over its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHop {
    /// The collection.
    pub collection: String,
    way: usize,
    hop: usize,
}

/// Whom owners and rows of account collections name. Feed the rows, then what [`Self::hops`] says, in this order.
#[derive(Debug, Default)]
pub struct AccountNames {
    /// The users, as they are named.
    pub named: Set<Id>,
    /// Of paths that lead over other documents: the path, what names these, and what those of them say that were read.
    ways: Vec<(AccountPath, Set<Id>, Set<Id>)>,
}

impl AccountNames {
    /// Takes a row.
    pub fn take(&mut self, rows: &AccountPath, document: &RawDocument) {
        let reading = rows.read(document);
        if rows.path.hops() == 0 {
            self.named.extend(reading.all().cloned());
            return;
        }
        let names = reading.all().map(Id::canonical);
        if let Some((_, known, _)) = self.ways.iter_mut().find(|(path, ..)| path == rows) {
            known.extend(names);
        } else {
            let way = (rows.clone(), names.collect(), Set::default());
            self.ways.push(way);
        }
    }

    /// What must be read, each followed by [`Self::end_hop`]. After the rows.
    pub fn hops(&self) -> Vec<AccountHop> {
        let ways = self.ways.iter().enumerate();
        let hops = ways.flat_map(|(way, (rows, ..))| {
            (0..rows.path.hops()).filter_map(move |hop| {
                let (collection, _) = rows.path.hop(hop)?;
                Some(AccountHop {
                    collection: collection.to_owned(),
                    way,
                    hop,
                })
            })
        });
        hops.collect()
    }

    /// Takes a document of a hop.
    pub fn take_hop(&mut self, at: &AccountHop, document: &RawDocument) {
        let Some((rows, names, next)) = self.ways.get_mut(at.way) else {
            return;
        };
        let own = rows.path.names_of_hop(at.hop, document);
        let is_named = |id: &Id| {
            let other = id.other_form();
            names.contains(&id.canonical())
                || other.is_some_and(|id| names.contains(&id.canonical()))
        };
        if own.iter().any(is_named) {
            next.extend(rows.path.read_hop(at.hop, document).all().cloned());
        }
    }

    /// All documents of a hop were taken.
    pub fn end_hop(&mut self, at: &AccountHop) {
        let Some((rows, names, next)) = self.ways.get_mut(at.way) else {
            return;
        };
        let said = std::mem::take(next);
        if at.hop + 1 == rows.path.hops() {
            self.named.extend(said);
        } else {
            *names = said.iter().map(Id::canonical).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;
    use bson::rawdoc;

    #[test]
    fn owners_and_rows_of_account_collections_name_their_users() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let owner = AccountPath::owners(&mapping).remove(0);
        assert_eq!(owner.collection, "Business");
        let named = owner.read(&rawdoc! { "_id": "b", "ownerId": "o" });
        assert_eq!(named.named(), Some(&Id::string("o")));
        let rows = AccountPath::rows(&mapping);
        let collections: Vec<_> = rows.iter().map(|it| it.collection.as_str()).collect();
        assert_eq!(collections, ["TeamMember", "Account"]);
        let named = rows[1].read(&rawdoc! { "_id": "a", "userId": "u" });
        assert_eq!(named.named(), Some(&Id::string("u")));
    }
}
