//! Everything that the console knows and shows, as plain data.

use super::commands::about::{About, Keymap, Verdict};
use super::key::Key;
use super::layer::LayerKind;
use super::message::{Effect, ExitReason};
use super::panes::{self, Panes};
use super::shared::{Destination, PaneId, Shared};
use crate::domain::view::Place;

/// The console.
#[derive(Debug)]
pub struct Model {
    /// What all of it shares.
    pub shared: Shared,
    /// The panes.
    pub panes: Panes,
}

/// Where a command that is no pane's own holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Whatever lies on top.
    Always,
    /// In every pane, while no layer lies over it.
    Panes,
    /// In one pane, while no layer lies over it.
    In(PaneId),
    /// In a layer of this kind, while it is on top.
    Over(LayerKind),
}

/// A command that is no pane's own: what is said of it, where it holds, whether it can be done now, and how it is done.
pub struct ModelCommand {
    /// What is said of it.
    pub about: About,
    /// Where it holds.
    pub scopes: &'static [Scope],
    /// Fine, or why it cannot be done now.
    pub allowed: fn(&Model) -> Verdict,
    /// Does it.
    pub run: fn(&mut Model, Key) -> Vec<Effect>,
}

/// A command that can always be done.
#[allow(clippy::unnecessary_wraps)] // it stands in a table of such functions
pub fn always(_: &Model) -> Verdict {
    Ok(())
}

impl Model {
    /// A console that knows where it is, and its keys, and nothing else.
    pub fn new(place: Place, keys: Keymap) -> Self {
        Self {
            shared: Shared::new(place, keys, panes::TABLE[0].id),
            panes: Panes::default(),
        }
    }

    /// The kind of the top layer.
    pub fn top(&self) -> Option<LayerKind> {
        self.shared.layers.last().map(super::layer::Layer::kind)
    }

    /// True where the focus is now.
    pub fn is_in(&self, scope: Scope) -> bool {
        let top = self.top();
        match scope {
            Scope::Always => true,
            Scope::Panes => top.is_none(),
            Scope::In(pane) => top.is_none() && pane == self.shared.pane,
            Scope::Over(kind) => top == Some(kind),
        }
    }

    /// Moves the focus.
    pub fn go_to(&mut self, pane: PaneId) {
        self.panes.get_mut(self.shared.pane).focus_moved();
        self.shared.pane = pane;
    }

    /// Goes where a command said.
    pub fn arrive(&mut self) {
        let pane = match self.shared.destination.take() {
            None => return,
            Some(Destination::Conflicts(filter)) => {
                self.panes.conflicts.show(&self.shared.facts, filter);
                panes::id(&self.panes.conflicts)
            }
            Some(Destination::Bookings(filter, says, back)) => {
                self.panes.bookings.show(filter, says, back);
                panes::id(&self.panes.bookings)
            }
            Some(Destination::Pane(pane)) => pane,
        };
        self.go_to(pane);
    }

    /// Tells every pane that the facts are others now.
    pub fn facts_changed(&mut self) {
        for row in panes::TABLE {
            self.panes.get_mut(row.id).facts_changed(&mut self.shared);
        }
    }

    /// What is shown may rest on data or answers that changed.
    pub fn outdated(&mut self) {
        for row in panes::TABLE {
            self.panes.get_mut(row.id).outdated();
        }
    }

    /// Ends what runs, closes the engine, and leaves when it has closed.
    pub fn leave(&mut self, reason: ExitReason) -> Vec<Effect> {
        let shared = &mut self.shared;
        if let Some(text) = shared.engine_ended.clone() {
            shared.leaving = Some(ExitReason::EngineEnded(text));
            return vec![Effect::LeaveNow];
        }
        shared.leaving = Some(reason);
        shared.layers.clear();
        let mut effects = Vec::new();
        if let Some(running) = &mut shared.running {
            running.cancelling = true;
            effects.push(Effect::Cancel);
        }
        effects.push(Effect::Close);
        effects
    }
}
