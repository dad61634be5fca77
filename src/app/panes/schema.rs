//! What the after-schema asks of the data: what stands against it, what waits for an answer, what will be done, the indexes, and what a push
//! would drop. An answer is a line of the decisions file, as those to conflicts are.

use crate::app::commands::about::{About, CommandId, Verdict, only_if};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP};
use crate::app::jobs;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{Layer, Line};
use crate::app::message::{Effect, Job, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{PaneId, Shared};
use crate::domain::history::Change;
use crate::domain::number::{counted, grouped};
use crate::domain::schema_view::{Fate, IndexLine, SchemaLine, SchemaView, Stands, Way};

/// Bookings up to which the documents are read without being asked to: about a second.
const AT_ONCE: u64 = 100_000;

/// Reads the data.
pub const READ: CommandId = CommandId("read-for-schema");

/// A row of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The heading of a group, with how many rows it has.
    Heading(&'static str, usize),
    /// A line of the list, by its place.
    Line(usize),
    /// An index, by its place.
    Index(usize),
}

/// What a line of the open list stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Answer(Way),
    TakeBack,
    AcceptAll,
}

/// The pane.
#[derive(Debug, Default)]
pub struct SchemaPane {
    /// What the engine said, or why nothing can be shown.
    pub view: Option<Result<SchemaView, String>>,
    /// Data or answers changed since.
    pub outdated: bool,
    /// The rows, in groups.
    pub rows: Vec<Row>,
    /// Position of the selected one.
    pub selected: usize,
    /// Rows that the detail is scrolled down.
    pub down: usize,
    offered: Vec<Pick>,
    asked: bool,
    /// What is typed in the open line: a value, or a field's name.
    typed_way: Option<Way>,
}

impl PaneCommands for SchemaPane {
    const ID: PaneId = PaneId("schema");
    const TITLE: &'static str = "Schema";
    const SHORT: &'static str = "Schm";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(
                CommandId("answer-schema"),
                &[Key::plain(KeyCode::Enter)],
                "Enter",
                "answer…",
            )
            .help(
                "Answer the selected line: do what is suggested, write a value, or leave the documents as they are.",
            ),
            allowed: can_answer,
            run: |pane, shared, _| {
                pane.open_list(shared);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("accept-change"),
                &[Key::char('a')],
                "a",
                "accept",
            )
            .help("Accept what is suggested for the selected line."),
            allowed: can_accept,
            run: |pane, shared, _| pane.answer(shared, Some("accept")),
        },
        PaneCommand {
            about: About::new(
                CommandId("accept-all-changes"),
                &[Key::char('A')],
                "A",
                "accept all…",
            )
            .help("Accept what is suggested for every line that waits; asks first."),
            allowed: can_accept_all,
            run: |pane, shared, _| {
                pane.open_all(shared);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("take-answer-back"),
                &[Key::char('u')],
                "u",
                "take back",
            )
            .help("Take the answer to the selected line back."),
            allowed: can_take_back,
            run: |pane, shared, _| pane.answer(shared, None),
        },
        PaneCommand {
            about: About::new(
                READ,
                &[Key::char('d')],
                "d",
                "read the data",
            )
            .help("Read every document and judge it against the after-schema; nothing is written."),
            allowed: can_read,
            run: |pane, shared, _| pane.read(shared),
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

impl SchemaPane {
    /// What is shown, once it is there.
    pub fn shown(&self) -> Option<&SchemaView> {
        self.view.as_ref()?.as_ref().ok()
    }

    /// The selected line.
    pub fn line(&self) -> Option<&SchemaLine> {
        match self.rows.get(self.selected)? {
            Row::Line(at) => self.shown()?.lines.get(*at),
            Row::Heading(..) | Row::Index(_) => None,
        }
    }

    /// The selected index.
    pub fn index(&self) -> Option<&IndexLine> {
        match self.rows.get(self.selected)? {
            Row::Index(at) => self.shown()?.indexes.get(*at),
            Row::Heading(..) | Row::Line(_) => None,
        }
    }

    /// Takes what the engine said.
    pub fn take(&mut self, view: Result<SchemaView, String>) {
        let before = self.line().map(|it| it.key.clone());
        self.outdated = false;
        self.asked = false;
        self.rows = view.as_ref().map(rows).unwrap_or_default();
        self.view = Some(view);
        let same = |row: &Row| match row {
            Row::Line(at) => self.shown().map(|it| &it.lines[*at].key) == before.as_ref(),
            Row::Heading(..) | Row::Index(_) => false,
        };
        let place = self.rows.iter().position(same).filter(|_| before.is_some());
        self.selected = place.unwrap_or(1);
        self.down = 0;
    }

    /// True where nothing was read yet and reading takes a while.
    pub fn waits_to_be_told(&self, shared: &Shared) -> bool {
        (self.view.is_none() || self.outdated) && bookings(shared) > AT_ONCE
    }

    /// Lets the documents be read: much data as a job, which shows how far it is and can be stopped.
    fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let long = bookings(shared) > AT_ONCE;
        if long {
            return jobs::start(shared, Job::Schema, None);
        }
        self.asked = true;
        shared.ask(Request::Schema { long })
    }

    fn undecided(&self) -> Vec<&SchemaLine> {
        let lines = self.shown().map_or(&[][..], |view| &view.lines);
        let waits = |it: &&SchemaLine| it.stands == Stands::Undecided;
        lines.iter().filter(waits).collect()
    }

    fn answer(&self, shared: &mut Shared, answer: Option<&str>) -> Vec<Effect> {
        let Some(line) = self.line() else {
            return Vec::new();
        };
        let change = Change::Schema(line.key.clone(), answer.map(str::to_owned));
        shared.ask(Request::Decide(vec![change]))
    }

    fn open_list(&mut self, shared: &mut Shared) {
        let Some(line) = self.line() else { return };
        let mut lines: Vec<(Item, Pick)> = line
            .ways
            .iter()
            .map(|way| (words_of(*way), Pick::Answer(*way)))
            .collect();
        if is_own(line) {
            let item = Item {
                label: "take the answer back".to_owned(),
                more: line.answer.clone().unwrap_or_default(),
            };
            lines.push((item, Pick::TakeBack));
        }
        let title = line.key.clone();
        let (items, offered) = lines.into_iter().unzip();
        self.offered = offered;
        shared.layers.push(Layer::Picker(Picker::new(title, items)));
    }

    fn open_all(&mut self, shared: &mut Shared) {
        let waits = self.undecided().len();
        let item = Item {
            label: format!(
                "accept {}",
                counted(waits as u64, "line that waits", "lines that wait")
            ),
            more: "each can be taken back".to_owned(),
        };
        self.offered = vec![Pick::AcceptAll];
        let list = Picker::new("Do what is suggested", vec![item]);
        shared.layers.push(Layer::Picker(list));
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        self.down = Move::By(by).from(self.down, 1, shared.scrollable.detail);
        Vec::new()
    }

    fn select(&mut self, at: usize) {
        let is_row = |at: &usize| !matches!(self.rows.get(*at), None | Some(Row::Heading(..)));
        let down = at >= self.selected;
        let found = if down {
            (at..self.rows.len()).find(is_row)
        } else {
            (0..=at).rev().find(is_row)
        };
        // Above the first row there is nothing but its heading.
        if let Some(found) = found.or_else(|| (0..self.rows.len()).find(is_row).filter(|_| !down)) {
            self.selected = found;
        }
        self.down = 0;
    }
}

impl Pane for SchemaPane {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        if self.rows.is_empty() {
            let scrollable = shared.scrollable;
            self.down = to.from(self.down, scrollable.page, scrollable.detail);
            return Vec::new();
        }
        let last = self.rows.len().saturating_sub(1);
        let at = to.from(self.selected, shared.scrollable.page, last);
        self.select(at);
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let has_it = self.asked || self.view.is_some() && !self.outdated;
        if has_it || shared.facts.overview.is_none() || bookings(shared) > AT_ONCE {
            return Vec::new();
        }
        self.read(shared)
    }

    fn badge(&self, _: &Shared) -> Option<String> {
        let view = self.shown()?;
        let open = view.count(Stands::Undecided) + view.count(Stands::Blocker);
        (open > 0).then(|| format!("!{open}"))
    }

    fn outdated(&mut self) {
        self.outdated = true;
    }

    fn clicked(&mut self, _: &mut Shared, at: usize) {
        if matches!(self.rows.get(at), Some(Row::Line(_) | Row::Index(_))) {
            self.selected = at;
            self.down = 0;
        }
    }

    fn copied(&self, _: &Shared) -> Option<String> {
        if let Some(index) = self.index() {
            return Some(index_words(index));
        }
        let line = self.line()?;
        let samples = line.samples.iter().map(|it| format!("\n{it}"));
        Some(format!("{}{}", line.says, samples.collect::<String>()))
    }

    fn picked(&mut self, shared: &mut Shared, at: usize) -> Vec<Effect> {
        match self.offered.get(at).copied() {
            Some(Pick::Answer(Way::Accept)) => self.answer(shared, Some("accept")),
            Some(Pick::Answer(Way::Leave)) => self.answer(shared, Some("leave")),
            Some(Pick::Answer(way)) => {
                self.typed_way = Some(way);
                let title = match way {
                    Way::Field => "The field of the model whose value is written",
                    _ => "The value that is written where the field is missing or null",
                };
                shared.layers.push(Layer::Line(Line::new(title, "")));
                Vec::new()
            }
            Some(Pick::TakeBack) => self.answer(shared, None),
            Some(Pick::AcceptAll) => {
                let accept =
                    |it: &&SchemaLine| Change::Schema(it.key.clone(), Some("accept".to_owned()));
                let changes = self.undecided().iter().map(accept).collect();
                shared.ask(Request::Decide(changes))
            }
            None => Vec::new(),
        }
    }

    fn typed(&mut self, shared: &mut Shared, text: &str) -> Result<Vec<Effect>, String> {
        if text.is_empty() {
            return Err("type something, or go back".to_owned());
        }
        shared.can_ask()?;
        let word = match self.typed_way {
            Some(Way::Field) => "field",
            _ => "constant",
        };
        Ok(self.answer(shared, Some(&format!("{word} {text}"))))
    }
}

/// The rows of a view, in groups; what stops everything comes first.
fn rows(view: &SchemaView) -> Vec<Row> {
    let of_lines = |stands: Stands| {
        let all = view.lines.iter().enumerate();
        let such = all.filter(move |(_, it)| it.stands == stands);
        such.map(|(at, _)| Row::Line(at)).collect::<Vec<_>>()
    };
    let of_indexes = |dropped: bool| {
        let all = view.indexes.iter().enumerate();
        let such = all.filter(move |(_, it)| (it.fate == Fate::PushDrops) == dropped);
        such.map(|(at, _)| Row::Index(at)).collect::<Vec<_>>()
    };
    if view.files.is_empty() {
        return Vec::new(); // it is read, not answered
    }
    let accepted = if view.is_open() {
        "Accepted: done when all is settled"
    } else {
        "Will be done"
    };
    let groups = [
        ("Blockers", of_lines(Stands::Blocker)),
        ("To answer", of_lines(Stands::Undecided)),
        (accepted, of_lines(Stands::Accepted)),
        ("Left as they are", of_lines(Stands::Left)),
        ("Indexes", of_indexes(false)),
        ("`npx prisma@6 db push` would drop", of_indexes(true)),
        ("Good to know", of_lines(Stands::Note)),
    ];
    let mut rows = Vec::new();
    for (title, members) in groups.into_iter().filter(|(_, it)| !it.is_empty()) {
        rows.push(Row::Heading(title, members.len()));
        rows.extend(members);
    }
    rows
}

/// An index in a sentence.
pub fn index_words(index: &IndexLine) -> String {
    let unique = if index.unique { "unique, " } else { "" };
    format!(
        "{}.{} ({unique}{}): {}",
        index.collection,
        index.name,
        index.keys,
        fate_words(index.fate)
    )
}

/// What becomes of an index, in words.
pub fn fate_words(fate: Fate) -> &'static str {
    match fate {
        Fate::Stands => "stands",
        Fate::Made => "is made",
        Fate::MadeOnceSettled => "made when all is settled",
        Fate::Forbidden => "cannot be made: see Blockers",
        Fate::Replaced => "is replaced",
        Fate::ReplacedOnceSettled => "replaced when all is settled",
        Fate::PushDrops => "kept here, dropped by a push",
    }
}

fn words_of(way: Way) -> Item {
    let (label, more) = match way {
        Way::Accept => ("do what is suggested", "accept"),
        Way::Leave => (
            "leave the documents as they are",
            "the new application may not be able to read them",
        ),
        Way::Constant => ("write a value…", "you type it"),
        Way::Field => ("write what another field says…", "you type its name"),
    };
    Item {
        label: label.to_owned(),
        more: more.to_owned(),
    }
}

/// True where the line has an answer of its own, not that for all.
fn is_own(line: &SchemaLine) -> bool {
    let answer = line.answer.as_deref();
    answer.is_some_and(|it| !it.ends_with("(all of them)"))
}

fn bookings(shared: &Shared) -> u64 {
    shared.facts.overview.as_ref().map_or(0, |it| it.bookings)
}

fn can_change(pane: &SchemaPane, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    match pane.shown().and_then(|view| view.locked.clone()) {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

fn can_answer(pane: &SchemaPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    let line = pane.line();
    let answerable = line.is_some_and(|it| !it.ways.is_empty());
    only_if(answerable, "nothing is asked here that an answer decides")
}

fn can_accept(pane: &SchemaPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    let suggests = |it: &SchemaLine| it.ways.contains(&Way::Accept);
    only_if(
        pane.line().is_some_and(suggests),
        "nothing is suggested here",
    )
}

fn can_accept_all(pane: &SchemaPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    only_if(!pane.undecided().is_empty(), "no line waits for an answer")
}

fn can_take_back(pane: &SchemaPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    only_if(
        pane.line().is_some_and(is_own),
        "the selected line has no answer of its own",
    )
}

fn can_read(_: &SchemaPane, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    let surveyed = shared.facts.overview.is_some();
    only_if(surveyed, "the survey comes first")
}

/// How long a reading takes, in words.
pub fn how_long(shared: &Shared) -> String {
    format!(
        "reading {} bookings and all that belongs to them takes about as long as the survey",
        grouped(bookings(shared))
    )
}
