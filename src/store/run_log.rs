//! The run's log: one file in the run folder for console and command line alike. Lines carry the server's time and a level, and no value of any
//! document. What is said before there is a run folder waits in memory, and is dropped where none ever is: who only reads leaves nothing behind.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::private_file;
use crate::domain::lease::clock;
use crate::domain::text::named;

/// Lines that wait for a run folder, at most; the oldest go first.
const WAITING: usize = 500;
/// The name of the file.
pub const NAME: &str = "log.txt";

#[derive(Debug, Default)]
struct State {
    file: Option<(PathBuf, File)>,
    waiting: Vec<String>,
    /// The file ends in the middle of a line, as a full disk leaves it.
    cut_off: bool,
    /// How far the server's clock is ahead of ours, in milliseconds.
    ahead: i64,
}

fn state() -> MutexGuard<'static, State> {
    static STATE: OnceLock<Mutex<State>> = OnceLock::new();
    STATE
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Says how far the server's clock is ahead of ours, in milliseconds.
pub fn set_clock(ahead: i64) {
    state().ahead = ahead;
}

/// Opens the log in the folder of a run, and writes what waited for it. Where that cannot be, lines go on waiting: a log stops no step.
pub fn open(folder: &Path) {
    let path = folder.join(NAME);
    if self::path().is_some_and(|open| open == path) {
        return;
    }
    // Not under the lock: opening may itself say something, and what it says is a line of this log.
    let Ok(file) = private_file::append(&path) else {
        return;
    };
    let mut state = state();
    let whole = ends_its_line(&path);
    state.file = Some((path, file));
    state.cut_off = !whole;
    let waiting = std::mem::take(&mut state.waiting);
    for line in waiting {
        put(&mut state, line);
    }
}

/// True for an empty file, and for one whose last line is whole.
fn ends_its_line(path: &Path) -> bool {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let last = |file: &mut File| {
        file.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        std::io::Result::Ok(byte == *b"\n")
    };
    let Ok(mut file) = File::open(path) else {
        return true;
    };
    let empty = file.metadata().is_ok_and(|it| it.len() == 0);
    empty || last(&mut file).unwrap_or(true)
}

/// The file, once there is one, and as long as it stands.
pub fn path() -> Option<PathBuf> {
    let path = state().file.as_ref().map(|(path, _)| path.clone());
    path.filter(|path| path.is_file())
}

/// Writes a line. `level` is INFO, WARN or ERROR.
pub fn write(level: &str, text: &str) {
    let mut state = state();
    let ours = jiff::Timestamp::now().as_millisecond();
    for text in text.lines().filter(|text| !text.trim().is_empty()) {
        let time = clock(ours.saturating_add(state.ahead));
        put(
            &mut state,
            format!("{time} {level:<5} {}", named(text.trim_end())),
        );
    }
}

fn put(state: &mut State, line: String) {
    if let Some((_, file)) = &mut state.file {
        let begin = if state.cut_off { "\n" } else { "" };
        // A disk that fails must not keep anyone from going on.
        state.cut_off = file
            .write_all(format!("{begin}{line}\n").as_bytes())
            .is_err();
        return;
    }
    if state.waiting.len() == WAITING {
        state.waiting.remove(0);
    }
    state.waiting.push(line);
}
