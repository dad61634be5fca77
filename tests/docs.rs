//! What the papers say of the tree is true: paths that they name exist, identifiers that they name occur, and the table of modules says who
//! uses whom.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The papers whose back quotes are checked.
const PAPERS: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(under: &Path, found: &mut Vec<PathBuf>) {
    if under.is_file() {
        found.push(under.to_owned());
        return;
    }
    for entry in std::fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|it| it == "rs") {
            sources(&path, found);
        }
    }
}

/// Every word of the code and of the manifest, as identifiers are cut.
fn words() -> BTreeSet<String> {
    let mut found = vec![root().join("Cargo.toml")];
    for folder in ["src", "tests", "benches"] {
        sources(&root().join(folder), &mut found);
    }
    let mut words = BTreeSet::new();
    // Not this file: what it names would exist by being named.
    for path in found.iter().filter(|path| !path.ends_with("tests/docs.rs")) {
        let text = read(path);
        let all = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        for word in all {
            let word = word.trim_matches('-');
            if words.contains(word) {
                continue;
            }
            words.insert(word.to_owned());
            words.extend(word.split('-').map(str::to_owned));
        }
    }
    words
}

/// What stands in back quotes, outside blocks of code.
fn quoted(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with("    "));
    lines
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// What is wrong with a quoted text, if it says something that this tree can disprove.
fn wrong(quoted: &str, words: &BTreeSet<String>) -> Option<String> {
    let missing = |word: &str| !words.contains(word);
    if quoted.starts_with("/dev/") || quoted.starts_with("//!") {
        return None;
    }
    if let Some(command) = quoted.strip_prefix("cargo ") {
        let mut parts = command.split_whitespace();
        while let Some(part) = parts.next() {
            let folder = match part {
                "--test" => "tests",
                "--bench" => "benches",
                _ => continue,
            };
            let name = parts.next().unwrap_or_default();
            let here = |end: &str| root().join(folder).join(format!("{name}{end}")).exists();
            if !here(".rs") && !here("/main.rs") {
                return Some(format!("`{quoted}`: {folder} has no {name}"));
            }
        }
        return None;
    }
    // A variable before a command, as a shell takes it.
    if let Some((variable, rest)) = quoted.split_once('=')
        && variable.starts_with("RINGFENCE_")
    {
        if missing(variable) {
            return Some(format!("`{quoted}`: nothing reads {variable}"));
        }
        return rest
            .split_once(' ')
            .and_then(|(_, rest)| wrong(rest, words));
    }
    let ending = Path::new(quoted).extension().and_then(|it| it.to_str());
    let is_path = quoted.contains('/') || matches!(ending, Some("md" | "toml"));
    if is_path && !quoted.contains(' ') {
        let there = root().join(quoted).exists();
        return (!there).then(|| format!("`{quoted}` does not exist"));
    }
    let mut parts = quoted
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .map(|part| part.trim_start_matches('-'))
        .filter(|part| part.chars().any(char::is_alphabetic));
    parts
        .find(|part| missing(part))
        .map(|part| format!("`{quoted}`: {part} occurs nowhere in the code"))
}

#[test]
fn every_path_and_every_name_that_the_papers_quote_exists() {
    let words = words();
    for paper in PAPERS {
        let text = read(&root().join(paper));
        let quoted = quoted(&text);
        assert!(quoted.len() > 10, "{paper} quotes next to nothing");
        let wrong: Vec<_> = quoted.iter().filter_map(|it| wrong(it, &words)).collect();
        assert!(wrong.is_empty(), "{paper}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_check_itself_finds_a_path_and_a_name_that_do_not_exist() {
    let words = BTreeSet::from(["Session".to_owned(), "RINGFENCE_TESTS".to_owned()]);
    for fine in [
        "src/lib.rs",
        "Session",
        "cargo test --test all",
        "RINGFENCE_TESTS=full cargo test --test all",
    ] {
        assert_eq!(wrong(fine, &words), None, "{fine}");
    }
    for not in [
        "src/no_such_file.rs",
        "Sessions",
        "Session::nothing",
        "cargo test --test nothing",
        "RINGFENCE_NOTHING=1 cargo test",
        "RINGFENCE_TESTS=full cargo test --test nothing",
    ] {
        assert!(wrong(not, &words).is_some(), "{not}");
    }
    assert_eq!(quoted("a `b` c\n    `code`\n`d`"), ["b", "d"]);
}

#[test]
fn a_paper_can_be_read_in_five_minutes() {
    for paper in PAPERS {
        let words = read(&root().join(paper)).split_whitespace().count();
        assert!(words < 1_250, "{paper} has {words} words");
    }
    // The README's prose: what is folded, tables and screens are looked up.
    let readme = read(&root().join("README.md"));
    let shown = readme.split("<details>").enumerate().map(|(at, part)| {
        let folded = part.split_once("</details>");
        folded.map_or(part, |(_, after)| if at == 0 { part } else { after })
    });
    let shown: String = shown.collect();
    let prose = shown.split("```").step_by(2).flat_map(str::lines);
    let lines = prose.filter(|line| !line.starts_with('|'));
    let words: usize = lines.map(|line| line.split_whitespace().count()).sum();
    assert!(words < 1_250, "the README has {words} words of prose");
}

/// The rows of the table in `src/lib.rs`: each module with those that it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("src/lib.rs"));
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let names = cells[2].split('`').skip(1).step_by(2);
        let module = row.split('`').next().unwrap();
        (module.to_owned(), names.map(str::to_owned).collect())
    })
    .collect()
}

/// The code of a file: no comments, no tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|it| !it.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that this code names.
fn used(code: &str, modules: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        // `use crate::{a, b::c};` names several.
        let list = match rest.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or_default(),
            None => rest.split(';').next().unwrap_or_default(),
        };
        let several = rest.starts_with('{');
        for part in list.split(',').take(if several { usize::MAX } else { 1 }) {
            let name: String = part
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if modules.contains(name.as_str()) {
                used.insert(name);
            }
        }
    }
    used
}

/// The modules that the root of a crate declares.
fn modules(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
}

#[test]
fn the_table_of_modules_says_who_uses_whom() {
    let table = table();
    let declared = read(&root().join("src/lib.rs"));
    let pure = read(&root().join("src/pure/lib.rs"));
    let declared: BTreeSet<&str> = modules(&declared).chain(modules(&pure)).collect();
    let rows: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(rows, declared, "rows of the table, and modules");
    assert!(table["ui"].contains("app") && table["domain"].is_empty());
    for (module, said) in &table {
        let folder = root().join("src").join(module);
        let mut found = Vec::new();
        sources(
            &if folder.is_dir() {
                folder
            } else {
                folder.with_extension("rs")
            },
            &mut found,
        );
        let mut is = BTreeSet::new();
        for path in found {
            let in_tests = path.components().any(|it| it.as_os_str() == "tests");
            if !in_tests && !path.ends_with("tests.rs") {
                is.extend(used(&code(&read(&path)), &declared));
            }
        }
        is.remove(module);
        let more: Vec<_> = is.difference(said).collect();
        assert!(more.is_empty(), "{module} uses {more:?} too");
    }
}

/// Phrases that were mended once: riddles, inversions, words of our own. None of them may come back.
const MENDED: [&str; 41] = [
    "did not end well",
    "told from a trial",
    "of our own work",
    "seldom leaves memory first",
    "steps aside for",
    "or stops with words",
    "takes as much more of both",
    "nothing is half done that",
    "reads once more whose",
    "waits: your own work",
    "map of the house",
    "a silence is none",
    "as they were proved, for the server's log",
    "what is asked for seldom",
    "goes on by itself",
    "ends it between two batches, after",
    "customer, as it will be",
    "this is no id:",
    "put to rest",
    "whose each booking is",
    "the account does not close",
    "it neither leaves nor comes",
    "no command has such a name",
    "is about no user's values",
    "is looked at closely when",
    "cannot be done so:",
    "are to be dealt with by hand",
    "is to be dealt with by hand",
    "are others now",
    "is not the one of the moment",
    "there is none of that name",
    "will find nothing live",
    "is no answer:",
    "was held against the after-schema",
    "with a number for an _id",
    "still stand among the users",
    "could not be let go of",
    "in the way of a rollback, and it is none",
    "stand for them under other names",
    "who has it set",
    "by what two guests",
];

#[test]
fn no_text_says_what_was_mended_once() {
    let mut paths = Vec::new();
    sources(&root().join("src"), &mut paths);
    paths.push(root().join("README.md"));
    paths.push(root().join("benches/README.md"));
    for path in paths {
        let text = read(&path);
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let found = MENDED.iter().find(|phrase| line.contains(*phrase));
            assert!(found.is_none(), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let readme = read(&root().join("README.md"));
    let (_, promises) = readme.split_once("## What it promises").unwrap();
    let (promises, _) = promises.split_once("\n## ").unwrap();
    let mut seen = 0;
    for (binary, name) in quoted(promises)
        .into_iter()
        .filter_map(|it| it.split_once(' '))
    {
        if binary == "cargo" || !name.contains('_') {
            continue; // a command
        }
        let mut found = Vec::new();
        sources(&root().join("tests").join(binary), &mut found);
        let there = found
            .iter()
            .any(|path| read(path).contains(&format!("fn {name}(")));
        assert!(there, "tests/{binary} has no test {name}");
        seen += 1;
    }
    assert!(seen >= 8, "the README names {seen} tests");
}
