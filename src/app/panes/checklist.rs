//! The checklist: the steps, the selected one, and running it.

use crate::app::commands::about::{About, CommandId, Danger, Verdict, only_if, quoted};
use crate::app::commands::ids::ROLL_BACK;
use crate::app::commands::in_several_places::READ_AGAIN;
use crate::app::jobs;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, Question};
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, can_ask};
use crate::app::shared::{PaneId, Shared};
use crate::domain::checklist::{State, Step, Touch};
use crate::domain::gate::Destructive;

/// Runs the selected step.
pub const RUN: CommandId = CommandId("run");

/// The pane.
#[derive(Debug, Default)]
pub struct Checklist {
    /// Position of the selected step.
    pub selected: usize,
}

impl PaneCommands for Checklist {
    const ID: PaneId = PaneId("checklist");
    const TITLE: &'static str = "Checklist";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(RUN, &[Key::plain(KeyCode::Enter)], "Enter", "run step")
                .help("Run the selected step. A step that changes live data opens its gate first.")
                .danger(Danger::Writes),
            allowed: |pane, shared| {
                shared.can_ask()?;
                runnable(shared, pane.step())
            },
            run: |pane, shared, _| jobs::run(shared, pane.step()),
        },
        PaneCommand {
            about: About::new(CommandId("note"), &[Key::char('n')], "n", "note")
                .help(
                    "Type a note on the selected step; it is kept with the run and goes into the \
                 report.",
                )
                .danger(Danger::Writes),
            allowed: can_note,
            run: |pane, shared, _| jobs::note(shared, pane.step()),
        },
        PaneCommand {
            about: About::new(
                CommandId("take-note-back"),
                &[Key::char('u')],
                "u",
                "take note back…",
            )
            .help("Take the note on the selected step back, after a question; the step is then open again.")
            .danger(Danger::Writes)
            .unhinted(),
            allowed: can_take_note_back,
            run: |pane, shared, _| {
                let question = Question::TakeNoteBack(pane.step());
                shared.layers.push(Layer::Question(question));
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("block-writes"),
                &[Key::char('B')],
                "B",
                "block writes…",
            )
            .help(
                "Open the gate to the server's write block: it then refuses the writes of \
                 every other user, in the whole cluster, until {go-live}.",
            )
            .danger(Danger::Gate)
            .unhinted(),
            allowed: can_block_writes,
            run: |_, shared, _| shared.ask(Request::Gate(Destructive::BlockWrites)),
        },
        PaneCommand {
            about: READ_AGAIN,
            allowed: can_ask,
            run: |_, shared, _| shared.ask(Request::Standing),
        },
    ];
}

impl Checklist {
    /// The selected step.
    pub fn step(&self) -> Step {
        Step::ALL
            .get(self.selected)
            .copied()
            .unwrap_or(Step::Survey)
    }

    /// Selects the next step, unless the operator has moved the selection.
    pub fn follow(&mut self, shared: &Shared) {
        if shared.follows
            && let Some(next) = shared.next_step()
        {
            self.selected = next.number().saturating_sub(1);
        }
    }
}

impl Pane for Checklist {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        self.selected = to.from(self.selected, shared.scrollable.page, Step::ALL.len() - 1);
        shared.follows = false;
        Vec::new()
    }
}

/// `step` can be run, as far as its state tells.
fn runnable(shared: &Shared, step: Step) -> Verdict {
    let Some(status) = shared.facts.status(step) else {
        return Err("the state of the steps has not been read yet".to_owned());
    };
    match (shared.state(step), step.touch()) {
        // Where blockers hold it up, running it leads to them.
        (State::Pending, _) if step == Step::Review && shared.facts.undecided_blockers() > 0 => {
            Ok(())
        }
        (State::Pending, _) if status.says.is_empty() => {
            Err("a step before it is missing".to_owned())
        }
        (State::Pending, _) => Err(status.says.clone()),
        (State::Running, _) => Err("it runs".to_owned()),
        (State::Done, Touch::Gate) => {
            Err(format!("it is done; {} rolls back", shared.key(ROLL_BACK)))
        }
        (State::Done, Touch::ReadOnly | Touch::Aside | Touch::Note)
        | (
            State::Ready
            | State::Failed
            | State::Stopped
            | State::Refused
            | State::Skipped
            | State::Stale,
            _,
        ) => Ok(()),
    }
}

/// A note can be kept on the selected step.
fn can_note(pane: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    if shared.facts.statuses.is_empty() {
        return Err("the state of the steps has not been read yet".to_owned());
    }
    if pane.step().touch() != Touch::Note {
        return Err("this step is run, not noted".to_owned());
    }
    Ok(())
}

/// There is a note on the selected step.
fn can_take_note_back(pane: &Checklist, shared: &Shared) -> Verdict {
    can_note(pane, shared)?;
    only_if(shared.is_done(pane.step()), "there is no note on this step")
}

/// The server's write block can be asked for.
fn can_block_writes(_: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    if shared.facts.writes_blocked.is_some() {
        return Err(format!(
            "writes are blocked already; a note on {} releases them",
            quoted(Step::GoLive)
        ));
    }
    if shared.is_done(Step::BackUp) {
        return Ok(());
    }
    Err(format!("the backup comes first ({})", quoted(Step::BackUp)))
}
