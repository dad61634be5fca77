//! Taking the documents of a followed entry: whose they are, which pairs they make, and what of them needs a decision.

use bson::raw::RawDocument;

use super::build::BookingRead;
use super::facts::{BusinessIx, UserIx};
use super::found::{Joined, Of};
use super::{Standing, Survey};
use crate::domain::index_plan::{name_of, names_field};
use crate::domain::mapping::Customers;
use crate::domain::reference::References;

impl Survey {
    /// Takes documents of the entry at this place. After all bookings.
    pub fn take_followed(&mut self, at: usize, documents: &[BookingRead]) {
        for document in documents {
            let joined = self.joined(Of::Entry(at), &document.refs);
            self.take_followed_one(at, document, &joined);
        }
    }

    fn take_followed_one(&mut self, at: usize, document: &BookingRead, joined: &Joined) {
        let refs = &document.refs;
        let paths = self.paths_of(Of::Entry(at));
        let (in_place, listed) = (paths.is_in_place(), paths.is_list());
        let ours = refs.customer.as_ref();
        let is_ours = ours.is_some_and(|customer| self.ours.contains(&customer.canonical()));
        let Some(entry) = self.followed.get_mut(at) else {
            return;
        };
        entry.documents += 1;
        if document.outside {
            entry.outside += 1;
            return;
        }
        if document.large {
            entry.oversize.extend(refs.id.clone());
        }
        if (refs.user.named().is_none() || in_place) && is_ours {
            return; // migrated by an earlier run
        }
        self.reference_mismatches(Of::Entry(at), refs, joined);
        if joined.user.end.is_none()
            && joined.business.others.is_empty()
            && let Some(business) = joined.business.end
        {
            self.take_guest(Of::Entry(at), refs, document.guest.as_ref(), business);
        }
        match self.standing_of(refs, joined) {
            Standing::WithoutBusiness { names } => {
                let strays = &mut self.followed[at].without_business;
                strays.entry(names).or_default().take(refs);
            }
            Standing::Disagrees { businesses } => {
                let strays = &mut self.followed[at].disagreeing;
                strays.entry(businesses).or_default().take(refs);
            }
            Standing::Paired {
                user,
                business,
                linked,
            } => {
                self.take_followed_link(at, refs, business, linked.is_some());
                let mut pairs = 0;
                let others = joined.user.ends().copied().filter(|other| *other != user);
                for user in std::iter::once(user).chain(others) {
                    pairs += usize::from(self.take_followed_user(user, business));
                    if let Some(customer) = linked {
                        self.linked_users.insert((customer, user));
                    }
                }
                let entry = &mut self.followed[at];
                if !joined.user.others.is_empty() && !listed {
                    let strays = &mut entry.several_users;
                    strays.entry(business).or_default().take(refs);
                }
                entry.with_account += u64::from(pairs == 0 && linked.is_none());
            }
            Standing::WithoutUser {
                business,
                names,
                linked,
            } => {
                self.take_followed_link(at, refs, business, linked.is_some());
                if linked.is_none() {
                    let strays = &mut self.followed[at].without_user;
                    strays.entry((business, names)).or_default().take(refs);
                }
            }
        }
    }

    fn take_followed_link(
        &mut self,
        at: usize,
        refs: &References,
        business: BusinessIx,
        linked: bool,
    ) {
        let in_place = self.paths_of(Of::Entry(at)).is_in_place();
        if refs.customer.is_some() && (linked || !in_place) {
            let strays = &mut self.followed[at].already_linked;
            strays.entry(business).or_default().take(refs);
        }
    }

    /// The pair that a followed document of this user makes, or finds; false where there is none.
    fn take_followed_user(&mut self, user: UserIx, business: BusinessIx) -> bool {
        let facts = self.users.facts(user);
        if self.pairs.is_found(user, business) {
            return true;
        }
        if !self.is_customer_by_nature(&facts) {
            return false;
        }
        let asked = self.mapping.user.customers == Customers::NoPassword && facts.verified;
        if asked {
            self.may_sign_in.insert((user, business));
            return false;
        }
        self.pairs.take_unbooked(&mut self.users, user, business);
        true
    }

    /// True for a user whose followed documents would make a pair, if the user were a customer by nature in spite of the evidence.
    pub(super) fn may_be_a_customer(&self, user: UserIx) -> bool {
        let mut pairs = self.may_sign_in.range((user, 0)..=(user, BusinessIx::MAX));
        pairs.next().is_some()
    }

    /// Takes an index of bookings or of a followed collection: a unique one that holds a reference, which some documents may keep.
    pub fn take_followed_index(&mut self, collection: &str, index: &RawDocument) {
        let unique = index.get_bool("unique").unwrap_or(false);
        let partial = index.get_document("partialFilterExpression").is_ok();
        let Some(key) = index
            .get_document("key")
            .ok()
            .filter(|_| unique && !partial)
        else {
            return;
        };
        let bookings = [(Of::Bookings, &self.mapping.booking.following)];
        let entries = self.mapping.follow.iter().enumerate();
        let entries = entries.map(|(at, entry)| (Of::Entry(at), entry));
        for (of, following) in bookings.into_iter().chain(entries) {
            let names_users = following.names_users() && following.collection == collection;
            if names_users && names_field(key, &following.user_text()) {
                let found = (of, name_of(index).to_owned());
                self.unique_references.push(found);
            }
        }
    }

    /// Unique indexes that hold a reference to users: whose, and the index.
    pub fn unique_references(&self) -> &[(Of, String)] {
        &self.unique_references
    }

    /// True where this pair is known: of bookings, of followed documents, or by an answer.
    pub fn is_pair(&self, user: UserIx, business: BusinessIx) -> bool {
        self.pairs.get(user, business).is_some()
    }
}
