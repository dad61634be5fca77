//! The arrows of the house: who may import whom. Fails on a forbidden import, on a second place that knows how a booking finds its user or
//! its business, and on a file that grew to two things.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
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
            "crate::command",
            "crate::report",
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
            "crate::terminal",
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
            "crate::runtime",
            "crate::terminal",
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

/// Folders whose files must not import each other in a circle.
const WITHOUT_CIRCLES: [&str; 7] = [
    "domain", "store", "report", "engine", "steps", "demo", "cli",
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
        found.retain(|path| !path.components().any(|it| it.as_os_str() == "tests"));
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

/// The parts of the console, whose files import one another in one direction only.
const CONSOLE: &[&str] = &["app", "command.rs", "ui", "runtime.rs", "terminal.rs"];

fn files_of(parts: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for part in parts {
        files(&source().join(part), &mut found);
    }
    found
}

/// The module that a file holds, as its path below `src`: "app::panes::log".
fn module(path: &Path) -> String {
    let below = path.strip_prefix(source()).unwrap().with_extension("");
    let name = below.to_str().unwrap().replace('/', "::");
    let name = name.strip_suffix("::mod").unwrap_or(&name);
    name.to_owned()
}

/// The paths that a file names in code, tests left out: each as the segments from the root of the crate.
fn paths(module: &str, text: &str) -> Vec<Vec<String>> {
    let code: String = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let here: Vec<&str> = module.split("::").collect();
    let mut found = Vec::new();
    let mut others = String::new();
    for statement in code.split_inclusive(';') {
        let line = statement.trim_start();
        match line
            .strip_prefix("pub ")
            .unwrap_or(line)
            .strip_prefix("use ")
        {
            Some(tree) => expand(&[], tree.trim_end_matches(';'), &mut found),
            None => others.push_str(statement),
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in others.match_indices(start) {
            let rest = &others[at..];
            let path = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let path = path.into_iter().next().unwrap_or_default();
            found.push(path.split("::").map(str::to_owned).collect());
        }
    }
    let absolute = |path: Vec<String>| {
        let mut from = here.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut rest = path.into_iter().peekable();
        match rest.peek().map(String::as_str) {
            Some("crate") => {
                rest.next();
                from.clear();
            }
            Some("self") => {
                rest.next();
            }
            _ => {}
        }
        while rest.peek().is_some_and(|it| it == "super") {
            rest.next();
            from.pop();
        }
        from.extend(rest);
        from
    };
    found.into_iter().map(absolute).collect()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(before: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let mut path = before.to_vec();
    let Some((head, rest)) = tree.split_once('{') else {
        path.extend(tree.split("::").map(|it| it.trim().to_owned()));
        return found.push(path);
    };
    path.extend(
        head.split("::")
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty()),
    );
    let inside = rest.trim_end().trim_end_matches('}');
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&path, &inside[begin..at], found);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if !inside[begin..].trim().is_empty() {
        let closing = if inside[begin..].contains('{') {
            "}"
        } else {
            ""
        };
        expand(&path, &format!("{}{closing}", &inside[begin..]), found);
    }
}

/// Which of `modules` each module imports from.
fn imports(modules: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeSet<&str> = modules.iter().map(|(name, _)| name.as_str()).collect();
    let target = |path: &[String]| {
        (1..=path.len())
            .rev()
            .map(|length| path[..length].join("::"))
            .find(|name| names.contains(name.as_str()))
    };
    modules
        .iter()
        .map(|(name, text)| {
            let found = paths(name, text);
            let mut found: BTreeSet<_> = found.iter().filter_map(|path| target(path)).collect();
            found.remove(name);
            (name.clone(), found)
        })
        .collect()
}

/// The modules that lie on a circle: what is left when those that import nothing that is left are taken away, again and again, and then those
/// that nothing left imports.
fn circles(mut imports: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = imports.keys().cloned().collect();
        let imported: BTreeSet<String> = imports.values().flatten().cloned().collect();
        imports.retain(|name, from| {
            from.retain(|it| left.contains(it));
            !from.is_empty() && imported.contains(name)
        });
        if imports.len() == left.len() {
            return imports
                .into_iter()
                .map(|(name, from)| format!("{name} -> {}", Vec::from_iter(from).join(", ")))
                .collect();
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let folders = WITHOUT_CIRCLES.iter().map(std::slice::from_ref);
    for parts in folders.chain([CONSOLE]) {
        let mut modules = Vec::new();
        for path in files_of(parts) {
            let name = module(&path);
            if !name.contains("tests") {
                modules.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
        assert!(modules.len() > 1, "{parts:?}");
        let circles = circles(imports(&modules));
        assert!(circles.is_empty(), "in a circle:\n{}", circles.join("\n"));
    }
}

#[test]
fn the_check_itself_finds_a_circle_of_files() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let modules = [
        file("app", "pub use a::A;\n"),
        file(
            "app::a",
            "use super::{c::{self, C}, e};\nuse crate::app::b::B;\n",
        ),
        file("app::b", "fn f() { super::d::g() }\n"),
        file("app::c", "// use super::a::A;\n"),
        file("app::d", "use crate::app::{\n    a::A,\n    c,\n};\n"),
        file(
            "app::e",
            "#[cfg(test)]\nmod tests {\n    use super::super::a::A;\n}\n",
        ),
    ];
    let found = circles(imports(&modules));
    assert_eq!(
        found,
        ["app::a -> app::b", "app::b -> app::d", "app::d -> app::a"]
    );
    assert_eq!(imports(&modules)["app::a"].len(), 3);
}

#[test]
fn no_text_of_the_console_holds_the_number_of_a_step() {
    let mut wrong = Vec::new();
    for path in files_of(CONSOLE) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, line) in text.lines().enumerate() {
            let numbered = line.match_indices("step ").any(|(at, word)| {
                line[at + word.len()..].starts_with(|c: char| c.is_ascii_digit())
            });
            if numbered {
                wrong.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How a booking finds its user and its business, as code says it: the mapping's own fields.
const WAYS: [&str; 6] = [
    "following.business",
    "following.user",
    "booking.service",
    "role.business",
    "role.service",
    "role.user",
];

/// Who may say it: the mapping, its check, the resolver of references, and the proof's own one.
const RESOLVERS: [&str; 5] = [
    "domain/accepted.rs",
    "domain/fit/",
    "domain/mapping/",
    "domain/reference/",
    "domain/invariant/paths",
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
        if name.contains("tests") {
            continue; // what a test shows of a mapping finds nothing by it
        }
        if !RESOLVERS.iter().any(|it| name.starts_with(it)) {
            let lines = naming(&text, &WAYS).into_iter();
            wrong.extend(lines.map(|line| format!("{name}: {line}")));
        } else if !RESOLVERS[..3].iter().any(|it| name.starts_with(it))
            && !naming(&text, &WAYS[..1]).is_empty()
        {
            resolvers.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "ask domain::reference instead:\n{}",
        wrong.join("\n")
    );
    resolvers.retain(|name| !name.starts_with("domain/fit/"));
    resolvers.sort();
    let expected = ["domain/invariant/paths.rs", "domain/reference/booking.rs"];
    assert_eq!(resolvers, expected, "the resolver and the proof's own");
}

#[test]
fn the_check_of_resolvers_finds_a_field_however_it_is_written() {
    let text = "let a = &following.business;\n// following.business in a comment\nlet b = mapping\n    .following\n    .user\n    .clone();\nlet c = refollowing.user;\nlet d = following.user(before);\nfields(&[&role.service]);\n";
    let found = naming(text, &WAYS);
    assert_eq!(
        found,
        [
            "let a = &following.business;",
            "let b = mapping.following.user.clone();",
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

#[test]
fn one_file_alone_reads_what_a_driver_error_says() {
    let mut found = Vec::new();
    files(&source(), &mut found);
    let mut wrong = Vec::new();
    for path in found {
        let name = path.strip_prefix(source()).unwrap().display().to_string();
        // The demo starts servers of its own, without data in them.
        if name == "store/error.rs" || name.starts_with("demo/server") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let reads = [
            "mongodb::error",
            "error.kind.to_string",
            "\"errmsg\"",
            "\"errInfo\"",
        ];
        let reads = reads.into_iter().filter(|it| text.contains(it));
        wrong.extend(reads.map(|it| format!("{name}: {it}")));
    }
    let expected = [
        "store/command.rs: \"errmsg\"",
        "store/scan.rs: mongodb::error",
    ];
    wrong.sort();
    assert_eq!(
        wrong, expected,
        "a server's text may quote documents: let StoreError make words of it"
    );
}
