//! The log: what was done since the console opened, of a chosen weight and with a chosen text. The lines stand in the shared log.

use crate::app::commands::about::{About, CommandId};
use crate::app::key::Key;
use crate::app::layer::{Layer, Line};
use crate::app::log::{Line as LogLine, Weight};
use crate::app::message::Effect;
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always};
use crate::app::shared::{PaneId, Shared};

/// The pane.
#[derive(Debug, Default)]
pub struct LogPane {
    /// Rows scrolled up from the end; 0 follows the newest line.
    pub up: usize,
    /// Only lines of this weight or more.
    pub least: Option<Weight>,
    /// Only lines that hold this.
    pub filter: String,
}

impl PaneCommands for LogPane {
    const ID: PaneId = PaneId("log");
    const TITLE: &'static str = "Log";
    const SHORT: &'static str = "Log";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(CommandId("log-level"), &[Key::char('l')], "l", "level")
                .help("Show all lines, or warnings and errors, or errors alone, in turn."),
            allowed: always,
            run: |pane, _, _| {
                pane.least = match pane.least {
                    None => Some(Weight::Warning),
                    Some(Weight::Warning) => Some(Weight::Error),
                    Some(Weight::Error | Weight::Info) => None,
                };
                pane.up = 0;
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("find-in-log"), &[Key::char('/')], "/", "filter")
                .help("Show only lines that hold the text that you type."),
            allowed: always,
            run: |pane, shared, _| {
                let line = Line::new("Show lines that hold", &pane.filter);
                shared.layers.push(Layer::Line(line));
                Vec::new()
            },
        },
    ];
}

impl LogPane {
    /// The lines that are shown, oldest first.
    pub fn shown<'s>(&self, shared: &'s Shared) -> Vec<&'s LogLine> {
        let wanted = self.filter.to_lowercase();
        let fits = |line: &&LogLine| {
            self.least.is_none_or(|least| line.weight >= least)
                && (wanted.is_empty() || line.text.to_lowercase().contains(&wanted))
        };
        shared.log.lines().iter().filter(fits).collect()
    }
}

impl Pane for LogPane {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let scrollable = shared.scrollable;
        // Counted from the end, so that the newest line stays in sight.
        let to = to.reversed();
        self.up = to.from(self.up, scrollable.page, scrollable.furthest);
        Vec::new()
    }

    fn step_back(&mut self, _: &mut Shared) -> bool {
        let filtered = !self.filter.is_empty() || self.least.is_some();
        self.filter.clear();
        self.least = None;
        filtered
    }

    fn copied(&self, shared: &Shared) -> Option<String> {
        let lines: Vec<_> = self
            .shown(shared)
            .iter()
            .map(|line| format!("{} {} {}", line.clock, line.weight.word(), line.text))
            .collect();
        Some(lines.join("\n"))
    }

    fn typing(&mut self, _: &mut Shared, text: &str) {
        text.clone_into(&mut self.filter);
        self.up = 0;
    }
}
