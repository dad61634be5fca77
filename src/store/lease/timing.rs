//! The lease's times, and how this machine measures them.

use std::time::{Duration, Instant, SystemTime};

use crate::store::write_command::MAX_TIME_MS;

/// How long a lease lives after its holder was last heard of.
const LIFETIME: Duration = Duration::from_mins(1);
/// Another lifetime in seconds, from which all other times follow in proportion. For tests, which cannot wait for minutes. Every
/// session on a database must have the same.
const VARIABLE: &str = "RINGFENCE_LEASE_SECONDS";

/// The lease's times, all in proportion to its life.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a lease lives after its holder was last heard of.
    pub lifetime: Duration,
}

impl Timing {
    /// The usual times, unless a test wants others.
    pub fn new() -> Self {
        let told = std::env::var(VARIABLE)
            .ok()
            .and_then(|text| text.parse().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Self {
            lifetime: told.unwrap_or(LIFETIME),
        }
    }

    /// Between two heartbeats.
    pub fn beat(self) -> Duration {
        self.lifetime / 4
    }

    /// How long an answer of the server lets batches through.
    pub fn fresh(self) -> Duration {
        self.lifetime / 2
    }

    /// How long an operation that was sent before the lease expired may be under way after it: the time limit of our batches, which is
    /// longer than that of their write concern.
    pub fn in_flight(self) -> Duration {
        let limit = Duration::from_millis(u64::from(MAX_TIME_MS.unsigned_abs()));
        limit.mul_f64(self.lifetime.as_secs_f64() / LIFETIME.as_secs_f64())
    }
}

/// A moment by two clocks of this machine: one that never jumps, and one that goes on while the machine sleeps.
#[derive(Debug, Clone, Copy)]
pub struct ClockReading(Instant, SystemTime);

impl ClockReading {
    /// This moment.
    pub fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// True when by both clocks no more than `limit` has passed. A clock that was set back says no.
    pub fn is_within(self, limit: Duration) -> bool {
        self.0.elapsed() < limit && self.1.elapsed().is_ok_and(|passed| passed < limit)
    }

    /// True when `other` is later.
    pub fn is_before(self, other: Self) -> bool {
        self.0 < other.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A moment that both clocks, or one of them, say is so long ago.
    fn ago(instant: Duration, wall: Duration) -> ClockReading {
        let ClockReading(now, today) = ClockReading::now();
        ClockReading(now.checked_sub(instant).unwrap(), today - wall)
    }

    #[test]
    fn an_answer_is_too_old_when_either_clock_says_so_or_the_wall_clock_was_set_back() {
        let (short, long) = (Duration::from_secs(29), Duration::from_secs(31));
        assert!(ClockReading::now().is_within(LIMIT));
        assert!(ago(short, short).is_within(LIMIT));
        assert!(!ago(long, long).is_within(LIMIT));
        assert!(!ago(short, long).is_within(LIMIT), "the machine slept");
        assert!(!ago(long, short).is_within(LIMIT));
        let ClockReading(now, today) = ClockReading::now();
        assert!(
            !ClockReading(now, today + LIMIT).is_within(LIMIT),
            "the clock was set back"
        );
    }

    #[test]
    fn batches_stop_well_before_the_lease_expires_and_an_unlock_waits_for_their_time_limit() {
        let timing = Timing { lifetime: LIFETIME };
        assert_eq!(timing.beat(), Duration::from_secs(15));
        assert!(timing.beat() < timing.fresh() && timing.fresh() < timing.lifetime);
        assert_eq!(
            timing.in_flight().as_millis(),
            MAX_TIME_MS.unsigned_abs().into()
        );
    }
}
