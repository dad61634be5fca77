//! Moving: the selection of a list, or the scrolling of a text, whichever the focused place has.

use super::layer::Layer;
use super::message::{Effect, Request};
use super::model::{Model, Pane};
use super::update::ask;
use crate::domain::checklist::Step;

/// A move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// By so many rows, up when negative.
    By(isize),
    /// By a page, up when negative.
    Pages(isize),
    /// To the beginning.
    First,
    /// To the end.
    Last,
}

fn moved(at: usize, by: Move, page: usize, last: usize) -> usize {
    let to = match by {
        Move::By(by) => at.saturating_add_signed(by),
        Move::Pages(pages) => {
            at.saturating_add_signed(pages.saturating_mul(page.max(1).cast_signed()))
        }
        Move::First => 0,
        Move::Last => last,
    };
    to.min(last)
}

/// Moves in the focused pane.
pub(super) fn pane(model: &mut Model, by: Move) -> Vec<Effect> {
    let page = model.scrollable.page;
    let furthest = model.scrollable.furthest;
    match model.pane {
        Pane::Checklist => {
            model.step = moved(model.step, by, page, Step::ALL.len() - 1);
            model.follows = false;
        }
        Pane::Businesses => {
            let last = model.businesses.rows().len().saturating_sub(1);
            model.businesses.selected = moved(model.businesses.selected, by, page, last);
        }
        Pane::Conflicts if model.conflicts.open => {
            model.conflicts.down = moved(model.conflicts.down, by, page, model.scrollable.detail);
        }
        Pane::Conflicts => {
            let last = model.conflicts.shown().saturating_sub(1);
            let to = moved(model.conflicts.selected, by, page, last);
            model.conflicts.select(to);
        }
        Pane::Bookings => return bookings(model, by, page),
        Pane::Report => model.report.down = moved(model.report.down, by, page, furthest),
        Pane::Log => {
            // Counted from the end, so that the newest line stays in sight.
            let by = match by {
                Move::By(by) => Move::By(-by),
                Move::Pages(by) => Move::Pages(-by),
                Move::First => Move::Last,
                Move::Last => Move::First,
            };
            model.log.up = moved(model.log.up, by, page, furthest);
        }
    }
    Vec::new()
}

fn bookings(model: &mut Model, by: Move, page: usize) -> Vec<Effect> {
    let from = match by {
        Move::By(by) => model.diffs.go(by),
        Move::Pages(pages) => model
            .diffs
            .go(pages.saturating_mul(page.max(1).cast_signed())),
        Move::First => model.diffs.first(),
        Move::Last => {
            model.diffs.selected = model.diffs.entries().len().saturating_sub(1);
            None
        }
    };
    match from {
        Some(from) => {
            let request = Request::Diffs(model.diffs.filter().clone(), from);
            ask(model, request)
        }
        None => Vec::new(),
    }
}

/// Scrolls the detail of the focused pane.
pub(super) fn detail(model: &mut Model, by: isize) {
    let furthest = model.scrollable.detail;
    let down = match model.pane {
        Pane::Conflicts => &mut model.conflicts.down,
        Pane::Bookings => &mut model.diffs.down,
        _ => return,
    };
    *down = moved(*down, Move::By(by), 1, furthest);
}

/// Scrolls the top layer.
pub(super) fn layer(model: &mut Model, by: Move) {
    let page = model.scrollable.page;
    let furthest = model.scrollable.furthest;
    let down = match model.layers.last_mut() {
        Some(Layer::Help(down) | Layer::Whole(down)) => down,
        Some(Layer::Gate(gate)) => &mut gate.down,
        Some(Layer::Leave) => &mut model.report.down,
        _ => return,
    };
    *down = moved(*down, by, page, furthest);
}
