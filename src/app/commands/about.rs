//! What a command is: its word, its keys, its titles and what it may do to data. The commands themselves stand beside what they do: those of
//! a pane in the pane's file, the others in `commands/`.

use std::collections::HashMap;

use crate::app::key::Key;
use crate::domain::checklist::Step;

/// The word of a command; nothing else is known by it. A command that several places offer has the same word in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandId(pub &'static str);

/// Fine, or why a command cannot be done now: the sentence that a disabled command shows.
pub type Verdict = Result<(), String>;

/// Fine where `holds`, else `why` it is not.
pub fn only_if(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(why.into()) }
}

/// What a command may do to data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Nothing.
    None,
    /// Writes files or side collections; the first one asks.
    Writes,
    /// Opens a gate before anything happens.
    Gate,
}

/// What the hints, the help and the README say of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Which one.
    pub id: CommandId,
    /// The keys that call it.
    pub keys: &'static [Key],
    /// How hints and texts show the keys.
    pub shown: &'static str,
    /// A word or two for the hints.
    pub title: &'static str,
    /// What it may do to data.
    pub danger: Danger,
    /// Shown among the hints, not in the help alone.
    pub hinted: bool,
    help: &'static str,
}

impl About {
    /// A command that is hinted at and does nothing to data.
    pub const fn new(
        id: CommandId,
        keys: &'static [Key],
        shown: &'static str,
        title: &'static str,
    ) -> Self {
        Self {
            id,
            keys,
            shown,
            title,
            danger: Danger::None,
            hinted: true,
            help: "",
        }
    }

    /// The same, with a sentence for the help. `{word}` in it stands for the title of the step of that word.
    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// The same, in the help alone.
    #[must_use]
    pub const fn unhinted(mut self) -> Self {
        self.hinted = false;
        self
    }

    /// The same, with what it may do to data.
    #[must_use]
    pub const fn danger(mut self, danger: Danger) -> Self {
        self.danger = danger;
        self
    }

    /// The sentence for the help.
    pub fn sentence(&self) -> String {
        let mut help = self.help.to_owned();
        for step in Step::ALL.iter().filter(|_| self.help.contains('{')) {
            help = help.replace(&format!("{{{}}}", step.word()), &quoted(*step));
        }
        help
    }
}

/// A step as texts name it.
pub fn quoted(step: Step) -> String {
    format!("“{}”", step.title())
}

/// The keys of the commands: those of the table, and those that the operator changed.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    shown: HashMap<CommandId, &'static str>,
    changed: HashMap<CommandId, Vec<Key>>,
}

impl Keymap {
    /// The keys of these commands.
    pub fn new<'a>(commands: impl IntoIterator<Item = &'a About>) -> Self {
        let keys = commands.into_iter().map(|it| (it.id, it.shown));
        Self {
            shown: keys.collect(),
            changed: HashMap::new(),
        }
    }

    /// Gives a command other keys.
    pub fn change(&mut self, id: CommandId, keys: Vec<Key>) {
        let words: Vec<_> = keys.iter().map(ToString::to_string).collect();
        // Read once when the console opens, and needed until it ends.
        let shown: &'static str = Box::leak(words.join(" ").into_boxed_str());
        self.shown.insert(id, shown);
        self.changed.insert(id, keys);
    }

    /// The key of a command, the first one where it has several; its word where it has none.
    pub fn of(&self, id: CommandId) -> &'static str {
        let shown = self.shown.get(&id).copied().unwrap_or(id.0);
        shown.split(' ').next().unwrap_or(shown)
    }

    /// All keys of a command, as hints show them.
    pub fn shown(&self, about: &About) -> &'static str {
        self.shown.get(&about.id).copied().unwrap_or(about.shown)
    }

    /// The keys that call a command.
    pub fn keys<'k>(&'k self, about: &'k About) -> &'k [Key] {
        self.changed
            .get(&about.id)
            .map_or(about.keys, Vec::as_slice)
    }
}
