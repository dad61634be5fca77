//! The report as it would be written now: in its pane, and before leaving.

use crate::app::commands::about::{About, CommandId};
use crate::app::commands::in_several_places::{PERSONAL, READ_AGAIN};
use crate::app::key::Key;
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, can_ask};
use crate::app::shared::{PaneId, Shared};

/// The pane.
#[derive(Debug, Default)]
pub struct Report {
    /// Its lines, or why there are none.
    pub lines: Option<Result<Vec<String>, String>>,
    /// With names and e-mails.
    pub personal: bool,
    /// Rows scrolled down.
    pub down: usize,
    /// Asked for, and not there yet.
    asked: bool,
}

impl PaneCommands for Report {
    const ID: PaneId = PaneId("report");
    const TITLE: &'static str = "Report";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: READ_AGAIN,
            allowed: can_ask,
            run: |pane, _, _| {
                pane.lines = None; // the next look asks again
                Vec::new()
            },
        },
        PaneCommand {
            about: PERSONAL,
            allowed: can_ask,
            run: |pane, _, _| {
                pane.turn_names();
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("export"), &[Key::char('E')], "E", "export")
                .help("Write the report into the run folder, masked or not as it is shown."),
            allowed: can_ask,
            run: |pane, shared, _| shared.ask(Request::Export(pane.personal)),
        },
    ];
}

impl Report {
    /// Shows names and e-mails, or masks them again.
    pub fn turn_names(&mut self) {
        self.personal = !self.personal;
        self.lines = None;
    }

    /// Takes the report's text, unless another one is wanted by now.
    pub fn take(&mut self, personal: bool, text: Result<String, String>) {
        self.asked = false;
        if personal == self.personal {
            self.lines = Some(text.map(|text| text.lines().map(str::to_owned).collect()));
        }
    }
}

impl Pane for Report {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let scrollable = shared.scrollable;
        self.down = to.from(self.down, scrollable.page, scrollable.furthest);
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.lines.is_some() || self.asked {
            return Vec::new();
        }
        self.asked = true;
        shared.ask(Request::Report(self.personal))
    }

    fn outdated(&mut self) {
        self.lines = None;
    }
}
