//! How businesses and rows of account collections name account holders.

use bson::raw::RawDocument;

use super::path::{Path, Reading};
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::id::Id;
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
