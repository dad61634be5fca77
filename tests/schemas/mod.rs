//! The schema reader on a corpus written for it: each schema with what is read of it, or with the error and its place. And on damaged schemas:
//! no panic, in bounded time, and whatever is refused is refused with a place.
//!
//! `RINGFENCE_BLESS=1` writes the expected texts anew; look at what changed before you keep it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringfence::engine::conform::read_schema;
use ringfence::prisma::schema::{Arity, Default, Field, FieldType, IndexKind, Schema};
use ringfence::prisma::{Source, read};
use ringfence::store::schema_files;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas")
}

/// The schemas of a folder, each a file or a folder, in order.
fn schemas(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "prisma") || path.is_dir());
    paths.retain(|path| !path.ends_with("errors"));
    paths.sort();
    paths
}

fn sources(path: &Path) -> Vec<Source> {
    let inside = path.parent().unwrap().to_owned();
    let files = schema_files::read(path).unwrap();
    files
        .into_iter()
        .map(|(name, text)| {
            let name = Path::new(&name).strip_prefix(&inside).unwrap();
            let name = name.display().to_string();
            Source { name, text }
        })
        .collect()
}

fn expected(path: &Path, said: &str) {
    let file = path.with_extension("expected");
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::write(&file, said).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept, said, "{}", path.display());
}

fn field(schema: &Schema, field: &Field) -> String {
    let mark = match field.arity {
        Arity::Required => "",
        Arity::Optional => "?",
        Arity::List => "[]",
    };
    let mut line = format!("{} {}{mark}", field.name, schema.type_words(field.of));
    if field.stored != field.name {
        write!(line, " stored as {:?}", field.stored).unwrap();
    }
    match &field.default {
        Some(Default::Literal(literal)) => write!(line, " default {literal}").unwrap(),
        Some(Default::Function(function)) => write!(line, " default of {function}").unwrap(),
        None => {}
    }
    for (is, word) in [
        (field.is_id, " id"),
        (field.updated_at, " updated"),
        (field.ignored, " ignored"),
    ] {
        line.push_str(if is { word } else { "" });
    }
    assert_eq!(
        field.of == FieldType::Unsupported,
        line.contains("Unsupported")
    );
    line
}

/// All that was read.
fn described(schema: &Schema) -> String {
    let mut said = String::new();
    if let Some(variable) = &schema.url_variable {
        writeln!(said, "address from {variable}").unwrap();
    }
    for it in &schema.enums {
        let values = it.values.iter();
        let values: Vec<_> = values
            .map(|it| format!("{} stored as {:?}", it.name, it.stored))
            .collect();
        writeln!(said, "enum {}: {}", it.name, values.join(", ")).unwrap();
    }
    for it in &schema.composites {
        writeln!(said, "type {}", it.name).unwrap();
        for it in &it.fields {
            writeln!(said, "  {}", field(schema, it)).unwrap();
        }
    }
    for model in &schema.models {
        let kind = if model.is_view { "view" } else { "model" };
        let ignored = if model.ignored { " ignored" } else { "" };
        let (name, collection) = (&model.name, &model.collection);
        writeln!(said, "{kind} {name} in {collection:?}{ignored}").unwrap();
        for it in &model.fields {
            writeln!(said, "  {}", field(schema, it)).unwrap();
        }
        for relation in &model.relations {
            let target = &schema.models[relation.target];
            let own: Vec<_> = relation
                .fields
                .iter()
                .map(|at| &model.fields[*at].name)
                .collect();
            let theirs = relation
                .references
                .iter()
                .map(|at| &target.fields[*at].name);
            let theirs: Vec<_> = theirs.collect();
            write!(
                said,
                "  {} → {} {:?}",
                relation.name, target.name, relation.arity
            )
            .unwrap();
            if !own.is_empty() {
                write!(said, " by {own:?} = {theirs:?}").unwrap();
            }
            if let Some(name) = &relation.relation {
                write!(said, " called {name}").unwrap();
            }
            if let Some(action) = &relation.on_delete {
                write!(said, " on delete {action}").unwrap();
            }
            writeln!(said, "{}", if relation.ignored { " ignored" } else { "" }).unwrap();
        }
        for index in &model.indexes {
            let fields = index.fields.iter().map(|it| {
                let sort = if it.descending { " down" } else { "" };
                format!("{} at {}{sort}", it.path, it.stored)
            });
            let fields: Vec<_> = fields.collect();
            let kind = match index.kind {
                IndexKind::Unique => "unique",
                IndexKind::Plain => "index",
                IndexKind::Text => "text",
            };
            writeln!(said, "  {kind} {} over {}", index.name, fields.join(", ")).unwrap();
        }
    }
    said
}

#[test]
fn every_schema_of_the_corpus_is_read_as_it_was_written() {
    let schemas = schemas(&corpus());
    assert!(schemas.len() > 20, "{}", schemas.len());
    for path in schemas {
        match read(&sources(&path)) {
            Ok(schema) => expected(&path, &described(&schema)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_schema_that_cannot_be_read_is_refused_at_its_place() {
    let schemas = schemas(&corpus().join("errors"));
    assert!(schemas.len() > 40, "{}", schemas.len());
    for path in schemas {
        if path.ends_with("no-schema") {
            continue;
        }
        let Err(error) = read(&sources(&path)) else {
            panic!("{} was read", path.display());
        };
        let lines = error.text.chars().count();
        assert!(
            error.line > 0 && error.column > 0 && error.column <= lines + 1,
            "{error}"
        );
        expected(&path, &format!("{error}\n"));
    }
}

#[test]
fn a_folder_without_a_schema_and_a_schema_without_a_model_are_refused() {
    let refused = |path: &Path, words: &str| {
        let error = read_schema(path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(
        &corpus().join("errors/no-schema"),
        "no file that ends in .prisma",
    );
    refused(&corpus().join("nowhere.prisma"), "nowhere.prisma");
    refused(&corpus().join("21-empty.prisma"), "no model");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.prisma");
    std::fs::write(&path, b"model A {\n  // caf\xe9\n}\n").unwrap();
    refused(&path, "line 2: this is no UTF-8");
}

/// All texts of the corpus, for damage.
fn texts() -> Vec<String> {
    let whole = schemas(&corpus()).into_iter();
    let broken = schemas(&corpus().join("errors")).into_iter();
    let paths = whole
        .chain(broken)
        .filter(|path| !path.ends_with("no-schema"));
    paths
        .flat_map(|path| sources(&path))
        .map(|it| it.text)
        .collect()
}

/// Reads a text, which takes no longer than it is long; whatever is refused has a place in it.
fn survives(text: &str) {
    let sources = [Source {
        name: "s.prisma".to_owned(),
        text: text.to_owned(),
    }];
    let began = Instant::now();
    let outcome = read(&sources);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{} bytes",
        text.len()
    );
    if let Err(error) = outcome {
        let said = error.to_string();
        assert!(
            said.starts_with("s.prisma, line ") && said.contains(", column "),
            "{said}"
        );
        assert!(text.split('\n').nth(error.line - 1).is_some(), "{said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_damaged_schema_never_brings_the_reader_down(
        which in any::<prop::sample::Index>(), cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8), 1..5),
    ) {
        let texts = texts();
        let mut text: Vec<char> = which.get(&texts).chars().collect();
        let pieces = ["{", "}", "@@unique([", "\"", "/*", "//", "model M {\n", "(", ")", "[[[[", "\\", "\u{202e}", "enum", "@relation(fields: [a], references: [b])"];
        for (at, other, what) in cuts {
            if text.is_empty() {
                break;
            }
            let (at, other) = (at.index(text.len()), other.index(text.len()));
            match what {
                0 => text.truncate(at),
                1 => { text.remove(at); }
                2 => { text.splice(at..at, pieces[other % pieces.len()].chars()); }
                3 => text.swap(at, other),
                _ => {
                    let piece: Vec<char> = text[at.min(other)..at.max(other).min(at.min(other) + 40)].to_vec();
                    text.splice(at..at, piece);
                }
            }
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_text_at_all_never_brings_the_reader_down(text in any::<String>()) {
        survives(&text);
    }
}

#[test]
fn long_and_deep_texts_are_read_or_refused_in_bounded_time() {
    for (piece, times) in [
        ("[", 200_000),
        ("model A {\n", 50_000),
        ("enum E {\nA\n}\n", 50_000),
        ("@@", 200_000),
        ("a(", 100_000),
        ("\"", 200_001),
        ("/*", 200_000),
        ("x ", 200_000),
        ("\n", 500_000),
        ("é", 200_000),
    ] {
        survives(&piece.repeat(times));
    }
    let fields: String = (0..5_000).fold(String::new(), |mut text, at| {
        writeln!(text, "  f{at} Int @unique").unwrap();
        text
    });
    survives(&format!(
        "model A {{\n  id Int @id @map(\"_id\")\n{fields}}}\n"
    ));
    let models: String = (0..2_000).fold(String::new(), |mut text, at| {
        writeln!(text, "model M{at} {{\n  id Int @id @map(\"_id\")\n}}").unwrap();
        text
    });
    survives(&models);
    let values: String = (0..60_000).fold(String::new(), |mut text, at| {
        writeln!(text, "  V{at}").unwrap();
        text
    });
    survives(&format!("enum E {{\n{values}}}\n"));
    let lines = |line: fn(usize) -> String| (0..10_000).map(line).collect::<String>();
    let (fields, indexes) = (
        lines(|at| format!("  f{at} Int\n")),
        lines(|at| format!("  @@index([f{at}])\n")),
    );
    survives(&format!(
        "model A {{\n  id Int @id @map(\"_id\")\n{fields}{indexes}}}\n"
    ));
    survives(&format!(
        "model A {{\n  id Int @id @map(\"_id\")\n  a Int[] @default({}1{})\n}}\n",
        "[".repeat(90_000),
        "]".repeat(90_000)
    ));
}
