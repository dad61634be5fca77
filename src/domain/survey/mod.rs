//! The survey: the read-only pass that counts, pairs users with businesses and finds conflicts. Documents are fed in one at a time, in
//! the order businesses, the documents through which bookings find them, account rows, customers, users, the documents through which
//! bookings find those, bookings; what is kept grows with users and pairs, never with bookings.

mod assigned;
pub mod build;
mod conflicts;
pub mod crowded;
mod existing;
pub mod facts;
mod finder;
mod followed;
mod found;
pub mod groups;
pub mod guests;
mod homes;
mod hop_sources;
mod index_values;
mod named_guests;
mod oldest;
pub mod references;
mod spelled;
pub mod tables;
#[cfg(test)]
pub(crate) mod tests;
pub mod times;
pub mod unique;

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::Code;
use super::customer_id::IdKind;
use super::decision::Contact;
use super::id::Id;
use super::mapping::{Customers, Mapping, NewIds};
use super::rebuilt::{Rebuilt, Role};
use super::reference::{
    AccountNames, AccountPath, BookingPaths, Found, References, Way, find, find_by, find_odd,
};
use crate::domain::map::{Map, Ordered, Set};
use crate::domain::table::{Memory, Table};
pub use facts::{BusinessIx, MemberDigest, Password, UserFacts, UserIx};
use found::{Finder, Joined};
pub use found::{Followed, Of, Stray};
use guests::Guests;
use hop_sources::HopSources;
use smallvec::SmallVec;
pub(in crate::domain) use spelled::{Lengths, SHORTEST_WITHIN};
pub use tables::Pair;
use tables::{Pairs, Users};
use times::Oldest;

/// What is kept of a business.
#[derive(Debug, Clone)]
pub struct Business {
    /// Its `_id`, exactly as stored (the survey's key is its canonical form).
    pub id: Id,
    /// Its name, as stored.
    pub name: String,
    /// Its bookings.
    pub bookings: u64,
}

/// A customer document that this tool did not make.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Its `_id`, exactly as stored.
    pub id: Id,
    /// Its business, where known.
    pub business: Option<BusinessIx>,
    /// The business it names.
    pub names: Option<Id>,
    /// Hash of its e-mail, 0 where there is none.
    pub email: u128,
    /// Hash of its phone number in its normal form, 0 where there is none, or where nobody asks.
    pub phone: u128,
    /// The number's last digits, as those of users.
    pub phone_tail: u32,
    /// Hash of its e-mail exactly as the unique index sees it, 0 where it is no text or empty.
    pub email_exact: u128,
    /// How many of the completeness fields are not blank.
    pub filled: u8,
    /// Creation date; `i64::MAX` where there is none.
    pub created: i64,
    /// Bookings that stand with it.
    pub bookings: u64,
}

/// Everything that a survey knows.
#[derive(Debug)]
pub struct Survey {
    /// The mapping it was made with.
    pub mapping: Mapping,
    /// The database.
    pub database: String,
    /// Users by `_id`.
    pub users: Users,
    /// Businesses by canonical `_id`.
    pub businesses: Ordered<Id, Business>,
    /// Customers that this tool did not make, by canonical `_id`.
    pub existing: Ordered<Id, Existing>,
    /// Pairs.
    pub pairs: Pairs,
    /// Which users' bookings already stand with which existing customer.
    pub linked_users: BTreeSet<(usize, UserIx)>,
    /// Bookings of a known business without a known user, by the value that names nobody.
    pub without_user: BTreeMap<(BusinessIx, Option<Id>), Stray>,
    /// Bookings without a known business, by the value that leads to none.
    pub without_business: BTreeMap<Option<Id>, Stray>,
    /// Bookings whose paths lead to several businesses, by those.
    pub disagreeing: BTreeMap<Vec<BusinessIx>, Stray>,
    /// Bookings of a known business that name several users, by business.
    pub several_users: BTreeMap<BusinessIx, Stray>,
    /// Bookings with a customerId, by business.
    pub already_linked: BTreeMap<BusinessIx, Stray>,
    /// References of another type than their target, by "collection.field".
    pub mismatches: BTreeMap<String, Stray>,
    /// References from elsewhere.
    pub references: references::Referenced,
    /// Users without a password, by how it is absent: missing, null, "".
    pub without_password: [u64; 3],
    /// Bookings that would pass the server's 16 MiB with their new field.
    pub oversize: Vec<Id>,
    /// Bookings in all.
    pub bookings: u64,
    /// Bookings that the mapping's filter keeps out of everything.
    pub outside: u64,
    /// Bookings that stand with an existing customer and name no known user.
    pub linked_without_user: u64,
    /// How bookings find what they refer to.
    finder: Finder,
    /// One for each entry of a followed collection, in the mapping's order.
    pub followed: Vec<Followed>,
    /// Pairs that followed documents make of users who may sign in, unless an answer takes these for account holders.
    may_sign_in: BTreeSet<(UserIx, BusinessIx)>,
    /// There is one business alone.
    one_business: bool,
    /// Users by their e-mail, where documents name them by it; of several with one e-mail the one with the smallest id first.
    by_email: Map<u128, SmallVec<[UserIx; 1]>>,
    /// The business that a user names itself, where the mapping says so.
    to_home: Option<Way<BusinessIx>>,
    homes: Table<()>,
    guests: Guests,
    hop_sources: HopSources,
    oldest: Oldest,
    owner: Option<AccountPath>,
    ours: Set<Id>,
    usual_ids: [u64; 3],
    memory: Memory,
    /// Bookings that a unique index could not hold together once their users share a customer.
    shared: Vec<unique::Shared>,
    /// Unique indexes of customers and users that could not hold all of them.
    crowded: Vec<crowded::Crowded>,
    /// Likewise where contact fields become null.
    crowded_by_null: Vec<crowded::Crowded>,
    /// How contact fields leave the users.
    contact: Contact,
    named_accounts: AccountNames,
    /// E-mails that are arrays: the unique index holds each text in them.
    listed_emails: Map<UserIx, Vec<u128>>,
    /// Users whose e-mails are equal by the collation of the unique index.
    collated: Vec<Vec<UserIx>>,
    /// Hashes of phone numbers, of those users alone whose last digits another customer-to-be of their business has too.
    phones: Map<UserIx, u128>,
    /// Hashes of mailboxes, likewise.
    mailboxes: Map<UserIx, u128>,
    /// The earliest creation date of the bookings of a deleted user at a business.
    since: Map<(UserIx, BusinessIx), i64>,
    /// Bookings that an answer may move to the quarantine, by the kind of their conflict, and what their ids look like; none from there on where
    /// there are too many to look for.
    departing: Map<Id, Code>,
    departing_forms: BTreeSet<references::Form>,
    /// There are too many of those.
    too_many_depart: bool,
    /// Users and businesses whose ids are odd texts, by what they are without that; none where several are one so.
    odd_users: Map<Id, Option<UserIx>>,
    odd_businesses: Map<Id, BusinessIx>,
    /// Customers that were there before and share an e-mail, by `_id`: what refers to them is looked for.
    sharing: Map<Id, usize>,
    /// Why answers give users to no business.
    unassigned: BTreeSet<String>,
    /// Unique indexes of followed collections that hold a reference to users: entry, index.
    unique_references: Vec<(Of, String)>,
}

/// Where a booking stands, before any decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing that it names leads to a business.
    WithoutBusiness {
        /// The value that leads to none.
        names: Option<Id>,
    },
    /// Its paths lead to several businesses.
    Disagrees {
        /// Those, in the order of the paths.
        businesses: Vec<BusinessIx>,
    },
    /// Business and user are known.
    Paired {
        /// The user.
        user: UserIx,
        /// The business.
        business: BusinessIx,
        /// The existing customer of this business that it already names.
        linked: Option<usize>,
    },
    /// The business is known, the user is not.
    WithoutUser {
        /// The business.
        business: BusinessIx,
        /// The value that names nobody.
        names: Option<Id>,
        /// The existing customer of this business that it already names.
        linked: Option<usize>,
    },
}

impl Survey {
    /// Gives up the memory of its tables, for one who needs it more; all can be asked as ever, and takes longer.
    pub fn spill(&mut self) {
        self.users.spill();
        self.pairs.spill();
        self.guests.spill();
        self.homes.spill();
        self.hop_sources.spill();
        self.oldest.spill();
    }

    /// Takes memory again, as far as there is room.
    pub fn reload(&mut self) {
        self.users.reload();
        self.pairs.reload();
        self.guests.reload();
        self.homes.reload();
        self.hop_sources.reload();
        self.oldest.reload();
    }

    /// How bookings find what they refer to.
    pub fn paths(&self) -> &BookingPaths {
        &self.finder.paths
    }

    /// How many services bookings can name.
    pub fn services(&self) -> u64 {
        let services = self.mapping.service.as_ref();
        services.map_or(0, |it| {
            let ways = self.finder.to_business.iter();
            let documents = ways.map(|way| way.documents_of(&it.collection));
            documents.max().unwrap_or_default() as u64
        })
    }

    /// Where a booking stands.
    pub fn standing(&self, refs: &References) -> Standing {
        self.standing_in(Of::Bookings, refs)
    }

    pub(in crate::domain) fn find_user(&self, reference: &Id) -> Option<Found<UserIx>> {
        let odd = |loose: &Id| self.odd_users.get(loose).copied().flatten();
        find_odd(|id| self.users.find(id), odd, reference)
    }

    pub(super) fn find_business(&self, reference: &Id) -> Option<Found<BusinessIx>> {
        let place = |id: &Id| self.businesses.get_index_of(id);
        find_odd(
            place,
            |loose| self.odd_businesses.get(loose).copied(),
            reference,
        )
    }

    fn standing_of(&self, refs: &References, joined: &Joined) -> Standing {
        let Some(business) = joined.business.end else {
            return Standing::WithoutBusiness {
                names: refs.names_business().cloned(),
            };
        };
        if !joined.business.others.is_empty() {
            return Standing::Disagrees {
                businesses: joined.business.ends().copied().collect(),
            };
        }
        let linked = refs
            .customer
            .as_ref()
            .filter(|_| refs.more_customers.is_empty())
            .and_then(|customer| find(&self.existing, customer))
            .map(|found| found.at)
            .filter(|at| self.existing[*at].business == Some(business));
        // Who resolves wins; a guest serves where nobody does.
        match joined.user.end.or_else(|| self.guest_at(refs, business)) {
            Some(user) => Standing::Paired {
                user,
                business,
                linked,
            },
            None => Standing::WithoutUser {
                business,
                names: refs.user.named().cloned(),
                linked,
            },
        }
    }

    /// The `_id` of a user.
    pub fn user_id(&self, user: UserIx) -> Id {
        self.users.id(user)
    }

    /// The businesses where a user has bookings, in the survey's order.
    pub fn businesses_of(&self, user: UserIx) -> SmallVec<[BusinessIx; 2]> {
        let pairs = self.pairs.of(&self.users, user);
        pairs.iter().map(|(business, _)| *business).collect()
    }

    /// The earliest creation date of the bookings of a deleted user at a business, where one has any.
    pub fn booked_since(&self, user: UserIx, business: BusinessIx) -> Option<i64> {
        self.since.get(&(user, business)).copied()
    }

    /// The `_id` of a business, as stored.
    pub fn business_id(&self, business: BusinessIx) -> &Id {
        &self.businesses[business].id
    }

    /// Users whose ids are one in two forms: the id, and the text of it, or two texts that white space and the case of digits tell apart.
    pub fn id_twins(&self) -> Vec<(Id, Id)> {
        let [object_ids, uuids, strings] = self.usual_ids;
        if strings == 0 || object_ids + uuids == 0 && self.odd_users.is_empty() {
            return Vec::new();
        }
        let texts = self.users.iter().map(|(id, _)| id);
        let twin = |id: Id| {
            id.as_str()?;
            let loose = if id.is_odd() { Some(id.loose()) } else { None };
            let text = loose.as_ref().and_then(Id::other_form);
            let others = [id.other_form(), loose, text].into_iter().flatten();
            let mut there = others.filter(|other| self.users.find(other).is_some());
            there.next().map(|other| (other, id))
        };
        texts.filter_map(twin).collect()
    }

    /// True for a customer by nature: by the mapping, or, where it says nothing, whoever holds no account.
    pub fn is_customer_by_nature(&self, facts: &UserFacts) -> bool {
        match self.mapping.user.customers {
            Customers::NoPassword => !facts.account,
            Customers::Everybody | Customers::Filter(_) => facts.by_filter,
        }
    }

    /// The ids of businesses, as stored.
    pub fn ids_of_businesses(&self, businesses: &[BusinessIx]) -> Vec<Id> {
        let ids = businesses.iter().map(|it| self.business_id(*it).clone());
        ids.collect()
    }

    /// The most common type of user ids: what an id takes that has no user to take its type from.
    pub fn usual_kind(&self) -> IdKind {
        if let Some(ids) = self.kind_of_ids() {
            return ids;
        }
        let [object_ids, uuids, strings] = self.usual_ids;
        if object_ids >= uuids && object_ids >= strings {
            IdKind::ObjectId
        } else if uuids >= strings {
            IdKind::Uuid
        } else {
            IdKind::String
        }
    }

    /// The type of new ids, where the mapping says it.
    pub fn kind_of_ids(&self) -> Option<IdKind> {
        self.mapping.customer.ids.map(|ids| match ids {
            NewIds::ObjectId => IdKind::ObjectId,
            NewIds::Uuid => IdKind::Uuid,
            NewIds::String => IdKind::String,
        })
    }

    /// How many documents a rebuilt collection has.
    pub fn documents_in(&self, which: &Rebuilt) -> u64 {
        match which.role() {
            Role::Customers => self.existing.len() as u64,
            Role::Bookings => self.bookings,
            Role::Users => self.user_documents() as u64,
            Role::Followed => {
                let mut entries = self.followed.iter();
                let entry = entries.find(|it| it.collection == which.live());
                entry.map_or(0, |it| it.documents)
            }
            Role::Reshaped => 0, // not surveyed
        }
    }

    /// How many users are account holders.
    pub fn accounts(&self) -> u64 {
        let accounts = self.users.iter().filter(|(_, facts)| facts.account);
        accounts.count() as u64
    }

    /// Users with a pair whose id cannot carry a derived customer id; a reason to refuse.
    pub fn odd_user_ids(&self) -> Vec<Id> {
        let odd: BTreeSet<_> = self
            .pairs
            .keys()
            .map(|(user, _)| self.user_id(user))
            .filter(|id| IdKind::of(id).is_none() && !id.is_whole_number())
            .collect();
        odd.into_iter().collect()
    }
}
