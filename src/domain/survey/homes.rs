//! Users who name their business themselves: each who is a customer by nature makes a pair with it, with or without a booking.

use bson::raw::RawDocument;

use super::tables::{pair_key, pair_of};
use super::{BusinessIx, Survey, UserIx};
use crate::domain::id::Id;
use crate::domain::mapping::Mapping;
use crate::domain::reference::{HopRead, Path, Way};

/// The way from a user to the business that it names.
pub(super) fn home_of(mapping: &Mapping) -> Option<Way<BusinessIx>> {
    let path = mapping.user.business.as_ref();
    path.map(|path| Way::new(Path::of(path)))
}

impl Survey {
    /// What must be read before the users so that they find their business.
    pub(super) fn hops_of_homes(&self) -> Vec<HopRead> {
        let number = self.ways_to_businesses();
        let home = self.to_home.as_ref();
        home.map_or_else(Vec::new, |way| way.reads_as(number))
    }

    /// Takes the businesses that a user names; whether it is a customer by nature is known when all users are.
    pub(super) fn take_home(&mut self, user: UserIx, id: &Id, document: &RawDocument) {
        let (Some(way), Some(path)) = (&self.to_home, &self.mapping.user.business) else {
            return;
        };
        let business = |id: &Id| self.find_business(id);
        let reached = way.resolve(&Path::of(path).read(document), business);
        for business in reached.ends() {
            self.homes.insert(&pair_key(user, *business), &());
        }
        if reached.mismatch {
            let (collection, field) = (self.mapping.user.collection.clone(), path.to_string());
            self.note_mismatch(&collection, &field, id);
        }
    }

    /// Makes the pairs of those who are customers by nature.
    pub(super) fn claim_homes(&mut self) {
        let homes = std::mem::replace(
            &mut self.homes,
            crate::domain::table::Table::new(&self.memory),
        );
        for (key, ()) in homes.iter() {
            let (user, business) = pair_of(&key);
            if self.is_customer_by_nature(&self.users.facts(user)) {
                self.pairs.claim(&mut self.users, user, business);
            }
        }
        self.homes = homes;
    }

    /// The pairs that users make by naming a business.
    pub fn claimed(&self) -> impl Iterator<Item = (UserIx, BusinessIx)> + '_ {
        let homes = self.homes.iter().map(|(key, ())| pair_of(&key));
        homes.filter(|(user, _)| self.is_customer_by_nature(&self.users.facts(*user)))
    }
}
