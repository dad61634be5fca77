//! The terminal: entered, left, suspended; left on every way out, a panic included. Only the thread that draws restores it: a panic elsewhere
//! becomes a message in the console.

use std::io::{IsTerminal, Stdout, stdout};
use std::mem::ManuallyDrop;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

/// What is said where there is no terminal.
pub const REFUSAL: &str = "the console needs a terminal, and standard input or output is none. Nothing was changed. Without a terminal use a verb: survey, plan, apply, verify, rollback, finish, purge, status, report, backup, restore, export, or demo --headless; `ringfence help VERB` says how";

/// True when keys can be read and screens drawn.
pub fn is_one() -> bool {
    std::io::stdin().is_terminal() && stdout().is_terminal()
}

/// The screen of the console; dropping it gives the terminal back.
pub struct Screen {
    /// ratatui's terminal. Never dropped: its own end prints an error where the terminal is gone, and that print panics.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Takes the terminal, and makes sure that a panic of this thread gives it back first.
    ///
    /// # Errors
    /// The terminal's refusal.
    pub fn enter() -> std::io::Result<Self> {
        give_back_on_panic();
        take()?;
        Ok(Self {
            terminal: ManuallyDrop::new(Terminal::new(CrosstermBackend::new(stdout()))?),
        })
    }

    /// Draws a frame. The terminal is asked to show it at once, not line by line.
    ///
    /// # Errors
    /// The terminal's refusal: it is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> std::io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    /// Gives the terminal back, stops the process until it is continued, and takes the terminal again.
    ///
    /// # Errors
    /// The terminal's refusal.
    pub fn suspend(&mut self) -> std::io::Result<()> {
        give_back();
        // The signal that Ctrl-Z would send; safe code has no other way to raise it. Where there is no `kill`, the console just stays.
        let _ = std::process::Command::new("kill")
            .args(["-TSTP", &std::process::id().to_string()])
            .status();
        take()?;
        self.repaint()
    }

    /// Draws everything anew at the next drawing. `Terminal::clear` would ask the terminal for its cursor, and can hang.
    ///
    /// # Errors
    /// The terminal's refusal.
    pub fn repaint(&mut self) -> std::io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> std::io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)
}

/// Ends every mode that may be on. Nothing more can be done where the terminal is gone, so errors end here.
fn give_back() {
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

fn give_back_on_panic() {
    let drawing = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == drawing {
            give_back();
            before(panic);
        }
    }));
}
