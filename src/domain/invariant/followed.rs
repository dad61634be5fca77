//! What the proof says of several collections of documents, one after the other: bookings first, then those of each followed entry. Who is a
//! customer by nature is told here anew.

use std::fmt::Write;

use bson::raw::RawDocument;

use super::names::Number;
use super::rows::{Pair, pair_key};
use super::{Ledger, LeftAllowed};
use crate::domain::id::Id;
use crate::domain::mapping::Customers;
use crate::domain::mapping::path::FieldPath;
use crate::domain::number::{counted, grouped};
use crate::domain::raw::kind;

impl Ledger {
    /// From here on documents of this followed entry are taken. After the bookings, whose account is closed.
    pub fn turn_to(&mut self, entry: usize) {
        self.close_documents();
        self.of = entry + 1;
        self.what = format!("document of {}", self.mapping.entry_name(entry));
    }

    /// The same without an account of what was taken before, for a look at what is live alone.
    pub fn look_at(&mut self, entry: usize) {
        (self.bookings, self.linked, self.left, self.outside) = (0, 0, 0, 0);
        self.of = entry + 1;
        self.what = format!("document of {}", self.mapping.entry_name(entry));
    }

    /// What may be left of the documents that are taken now.
    pub(super) fn allowed(&self) -> LeftAllowed {
        self.allowed.get(self.of).copied().unwrap_or_default()
    }

    /// True while documents of a followed entry are taken.
    pub(super) fn is_following(&self) -> bool {
        self.of > 0
    }

    /// The bookings' collection, or the entry whose documents are taken now.
    fn named(&self) -> String {
        match self.of.checked_sub(1) {
            None => self.mapping.booking.collection.clone(),
            Some(entry) => self.mapping.entry_name(entry),
        }
    }

    /// Closes the account of the documents that were taken.
    pub(super) fn close_documents(&mut self) {
        let take = |count: &mut u64| std::mem::take(count);
        let all = take(&mut self.bookings);
        let (linked, quarantined) = (take(&mut self.linked), take(&mut self.quarantined));
        let (left, outside) = (take(&mut self.left), take(&mut self.outside));
        let with_account = take(&mut self.with_account);
        let name = match self.of.checked_sub(1) {
            None => "bookings".to_owned(),
            Some(entry) => format!("documents of {}", self.mapping.entry_name(entry)),
        };
        let mut words = format!(
            "{name} {} = linked {} + quarantined {} + left by decision {}",
            grouped(all),
            grouped(linked),
            grouped(quarantined),
            grouped(left)
        );
        // Writing to a String cannot fail.
        if self.is_following() {
            let _ = write!(words, " + left with an account {}", grouped(with_account));
        }
        if self.is_following() || self.mapping.booking.following.filter.is_some() {
            let _ = write!(words, " + outside the filter {}", grouped(outside));
        }
        let since = take(&mut self.since);
        if self.is_following() {
            let of = self.named();
            let [one, many] = ["document", "documents"].map(|it| format!("{it} of {of}"));
            self.note_since(since, [&one, &many]);
        } else {
            self.note_since(since, ["booking", "bookings"]);
        }
        let right = linked + quarantined + left + with_account + outside;
        self.equation(&words, all, right);
        self.closed.push(words);
    }

    /// Notes how much came since the cut-over, with nothing wrong.
    pub(super) fn note_since(&mut self, count: u64, [one, many]: [&str; 2]) {
        if count > 0 {
            let what = counted(count, one, many);
            let says = format!("{what} came since the cut-over, with nothing wrong");
            self.notes.push(says);
        }
    }

    /// The fields of users that say who is a customer by nature, where followed documents ask for it.
    pub(super) fn signs_of_nature(&self) -> Vec<String> {
        if self.mapping.follow.is_empty() {
            return Vec::new();
        }
        let user = &self.mapping.user;
        let tops = |paths: &mut dyn Iterator<Item = &FieldPath>| -> Vec<String> {
            paths.map(|path| path.top().to_owned()).collect()
        };
        match &user.customers {
            Customers::Everybody => Vec::new(),
            Customers::Filter(filter) => tops(&mut filter.fields()),
            Customers::NoPassword => tops(&mut user.passwords.iter()),
        }
    }

    pub(super) fn take_nature(&mut self, id: &Id, user: &RawDocument) {
        if self.mapping.follow.is_empty() {
            return;
        }
        let role = &self.mapping.user;
        let by_nature = match &role.customers {
            Customers::Everybody => true,
            Customers::Filter(filter) => filter.lets_in(user),
            Customers::NoPassword => !role.passwords.iter().any(|path| {
                let value = path.value(user).filter(|value| value.kind != kind::NULL);
                value.is_some_and(|value| value.as_str() != Some(""))
            }),
        };
        if !by_nature && let Some(number) = self.users.known(id) {
            self.not_by_nature.insert(number);
        }
    }

    /// Says that somebody is named as an account holder: no customer by nature, where passwords tell that. After the users.
    pub fn holds_an_account(&mut self, user: &Id) {
        if self.mapping.user.customers == Customers::NoPassword
            && !self.mapping.follow.is_empty()
            && let Some(number) = self.users.known(user)
        {
            self.not_by_nature.insert(number);
        }
    }

    /// Where account holders are named: collection and field.
    pub fn names_account_holders(&self) -> Vec<(String, FieldPath)> {
        if self.mapping.follow.is_empty() {
            return Vec::new();
        }
        let rows = self.mapping.accounts.iter();
        let rows = rows.map(|row| (row.collection.clone(), row.user.start.clone()));
        let business = &self.mapping.business;
        let owners = business.owner.iter().flat_map(|owner| {
            let collections = business.collections.iter();
            collections.map(|it| (it.clone(), owner.start.clone()))
        });
        rows.chain(owners).collect()
    }

    /// Takes a document that names account holders in `field`.
    pub fn names_holders(&mut self, document: &RawDocument, field: &FieldPath) {
        for value in super::paths::values(field, document) {
            self.holds_an_account(&Id::from_value(value));
        }
    }

    /// True for a followed document that stays with its user's account: the user is no customer by nature and has no pair at the business.
    pub(super) fn stays_with_account(&self, user: Number, business: Number) -> bool {
        self.is_following()
            && self.not_by_nature.contains(&user)
            && self.pairs.find(&pair_key((user, business))).is_none()
    }

    /// A pair that must have a customer, whichever document points at it.
    pub(super) fn expect_pair(&mut self, user: Number, business: Number) {
        if !self.stays_with_account(user, business) {
            let pair = Pair {
                customer: None,
                linked: true,
            };
            let key = pair_key((user, business));
            self.pairs.insert(&key, &pair);
            self.assigned.insert(&key, &false);
        }
    }

    /// The others of several users: each makes a pair.
    pub(super) fn expect_others(&mut self, users: &[Number], business: Option<Number>) {
        for user in users.iter().skip(1) {
            if let Some(business) = business {
                self.expect_pair(*user, business);
            }
        }
    }

    /// The others of several users of a document that points at the first one's customer: the links keep who they are.
    pub(super) fn several_users(&mut self, id: &Id, users: &[Number], business: Option<Number>) {
        if users.len() < 2 {
            return;
        }
        self.expect_others(users, business);
        let noted = self.several.remove(&(self.named(), id.canonical()));
        let noted = noted.unwrap_or_default();
        let known: Vec<_> = noted.iter().filter_map(|it| self.users.known(it)).collect();
        if known != users[1..] {
            self.wrong(
                id,
                format!(
                    "{} {id} named several users, and the links do not keep the others",
                    self.what
                ),
            );
        }
    }

    /// Notes of several users that no document speaks for.
    pub(super) fn every_note_is_of_a_document(&mut self) {
        let left = std::mem::take(&mut self.several);
        for (collection, id) in left.into_keys() {
            let says = format!(
                "a link keeps other users of document {id} of {collection}, which names one"
            );
            self.wrong(&id, says);
        }
    }
}
