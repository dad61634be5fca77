//! The table of the checklist's steps, in order. A new step is a row here and a file in `steps/`.

use super::kinds::{ByApply, Leaves, Phase, Touch};
use crate::domain::gate::Destructive;

/// How a step is forecast from a trial on some bookings; milliseconds.
pub type Lasts = fn(&crate::domain::trial::Estimate) -> crate::domain::number::Millis;

/// A row of the checklist: all that is known of a step before it runs. Its code is in a file of `steps/`.
#[derive(Debug)]
pub struct Row {
    /// Which step.
    pub step: Step,
    /// The word after `--through`, and in the run record.
    pub word: &'static str,
    /// Its phase.
    pub phase: Phase,
    /// How it touches data.
    pub touch: Touch,
    /// Its title.
    pub title: &'static str,
    /// What it does for real.
    pub does: &'static str,
    /// What is said of it while it can be run; what it does, where empty.
    pub ready: &'static str,
    /// Its lines of the guide, the main one first.
    pub guide: &'static [&'static str],
    /// The steps that come before it.
    pub needs: &'static [Step],
    /// What stands behind its gate.
    pub gate: Option<Destructive>,
    /// What it destroys; by how it touches data, where empty.
    pub destroys: &'static str,
    /// How `apply` treats it.
    pub by_apply: ByApply,
    /// It asks that the application stands still, so `apply --build-ahead` leaves it out.
    pub asks_to_stop: bool,
    /// It takes the survey anew where something changed.
    pub surveys: bool,
    /// How long it lasts, where that is forecast.
    pub lasts: Option<Lasts>,
    /// What is true once it is done, where it changes what is true of the data.
    pub leaves: Option<Leaves>,
}

impl Row {
    /// What most rows have in common.
    const USUAL: Self = Self {
        step: Step::Survey,
        word: "",
        phase: Phase::Preparation,
        touch: Touch::ReadOnly,
        title: "",
        does: "",
        ready: "",
        guide: &[],
        needs: &[],
        gate: None,
        destroys: "",
        by_apply: ByApply::Once,
        asks_to_stop: false,
        surveys: false,
        lasts: None,
        leaves: None,
    };

    /// A row of the operator's own work.
    const NOTE: Self = Self {
        touch: Touch::Note,
        by_apply: ByApply::Never,
        ready: "your team's work; note it when it is done",
        ..Self::USUAL
    };
}

macro_rules! rows {
    ($($(#[$doc:meta])* $step:ident: $usual:ident { $($field:ident: $value:expr,)* })*) => {
        /// A line of the checklist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// Every step, in order.
            pub const ALL: &[Self] = &[$(Self::$step),*];
        }

        /// A row for each step, in order.
        pub(super) const ROWS: &[Row] = &[$(Row {
            step: Step::$step,
            $($field: $value,)*
            ..Row::$usual
        }),*];
    };
}

/// What is true while copies stand beside the live data.
const PREPARED: Leaves = Leaves {
    now: "the live data is untouched; prepared copies stand beside it",
    back: "nothing to undo: the live data was never touched; prepared copies can stay",
};

/// How to get back from what is live; `{roll-back}` stands for the key of that command.
const RENAMED_BACK: &str =
    "{roll-back} rolls back: the originals are renamed back at once, byte for byte";

rows! {
    /// Counts, pairs, finds conflicts.
    Survey: USUAL {
        word: "survey",
        title: "Survey",
        does: "counts users, businesses and bookings, pairs them, and finds the conflicts",
        ready: "reads everything once, changes nothing",
        guide: &["Document current data"],
        by_apply: ByApply::Always,
        surveys: true,
    }
    /// Writes every collection to the run folder.
    BackUp: USUAL {
        word: "backup",
        touch: Touch::Aside,
        title: "Back up",
        does: "writes every collection to the run folder in mongodump's layout, hashed and read back",
        guide: &["Create database backup", "Restore database backup"],
        needs: &[Step::Survey],
    }
    /// Gives a verdict on whether anyone still writes.
    StopApplication: USUAL {
        word: "stop",
        title: "Stop the application",
        does: "watches for foreign writes, lists who is connected, and gives a verdict: BLOCKED, QUIET or UNKNOWN",
        guide: &["Stop your application", "Stop application"],
        needs: &[Step::Survey],
        by_apply: ByApply::UntilRenamed,
        asks_to_stop: true,
    }
    /// Exports users, bookings and services.
    Document: USUAL {
        word: "document",
        touch: Touch::Aside,
        title: "Document current data",
        does: "exports users, bookings and services as JSON lines and CSV, with counts and hashes",
        guide: &["Document current data - export existing users, bookings, services"],
        needs: &[Step::Survey],
        asks_to_stop: true,
    }
    /// Takes the decisions and makes the plan.
    Review: USUAL {
        word: "review",
        phase: Phase::Migration,
        touch: Touch::Aside,
        title: "Review conflicts",
        does: "takes the decisions and makes the plan with its hash",
        guide: &["Test migration scripts on copy of production data", "Investigate issues", "Fix and retry"],
        needs: &[Step::Survey],
    }
    /// Prepares the customers.
    CreateCustomers: USUAL {
        word: "customers",
        phase: Phase::Migration,
        touch: Touch::Aside,
        title: "Create customers",
        does: "prepares the customers and their links beside the live data",
        guide: &["Step 1: Create New Customer Records"],
        needs: &[Step::Review],
        surveys: true,
        lasts: Some(|of| of.trial() + of.copy(of.people()) + of.index(of.sizes.customers)),
        leaves: Some(PREPARED),
    }
    /// Prepares the bookings.
    ReassignBookings: USUAL {
        word: "bookings",
        phase: Phase::Migration,
        touch: Touch::Aside,
        title: "Reassign bookings",
        does: "prepares the bookings with customerId instead of userId beside the live data",
        guide: &["Step 2: Update Booking Model"],
        needs: &[Step::CreateCustomers],
        lasts: Some(|of| of.copy(of.sizes.bookings) + of.index(of.sizes.bookings)),
        leaves: Some(PREPARED),
    }
    /// Checks the prepared copies.
    Prove: USUAL {
        word: "prove",
        phase: Phase::Migration,
        touch: Touch::Aside,
        title: "Prove",
        does: "checks conservation, isolation and fidelity of the prepared copies, and prepares that of the users",
        guide: &["Verify all data is preserved correctly"],
        needs: &[Step::ReassignBookings],
        // The copy of the users is made and checked then too.
        lasts: Some(|of| of.compare_all() + of.copy(of.sizes.users) + of.index(of.sizes.users) + of.compare(of.sizes.users)),
    }
    /// Makes customers and bookings live.
    CutOver: USUAL {
        word: "cut-over",
        phase: Phase::Migration,
        touch: Touch::Gate,
        title: "Cut over",
        does: "makes the prepared customers and bookings live by renaming, and keeps the originals",
        ready: "gate: renames, and keeps the originals",
        guide: &["Run migration scripts", "Revert code changes"],
        needs: &[Step::BackUp, Step::StopApplication, Step::Review, Step::Prove],
        gate: Some(Destructive::CutOver),
        destroys: "nothing: live bookings lose userId, and the originals are kept whole",
        surveys: true,
        lasts: Some(|of| of.renames() + of.again(2 * of.compare_all())),
        leaves: Some(Leaves {
            now: "customers and bookings are migrated and live; the originals are kept",
            back: RENAMED_BACK,
        }),
    }
    /// Makes the cleaned users live.
    CleanUsers: USUAL {
        word: "clean-users",
        phase: Phase::Migration,
        touch: Touch::Gate,
        title: "Clean up users",
        does: "removes the copied contact fields from users: prepared copy, then a swap",
        ready: "gate: copied contact fields leave",
        guide: &["Step 3: Clean Up User Model"],
        needs: &[Step::CutOver],
        gate: Some(Destructive::CleanUsers),
        destroys: "nothing: live users lose the contact fields that were copied; the originals are kept whole",
        lasts: Some(|of| of.renames() + of.again(2 * of.compare(of.sizes.users))),
        leaves: Some(Leaves {
            now: "customers, bookings and users are migrated and live; the originals are kept",
            back: RENAMED_BACK,
        }),
    }
    /// Takes those out of the users who are customers alone.
    RetireUsers: USUAL {
        word: "retire-users",
        phase: Phase::Migration,
        touch: Touch::Gate,
        title: "Retire customer users",
        does: "optional: takes users who are customers and nothing else out of the users; their whole rows stay aside until purge",
        ready: "gate, optional: users who are customers and nothing else leave",
        guide: &["User = Authentication only"],
        needs: &[Step::CleanUsers],
        gate: Some(Destructive::RetireUsers),
        destroys: "nothing: users who have a Customer and cannot sign in leave the users; their whole rows and the originals are kept",
    }
    /// Says what changes in the schema, and checks the indexes.
    Schema: USUAL {
        word: "schema",
        phase: Phase::Schema,
        title: "Update the schema",
        does: "shows the Prisma lines to change and checks that every index stands; S runs your own `npx prisma@6 db push`",
        ready: "shows the Prisma lines to change and checks that every index stands",
        destroys: "nothing by itself; your own push drops the indexes that its gate names",
        guide: &["Apply new Prisma schema", "Update Prisma schema"],
        needs: &[Step::CutOver],
    }
    /// Checks what is live.
    Verify: USUAL {
        word: "verify",
        phase: Phase::Schema,
        title: "Verify",
        does: "checks integrity and isolation of what is now live",
        guide: &[
            "Verify data integrity",
            "Verify security isolation",
            "Check business isolation works",
            "Verify business A cannot see business B's data",
            "Test customer isolation",
            "Verify business isolation",
        ],
        needs: &[Step::CutOver],
        by_apply: ByApply::Always,
        surveys: true,
        lasts: Some(|of| of.compare_all() + of.compare(of.sizes.users)),
    }
    /// The team's work on the API.
    ApiEndpoints: NOTE {
        word: "api",
        phase: Phase::Application,
        title: "API endpoints",
        does: "your own work: note what was changed",
        guide: &["Update API endpoints", "Customer endpoints", "Booking endpoints", "Authentication", "Business operations"],
    }
    /// The team's work on the frontend.
    Frontend: NOTE {
        word: "frontend",
        phase: Phase::Application,
        title: "Frontend",
        does: "your own work: note what was changed",
        guide: &["Update frontend code", "Customer management", "Booking forms", "Customer lists"],
    }
    /// The team's tests.
    Test: NOTE {
        word: "test",
        phase: Phase::Application,
        title: "Test",
        does: "your own tests: note what was run and what came out",
        guide: &[
            "Test all functionality",
            "Test customer creation/editing",
            "Test booking creation/management",
            "Test team member operations",
            "Test business settings",
            "Verify proper access controls",
        ],
    }
    /// The new code is live.
    GoLive: NOTE {
        word: "go-live",
        phase: Phase::Application,
        title: "Go live",
        does: "deploy the new code and start the application: note when and by whom",
        guide: &["Deploy to production"],
    }
    /// The team's watch.
    Monitor: NOTE {
        word: "monitor",
        phase: Phase::After,
        title: "Monitor",
        does: "your own watch: note what was seen",
        guide: &[
            "Monitor for issues",
            "Monitor database query performance",
            "Check for any slow queries",
            "Optimize indexes if needed",
            "Monitor audit logs",
            "Check for unauthorized access attempts",
            "Update documentation",
            "Train team on new structure",
            "Update any custom scripts",
        ],
    }
    /// Drops the originals.
    DeleteOriginals: USUAL {
        word: "finish",
        phase: Phase::After,
        touch: Touch::Gate,
        title: "Delete the originals",
        does: "drops the kept originals: the point of no return",
        ready: "gate: the point of no return",
        guide: &["Rollback plan: until here"],
        needs: &[Step::CleanUsers, Step::Verify, Step::GoLive],
        gate: Some(Destructive::Finish),
        destroys: "THE ORIGINALS: after it, only the backup leads back",
        by_apply: ByApply::Never,
        leaves: Some(Leaves {
            now: "migrated; the originals are deleted",
            back: "only by restoring the backup: `ringfence restore`",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guide's checklist, testing, post-migration and rollback lines, as they stand there.
    const GUIDE: [&str; 34] = [
        "Create database backup",
        "Stop application",
        "Run migration scripts",
        "Update Prisma schema",
        "Update API endpoints",
        "Update frontend code",
        "Test all functionality",
        "Verify security isolation",
        "Deploy to production",
        "Monitor for issues",
        "Test migration scripts on copy of production data",
        "Verify all data is preserved correctly",
        "Check business isolation works",
        "Test customer creation/editing",
        "Test booking creation/management",
        "Test team member operations",
        "Test business settings",
        "Verify business A cannot see business B's data",
        "Test customer isolation",
        "Verify proper access controls",
        "Monitor database query performance",
        "Check for any slow queries",
        "Optimize indexes if needed",
        "Monitor audit logs",
        "Check for unauthorized access attempts",
        "Verify business isolation",
        "Update documentation",
        "Train team on new structure",
        "Update any custom scripts",
        "Restore database backup",
        "Revert code changes",
        "Investigate issues",
        "Fix and retry",
        "Verify data integrity",
    ];

    #[test]
    fn every_line_of_the_guide_stands_on_exactly_one_step() {
        for line in GUIDE {
            let on = ROWS.iter().filter(|row| row.guide.contains(&line)).count();
            assert_eq!(on, 1, "{line}");
        }
    }

    #[test]
    fn a_row_stands_at_its_steps_place_and_needs_only_steps_before_it() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.step as usize, at);
            assert_eq!(Step::from_word(row.word), Some(row.step));
            assert!(
                row.needs.iter().all(|needed| *needed < row.step),
                "{}",
                row.title
            );
            assert!(!row.title.is_empty() && !row.does.is_empty() && !row.guide.is_empty());
            assert_eq!(
                row.gate.is_some(),
                row.touch == Touch::Gate,
                "{}",
                row.title
            );
        }
    }
}
