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
            let code = match role {
                Role::Skipped => self.skipped.get(&pair.0),
                Role::Own if self.is_stand_in(pair.0) => Some(&Code::DeletedUser),
                _ => None,
            };
            let Some(code) = code else { continue };
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
            let choice = if *role == Role::Skipped {
                Choice::Skip
            } else {
                Choice::Placeholder
            };
            departures.add(*code, choice, left);
        }
        for ((code, place), references) in &survey.references.bookings {
            departures.refer(*code, place, *references);
        }
        self.departures = departures;
    }
}
