//! The arrows of the house: who may import whom. Fails on a forbidden import, on a second place that knows how a booking finds its user or
//! its business, and on a file that grew to two things.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// What a folder must never mention in code: our own modules against an arrow, and crates that its purity forbids.
const FORBIDDEN: [(&str, &[&str]); 11] = [
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
            "crate::prisma",
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
        "prisma",
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
            "std::io",
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
            "crate::prisma",
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

/// How a booking finds its user and its business, as code says it: the mapping's own fields.
const WAYS: [&str; 6] = [
    "service.business",
    "booking.service",
    "booking.user",
    "role.business",
    "role.service",
    "role.user",
];

/// Who may say it: the mapping, the resolver of references, and the proof's own one.
const RESOLVERS: [&str; 3] = [
    "domain/mapping.rs",
    "domain/reference/",
    "domain/invariant/paths.rs",
];

/// The lines of `text` that name one of `words` in code, not in a comment. Line breaks within a chain of fields do not hide it.
fn naming(text: &str, words: &[&str]) -> Vec<String> {
    let code = text.lines().map(str::trim);
    let code: Vec<&str> = code.filter(|line| !line.starts_with("//")).collect();
    let code = code.join("\n").replace("\n.", ".");
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let names = |line: &str, word: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            !part(before) && !part(after) && after != Some('(')
        })
    };
    code.lines()
        .filter(|line| words.iter().any(|word| names(line, word)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_file_but_the_resolvers_knows_how_a_booking_finds_its_user_or_its_business() {
    let mut found = Vec::new();
    files(&source(), &mut found);
    let mut wrong = Vec::new();
    let mut resolvers = Vec::new();
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(source()).unwrap().display().to_string();
        if !RESOLVERS.iter().any(|it| name.starts_with(it)) {
            let lines = naming(&text, &WAYS).into_iter();
            wrong.extend(lines.map(|line| format!("{name}: {line}")));
        } else if !naming(&text, &WAYS[..1]).is_empty() {
            resolvers.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "ask domain::reference instead:\n{}",
        wrong.join("\n")
    );
    resolvers.sort();
    let expected = ["domain/invariant/paths.rs", "domain/reference/booking.rs"];
    assert_eq!(resolvers, expected, "the resolver and the proof's own");
}

#[test]
fn the_check_of_resolvers_finds_a_field_however_it_is_written() {
    let text = "let a = &self.mapping.service.business;\n// service.business in a comment\nlet b = mapping\n    .booking\n    .user\n    .clone();\nlet c = rebooking.user;\nlet d = booking.user(before);\nfields(&[&role.service]);\n";
    let found = naming(text, &WAYS);
    assert_eq!(
        found,
        [
            "let a = &self.mapping.service.business;",
            "let b = mapping.booking.user.clone();",
            "fields(&[&role.service]);"
        ]
    );
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
