//! The table of panes. A pane is one row here and one file beside this one, with its state, its commands and what they do; what it looks like
//! stands in `ui/panes`, under the same name.

use self::pane::{Pane, PaneCommands};
use super::commands::about::About;
use super::shared::PaneId;

pub mod bookings;
pub mod businesses;
pub mod checklist;
pub mod clients;
mod conflict_picks;
pub mod conflicts;
pub mod log;
pub mod mapping;
pub mod pane;
pub mod report;
pub mod running;
pub mod schema;

/// A row of the table.
pub struct PaneRow {
    /// The pane's name.
    pub id: PaneId,
    /// Its title on the line of tabs.
    pub title: &'static str,
    /// The same where there is little room.
    pub short: &'static str,
    /// What is said of its commands.
    pub commands: fn() -> Vec<&'static About>,
    of: fn(&Panes) -> &dyn Pane,
    of_mut: fn(&mut Panes) -> &mut dyn Pane,
}

macro_rules! panes {
    ($($file:ident: $state:ident,)*) => {
        /// Every pane.
        #[derive(Debug, Default)]
        pub struct Panes {
            $(#[doc = concat!("The pane of `", stringify!($file), ".rs`.")] pub $file: $file::$state,)*
        }

        /// The table, in the order of the tabs and their digits.
        pub const TABLE: &[PaneRow] = &[$(PaneRow {
            id: $file::$state::ID,
            title: $file::$state::TITLE,
            short: $file::$state::SHORT,
            commands: || $file::$state::COMMANDS.iter().map(|it| &it.about).collect(),
            of: |panes| &panes.$file,
            of_mut: |panes| &mut panes.$file,
        },)*];
    };
}

panes! {
    checklist: Checklist,
    businesses: Businesses,
    conflicts: Conflicts,
    bookings: Bookings,
    running: RunningPane,
    report: Report,
    log: LogPane,
    clients: Clients,
    mapping: MappingPane,
    schema: SchemaPane,
}

impl Panes {
    /// The pane of that name.
    pub fn get(&self, id: PaneId) -> &dyn Pane {
        (row(id).of)(self)
    }

    /// The pane of that name.
    pub fn get_mut(&mut self, id: PaneId) -> &mut dyn Pane {
        (row(id).of_mut)(self)
    }
}

/// The name of a pane.
pub fn id<P: PaneCommands>(_: &P) -> PaneId {
    P::ID
}

/// The row of the pane of that name.
pub fn row(id: PaneId) -> &'static PaneRow {
    &TABLE[place(id)]
}

/// Its place in the table. A name stands in the table, since only panes make names.
fn place(id: PaneId) -> usize {
    let found = TABLE.iter().position(|row| row.id == id);
    found.unwrap_or(0)
}

/// The digit that leads to a pane.
pub fn digit(id: PaneId) -> usize {
    (place(id) + 1) % 10
}

/// The pane `by` places further, round and round.
pub fn neighbour(id: PaneId, by: usize) -> PaneId {
    TABLE[(place(id) + by) % TABLE.len()].id
}
