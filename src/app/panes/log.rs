//! The log: what was done since the console opened. The lines stand in the shared log; here is how far they are scrolled.

use crate::app::message::Effect;
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands};
use crate::app::shared::{PaneId, Shared};

/// The pane.
#[derive(Debug, Default)]
pub struct LogPane {
    /// Rows scrolled up from the end; 0 follows the newest line.
    pub up: usize,
}

impl PaneCommands for LogPane {
    const ID: PaneId = PaneId("log");
    const TITLE: &'static str = "Log";
    const COMMANDS: &'static [PaneCommand<Self>] = &[];
}

impl Pane for LogPane {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let scrollable = shared.scrollable;
        // Counted from the end, so that the newest line stays in sight.
        let to = to.reversed();
        self.up = to.from(self.up, scrollable.page, scrollable.furthest);
        Vec::new()
    }
}
