//! The palette, the mouse, the clipboard, the run up to the gate, notes on single items of the guide, and the run's log.

use std::path::{Path, PathBuf};
use std::process::Command;

use portable_pty::CommandBuilder;

use crate::support::console::{Console, ENTER, arguments};
use crate::terminal::data;

const CTRL_S: &str = "\x13";

/// A file of the one run's folder.
fn in_the_run(runs: &Path, name: &str) -> PathBuf {
    let folders = std::fs::read_dir(runs).unwrap();
    let mut found = folders.map(|entry| entry.unwrap().path().join(name));
    found.find(|path| path.exists()).unwrap_or_default()
}

#[test]
fn everything_within_reach_of_the_hands_works_on_a_real_server() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");

    // A command by its name.
    console.press_for(":", "Every command");
    console.press_for("ids", "Show the ids beside the names");
    console.press_for(ENTER, "ids are shown");
    console.press_for("i", "ids are hidden");

    // A tab by the mouse, then the clipboard.
    let tabs = console.screen().lines().nth(1).unwrap().to_owned();
    let at = tabs
        .find("3 Conflicts")
        .map(|at| tabs[..at].chars().count())
        .unwrap();
    console.press(&format!("\x1b[<0;{};2M", at + 2));
    console.shows("Same e-mail at");
    console.press("\x1b[<65;10;10M");
    console.shows("2 of 6");
    console.press_for("y", "copied");
    console.press_for("M", "the mouse selects text in the terminal");
    console.press_for("M", "the mouse clicks and scrolls here");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "; 0 undecided");

    // Up to the gate in one go, after one question.
    console.press_for("1", "▾ Phase 1");
    console.press_for(">", "May ringfence write?");
    console.press("Y");
    console.shows("stopped here: the next step, Cut over, is behind a gate");
    console.shows("DOWN 00:00:");

    // An item of the guide's list, noted on its own.
    console.press("G");
    console.press("k");
    console.press_for(ENTER, "▾ Phase 4: application");
    console.press("jj");
    console.shows("prisma.customer.findMany");
    console.press_for("n", "Note on Customer endpoints");
    console.press("changed in the repository");
    console.press_for(CTRL_S, "a note is kept");
    console.shows("your work, 1 of 4");
    console.press_for("q", "Leaving: the report");
    console.press("e");
    let ended = console.ends();
    assert_eq!(ended.code, 0);
    let raw = String::from_utf8_lossy(&ended.raw);
    assert!(raw.contains("\x1b]52;c;"), "nothing went to the clipboard");
    let given_back = raw.find("\x1b[?1000l");
    assert!(
        given_back.is_some_and(|at| raw[at..].contains("\x1b[?1000h")),
        "the mouse was given back, and taken again"
    );

    let report = std::fs::read_to_string(in_the_run(place.runs.path(), "report.md")).unwrap();
    for line in [
        "- [x] Customer endpoints: done, noted by",
        "- [ ] Booking endpoints: not done",
        "- [ ] Update API endpoints: not done, 1 of 4 items are noted",
        "- [x] Create database backup: done, Back up",
        "- [ ] Restore database backup: not checked",
        "- [ ] Verify data integrity: not done",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
    let log = std::fs::read_to_string(in_the_run(place.runs.path(), "log.txt")).unwrap();
    for line in [
        " UTC INFO  Back up: begins",
        "WARN  writing beside the live data is allowed",
        "INFO  Prove: done: ",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    assert!(!log.contains("@fastpost"), "{log}");

    // The decisions are told by names: masked, unless asked for.
    let name = format!("{}.decisions.toml", place.name);
    let file = std::fs::read_to_string(place.runs.path().join(name)).unwrap();
    assert!(
        file.contains("#: same e-mail at Paws & Claws 成都: O… R…"),
        "{file}"
    );
    assert!(!file.contains("olivia.ramirez"), "{file}");
    let show = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(arguments(&place.uri, place.runs.path()))
            .args(["decisions", "show"])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let masked = show(&[]);
    assert!(
        masked.contains("same e-mail at Paws & Claws 成都: O… R…"),
        "{masked}"
    );
    assert!(masked.contains("no such user"), "{masked}");
    let is_id = |word: &str| word.len() >= 24 && word.chars().all(|c| c.is_ascii_hexdigit());
    let ids = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(is_id);
    assert!(!ids(&masked) && ids(&show(&["--ids"])), "{masked}");
    let open = show(&["--show-personal-data"]);
    assert!(open.contains("Olivia Ramirez <"), "{open}");
}

#[test]
fn the_decisions_file_is_told_by_whole_names_only_where_they_are_asked_for() {
    let place = data::seeded();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments(&place.uri, place.runs.path()));
    command.arg("--show-personal-data");
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "Same e-mail at");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "; 0 undecided");
    let name = format!("{}.decisions.toml", place.name);
    let file = std::fs::read_to_string(place.runs.path().join(name)).unwrap();
    let comments: Vec<&str> = file
        .lines()
        .filter(|line| line.starts_with("#: "))
        .collect();
    assert!(
        comments.iter().any(|line| line.contains("Olivia Ramirez")),
        "{file}"
    );
    assert!(
        !comments.iter().any(|line| line.contains("O… R…")),
        "{file}"
    );
    console.press_for("q", "Leaving");
}

#[test]
fn a_theme_is_chosen_by_a_flag_and_a_plain_terminal_gets_ascii() {
    let place = data::seeded();
    let open = |more: &[&str], term: &str| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(arguments(&place.uri, place.runs.path()));
        command.args(more);
        Console::spawn_as(command, (100, 30), term)
    };
    let console = open(&["--theme", "light"], "xterm-256color");
    console.shows("Next     2 Back up");
    console.press_for("T", "theme: high-contrast");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    let ended = console.ends();
    let raw = String::from_utf8_lossy(&ended.raw);
    assert!(
        raw.contains("48;5;15") || raw.contains("107"),
        "no white ground"
    );

    let console = open(&["--theme", "pink"], "xterm-256color");
    let ended = console.ends();
    assert_eq!(ended.code, 1);
    assert!(
        ended.screen.contains("there is no theme pink"),
        "{}",
        ended.screen
    );

    let console = open(&[], "dumb");
    let screen = console.shows("Next     2 Back up");
    assert!(screen.is_ascii(), "{screen}");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
