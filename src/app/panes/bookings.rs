//! The bookings: what becomes of each, page by page, and which of them are shown.

use std::fmt::Write as _;

use super::businesses::any_business;
use crate::app::booking_pages::BookingPages;
use crate::app::commands::about::{About, CommandId, Verdict, only_if};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP, FILTER_BUSINESS, SHOW_ALL};
use crate::app::key::Key;
use crate::app::layer::picker::{Item, Picker, business_items};
use crate::app::layer::{Layer, Line};
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always, can_ask};
use crate::app::shared::{Destination, PaneId, Shared};
use crate::domain::document_diff::Mark;
use crate::domain::id::Id;
use crate::domain::text::safe;
use crate::domain::view::{DiffCursor, DiffFilter, Search};

/// The pane.
#[derive(Debug, Default)]
pub struct Bookings {
    /// The held page, and the filter.
    pub pages: BookingPages,
    /// The businesses of the open list, line by line; `None` for all.
    offered: Vec<Option<(Id, String)>>,
    /// The pane that led here, for the way back.
    back: Option<PaneId>,
    /// What was typed to find bookings.
    searched: String,
}

impl PaneCommands for Bookings {
    const ID: PaneId = PaneId("bookings");
    const TITLE: &'static str = "Bookings";
    const SHORT: &'static str = "Book";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(CommandId("find-bookings"), &[Key::char('/')], "/", "find").help(
                "Show only bookings of people whose name or e-mail holds what you type; or of a date \
                 (14 Mar 2025, 2025-03, 2025); or with an id.",
            ),
            allowed: can_ask,
            run: |pane, shared, _| {
                let title = "Find bookings: a name, an e-mail, a date or an id";
                let line = Line::new(title, &pane.searched);
                shared.layers.push(Layer::Line(line));
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("unusual"), &[Key::char('!')], "!", "only unusual").help(
                "Show only bookings that do not simply go from a user to this user's customer: \
                 quarantined, left, adopted, a placeholder's.",
            ),
            allowed: can_ask,
            run: |pane, _, _| {
                let mut filter = pane.pages.filter().clone();
                filter.unusual = !filter.unusual;
                let says = pane.pages.filter_says.clone();
                pane.pages.set_filter(filter, says);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("sort-bookings"), &[Key::char('s')], "s", "sort").help(
                "Show the newest booking first, or the oldest, or all as they are stored, in turn; \
                 without an index on the date the server looks through all bookings for each page.",
            ),
            allowed: can_ask,
            run: |pane, _, _| {
                let mut filter = pane.pages.filter().clone();
                filter.order = filter.order.next();
                let says = pane.pages.filter_says.clone();
                pane.pages.set_filter(filter, says);
                Vec::new()
            },
        },
        PaneCommand {
            about: FILTER_BUSINESS,
            allowed: any_business,
            run: |pane, shared, _| {
                let (items, offered) = business_items(&shared.facts.businesses);
                pane.offered = offered;
                open_list(shared, items)
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("this-customer"),
                &[Key::char('c')],
                "c",
                "this customer",
            )
            .help("Show only the bookings of the selected booking's customer."),
            allowed: on_booking_with_customer,
            run: |pane, _, _| {
                let entry = pane.pages.entry();
                let customer =
                    entry.and_then(|it| Some((it.customer.clone()?, it.words.becomes.clone())));
                if let Some((customer, says)) = customer {
                    let filter = DiffFilter {
                        customer: Some(customer),
                        ..DiffFilter::in_order(pane.pages.filter().order)
                    };
                    pane.searched.clear();
                    pane.pages.set_filter(filter, says);
                }
                Vec::new()
            },
        },
        PaneCommand {
            about: SHOW_ALL,
            allowed: |pane, _| only_if(!pane.pages.filter().is_empty(), "no filter is set"),
            run: |pane, _, _| {
                pane.clear();
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
    ];
}

fn open_list(shared: &mut Shared, items: Vec<Item>) -> Vec<Effect> {
    let list = Picker::new("Show", items);
    shared.layers.push(Layer::Picker(list));
    Vec::new()
}

impl Bookings {
    /// Shows what passes `filter`, which `says` describes; Esc leads back to `back`.
    pub fn show(&mut self, filter: DiffFilter, says: String, back: Option<PaneId>) {
        self.searched.clear();
        self.back = back;
        self.pages.set_filter(filter, says);
    }

    /// The title of the pane that led here.
    pub fn came_from(&self) -> Option<PaneId> {
        self.back
    }

    fn clear(&mut self) {
        self.searched.clear();
        let all = DiffFilter::in_order(self.pages.filter().order);
        self.pages.set_filter(all, String::new());
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        let down = &mut self.pages.down;
        *down = Move::By(by).from(*down, 1, shared.scrollable.detail);
        Vec::new()
    }

    fn ask(&self, shared: &mut Shared, from: Option<DiffCursor>) -> Vec<Effect> {
        match from {
            Some(from) => shared.ask(Request::Diffs(self.pages.filter().clone(), from)),
            None => Vec::new(),
        }
    }
}

impl Pane for Bookings {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let page = shared.scrollable.page.max(1).cast_signed();
        let from = match to {
            Move::By(by) => self.pages.go(by),
            Move::Pages(pages) => self.pages.go(pages.saturating_mul(page)),
            Move::First => self.pages.first(),
            Move::Last => {
                self.pages.selected = self.pages.entries().len().saturating_sub(1);
                None
            }
        };
        self.ask(shared, from)
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let from = self.pages.begin();
        self.ask(shared, from)
    }

    fn outdated(&mut self) {
        self.pages.forget();
    }

    fn step_back(&mut self, shared: &mut Shared) -> bool {
        if self.pages.stop() {
            return true;
        }
        if let Some(back) = self.back.take() {
            self.clear();
            shared.destination = Some(Destination::Pane(back));
            return true;
        }
        let filtered = !self.pages.filter().is_empty();
        if filtered {
            self.clear();
        }
        filtered
    }

    fn clicked(&mut self, _: &mut Shared, at: usize) {
        if at < self.pages.entries().len() {
            self.pages.selected = at;
            self.pages.down = 0;
        }
    }

    fn copied(&self, _: &Shared) -> Option<String> {
        let entry = self.pages.entry()?;
        let mut text = format!(
            "{} {} {}: {} → {} ({})",
            entry.words.when(),
            safe(&entry.business_name, 80),
            entry.words.service,
            entry.words.was,
            entry.words.becomes,
            entry.booking,
        );
        for line in &entry.lines {
            let sign = match line.mark {
                Mark::Same => " ",
                Mark::Removed => "-",
                Mark::Added => "+",
            };
            let _ = write!(text, "\n{sign} {}: {}", line.field, line.value); // a String takes it
        }
        Some(text)
    }

    fn picked(&mut self, _: &mut Shared, at: usize) -> Vec<Effect> {
        if let Some(business) = self.offered.get(at).cloned() {
            let (business, says) = business.unzip();
            let filter = DiffFilter {
                business,
                ..DiffFilter::in_order(self.pages.filter().order)
            };
            self.searched.clear();
            self.pages.set_filter(filter, says.unwrap_or_default());
        }
        Vec::new()
    }

    fn typed(&mut self, _: &mut Shared, text: &str) -> Result<Vec<Effect>, String> {
        let mut filter = self.pages.filter().clone();
        filter.search = Search::parse(text);
        text.clone_into(&mut self.searched);
        let says = match &filter.search {
            None => String::new(),
            Some(Search::Id(id)) => format!("with the id {}", safe(&id.to_string(), 60)),
            Some(Search::Span(..)) => format!("of {}", safe(text, 40)),
            Some(Search::Text(_)) => format!("of “{}”", safe(text, 40)),
        };
        self.pages.set_filter(filter, says);
        Ok(Vec::new())
    }
}

/// The selected booking goes to a customer.
fn on_booking_with_customer(pane: &Bookings, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    match pane.pages.entry() {
        None => Err("no booking is shown".to_owned()),
        Some(entry) if entry.customer.is_none() => {
            Err("this booking goes to no customer".to_owned())
        }
        Some(_) => Ok(()),
    }
}
