//! Text that is kept in `fixtures/`, and what was said now.

use std::path::{Path, PathBuf};

use crate::golden::normal;

/// The variable that has the kept text written anew.
const VARIABLE: &str = "RINGFENCE_GOLDEN";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fixtures")
}

/// A fixture that is read, never written.
pub fn fixture(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails unless each text is what is kept under its name. With `RINGFENCE_GOLDEN=write` it writes them, and fails.
#[track_caller]
pub fn assert_kept(all: &[(String, String)]) {
    if std::env::var(VARIABLE).is_ok_and(|word| word == "write") {
        let mut written = Vec::new();
        for (name, found) in all {
            let path = folder().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, found).unwrap();
            written.push(path.display().to_string());
        }
        panic!(
            "written, not compared: {}. Look at what changed, then run without {VARIABLE}",
            written.join(", ")
        );
    }
    let wrong: Vec<_> = all
        .iter()
        .filter_map(|(name, found)| difference(name, found))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(name: &str, found: &str) -> Option<String> {
    let (kept, found) = (
        normal::without_step_numbers(&fixture(name)),
        normal::without_step_numbers(found),
    );
    if kept == found {
        return None;
    }
    let (was, is): (Vec<_>, Vec<_>) = (kept.lines().collect(), found.lines().collect());
    let lines: Vec<_> = (0..was.len().max(is.len()))
        .filter(|at| was.get(*at) != is.get(*at))
        .take(8)
        .map(|at| {
            let line = |of: &[&str]| of.get(at).copied().unwrap_or("(no line)").to_owned();
            format!(
                "  line {}\n    kept: {}\n    now:  {}",
                at + 1,
                line(&was),
                line(&is)
            )
        })
        .collect();
    Some(format!(
        "{name} is not what is kept ({} lines then, {} now):\n{}",
        was.len(),
        is.len(),
        lines.join("\n")
    ))
}
