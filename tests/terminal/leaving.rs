//! Every way out gives the terminal back.

use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

use crate::support::console::{self, CTRL_Z, Console};
use crate::terminal::data;

#[test]
fn a_signal_ends_the_console_and_gives_the_terminal_back() {
    let place = data::seeded();
    let names: &[&str] = if crate::support::full() {
        &["TERM", "HUP", "INT"]
    } else {
        &["TERM"]
    };
    for name in names {
        let console = Console::open(&place.uri, place.runs.path(), (120, 40));
        console.shows("Next     2 Back up");
        console.takes_hold();
        console.signal(name);
        let ended = console.ends();
        assert_eq!(ended.code, 130, "{name}");
        assert!(
            ended
                .screen
                .contains(&format!("SIG{name} ended the console between two batches")),
            "{}",
            ended.screen
        );
    }
}

#[test]
fn no_color_is_honoured() {
    let place = data::seeded();
    let mut command = CommandBuilder::new("env");
    command.arg("NO_COLOR=1");
    command.arg(env!("CARGO_BIN_EXE_ringfence"));
    command.args(console::arguments(&place.uri, place.runs.path()));
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "Conflicts: 110 of 110");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    let ended = console.ends();
    assert_eq!(ended.code, 0);
    let raw = String::from_utf8_lossy(&ended.raw);
    let sets_colour = |codes: &str| {
        let codes: Vec<u16> = codes.split(';').filter_map(|it| it.parse().ok()).collect();
        codes
            .iter()
            .any(|code| matches!(code, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    };
    for part in raw.split("\x1b[").skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        if let Some(end) = end.filter(|end| part[*end..].starts_with('m')) {
            assert!(!sets_colour(&part[..end]), "a colour: {}", &part[..=end]);
        }
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_console() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    assert_eq!(console.hang_up(), 130);
}

/// Waits until the shell waits.
fn prompt(console: &Console) {
    console.until("a prompt", |screen| screen.trim_end().ends_with("\nshell>"));
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_comes_back() {
    let place = data::seeded();
    let mut shell = CommandBuilder::new("sh");
    shell.args(["-i"]);
    shell.env("PS1", "shell> ");
    shell.env_remove("ENV");
    let console = Console::spawn(shell, (120, 40));
    console.shows("shell>");
    let arguments = console::arguments(&place.uri, place.runs.path()).join("' '");
    console.press(&format!(
        "'{}' '{arguments}'\r",
        env!("CARGO_BIN_EXE_ringfence")
    ));
    console.shows("Next     2 Back up");
    console.press_for("3", "Conflicts: 110 of 110");
    console.press(CTRL_Z);
    console.lets_go();
    prompt(&console);
    // The shell reads lines and echoes them: the terminal is its own again.
    console.press("echo back in the $((40 + 2))nd shell\r");
    console.shows("back in the 42nd shell");
    console.press("fg\r");
    console.takes_hold();
    let screen = console.shows("Conflicts: 110 of 110");
    assert!(
        screen.contains("Way back"),
        "all of it is drawn anew:\n{screen}"
    );
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    console.lets_go();
    prompt(&console);
    console.press("echo and out with $?; exit 0\r");
    console.shows("and out with 0");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn without_a_terminal_the_message_names_the_verbs_and_nothing_is_started() {
    let place = data::seeded();
    let root = place.runs.path().join("never-made");
    for verb in [None, Some("demo")] {
        let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(console::arguments(&place.uri, &root))
            .args(verb)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let says = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{says}");
        for word in [
            "needs a terminal",
            "survey",
            "plan",
            "apply",
            "verify",
            "rollback",
            "demo --headless",
        ] {
            assert!(says.contains(word), "{word} is missing: {says}");
        }
        assert!(!says.contains("starting"), "a server was started: {says}");
        assert!(output.stdout.is_empty());
    }
    assert!(!root.exists());
    assert!(place.side_collections().is_empty());
}
