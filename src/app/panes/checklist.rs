//! The overview: phases, steps and the items of the guide's lists, the selected one, and running or noting it.

use std::collections::BTreeMap;

use crate::app::commands::about::{About, CommandId, Danger, Verdict, only_if, quoted};
use crate::app::commands::ids::{
    BLOCK_WRITES, CONTACT, NOTE, PUSH_SCHEMA, PUT_INDEXES_BACK, ROLL_BACK, RUN, SET_ASIDE, TAKE_IN,
};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP};
use crate::app::jobs;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{Layer, Question};
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{PaneId, Shared};
use crate::domain::checklist::{NoteOn, Phase, State, Step, Touch};
use crate::domain::decision::Contact;
use crate::domain::gate::Destructive;
use crate::domain::history::Change;
use crate::domain::run_view::RunView;

/// From so many rows on the phases before the application's are all unfolded.
const TALL: u16 = 34;
/// Rows of the screen that are never the list's: header, tabs, phases, frame, state and hints.
const AROUND: usize = 12;

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The heading of a phase.
    Phase(Phase),
    /// A step.
    Step(Step),
    /// An item under a step, by its place.
    Item(Step, usize),
}

impl Row {
    /// The phase that it is of.
    pub fn phase(self) -> Phase {
        match self {
            Self::Phase(phase) => phase,
            Self::Step(step) | Self::Item(step, _) => step.phase(),
        }
    }
}

/// The pane.
#[derive(Debug)]
pub struct Checklist {
    /// The selected row.
    pub row: Row,
    /// Rows that the detail is scrolled down.
    pub down: usize,
    /// Phases that the operator folded or unfolded.
    folded: BTreeMap<Phase, bool>,
}

impl Default for Checklist {
    fn default() -> Self {
        Self {
            row: Row::Step(Step::Survey),
            down: 0,
            folded: BTreeMap::new(),
        }
    }
}

impl PaneCommands for Checklist {
    const ID: PaneId = PaneId("overview");
    const TITLE: &'static str = "Overview";
    const SHORT: &'static str = "Over";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(RUN, &[Key::plain(KeyCode::Enter)], "Enter", "run step")
                .help("Run the selected step; note it where it is your own work; fold or unfold the selected phase. A step that changes live data opens its gate first.")
                .danger(Danger::Writes),
            allowed: |pane, shared| match pane.row {
                Row::Phase(_) => Ok(()),
                Row::Item(..) => can_note(pane, shared),
                Row::Step(step) => {
                    shared.can_ask()?;
                    runnable(shared, step)
                }
            },
            run: |pane, shared, _| match pane.row {
                Row::Phase(phase) => pane.turn(shared, phase),
                Row::Item(..) => jobs::note(shared, pane.on()),
                Row::Step(step) => jobs::run(shared, step),
            },
        },
        PaneCommand {
            about: About::new(NOTE, &[Key::char('n')], "n", "note…")
                .help(
                    "Type a note on the selected step or item; it is kept with the run and goes into the \
                 report. Notes can be written while a step runs; they are kept when it ends.",
                )
                .danger(Danger::Writes),
            allowed: can_note,
            run: |pane, shared, _| jobs::note(shared, pane.on()),
        },
        PaneCommand {
            about: About::new(
                CommandId("take-note-back"),
                &[Key::char('u')],
                "u",
                "take note back…",
            )
            .help("Take the selected note back, after a question; the step is then open again.")
            .danger(Danger::Writes)
            .unhinted(),
            allowed: can_take_note_back,
            run: |pane, shared, _| {
                let question = Question::TakeNoteBack(pane.on());
                shared.layers.push(Layer::Question(question));
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("fold"), &[Key::char(' ')], "Space", "fold")
                .help("Fold or unfold the phase of the selected row.")
                .unhinted(),
            allowed: always,
            run: |pane, shared, _| {
                let phase = pane.row.phase();
                pane.turn(shared, phase)
            },
        },
        PaneCommand {
            about: About::new(CONTACT, &[Key::char('c')], "c", "contact fields…")
                .help(
                    "Choose how contact fields leave the users in {clean-users}: removed, or kept with \
                     null in them.",
                )
                .unhinted(),
            allowed: can_choose_contact,
            run: |_, shared, _| open_contact(shared),
        },
        PaneCommand {
            about: About::new(
                BLOCK_WRITES,
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
            about: About::new(
                PUSH_SCHEMA,
                &[Key::char('S')],
                "S",
                "push the schema…",
            )
            .help(
                "Open the gate to your own `npx prisma@6 db push`: it names the indexes that are made and \
                 dropped, shows the output, and compares every index before and after.",
            )
            .danger(Danger::Gate)
            .unhinted(),
            allowed: can_push,
            run: |_, shared, _| shared.ask(Request::Gate(Destructive::PushSchema)),
        },
        PaneCommand {
            about: About::new(
                PUT_INDEXES_BACK,
                &[Key::char('I')],
                "I",
                "put indexes back…",
            )
            .help("Open the gate to building the indexes again that the last push of the schema dropped.")
            .danger(Danger::Gate)
            .unhinted(),
            allowed: can_push,
            run: |_, shared, _| shared.ask(Request::Gate(Destructive::PutBackIndexes)),
        },
        PaneCommand {
            about: About::new(TAKE_IN, &[Key::char('V')], "V", "take strays in…")
                .help("Open the gate to taking in what an application wrote under a vacated name.")
                .danger(Danger::Gate)
                .unhinted(),
            allowed: has_strays,
            run: |_, shared, _| shared.ask(Request::Gate(Destructive::TakeIn)),
        },
        PaneCommand {
            about: About::new(SET_ASIDE, &[Key::char('Z')], "Z", "set strays aside…")
                .help("Open the gate to setting aside what an application wrote under a vacated name: it is never live.")
                .danger(Danger::Gate)
                .unhinted(),
            allowed: has_strays,
            run: |_, shared, _| shared.ask(Request::Gate(Destructive::SetAside)),
        },
        PaneCommand {
            about: DETAIL_DOWN,
            allowed: always,
            run: |pane, shared, _| pane.scroll_detail(shared, 1),
        },
        PaneCommand {
            about: DETAIL_UP,
            allowed: always,
            run: |pane, shared, _| pane.scroll_detail(shared, -1),
        },
    ];
}

impl Checklist {
    /// The selected step, or the first one of the selected phase.
    pub fn step(&self) -> Step {
        match self.row {
            Row::Step(step) | Row::Item(step, _) => step,
            Row::Phase(phase) => {
                let mut steps = Step::ALL.iter().copied();
                steps
                    .find(|step| step.phase() == phase)
                    .unwrap_or(Step::Survey)
            }
        }
    }

    /// What a note would be on.
    pub fn on(&self) -> NoteOn {
        let step = self.step();
        let item = match self.row {
            Row::Item(_, at) => step.items().get(at),
            Row::Phase(_) | Row::Step(_) => None,
        };
        NoteOn { step, item }
    }

    /// Selects a step.
    pub fn select(&mut self, step: Step) {
        self.row = Row::Step(step);
    }

    /// Selects the next step, unless the operator has moved the selection.
    pub fn follow(&mut self, shared: &Shared) {
        if shared.follows
            && let Some(next) = shared.next_step().or_else(|| shared.open_note())
        {
            if self.row != Row::Step(next) {
                self.down = 0;
            }
            self.row = Row::Step(next);
        }
    }

    /// True where the steps of a phase are shown.
    pub fn is_open(&self, shared: &Shared, phase: Phase) -> bool {
        if let Some(folded) = self.folded.get(&phase) {
            return !folded;
        }
        let steps = Step::ALL.iter().map(|step| 1 + step.items().len());
        let whole = Phase::ALL.len() + steps.sum::<usize>() + AROUND;
        let next = shared.next_step().or_else(|| shared.open_note());
        next.is_none_or(|next| next.phase() == phase)
            || (self.row.phase() == phase && !matches!(self.row, Row::Phase(_)))
            || (shared.size.1 >= TALL && phase < Phase::Application)
            || usize::from(shared.size.1) >= whole
    }

    /// The rows as they are shown now.
    pub fn rows(&self, shared: &Shared) -> Vec<Row> {
        let mut rows = Vec::new();
        for phase in Phase::ALL {
            rows.push(Row::Phase(phase));
            if !self.is_open(shared, phase) {
                continue;
            }
            for step in Step::ALL.iter().filter(|step| step.phase() == phase) {
                rows.push(Row::Step(*step));
                rows.extend((0..step.items().len()).map(|at| Row::Item(*step, at)));
            }
        }
        rows
    }

    fn turn(&mut self, shared: &Shared, phase: Phase) -> Vec<Effect> {
        let open = self.is_open(shared, phase);
        self.folded.insert(phase, open);
        self.row = Row::Phase(phase);
        Vec::new()
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        self.down = Move::By(by).from(self.down, 1, shared.scrollable.detail);
        Vec::new()
    }

    fn select_row(&mut self, shared: &mut Shared, rows: &[Row], at: usize) {
        if let Some(row) = rows.get(at) {
            // The phase that the cursor leaves stays as it was, so that no row moves under it.
            let phase = self.row.phase();
            if phase != row.phase() {
                let open = self.is_open(shared, phase);
                self.folded.entry(phase).or_insert(!open);
            }
            self.row = *row;
            self.down = 0;
            shared.follows = false;
        }
    }
}

impl Pane for Checklist {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let rows = self.rows(shared);
        let at = rows.iter().position(|row| *row == self.row).unwrap_or(0);
        let at = to.from(at, shared.scrollable.page, rows.len().saturating_sub(1));
        self.select_row(shared, &rows, at);
        Vec::new()
    }

    fn clicked(&mut self, shared: &mut Shared, at: usize) {
        let rows = self.rows(shared);
        self.select_row(shared, &rows, at);
    }

    fn picked(&mut self, shared: &mut Shared, at: usize) -> Vec<Effect> {
        match CONTACT_WAYS.get(at) {
            Some((contact, ..)) => shared.ask(Request::Decide(vec![Change::Contact(*contact)])),
            None => Vec::new(),
        }
    }

    fn copied(&self, shared: &Shared) -> Option<String> {
        if let Some(item) = self.on().item
            && let Some((old, new)) = queries(shared, self.step(), item.word)
        {
            return Some(format!("{old}\n\n{new}"));
        }
        if let Some(note) = shared.facts.note(self.on()) {
            return Some(note.to_owned());
        }
        let status = shared.facts.status(self.step())?;
        Some(status.says.clone())
    }

    fn does(&self, id: CommandId, shared: &Shared) -> Option<&'static str> {
        if id != RUN {
            return None;
        }
        match self.row {
            Row::Phase(phase) if self.is_open(shared, phase) => Some("fold"),
            Row::Phase(_) => Some("unfold"),
            Row::Item(..) => Some("note…"),
            Row::Step(step) => match RunView::touch(shared.facts.run(), step) {
                Touch::Note => Some("note…"),
                Touch::Gate => Some("open the gate…"),
                Touch::ReadOnly | Touch::Aside => {
                    let blocked = step == Step::Review && shared.facts.undecided_blockers() > 0;
                    if blocked {
                        return Some("see what to decide");
                    }
                    shared.is_done(step).then_some("run again")
                }
            },
        }
    }

    fn step_back(&mut self, shared: &mut Shared) -> bool {
        // Back to where the work is.
        let away = !shared.follows;
        shared.follows = true;
        self.follow(shared);
        away
    }
}

/// How contact fields may leave users, in the order of the list.
const CONTACT_WAYS: [(Contact, &str, &str); 2] = [
    (
        Contact::Null,
        "null",
        "the fields stay in the users, with null in them",
    ),
    (
        Contact::Remove,
        "remove",
        "the fields are removed from the users",
    ),
];

fn open_contact(shared: &mut Shared) -> Vec<Effect> {
    let now = shared.facts.review().contact;
    let items = CONTACT_WAYS.iter().map(|(contact, word, does)| Item {
        label: (*word).to_owned(),
        more: format!("{}{does}", if *contact == now { "now: " } else { "" }),
    });
    let title = "Contact fields whose values the customers have";
    let list = Picker::new(title, items.collect());
    shared.layers.push(Layer::Picker(list));
    Vec::new()
}

/// Nothing is cut over, so the plan can still say it.
fn can_choose_contact(_: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    if shared.facts.overview.is_none() {
        return Err(format!("the survey comes first ({})", quoted(Step::Survey)));
    }
    only_if(
        !shared.is_done(Step::CutOver),
        format!("{} is done, by a plan that says it", quoted(Step::CutOver)),
    )
}

/// The old and the new query, where an item is about them.
pub fn queries(shared: &Shared, step: Step, item: &str) -> Option<(String, String)> {
    let about = step == Step::ApiEndpoints && item == "customers";
    let run = shared.facts.run().filter(|_| about)?;
    Some(run.queries.clone())
}

/// `step` can be run, as far as its state tells.
#[allow(clippy::match_same_arms)] // each says why by itself
fn runnable(shared: &Shared, step: Step) -> Verdict {
    let Some(status) = shared.facts.status(step) else {
        return Err("the state of the steps has not been read yet".to_owned());
    };
    // The selection follows the next step, and that is not known yet; what the operator selected stays.
    if shared.facts.outdated && shared.follows {
        return Err("the state of the steps is being read".to_owned());
    }
    match (shared.state(step), step.touch()) {
        // Where blockers hold it up, running it leads to them.
        (State::Pending, _) if step == Step::Review && shared.facts.undecided_blockers() > 0 => {
            Ok(())
        }
        // The operator's own work can be noted at any time.
        (State::Pending, Touch::Note) => Ok(()),
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

/// A note can be kept on the selected row.
fn can_note(pane: &Checklist, shared: &Shared) -> Verdict {
    shared.can_note()?;
    if shared.facts.statuses.is_empty() {
        return Err("the state of the steps has not been read yet".to_owned());
    }
    if matches!(pane.row, Row::Phase(_)) {
        return Err("a note is on a step or an item, not on a phase".to_owned());
    }
    if pane.step().touch() != Touch::Note {
        return Err("this step is run, not noted".to_owned());
    }
    Ok(())
}

/// There is a note on the selected row.
fn can_take_note_back(pane: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    can_note(pane, shared)?;
    only_if(
        shared.facts.note(pane.on()).is_some(),
        "there is no note on it",
    )
}

/// The schema can be pushed, and its indexes put back, once the new collections are live.
fn can_push(_: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    if shared.is_done(Step::CutOver) {
        return Ok(());
    }
    Err(format!(
        "the cut-over comes first ({})",
        quoted(Step::CutOver)
    ))
}

/// Strays stand that nobody has decided on.
fn has_strays(_: &Checklist, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    let situation = shared.facts.situation.as_ref();
    let strays = situation.is_some_and(|it| it.strays > 0);
    only_if(strays, "no stray stands in this database")
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
