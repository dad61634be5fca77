//! The collections that a migration builds aside and swaps: a list, in the order of their swaps. What is particular to a role stands in the
//! domain: its transform, its indexes, its proof. The engine works over the list.

use super::aside::{Aside, Why};
use super::mapping::{Following, LINKS, Mapping, QUARANTINE, SIDE_PREFIX};
use super::reference::leaving_of;
use super::schema_change::CollectionChange;
use super::text::listed;

/// Where users are looked for that a mapping does not have. Nothing ever makes it.
const NOBODY: &str = "_ringfence_nobody";

/// What a rebuilt collection is to the migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Made from pairs.
    Customers,
    /// Their reference to a user is replaced.
    Bookings,
    /// Copied contact fields leave.
    Users,
    /// Another collection whose reference to a user is replaced.
    Followed,
    /// Nothing but what the after-schema asks.
    Reshaped,
}

/// Collections that are proved and swapped together, under one journal entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// By the cut-over.
    CutOver,
    /// By the clean-up of users.
    CleanUp,
    /// By the step that updates the schema, where that has a swap of its own.
    Schema,
}

impl Group {
    /// With which copies a collection is swapped or renamed that the migration does not rebuild anyway.
    pub fn of(change: &CollectionChange) -> Self {
        if change.own_step {
            Self::Schema
        } else {
            Self::CutOver
        }
    }
}

/// A collection that is rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rebuilt {
    /// Its place in the list.
    place: usize,
    key: String,
    live: String,
    /// What it is called once it is swapped.
    to: String,
    role: Role,
    group: Group,
}

impl Rebuilt {
    /// Its key in the run record.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it is to the migration.
    pub fn role(&self) -> Role {
        self.role
    }

    /// With which others it is proved and swapped.
    pub fn group(&self) -> Group {
        self.group
    }

    /// Its live name.
    pub fn live(&self) -> &str {
        &self.live
    }

    /// Its live name once it is swapped: another one where the after-schema gives it that.
    pub fn to(&self) -> &str {
        &self.to
    }

    fn side(&self, what: &str) -> String {
        format!("{SIDE_PREFIX}{what}_{}", self.live)
    }

    /// The prepared copy's name.
    pub fn next(&self) -> String {
        self.side("next")
    }

    /// The kept original's name.
    pub fn before(&self) -> String {
        self.side("before")
    }

    /// Where the copy goes that was live until its later swap of this number, from 1.
    pub fn old(&self, number: usize) -> String {
        self.side(&format!("old_{number}"))
    }

    /// Where a rollback merges what the application wrote into the original.
    pub fn merged(&self) -> String {
        self.side("merged")
    }

    /// Where what is live goes in the rollback of this run.
    pub fn rolled_back(&self, run: &str) -> String {
        Aside {
            why: Why::RolledBack(run.to_owned()),
            of: self.live.clone(),
        }
        .name()
    }

    /// The side collection that is written with its copy, and proved with it.
    pub fn side_collection(&self) -> Option<String> {
        match self.role {
            Role::Customers => Some(LINKS.to_owned()),
            Role::Bookings => Some(QUARANTINE.to_owned()),
            Role::Users | Role::Reshaped => None,
            Role::Followed => Some(format!("{QUARANTINE}_{}", self.live)),
        }
    }

    /// What of its documents is replaced by a customer's id: of bookings their own reference, then that of each entry that follows the collection.
    pub fn references<'m>(&'m self, mapping: &'m Mapping) -> Vec<&'m Following> {
        let own = match self.role {
            Role::Bookings => Some(&mapping.booking.following),
            Role::Followed => None,
            Role::Customers | Role::Users | Role::Reshaped => return Vec::new(),
        };
        let entries = mapping.entries_of(&self.live);
        own.into_iter().chain(entries.map(|(_, it)| it)).collect()
    }

    /// The fields that leave its documents.
    pub fn leaving(&self, mapping: &Mapping) -> Vec<String> {
        match self.role {
            Role::Customers | Role::Reshaped => Vec::new(),
            Role::Bookings | Role::Followed => {
                let own = self.references(mapping).into_iter();
                own.flat_map(leaves_a_document).collect()
            }
            Role::Users => mapping.user.leaving().map(ToString::to_string).collect(),
        }
    }

    /// True where its documents are made of pairs; all others are made of one original each.
    pub fn is_made_of_pairs(&self) -> bool {
        match self.role {
            Role::Customers => true,
            Role::Bookings | Role::Users | Role::Followed | Role::Reshaped => false,
        }
    }

    /// True where its documents may go to the side collection instead of the copy, so that both must order ids alike.
    pub fn shares_with_side(&self) -> bool {
        self.side_collection().is_some() && !self.is_made_of_pairs()
    }

    /// What its documents have and lack once it is live, for a gate.
    pub fn becomes(&self, mapping: &Mapping) -> Option<String> {
        match self.role {
            Role::Customers | Role::Reshaped => None,
            Role::Bookings | Role::Followed => {
                let of = if self.role == Role::Bookings {
                    "bookings".to_owned()
                } else {
                    format!("documents of {}", self.live)
                };
                let own = self.references(mapping).into_iter();
                let lines: Vec<_> = own.map(|entry| becomes(entry, &of)).collect();
                Some(lines.join("; "))
            }
            Role::Users => Some(format!(
                "{} leave the users whose data was copied",
                self.leaving(mapping).join(", ")
            )),
        }
    }

    /// What its documents are called: one, and several.
    pub fn counted_as(&self) -> (&'static str, &'static str) {
        match self.role {
            Role::Customers => ("customer", "customers"),
            Role::Bookings => ("booking", "bookings"),
            Role::Users => ("user", "users"),
            Role::Followed => ("followed document", "followed documents"),
            Role::Reshaped => ("document", "documents"),
        }
    }

    /// What is said while its copy is made.
    pub fn making(&self) -> &'static str {
        match self.role {
            Role::Customers => "creating customers",
            Role::Bookings => "reassigning bookings",
            Role::Users => "cleaning users",
            Role::Followed => "reassigning followed documents",
            Role::Reshaped => "preparing what the after-schema asks",
        }
    }

    /// What is said while its documents are proved.
    pub fn checking(&self) -> &'static str {
        match self.role {
            Role::Customers => "checking customers and links",
            Role::Bookings => "checking bookings",
            Role::Users => "checking users",
            Role::Followed => "checking followed documents",
            Role::Reshaped => "checking what the after-schema asked",
        }
    }

    /// True where each document is proved beside its original alone; customers and bookings are proved by their account.
    pub fn is_proved_alone(&self) -> bool {
        match self.role {
            Role::Customers | Role::Bookings | Role::Followed => false,
            Role::Users | Role::Reshaped => true,
        }
    }
}

/// The fields that leave a document whose reference is replaced.
fn leaves_a_document(following: &Following) -> Vec<String> {
    let drops = following.drop.iter().map(ToString::to_string);
    let stays = following.keep || following.in_place;
    let reference = (!stays && following.names_users()).then(|| leaving_of(following));
    reference.into_iter().chain(drops).collect()
}

fn becomes(following: &Following, what: &str) -> String {
    let (customer, user) = (&following.customer, leaving_of(following));
    if following.in_place {
        format!("{customer} of {what} then names a customer, where it named a user")
    } else if following.keep {
        format!(
            "{what} then have {customer} and keep {user}, by which they still reach the shared record"
        )
    } else if !following.names_users() {
        format!("{what} then have {customer}; what they say of their guests stays")
    } else {
        format!("{what} then have {customer} and no {user}")
    }
}

/// What the documents of these collections are called: "customers and bookings".
pub fn counted_as(list: &[Rebuilt]) -> String {
    let own = list.iter().filter(|it| it.role != Role::Reshaped);
    listed(own.map(|which| which.counted_as().1))
}

impl Mapping {
    /// The collections that are rebuilt, in the order of their swaps.
    pub fn rebuilt(&self) -> Vec<Rebuilt> {
        let mut list = vec![self.customers(), self.bookings()];
        list.extend(self.has_users().then(|| self.users()));
        list.extend(self.followed());
        list.extend(self.reshaped());
        list
    }

    fn name_after(&self, live: &str) -> String {
        let changes = self.changes();
        changes.map_or(live, |it| it.name_after(live)).to_owned()
    }

    /// Collections that are rebuilt for the after-schema alone.
    fn reshaped(&self) -> Vec<Rebuilt> {
        let mut own = vec![self.customers(), self.bookings(), self.users()];
        own.extend(self.followed());
        let changes = self.changes().into_iter().flat_map(|it| &it.collections);
        let others = changes.filter(|(live, change)| {
            change.copy && own.iter().all(|it| it.live() != live.as_str())
        });
        let reshaped = others.enumerate().map(|(at, (live, change))| Rebuilt {
            place: own.len() + at,
            key: format!("schema {}", live.replace('.', "%2E").replace('$', "%24")),
            live: live.clone(),
            to: change.to.clone(),
            role: Role::Reshaped,
            group: Group::of(change),
        });
        reshaped.collect()
    }

    /// Collections that only get another name from the after-schema: the name of today, and the new one.
    pub fn renamed_only(&self) -> Vec<(String, String)> {
        let Some(changes) = self.changes() else {
            return Vec::new();
        };
        let rebuilt = self.rebuilt();
        let others = changes.collections.iter().filter(|(live, change)| {
            change.to != **live && rebuilt.iter().all(|it| it.live() != live.as_str())
        });
        others
            .map(|(live, change)| (live.clone(), change.to.clone()))
            .collect()
    }

    /// Those of them that get it together with the copies of a group.
    pub fn renamed_only_in(&self, group: Group) -> Vec<(String, String)> {
        let mut names = self.renamed_only();
        names.retain(|(live, _)| {
            let change = self.changes().and_then(|it| it.of(live));
            change.is_some_and(|it| Group::of(it) == group)
        });
        names
    }

    /// Everything that the after-schema asks in a step of its own, by the name of today.
    pub fn asked_of_own_step(&self) -> Vec<&str> {
        let changes = self.changes().into_iter().flat_map(|it| &it.collections);
        let own = changes.filter(|(_, change)| change.own_step);
        own.map(|(live, _)| live.as_str()).collect()
    }

    /// The followed collections, each once.
    pub fn followed(&self) -> Vec<Rebuilt> {
        let names = self.followed_collections().into_iter().enumerate();
        let rebuilt = names.map(|(at, live)| Rebuilt {
            place: 3 + at,
            key: format!("followed-{at}"),
            live: live.to_owned(),
            to: self.name_after(live),
            role: Role::Followed,
            group: Group::CutOver,
        });
        rebuilt.collect()
    }

    /// Those of one group, in the order of their swaps.
    pub fn rebuilt_in(&self, group: Group) -> Vec<Rebuilt> {
        let mut list = self.rebuilt();
        list.retain(|it| it.group == group);
        list
    }

    /// The customers.
    pub fn customers(&self) -> Rebuilt {
        Rebuilt {
            place: 0,
            key: "customer".to_owned(),
            live: self.customer.collection.clone(),
            to: self.name_after(&self.customer.collection),
            role: Role::Customers,
            group: Group::CutOver,
        }
    }

    /// The bookings.
    pub fn bookings(&self) -> Rebuilt {
        Rebuilt {
            place: 1,
            key: "booking".to_owned(),
            live: self.booking.collection.clone(),
            to: self.name_after(&self.booking.collection),
            role: Role::Bookings,
            group: Group::CutOver,
        }
    }

    /// The users; where the mapping has none, a collection that there never is, in which whoever reads finds nobody.
    pub fn users(&self) -> Rebuilt {
        Rebuilt {
            place: 2,
            key: "user".to_owned(),
            live: if self.has_users() {
                self.user.collection.clone()
            } else {
                NOBODY.to_owned()
            },
            to: self.name_after(&self.user.collection),
            role: Role::Users,
            group: Group::CleanUp,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;

    #[test]
    fn the_list_has_every_collection_once_and_names_that_tell_them_apart() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let list = mapping.rebuilt();
        let live: Vec<_> = list.iter().map(Rebuilt::live).collect();
        assert_eq!(live, ["Customer", "Booking", "User"]);
        assert_eq!(mapping.bookings().next(), "_ringfence_next_Booking");
        assert_eq!(mapping.rebuilt_in(Group::CutOver).len(), 2);
        for one in &list {
            assert_eq!(list.iter().filter(|it| it.key() == one.key()).count(), 1);
        }
    }
}
