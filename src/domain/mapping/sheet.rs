//! A mapping file as rows that can be changed one by one: what each key says, and why, as the comment behind it has it. Everything else of the
//! file stays as it is: its order, its comments, what this version does not know.

use std::fmt;

pub use toml_edit::Value;
use toml_edit::{Array, DocumentMut, Item, Key, Table, TableLike};

use super::BadMapping;
use super::keys::{KEYS, Known, Names, known};

/// Where a key stands: `booking.user`, or `follow.0.user` in the first of several tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlace {
    /// The section; empty for what stands before the first one.
    pub section: String,
    /// Which of the section's tables, where it has several.
    pub entry: Option<usize>,
    /// The key.
    pub key: String,
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.section.is_empty() {
            write!(f, "{}.", self.section)?;
        }
        if let Some(entry) = self.entry {
            write!(f, "{entry}.")?;
        }
        write!(f, "{}", self.key)
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// Where it stands.
    pub place: KeyPlace,
    /// What the key means, in words.
    pub means: &'static str,
    /// What it names.
    pub names: Names,
    /// The file has it, and it is not left for the operator.
    pub set: bool,
    /// It is required and empty.
    pub open: bool,
    /// What it says, as people read it.
    pub value: String,
    /// The same as one would type it.
    pub typed: String,
    /// Each text of it, where it is a text or a list of texts.
    pub texts: Vec<String>,
    /// The collection that its fields are of, where its section has one.
    pub collection: String,
    /// The comment behind it.
    pub why: String,
    /// The lines of the comment before it.
    pub notes: Vec<String>,
}

/// The file.
#[derive(Clone)]
pub struct Sheet {
    document: DocumentMut,
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sheet").field(&self.text()).finish()
    }
}

impl Sheet {
    /// Reads the text of a mapping file.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn parse(text: &str, file: &str) -> Result<Self, BadMapping> {
        let document = text.parse().map_err(|error| BadMapping {
            file: file.to_owned(),
            line: None,
            why: format!("this is not valid TOML. {error}")
                .trim_end()
                .to_owned(),
        })?;
        Ok(Self { document })
    }

    /// The file as text.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// Every key that has a role, those that the file leaves out too where they are usual; in the order of the sections.
    pub fn rows(&self) -> Vec<SheetRow> {
        let mut rows = Vec::new();
        for (section, keys) in KEYS {
            if section.is_empty() {
                rows.extend(rows_of(self.document.as_table(), section, None, keys));
                continue;
            }
            match self.document.get(section) {
                Some(Item::ArrayOfTables(tables)) => {
                    for (at, table) in tables.iter().enumerate() {
                        rows.extend(rows_of(table, section, Some(at), keys));
                    }
                }
                Some(item) => {
                    if let Some(table) = item.as_table_like() {
                        rows.extend(rows_of(table, section, None, keys));
                    }
                }
                None if *section == "follow" => {}
                None => rows.extend(rows_of(&Table::new(), section, None, keys)),
            }
        }
        rows
    }

    /// Says something else at `place`; `why` becomes the comment behind it. `None` leaves the key out.
    pub fn set(&mut self, place: &KeyPlace, value: Option<Value>, why: &str) {
        let Some(table) = self.table(place) else {
            return;
        };
        let Some(mut value) = value else {
            table.remove(&place.key);
            return;
        };
        let why: String = why
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let comment = if why.is_empty() {
            String::new()
        } else {
            format!(" # {why}")
        };
        *value.decor_mut() = toml_edit::Decor::new(" ", comment);
        match table.get_mut(&place.key) {
            // The key keeps the comments before it.
            Some(item) => *item = Item::Value(value),
            None => {
                table.insert(&place.key, Item::Value(value));
            }
        }
    }

    /// The table that holds a place; a section that is not there is made.
    fn table(&mut self, place: &KeyPlace) -> Option<&mut dyn TableLike> {
        if place.section.is_empty() {
            return Some(self.document.as_table_mut());
        }
        let item = self
            .document
            .entry(&place.section)
            .or_insert_with(toml_edit::table);
        match (item, place.entry) {
            (Item::ArrayOfTables(tables), Some(at)) => {
                tables.get_mut(at).map(|table| table as &mut dyn TableLike)
            }
            (item, _) => item.as_table_like_mut(),
        }
    }
}

fn rows_of(
    table: &dyn TableLike,
    section: &str,
    entry: Option<usize>,
    keys: &'static [Known],
) -> Vec<SheetRow> {
    let collection = table.get("collection").map(texts).unwrap_or_default();
    let collection = collection.join(", ");
    let row = |key: &str, item: Option<&Item>| {
        let known = known(section, key);
        let names = known.map_or(Names::Other, |it| it.names);
        let texts = item.map(texts).unwrap_or_default();
        let empty = texts.len() == 1 && texts[0].is_empty();
        SheetRow {
            place: KeyPlace {
                section: section.to_owned(),
                entry,
                key: key.to_owned(),
            },
            means: known.map_or("", |it| it.means),
            names,
            set: item.is_some() && !empty,
            open: empty || (item.is_none() && known.is_some_and(|it| it.required)),
            value: item.map(shown).unwrap_or_default(),
            typed: item.map(|it| as_typed(names, it)).unwrap_or_default(),
            texts,
            collection: collection.clone(),
            why: item.map(comment).unwrap_or_default(),
            notes: table.key(key).map(notes).unwrap_or_default(),
        }
    };
    let mut rows: Vec<SheetRow> = keys
        .iter()
        .filter(|known| known.usual || table.contains_key(known.key))
        .map(|known| row(known.key, table.get(known.key)))
        .collect();
    if !section.is_empty() {
        let others = table
            .iter()
            .filter(|(key, item)| !item.is_none() && !keys.iter().any(|known| known.key == *key));
        rows.extend(others.map(|(key, item)| row(key, Some(item))));
    }
    rows
}

/// A text, or each text of a list of texts; nothing for anything else.
fn texts(item: &Item) -> Vec<String> {
    match item.as_value() {
        Some(Value::String(text)) => vec![text.value().clone()],
        Some(Value::Array(list)) => {
            let texts: Option<Vec<_>> = list
                .iter()
                .map(|it| it.as_str().map(str::to_owned))
                .collect();
            texts.unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// A value as people read it: a text without its quotes, texts with commas, anything else as it is written, on one line.
fn shown(item: &Item) -> String {
    let texts = texts(item);
    if !texts.is_empty() {
        return texts.join(", ");
    }
    // Rows that make a user an account holder: "Session.userId".
    if let Some(list) = item.as_array() {
        let said = |it: &Value, key: &str| {
            let value = it.as_inline_table()?.get(key)?;
            value.as_str().map(str::to_owned)
        };
        let each = list
            .iter()
            .map(|it| Some(format!("{}.{}", said(it, "collection")?, said(it, "user")?)));
        if let Some(each) = each.collect::<Option<Vec<_>>>()
            && !each.is_empty()
        {
            return each.join(", ");
        }
    }
    written(item)
}

/// A value as the file has it, on one line.
fn written(item: &Item) -> String {
    let written = match item {
        Item::Value(value) => {
            let mut value = value.clone();
            value.decor_mut().clear();
            value.to_string()
        }
        other => other.to_string(),
    };
    let words: Vec<_> = written.split_whitespace().collect();
    words.join(" ")
}

/// A value as [`typed_value`] reads it back.
fn as_typed(names: Names, item: &Item) -> String {
    let texts = texts(item);
    let several = names == Names::Fields && !texts.is_empty();
    if several || item.as_str().is_some() {
        texts.join(", ")
    } else {
        written(item)
    }
}

/// The comment behind a value, without its sign.
fn comment(item: &Item) -> String {
    let suffix = item.as_value().and_then(|it| it.decor().suffix());
    let text = suffix.and_then(|it| it.as_str()).unwrap_or_default().trim();
    text.trim_start_matches('#').trim().to_owned()
}

/// The lines of the comment before a key, without their signs.
fn notes(key: &Key) -> Vec<String> {
    let prefix = key.leaf_decor().prefix();
    let text = prefix.and_then(|it| it.as_str()).unwrap_or_default();
    let comments = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('#'));
    comments.map(|line| line.trim().to_owned()).collect()
}

/// What somebody typed as a value: a text, texts with commas where several may be named, or what TOML would say. `None` leaves the key out.
///
/// # Errors
/// It begins as a list, a table or a quoted text does, and is none.
pub fn typed_value(names: Names, typed: &str) -> Result<Option<Value>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let as_toml = typed.starts_with(['{', '[', '"', '\'']) || matches!(typed, "true" | "false");
    if as_toml {
        let value: Result<Value, _> = typed.parse();
        return value.map(Some).map_err(|error| {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default().trim();
            format!("this cannot be read as a value of the mapping file: {why}")
        });
    }
    if names == Names::Fields && typed.contains(',') {
        let parts = typed.split(',').map(str::trim);
        let list: Array = parts.filter(|it| !it.is_empty()).collect();
        return Ok(Some(Value::Array(list)));
    }
    Ok(Some(Value::from(typed)))
}

/// These texts as a value: one alone as a text, several as a list, none as no value.
pub fn texts_value(texts: &[String]) -> Option<Value> {
    match texts {
        [] => None,
        [one] => Some(Value::from(one.as_str())),
        several => Some(Value::Array(several.iter().map(String::as_str).collect())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::{DEFAULT, Mapping};

    fn place(section: &str, entry: Option<usize>, key: &str) -> KeyPlace {
        KeyPlace {
            section: section.to_owned(),
            entry,
            key: key.to_owned(),
        }
    }

    fn row(sheet: &Sheet, place: &str) -> SheetRow {
        let rows = sheet.rows();
        let found = rows.iter().find(|row| row.place.to_string() == place);
        found.unwrap_or_else(|| unreachable!("{place}")).clone()
    }

    #[test]
    fn a_file_that_nothing_was_changed_in_is_the_same_file() {
        let sheet = Sheet::parse(DEFAULT, "f").unwrap();
        assert_eq!(sheet.text(), DEFAULT);
        let user = row(&sheet, "booking.user");
        assert_eq!(
            (user.value.as_str(), user.collection.as_str()),
            ("userId", "Booking")
        );
        assert!(user.set && !user.open);
        assert_eq!(row(&sheet, "user.contact").texts.len(), 7);
        assert_eq!(
            row(&sheet, "accounts").value,
            "TeamMember.userId, Account.userId"
        );
        assert!(!row(&sheet, "booking.when").set);
    }

    #[test]
    fn a_key_is_changed_added_and_left_out_and_comments_stay() {
        let text = "# mine\nversion = 2\n\n[booking]\n# user = \"a\" # 5 of 9\nuser = \"\" # required: say which\ncollection = \"b\" # 9 documents\n\n[[follow]]\ncollection = \"pays\"\nuser = \"u\"\n";
        let mut sheet = Sheet::parse(text, "f").unwrap();
        assert!(row(&sheet, "booking.user").open);
        assert_eq!(row(&sheet, "booking.collection").why, "9 documents");
        assert_eq!(row(&sheet, "booking.user").notes, ["user = \"a\" # 5 of 9"]);
        assert_eq!(row(&sheet, "follow.0.user").collection, "pays");
        let chosen = typed_value(Names::Field, "a").unwrap();
        sheet.set(&place("booking", None, "user"), chosen, "5 of 9\nvalues");
        let paths = typed_value(Names::Fields, "x, y > C.z").unwrap();
        sheet.set(&place("booking", None, "business"), paths, "");
        sheet.set(&place("follow", Some(0), "user"), None, "");
        let name = typed_value(Names::Field, "title").unwrap();
        sheet.set(&place("service", None, "name"), name, "");
        let text = sheet.text();
        assert!(
            text.contains("# mine")
                && text.contains("# user = \"a\" # 5 of 9\nuser = \"a\" # 5 of 9 values\n"),
            "{text}"
        );
        assert!(text.contains("business = [\"x\", \"y > C.z\"]"), "{text}");
        assert!(
            text.contains("[service]\nname = \"title\"") && !text.contains("user = \"u\""),
            "{text}"
        );
        assert!(Sheet::parse(&text, "f").is_ok());
    }

    #[test]
    fn what_is_typed_as_toml_is_read_as_toml_and_refused_where_it_is_none() {
        let table = typed_value(Names::Field, "{ email = \"userEmail\" }").unwrap();
        assert!(table.unwrap().is_inline_table());
        assert!(typed_value(Names::Field, "{ email = ").is_err());
        assert!(typed_value(Names::Field, "  ").unwrap().is_none());
        assert!(
            typed_value(Names::Other, "true")
                .unwrap()
                .unwrap()
                .is_bool()
        );
    }

    #[test]
    fn a_value_comes_back_as_it_was_from_what_one_would_type() {
        let text = "accounts = [{ collection = \"S\", user = \"u\" }]\n[user]\nname = [\"a\", \"b\"]\nemail = \"e\"\n[booking]\nuser = { email = \"mail\" }\nidentity = [\"phone\", \"email\"]\n";
        let sheet = Sheet::parse(text, "f").unwrap();
        for row in sheet.rows().into_iter().filter(|row| row.set) {
            let mut again = sheet.clone();
            let value = typed_value(row.names, &row.typed).unwrap();
            again.set(&row.place, value, "");
            assert_eq!(again.text(), sheet.text(), "{}: {}", row.place, row.typed);
        }
    }

    #[test]
    fn a_changed_default_is_still_a_mapping() {
        let mut sheet = Sheet::parse(DEFAULT, "f").unwrap();
        let value = typed_value(Names::Field, "startsAt").unwrap();
        sheet.set(&place("booking", None, "when"), value, "");
        let mapping = Mapping::parse(&sheet.text()).unwrap();
        assert!(mapping.booking.when.is_some());
    }

    #[test]
    fn every_known_key_is_one_that_a_mapping_reads() {
        for (section, keys) in KEYS {
            for known in *keys {
                assert!(!known.means.is_empty(), "{section}.{}", known.key);
            }
        }
    }
}
