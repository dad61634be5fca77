//! What is true now, what is next, what it destroys, and how to get back: one value, worked out of what was read from the database, for the
//! console, `status`, the report and the gates alike.

use std::fmt::Write;

use serde_json::{Value, json};

use super::checklist::{Leaves, State, Step, StepStatus, Touch};
use super::lease::clock;
use super::number::counted;
use super::run::{Millis, Outcome};
use super::run_view::RunView;

/// Where `{roll-back}` stands in a text, the console puts its key and the command line its verb.
const ROLL_BACK: &str = "{roll-back}";

/// How far the copies were swapped in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Swapped {
    /// Not at all.
    #[default]
    Nothing,
    /// A swap was begun and not completed.
    Half,
    /// Customers and bookings.
    CutOver,
    /// Customers, bookings and users.
    Users,
}

/// What was read from the database, as plain values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The database.
    pub database: String,
    /// The latest run and what became of it.
    pub run: Option<(String, Outcome)>,
    /// How far the copies of that run are live.
    pub swapped: Swapped,
    /// What the after-schema asks in a step of its own, and that is not done yet.
    pub waiting: Vec<String>,
    /// Prepared copies of that run stand.
    pub prepared: bool,
    /// Live names whose kept original stands nowhere.
    pub missing: Vec<String>,
    /// What was made live and stands nowhere any more, in words.
    pub gone: Option<String>,
    /// Kept originals, by name, whatever run they are of.
    pub kept: Vec<String>,
    /// Collections that an application made between two renames, with their documents.
    pub strays: Vec<(String, u64)>,
    /// What rollbacks put aside.
    pub aside: Vec<String>,
    /// A restore is half done, in words.
    pub restoring: Option<String>,
    /// A run on record swapped something in, once.
    pub ever_swapped: bool,
    /// Foreign writes since writers were found to stand still, in words.
    pub writes: Option<String>,
    /// What a push of the schema did that was cut off before anybody looked, in words.
    pub cut_off: Option<String>,
    /// Who else works on the database, in words.
    pub holder: Option<String>,
    /// This session holds the lease.
    pub held: bool,
    /// The latest run, as screens show it.
    pub view: Option<RunView>,
    /// When all this was read.
    pub read: Millis,
}

/// The situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What is true of the data.
    pub now: String,
    /// What comes next; `None` where nothing is left to do.
    pub next: Option<Step>,
    /// How the next step stands.
    pub next_state: State,
    /// What the next step destroys.
    pub destroys: String,
    /// How to get back.
    pub back: String,
    /// Foreign writes since writers were found to stand still, in words.
    pub writes: Option<String>,
    /// Who else works on the database, in words.
    pub holder: Option<String>,
    /// This session holds the lease.
    pub held: bool,
    /// Something that was made live stands nowhere any more.
    pub gone: bool,
    /// Strays that nobody has decided on.
    pub strays: usize,
    /// Something was swapped in this database, once.
    pub ever_swapped: bool,
    /// The latest run.
    pub run: Option<RunView>,
    /// When it was read.
    pub read: Millis,
}

/// Where every step stands, and the situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The steps in order.
    pub statuses: Vec<StepStatus>,
    /// The situation.
    pub situation: Situation,
}

/// The step that comes next: the first that runs, is unfinished or went stale, or else the first that is ready. Retiring users is a choice: once all
/// is verified without it, it comes next no more.
pub fn next_step(state: impl Fn(Step) -> State) -> Option<Step> {
    let passed = |step: Step| {
        let optional = step == Step::RetireUsers && state(step) == State::Ready;
        // Verified and written over since is verified without it, too.
        optional && matches!(state(Step::Verify), State::Done | State::Stale)
    };
    let first = |wanted: fn(State) -> bool| {
        let mut steps = Step::ALL.iter().copied();
        steps.find(|step| wanted(state(*step)) && !passed(*step))
    };
    first(|state| state == State::Running).or_else(|| {
        first(|state| state.is_unfinished() || matches!(state, State::Stale | State::Ready))
    })
}

/// The team's work that comes next once the result is verified; it is noted, not run.
pub fn next_note(state: impl Fn(Step) -> State) -> Option<Step> {
    let mut notes = Step::ALL
        .iter()
        .copied()
        .filter(|step| step.touch() == Touch::Note && state(*step) == State::Pending);
    notes.next().filter(|_| state(Step::Verify) == State::Done)
}

impl Situation {
    /// The situation as it was seen, with the steps as they stand.
    pub fn of(seen: &Seen, statuses: &[StepStatus]) -> Self {
        let state = |step: Step| {
            let status = statuses.iter().find(|status| status.step == step);
            status.map_or(State::Pending, |status| status.state)
        };
        // Where something live is gone no step goes on: only the way back is left.
        let open = |_: &Step| seen.gone.is_none();
        let next = next_step(state).or_else(|| next_note(state)).filter(open);
        Self {
            now: now(seen),
            next,
            next_state: next.map_or(State::Pending, state),
            destroys: destroys(seen.view.as_ref(), next).to_owned(),
            back: back(seen),
            writes: seen.writes.clone(),
            holder: seen.holder.clone(),
            held: seen.held,
            gone: seen.gone.is_some(),
            strays: seen.strays.len(),
            ever_swapped: seen.ever_swapped,
            run: seen.view.clone(),
            read: seen.read,
        }
    }

    /// What comes next, in words.
    pub fn next_words(&self) -> String {
        let nothing = if self.gone {
            "the way back: nothing goes on while that is missing"
        } else {
            "nothing is left to do"
        };
        self.next.map_or_else(
            || nothing.to_owned(),
            |step| {
                step_words(
                    step,
                    self.next_state,
                    RunView::touch(self.run.as_ref(), step),
                )
            },
        )
    }

    /// How to get back, where `roll_back` is how that is ordered here.
    pub fn back_by(&self, roll_back: &str) -> String {
        self.back.replace(ROLL_BACK, roll_back)
    }

    /// As JSON, for a command line.
    pub fn to_json(&self, database: &str) -> Value {
        json!({
            "now": self.now,
            "next": self.next.map(|step| json!({ "step": step.word(), "state": self.next_state.word(), "says": self.next_words() })),
            "destroys": self.destroys,
            "back": self.back_by(&roll_back(database)),
            "foreignWrites": self.writes,
            "readAt": clock(self.read),
        })
    }

    /// True where it says the same, whenever it was read.
    pub fn says_as(&self, other: &Self) -> bool {
        let read = other.read;
        Self {
            read,
            ..self.clone()
        } == *other
    }
}

/// How a rollback is ordered on a command line.
pub fn roll_back(database: &str) -> String {
    format!("`ringfence rollback --confirm {database}`")
}

/// A step that comes next, in words.
pub fn step_words(step: Step, state: State, touch: Touch) -> String {
    let how = match touch {
        Touch::ReadOnly => "reads only",
        Touch::Aside => "writes beside the live data",
        Touch::Gate => "changes the live data, behind a gate",
        Touch::Note => "yours to do, then noted",
    };
    let again = match state {
        State::Stale => " again",
        State::Failed => ", which failed,",
        State::Stopped => ", which you stopped,",
        State::Refused => ", which was refused,",
        State::Pending | State::Ready | State::Running | State::Done | State::Skipped => "",
    };
    format!("{} {}{again} ({how})", step.number(), step.title())
}

/// What the next step destroys.
fn destroys(run: Option<&RunView>, next: Option<Step>) -> &'static str {
    match next {
        None => "nothing",
        Some(Step::Schema) if RunView::gate(run, Step::Schema).is_some() => {
            "nothing: collections change as the after-schema asks; the originals are kept whole"
        }
        Some(step) => step.destroys(),
    }
}

/// What a step leaves once it is done.
fn left_by(step: Step) -> Leaves {
    step.row().leaves.unwrap_or(Leaves {
        now: "",
        back: "nothing to undo",
    })
}

fn now(seen: &Seen) -> String {
    let mut words = data(seen);
    if let Some(writes) = &seen.writes {
        words.push_str("; the application wrote: ");
        words.push_str(writes);
    }
    if let Some(cut_off) = &seen.cut_off {
        words.push_str("; ");
        words.push_str(cut_off);
    }
    for (name, documents) in &seen.strays {
        let _ = write!(
            words,
            "; {name} holds {} outside the live data",
            counted(*documents, "document", "documents")
        ); // writing to a String cannot fail
    }
    if !seen.strays.is_empty() {
        words.push_str(" (`ringfence strays` takes them in, or sets them aside)");
    }
    if let Some(holder) = &seen.holder {
        words.push_str("; at work: ");
        words.push_str(holder);
    }
    words
}

fn data(seen: &Seen) -> String {
    let live = if seen.ever_swapped {
        "the originals are live again"
    } else {
        "the live data is untouched"
    };
    if let Some(restoring) = &seen.restoring {
        return restoring.clone();
    }
    if let Some(gone) = &seen.gone {
        return format!("MISSING: {gone}");
    }
    match &seen.run {
        None if !seen.kept.is_empty() => format!(
            "there is no run record, but originals stand aside ({}): what is live may be a migrated copy",
            seen.kept.join(", ")
        ),
        None if !seen.aside.is_empty() => format!(
            "there is no run record; what a rollback or a restore replaced stands aside in {}",
            seen.aside.join(", ")
        ),
        None => "the live data is untouched by any run on record; nothing is prepared".to_owned(),
        Some((_, Outcome::Finished)) => left_by(Step::DeleteOriginals).now.to_owned(),
        Some((_, Outcome::RolledBack)) if !seen.ever_swapped => {
            format!("{live}; nothing is prepared")
        }
        Some((_, Outcome::RolledBack)) if seen.aside.is_empty() => live.to_owned(),
        Some((_, Outcome::RolledBack)) => format!(
            "{live}; what was live before stands aside in {}",
            seen.aside.join(", ")
        ),
        Some((_, Outcome::Restored)) if seen.aside.is_empty() => {
            "what is live is what the run's backup held when it was restored".to_owned()
        }
        Some((_, Outcome::Restored)) => format!(
            "what is live is what the run's backup held when it was restored; what stood there before is aside in {}",
            seen.aside.join(", ")
        ),
        Some((_, Outcome::Open)) => {
            let mut words = match seen.swapped {
                Swapped::Users => left_by(Step::CleanUsers).now.to_owned(),
                Swapped::CutOver => left_by(Step::CutOver).now.to_owned(),
                Swapped::Half => {
                    "a swap is half done; running the same step again completes it".to_owned()
                }
                Swapped::Nothing if seen.prepared => {
                    format!("{live}; prepared copies stand beside it")
                }
                Swapped::Nothing => format!("{live}; nothing is prepared"),
            };
            if matches!(seen.swapped, Swapped::CutOver | Swapped::Users) && !seen.waiting.is_empty()
            {
                let waiting = seen.waiting.join(", ");
                let _ = write!(
                    words,
                    "; what the after-schema asks of {waiting} is not done yet"
                ); // as above
            }
            if !seen.missing.is_empty() && seen.swapped != Swapped::Nothing {
                let missing = seen.missing.join(", ");
                let _ = write!(words, "; MISSING: the kept original of {missing}"); // as above
            }
            words
        }
    }
}

fn back(seen: &Seen) -> String {
    if seen.restoring.is_some() {
        return "the same restore again completes it".to_owned();
    }
    if seen.gone.is_some() {
        return format!("{ROLL_BACK}, told to discard what was written since (--discard-new)");
    }
    let words = match (&seen.run, seen.swapped) {
        (Some((_, Outcome::Restored)), _) => "nothing to undo: the backup was restored",
        (None, _) if !seen.kept.is_empty() => {
            "`ringfence rollback --without-record --backup FOLDER`, with the backup that the run took"
        }
        (Some((_, Outcome::Finished)), _) => left_by(Step::DeleteOriginals).back,
        (Some((_, Outcome::RolledBack)), _) if seen.ever_swapped => {
            "nothing to undo: the originals are live"
        }
        (Some((_, Outcome::Open)), Swapped::Half | Swapped::CutOver | Swapped::Users)
            if seen.writes.is_some() =>
        {
            return format!(
                "{ROLL_BACK}, which asks first what becomes of what the application wrote"
            );
        }
        (Some((_, Outcome::Open)), Swapped::Half | Swapped::CutOver | Swapped::Users) => {
            left_by(Step::CutOver).back
        }
        (Some((_, Outcome::Open)), Swapped::Nothing) if seen.prepared => {
            left_by(Step::ReassignBookings).back
        }
        _ => "nothing to undo",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: Outcome) -> Seen {
        Seen {
            run: Some(("r1".to_owned(), outcome)),
            ..Seen::default()
        }
    }

    #[test]
    fn untouched_is_said_until_something_was_swapped_and_never_after() {
        let open = seen(Outcome::Open);
        assert!(now(&Seen::default()).starts_with("the live data is untouched"));
        assert_eq!(
            now(&open),
            "the live data is untouched; nothing is prepared"
        );
        let again = Seen {
            ever_swapped: true,
            prepared: true,
            ..seen(Outcome::Open)
        };
        assert_eq!(
            now(&again),
            "the originals are live again; prepared copies stand beside it"
        );
        let back = Seen {
            ever_swapped: true,
            ..seen(Outcome::RolledBack)
        };
        assert_eq!(now(&back), "the originals are live again");
    }

    #[test]
    fn retiring_users_comes_next_until_all_is_verified_without_it() {
        let state = |verify: State| {
            move |step: Step| match step {
                Step::RetireUsers => State::Ready,
                Step::Verify => verify,
                step if step <= Step::Verify => State::Done,
                _ => State::Pending,
            }
        };
        assert_eq!(next_step(state(State::Ready)), Some(Step::RetireUsers));
        assert_eq!(next_step(state(State::Done)), None);
        assert_eq!(next_note(state(State::Done)), Some(Step::ApiEndpoints));
        // What was written since asks for another look, and not for the choice again.
        assert_eq!(next_step(state(State::Stale)), Some(Step::Verify));
    }

    #[test]
    fn what_was_written_stands_astray_or_is_missing_is_said() {
        let seen = Seen {
            swapped: Swapped::CutOver,
            missing: vec!["Booking".to_owned()],
            writes: Some("2 writes to Booking".to_owned()),
            strays: vec![("_ringfence_stray_1_Booking".to_owned(), 7)],
            holder: Some("ann on desk".to_owned()),
            ..seen(Outcome::Open)
        };
        let words = now(&seen);
        for part in [
            "MISSING",
            "2 writes",
            "stray_1_Booking holds 7 documents",
            "`ringfence strays`",
            "ann on desk",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(back(&seen).contains(ROLL_BACK));
        assert!(!back(&seen).contains("at once"), "{}", back(&seen));
    }

    #[test]
    fn originals_without_a_run_record_are_said() {
        let seen = Seen {
            kept: vec!["_ringfence_before_Booking".to_owned()],
            ..Seen::default()
        };
        assert!(now(&seen).contains("_ringfence_before_Booking"));
    }
}
