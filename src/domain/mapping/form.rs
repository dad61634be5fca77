//! The form of a mapping before it has a meaning: text, numbers, lists and tables with the lines that they stand on. It is read from TOML
//! and, in plans and run records, from what was kept of it; and it reads sections key by key, so that every unknown key is refused.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml_edit::{Item, Value};

use crate::domain::nearest::nearest;

/// A mapping that cannot be used. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadMapping {
    /// The file's name.
    pub file: String,
    /// The line, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub why: String,
}

impl fmt::Display for BadMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.why),
            None => write!(f, "{}: {}", self.file, self.why),
        }
    }
}

/// The line of every key that was read.
pub(super) type Lines = RefCell<BTreeMap<String, usize>>;
/// What was read, or why it is refused.
pub(super) type Read<T> = Result<T, BadMapping>;

/// A value of the form, with its line.
#[derive(Debug, Clone)]
pub struct Node {
    /// The line, from 1; `None` in what was kept of a mapping.
    pub line: Option<usize>,
    /// The value.
    pub tree: Tree,
}

/// A value of the form.
#[derive(Debug, Clone)]
pub enum Tree {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date, as it is written.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A table, in its order.
    Table(Vec<Entry>),
}

/// A key of a table.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its value; its line is the key's.
    pub node: Node,
}

impl Node {
    /// Reads TOML.
    pub(super) fn from_toml(text: &str, file: &str) -> Result<Self, BadMapping> {
        let line_of = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let document = toml_edit::Document::parse(text).map_err(|error| BadMapping {
            file: file.to_owned(),
            line: error.span().map(|span| line_of(span.start)),
            // The parser's own text shows line, column and the place.
            why: format!("this is not valid TOML. {error}")
                .trim_end()
                .to_owned(),
        })?;
        let node = of_item(document.as_item(), Some(1), &line_of);
        Ok(node.unwrap_or(Self {
            line: Some(1),
            tree: Tree::Table(Vec::new()),
        }))
    }

    /// A refusal of this value; the reader of the file adds its name.
    pub(super) fn bad(&self, why: String) -> BadMapping {
        BadMapping {
            file: String::new(),
            line: self.line,
            why,
        }
    }

    /// What kind of value it is, for a refusal.
    fn kind(&self) -> &'static str {
        match self.tree {
            Tree::Text(_) => "a text",
            Tree::Integer(_) | Tree::Float(_) => "a number",
            Tree::Boolean(_) => "true or false",
            Tree::Date(_) => "a date",
            Tree::List(_) => "a list",
            Tree::Table(_) => "a table",
        }
    }

    /// The value under a key of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Tree::Table(entries) = &self.tree else {
            return None;
        };
        let found = entries.iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.node)
    }

    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self {
            line: None,
            tree: Tree::Text(text.to_owned()),
        }
    }

    /// A list of texts.
    pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self {
            line: None,
            tree: Tree::List(texts.into_iter().map(Self::text).collect()),
        }
    }

    /// A list.
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self {
            line: None,
            tree: Tree::List(items),
        }
    }

    /// A table.
    pub(super) fn table<'t>(entries: impl IntoIterator<Item = (&'t str, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, node)| Entry {
            key: key.to_owned(),
            node,
        });
        Self {
            line: None,
            tree: Tree::Table(entries.collect()),
        }
    }

    /// The same without these keys.
    pub(super) fn without(mut self, keys: &[&str]) -> Self {
        if let Tree::Table(entries) = &mut self.tree {
            entries.retain(|entry| !keys.contains(&entry.key.as_str()));
        }
        self
    }
}

fn of_item(item: &Item, line: Option<usize>, line_of: &impl Fn(usize) -> usize) -> Option<Node> {
    let tree = match item {
        Item::None => return None,
        Item::Value(value) => return Some(of_value(value, line, line_of)),
        Item::Table(table) => Tree::Table(of_entries(
            table.iter().map(|(key, _)| key),
            |key| table.get_key_value(key),
            line,
            line_of,
        )),
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter().map(|table| {
                let line = table.span().map(|span| line_of(span.start)).or(line);
                of_item(&Item::Table(table.clone()), line, line_of)
            });
            Tree::List(tables.flatten().collect())
        }
    };
    Some(Node { line, tree })
}

fn of_entries<'a>(
    keys: impl Iterator<Item = &'a str>,
    get: impl Fn(&'a str) -> Option<(&'a toml_edit::Key, &'a Item)>,
    line: Option<usize>,
    line_of: &impl Fn(usize) -> usize,
) -> Vec<Entry> {
    let entries = keys.filter_map(|key| {
        let (at, item) = get(key)?;
        let line = at.span().map(|span| line_of(span.start)).or(line);
        Some(Entry {
            key: key.to_owned(),
            node: of_item(item, line, line_of)?,
        })
    });
    entries.collect()
}

fn of_value(value: &Value, line: Option<usize>, line_of: &impl Fn(usize) -> usize) -> Node {
    let tree = match value {
        Value::String(text) => Tree::Text(text.value().clone()),
        Value::Integer(number) => Tree::Integer(*number.value()),
        Value::Float(number) => Tree::Float(*number.value()),
        Value::Boolean(truth) => Tree::Boolean(*truth.value()),
        Value::Datetime(date) => Tree::Date(date.value().to_string()),
        Value::Array(list) => {
            let items = list.iter().map(|item| {
                let line = item.span().map(|span| line_of(span.start)).or(line);
                of_value(item, line, line_of)
            });
            Tree::List(items.collect())
        }
        Value::InlineTable(table) => Tree::Table(of_entries(
            table.iter().map(|(key, _)| key),
            |key| table.get_key_value(key),
            line,
            line_of,
        )),
    };
    Node { line, tree }
}

/// A table of the form that is read key by key.
pub(super) struct Section<'n> {
    /// What the keys of the file are known by: "booking", "follow.1".
    pub name: String,
    node: &'n Node,
    lines: &'n RefCell<BTreeMap<String, usize>>,
}

impl<'n> Section<'n> {
    /// A table that may have these keys alone.
    pub fn of(
        name: &str,
        node: &'n Node,
        keys: &[&str],
        lines: &'n RefCell<BTreeMap<String, usize>>,
    ) -> Result<Self, BadMapping> {
        let Tree::Table(entries) = &node.tree else {
            return Err(node.bad(format!("{name} must be a table, and is {}", node.kind())));
        };
        for entry in entries {
            if !keys.contains(&entry.key.as_str()) {
                let near = nearest(&entry.key, keys.iter().copied());
                let of = if name.is_empty() {
                    "a mapping has".to_owned()
                } else {
                    format!("[{name}] has")
                };
                return Err(entry.node.bad(format!(
                    "{of} no key `{}`{}; the keys are {}",
                    entry.key,
                    near.map(|near| format!(" (nearest: `{near}`)"))
                        .unwrap_or_default(),
                    keys.join(", ")
                )));
            }
        }
        let section = Self {
            name: name.to_owned(),
            node,
            lines,
        };
        section.note("", node);
        for entry in entries {
            section.note(&entry.key, &entry.node);
        }
        Ok(section)
    }

    fn note(&self, key: &str, node: &Node) {
        let name = self.path(key);
        if let Some(line) = node.line.filter(|_| !name.is_empty()) {
            self.lines.borrow_mut().insert(name.clone(), line);
        }
        if let Tree::List(items) = &node.tree {
            for (at, item) in items.iter().enumerate() {
                if let Some(line) = item.line {
                    let name = format!("{name}.{at}");
                    self.lines.borrow_mut().insert(name, line);
                }
            }
        }
    }

    /// The key with its section.
    pub fn path(&self, key: &str) -> String {
        match (self.name.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.name.clone(),
            (false, false) => format!("{}.{key}", self.name),
        }
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key)
    }

    /// A key that must be there.
    pub fn required(&self, key: &str) -> Result<&'n Node, BadMapping> {
        self.get(key).ok_or_else(|| self.missing(key, ""))
    }

    /// A refusal of what a key says, or of the whole section.
    pub fn bad(&self, key: &str, why: &str) -> BadMapping {
        self.get(key).unwrap_or(self.node).bad(why.to_owned())
    }

    /// A refusal because a key is not there; `also` says what else would do.
    pub fn missing(&self, key: &str, also: &str) -> BadMapping {
        let of = if self.name.is_empty() {
            "the mapping".to_owned()
        } else {
            format!("[{}]", self.name)
        };
        self.node.bad(format!("{of} needs the key `{key}`{also}"))
    }

    /// What `read` makes of the value of a key, where it is there.
    pub fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'n Node) -> Result<T, BadMapping>,
    ) -> Result<Option<T>, BadMapping> {
        self.get(key).map(read).transpose()
    }

    /// A refusal of a value of another kind.
    pub fn must_be(&self, key: &str, node: &Node, what: &str) -> BadMapping {
        node.bad(format!(
            "{} must be {what}, and is {}",
            self.path(key),
            node.kind()
        ))
    }

    pub fn text_of(&self, key: &str, node: &'n Node) -> Result<&'n str, BadMapping> {
        match &node.tree {
            Tree::Text(text) if text.is_empty() => Err(node.bad(format!(
                "{} is empty: name it, or leave the key out",
                self.path(key)
            ))),
            Tree::Text(text) => Ok(text),
            _ => Err(self.must_be(key, node, "a text")),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&'n str>, BadMapping> {
        self.read(key, |node| self.text_of(key, node))
    }

    pub fn truth(&self, key: &str) -> Result<bool, BadMapping> {
        self.read(key, |node| match node.tree {
            Tree::Boolean(truth) => Ok(truth),
            _ => Err(self.must_be(key, node, "true or false")),
        })
        .map(Option::unwrap_or_default)
    }

    /// The items of a list; a value that is no list is a list of one.
    pub fn list(&self, key: &str) -> Vec<&'n Node> {
        match self.get(key) {
            None => Vec::new(),
            Some(Node {
                tree: Tree::List(items),
                ..
            }) => items.iter().collect(),
            Some(one) => vec![one],
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.tree {
            Tree::Text(text) | Tree::Date(text) => to.serialize_str(text),
            Tree::Integer(number) => to.serialize_i64(*number),
            Tree::Float(number) => to.serialize_f64(*number),
            Tree::Boolean(truth) => to.serialize_bool(*truth),
            Tree::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Tree::Table(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.node)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Kept)
    }
}

struct Kept;

impl<'de> Visitor<'de> for Kept {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, a list or a table")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::text(text))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(kept(Tree::Integer(number)))
    }

    fn visit_i32<E>(self, number: i32) -> Result<Node, E> {
        Ok(kept(Tree::Integer(number.into())))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Node, E> {
        let number = i64::try_from(number).map_err(E::custom)?;
        Ok(kept(Tree::Integer(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(kept(Tree::Float(number)))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(kept(Tree::Boolean(truth)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(kept(Tree::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry()? {
            entries.push(Entry { key, node });
        }
        Ok(kept(Tree::Table(entries)))
    }
}

fn kept(tree: Tree) -> Node {
    Node { line: None, tree }
}
