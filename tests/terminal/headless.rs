//! Progress of the headless verbs on a terminal: bars that no line is glued to, and that are gone at the end.

use std::process::{Command, Output};

use portable_pty::CommandBuilder;

use crate::support::console::{Console, arguments};
use crate::terminal::data::{self, Place};

fn piped(place: &Place, words: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(arguments(&place.uri, place.runs.path()))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    output
}

fn on_a_terminal(place: &Place, words: &[&str]) -> String {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments(&place.uri, place.runs.path()));
    command.args(words);
    let ended = Console::spawn(command, (200, 60)).ends();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    ended.screen
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn a_steps_line_is_never_glued_to_the_progress() {
    let place = data::seeded();
    let plan = place.runs.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    piped(&place, &["plan", "--defaults", "--out", plan]);
    let apply = ["apply", "--plan", plan, "--confirm", &place.name];
    let screen = on_a_terminal(&place, &apply);
    for title in ["1 Survey: ", "2 Back up: ", "9 Cut over: ", "13 Verify: "] {
        let line = screen.lines().find(|line| line.contains(title));
        let line = line.unwrap_or_else(|| panic!("{title} is missing:\n{screen}"));
        assert!(line.trim_start().starts_with(title), "{line}");
    }
    assert!(
        !screen.contains("█") && !screen.contains("/s · "),
        "the bar is gone at the end:\n{screen}"
    );
}
