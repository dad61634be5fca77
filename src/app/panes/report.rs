//! The report as it would be written now, section by section: in its pane, and whole before leaving.

use crate::app::commands::about::{About, CommandId};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP, PERSONAL};
use crate::app::key::Key;
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always, can_ask};
use crate::app::shared::{PaneId, Shared};

/// A section: its heading, and its lines without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its lines.
    pub lines: Vec<String>,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Report {
    /// Its lines, or why there are none.
    pub lines: Option<Result<Vec<String>, String>>,
    /// With names and e-mails.
    pub personal: bool,
    /// The selected section.
    pub section: usize,
    /// Rows that the section is scrolled down; the whole report, before leaving.
    pub down: usize,
    /// Asked for, and not there yet.
    asked: bool,
}

impl PaneCommands for Report {
    const ID: PaneId = PaneId("report");
    const TITLE: &'static str = "Report";
    const SHORT: &'static str = "Rep";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
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
        PaneCommand {
            about: DETAIL_DOWN,
            allowed: always,
            run: |pane, shared, _| pane.scroll(shared, 1),
        },
        PaneCommand {
            about: DETAIL_UP,
            allowed: always,
            run: |pane, shared, _| pane.scroll(shared, -1),
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
            let last = self.sections().len().saturating_sub(1);
            self.section = self.section.min(last);
        }
    }

    /// The sections; the first one is what stands before any heading.
    pub fn sections(&self) -> Vec<Section> {
        let Some(Ok(lines)) = &self.lines else {
            return Vec::new();
        };
        let mut sections = vec![Section {
            title: "Summary".to_owned(),
            lines: Vec::new(),
        }];
        for line in lines {
            if let Some(title) = line.strip_prefix("## ") {
                sections.push(Section {
                    title: title.to_owned(),
                    lines: Vec::new(),
                });
            } else if let Some(section) = sections.last_mut()
                && !line.starts_with("# ")
                && !(line.trim().is_empty() && section.lines.is_empty())
            {
                section.lines.push(line.clone());
            }
        }
        sections
    }

    /// The whole report.
    pub fn copied_whole(&self) -> Option<String> {
        let lines = self.lines.as_ref()?.as_ref().ok()?;
        Some(lines.join("\n"))
    }

    fn scroll(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        self.down = Move::By(by).from(self.down, 1, shared.scrollable.detail);
        Vec::new()
    }
}

impl Pane for Report {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let scrollable = shared.scrollable;
        // A page turns the section's text; where that is at its end, to the next section.
        if let Move::Pages(by) = to {
            let at_end = if by > 0 {
                self.down >= scrollable.detail
            } else {
                self.down == 0
            };
            if !at_end {
                self.down = to.from(self.down, scrollable.page, scrollable.detail);
                return Vec::new();
            }
        }
        let to = match to {
            Move::Pages(by) => Move::By(by.signum()),
            other => other,
        };
        let last = self.sections().len().saturating_sub(1);
        self.section = to.from(self.section, 1, last);
        self.down = 0;
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

    fn clicked(&mut self, _: &mut Shared, at: usize) {
        if at < self.sections().len() {
            self.section = at;
            self.down = 0;
        }
    }

    fn copied(&self, _: &Shared) -> Option<String> {
        let section = self.sections().into_iter().nth(self.section)?;
        Some(format!("{}\n{}", section.title, section.lines.join("\n")))
    }
}
