//! A console in a pseudo-terminal: keys go in, the screen comes out, and waiting is for what the screen shows.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Parser};

/// How long anything may take to show. Far more than it takes; a test that reaches it fails.
const DEADLINE: Duration = Duration::from_mins(1);

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const DOWN: &str = "\x1b[B";
pub const PAGE_DOWN: &str = "\x1b[6~";
pub const CTRL_C: &str = "\x03";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";

/// What came out of the terminal so far.
struct Output {
    parser: Parser,
    /// The last frame that was drawn whole.
    frame: String,
    raw: Vec<u8>,
    /// Where the search for questions to the terminal goes on.
    answered: usize,
    ended: bool,
    /// Nobody listens any more.
    deaf: bool,
}

impl Output {
    /// What the terminal shows: whole frames alone while a console draws.
    fn shown(&self) -> String {
        if self.parser.screen().alternate_screen() {
            self.frame.clone()
        } else {
            text(&self.parser)
        }
    }

    /// Takes what the program wrote.
    fn take(&mut self, mut bytes: &[u8]) {
        const WHOLE: &[u8] = b"\x1b[?2026l";
        while !bytes.is_empty() {
            // The end of a frame may come in two parts.
            let seen = self.raw.len();
            let from = seen.saturating_sub(WHOLE.len() - 1);
            self.raw.extend_from_slice(bytes);
            let end = self.raw[from..]
                .windows(WHOLE.len())
                .position(|window| window == WHOLE)
                .map(|at| from + at + WHOLE.len());
            let until = end.unwrap_or(self.raw.len());
            self.raw.truncate(until);
            let (now, rest) = bytes.split_at(until - seen);
            self.parser.process(now);
            if end.is_some() {
                self.frame = text(&self.parser);
            }
            bytes = rest;
        }
    }
}

/// A program in a pseudo-terminal.
pub struct Console {
    child: Option<Box<dyn Child + Send + Sync>>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    output: Arc<(Mutex<Output>, Condvar)>,
    modes_before: String,
}

/// A program that has ended.
pub struct Ended {
    /// Its exit code.
    pub code: u32,
    /// What stands on the terminal.
    pub screen: String,
    /// Everything that it ever wrote.
    pub raw: Vec<u8>,
}

impl Console {
    /// The console of `uri` in a terminal of that size.
    pub fn open(uri: &str, run_root: &Path, size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(arguments(uri, run_root));
        Self::spawn(command, size)
    }

    /// Any program in a terminal of that size.
    pub fn spawn(command: CommandBuilder, size: (u16, u16)) -> Self {
        Self::spawn_as(command, size, "xterm-256color")
    }

    /// The same in a terminal that calls itself `term`.
    pub fn spawn_as(mut command: CommandBuilder, (cols, rows): (u16, u16), term: &str) -> Self {
        command.env("TERM", term);
        command.env("LANG", "C.UTF-8");
        command.env_remove("LC_ALL");
        command.env_remove("NO_COLOR");
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a pseudo-terminal");
        let modes_before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("a child");
        drop(pair.slave); // or the end of the child would not be seen
        let keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let output = Arc::new((
            Mutex::new(Output {
                parser: Parser::new(size(rows), size(cols), 0),
                frame: String::new(),
                raw: Vec::new(),
                answered: 0,
                ended: false,
                deaf: false,
            }),
            Condvar::new(),
        ));
        let reader = pair.master.try_clone_reader().unwrap();
        std::thread::spawn({
            let (output, keys) = (output.clone(), keys.clone());
            move || listen(reader, &output, &keys)
        });
        Self {
            child: Some(child),
            master: Some(pair.master),
            keys,
            output,
            modes_before,
        }
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the terminal shows, row by row.
    pub fn screen(&self) -> String {
        self.output().shown()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        let child = self.child.as_ref().expect("a child");
        child.process_id().expect("a process")
    }

    /// Presses keys, or types.
    pub fn press(&self, keys: &str) {
        let mut writer = self.keys.lock().unwrap();
        writer.write_all(keys.as_bytes()).expect("a terminal");
        writer.flush().expect("a terminal");
    }

    /// Waits until the screen is as `holds` says.
    pub fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        self.until_output(what, |output| holds(&output.shown()))
    }

    /// Waits until the screen shows `words`.
    pub fn shows(&self, words: &str) -> String {
        self.until(words, |screen| screen.contains(words))
    }

    /// Waits until the screen no longer shows `words`.
    pub fn hides(&self, words: &str) -> String {
        self.until(&format!("no {words}"), |screen| !screen.contains(words))
    }

    /// Presses keys, and waits until the screen shows `words`.
    pub fn press_for(&self, keys: &str, words: &str) -> String {
        self.press(keys);
        self.shows(words)
    }

    /// Waits until the terminal is not in the console's hands.
    pub fn lets_go(&self) {
        self.until_output("a terminal given back", |output| {
            !output.parser.screen().alternate_screen()
        });
    }

    /// Waits until the terminal is in the console's hands.
    pub fn takes_hold(&self) {
        self.until_output("a terminal taken", |output| {
            output.parser.screen().alternate_screen()
        });
    }

    fn until_output(&self, what: &str, holds: impl Fn(&Output) -> bool) -> String {
        let began = Instant::now();
        let mut output = self.output();
        while !holds(&output) {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(
                !left.is_zero() && !output.ended,
                "waited for “{what}” in vain{}:\n{}",
                if output.ended {
                    " (the program ended)"
                } else {
                    ""
                },
                output.shown()
            );
            output = self.output.1.wait_timeout(output, left).unwrap().0;
        }
        output.shown()
    }

    /// Makes the terminal another size.
    pub fn resize(&self, (cols, rows): (u16, u16)) {
        self.output()
            .parser
            .screen_mut()
            .set_size(size(rows), size(cols));
        let master = self.master.as_ref().expect("a terminal");
        master
            .resize(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
    }

    /// Sends a signal to the process.
    pub fn signal(&self, name: &str) {
        send(name, self.pid());
    }

    /// Takes the terminal away, as when a connection breaks; returns the process's exit code.
    pub fn hang_up(mut self) -> u32 {
        // The thread that listens holds the terminal too. A resize makes the console draw, so that it wakes and lets go.
        self.output().deaf = true;
        self.resize((100, 30));
        let began = Instant::now();
        let mut output = self.output();
        while !output.ended {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "the listener never let go");
            output = self.output.1.wait_timeout(output, left).unwrap().0;
        }
        drop(output);
        self.master = None;
        *self.keys.lock().unwrap() = Box::new(std::io::sink());
        self.wait()
    }

    /// Waits for the end of the program, and sees that the terminal is as it was before.
    pub fn ends(mut self) -> Ended {
        let code = self.wait();
        let began = Instant::now();
        let mut output = self.output();
        while !output.ended {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "the terminal never closed");
            output = self.output.1.wait_timeout(output, left).unwrap().0;
        }
        let screen = output.parser.screen();
        let shown = output.shown();
        assert!(!screen.alternate_screen(), "alternate screen left on");
        assert!(!screen.hide_cursor(), "cursor left hidden");
        assert!(!screen.bracketed_paste(), "paste mode left on");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        assert_eq!(
            modes(&**self.master.as_ref().unwrap()),
            self.modes_before,
            "line modes left changed"
        );
        Ended {
            code,
            screen: shown,
            raw: output.raw.clone(),
        }
    }

    fn wait(&mut self) -> u32 {
        let pid = self.pid();
        let mut child = self.child.take().expect("a child");
        let (says, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || says.send(child.wait().map(|status| status.exit_code())));
        if let Ok(code) = ended.recv_timeout(DEADLINE) {
            return code.unwrap();
        }
        send("KILL", pid);
        panic!("the program did not end:\n{}", self.screen());
    }
}

impl Drop for Console {
    /// A failed test leaves nothing behind.
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The arguments that lead the console to a database.
pub fn arguments(uri: &str, run_root: &Path) -> Vec<String> {
    vec![
        "--uri".to_owned(),
        uri.to_owned(),
        "--run-dir".to_owned(),
        run_root.display().to_string(),
        "--watch-seconds".to_owned(),
        "0".to_owned(),
    ]
}

/// Sends a signal.
pub fn send(name: &str, pid: u32) {
    let status = std::process::Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .expect("kill");
    assert!(status.success(), "kill -{name} {pid}");
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a size")
}

fn text(parser: &Parser) -> String {
    let screen = parser.screen();
    let (_, columns) = screen.size();
    screen
        .rows(0, columns.get())
        .map(|row| row.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The line modes of the terminal: echo, canonical input and all the others.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("line modes"))
}

/// Reads until the other end closes; answers the one question that a terminal must answer.
fn listen(
    mut reader: Box<dyn Read + Send>,
    output: &(Mutex<Output>, Condvar),
    keys: &Mutex<Box<dyn Write + Send>>,
) {
    const WHERE: &[u8] = b"\x1b[6n";
    let mut chunk = [0; 16 * 1024];
    loop {
        let read = reader.read(&mut chunk).unwrap_or(0);
        let mut output_now = output.0.lock().unwrap_or_else(PoisonError::into_inner);
        if output_now.deaf {
            drop(reader);
            output_now.ended = true;
            output.1.notify_all();
            return;
        }
        if read == 0 {
            output_now.ended = true;
            output.1.notify_all();
            return;
        }
        output_now.take(&chunk[..read]);
        while let Some(at) = output_now.raw[output_now.answered..]
            .windows(WHERE.len())
            .position(|window| window == WHERE)
        {
            output_now.answered += at + WHERE.len();
            let (row, column) = output_now.parser.screen().cursor_position();
            let answer = format!("\x1b[{};{}R", row + 1, column + 1);
            let _ = keys.lock().unwrap().write_all(answer.as_bytes());
        }
        output.1.notify_all();
    }
}
