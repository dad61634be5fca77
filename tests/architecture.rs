//! The arrows of the house: who may import whom. Fails on a forbidden import, and on a file that grew to two things.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// What a folder must never mention in code: our own modules against an arrow, and crates that its purity forbids.
const FORBIDDEN: [(&str, &[&str]); 10] = [
    (
        "domain",
        &[
            "crate::store",
            "crate::engine",
            "crate::steps",
            "crate::report",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "crate::demo",
            "crate::command",
            "crate::terminal",
            "tokio",
            "mongodb",
            "ratatui",
            "crossterm",
            "std::fs",
            "std::time",
            "jiff",
        ],
    ),
    (
        "report",
        &[
            "crate::store",
            "crate::steps",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "tokio",
            "mongodb",
            "ratatui",
            "crossterm",
            "std::fs",
        ],
    ),
    (
        "store",
        &[
            "crate::engine",
            "crate::steps",
            "crate::report",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "engine",
        &[
            "crate::steps",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "steps",
        &[
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "app",
        &[
            "crate::store",
            "crate::steps",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "crate::demo",
            "crate::terminal",
            "tokio",
            "mongodb",
            "ratatui",
            "crossterm",
            "std::fs",
            "std::time::Instant",
            "std::time::SystemTime",
            "jiff",
        ],
    ),
    (
        "ui",
        &[
            "crate::store",
            "crate::steps",
            "crate::cli",
            "crate::runtime",
            "crate::demo",
            "tokio",
            "mongodb",
            "std::fs",
        ],
    ),
    (
        "command.rs",
        &[
            "crate::store",
            "crate::steps",
            "crate::ui",
            "crate::cli",
            "tokio",
            "mongodb",
            "ratatui",
            "crossterm",
        ],
    ),
    ("terminal.rs", &["crate::store", "crate::steps", "mongodb"]),
    (
        "demo",
        &[
            "crate::steps",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "ratatui",
            "crossterm",
        ],
    ),
];

/// Lines in a file, before it is two things.
const LONGEST: usize = 520;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(under: &Path, found: &mut Vec<PathBuf>) {
    if under.is_file() {
        found.push(under.to_owned());
        return;
    }
    for entry in std::fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|it| it == "rs") {
            files(&path, found);
        }
    }
}

/// The lines of `text` that mention something of `forbidden` in code, not in a comment.
fn against<'t>(text: &'t str, forbidden: &[&str]) -> Vec<(usize, &'t str)> {
    let mentions = |code: &str, word: &str| {
        code.match_indices(word).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !part(before) && !part(after) && (word.contains("::") || after == Some(':'))
        })
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter(|(_, line)| forbidden.iter().any(|word| mentions(line, word)))
        .map(|(at, line)| (at + 1, line))
        .collect()
}

#[test]
fn no_module_imports_against_an_arrow() {
    let mut wrong = Vec::new();
    for (part, forbidden) in FORBIDDEN {
        let mut found = Vec::new();
        files(&source().join(part), &mut found);
        assert!(!found.is_empty(), "{part} holds no file");
        for path in found {
            let text = std::fs::read_to_string(&path).unwrap();
            for (line, code) in against(&text, forbidden) {
                wrong.push(format!("{}:{line}: {}", path.display(), code.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "against an arrow:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_finds_a_forbidden_import() {
    let text = "use tokio::sync::watch;\n// tokio:: in a comment\nlet a = crate::store::scan::all();\nuse mytokio::x;\n";
    let found: Vec<usize> = against(text, &["tokio", "crate::store"])
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(found, [1, 3]);
}

#[test]
fn no_file_grew_to_be_two_things() {
    let mut found = Vec::new();
    files(&source(), &mut found);
    let long: Vec<_> = found
        .iter()
        .map(|path| (std::fs::read_to_string(path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}
