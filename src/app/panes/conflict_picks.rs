//! What the lines of a conflict's lists do: filters, answers for one or for many, the survivor rule.

use super::conflicts::{Conflicts, can_decide};
use crate::app::conflict_answers::{self, Pick};
use crate::app::conflict_list::Filter;
use crate::app::log::Weight;
use crate::app::message::{Effect, Request};
use crate::app::shared::Shared;
use crate::domain::history::Change;
use crate::domain::overview::ConflictRow;

impl Conflicts {
    /// Does what a line of a list stands for.
    pub(super) fn take_pick(&mut self, shared: &mut Shared, pick: Pick) -> Option<Vec<Effect>> {
        let current = self.list.filter.clone();
        match pick {
            Pick::Kind(code) => self.show(&shared.facts, Filter { code, ..current }),
            Pick::Business(business) => {
                let filter = Filter {
                    business,
                    ..current
                };
                self.show(&shared.facts, filter);
            }
            Pick::LookAt(alike) => {
                let filter = conflict_answers::look_at(&shared.facts, alike);
                self.show(&shared.facts, filter);
            }
            Pick::Choice(choice) => {
                let row = decidable(self, shared)?;
                return Some(conflict_answers::answer(shared, &row, choice, "chosen"));
            }
            Pick::AskBusiness(keys) => {
                decidable(self, shared)?;
                let offered = conflict_answers::businesses(&shared.facts, &keys);
                let title = "Make a customer of this business";
                return Some(self.open_list(shared, title, offered));
            }
            Pick::Assign(keys, business) => {
                decidable(self, shared)?;
                return Some(conflict_answers::assign(shared, &keys, &business));
            }
            Pick::Alike(alike) => {
                decidable(self, shared)?;
                return Some(conflict_answers::answer_alike(shared, alike));
            }
            Pick::Survivor(business, rule) => {
                decidable(self, shared)?;
                let change = Change::Survivor(business, rule);
                return Some(shared.ask(Request::Decide(vec![change])));
            }
        }
        None
    }
}

/// The selected row, where it can be answered; else says why not.
fn decidable(pane: &Conflicts, shared: &mut Shared) -> Option<ConflictRow> {
    if let Err(why) = can_decide(pane, shared) {
        shared.say(Weight::Warning, format!("not now: {why}"));
        return None;
    }
    pane.row(&shared.facts).cloned()
}
