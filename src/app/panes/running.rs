//! The running step: how far and how fast it goes, what comes after it, and the timeline of what happened. What runs stands in the shared part;
//! here is how far the timeline is scrolled.

use crate::app::message::Effect;
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands};
use crate::app::shared::{PaneId, Shared};

/// The pane.
#[derive(Debug, Default)]
pub struct RunningPane {
    /// Rows scrolled up from the end; 0 follows the newest line.
    pub up: usize,
}

impl PaneCommands for RunningPane {
    const ID: PaneId = PaneId("running");
    const TITLE: &'static str = "Running";
    const SHORT: &'static str = "Run";
    const COMMANDS: &'static [PaneCommand<Self>] = &[];
}

impl Pane for RunningPane {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let scrollable = shared.scrollable;
        // Counted from the end, so that the newest line stays in sight.
        let to = to.reversed();
        self.up = to.from(self.up, scrollable.page, scrollable.furthest);
        Vec::new()
    }

    fn badge(&self, shared: &Shared) -> Option<String> {
        let running = shared.running.as_ref()?;
        Some(match running.percent() {
            Some(percent) => format!("{percent}%"),
            None => "…".to_owned(),
        })
    }

    fn copied(&self, shared: &Shared) -> Option<String> {
        let lines: Vec<_> = shared
            .log
            .lines()
            .iter()
            .map(|line| format!("{} {}", line.clock, line.text))
            .collect();
        Some(lines.join("\n"))
    }
}
