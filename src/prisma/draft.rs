//! A draft of the Prisma model that a collection's documents need: each field with the type that its values have, to be copied into a schema.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bson::raw::RawDocument;
use indexmap::IndexMap;

use crate::domain::raw::{Value, elements, kind};

/// What the values of one field are.
#[derive(Debug, Default)]
struct Seen {
    /// Documents in which it is set and not null.
    set: u64,
    /// BSON types of its values; of an array, of its elements.
    kinds: BTreeSet<u8>,
    /// Some value is an array.
    lists: bool,
    /// Some value is no array.
    singles: bool,
}

/// The model of a collection, as its documents are.
#[derive(Debug, Default)]
pub struct Draft {
    documents: u64,
    fields: IndexMap<String, Seen>,
}

impl Draft {
    /// Takes a document in.
    pub fn take(&mut self, document: &RawDocument) {
        self.documents += 1;
        for element in elements(document).map_while(Result::ok) {
            let Ok(key) = std::str::from_utf8(element.key) else {
                continue;
            };
            if !self.fields.contains_key(key) {
                self.fields.insert(key.to_owned(), Seen::default());
            }
            if let Some(seen) = self.fields.get_mut(key) {
                seen.take(element.value);
            }
        }
    }

    /// How many documents it was made of.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// The lines of its fields, in the order of the documents; `relation` says what follows the field's type.
    pub fn lines(&self, relation: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
        let mut names = BTreeSet::new();
        let mut lines = Vec::with_capacity(self.fields.len());
        for (field, seen) in &self.fields {
            let name = if field == "_id" {
                "id".to_owned()
            } else {
                identifier(field)
            };
            if !names.insert(name.clone()) {
                lines.push(format!(
                    "// {field}: another field has this name in Prisma already"
                ));
                continue;
            }
            let Some(native) = seen.native() else {
                lines.push(format!("// {field}: Prisma has no type for its values"));
                continue;
            };
            let mut line = format!("{name} {}", seen.with_ending(native, self.documents));
            if field == "_id" {
                line.push_str(" @id");
                if native == OBJECT_ID {
                    line.push_str(" @default(auto())");
                }
            }
            if name != *field {
                let _ = write!(line, " @map(\"{}\")", escaped(field)); // a String takes it
            }
            if native == OBJECT_ID {
                line.push_str(" @db.ObjectId");
            }
            if let Some(more) = relation(field) {
                line.push(' ');
                line.push_str(more);
            }
            lines.push(line);
        }
        lines
    }
}

/// Stands for `String @db.ObjectId`.
const OBJECT_ID: &str = "ObjectId";

impl Seen {
    fn take(&mut self, value: Value<'_>) {
        if value.kind == kind::NULL {
            return;
        }
        self.set += 1;
        let list = (value.kind == kind::ARRAY)
            .then(|| RawDocument::from_bytes(value.bytes).ok())
            .flatten();
        if let Some(list) = list {
            self.lists = true;
            let inside = elements(list).map_while(Result::ok);
            self.kinds.extend(inside.map(|element| element.value.kind));
        } else {
            self.singles = true;
            self.kinds.insert(value.kind);
        }
    }

    /// Prisma's type; `None` where it has none.
    fn native(&self) -> Option<&'static str> {
        let all = |of: &[u8]| self.kinds.iter().all(|kind| of.contains(kind));
        if self.lists && self.singles {
            return Some("Json");
        }
        if self.kinds.is_empty() {
            return self.lists.then_some("Json");
        }
        if self.kinds.contains(&kind::DECIMAL128) {
            return None;
        }
        Some(if all(&[kind::OBJECT_ID]) {
            OBJECT_ID
        } else if all(&[kind::STRING]) {
            "String"
        } else if all(&[kind::INT32]) {
            "Int"
        } else if all(&[kind::INT32, kind::INT64]) {
            "BigInt"
        } else if all(&[kind::INT32, kind::INT64, kind::DOUBLE]) {
            "Float"
        } else if all(&[kind::BOOLEAN]) {
            "Boolean"
        } else if all(&[kind::DATE]) {
            "DateTime"
        } else if all(&[kind::BINARY]) {
            "Bytes"
        } else {
            "Json"
        })
    }

    fn with_ending(&self, native: &str, documents: u64) -> String {
        let name = if native == OBJECT_ID {
            "String"
        } else {
            native
        };
        if self.lists && !self.singles {
            format!("{name}[]") // Prisma has no optional lists: one that is missing reads as empty
        } else if self.set < documents {
            format!("{name}?")
        } else {
            name.to_owned()
        }
    }
}

/// A name that Prisma takes for a field.
fn identifier(field: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = field
        .chars()
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    let name = name.trim_start_matches('_');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.to_owned()
    } else {
        format!("field_{name}")
    }
}

fn escaped(field: &str) -> String {
    field
        .chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            _ => vec![c],
        })
        .collect()
}

/// The name of the model of a collection, as Prisma's users write them: `customers` → `Customer`.
pub fn model_name(collection: &str) -> String {
    let mut name = String::with_capacity(collection.len());
    let mut upper = true;
    for c in collection.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        } else {
            upper = true;
        }
    }
    let one = match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => match name.strip_suffix('s') {
            Some(stem) if !stem.ends_with('s') => stem.to_owned(),
            _ => name,
        },
    };
    if one.starts_with(|c: char| c.is_ascii_alphabetic()) {
        one
    } else {
        format!("Model{one}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bson::oid::ObjectId;
    use bson::{Bson, doc};

    use super::*;

    fn lines(documents: &[bson::Document]) -> Vec<String> {
        let mut draft = Draft::default();
        for document in documents {
            draft.take(&bson::RawDocumentBuf::try_from(document).unwrap());
        }
        draft.lines(|_| None)
    }

    #[test]
    fn each_field_has_the_type_of_its_values_and_is_optional_where_one_is_missing_or_null() {
        let id = ObjectId::from_bytes([1; 12]);
        let got = lines(&[
            doc! { "_id": id, "name": "Ann", "age": 3_i32, "tags": ["a"], "big": 1_i64, "when": bson::DateTime::from_millis(0), "x-y": true, "mixed": 1_i32, "note": Bson::Null },
            doc! { "_id": id, "name": "Bob", "age": Bson::Null, "tags": ["b"], "big": 2_i32, "when": bson::DateTime::from_millis(1), "x-y": false, "mixed": "two", "note": Bson::Null },
        ]);
        assert_eq!(
            got,
            [
                "id String @id @default(auto()) @map(\"_id\") @db.ObjectId",
                "name String",
                "age Int?",
                "tags String[]",
                "big BigInt",
                "when DateTime",
                "x_y Boolean @map(\"x-y\")",
                "mixed Json",
                "// note: Prisma has no type for its values",
            ]
        );
    }

    #[test]
    fn a_text_id_is_made_by_nobody_and_names_that_fall_together_are_said() {
        let got = lines(&[doc! { "_id": "a", "a b": 1.5, "a_b": 2.0, "__v": 0_i32 }]);
        assert_eq!(
            got,
            [
                "id String @id @map(\"_id\")",
                "a_b Float @map(\"a b\")",
                "// a_b: another field has this name in Prisma already",
                "v Int @map(\"__v\")",
            ]
        );
    }

    #[test]
    fn a_collection_has_the_name_of_a_model() {
        for (collection, model) in [
            ("Customer", "Customer"),
            ("customers", "Customer"),
            ("tow_trucks", "TowTruck"),
            ("companies", "Company"),
            ("business", "Business"),
            ("2nd", "Model2nd"),
        ] {
            assert_eq!(model_name(collection), model);
        }
    }
}
