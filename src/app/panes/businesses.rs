//! The businesses: their numbers in a chosen order; one of them looked at closely; its customers; and the way to what concerns them.

use crate::app::commands::about::{About, CommandId, Verdict, only_if, quoted};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP};
use crate::app::conflict_list::Filter;
use crate::app::facts::Facts;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::found;
use crate::app::layer::{Layer, Line};
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{Destination, PaneId, Shared};
use crate::domain::checklist::Step;
use crate::domain::id::Id;
use crate::domain::overview::BusinessRow;
use crate::domain::view::{BusinessView, CustomerLine, DiffFilter};

/// What the table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Most bookings first.
    #[default]
    Bookings,
    /// Most customers first.
    Customers,
    /// Most conflicts first.
    Conflicts,
    /// By name.
    Name,
}

impl Sort {
    /// The column's heading.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Customers => "customers",
            Self::Conflicts => "conflicts",
            Self::Name => "name",
        }
    }

    /// The order after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Bookings => Self::Customers,
            Self::Customers => Self::Conflicts,
            Self::Conflicts => Self::Name,
            Self::Name => Self::Bookings,
        }
    }

    /// Sorts; equal rows by name.
    fn sort(self, rows: &mut [BusinessRow]) {
        let number = |row: &BusinessRow| match self {
            Self::Bookings => row.bookings,
            Self::Customers => row.customers,
            Self::Conflicts => row.conflicts,
            Self::Name => 0,
        };
        rows.sort_by(|left, right| {
            number(right)
                .cmp(&number(left))
                .then_with(|| left.name.cmp(&right.name))
                .then_with(|| left.id.cmp(&right.id))
        });
    }
}

/// What the customers of a business are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CustomerSort {
    /// Most bookings here first.
    #[default]
    Bookings,
    /// Those who book at most other businesses first.
    Elsewhere,
    /// By name.
    Name,
}

impl CustomerSort {
    /// The order after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Bookings => Self::Elsewhere,
            Self::Elsewhere => Self::Name,
            Self::Name => Self::Bookings,
        }
    }

    /// Its word in a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Elsewhere => "elsewhere",
            Self::Name => "name",
        }
    }

    /// Sorts; equal rows by name.
    fn sort(self, rows: &mut [CustomerLine]) {
        let number = |row: &CustomerLine| match self {
            Self::Bookings => row.bookings,
            Self::Elsewhere => row.elsewhere,
            Self::Name => 0,
        };
        rows.sort_by_cached_key(|row| {
            let most_first = std::cmp::Reverse(number(row));
            (most_first, row.who.words().to_lowercase(), row.user.clone())
        });
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Businesses {
    /// The order.
    pub sort: Sort,
    /// Position of the selected business among those that are shown.
    pub selected: usize,
    /// The customers of the selected business are open, and this one is selected.
    pub customer: Option<usize>,
    /// The order of the customers.
    pub customer_sort: CustomerSort,
    /// What was typed to find a business.
    pub filter: String,
    /// What was typed to find a customer of the selected business.
    pub customer_filter: String,
    /// Rows that the detail is scrolled down.
    pub down: usize,
    view: Option<(Id, Result<BusinessView, String>)>,
    asked: Option<Id>,
}

impl PaneCommands for Businesses {
    const ID: PaneId = PaneId("businesses");
    const TITLE: &'static str = "Businesses";
    const SHORT: &'static str = "Biz";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(
                CommandId("drill-down"),
                &[Key::plain(KeyCode::Enter)],
                "Enter",
                "customers, then bookings",
            )
            .help("Open the customers of the selected business, and from there the bookings of the selected customer."),
            allowed: |pane, shared| {
                on_business(pane, shared)?;
                only_if(
                    pane.customer.is_none() || pane.line(&shared.facts).is_some(),
                    "no customer is selected",
                )
            },
            run: |pane, shared, _| pane.drill_down(shared),
        },
        PaneCommand {
            about: About::new(
                CommandId("its-bookings"),
                &[Key::char('b')],
                "b",
                "its bookings",
            )
            .help("Show what becomes of the selected business's bookings."),
            allowed: on_business,
            run: |pane, shared, _| pane.go_to_bookings(shared),
        },
        PaneCommand {
            about: About::new(
                CommandId("its-conflicts"),
                &[Key::char('c')],
                "c",
                "its conflicts",
            )
            .help("Show the conflicts of the selected business."),
            allowed: on_business,
            run: |pane, shared, _| pane.go_to_conflicts(shared),
        },
        PaneCommand {
            about: About::new(CommandId("find-business"), &[Key::char('/')], "/", "filter")
                .help("Show only businesses, or customers of the open one, whose name holds the letters that you type."),
            allowed: any_business,
            run: |pane, shared, _| {
                let line = if pane.customer.is_some() {
                    Line::new("Find a customer by letters of name or e-mail", &pane.customer_filter)
                } else {
                    Line::new("Find a business by letters of its name", &pane.filter)
                };
                shared.layers.push(Layer::Line(line));
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("sort-businesses"), &[Key::char('s')], "s", "sort")
                .help("Sort by bookings, customers, conflicts or name, in turn; the customers of one by bookings, bookings elsewhere or name."),
            allowed: always,
            run: |pane, shared, _| {
                if pane.customer.is_some() {
                    pane.sort_customers(&shared.facts);
                    return Vec::new();
                }
                let id = pane.row(&shared.facts).map(|row| row.id.clone());
                pane.sort = pane.sort.next();
                pane.sort.sort(&mut shared.facts.businesses);
                let rows = pane.visible(&shared.facts);
                let at = rows.iter().position(|row| Some(&row.id) == id.as_ref());
                pane.selected = at.unwrap_or(0);
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

impl Businesses {
    /// The businesses that are shown.
    pub fn visible<'f>(&self, facts: &'f Facts) -> Vec<&'f BusinessRow> {
        if self.filter.is_empty() {
            return facts.businesses.iter().collect();
        }
        let names: Vec<&str> = facts.businesses.iter().map(|it| it.name.as_str()).collect();
        let mut places = found(&self.filter, &names);
        places.sort_unstable(); // in the order of the table
        places
            .into_iter()
            .filter_map(|at| facts.businesses.get(at))
            .collect()
    }

    /// The selected row.
    pub fn row<'f>(&self, facts: &'f Facts) -> Option<&'f BusinessRow> {
        self.visible(facts).get(self.selected).copied()
    }

    /// The selected business looked at closely, once that is there.
    pub fn view(&self, facts: &Facts) -> Option<&Result<BusinessView, String>> {
        let row = self.row(facts)?;
        let (id, view) = self.view.as_ref()?;
        (*id == row.id).then_some(view)
    }

    /// The customers of the selected business that are shown. They stand in their order already: there may be many.
    pub fn customers(&self, facts: &Facts) -> Vec<&CustomerLine> {
        let Some(Ok(view)) = self.view(facts) else {
            return Vec::new();
        };
        let mut rows: Vec<&CustomerLine> = view.customers.iter().collect();
        if !self.customer_filter.is_empty() {
            let words: Vec<String> = rows.iter().map(|row| row.who.words()).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut places = found(&self.customer_filter, &words);
            places.sort_unstable(); // in their order
            rows = places
                .into_iter()
                .filter_map(|at| rows.get(at).copied())
                .collect();
        }
        rows
    }

    /// The selected customer.
    pub fn line(&self, facts: &Facts) -> Option<&CustomerLine> {
        self.customers(facts).get(self.customer?).copied()
    }

    /// The next order of the customers; the same one stays selected.
    fn sort_customers(&mut self, facts: &Facts) {
        let user = self.line(facts).map(|line| line.user.clone());
        self.customer_sort = self.customer_sort.next();
        if let Some((_, Ok(view))) = &mut self.view {
            self.customer_sort.sort(&mut view.customers);
        }
        let rows = self.customers(facts);
        let at = rows.iter().position(|row| Some(&row.user) == user.as_ref());
        self.customer = Some(at.unwrap_or(0));
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        self.down = Move::By(by).from(self.down, 1, shared.scrollable.detail);
        Vec::new()
    }

    /// Takes a business's view.
    pub fn take(&mut self, id: Id, mut view: Result<BusinessView, String>) {
        if let Ok(view) = &mut view {
            self.customer_sort.sort(&mut view.customers);
        }
        self.asked = None;
        self.view = Some((id, view));
    }

    fn drill_down(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(line) = self.line(&shared.facts) else {
            self.customer = Some(0);
            self.customer_filter.clear();
            return Vec::new();
        };
        let (user, who) = (line.user.clone(), line.who.short());
        if let Some(row) = self.row(&shared.facts) {
            let name = row.words();
            let filter = DiffFilter {
                business: Some(row.id.clone()),
                user: Some(user),
                ..DiffFilter::default()
            };
            let says = format!("{name} › {who}");
            shared.destination = Some(Destination::Bookings(filter, says, Some(Self::ID)));
        }
        Vec::new()
    }

    fn go_to_conflicts(&self, shared: &mut Shared) -> Vec<Effect> {
        if let Some(row) = self.row(&shared.facts) {
            let business = Some((row.id.clone(), row.words()));
            shared.destination = Some(Destination::Conflicts(Filter {
                business,
                ..Filter::default()
            }));
        }
        Vec::new()
    }

    fn go_to_bookings(&self, shared: &mut Shared) -> Vec<Effect> {
        if let Some(row) = self.row(&shared.facts) {
            let filter = DiffFilter {
                business: Some(row.id.clone()),
                ..DiffFilter::default()
            };
            let says = format!("{} › all customers", row.words());
            shared.destination = Some(Destination::Bookings(filter, says, Some(Self::ID)));
        }
        Vec::new()
    }

    fn stay_inside(&mut self, facts: &Facts) {
        let last = self.visible(facts).len().saturating_sub(1);
        self.selected = self.selected.min(last);
    }
}

impl Pane for Businesses {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let page = shared.scrollable.page;
        let customers = self.customers(&shared.facts).len();
        self.down = 0;
        if let Some(at) = &mut self.customer {
            *at = to.from(*at, page, customers.saturating_sub(1));
        } else {
            let last = self.visible(&shared.facts).len().saturating_sub(1);
            self.selected = to.from(self.selected, page, last);
        }
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(row) = self.row(&shared.facts) else {
            return Vec::new();
        };
        let known = self.view.as_ref().is_some_and(|(id, _)| *id == row.id);
        if known || self.asked.is_some() {
            return Vec::new();
        }
        let id = row.id.clone();
        self.asked = Some(id.clone());
        shared.ask(Request::Business(id))
    }

    fn facts_changed(&mut self, shared: &mut Shared) {
        self.sort.sort(&mut shared.facts.businesses);
        self.stay_inside(&shared.facts);
    }

    fn outdated(&mut self) {
        self.view = None;
        self.asked = None;
    }

    fn step_back(&mut self, shared: &mut Shared) -> bool {
        if self.customer.is_some() && !self.customer_filter.is_empty() {
            let user = self.line(&shared.facts).map(|line| line.user.clone());
            self.customer_filter.clear();
            let rows = self.customers(&shared.facts);
            let at = rows.iter().position(|row| Some(&row.user) == user.as_ref());
            self.customer = Some(at.unwrap_or(0));
            return true;
        }
        if self.customer.take().is_some() {
            return true;
        }
        let filtered = !std::mem::take(&mut self.filter).is_empty();
        self.stay_inside(&shared.facts);
        filtered
    }

    fn clicked(&mut self, shared: &mut Shared, at: usize) {
        let customers = self.customers(&shared.facts).len();
        self.down = 0;
        let businesses = self.visible(&shared.facts).len();
        match &mut self.customer {
            Some(selected) if at < customers => *selected = at,
            None if at < businesses => self.selected = at,
            Some(_) | None => {}
        }
    }

    fn copied(&self, shared: &Shared) -> Option<String> {
        if let Some(line) = self.line(&shared.facts) {
            return Some(
                format!("{} {}", line.who.words(), line.user)
                    .trim_start()
                    .to_owned(),
            );
        }
        let row = self.row(&shared.facts)?;
        Some(format!("{} {}", row.words(), row.id))
    }

    fn typing(&mut self, shared: &mut Shared, text: &str) {
        if self.customer.is_some() {
            text.clone_into(&mut self.customer_filter);
            self.customer = Some(0);
            return;
        }
        text.clone_into(&mut self.filter);
        self.selected = 0;
        self.down = 0;
        self.stay_inside(&shared.facts);
    }
}

/// There are businesses to choose from.
pub fn any_business<P>(_: &P, shared: &Shared) -> Verdict {
    if shared.facts.businesses.is_empty() {
        return Err(format!(
            "no business is known: run the survey ({})",
            quoted(Step::Survey)
        ));
    }
    Ok(())
}

/// A business is selected.
fn on_business(pane: &Businesses, shared: &Shared) -> Verdict {
    any_business(pane, shared)?;
    only_if(
        pane.row(&shared.facts).is_some(),
        "no business passes the filter",
    )
}
