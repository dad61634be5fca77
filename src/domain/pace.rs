//! How fast copies may be written. Times are milliseconds.

/// Documents a second, at the slowest.
const SLOWEST: u64 = 50;
/// Documents a second from which on a limit is none.
const FASTEST: u64 = 1_000_000;
/// Where slowing down begins when nobody knows yet how fast it goes.
const USUAL: u64 = 20_000;

/// The limits of the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Nothing is written.
    pub paused: bool,
    /// Documents a second.
    pub rate: Option<u64>,
    /// How far the slowest secondary may be behind.
    pub lag: Option<u64>,
    /// With a lag: wait also while a member of the set does not follow the primary.
    pub require_all: bool,
    /// How long a batch may take before the next one waits as long.
    pub latency: Option<u64>,
}

impl Limits {
    /// Half as fast as the limit, or as it goes now.
    #[must_use]
    pub fn slower(self, goes: Option<u64>) -> Self {
        let now = self.rate.or(goes).unwrap_or(USUAL);
        Self {
            rate: Some((now / 2).max(SLOWEST)),
            ..self
        }
    }

    /// Twice as fast, and without a limit in the end.
    #[must_use]
    pub fn faster(self) -> Self {
        let rate = self.rate.map(|rate| rate.saturating_mul(2));
        Self {
            rate: rate.filter(|rate| *rate < FASTEST),
            ..self
        }
    }

    /// In words; empty where nothing is limited.
    pub fn words(&self) -> String {
        let parts = [
            self.paused.then(|| "paused".to_owned()),
            self.rate.map(|rate| format!("at most {rate}/s")),
            self.lag
                .map(|lag| format!("replica lag at most {} s", lag as f64 / 1000.0)),
            self.require_all
                .then(|| "every member reachable".to_owned()),
            self.latency.map(|it| format!("batches of at most {it} ms")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Documents that may be written: earned with time, spent by batches, which may go into debt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    credit: f64,
    earned_until: u64,
}

impl Budget {
    /// How long to wait at `now` (from any fixed moment on) before `documents` may be written at `rate` a second; nothing where they are
    /// spent already.
    pub fn spend(&mut self, now: u64, rate: u64, documents: u64) -> Option<u64> {
        let earned = now.saturating_sub(self.earned_until) as f64 / 1000.0 * rate as f64;
        // What was not used for a second is lost, so that no pause is made up for by a rush.
        self.credit = (self.credit + earned).min(rate as f64);
        self.earned_until = now;
        if self.credit < 0.0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive
            return Some((-self.credit / rate as f64 * 1000.0).ceil() as u64);
        }
        self.credit -= documents as f64;
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_over_time_whatever_the_batches() {
        for (rate, batch) in [(500, 2_000), (10_000, 100), (3, 1)] {
            let mut budget = Budget::default();
            let (mut now, mut written) = (0, 0_u64);
            while now < 60_000 {
                match budget.spend(now, rate, batch) {
                    Some(wait) => now += wait + 1,
                    None => written += batch,
                }
            }
            let most = rate * 60 + rate + batch;
            assert!(written <= most, "{written} at {rate}");
            assert!(written >= rate * 55, "{written} at {rate}");
        }
    }

    #[test]
    fn slower_and_faster_come_back_to_no_limit() {
        let none = Limits::default();
        assert_eq!(none.slower(Some(8_000)).rate, Some(4_000));
        assert_eq!(none.slower(None).rate, Some(10_000));
        let mut limits = none;
        for _ in 0..20 {
            limits = limits.slower(None);
        }
        assert_eq!(limits.rate, Some(SLOWEST));
        for _ in 0..20 {
            limits = limits.faster();
        }
        assert_eq!(limits.rate, None);
        assert_eq!(none.words(), "");
    }
}
