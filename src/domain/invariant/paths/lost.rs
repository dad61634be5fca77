//! Ways to a business that the migration itself takes away, since they lead over a reference to a user that leaves or becomes another: `userId >
//! User.salonId`. Such a way is followed in the originals; whose a live document is, its customer alone says.

use super::ProofPaths;
use crate::domain::invariant::Ledger;
use crate::domain::mapping::path::{FieldPath, ReferencePath};
use crate::domain::mapping::{Following, Mapping};

impl Ledger {
    /// True where documents like those looked at may have no way to a business any more.
    pub(in crate::domain::invariant) fn loses_its_way(&self) -> bool {
        let (mapping, own) = (&self.mapping, self.paths());
        let mut ways = own.businesses.iter();
        ways.any(|way| is_lost(mapping, own, way))
    }
}

fn is_lost(mapping: &Mapping, own: &ProofPaths, way: &ReferencePath) -> bool {
    let begins_so = !own.keeps() && way.start == own.user.start;
    let all = || std::iter::once(&mapping.booking.following).chain(&mapping.follow);
    let goes_over = |collection: &str, field: &FieldPath| {
        let mut of_it = all().filter(|it| it.collection == collection);
        of_it.any(|it| changing(it) == Some(field))
    };
    let mut hops = way.hops.iter();
    begins_so
        || hops.any(|hop| {
            let by = hop.by.iter().any(|by| goes_over(&hop.collection, by));
            by || goes_over(&hop.collection, &hop.then)
        })
}

/// The field of a document in which its user does not stand afterwards.
fn changing(following: &Following) -> Option<&FieldPath> {
    following.user_start().filter(|_| !following.keep)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;

    fn is_lost_in(business: &str, more: &str) -> bool {
        let booking = format!("customer = \"customerId\"\nbusiness = {business}\n{more}");
        let text = DEFAULT.replacen("customer = \"customerId\"", &booking, 1);
        let mapping = Mapping::parse(&text).unwrap();
        let own = ProofPaths::of(&mapping);
        let mut ways = own.businesses.iter();
        ways.any(|way| super::is_lost(&mapping, &own, way))
    }

    #[test]
    fn a_way_over_the_reference_that_leaves_is_lost_and_no_other() {
        assert!(is_lost_in("\"userId > User.salonId\"", ""));
        assert!(is_lost_in(
            "[\"salonId\", \"parentId > Booking.userId > User.salonId\"]",
            ""
        ));
        assert!(!is_lost_in("\"userId > User.salonId\"", "keep = true"));
        assert!(!is_lost_in("\"serviceId > Service.businessId\"", ""));
    }
}
