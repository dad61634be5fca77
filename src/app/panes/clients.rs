//! The clients that are connected to the server, so that one sees what has not been stopped yet.

use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands};
use crate::app::shared::{PaneId, Shared};
use crate::domain::text::safe;
use crate::domain::view::ClientLine;

/// The pane.
#[derive(Debug, Default)]
pub struct Clients {
    /// Who is connected, or why that cannot be seen.
    pub lines: Option<Result<Vec<ClientLine>, String>>,
    /// When it was read, by the wall clock.
    pub read: String,
    /// Position of the selected one.
    pub selected: usize,
    asked: bool,
}

impl PaneCommands for Clients {
    const ID: PaneId = PaneId("clients");
    const TITLE: &'static str = "Clients";
    const SHORT: &'static str = "Clts";
    const COMMANDS: &'static [PaneCommand<Self>] = &[];
}

impl Clients {
    /// Takes who is connected.
    pub fn take(&mut self, lines: Result<Vec<ClientLine>, String>, read: String) {
        self.asked = false;
        let count = lines.as_ref().map_or(0, Vec::len);
        self.selected = self.selected.min(count.saturating_sub(1));
        self.lines = Some(lines);
        self.read = read;
    }

    fn count(&self) -> usize {
        match &self.lines {
            Some(Ok(lines)) => lines.len(),
            Some(Err(_)) | None => 0,
        }
    }
}

impl Pane for Clients {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let last = self.count().saturating_sub(1);
        self.selected = to.from(self.selected, shared.scrollable.page, last);
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.lines.is_some() || self.asked {
            return Vec::new();
        }
        self.asked = true;
        shared.ask(Request::Clients)
    }

    fn facts_changed(&mut self, _: &mut Shared) {
        self.lines = None; // whoever was connected may have gone, or come
    }

    fn outdated(&mut self) {
        self.lines = None;
    }

    fn focus_moved(&mut self) {
        self.lines = None;
    }

    fn clicked(&mut self, _: &mut Shared, at: usize) {
        if at < self.count() {
            self.selected = at;
        }
    }

    fn copied(&self, _: &Shared) -> Option<String> {
        let lines = self.lines.as_ref()?.as_ref().ok()?;
        let line = lines.get(self.selected)?;
        Some(format!(
            "{} {} {} {}",
            safe(&line.application, 100),
            safe(&line.driver, 100),
            safe(&line.user, 100),
            safe(&line.host, 100)
        ))
    }
}
