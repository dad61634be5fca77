//! What `--max-lag` does, said in lines: before the work, whom it cannot measure; during it, when writing begins to wait, for whom, and when it
//! goes on. A pipe has no bar that would show it.

use std::time::Duration;

use super::output;
use crate::engine::session::Session;
use crate::engine::{Result, StepError};
use crate::store::members::{Away, Members, clauses};
use crate::store::throttle::{Following, Throttle};

/// Between two looks at what the throttle saw.
const TICK: Duration = Duration::from_millis(500);
/// A wait is said when it was seen so many times one after the other: short ones are the usual way of a limit.
const LONG: u32 = 6;

/// Says what `--max-lag` does not see, or what it will wait for.
///
/// # Errors
/// `--require-all` where nobody can tell who is away.
pub(super) async fn says_before(
    session: &Session,
    most: Duration,
    require_all: bool,
) -> Result<()> {
    let members = session.throttle().look().await;
    let measured = members.as_ref().map(|it| !it.majority_only);
    let why = match measured {
        Some(true) => None,
        Some(false) => Some(
            "our user may not ask for the state of each member (the role clusterMonitor allows it)",
        ),
        None => Some("this server does not tell of the members of a replica set"),
    };
    if let Some(why) = why.filter(|_| require_all) {
        return Err(StepError::NotReady(format!(
            "--require-all cannot be kept: {why}. Nothing was changed; leave it out, or give what is missing"
        )));
    }
    match (why, measured) {
        (Some(why), Some(_)) => output::aside(&format!(
            "warning: {why}, so --max-lag measures how far the majority is behind, not the slowest member"
        )),
        (Some(why), None) => output::aside(&format!("warning: {why}, so --max-lag limits nothing")),
        (None, _) => {}
    }
    for line in members.iter().flat_map(|it| lines(it, most, require_all)) {
        output::aside(&line);
    }
    Ok(())
}

fn lines(members: &Members, most: Duration, require_all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if !members.away.is_empty() {
        lines.push(if require_all {
            awaited(&members.away)
        } else {
            unmeasured(&members.away, most)
        });
    }
    if !members.delayed.is_empty() {
        lines.push(format!(
            "{} is behind on purpose (secondaryDelaySecs) and does not count for --max-lag",
            members.delayed.join(", ")
        ));
    }
    if members.lag > most {
        lines.push(behind(members.lag, most));
    }
    lines
}

fn unmeasured(away: &[Away], most: Duration) -> String {
    let (member, it) = match away {
        [_] => ("that member is", "it"),
        _ => ("those members are", "them"),
    };
    format!(
        "warning: {}, so --max-lag cannot measure how far {member} behind; with --max-lag {} --require-all writing waits for {it}",
        clauses(away),
        most.as_secs_f64()
    )
}

fn awaited(away: &[Away]) -> String {
    format!("--require-all: writing waits while {}", clauses(away))
}

fn behind(lag: Duration, most: Duration) -> String {
    format!(
        "the slowest secondary is {:.0} s behind, more than --max-lag {}: writing waits until it has caught up",
        lag.as_secs_f64(),
        most.as_secs_f64()
    )
}

/// Says when writing begins to wait for a member, when one is no longer measured, and when that is over.
pub(super) async fn says_changes(throttle: Throttle, most: Duration) {
    let mut said = throttle.following(); // it was said before the work
    let (mut seen, mut times) = (said.clone(), 0);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        let now = throttle.following();
        times = if same(&now, &seen) { times + 1 } else { 1 };
        seen.clone_from(&now);
        let enough = match now {
            Following::Unmeasured(_) => 1,
            Following::Near => 2,
            Following::Behind(_) | Following::Awaited(_) => LONG,
        };
        if times >= enough && !same(&now, &said) {
            output::aside(&change(&now, &said, most));
            said = now;
        }
    }
}

/// The same in words; the seconds are another at each look.
fn same(one: &Following, other: &Following) -> bool {
    matches!((one, other), (Following::Behind(_), Following::Behind(_))) || one == other
}

fn change(now: &Following, before: &Following, most: Duration) -> String {
    match (now, before) {
        (Following::Behind(lag), _) => behind(*lag, most),
        (Following::Awaited(away), _) => awaited(away),
        (Following::Unmeasured(away), Following::Behind(_) | Following::Awaited(_)) => {
            format!("writing goes on; {}", unmeasured(away, most))
        }
        (Following::Unmeasured(away), Following::Near | Following::Unmeasured(_)) => {
            unmeasured(away, most)
        }
        (Following::Near, Following::Unmeasured(_)) => {
            "every member follows the primary again, and is measured".to_owned()
        }
        (Following::Near, Following::Near | Following::Behind(_) | Following::Awaited(_)) => {
            "the secondaries have caught up: writing goes on".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_member_does_instead_of_following_is_said_as_it_is() {
        let away = |name: &str, state: &str| Away {
            name: name.to_owned(),
            state: state.to_owned(),
        };
        let most = Duration::from_secs(5);
        let one = vec![away("b:1", "RECOVERING")];
        let said = change(&Following::Unmeasured(one.clone()), &Following::Near, most);
        assert_eq!(
            said,
            "warning: b:1 is catching up or under maintenance (RECOVERING), so --max-lag cannot measure how far that member is behind; with --max-lag 5 --require-all writing waits for it"
        );
        let members = Members {
            away: vec![one[0].clone(), away("c:1", "(not reachable/healthy)")],
            ..Members::default()
        };
        assert_eq!(
            lines(&members, most, true),
            [
                "--require-all: writing waits while b:1 is catching up or under maintenance (RECOVERING) and c:1 cannot be reached"
            ]
        );
        // One that was away and now starts is another state, and said again.
        let gone = Following::Unmeasured(vec![away("b:1", "DOWN")]);
        assert!(!same(&gone, &Following::Unmeasured(one)));
    }
}
