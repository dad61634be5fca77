//! A reference that names a user over another document leaves with the user, unless it is kept. Where it is the reference to a booking, a service
//! or a business, or where another key goes by it, the application would lose that too.

use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{BadMapping, BusinessReference, Following, Mapping, UserReference};

impl Mapping {
    pub(super) fn ways_that_leave(&self, found: &mut Vec<BadMapping>) {
        self.way_that_leaves("booking", &self.booking.following, found);
        for (at, entry) in self.follow.iter().enumerate() {
            self.way_that_leaves(&format!("follow.{at}"), entry, found);
        }
    }

    fn way_that_leaves(&self, section: &str, of: &Following, found: &mut Vec<BadMapping>) {
        let Some(UserReference::Path(path)) = of.user.as_ref().filter(|_| !of.keep) else {
            return;
        };
        let Some(first) = path.hops.first() else {
            return;
        };
        let key = format!("{section}.user");
        let start = &path.start;
        let what = match self.what_it_is(&first.collection) {
            Some(what) => Some(format!(
                "is a reference to {what} ({}), and would leave {} together with the user",
                first.collection, of.collection
            )),
            None => self.alone_elsewhere(section, of, start).map(|other| {
                format!(
                    "is {other} too ({}), and would leave {} together with the user",
                    self.place(&other),
                    of.collection
                )
            }),
        };
        if let Some(what) = what {
            found.push(self.bad(
                &key,
                format!(
                    "{key}: `{start}` {what}. Say keep = true in this section, and it stays; or name a field that holds the user alone"
                ),
            ));
        }
    }

    /// What documents of a collection are that no user's profile is.
    fn what_it_is(&self, collection: &str) -> Option<&'static str> {
        let service = self.service.as_ref().map(|it| it.collection.as_str());
        if collection == self.user.collection {
            None
        } else if collection == self.booking.collection {
            Some("a booking")
        } else if service == Some(collection) {
            Some("a service")
        } else if self.business.collections.iter().any(|it| it == collection) {
            Some("a business")
        } else {
            None
        }
    }

    /// The other key that names this field alone.
    fn alone_elsewhere(&self, section: &str, of: &Following, start: &FieldPath) -> Option<String> {
        if let BusinessReference::Paths(paths) = &of.business {
            let mut paths = paths.iter();
            if paths.any(|path| path.hops.is_empty() && path.start == *start) {
                return Some(format!("{section}.business"));
            }
        }
        let service = self.booking.service.as_ref();
        let service = service.filter(|path| section == "booking" && path.start == *start);
        service.map(|_| "booking.service".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use crate::domain::mapping::{DEFAULT, Mapping};

    #[test]
    fn a_reference_to_a_booking_a_service_or_a_business_never_leaves_with_the_user() {
        let payments = "[[follow]]\ncollection = \"Payment\"\nto = \"customerId\"\nbusiness = \"shopId\"\nuser = ";
        let found = |text: &str| Mapping::parse(text).unwrap().broken_rules();
        for (user, says) in [
            (
                "bookingId > Booking.userId",
                Some("`bookingId` is a reference to a booking"),
            ),
            ("serviceId > Service.byId", Some("a reference to a service")),
            (
                "shopId > Business.ownerId",
                Some("a reference to a business"),
            ),
            (
                "shopId > Place.ownerId",
                Some("`shopId` is follow.0.business too"),
            ),
            ("profileId > Profile.userId", None),
            ("userName > User(userName)._id", None),
        ] {
            let text = format!("{DEFAULT}\n{payments}\"{user}\"\n");
            let first = found(&text).first().map(|bad| bad.why.clone());
            match (says, &first) {
                (Some(says), Some(why)) => assert!(why.contains(says), "{why}"),
                (None, None) => {}
                (says, why) => panic!("{user}: {says:?} {why:?}"),
            }
            assert!(found(&(text + "keep = true\n")).is_empty(), "{user}");
        }
    }
}
