//! Writing the decisions file over what stands in it: what did not change keeps its comments, its order and its spelling.

use std::collections::BTreeMap;

use toml_edit::{Array, ArrayOfTables, Decor, DocumentMut, InlineTable, Item, Table, Value, value};

use super::{CodeWord, DecisionFile, Entry, IdText, SurvivorWord};
use crate::domain::conflict::ConflictKey;
use crate::domain::toml_text;

/// What stands above a file that we begin.
const HEAD: &str = "# ringfence: what was decided about the conflicts of this database.
# Keep it: the same file serves on a staging copy and again on production. Lines that begin with `#:` are written anew with each answer;
# every other comment stays.
";
/// Begins a comment of ours.
const OURS: &str = "#: ";

/// The text of `file`, written over `olds`: the first one is changed where it says something else, and decisions that it lacks take their
/// comments from the others.
///
/// `names` says in people's words whom a decision is about.
pub fn update(
    file: &DecisionFile,
    olds: &[&str],
    names: &dyn Fn(&ConflictKey) -> Option<String>,
) -> String {
    let mut documents: Vec<DocumentMut> = olds.iter().filter_map(|old| old.parse().ok()).collect();
    let mut pool: BTreeMap<ConflictKey, Table> = BTreeMap::new();
    for document in &documents {
        for table in decisions_of(document) {
            if let Some(entry) = entry_of(table) {
                pool.entry(entry.key()).or_insert_with(|| table.clone());
            }
        }
    }
    let fresh = documents.is_empty();
    let mut document = if fresh {
        DocumentMut::new()
    } else {
        documents.swap_remove(0)
    };
    set(
        document.as_table_mut(),
        "version",
        i64::from(file.version).into(),
    );
    set(
        document.as_table_mut(),
        "database",
        file.database.as_str().into(),
    );
    for (key, text) in [
        ("assign", file.assign.as_deref()),
        ("contact", file.contact.as_ref().map(|it| it.0.word())),
    ] {
        match text {
            Some(text) => set(document.as_table_mut(), key, text.into()),
            None => drop(document.remove(key)),
        }
    }
    if fresh && let Some(mut key) = document.key_mut("version") {
        key.leaf_decor_mut().set_prefix(HEAD);
    }
    policy(&mut document, file);
    survivors(&mut document, file);
    accepted(&mut document, file);
    schema(&mut document, file);
    let mut tables = ArrayOfTables::new();
    for (at, entry) in file.decisions.iter().enumerate() {
        let mut table = match pool.remove(&entry.key()) {
            Some(table) if entry_of(&table).as_ref() == Some(entry) => table,
            old => written(entry, old.unwrap_or_default(), names),
        };
        // Behind every other table, in the order of the conflicts.
        table.set_position(isize::try_from(1_000 + at).ok());
        tables.push(table);
    }
    if tables.is_empty() {
        document.remove("decision");
    } else {
        document.insert("decision", Item::ArrayOfTables(tables));
    }
    toml_text::visible(&document.to_string())
}

fn decisions_of(document: &DocumentMut) -> impl Iterator<Item = &Table> {
    let tables = document.get("decision").and_then(Item::as_array_of_tables);
    tables.into_iter().flat_map(ArrayOfTables::iter)
}

fn entry_of(table: &Table) -> Option<Entry> {
    let document = DocumentMut::from(table.clone());
    toml_edit::de::from_document(document).ok()
}

/// Sets a key, keeping its comments; one that says so already is left alone.
fn set(table: &mut Table, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) if same(old, &new) => {}
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.decor_mut().clear();
        value.to_string()
    };
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        _ => bare(one) == bare(other),
    }
}

/// Replaces our own lines of the comments in front by `says`, and keeps the others.
fn say(decor: &mut Decor, says: &str, fresh: bool) {
    let old = decor
        .prefix()
        .and_then(|prefix| prefix.as_str())
        .unwrap_or_default();
    let kept: String = old
        .split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with(OURS.trim_end()))
        .collect();
    let blank = if fresh && kept.is_empty() { "\n" } else { "" };
    decor.set_prefix(format!("{blank}{kept}{OURS}{says}\n"));
}

fn table_at<'d>(
    parent: &'d mut Table,
    name: &str,
    position: isize,
    says: &str,
) -> Option<&'d mut Table> {
    if !parent.contains_table(name) {
        let mut table = Table::new();
        table.set_position(Some(position));
        say(table.decor_mut(), says, true);
        parent.insert(name, Item::Table(table));
    }
    parent.get_mut(name)?.as_table_mut()
}

fn policy(document: &mut DocumentMut, file: &DecisionFile) {
    if file.policy.is_empty() {
        document.remove("policy");
        return;
    }
    let says = "One answer per kind; single decisions below override it.";
    let Some(table) = table_at(document.as_table_mut(), "policy", 100, says) else {
        return;
    };
    keep_only(
        table,
        &file
            .policy
            .keys()
            .map(|CodeWord(code)| code.word().to_owned())
            .collect::<Vec<_>>(),
    );
    for (code, choice) in &file.policy {
        let (code, choice) = (code.0, choice.0);
        let says =
            |table: &Table| table.get(code.word()).and_then(Item::as_str) == Some(choice.word());
        if !says(table) {
            set(table, code.word(), choice.word().into());
            if let Some(mut key) = table.key_mut(code.word()) {
                say(
                    key.leaf_decor_mut(),
                    &format!("{}: {}", code.title(), code.does(choice)),
                    false,
                );
            }
        }
    }
}

fn survivors(document: &mut DocumentMut, file: &DecisionFile) {
    if file.survivor.is_default() {
        document.remove("survivor");
        return;
    }
    let says = "Which record gives a merged customer its values.";
    let Some(table) = table_at(document.as_table_mut(), "survivor", 200, says) else {
        return;
    };
    match &file.survivor.rule {
        Some(SurvivorWord(rule)) => set(table, "rule", rule.word().into()),
        None => {
            table.remove("rule");
        }
    }
    if file.survivor.at.is_empty() {
        table.remove("at");
        return;
    }
    let says = "The same for single businesses.";
    let Some(at) = table_at(table, "at", 300, says) else {
        return;
    };
    keep_only(
        at,
        &file
            .survivor
            .at
            .keys()
            .map(|IdText(id)| id.text())
            .collect::<Vec<_>>(),
    );
    for (IdText(business), SurvivorWord(rule)) in &file.survivor.at {
        set(at, &business.text(), rule.word().into());
    }
}

fn accepted(document: &mut DocumentMut, file: &DecisionFile) {
    if file.accepted.is_empty() {
        document.remove("accepted");
        return;
    }
    let says = "Numbers that were confirmed: bookings that leave the application, values that lead nowhere. Another number is asked for again.";
    let Some(table) = table_at(document.as_table_mut(), "accepted", 400, says) else {
        return;
    };
    let words: Vec<_> = file.accepted.keys().map(ToString::to_string).collect();
    keep_only(table, &words);
    for (what, number) in &file.accepted {
        let number = i64::try_from(*number).unwrap_or(i64::MAX);
        set(table, &what.to_string(), number.into());
    }
}

fn schema(document: &mut DocumentMut, file: &DecisionFile) {
    if file.schema.is_empty() {
        document.remove("schema");
        return;
    }
    let says = "Answers to what the after-schema asks: accept, leave, or a rule such as \"constant 5\", \"field createdAt\". The line of * is for all that can be accepted.";
    let Some(table) = table_at(document.as_table_mut(), "schema", 500, says) else {
        return;
    };
    let words: Vec<_> = file.schema.keys().cloned().collect();
    keep_only(table, &words);
    for (what, answer) in &file.schema {
        set(table, what, answer.as_str().into());
    }
}

fn keep_only(table: &mut Table, names: &[String]) {
    let gone: Vec<String> = table
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !names.contains(key))
        .collect();
    for key in gone {
        table.remove(&key);
    }
}

/// The table of a decision, written over `table`.
fn written(
    entry: &Entry,
    mut table: Table,
    names: &dyn Fn(&ConflictKey) -> Option<String>,
) -> Table {
    let (code, choice) = (entry.code.0, entry.choice.0);
    let fresh = table.is_empty();
    let mut says = format!("{}: {}", code.title(), code.does(choice));
    if let Some(names) = names(&entry.key()) {
        says = format!("{names}\n{OURS}{says}");
    }
    say(table.decor_mut(), &says, fresh);
    let text = |id: &IdText| id.0.text();
    set(&mut table, "code", code.word().into());
    if let Some(business) = &entry.business {
        set(&mut table, "business", text(business).into());
    }
    let subjects: Array = entry.subjects.iter().map(text).collect();
    set(&mut table, "subjects", subjects.into());
    set(&mut table, "choice", choice.word().into());
    optional(
        &mut table,
        "survivor",
        entry.survivor.as_ref().map(|rule| rule.0.word().into()),
    );
    let pick: InlineTable = entry
        .pick
        .iter()
        .map(|(field, user)| (field.as_str(), text(user)))
        .collect();
    optional(&mut table, "pick", (!pick.is_empty()).then(|| pick.into()));
    let typed: InlineTable = entry
        .set
        .iter()
        .map(|(field, typed)| (field.as_str(), typed.as_str()))
        .collect();
    optional(&mut table, "set", (!typed.is_empty()).then(|| typed.into()));
    let note = (!entry.note.is_empty()).then(|| entry.note.as_str().into());
    optional(&mut table, "note", note);
    table
}

fn optional(table: &mut Table, key: &str, new: Option<Value>) {
    match new {
        Some(new) => set(table, key, new),
        None => {
            table.remove(key);
        }
    }
}
