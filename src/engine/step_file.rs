//! What the file of a checklist step holds: how it runs, and what the data say of it.

use std::pin::Pin;

use crate::domain::checklist::{State, Step};
use crate::domain::gate::Confirmed;
use crate::domain::run::RunRecord;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;

/// Where a swap stands whose process ended after its renames.
const UNFINISHED: &str =
    "renamed, but stopped before validators, expiries and the last look; run it again";

/// What a step's run comes to.
pub(crate) type Ran<'a> = Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>>;

/// Runs a step.
type Run = for<'a> fn(&'a mut Session, Option<Confirmed>, &'a Watcher) -> Ran<'a>;

/// Says what the data and the run record say of a step; the run is one that was not rolled back.
type Stand = fn(&Session, Option<&RunRecord>) -> Option<(State, String)>;

/// What the file of a step holds.
pub(crate) struct File {
    /// Runs it. `None` where it is the operator's own work.
    pub(crate) run: Option<Run>,
    /// What the data and the run record say of it; `None` where only the steps before it decide. The run is one that was not rolled back.
    pub(crate) state: Stand,
    /// What it ends in when it ends well, by what the run record says then.
    pub(crate) ends: fn(Option<&RunRecord>) -> State,
}

impl File {
    /// What most files have in common.
    pub(crate) const USUAL: Self = Self {
        run: None,
        state: |_, _| None,
        ends: |_| State::Done,
    };
}

/// What the run record says of a step.
pub(crate) fn recorded(run: Option<&RunRecord>, step: Step) -> Option<(State, String)> {
    let record = run?.step(step)?;
    Some((record.state, record.says.clone()))
}

/// What is said of a step that swaps.
pub(crate) fn swapped_state(
    run: Option<&RunRecord>,
    step: Step,
    swapped: bool,
) -> Option<(State, String)> {
    let recorded = recorded(run, step);
    if swapped {
        return recorded.or_else(|| Some((State::Ready, UNFINISHED.to_owned())));
    }
    recorded.filter(|(state, _)| state.is_unfinished())
}
