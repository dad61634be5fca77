//! When the oldest booking of a pair was made, where the ids of its users do not say when these were: what dates a customer who has no other date.

use super::Survey;
use super::facts::{BusinessIx, UserIx};
use super::tables::pair_key;
use super::times::{booked, time_in};
use crate::domain::id::Id;
use crate::domain::reference::References;

impl Survey {
    /// Takes the time of a booking of this pair, where the user's id has none.
    pub(super) fn take_time(&mut self, refs: &References, user: UserIx, business: BusinessIx) {
        // Nearly always every user is told by an ObjectId.
        let all_tell = self.usual_ids[0] == self.user_documents() as u64;
        if all_tell && !self.is_guest(user) || self.time_of_user(user).is_some() {
            return;
        }
        if let Some(time) = booked(refs) {
            self.oldest.take((user, business), time);
        }
    }

    fn time_of_user(&self, user: UserIx) -> Option<i64> {
        if self.is_guest(user) {
            return None;
        }
        time_in(&self.user_id(user))
    }

    /// When the oldest of these users, of one customer, was made as their ids say, else the oldest of their bookings at the business.
    pub fn oldest_of(
        &self,
        users: impl Iterator<Item = UserIx> + Clone,
        business: BusinessIx,
    ) -> Option<i64> {
        let of_users = users.clone().filter_map(|user| self.time_of_user(user));
        of_users.min().or_else(|| {
            let pairs = &self.oldest.pairs;
            let of_bookings = users.filter_map(|user| {
                let at = pairs.find(&pair_key(user, business))?;
                Some(pairs.value(at))
            });
            of_bookings.min()
        })
    }

    /// When the oldest booking of a business that names nobody by this value was made.
    pub fn oldest_without_user(&self, business: BusinessIx, names: Option<&Id>) -> Option<i64> {
        let key = (business, names.cloned());
        self.without_user.get(&key)?.oldest
    }
}
