//! Which bookings the answers take out of the application.

use super::{Blueprint, Role};
use crate::domain::conflict::{Choice, Code};
use crate::domain::survey::Survey;

impl Blueprint {
    /// Counts them; once it is known which pairs get no customer.
    pub(super) fn count_departures(&mut self, survey: &Survey) {
        self.count_document_departures(survey);
        let mut departures = std::mem::take(&mut self.departures);
        for (pair, role) in &self.roles {
            if *role != Role::Skipped {
                continue;
            }
            let Some(numbers) = survey.pairs.get(pair.0, pair.1) else {
                continue;
            };
            // Those that stand with a customer already keep it, unless that is replaced.
            let kept = if self.relinks(pair.1) {
                0
            } else {
                numbers.linked
            };
            let left = numbers.bookings.saturating_sub(kept);
            departures.add(Code::AccountAlsoCustomer, Choice::Skip, left);
        }
        self.departures = departures;
    }
}
