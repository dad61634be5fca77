//! The throttle: every batch of a copy asks it first. It limits documents per second, waits while secondaries lag or batches take long, and
//! blocks while paused. Any task may change the limits at any time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mongodb::Client;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::{Result, StoreError};
use super::members::{Away, Members, clauses, members, names};
use crate::domain::pace::{Budget, Limits};

/// How often the lag is read.
const LAG_EVERY: Duration = Duration::from_secs(1);

/// Called with the reason for a wait, and with an empty text when the wait is over.
pub type OnWait = Arc<dyn Fn(&str) + Send + Sync>;

/// A handle; clones are the same throttle.
#[derive(Clone)]
pub struct Throttle(Arc<Inner>);

struct Inner {
    began: Instant,
    limits: watch::Sender<Limits>,
    listener: Mutex<(Option<OnWait>, CancellationToken)>,
    pace: Mutex<Pace>,
    /// The client of a replica set, whose secondaries may be behind.
    replica_set: Option<Client>,
}

#[derive(Default)]
struct Pace {
    budget: Budget,
    /// The members as they were seen last, and when.
    members: Option<(Instant, Members)>,
    /// How long the last batch took, until somebody waited for it.
    took: Duration,
    said: bool,
    /// A batch waits now.
    waits: bool,
}

/// What the members of the set do to the writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Following {
    /// Nothing that has to be said.
    Near,
    /// Writing waits: the slowest secondary is so far behind.
    Behind(Duration),
    /// Writing waits for these, which do not follow the primary.
    Awaited(Vec<Away>),
    /// Writing goes on, and nobody knows how far these are behind.
    Unmeasured(Vec<Away>),
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Throttle({:?})", *self.0.limits.borrow())
    }
}

impl Throttle {
    /// Without limits; `replica_set` is a client of the server where it is one, to ask for its lag.
    pub fn new(replica_set: Option<Client>) -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            limits: watch::channel(Limits::default()).0,
            listener: Mutex::default(),
            pace: Mutex::default(),
            replica_set,
        }))
    }

    /// The current limits.
    pub fn limits(&self) -> Limits {
        *self.0.limits.borrow()
    }

    /// Sets the limits; they hold at once, also for a batch that waits.
    pub fn set(&self, limits: Limits) {
        self.0.limits.send_replace(limits);
    }

    /// Sets who is told about waits, and what cancels one.
    pub fn listen(&self, on_wait: OnWait, cancel: CancellationToken) {
        *self.listener() = (Some(on_wait), cancel);
    }

    /// Waits until `documents` may be written.
    ///
    /// # Errors
    /// A cancellation.
    pub async fn admit(&self, documents: usize) -> Result<()> {
        let mut limits = self.0.limits.subscribe();
        let cancel = self.listener().1.clone();
        loop {
            let now = *limits.borrow_and_update();
            if now.lag.is_some() {
                self.read_lag().await;
            }
            let obstacle = self.obstacle(now, documents);
            self.pace().waits = obstacle.is_some();
            let Some((why, wait)) = obstacle else {
                self.say(&self.unmeasured());
                return Ok(());
            };
            self.say(&why);
            tokio::select! {
                () = cancel.cancelled() => return Err(StoreError::Cancelled),
                _ = limits.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// What the members of the set do to the writing, as far as it was seen when a batch last asked.
    pub fn following(&self) -> Following {
        let limits = self.limits();
        let pace = self.pace();
        let (Some(most), Some((_, members))) = (limits.lag, &pace.members) else {
            return Following::Near;
        };
        let away = !members.away.is_empty();
        if pace.waits && limits.require_all && away {
            Following::Awaited(members.away.clone())
        } else if pace.waits && members.lag > Duration::from_millis(most) {
            Following::Behind(members.lag)
        } else if away && !limits.require_all {
            Following::Unmeasured(members.away.clone())
        } else {
            Following::Near
        }
    }

    /// Looks at the members now. `None` where the server is no replica set, or does not tell.
    pub async fn look(&self) -> Option<Members> {
        self.read_lag().await;
        self.pace().members.as_ref().map(|it| it.1.clone())
    }

    /// Notes how long a batch took.
    pub fn took(&self, time: Duration) {
        self.pace().took = time;
    }

    fn listener(&self) -> MutexGuard<'_, (Option<OnWait>, CancellationToken)> {
        let listener = &self.0.listener;
        listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.0.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the next batch must wait, and how long.
    fn obstacle(&self, limits: Limits, documents: usize) -> Option<(String, Duration)> {
        if limits.paused {
            return Some(("paused".to_owned(), LAG_EVERY));
        }
        let mut pace = self.pace();
        if let (Some(most), Some((_, members))) = (limits.lag, &pace.members) {
            if limits.require_all && !members.away.is_empty() {
                let why = format!("waiting: {}", clauses(&members.away));
                return Some((why, LAG_EVERY / 2));
            }
            let lag = members.lag;
            if lag > Duration::from_millis(most) {
                let why = format!("waiting: replica lag {:.0} s", lag.as_secs_f64());
                return Some((why, LAG_EVERY / 2));
            }
        }
        let took = std::mem::take(&mut pace.took);
        if limits
            .latency
            .is_some_and(|most| took > Duration::from_millis(most))
        {
            let why = format!("waiting: the last batch took {} ms", took.as_millis());
            return Some((why, took));
        }
        let rate = limits.rate?;
        let now = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wait = pace.budget.spend(now, rate, documents as u64)?;
        Some((format!("slowed to {rate}/s"), Duration::from_millis(wait)))
    }

    /// Whose lag is not known while writing goes on; empty where all are known.
    fn unmeasured(&self) -> String {
        match self.following() {
            Following::Unmeasured(away) => format!("without {}", names(&away)),
            Following::Near | Following::Behind(_) | Following::Awaited(_) => String::new(),
        }
    }

    fn say(&self, why: &str) {
        {
            let mut pace = self.pace();
            if why.is_empty() && !pace.said {
                return;
            }
            pace.said = !why.is_empty();
        }
        let on_wait = self.listener().0.clone();
        if let Some(on_wait) = on_wait {
            on_wait(why);
        }
    }

    async fn read_lag(&self) {
        let Some(client) = &self.0.replica_set else {
            return;
        };
        let known = self.pace().members.as_ref().map(|it| it.0);
        if known.is_some_and(|at| at.elapsed() < LAG_EVERY) {
            return;
        }
        // Where nobody answers, what was seen before stands: it is not said that all are near.
        let seen = members(client).await;
        let mut pace = self.pace();
        let seen = seen.or_else(|| pace.members.take().map(|it| it.1));
        pace.members = seen.map(|members| (Instant::now(), members));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_went_away_is_said_whether_writing_waits_or_not() {
        let throttle = Throttle::new(None);
        let away = vec![Away {
            name: "b".to_owned(),
            state: "DOWN".to_owned(),
        }];
        let seen = |lag: u64, away: &[Away]| Members {
            lag: Duration::from_secs(lag),
            away: away.to_vec(),
            ..Members::default()
        };
        let asks = |members: Members, require_all: bool| {
            throttle.set(Limits {
                lag: Some(2_000),
                require_all,
                ..Limits::default()
            });
            throttle.pace().members = Some((Instant::now(), members));
            let waits = throttle.obstacle(throttle.limits(), 1).is_some();
            throttle.pace().waits = waits;
            (waits, throttle.following())
        };
        assert_eq!(asks(seen(1, &[]), true), (false, Following::Near));
        let behind = Following::Behind(Duration::from_secs(5));
        assert_eq!(asks(seen(5, &away), false), (true, behind));
        let unmeasured = Following::Unmeasured(away.clone());
        assert_eq!(asks(seen(0, &away), false), (false, unmeasured));
        assert_eq!(throttle.unmeasured(), "without b");
        let awaited = Following::Awaited(away.clone());
        assert_eq!(asks(seen(0, &away), true), (true, awaited));
        throttle.set(Limits::default());
        assert_eq!(throttle.following(), Following::Near);
    }

    #[tokio::test]
    async fn what_is_paused_lets_nothing_through_until_it_goes_on() {
        let throttle = Throttle::new(None);
        throttle.set(Limits {
            paused: true,
            ..Limits::default()
        });
        assert!(throttle.obstacle(throttle.limits(), 1).is_some());
        throttle.set(Limits {
            rate: Some(100),
            ..Limits::default()
        });
        assert!(throttle.obstacle(throttle.limits(), 50).is_none());
        let (why, wait) = throttle.obstacle(throttle.limits(), 1).unwrap_or_default();
        assert_eq!(why, "slowed to 100/s");
        assert!(wait > Duration::from_millis(300), "{wait:?}");
        throttle.took(Duration::from_millis(700));
        let slow = Limits {
            latency: Some(500),
            ..Limits::default()
        };
        assert!(throttle.obstacle(slow, 1).is_some());
        assert!(throttle.obstacle(slow, 1).is_none());
    }
}
