//! The names of an after-schema once its run went back: the run has given them up, and what is written under them since is live nowhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::run::{Outcome, RunRecord};

/// Everything that stands, by name, with its UUID.
type Standing = BTreeMap<String, Option<String>>;

/// Names of the after-schema under which something stands that came after the originals were live again.
pub(crate) fn after_going_back(standing: &Standing, run: &RunRecord) -> Vec<String> {
    let swapped = run.collections.values().any(|known| known.swap_began);
    let Some(changes) = run.mapping.changes().filter(|_| swapped) else {
        return Vec::new();
    };
    let merged = run.rollback.iter().flat_map(|it| it.merged.values());
    let mut ours: BTreeSet<&str> = merged
        .flat_map(|it| [it.outgoing.as_str(), it.incoming.as_str()])
        .collect();
    for known in run.collections.values() {
        ours.extend(known.original.as_deref());
        ours.extend(known.next.as_deref());
        ours.extend(known.old.iter().map(|old| old.uuid.as_str()));
    }
    let given = changes.collections.iter();
    let given = given.filter(|(live, change)| change.to != **live);
    let came_since = |uuid: &str, name: &str, was_empty: bool| {
        let others = run.others.values().any(|other| other == uuid);
        // One that stood under the name before was empty then.
        let filled = was_empty && run.others.get(name).is_some_and(|other| other == uuid);
        !ours.contains(uuid) && (!others || filled)
    };
    given
        .filter(|(_, change)| {
            let uuid = standing.get(&change.to).and_then(Option::as_deref);
            uuid.is_some_and(|uuid| came_since(uuid, &change.to, change.sets_aside))
        })
        .map(|(_, change)| change.to.clone())
        .collect()
}

/// Where the documents of a stray of this name belong once a run went back: a name of the after-schema stands for the one of before.
pub(crate) fn name_before<'n>(run: &'n RunRecord, name: &'n str) -> &'n str {
    let changes = run.mapping.changes();
    let changes = changes.filter(|it| run.outcome == Outcome::RolledBack && it.of(name).is_none());
    let mut given = changes.iter().flat_map(|it| it.collections.iter());
    let found = given.find(|(_, change)| change.to == name);
    found.map_or(name, |(live, _)| live.as_str())
}
