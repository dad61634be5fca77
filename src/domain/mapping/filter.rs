//! Filters: which documents of a collection play a role, or what of a user counts as evidence. All fields of a filter must hold.

use bson::raw::RawDocument;

use super::form::{BadMapping, Node, Tree};
use super::path::FieldPath;
use crate::domain::id::Id;
use crate::domain::raw::{Value, elements, kind};

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Equal to this.
    Equal(Id),
    /// One of these.
    In(Vec<Id>),
    /// A list that holds this.
    Has(Id),
    /// Present, not null, not "" (or, with false, the opposite).
    Set(bool),
}

/// Fields and what each must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Vec<(FieldPath, Test)>);

/// The value that a text of the mapping means: `oid:`, `uuid:` and `int:` name their type, plain text is a string.
pub fn id_of_text(text: &str) -> Result<Id, String> {
    let id = match text.split_once(':') {
        Some(("oid", hex)) => Id::parse(hex).filter(|id| id.as_object_id().is_some()),
        Some(("uuid" | "int", _)) => Id::parse(text),
        _ => Some(Id::string(text)),
    };
    id.ok_or_else(|| {
        format!("`{text}` is no id: after oid: come 24 hexadecimal digits, after uuid: a UUID, after int: a whole number")
    })
}

/// Missing, null and "" are no value.
pub fn is_value(value: Value<'_>) -> bool {
    value.kind != kind::NULL && value.as_str() != Some("")
}

impl Filter {
    /// Reads a filter.
    pub(super) fn read(node: &Node) -> Result<Self, BadMapping> {
        let Tree::Table(entries) = &node.tree else {
            return Err(
                node.bad("a filter is a table of fields, as { kind = \"Client\" }".to_owned())
            );
        };
        if entries.is_empty() {
            return Err(node.bad(
                "a filter without a field lets everything in: name a field, or leave the filter out"
                    .to_owned(),
            ));
        }
        let fields = entries.iter().map(|entry| {
            let field = FieldPath::parse(&entry.key).map_err(|why| node.bad(why))?;
            Ok((field, test(&entry.node, &entry.key)?))
        });
        Ok(Self(fields.collect::<Result<_, _>>()?))
    }

    /// The fields that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &FieldPath> {
        self.0.iter().map(|(field, _)| field)
    }

    /// Fields and their tests.
    pub fn tests(&self) -> impl Iterator<Item = (&FieldPath, &Test)> {
        self.0.iter().map(|(field, test)| (field, test))
    }

    /// Whether a document passes.
    pub fn lets_in(&self, document: &RawDocument) -> bool {
        self.0.iter().all(|(field, test)| {
            let mut values = Vec::new();
            values_at(field.steps(), document, &mut values);
            test.holds(&values)
        })
    }
}

impl Test {
    fn holds(&self, values: &[Value<'_>]) -> bool {
        let is = |value: &Value<'_>, id: &Id| Id::from_value(*value).canonical() == id.canonical();
        match self {
            Self::Equal(id) => values.iter().any(|value| is(value, id)),
            Self::In(ids) => values
                .iter()
                .any(|value| ids.iter().any(|id| is(value, id))),
            Self::Has(id) => values
                .iter()
                .filter(|value| value.kind == kind::ARRAY)
                .filter_map(|list| RawDocument::from_bytes(list.bytes).ok())
                .flat_map(|list| elements(list).map_while(Result::ok))
                .any(|element| is(&element.value, id)),
            Self::Set(set) => values.iter().any(|value| is_value(*value)) == *set,
        }
    }
}

/// The values at a path; of a repeated field the first, as for the server.
fn values_at<'a>(
    steps: &[super::path::Step],
    document: &'a RawDocument,
    into: &mut Vec<Value<'a>>,
) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    let Some(value) = crate::domain::raw::get(document, &step.name) else {
        return;
    };
    if rest.is_empty() {
        into.push(value);
        return;
    }
    let Ok(inner) = RawDocument::from_bytes(value.bytes) else {
        return;
    };
    match value.kind {
        kind::DOCUMENT if !step.each => values_at(rest, inner, into),
        kind::ARRAY if step.each => {
            for element in elements(inner).map_while(Result::ok) {
                if element.value.kind == kind::DOCUMENT
                    && let Ok(inner) = RawDocument::from_bytes(element.value.bytes)
                {
                    values_at(rest, inner, into);
                }
            }
        }
        _ => {}
    }
}

fn test(node: &Node, field: &str) -> Result<Test, BadMapping> {
    let Tree::Table(entries) = &node.tree else {
        return Ok(Test::Equal(scalar(node)?));
    };
    let [entry] = entries.as_slice() else {
        return Err(node.bad(format!(
            "{field} takes one test: {{ in = [..] }}, {{ has = v }}, {{ set = true }} or {{ set = false }}"
        )));
    };
    match (entry.key.as_str(), &entry.node.tree) {
        ("in", Tree::List(items)) if !items.is_empty() => Ok(Test::In(
            items.iter().map(scalar).collect::<Result<_, _>>()?,
        )),
        ("has", _) => Ok(Test::Has(scalar(&entry.node)?)),
        ("set", Tree::Boolean(set)) => Ok(Test::Set(*set)),
        (key, _) => Err(entry.node.bad(format!(
            "{field} cannot be tested by `{key}` like that; the tests are a value, {{ in = [..] }}, {{ has = v }}, {{ set = true }} and {{ set = false }} (a dotted field stands in quotes)"
        ))),
    }
}

fn scalar(node: &Node) -> Result<Id, BadMapping> {
    let value = |kind: u8, bytes: &[u8]| Id::from_value(Value { kind, bytes });
    match &node.tree {
        Tree::Text(text) => id_of_text(text).map_err(|why| node.bad(why)),
        Tree::Integer(number) => Ok(value(kind::INT64, &number.to_le_bytes())),
        Tree::Float(number) => Ok(value(kind::DOUBLE, &number.to_le_bytes()).canonical()),
        Tree::Boolean(truth) => Ok(value(kind::BOOLEAN, &[u8::from(*truth)])),
        Tree::List(_) | Tree::Table(_) | Tree::Date(_) => {
            Err(node
                .bad("a filter compares with a text, a number, true or false; no other".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::{oid::ObjectId, rawdoc};

    use super::*;

    fn filter(text: &str) -> Filter {
        let node = Node::from_toml(&format!("where = {text}"), "f").unwrap();
        let Tree::Table(entries) = &node.tree else {
            unreachable!()
        };
        Filter::read(&entries[0].node).unwrap()
    }

    #[test]
    fn every_test_holds_for_what_it_says_and_for_nothing_else() {
        let id = ObjectId::from_bytes([7; 12]);
        for (text, passes, fails) in [
            (
                "{ kind = \"Client\" }",
                vec![rawdoc! { "kind": "Client" }],
                vec![
                    rawdoc! { "kind": "client" },
                    rawdoc! {},
                    rawdoc! { "kind": ["Client"] },
                ],
            ),
            (
                "{ level = { in = [1, \"two\"] } }",
                vec![
                    rawdoc! { "level": 1.0 },
                    rawdoc! { "level": 1_i64 },
                    rawdoc! { "level": "two" },
                ],
                vec![rawdoc! { "level": "1" }, rawdoc! { "level": 2 }],
            ),
            (
                "{ roles = { has = \"client\" } }",
                vec![rawdoc! { "roles": ["a", "client"] }],
                vec![rawdoc! { "roles": "client" }, rawdoc! { "roles": [] }],
            ),
            (
                "{ gone = { set = true } }",
                vec![rawdoc! { "gone": false }, rawdoc! { "gone": 0 }],
                vec![rawdoc! {}, rawdoc! { "gone": null }, rawdoc! { "gone": "" }],
            ),
            (
                "{ gone = { set = false } }",
                vec![rawdoc! {}, rawdoc! { "gone": null }],
                vec![rawdoc! { "gone": " " }],
            ),
            (
                "{ isActive = false, \"of.shop\" = \"oid:070707070707070707070707\" }",
                vec![rawdoc! { "isActive": false, "of": { "shop": id } }],
                vec![
                    rawdoc! { "isActive": false },
                    rawdoc! { "isActive": true, "of": { "shop": id } },
                    rawdoc! { "isActive": false, "of": { "shop": id.to_hex() } },
                ],
            ),
        ] {
            let filter = filter(text);
            for document in passes {
                assert!(filter.lets_in(&document), "{text} {document:?}");
            }
            for document in fails {
                assert!(!filter.lets_in(&document), "{text} {document:?}");
            }
        }
    }
}
