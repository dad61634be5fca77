//! What a pane is: its name, its commands, and how it takes part in what happens. Adding a pane is a file that implements [`Pane`] and
//! [`PaneCommands`], and a row in the table of `panes/`.

use std::fmt::Debug;

use crate::app::commands::about::{About, CommandId, Verdict};
use crate::app::key::Key;
use crate::app::message::Effect;
use crate::app::navigation::Move;
use crate::app::shared::{PaneId, Shared};

/// A command of a pane: what is said of it, whether it can be done now, and how it is done.
pub struct PaneCommand<P> {
    /// What is said of it.
    pub about: About,
    /// Fine, or why it cannot be done now.
    pub allowed: fn(&P, &Shared) -> Verdict,
    /// Does it.
    pub run: fn(&mut P, &mut Shared, Key) -> Vec<Effect>,
}

/// A pane's name and its commands.
pub trait PaneCommands: Sized + 'static {
    /// Its name.
    const ID: PaneId;
    /// Its title on the line of tabs.
    const TITLE: &'static str;
    /// The same where there is little room.
    const SHORT: &'static str;
    /// Its commands, in the order of the hints.
    const COMMANDS: &'static [PaneCommand<Self>];
}

/// The commands of a pane, whatever its type.
pub trait Offers {
    /// What is said of its commands.
    fn abouts(&self) -> Vec<&'static About>;

    /// Whether it can do a command now; `None` where it has no such command.
    fn verdict(&self, id: CommandId, shared: &Shared) -> Option<Verdict>;

    /// Does a command; `None` where it has no such command.
    fn run(&mut self, id: CommandId, shared: &mut Shared, key: Key) -> Option<Vec<Effect>>;
}

fn found<P: PaneCommands>(id: CommandId) -> Option<&'static PaneCommand<P>> {
    P::COMMANDS.iter().find(|command| command.about.id == id)
}

impl<P: PaneCommands> Offers for P {
    fn abouts(&self) -> Vec<&'static About> {
        P::COMMANDS.iter().map(|command| &command.about).collect()
    }

    fn verdict(&self, id: CommandId, shared: &Shared) -> Option<Verdict> {
        Some((found::<P>(id)?.allowed)(self, shared))
    }

    fn run(&mut self, id: CommandId, shared: &mut Shared, key: Key) -> Option<Vec<Effect>> {
        Some((found::<P>(id)?.run)(self, shared, key))
    }
}

/// How a pane takes part. Whatever a pane does not care for, it leaves out.
pub trait Pane: Offers + Debug {
    /// Moves its selection, or scrolls.
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect>;

    /// Asks for what it shows and has not got. Called after every message while it has the focus and the engine is free.
    fn look(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// The facts are others now.
    fn facts_changed(&mut self, _shared: &mut Shared) {}

    /// What it holds may rest on data or answers that changed: it forgets that.
    fn outdated(&mut self) {}

    /// What stands behind its title on the line of tabs.
    fn badge(&self, _shared: &Shared) -> Option<String> {
        None
    }

    /// What a command of its does with what is selected now, for the hints; `None` where its title says it.
    fn does(&self, _id: CommandId, _shared: &Shared) -> Option<&'static str> {
        None
    }

    /// Closes what lies open in it; false when nothing does.
    fn step_back(&mut self, _shared: &mut Shared) -> bool {
        false
    }

    /// Entry `at` of its list was clicked.
    fn clicked(&mut self, _shared: &mut Shared, _at: usize) {}

    /// What is selected, as text to take elsewhere.
    fn copied(&self, _shared: &Shared) -> Option<String> {
        None
    }

    /// The focus goes elsewhere, or comes back.
    fn focus_moved(&mut self) {}

    /// The line at this place of the list that it opened was picked.
    fn picked(&mut self, _shared: &mut Shared, _at: usize) -> Vec<Effect> {
        Vec::new()
    }

    /// The text in the line that it opened is this now.
    fn typing(&mut self, _shared: &mut Shared, _text: &str) {}

    /// Takes the text of the line that it opened.
    ///
    /// # Errors
    /// Why it cannot; the line stays open.
    fn typed(&mut self, _shared: &mut Shared, _text: &str) -> Result<Vec<Effect>, String> {
        Ok(Vec::new())
    }
}

/// A command that can always be done.
#[allow(clippy::unnecessary_wraps)] // it stands in a table of such functions
pub fn always<P>(_: &P, _: &Shared) -> Verdict {
    Ok(())
}

/// A command that asks the engine.
pub fn can_ask<P>(_: &P, shared: &Shared) -> Verdict {
    shared.can_ask()
}
