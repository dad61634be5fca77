//! A running job's rate and time left, out of progress that arrives now and then. Never says 100 % before the job has ended.

use std::collections::VecDeque;
use std::time::Duration;

use super::message::Job;
use crate::domain::checklist::Progress;

/// The rate is taken over this stretch, so that it follows a slowdown and does not jump with every batch.
const STRETCH: Duration = Duration::from_secs(5);

/// Between two rates of the sparkline.
const BEAT: Duration = Duration::from_secs(1);
/// Rates that are kept.
const RATES: usize = 120;

/// The job that runs.
#[derive(Debug)]
pub struct Running {
    /// Which one.
    pub job: Job,
    /// When it began, since the console opened.
    pub began: Duration,
    /// How far it is.
    pub progress: Progress,
    /// The operator asked it to end; it does so between two batches.
    pub cancelling: bool,
    samples: VecDeque<(Duration, u64)>,
    /// The rate, second by second, the newest last.
    rates: VecDeque<u64>,
    rated: Duration,
}

impl Running {
    /// A job that begins now.
    pub fn new(job: Job, now: Duration) -> Self {
        Self {
            job,
            began: now,
            progress: Progress::default(),
            cancelling: false,
            samples: VecDeque::new(),
            rates: VecDeque::new(),
            rated: now,
        }
    }

    /// The rate, second by second, the newest last.
    pub fn rates(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.rates.iter().copied()
    }

    /// True while it writes nothing because the operator said so.
    pub fn is_paused(&self) -> bool {
        self.progress.slow == "paused"
    }

    /// Takes the newest progress.
    pub fn take(&mut self, progress: Progress, now: Duration) {
        let other = progress.doing != self.progress.doing || progress.done < self.progress.done;
        if other {
            self.samples.clear();
        }
        self.samples.push_back((now, progress.done));
        while self.samples.len() > 2
            && self
                .samples
                .get(1)
                .is_some_and(|(at, _)| now.saturating_sub(*at) >= STRETCH)
        {
            self.samples.pop_front();
        }
        self.progress = progress;
        if now.saturating_sub(self.rated) >= BEAT {
            self.rated = now;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive
            let rate = self.rate().map_or(0, |rate| rate as u64);
            if self.rates.len() == RATES {
                self.rates.pop_front();
            }
            self.rates.push_back(rate);
        }
    }

    /// Units a second, once that can be told.
    pub fn rate(&self) -> Option<f64> {
        if self.is_paused() {
            return None;
        }
        let (first, from) = self.samples.front()?;
        let (last, to) = self.samples.back()?;
        let seconds = last.saturating_sub(*first).as_secs_f64();
        (seconds >= 0.2 && to > from).then(|| (to - from) as f64 / seconds)
    }

    /// Time left, once that can be told.
    pub fn left(&self) -> Option<Duration> {
        let rest = self.progress.total.checked_sub(self.progress.done)?;
        if self.progress.total == 0 {
            return None;
        }
        Duration::try_from_secs_f64(rest as f64 / self.rate()?).ok()
    }

    /// Whole percents, at most 99; `None` while the total is unknown.
    pub fn percent(&self) -> Option<u64> {
        let Progress { done, total, .. } = &self.progress;
        (*total > 0)
            .then(|| (u128::from(*done) * 100 / u128::from(*total)).min(99))
            .and_then(|percent| u64::try_from(percent).ok())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::checklist::Step;

    fn at(doing: &str, done: u64, total: u64) -> Progress {
        Progress {
            doing: doing.into(),
            done,
            total,
            slow: String::new(),
        }
    }

    #[test]
    fn the_rate_and_the_time_left_follow_the_last_seconds() {
        let mut running = Running::new(Job::Step(Step::ReassignBookings), Duration::ZERO);
        assert_eq!(running.left(), None);
        for second in 0..=10u64 {
            running.take(
                at("copying", second * 100, 2000),
                Duration::from_secs(second),
            );
        }
        for second in 11..=20u64 {
            running.take(
                at("copying", 1000 + (second - 10) * 50, 2000),
                Duration::from_secs(second),
            );
        }
        assert!((running.rate().unwrap() - 50.0).abs() < 1.0);
        assert_eq!(running.left().unwrap().as_secs(), 10);
    }

    #[test]
    fn nothing_is_a_hundred_percent_before_it_has_ended() {
        let mut running = Running::new(Job::Step(Step::ReassignBookings), Duration::ZERO);
        assert_eq!(running.percent(), None);
        running.take(at("copying", 2000, 2000), Duration::from_secs(1));
        assert_eq!(running.percent(), Some(99));
    }

    #[test]
    fn another_stage_begins_its_rate_anew() {
        let mut running = Running::new(Job::Step(Step::BackUp), Duration::ZERO);
        running.take(at("users", 0, 10), Duration::from_secs(1));
        running.take(at("users", 10, 10), Duration::from_secs(2));
        running.take(at("bookings", 0, 100), Duration::from_secs(3));
        assert_eq!(running.rate(), None);
    }
}
