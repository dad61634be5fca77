//! What came of a rollback, in words.

use crate::domain::keep_new::report::Kept;
use crate::domain::run::RollbackRecord;
use crate::store::swap::Stray;

/// What came of a rollback.
#[derive(Debug, Clone)]
pub struct RolledBack {
    /// In words.
    pub says: String,
    /// What was carried and what was left behind, where `--keep-new` found something.
    pub kept: Option<Kept>,
    /// Collections that hold what was written since, aside.
    pub aside: Vec<String>,
    /// False when something had to stay behind.
    pub complete: bool,
}

/// Says it: what `known` adds are sentences of their own.
pub(super) fn rolled_back(
    record: RollbackRecord,
    aside: Vec<String>,
    late: &[String],
    strays: &[Stray],
    known: &[String],
) -> RolledBack {
    const REDEPLOY: &str = "Redeploy the old code before you start the application";
    let kept = record.kept;
    let late_original = !record.late_originals.is_empty();
    let mut says = match &kept {
        _ if aside.is_empty() && late_original => format!(
            "the originals are live again; prepared copies, links and quarantine are gone. {REDEPLOY}"
        ),
        _ if aside.is_empty() && strays.is_empty() => format!(
            "the originals are live again, byte for byte; prepared copies, links and quarantine are gone. {REDEPLOY}"
        ),
        _ if aside.is_empty() => format!(
            "the originals are live again, byte for byte; prepared copies are gone. {REDEPLOY}"
        ),
        Some(kept) if !kept.is_empty() => format!(
            "the originals are live again, with what was written since; all of that is kept in {} too. {REDEPLOY}\n{}",
            aside.join(", "),
            kept.lines().join("\n")
        ),
        _ => format!(
            "the originals are live again; what was written since is kept in {}. {REDEPLOY}",
            aside.join(", ")
        ),
    };
    let late_originals = record.late_originals.iter().map(|live| {
        format!(
            "the original of {live} is not what the backup holds: something wrote to it during the renames; it comes back with that"
        )
    });
    for line in late_originals.chain(known.iter().cloned()) {
        says.push('\n');
        says.push_str(&line);
    }
    let told = !aside.is_empty() && kept.as_ref().is_some_and(|kept| !kept.is_empty());
    for line in kept.iter().flat_map(Kept::left_lines).filter(|_| !told) {
        says.push('\n');
        says.push_str(&line);
    }
    if !late.is_empty() {
        says.push_str("\nsomething was written during the rollback: it is in ");
        says.push_str(&late.join(", "));
        says.push_str(" alone, and was not carried");
    }
    if !strays.is_empty() {
        let names: Vec<_> = strays.iter().map(ToString::to_string).collect();
        says.push_str("\nan application wrote under a name that was vacated: ");
        says.push_str(&names.join(", "));
        says.push_str(". Nothing of it is lost, and nothing of it is live; `ringfence strays` takes it in or sets it aside");
    }
    RolledBack {
        says,
        complete: late.is_empty()
            && strays.is_empty()
            && !late_original
            && kept.as_ref().is_none_or(|kept| kept.left.is_empty()),
        kept,
        aside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_original_that_holds_more_than_the_backup_is_said_also_by_the_command_that_goes_on() {
        let record = RollbackRecord {
            late_originals: vec!["Booking".to_owned()],
            ..RollbackRecord::default()
        };
        for aside in [
            Vec::new(),
            vec!["_ringfence_rolled_back_r_Booking".to_owned()],
        ] {
            // What goes on after a kill knows the record alone: nothing that the first command said.
            let done = rolled_back(record.clone(), aside, &[], &[], &[]);
            assert!(!done.complete);
            assert!(!done.says.contains("byte for byte"), "{}", done.says);
            assert!(
                done.says
                    .contains("\nthe original of Booking is not what the backup holds")
            );
        }
        let done = rolled_back(RollbackRecord::default(), Vec::new(), &[], &[], &[]);
        assert!(done.complete && done.says.contains("byte for byte"));
    }
}
