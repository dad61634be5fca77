//! The terminal: entered, left, suspended; left on every way out, a panic included. Only the thread that draws restores it: a panic elsewhere
//! becomes a message in the console.

use std::io::{IsTerminal, Stdout, Write, stdout};
use std::mem::ManuallyDrop;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    KeyEventKind, KeyModifiers,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::app::Message;
use crate::app::key::{Key, KeyCode};
use crate::app::message::Mouse;

/// What is said where there is no terminal.
pub const REFUSAL: &str = "the console needs a terminal, and standard input or output is not one. Nothing was changed. Without a terminal use a verb: survey, plan, apply, verify, rollback, finish, purge, status, report, backup, restore, export, or demo --headless; `ringfence help VERB` says how";

/// True when keys can be read and screens drawn.
pub fn is_one() -> bool {
    std::io::stdin().is_terminal() && stdout().is_terminal()
}

/// The screen of the console; dropping it gives the terminal back.
pub struct Screen {
    /// ratatui's terminal. Never dropped: its own end prints an error where the terminal is gone, and that print panics.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// The mouse is ours.
    mouse: bool,
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
            mouse: false,
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

    /// Takes the mouse, or gives it back to the terminal, which then selects text with it.
    ///
    /// # Errors
    /// The terminal's refusal.
    pub fn take_mouse(&mut self, ours: bool) -> std::io::Result<()> {
        self.mouse = ours;
        if ours {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    /// Puts a text into the terminal's clipboard (OSC 52); a terminal that does not know it shows nothing.
    ///
    /// # Errors
    /// The terminal's refusal.
    pub fn copy(&mut self, text: &str) -> std::io::Result<()> {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        let mut out = stdout();
        write!(out, "\x1b]52;c;{text}\x07")?;
        out.flush()
    }

    /// Lets `$VISUAL` or `$EDITOR` change a text; the terminal is the editor's meanwhile.
    ///
    /// # Errors
    /// The terminal's refusal. What goes wrong with the editor is the inner error, in words.
    pub fn edit(&mut self, text: &str) -> std::io::Result<Result<String, String>> {
        let named = |name: &str| std::env::var(name).ok().filter(|it| !it.trim().is_empty());
        let Some(editor) = named("VISUAL").or_else(|| named("EDITOR")) else {
            return Ok(Err(
                "neither VISUAL nor EDITOR is set: type the note here".to_owned()
            ));
        };
        give_back();
        let edited = edited_by(&editor, text); // the engine has threads of its own
        take()?;
        self.take_mouse(self.mouse)?;
        self.repaint()?;
        Ok(edited)
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
        self.take_mouse(self.mouse)?;
        self.repaint()
    }

    /// Has the keys announced again that were typed and not read.
    ///
    /// crossterm reads one event at a time, and is told only once that there is something to read. Where a key comes together with a change of
    /// size, it hands on the size and forgets the key, which then waits for the next one. Setting the line modes, to what they are, wakes
    /// whoever waits for the terminal.
    pub fn announce_keys(&self) {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let keys = std::io::stdin();
        if let Ok(modes) = tcgetattr(&keys) {
            let _ = tcsetattr(&keys, OptionalActions::Now, &modes); // where the terminal is gone, its end is read next
        }
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

/// What the editor makes of the text, in a file that only we may read.
fn edited_by(editor: &str, text: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("the editor could not be used: {error}");
    let mut file = tempfile::Builder::new()
        .prefix("ringfence-note-")
        .suffix(".txt")
        .tempfile()
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.flush().map_err(failed)?;
    // An editor may be given with its options: `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or(editor);
    let status = std::process::Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .map_err(failed)?;
    if !status.success() {
        return Err("the editor ended with an error; the note is as it was".to_owned());
    }
    std::fs::read_to_string(file.path()).map_err(failed)
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

/// What an event of the terminal says to the state machine; `None` where it says nothing.
pub fn message_of(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            use crossterm::event::KeyCode as Code;
            let code = match key.code {
                Code::Char(c) => KeyCode::Char(c),
                Code::Enter => KeyCode::Enter,
                Code::Esc => KeyCode::Esc,
                Code::Tab => KeyCode::Tab,
                Code::BackTab => KeyCode::BackTab,
                Code::Up => KeyCode::Up,
                Code::Down => KeyCode::Down,
                Code::Left => KeyCode::Left,
                Code::Right => KeyCode::Right,
                Code::Home => KeyCode::Home,
                Code::End => KeyCode::End,
                Code::PageUp => KeyCode::PageUp,
                Code::PageDown => KeyCode::PageDown,
                Code::Backspace => KeyCode::Backspace,
                Code::Delete => KeyCode::Delete,
                _ => return None,
            };
            Some(Message::Key(Key {
                code,
                ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
                alt: key.modifiers.contains(KeyModifiers::ALT),
            }))
        }
        Event::Mouse(event) => {
            use crossterm::event::{MouseButton, MouseEventKind};
            let (x, y) = (event.column, event.row);
            match event.kind {
                MouseEventKind::ScrollDown => Some(Message::Mouse(Mouse::Wheel { down: true })),
                MouseEventKind::ScrollUp => Some(Message::Mouse(Mouse::Wheel { down: false })),
                MouseEventKind::Down(MouseButton::Left) => {
                    Some(Message::Mouse(Mouse::Click { x, y }))
                }
                _ => None,
            }
        }
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resized { width, height }),
        _ => None,
    }
}
