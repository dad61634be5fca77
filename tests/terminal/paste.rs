//! Pasted text with line breaks and control characters: it is text in every field, it confirms nothing and does nothing to the terminal. And
//! a note by the operator's own editor.

use std::os::unix::fs::PermissionsExt;

use portable_pty::CommandBuilder;

use crate::support::console::{Console, ENTER, ESC, arguments};
use crate::terminal::data::{self, Place};

const CTRL_S: &str = "\x13";
const CTRL_O: &str = "\x0f";
/// Breaks lines, sets the title, turns the colours, turns the reading direction.
const NASTY: &str = "one\r\ntwo\x1b]0;OWNED\x07\x1b[31;5;7m\x00\u{202e}three\u{9b}2J\r";

fn paste(console: &Console, text: &str) {
    console.press(&format!("\x1b[200~{text}\x1b[201~"));
}

fn nothing_obeyed(raw: &[u8]) {
    let raw = String::from_utf8_lossy(raw);
    for bad in ["OWNED\x07", "\x1b]0;", "\x1b[31;5;7m", "\u{202e}", "\u{9b}"] {
        assert!(!raw.contains(bad), "{bad:?} reached the terminal");
    }
}

/// The note that opens with the first write allowed.
fn open_note(console: &Console) {
    console.press("G");
    console.press_for(ENTER, "▾ After");
    console.press("j");
    console.press_for("n", "May ringfence write?");
    console.press_for("Y", "┌ Note on");
}

#[test]
fn what_is_pasted_is_text_in_every_field_and_confirms_nothing() {
    let place = data::seeded();
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    paste(&console, NASTY);
    console.shows("nothing here takes pasted text");
    for (keys, open) in [
        ("?", "┌ Help"),
        (":", "┌ Every command"),
        ("3/", "┌ Find conflicts"),
        ("f", "┌ Show conflicts of"),
        ("4/", "┌ Find bookings"),
        ("7/", "┌ Show lines that hold"),
        ("2/", "┌ "),
    ] {
        console.press_for(keys, open);
        paste(&console, NASTY);
        let screen = console.shows("one two");
        assert!(screen.contains(open), "{keys} is still open:\n{screen}");
        console.press(ESC);
        console.hides("one two");
    }
    // The mapping: the list of names, and a line that is typed.
    console.press_for("9", "what was seen");
    console.press_for(ENTER, "type it…");
    paste(&console, NASTY);
    console.shows("one two");
    console.press(ESC);
    console.hides("one two");
    console.press_for("e", "┌ What the key says");
    paste(&console, NASTY);
    console.shows("one two");
    console.press(ESC);
    console.hides("┌ What the key says");
    // The decision editor: a value, and the note on an answer.
    console.press_for("3", "Conflicts: 110 of 110");
    console.press_for("e", "Decide: ");
    console.press_for("t", ", then Enter:");
    paste(&console, NASTY);
    console.shows("one two");
    // An Esc right before another key would be an Alt.
    console.press(ESC);
    console.hides("one two");
    console.press_for("n", "Note (Alt-Enter");
    paste(&console, NASTY);
    console.shows("three");
    console.press(ESC);
    console.hides("Note (Alt-Enter");
    console.press(ESC);
    console.hides("Decide: ");

    // A note of several lines is kept only by its key.
    console.press_for("1", "▾ Phase 1");
    open_note(&console);
    paste(&console, NASTY);
    console.shows("│ one");
    console.press_for(CTRL_S, "a note is kept");
    assert_eq!(place.fingerprints(), before, "live data is as it was");
    console.press_for("q", "Leaving: the report");
    console.press("e");
    let ended = console.ends();
    assert_eq!(ended.code, 0);
    nothing_obeyed(&ended.raw);
    let folders = std::fs::read_dir(place.runs.path()).unwrap();
    let reports = folders.map(|it| it.unwrap().path().join("report.md"));
    for report in reports.filter(|path| path.exists()) {
        let text = std::fs::read_to_string(report).unwrap();
        assert!(
            text.contains("two"),
            "the note stands in the report:\n{text}"
        );
        assert!(!text.contains(['\x1b', '\u{202e}', '\0']), "{text:?}");
    }
}

/// A program that writes into the file that it is given.
fn editor(place: &Place, does: &str) -> String {
    let path = place.runs.path().join("editor.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_note_is_written_in_the_operators_own_editor_and_a_broken_one_loses_nothing() {
    let place = data::seeded();
    let path = editor(
        &place,
        "printf 'written elsewhere\\nin two lines\\n' > \"$1\"",
    );
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments(&place.uri, place.runs.path()));
    command.env("EDITOR", &path);
    command.env_remove("VISUAL");
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    open_note(&console);
    console.press_for("begun here", "begun here");
    console.press_for(CTRL_O, "written elsewhere");
    console.takes_hold();
    console.shows("in two lines");
    editor(&place, "exit 3");
    console.press(CTRL_O);
    console.until("why it was not taken", |screen| {
        screen.contains("written elsewhere") && screen.contains("editor")
    });
    console.takes_hold();
    console.press_for(CTRL_S, "a note is kept");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
