//! The conflicts: their list, the records of the selected one, and the answers.

use super::businesses::any_business;
use crate::app::commands::about::{About, CommandId, Verdict, only_if};
use crate::app::commands::ids::{ACCEPT, ACCEPT_ALL, DETAIL_LEFT, DETAIL_RIGHT};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP, FILTER_BUSINESS, SHOW_ALL};
use crate::app::conflict_answers::{self, Offered, Pick};
use crate::app::conflict_list::{ConflictList, Filter};
use crate::app::facts::Facts;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::{Picker, business_items};
use crate::app::layer::{Layer, Line};
use crate::app::log::Weight;
use crate::app::message::{Detail, Effect, Request, Scrollable};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{PaneId, Shared};
use crate::domain::conflict::ConflictKey;
use crate::domain::overview::ConflictRow;

/// The pane.
#[derive(Debug, Default)]
pub struct Conflicts {
    /// Which conflicts are shown, and which one is selected.
    pub list: ConflictList,
    /// The detail has the whole pane, where there is no room for both.
    pub open: bool,
    /// An accepted suggestion is on its way; then the next undecided conflict is selected.
    pub goes_on: bool,
    /// The newest detail that arrived.
    detail: Option<Detail>,
    /// The conflict whose detail was asked for and has not arrived.
    asked: Option<ConflictKey>,
    /// What the lines of the open list stand for.
    offered: Vec<Pick>,
}

impl PaneCommands for Conflicts {
    const ID: PaneId = PaneId("conflicts");
    const TITLE: &'static str = "Conflicts";
    const SHORT: &'static str = "Conf";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(ACCEPT, &[Key::char('a')], "a", "accept").help(
                "Accept the suggestion for the selected conflict, and go to the next \
                 undecided one.",
            ),
            allowed: can_decide,
            run: |pane, shared, _| pane.accept(shared),
        },
        PaneCommand {
            about: About::new(ACCEPT_ALL, &[Key::char('A')], "A", "all like this…").help(
                "Give all undecided conflicts like this one the same answer, here or \
                 everywhere; says how many, and shows them first.",
            ),
            allowed: |pane, shared| {
                can_decide(pane, shared)?;
                conflict_answers::can_accept_all(shared)
            },
            run: |pane, shared, _| {
                let offered = conflict_answers::alike(&shared.facts, pane.row(&shared.facts));
                pane.open_list(shared, "The same answer for", offered)
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("other-answer"),
                &[Key::char('c')],
                "c",
                "other answer…",
            )
            .help("Pick another answer to the selected conflict."),
            allowed: |pane, shared| {
                can_decide(pane, shared)?;
                conflict_answers::can_choose(ACCEPT, shared, pane.row(&shared.facts))
            },
            run: |pane, shared, _| pane.open_choices(shared),
        },
        PaneCommand {
            about: About::new(CommandId("edit"), &[Key::char('e')], "e", "edit…").help(
                "Open the decision editor: two records and the result side by side, picked \
                 field by field.",
            ),
            allowed: can_decide,
            run: |pane, shared, _| match pane.key(&shared.facts) {
                Some(key) => shared.ask(Request::Sources(key)),
                None => Vec::new(),
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("survivor-rule"),
                &[Key::char('v')],
                "v",
                "survivor rule…",
            )
            .help(
                "Choose which record gives a merged customer its values, for all or for this \
                 business.",
            )
            .unhinted(),
            allowed: can_decide,
            run: |pane, shared, _| {
                let offered = conflict_answers::survivors(&shared.facts, pane.row(&shared.facts));
                pane.open_list(
                    shared,
                    "Which record gives a merged customer its values",
                    offered,
                )
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("take-back"),
                &[Key::plain(KeyCode::Backspace), Key::char('d')],
                "d",
                "take back",
            )
            .help("Take the answer to the selected conflict back: it is undecided again.")
            .unhinted(),
            allowed: |pane, shared| {
                can_decide(pane, shared)?;
                conflict_answers::can_take_back(pane.row(&shared.facts))
            },
            run: |pane, shared, _| match pane.key(&shared.facts) {
                Some(key) => conflict_answers::take_back(shared, key),
                None => Vec::new(),
            },
        },
        PaneCommand {
            about: About::new(CommandId("undo"), &[Key::char('u')], "u", "undo")
                .help("Take the last decision back, one or many at once."),
            allowed: |_, shared| conflict_answers::can_undo(shared),
            run: |_, shared, _| shared.ask(Request::Undo),
        },
        PaneCommand {
            about: About::new(
                CommandId("redo"),
                &[Key::ctrl('r'), Key::char('U')],
                "U",
                "redo",
            )
            .help("Do again what was taken back last.")
            .unhinted(),
            allowed: |_, shared| conflict_answers::can_redo(shared),
            run: |_, shared, _| shared.ask(Request::Redo),
        },
        PaneCommand {
            about: About::new(
                CommandId("next-undecided"),
                &[Key::char('n')],
                "n",
                "next undecided",
            )
            .help("Go to the next conflict without an answer."),
            allowed: on_conflict,
            run: |pane, shared, _| {
                if !pane.next_undecided(&shared.facts) {
                    shared.say(Weight::Info, "every conflict that is shown has an answer");
                }
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("sort-conflicts"), &[Key::char('s')], "s", "sort")
                .help(
                    "Sort by kind, by business, by how much a conflict stands for, or undecided first, in turn.",
                )
                .unhinted(),
            allowed: can_filter,
            run: |pane, shared, _| {
                let next = pane.list.sort.next();
                pane.list.set_sort(&shared.facts, next);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("records"),
                &[Key::plain(KeyCode::Enter)],
                "Enter",
                "records",
            )
            .help("Show the records side by side in the whole pane, and back."),
            allowed: on_conflict,
            run: |pane, _, _| {
                pane.open = !pane.open;
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("kind"), &[Key::char('f')], "f", "kind…")
                .help("Show only conflicts of one kind."),
            allowed: can_filter,
            run: |pane, shared, _| {
                let offered = conflict_answers::kinds(&shared.facts);
                pane.open_list(shared, "Show conflicts of", offered)
            },
        },
        PaneCommand {
            about: FILTER_BUSINESS,
            allowed: any_business,
            run: |pane, shared, _| {
                let (items, businesses) = business_items(&shared.facts.businesses);
                let picks = businesses.into_iter().map(Pick::Business).collect();
                pane.open_list(shared, "Show", (items, picks))
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("only-undecided"),
                &[Key::char('o')],
                "o",
                "only undecided",
            )
            .help("Show only conflicts without an answer, or all again.")
            .unhinted(),
            allowed: can_filter,
            run: |pane, shared, _| {
                let undecided = !pane.list.filter.undecided;
                pane.show(
                    &shared.facts,
                    Filter {
                        undecided,
                        ..pane.list.filter.clone()
                    },
                );
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("find"), &[Key::char('/')], "/", "find")
                .help(
                    "Show only conflicts whose kind, business, ids, names or e-mails hold the \
                 letters that you type, the best first.",
                )
                .unhinted(),
            allowed: can_filter,
            run: |pane, shared, _| {
                let title =
                    "Find conflicts: letters of a name, an e-mail, an id, a business, a kind";
                let line = Line::new(title, &pane.list.filter.text);
                shared.layers.push(Layer::Line(line));
                Vec::new()
            },
        },
        PaneCommand {
            about: SHOW_ALL,
            allowed: |pane, _| only_if(!pane.list.filter.is_empty(), "no filter is set"),
            run: |pane, shared, _| {
                pane.show(&shared.facts, Filter::default());
                Vec::new()
            },
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
        PaneCommand {
            about: About::new(
                DETAIL_RIGHT,
                &[Key::plain(KeyCode::Right), Key::char('l')],
                "→",
                "",
            )
            .help("Show the records further right.")
            .unhinted(),
            allowed: always,
            run: |pane, _, _| {
                pane.list.right += 1;
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                DETAIL_LEFT,
                &[Key::plain(KeyCode::Left), Key::char('h')],
                "←",
                "",
            )
            .help("Show the records further left.")
            .unhinted(),
            allowed: always,
            run: |pane, _, _| {
                pane.list.right = pane.list.right.saturating_sub(1);
                Vec::new()
            },
        },
    ];
}

impl Conflicts {
    /// The selected row.
    pub fn row<'f>(&self, facts: &'f Facts) -> Option<&'f ConflictRow> {
        self.list.row(facts)
    }

    /// What the selected row is known by.
    pub fn key(&self, facts: &Facts) -> Option<ConflictKey> {
        self.row(facts).map(|row| row.key.clone())
    }

    /// The detail of the selected row, once it is there.
    pub fn current_detail(&self, facts: &Facts) -> Option<&Detail> {
        let key = &self.row(facts)?.key;
        self.detail.as_ref().filter(|detail| detail.key == *key)
    }

    /// Takes a detail.
    pub fn take(&mut self, detail: Detail) {
        self.asked = None;
        self.detail = Some(detail);
    }

    /// Shows what `filter` lets through.
    pub fn show(&mut self, facts: &Facts, filter: Filter) {
        self.list.set_filter(facts, filter);
    }

    /// Goes to the next conflict without an answer; false where there is none.
    pub fn next_undecided(&mut self, facts: &Facts) -> bool {
        let next = self.list.next_undecided(facts);
        if let Some(next) = next {
            self.list.select(facts, next);
        }
        next.is_some()
    }

    pub(super) fn open_list(
        &mut self,
        shared: &mut Shared,
        title: &str,
        offered: Offered,
    ) -> Vec<Effect> {
        let (items, picks) = offered;
        self.offered = picks;
        shared.layers.push(Layer::Picker(Picker::new(title, items)));
        Vec::new()
    }

    fn open_choices(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(key) = self.key(&shared.facts) else {
            return Vec::new();
        };
        let offered = conflict_answers::choices(&key, &shared.facts);
        self.open_list(shared, &format!("Answer to {}", key.code), offered)
    }

    fn accept(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let row = self.row(&shared.facts).cloned();
        let Some(row) = row.filter(|it| it.key.code.suggests()) else {
            return self.open_choices(shared); // nothing is suggested: the operator chooses
        };
        self.goes_on = true;
        conflict_answers::answer(shared, &row, row.key.code.suggestion(), "accepted")
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        let down = &mut self.list.down;
        *down = Move::By(by).from(*down, 1, shared.scrollable.detail);
        Vec::new()
    }
}

impl Pane for Conflicts {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let Scrollable { page, detail, .. } = shared.scrollable;
        if self.open {
            self.list.down = to.from(self.list.down, page, detail);
        } else {
            let last = self.list.shown().saturating_sub(1);
            let at = to.from(self.list.selected(), page, last);
            self.list.select(&shared.facts, at);
        }
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.asked.is_some() || self.current_detail(&shared.facts).is_some() {
            return Vec::new();
        }
        let Some(key) = self.key(&shared.facts) else {
            return Vec::new();
        };
        self.asked = Some(key.clone());
        shared.ask(Request::Detail(key))
    }

    fn facts_changed(&mut self, shared: &mut Shared) {
        self.detail = None; // what it shows may have changed with an answer
        self.list.facts_changed(&shared.facts);
    }

    fn outdated(&mut self) {
        self.detail = None;
    }

    fn badge(&self, shared: &Shared) -> Option<String> {
        match shared.facts.undecided_blockers() {
            0 => None,
            undecided => Some(format!("!{undecided}")),
        }
    }

    fn step_back(&mut self, shared: &mut Shared) -> bool {
        if std::mem::take(&mut self.open) {
            return true;
        }
        let filtered = !self.list.filter.is_empty();
        if filtered {
            self.show(&shared.facts, Filter::default());
        }
        filtered
    }

    fn clicked(&mut self, shared: &mut Shared, at: usize) {
        if let Some(position) = self.list.position_of_row(&shared.facts, at) {
            self.list.select(&shared.facts, position);
        }
    }

    fn copied(&self, shared: &Shared) -> Option<String> {
        let row = self.row(&shared.facts)?;
        let heading = self.list.heading(&shared.facts, row);
        let detail = self.current_detail(&shared.facts);
        Some(conflict_answers::as_text(&heading, row, detail))
    }

    fn focus_moved(&mut self) {
        self.open = false;
    }

    fn picked(&mut self, shared: &mut Shared, at: usize) -> Vec<Effect> {
        let pick = self.offered.get(at).cloned();
        pick.and_then(|pick| self.take_pick(shared, pick))
            .unwrap_or_default()
    }

    fn typing(&mut self, shared: &mut Shared, text: &str) {
        if text != self.list.filter.text {
            let filter = Filter {
                text: text.to_owned(),
                ..self.list.filter.clone()
            };
            self.show(&shared.facts, filter);
            self.list.select(&shared.facts, 0);
        }
    }
}

/// There is a selected conflict.
fn on_conflict(pane: &Conflicts, shared: &Shared) -> Verdict {
    can_filter(pane, shared)?;
    let why = format!(
        "no conflict passes the filter: {} shows all",
        shared.key(SHOW_ALL.id)
    );
    only_if(pane.row(&shared.facts).is_some(), why)
}

/// There are conflicts to filter.
fn can_filter(_: &Conflicts, shared: &Shared) -> Verdict {
    conflict_answers::any(shared)
}

/// The selected conflict can be answered.
pub(super) fn can_decide(pane: &Conflicts, shared: &Shared) -> Verdict {
    on_conflict(pane, shared)?;
    shared.can_ask()
}
