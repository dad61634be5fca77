//! The checklist: the guide's phases and items as steps, in order, each with its line of the guide.

/// A phase of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Phase 1.
    Preparation,
    /// Phase 2.
    Migration,
    /// Phase 3.
    Schema,
    /// Phase 4.
    Application,
    /// After the guide's phases.
    After,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [
        Self::Preparation,
        Self::Migration,
        Self::Schema,
        Self::Application,
        Self::After,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Preparation => "Phase 1: backup and preparation",
            Self::Migration => "Phase 2: data migration",
            Self::Schema => "Phase 3: schema update",
            Self::Application => "Phase 4: application",
            Self::After => "After",
        }
    }
}

/// How a step touches data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Reads only.
    ReadOnly,
    /// Writes side collections or files; the application sees nothing of it.
    Aside,
    /// Changes what the application sees, or deletes: behind a gate.
    Gate,
    /// The operator does it and notes it.
    Note,
}

macro_rules! steps {
    ($($variant:ident, $word:literal, $phase:ident, $touch:ident, $title:literal, $does:literal, $guide:literal;)*) => {
        /// A line of the checklist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $(#[doc = $does] $variant,)*
        }

        impl Step {
            /// Every step, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word after `--through`, and in the run record.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Its phase.
            pub fn phase(self) -> Phase {
                match self { $(Self::$variant => Phase::$phase),* }
            }

            /// How it touches data.
            pub fn touch(self) -> Touch {
                match self { $(Self::$variant => Touch::$touch),* }
            }

            /// Its title.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it does for real.
            pub fn does(self) -> &'static str {
                match self { $(Self::$variant => $does),* }
            }

            /// Its line of the guide.
            pub fn guide(self) -> &'static str {
                match self { $(Self::$variant => $guide),* }
            }
        }
    };
}

steps! {
    Survey, "survey", Preparation, ReadOnly, "Survey", "counts users, businesses and bookings, pairs them, and finds the conflicts", "Document current data";
    BackUp, "backup", Preparation, Aside, "Back up", "writes every collection to the run folder in mongodump's layout, hashed and read back", "Create database backup";
    StopApplication, "stop", Preparation, ReadOnly, "Stop the application", "watches for foreign writes, lists who is connected, and gives a verdict: BLOCKED, QUIET or UNKNOWN; B sets the server's write block", "Stop your application";
    Document, "document", Preparation, Aside, "Document current data", "exports users, bookings and services as JSON lines and CSV, with counts and hashes", "Document current data - export existing users, bookings, services";
    Review, "review", Migration, Aside, "Review conflicts", "takes the decisions and makes the plan with its hash", "Test migration scripts on copy of production data";
    CreateCustomers, "customers", Migration, Aside, "Create customers", "prepares the customers and their links beside the live data", "Step 1: Create New Customer Records";
    ReassignBookings, "bookings", Migration, Aside, "Reassign bookings", "prepares the bookings with customerId instead of userId beside the live data", "Step 2: Update Booking Model";
    Prove, "prove", Migration, Aside, "Prove", "checks conservation, isolation and fidelity of the prepared copies, and prepares that of the users", "Verify all data is preserved correctly";
    CutOver, "cut-over", Migration, Gate, "Cut over", "makes the prepared customers and bookings live by renaming, and keeps the originals", "Run migration scripts";
    CleanUsers, "clean-users", Migration, Gate, "Clean up users", "removes the copied contact fields from users: prepared copy, then a swap", "Step 3: Clean Up User Model";
    RetireUsers, "retire-users", Migration, ReadOnly, "Retire customer users", "counts the password-less users that still hold a name and an e-mail; removes nothing", "User = Authentication only";
    Schema, "schema", Schema, ReadOnly, "Update the schema", "shows the Prisma lines to change and checks that every index stands", "Apply new Prisma schema";
    Verify, "verify", Schema, ReadOnly, "Verify", "checks integrity and isolation of what is now live", "Verify data integrity";
    ApiEndpoints, "api", Application, Note, "API endpoints", "your own work: note what was changed", "Update API endpoints";
    Frontend, "frontend", Application, Note, "Frontend", "your own work: note what was changed", "Update frontend code";
    Test, "test", Application, Note, "Test", "your own tests: note what was run and what came out", "Test all functionality";
    GoLive, "go-live", Application, Note, "Go live", "deploy the new code and start the application: note when and by whom", "Deploy to production";
    Monitor, "monitor", After, Note, "Monitor", "your own watch: note what was seen", "Monitor for issues";
    DeleteOriginals, "finish", After, Gate, "Delete the originals", "drops the kept originals: the point of no return", "Rollback plan: until here";
}

impl Step {
    /// The step of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.word() == word)
    }

    /// Its number, from 1.
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|step| *step == self)
            .map_or(0, |at| at + 1)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Something before it is missing.
    Pending,
    /// Can be run now.
    Ready,
    /// Runs.
    Running,
    /// Done, and still true.
    Done,
    /// Did not end well.
    Failed,
    /// Left out on purpose.
    Skipped,
    /// Was done; something under it changed since.
    Stale,
}

impl State {
    /// The word beside the mark.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
        }
    }
}

/// A step's state with the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepStatus {
    /// The step.
    pub step: Step,
    /// Where it stands.
    pub state: State,
    /// Why, or what came out: "2,013 bookings, 31 conflicts".
    pub says: String,
}

/// How far a running step is. `total` is 0 while unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is being done: "copying bookings".
    pub doing: String,
    /// Units done.
    pub done: u64,
    /// Units in all, 0 while unknown.
    pub total: u64,
    /// Why it is slow, or waits; empty where it goes as fast as it can.
    pub slow: String,
}
