//! The indexes that stand on a collection against those that the schema names: what is missing, what a push would drop, and the line that keeps it.

use bson::raw::{RawDocument, RawDocumentBuf};

use super::judge::inner;
use super::kind::{Effects, Kind};
use super::schema::{Arity, FieldType, Index, IndexField, IndexKind, Model, Schema};
use crate::domain::index_plan::name_of;
use crate::domain::raw::{Value, elements, get, kind};
use crate::domain::text::safe;

/// Something about an index.
#[derive(Debug)]
pub(super) struct IndexFinding {
    pub(super) kind: Kind,
    pub(super) effects: Effects,
    pub(super) names: Vec<String>,
    pub(super) index: Option<String>,
    pub(super) repair: String,
}

/// How a field stands in a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sort {
    Up,
    Down,
    /// `2dsphere`, `hashed`, `text`.
    Other(String),
}

/// An index of the database.
#[derive(Debug)]
pub(super) struct Standing<'i> {
    raw: &'i RawDocument,
    name: &'i str,
    keys: Vec<(String, Sort)>,
    /// The fields of a text index.
    text: Vec<String>,
    unique: bool,
    partial: bool,
}

fn truth(index: &RawDocument, name: &str) -> bool {
    index.get_bool(name).unwrap_or(false)
}

fn names_in(value: Option<Value<'_>>) -> Vec<String> {
    let document = value.and_then(|value| inner(value, kind::DOCUMENT).ok().flatten());
    document
        .into_iter()
        .flat_map(elements)
        .map_while(Result::ok)
        .map(|element| String::from_utf8_lossy(element.key).into_owned())
        .collect()
}

fn sort_of(value: Value<'_>) -> Sort {
    let down = match value.kind {
        kind::INT32 => value.bytes.last().is_some_and(|it| it & 0x80 != 0),
        kind::INT64 | kind::DOUBLE => value.bytes.last().is_some_and(|it| it & 0x80 != 0),
        _ => return Sort::Other(value.as_str().unwrap_or("?").to_owned()),
    };
    if down { Sort::Down } else { Sort::Up }
}

impl<'i> Standing<'i> {
    pub(super) fn of(raw: &'i RawDocument) -> Self {
        let key = get(raw, "key").and_then(|value| inner(value, kind::DOCUMENT).ok().flatten());
        let keys = key.into_iter().flat_map(elements).map_while(Result::ok);
        Self {
            raw,
            name: name_of(raw),
            keys: keys
                .map(|key| {
                    let name = String::from_utf8_lossy(key.key).into_owned();
                    (name, sort_of(key.value))
                })
                .collect(),
            text: names_in(get(raw, "weights")),
            unique: truth(raw, "unique"),
            partial: get(raw, "partialFilterExpression").is_some(),
        }
    }

    fn is_sparse(&self) -> bool {
        truth(self.raw, "sparse")
    }

    fn is_hidden(&self) -> bool {
        truth(self.raw, "hidden")
    }

    fn is_text(&self) -> bool {
        !self.text.is_empty()
    }

    fn has_keys(&self, wanted: &Index) -> bool {
        if wanted.kind == IndexKind::Text {
            let mut fields: Vec<&str> = wanted.fields.iter().map(|it| it.stored.as_str()).collect();
            let mut text: Vec<&str> = self.text.iter().map(String::as_str).collect();
            fields.sort_unstable();
            text.sort_unstable();
            return fields == text;
        }
        let same = |(key, wanted): (&(String, Sort), &IndexField)| {
            key.0 == wanted.stored && key.1 == sort(wanted)
        };
        self.keys.len() == wanted.fields.len() && self.keys.iter().zip(&wanted.fields).all(same)
    }

    /// True where it does what the schema wants of `wanted`, whatever it is called.
    fn serves(&self, wanted: &Index) -> bool {
        let unique = wanted.kind == IndexKind::Unique;
        !self.partial
            && self.has_keys(wanted)
            && (self.unique || !unique)
            && (unique || !self.is_hidden())
    }

    /// True where no document gets past it that breaks the unique `wanted`. One that compares letter by letter, in a collection that has a
    /// collation, lets past what another index would refuse; a push leaves it where it has the schema's name.
    fn guards(&self, wanted: &Index, collated: bool) -> bool {
        let compares = !collated || get(self.raw, "collation").is_some();
        self.serves(wanted) && !self.is_sparse() && (compares || self.is_kept_as(wanted))
    }

    /// True where a push takes it for `wanted`, and leaves it.
    pub(super) fn is_kept_as(&self, wanted: &Index) -> bool {
        let unique = wanted.kind == IndexKind::Unique;
        self.name == wanted.name && self.has_keys(wanted) && self.unique == unique
    }

    /// As `createIndex` takes it.
    fn command(&self, collection: &str) -> String {
        let (mut key, mut options) = (String::new(), Vec::new());
        for element in elements(self.raw).map_while(Result::ok) {
            let name = String::from_utf8_lossy(element.key);
            match name.as_ref() {
                "key" => key = crate::domain::text::value(element.value, 600),
                "v" | "ns" | "background" | "textIndexVersion" | "2dsphereIndexVersion" => {}
                name => {
                    let value = crate::domain::text::value(element.value, 600);
                    options.push(format!("{}: {value}", safe(name, 120)));
                }
            }
        }
        command(collection, &key, &options)
    }
}

fn sort(field: &IndexField) -> Sort {
    if field.descending {
        Sort::Down
    } else {
        Sort::Up
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(safe(text, 300)).to_string()
}

fn command(collection: &str, key: &str, options: &[String]) -> String {
    let collection = quoted(collection);
    let options = options.join(", ");
    format!("db.getCollection({collection}).createIndex({key}, {{{options}}})")
}

/// The uniques of the model that an index of the database guards, by number; `collated` where the collection has a collation of its own.
pub fn guarded(model: &Model, standing: &[RawDocumentBuf], collated: bool) -> Vec<usize> {
    let standing: Vec<_> = standing.iter().map(|raw| Standing::of(raw)).collect();
    let indexes = model.indexes.iter().enumerate();
    indexes
        .filter(|(_, wanted)| wanted.kind == IndexKind::Unique)
        .filter(|(_, wanted)| standing.iter().any(|it| it.guards(wanted, collated)))
        .map(|(at, _)| at)
        .collect()
}

/// All that is to be said of the indexes of a collection.
pub(super) fn compare(
    schema: &Schema,
    model: &Model,
    standing: &[RawDocumentBuf],
) -> Vec<IndexFinding> {
    let standing: Vec<_> = standing
        .iter()
        .map(|raw| Standing::of(raw))
        .filter(|it| it.name != "_id_" && !truth(it.raw, "clustered"))
        .collect();
    let mut findings = Vec::new();
    for wanted in &model.indexes {
        if !standing.iter().any(|it| it.serves(wanted)) {
            findings.push(missing(model, wanted));
        }
    }
    // A push leaves partial and text indexes alone.
    for it in standing.iter().filter(|it| !it.partial && !it.is_text()) {
        if !model.indexes.iter().any(|wanted| it.is_kept_as(wanted)) {
            findings.push(dropped(schema, model, &standing, it));
        }
    }
    findings.extend(references(model, &standing));
    findings
}

fn missing(model: &Model, wanted: &Index) -> IndexFinding {
    let unique = wanted.kind == IndexKind::Unique;
    let keys = wanted.fields.iter().map(|field| {
        let sort = match (wanted.kind, field.descending) {
            (IndexKind::Text, _) => "\"text\"",
            (_, true) => "-1",
            _ => "1",
        };
        format!("{}: {sort}", quoted(&field.stored))
    });
    let keys = format!("{{{}}}", keys.collect::<Vec<_>>().join(", "));
    let mut options = vec![format!("name: {}", quoted(&wanted.name))];
    if unique {
        options.push("unique: true".to_owned());
    }
    IndexFinding {
        kind: Kind::IndexMissing,
        effects: if unique {
            Effects::NOT_UNIQUE
        } else {
            Effects::SLOWER
        },
        names: wanted.fields.iter().map(|it| it.path.clone()).collect(),
        index: Some(wanted.name.clone()),
        repair: format!(
            "make it: {} (`npx prisma@6 db push` makes it too)",
            command(&model.collection, &keys, &options)
        ),
    }
}

fn dropped(
    schema: &Schema,
    model: &Model,
    standing: &[Standing<'_>],
    it: &Standing<'_>,
) -> IndexFinding {
    let fields: Vec<Option<String>> = it
        .keys
        .iter()
        .map(|(stored, _)| path_of(schema, model, stored))
        .collect();
    let names = fields.iter().zip(&it.keys);
    let names = names.map(|(path, (stored, _))| path.clone().unwrap_or_else(|| safe(stored, 120)));
    let same = model.indexes.iter().find(|wanted| it.has_keys(wanted));
    let by_name = model.indexes.iter().find(|wanted| wanted.name == it.name);
    let again = || {
        format!(
            "after a push, make it again: {}",
            it.command(&model.collection)
        )
    };
    let repair = if let Some(same) = same {
        let stands = standing.iter().any(|it| it.is_kept_as(same));
        if stands {
            format!(
                "nothing is needed: the schema's own {} has the same fields, and stays",
                safe(&same.name, 130)
            )
        } else {
            let line = line(&fields, it);
            line.map_or_else(again, |line| {
                format!(
                    "keep it with `{line}` in the model {}, in place of the schema's index over the same fields",
                    safe(&model.name, 60)
                )
            })
        }
    } else if by_name.is_some() {
        "the schema has another index of this name; give that one another name with `map:`"
            .to_owned()
    } else {
        let model = safe(&model.name, 60);
        line(&fields, it).map_or_else(again, |line| {
            format!("keep it with `{line}` in the model {model}")
        })
    };
    IndexFinding {
        kind: Kind::IndexDroppedByPush,
        effects: Effects::DROPPED,
        names: names.collect(),
        index: Some(it.name.to_owned()),
        repair,
    }
}

/// The line of a schema that names a standing index; `None` where none can.
fn line(fields: &[Option<String>], it: &Standing<'_>) -> Option<String> {
    let mut members = Vec::new();
    for (path, (_, sort)) in fields.iter().zip(&it.keys) {
        let path = path.as_ref()?;
        members.push(match sort {
            Sort::Up => path.clone(),
            Sort::Down => format!("{path}(sort: Desc)"),
            Sort::Other(_) => return None,
        });
    }
    let attribute = if it.unique { "@@unique" } else { "@@index" };
    let members = members.join(", ");
    Some(format!(
        "{attribute}([{members}], map: {})",
        quoted(it.name)
    ))
}

/// The path in the schema of a path in documents.
fn path_of(schema: &Schema, model: &Model, stored: &str) -> Option<String> {
    let mut fields = &model.fields;
    let mut path = Vec::new();
    let mut parts = stored.split('.').peekable();
    while let Some(part) = parts.next() {
        let field = fields.iter().find(|field| field.stored == part)?;
        path.push(field.name.as_str());
        if parts.peek().is_some() {
            let FieldType::Composite(at) = field.of else {
                return None;
            };
            fields = &schema.composites.get(at)?.fields;
        }
    }
    Some(path.join("."))
}

/// References that no index begins with, neither here nor in the schema.
fn references(model: &Model, standing: &[Standing<'_>]) -> Vec<IndexFinding> {
    let mut findings: Vec<IndexFinding> = Vec::new();
    for relation in &model.relations {
        let Some(first) = relation.fields.first() else {
            continue;
        };
        let Some(first) = model.fields.get(*first) else {
            continue;
        };
        let begins = |index: &Index| {
            let field = index.fields.first();
            index.kind != IndexKind::Text && field.is_some_and(|it| it.stored == first.stored)
        };
        let stands = |it: &Standing<'_>| {
            let field = it.keys.first();
            !it.partial && !it.is_hidden() && field.is_some_and(|(name, _)| *name == first.stored)
        };
        let names: Vec<String> = relation
            .fields
            .iter()
            .filter_map(|field| model.fields.get(*field))
            .map(|field| field.name.clone())
            .collect();
        if relation.arity == Arity::List
            || relation.ignored
            || first.stored == "_id"
            || model.indexes.iter().any(begins)
            || standing.iter().any(stands)
            || findings.iter().any(|it| it.names == names)
        {
            continue;
        }
        findings.push(IndexFinding {
            kind: Kind::ReferenceWithoutIndex,
            effects: Effects::SLOW_REFERENCE,
            repair: format!(
                "add `@@index([{}])` to the model {}",
                names.join(", "),
                safe(&model.name, 60)
            ),
            names,
            index: None,
        });
    }
    findings
}
