//! When it is, who works, and what a run is called: the server's clock, for a machine's own may be wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::clock;
use crate::domain::run::Millis;
use crate::store::process;

/// What makes the server's time of this machine's: a process works on one server.
static CLOCK: AtomicI64 = AtomicI64::new(0);

/// Milliseconds since 1970 by the server's clock; for people, never for a decision.
pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond() + CLOCK.load(Ordering::Relaxed)
}

/// The id of a run or a restore that begins now.
pub(crate) fn new_run_id() -> String {
    let time = jiff::Timestamp::from_millisecond(now()).unwrap_or_else(|_| jiff::Timestamp::now());
    let time = time.strftime("%Y%m%d-%H%M%S");
    format!("{time}-{:04x}", fastrand::u16(..))
}

/// user@host of whoever runs this.
pub fn operator() -> String {
    format!("{}@{}", process::user(), process::host())
}

/// Takes the difference of the two clocks, from which on times are the server's.
pub(crate) fn take_clock(server_minus_here: Millis) {
    CLOCK.store(clock::correction(server_minus_here), Ordering::Relaxed);
}
