//! How long the steps from the copies on will take, and what the copies take on disk: told from a trial on a part of the bookings, and held
//! against what came.

use std::collections::BTreeMap;

use super::checklist::Step;
use super::number::{grouped, megabytes};
use super::run::{Millis, RunRecord};
pub use super::trial::{Estimate, ForecastRecord, Sizes, Trial};

impl Trial {
    /// How long each step that is forecast should take, by its word.
    pub fn steps(&self, sizes: Sizes, sees_log: bool) -> BTreeMap<String, Millis> {
        let estimate = Estimate::new(*self, sizes, sees_log);
        let forecast = Step::ALL.iter().map(|step| step.row());
        forecast
            .filter_map(|row| Some((row.word.to_owned(), row.lasts?(&estimate))))
            .collect()
    }
}

/// What is still to come, or how it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    trial: Trial,
    /// How long the steps with a forecast should take together, in milliseconds.
    pub expected: Millis,
    /// How long they took, once all are done.
    pub took: Option<Millis>,
    /// How long those should take that are not done yet.
    pub left: Millis,
    /// What the copies should take on disk, in bytes.
    pub disk: u64,
    /// What they took.
    pub disk_took: Option<u64>,
}

impl Forecast {
    /// That of `run`; `None` before the customers are made, and where there are so few bookings that no trial was made.
    pub fn of(run: &RunRecord) -> Option<Self> {
        let record = run.forecast.as_ref()?;
        let lasted = |step: Step| {
            let record = run.step(step).filter(|_| run.is_done(step))?;
            Some((record.ended - record.started).max(0))
        };
        let steps: Vec<(Option<Millis>, Millis)> = Step::ALL
            .iter()
            .filter_map(|step| Some((lasted(*step), *record.steps.get(step.word())?)))
            .collect();
        Some(Self {
            trial: record.trial,
            expected: steps.iter().map(|(_, expected)| expected).sum(),
            took: steps.iter().map(|(took, _)| *took).sum(),
            left: steps
                .iter()
                .filter(|(took, _)| took.is_none())
                .map(|(_, expected)| expected)
                .sum(),
            disk: record.disk,
            disk_took: record.disk_took,
        })
    }

    /// In words.
    pub fn words(&self) -> String {
        let seconds = |it: Millis| format!("{:.1} s", it as f64 / 1000.0);
        let trial = format!("a trial on {} bookings", grouped(self.trial.documents));
        let Some(took) = self.took else {
            return format!(
                "this and the steps after it, up to verify, take about {} (ringfence's share, estimated from {trial})",
                seconds(self.left)
            );
        };
        let disk = self.disk_took.map_or_else(String::new, |bytes| {
            format!(
                "; the copies took {} MB on the server's disk, as far as it had written them; the forecast was {} MB",
                grouped(megabytes(bytes)),
                grouped(megabytes(self.disk))
            )
        });
        format!(
            "{} to {} took {}; the forecast was {}, estimated from {trial}{disk}",
            Step::CreateCustomers.title(),
            Step::Verify.title(),
            seconds(took),
            seconds(self.expected)
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::checklist::State;
    use crate::domain::run::StepRecord;
    use crate::domain::trial::RENAMES;

    const TRIAL: Trial = Trial {
        documents: 1_000,
        copied: 10_000,
        indexed: 2_000,
        compared: 3_000,
    };
    const SIZES: Sizes = Sizes {
        bookings: 100_000,
        users: 20_000,
        customers: 10_000,
    };

    #[test]
    fn each_step_is_told_from_what_it_does_to_how_many_documents() {
        let steps = TRIAL.steps(SIZES, true);
        assert_eq!(steps["customers"], 15 + 200 + 20);
        assert_eq!(steps["bookings"], 1_000 + 200);
        assert_eq!(steps["prove"], 300 + 60 + 200 + 40 + 60);
        assert_eq!(steps["cut-over"], RENAMES);
        let blind = TRIAL.steps(SIZES, false);
        assert_eq!(blind["cut-over"], RENAMES + 2 * 360);
    }

    #[test]
    fn what_is_left_is_told_and_in_the_end_held_against_what_came() {
        let mut run = RunRecord::just_begun();
        assert_eq!(Forecast::of(&run), None);
        run.forecast = Some(ForecastRecord {
            trial: TRIAL,
            steps: TRIAL.steps(SIZES, true),
            disk: 5_000_000,
            disk_took: Some(4_000_001),
        });
        let begun = Forecast::of(&run).unwrap();
        assert_eq!((begun.left, begun.took), (begun.expected, None));
        for word in run.forecast.clone().unwrap().steps.into_keys() {
            let (state, says) = (State::Done, String::new());
            let record = StepRecord {
                state,
                says,
                started: 1_000,
                ended: 1_500,
            };
            run.steps.insert(word, record);
        }
        let done = Forecast::of(&run).unwrap();
        assert_eq!((done.left, done.took), (0, Some(6 * 500)));
        assert_eq!(
            done.words(),
            "Create customers to Verify took 3.0 s; the forecast was 3.1 s, estimated from a trial on 1,000 bookings; the copies took 5 MB on the server's disk, as far as it had written them; the forecast was 5 MB"
        );
    }
}
