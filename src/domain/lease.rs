//! The lease's words: who holds it, since when, and what is said of them. All times come from the server's clock; nothing here has one.

use bson::DateTime;
use serde::{Deserialize, Serialize};

use super::run::Millis;
use super::text::safe;

/// Characters of a name or host that are shown.
const WIDTH: usize = 60;

/// Who holds the lease, or held it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's name on their machine.
    pub name: String,
    /// Their machine.
    pub host: String,
    /// Their process.
    pub pid: i64,
    /// What tells the process from others of that number, where its system says so.
    pub process: Option<Process>,
    /// One session of one process; no two are alike.
    pub session: String,
    /// The run that they work on, once there is one.
    pub run: Option<String>,
}

/// A process beyond doubt: its number alone is given to another one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The boot of the system that counts the number and the start.
    pub boot: String,
    /// The namespace that the number belongs to; two containers of one machine have different ones.
    pub namespace: String,
    /// When the process started, in ticks since that boot.
    pub started: i64,
}

impl Holder {
    /// "ann on db-admin-1 (process 4711, run 20260101-021345-ab12)".
    pub fn words(&self) -> String {
        let (name, host) = (safe(&self.name, WIDTH), safe(&self.host, WIDTH));
        let run = self
            .run
            .as_ref()
            .map_or_else(String::new, |run| format!(", run {}", safe(run, WIDTH)));
        format!("{name} on {host} (process {}{run})", self.pid)
    }
}

/// How the lease stood at a moment of the server's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The fencing number: each taking raises it.
    pub token: i64,
    /// Who holds it; `None` when it is free.
    pub holder: Option<Holder>,
    /// Who held it last and let go.
    pub previous: Option<Holder>,
    /// When it was taken.
    pub since: Millis,
    /// When the holder was last heard of.
    pub beat: Millis,
    /// When it expires, unless the holder is heard of again.
    pub until: Millis,
    /// Until when operations of a holder who was unlocked may still be under way; 0 when there are none.
    pub clear: Millis,
    /// The server's time when all this was read.
    pub now: Millis,
}

impl Standing {
    /// True while the holder is heard of.
    pub fn beats(&self) -> bool {
        self.holder.is_some() && self.until > self.now
    }

    /// True while operations of an unlocked holder may be under way.
    pub fn is_clearing(&self) -> bool {
        self.clear > self.now
    }

    /// "since 2026-01-01 02:13:45 UTC, last beat 3 s ago, expires in 57 s".
    pub fn ages(&self) -> String {
        let ends = if self.until > self.now {
            format!("expires in {}", wait(self.until - self.now))
        } else {
            format!("expired {} ago", age(self.now - self.until))
        };
        format!(
            "since {}, last beat {} ago, {ends}",
            clock(self.since),
            age(self.now - self.beat)
        )
    }

    /// The holder with all ages; "nobody" when it is free.
    pub fn words(&self) -> String {
        match &self.holder {
            Some(holder) => format!("{}, {}", holder.words(), self.ages()),
            None => "nobody".to_owned(),
        }
    }

    /// What a second operator is told: who holds it, and what to do.
    pub fn refusal(&self, database: &str) -> String {
        let held = format!(
            "the lease of {database} is held by {}. Nothing was changed by this command. ",
            self.words()
        );
        let unlock = format!("`ringfence unlock --confirm {database}`");
        let advice = if self.is_clearing() {
            format!(
                "It was unlocking the database and did not end: unlock it again with {unlock}, which waits {} for what may still be under way",
                wait(self.clear - self.now)
            )
        } else if self.until > self.now {
            format!(
                "Let it end, or end it there. If it is gone, wait {} and free the lease with {unlock}",
                wait(self.until - self.now)
            )
        } else {
            format!(
                "It has not been heard of since, which does not say that it is gone: make sure that it is, then free the lease with {unlock}"
            )
        };
        held + &advice
    }
}

/// A moment of the server's clock for people, in UTC.
pub fn clock(at: Millis) -> String {
    let text = DateTime::from_millis(at)
        .try_to_rfc3339_string()
        .unwrap_or_default();
    match text.get(..19) {
        Some(text) => format!("{} UTC", text.replace('T', " ")),
        None => "an unknown time".to_owned(),
    }
}

/// How long ago something was, for people.
fn age(millis: Millis) -> String {
    span(millis, |amount, unit| amount / unit)
}

/// How long to wait, for people; rounded up, so that nobody waits too short.
fn wait(millis: Millis) -> String {
    span(millis, u64::div_ceil)
}

fn span(millis: Millis, divide: fn(u64, u64) -> u64) -> String {
    let seconds = divide(millis.max(0).unsigned_abs(), 1000);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", divide(seconds, 60)),
        _ => format!("{} h", divide(seconds, 3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(until: Millis) -> Standing {
        Standing {
            token: 7,
            holder: Some(Holder {
                name: "ann\u{1b}[31m".to_owned(),
                host: "db-admin-1".to_owned(),
                pid: 4711,
                process: None,
                session: "s".to_owned(),
                run: Some("r1".to_owned()),
            }),
            previous: None,
            since: 1_000_000,
            beat: 1_057_000,
            until,
            clear: 0,
            now: 1_060_000,
        }
    }

    #[test]
    fn a_refusal_names_the_holder_its_ages_and_what_to_do_without_control_characters() {
        let words = standing(1_117_000).refusal("shop");
        for part in [
            "on db-admin-1 (process 4711, run r1)",
            "since 1970-01-01 00:16:40 UTC",
            "last beat 3 s ago",
            "expires in 57 s",
            "ringfence unlock --confirm shop",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(!words.contains('\u{1b}'), "{words:?}");
    }

    #[test]
    fn an_expired_lease_is_said_to_be_expired_and_still_needs_an_unlock() {
        let expired = standing(1_000_000);
        assert!(!expired.beats());
        let words = expired.refusal("shop");
        assert!(words.contains("expired 60 s ago"), "{words}");
        assert!(words.contains("make sure that it is"), "{words}");
    }
}
