//! The members of a replica set, as the primary sees them: who follows it, how far behind, and who does not and why.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::Client;

use crate::domain::text;

/// A member that holds data and does not follow the primary now, so that nobody knows how far it is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Host and port.
    pub name: String,
    /// The state in the server's word (`stateStr` of `replSetGetStatus`).
    pub state: String,
}

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, state) = (&self.name, self.state.as_str());
        let is = match state {
            "(not reachable/healthy)" | "DOWN" => return write!(f, "{name} cannot be reached"),
            "STARTUP" => "is starting",
            "STARTUP2" => "still copies the data of the set",
            "RECOVERING" => "is catching up or under maintenance",
            "ROLLBACK" => "takes back writes that the other members do not have",
            "REMOVED" => "was taken out of the set",
            "UNKNOWN" => "has not said its state yet",
            _ => "is no secondary",
        };
        write!(f, "{name} {is} ({})", text::safe(state, 40))
    }
}

/// What each of them is in, in one sentence without its full stop.
pub fn clauses(away: &[Away]) -> String {
    let said: Vec<String> = away.iter().map(Away::to_string).collect();
    text::listed(said.iter().map(String::as_str))
}

/// Their addresses.
pub fn names(away: &[Away]) -> String {
    text::listed(away.iter().map(|it| it.name.as_str()))
}

/// The members of a replica set beside the primary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// How far the slowest secondary is behind the primary.
    pub lag: Duration,
    /// Members that cannot be reached, or are in no state to follow.
    pub away: Vec<Away>,
    /// Members that are behind on purpose (`secondaryDelaySecs`): they are not counted.
    pub delayed: Vec<String>,
    /// Our user may not ask each member: the lag is that of the majority, and nobody knows who is away.
    pub majority_only: bool,
}

/// What the members of the set say; where our user may not ask them, how far the majority is behind. `None` where neither can be read.
pub async fn members(client: &Client) -> Option<Members> {
    let admin = client.database("admin");
    if let Ok(status) = admin.run_command(doc! { "replSetGetStatus": 1 }).await {
        let config = admin.run_command(doc! { "replSetGetConfig": 1 }).await;
        let delayed = config.map(|it| delayed(&it)).unwrap_or_default();
        return Some(members_of(&status, delayed));
    }
    let hello = admin.run_command(doc! { "hello": 1 }).await.ok()?;
    let last = hello.get_document("lastWrite").ok()?;
    let at = |key: &str| last.get_datetime(key).map(|it| it.timestamp_millis());
    let behind = at("lastWriteDate").ok()? - at("majorityWriteDate").ok()?;
    Some(Members {
        lag: Duration::from_millis(u64::try_from(behind).unwrap_or(0)),
        majority_only: true,
        ..Members::default()
    })
}

/// How far the slowest secondary is behind; see [`members`].
pub async fn lag(client: &Client) -> Option<Duration> {
    members(client).await.map(|it| it.lag)
}

/// From the answer of `replSetGetConfig`.
fn delayed(reply: &Document) -> Vec<String> {
    let config = reply.get_document("config").cloned().unwrap_or_default();
    let members = config.get_array("members").map_or(&[][..], Vec::as_slice);
    let number = |member: &Document, key: &str| {
        let value = member.get(key);
        value.and_then(|it| it.as_i64().or(it.as_i32().map(i64::from)))
    };
    members
        .iter()
        .filter_map(bson::Bson::as_document)
        .filter(|member| {
            ["secondaryDelaySecs", "slaveDelay"]
                .iter()
                .any(|key| number(member, key).is_some_and(|delay| delay > 0))
        })
        .filter_map(|member| member.get_str("host").ok().map(str::to_owned))
        .collect()
}

/// From the answer of `replSetGetStatus`.
fn members_of(status: &Document, delayed: Vec<String>) -> Members {
    let members = status.get_array("members").map_or(&[][..], Vec::as_slice);
    let (mut primary, mut slowest, mut away) = (None, None, Vec::new());
    for member in members.iter().filter_map(bson::Bson::as_document) {
        let name = member.get_str("name").unwrap_or("a member");
        let state = member.get_str("stateStr").unwrap_or("unknown");
        let written = member.get_datetime("optimeDate").ok();
        let written = written.map(|it| it.timestamp_millis());
        match state {
            "PRIMARY" => primary = written,
            "ARBITER" => {}
            _ if delayed.iter().any(|it| it == name) => {}
            "SECONDARY" => slowest = [slowest, written].into_iter().flatten().min(),
            _ => away.push(Away {
                name: name.to_owned(),
                state: state.to_owned(),
            }),
        }
    }
    let behind = match (primary, slowest) {
        (Some(primary), Some(slowest)) => primary - slowest,
        _ => 0,
    };
    Members {
        lag: Duration::from_millis(u64::try_from(behind).unwrap_or(0)),
        away,
        delayed,
        majority_only: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, state: &str, at: i64) -> Document {
        doc! { "name": name, "stateStr": state, "optimeDate": bson::DateTime::from_millis(at) }
    }

    #[test]
    fn the_lag_is_that_of_the_slowest_secondary() {
        let status = doc! { "members": [
            member("a", "SECONDARY", 9_000), member("b", "PRIMARY", 10_000), member("c", "SECONDARY", 4_500), member("d", "ARBITER", 0),
            member("e", "(not reachable/healthy)", 0), member("f", "SECONDARY", 0),
        ] };
        let seen = members_of(&status, vec!["f".to_owned()]);
        assert_eq!(seen.lag, Duration::from_millis(5_500));
        assert_eq!(clauses(&seen.away), "e cannot be reached");
        let alone = doc! { "members": [member("a", "PRIMARY", 10_000)] };
        assert_eq!(members_of(&alone, Vec::new()), Members::default());
    }

    #[test]
    fn a_member_that_answers_and_does_not_follow_is_said_in_its_own_state() {
        let states = [
            "STARTUP",
            "STARTUP2",
            "RECOVERING",
            "ROLLBACK",
            "REMOVED",
            "UNKNOWN",
            "DOWN",
            "NEW\u{1b}",
        ];
        let mut all = vec![member("a", "PRIMARY", 10_000)];
        all.extend(states.iter().map(|it| member("b", it, 0)));
        let seen = members_of(&doc! { "members": all }, Vec::new());
        assert_eq!(seen.lag, Duration::ZERO);
        assert_eq!(seen.away.len(), states.len());
        for away in &seen.away {
            let said = away.to_string();
            let unreached = said.contains("cannot be reached");
            assert_eq!(unreached, away.state == "DOWN", "{said}");
            assert!(
                unreached || said.contains(&text::safe(&away.state, 40)),
                "{said}"
            );
            assert!(!said.contains('\u{1b}'), "{said}");
        }
        let said = seen.away.get(2).map(Away::to_string).unwrap_or_default();
        assert_eq!(said, "b is catching up or under maintenance (RECOVERING)");
    }
}
