//! One file per pane, and the table of what draws them: a row for each row of the table in `app/panes`.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::theme::Theme;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::bookings::Bookings;
use crate::app::panes::businesses::Businesses;
use crate::app::panes::checklist::Checklist;
use crate::app::panes::clients::Clients;
use crate::app::panes::conflicts::Conflicts;
use crate::app::panes::log::LogPane;
use crate::app::panes::mapping::MappingPane;
use crate::app::panes::pane::PaneCommands;
use crate::app::panes::report::Report;
use crate::app::panes::running::RunningPane;
use crate::app::panes::schema::SchemaPane;
use crate::app::shared::PaneId;

pub mod bookings;
pub mod businesses;
pub mod checklist;
pub mod clients;
mod conflict_detail;
pub mod conflicts;
pub mod log;
pub mod mapping;
pub mod report;
pub mod running;
pub mod schema;
mod step_detail;

/// Draws a pane; where there is room, list and detail side by side.
type Draw = fn(&mut Frame<'_>, Rect, &Model, bool, Theme) -> Scrollable;

/// What draws each pane.
const TABLE: &[(PaneId, Draw)] = &[
    (Checklist::ID, checklist::draw),
    (Businesses::ID, businesses::draw),
    (Conflicts::ID, conflicts::draw),
    (Bookings::ID, bookings::draw),
    (RunningPane::ID, running::draw),
    (Report::ID, report::draw),
    (LogPane::ID, log::draw),
    (Clients::ID, clients::draw),
    (MappingPane::ID, mapping::draw),
    (SchemaPane::ID, schema::draw),
];

/// Draws the pane that has the focus.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let found = TABLE.iter().find(|(id, _)| *id == model.shared.pane);
    found.map_or_else(Scrollable::default, |(_, draw)| {
        draw(frame, area, model, roomy, theme)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panes;

    #[test]
    fn every_pane_is_drawn() {
        let drawn: Vec<_> = TABLE.iter().map(|(id, _)| *id).collect();
        let panes: Vec<_> = panes::TABLE.iter().map(|row| row.id).collect();
        assert_eq!(drawn, panes);
    }
}
