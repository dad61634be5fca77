//! The businesses: their numbers in a chosen order, and the way to what concerns one of them.

use crate::app::commands::about::{About, CommandId, Verdict, quoted};
use crate::app::conflict_list::Filter;
use crate::app::facts::Facts;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Effect;
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{Destination, PaneId, Shared};
use crate::domain::checklist::Step;
use crate::domain::overview::BusinessRow;
use crate::domain::text::safe;
use crate::domain::view::DiffFilter;

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

/// The pane.
#[derive(Debug, Default)]
pub struct Businesses {
    /// The order.
    pub sort: Sort,
    /// Position of the selected row.
    pub selected: usize,
}

impl PaneCommands for Businesses {
    const ID: PaneId = PaneId("businesses");
    const TITLE: &'static str = "Businesses";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(
                CommandId("its-conflicts"),
                &[Key::plain(KeyCode::Enter)],
                "Enter",
                "its conflicts",
            )
            .help("Show the conflicts of the selected business."),
            allowed: any_business,
            run: |pane, shared, _| pane.go_to_conflicts(shared),
        },
        PaneCommand {
            about: About::new(
                CommandId("its-bookings"),
                &[Key::char('d')],
                "d",
                "its bookings",
            )
            .help("Show what becomes of the selected business's bookings."),
            allowed: any_business,
            run: |pane, shared, _| pane.go_to_bookings(shared),
        },
        PaneCommand {
            about: About::new(CommandId("sort-businesses"), &[Key::char('s')], "s", "sort")
                .help("Sort by bookings, customers, conflicts or name, in turn."),
            allowed: always,
            run: |pane, shared, _| {
                pane.sort = pane.sort.next();
                pane.sort.sort(&mut shared.facts.businesses);
                pane.selected = 0;
                Vec::new()
            },
        },
    ];
}

impl Businesses {
    /// The selected row.
    pub fn row<'f>(&self, facts: &'f Facts) -> Option<&'f BusinessRow> {
        facts.businesses.get(self.selected)
    }

    fn go_to_conflicts(&self, shared: &mut Shared) -> Vec<Effect> {
        if let Some(row) = self.row(&shared.facts) {
            let business = Some((row.id.clone(), safe(&row.name, 60)));
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
                customer: None,
            };
            shared.destination = Some(Destination::Bookings(filter, safe(&row.name, 60)));
        }
        Vec::new()
    }
}

impl Pane for Businesses {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let last = shared.facts.businesses.len().saturating_sub(1);
        self.selected = to.from(self.selected, shared.scrollable.page, last);
        Vec::new()
    }

    fn facts_changed(&mut self, shared: &mut Shared) {
        self.sort.sort(&mut shared.facts.businesses);
        let last = shared.facts.businesses.len().saturating_sub(1);
        self.selected = self.selected.min(last);
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
