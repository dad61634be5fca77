//! Who would retire and who would stay, as far as a survey can tell: it has looked for references in large collections by samples only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fates::Fates;
use crate::domain::blueprint::Blueprint;
use crate::domain::number::{counted, grouped};
use crate::domain::survey::Survey;
use crate::domain::text::named;

/// The numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetireForecast {
    /// At most so many would leave the users.
    pub at_most: u64,
    /// Without a password, and may sign in all the same.
    pub may_sign_in: u64,
    /// Without a password and without a booking.
    pub no_booking: u64,
    /// Without a password; some booking of theirs has no customer, by decision.
    pub left: u64,
    /// References to users who become customers, as far as they were found, by "collection.path".
    pub referring: BTreeMap<String, u64>,
}

impl RetireForecast {
    /// By what the survey knows.
    pub fn of(survey: &Survey, blueprint: &Blueprint) -> Self {
        let counts = Fates::new(survey, blueprint).counts();
        let referring = survey.referenced().into_iter();
        Self {
            at_most: counts.going,
            may_sign_in: counts.may_sign_in,
            no_booking: counts.no_booking,
            left: counts.left,
            referring: referring
                .map(|(path, stray)| (path, stray.bookings))
                .collect(),
        }
    }

    /// For people, line by line.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "retiring customer users (`plan --retire-users`): at most {} would leave; without a password stay: no booking {}, may sign in {}, a booking left by decision {}, and whoever is referred to",
            counted(self.at_most, "user", "users"),
            grouped(self.no_booking),
            grouped(self.may_sign_in),
            grouped(self.left)
        )];
        if !self.referring.is_empty() {
            let list = self.referring.iter();
            let list = list.map(|(path, count)| format!("{} {count}", named(path)));
            lines.push(format!(
                "references that keep users, as far as the survey looked (`plan --retire-users` reads all): {}",
                list.collect::<Vec<_>>().join(", ")
            ));
        }
        lines
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "atMost": self.at_most, "maySignIn": self.may_sign_in, "noBooking": self.no_booking,
            "left": self.left, "referring": self.referring,
        })
    }
}
