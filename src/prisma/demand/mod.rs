//! What an after-schema asks of data that a before-schema describes: which fields get another name, what is written where nothing is, what is
//! kept as another type. Rules that could apply come from the schemas alone; which of them do, and what no rule mends, the documents say.

mod answer;
mod relation;
mod value;

use std::collections::BTreeMap;

pub use answer::Answer;
pub use relation::on_delete;
use value::value_of;

use super::schema::{Arity, Default, Field, FieldType, IndexKind, Literal, Model, Scalar, Schema};
use crate::domain::schema_change::convert::Native;
use crate::domain::schema_change::{Constant, NamedIndex, Place, Rule, Written};

/// A rule that may apply, and the field of the schema that it is for.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The field, as the schema calls it.
    pub field: String,
    /// The rule.
    pub rule: Rule,
    /// It comes from an answer of the operator.
    pub answered: bool,
}

/// What is known of a model beside itself.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The after-schema.
    pub after: &'a Schema,
    /// The same model in the schema of today, with that schema.
    pub before: Option<(&'a Schema, &'a Model)>,
    /// Fields that the operator says have another name.
    pub rename: &'a BTreeMap<String, String>,
    /// The operator's answers.
    pub answers: &'a BTreeMap<String, String>,
}

/// The rules that may apply to the documents of `model`: names first, then types, then what is written.
///
/// # Errors
/// An answer or a rename that names no field, in words.
pub fn candidates(model: &Model, around: Around<'_>) -> Result<Vec<Candidate>, String> {
    let mut all = Vec::new();
    require_known(model, around.rename)?;
    for field in &model.fields {
        if let Some(from) = old_name(model, field, around)? {
            let to = field.stored.clone();
            all.push(candidate(field, Rule::Rename { from, to }));
        }
    }
    for field in model.fields.iter().filter(|field| is_open(field)) {
        if let Some(to) = native(field.of) {
            let field_name = field.stored.clone();
            all.push(candidate(
                field,
                Rule::Convert {
                    field: field_name,
                    to,
                    all: has_other_type(field, around),
                },
            ));
        }
    }
    for field in model.fields.iter().filter(|field| is_open(field)) {
        let key = format!("{}.{}", model.name, field.name);
        let answer = around.answers.get(&key);
        let answer = answer.map(|text| Answer::parse(text, model, field, around.after));
        let answer = answer
            .transpose()
            .map_err(|why| format!("the answer to {key} cannot be used: {why}"))?;
        let (value, answered) = match answer {
            Some(Answer::Leave) => continue,
            Some(Answer::Write(value)) => (Some(value), true),
            Some(Answer::Accept) => (suggestion(model, field, around.after), true),
            None => (suggestion(model, field, around.after), false),
        };
        if let Some(value) = value {
            let stored = field.stored.clone();
            let rule = Rule::Write {
                field: stored,
                value,
            };
            all.push(Candidate {
                answered,
                ..candidate(field, rule)
            });
        }
    }
    Ok(all)
}

fn candidate(field: &Field, rule: Rule) -> Candidate {
    Candidate {
        field: field.name.clone(),
        rule,
        answered: false,
    }
}

fn is_open(field: &Field) -> bool {
    !field.ignored && !field.is_id && field.stored != "_id"
}

/// The fields that a rename of this model names: the one on its left without the model's name, and the one on its right.
fn renames_of<'a>(
    model: &'a Model,
    rename: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a str, &'a String)> {
    rename.iter().filter_map(|(key, name)| {
        let (of, field) = key.split_once('.')?;
        (of == model.name).then_some((field, name))
    })
}

fn has_field(model: &Model, name: &str) -> bool {
    let mut fields = model.fields.iter();
    fields.any(|it| it.name == name || it.stored == name)
}

/// Refuses a rename of which the model has neither field: it would be passed over.
fn require_known(model: &Model, rename: &BTreeMap<String, String>) -> Result<(), String> {
    let unknown =
        |(left, right): &(&str, &String)| !has_field(model, left) && !has_field(model, right);
    match renames_of(model, rename).find(unknown) {
        None => Ok(()),
        Some((left, right)) => Err(format!(
            "[schema] rename names {left} and {right}, and the model {} has neither of these fields",
            model.name
        )),
    }
}

/// The old name that the operator gives a field: beside the new one, on either side.
fn renamed_from<'a>(
    model: &'a Model,
    field: &Field,
    rename: &'a BTreeMap<String, String>,
) -> Option<&'a str> {
    let mut all = renames_of(model, rename);
    let is_new = |name: &str| name == field.name || name == field.stored;
    all.find_map(|(left, right)| {
        if has_field(model, left) {
            is_new(left).then_some(right.as_str())
        } else {
            is_new(right).then_some(left)
        }
    })
}

/// The name that documents have a field under today, where that is another.
fn old_name(model: &Model, field: &Field, around: Around<'_>) -> Result<Option<String>, String> {
    let key = format!("{}.{}", model.name, field.name);
    let before = |name: &str| {
        let (_, model) = around.before?;
        model.fields.iter().find(|it| it.name == name)
    };
    let from = match renamed_from(model, field, around.rename) {
        // By the name in the schema of today, else as documents have it.
        Some(old) => Some(before(old).map_or_else(|| old.to_owned(), |it| it.stored.clone())),
        None => before(&field.name).map(|it| it.stored.clone()),
    };
    let from = from.filter(|from| *from != field.stored);
    if from.is_some() && (field.is_id || field.stored == "_id") {
        return Err(format!("{key} is the _id, which keeps its name"));
    }
    Ok(from)
}

/// The type that a client writes for a field.
pub fn native(of: FieldType) -> Option<Native> {
    let FieldType::Scalar(scalar) = of else {
        return None;
    };
    Some(match scalar {
        Scalar::Text => Native::Text,
        Scalar::ObjectId => Native::ObjectId,
        Scalar::Boolean => Native::Boolean,
        Scalar::Int => Native::Int,
        Scalar::BigInt => Native::BigInt,
        Scalar::Float => Native::Float,
        Scalar::DateTime => Native::DateTime,
        Scalar::Bytes | Scalar::BytesObjectId | Scalar::Json => return None,
    })
}

/// What is suggested to be written where a field has nothing: the literal default, `[]`, or a date that the document holds. Never an invented one.
fn suggestion(model: &Model, field: &Field, schema: &Schema) -> Option<Written> {
    if let Some(Default::Literal(literal)) = &field.default {
        return constant(literal, field, schema).map(Written::Constant);
    }
    if field.arity == Arity::List {
        return Some(Written::Constant(Constant::List(Vec::new())));
    }
    let is_date = field.of == FieldType::Scalar(Scalar::DateTime);
    if field.arity != Arity::Required || !is_date {
        return None;
    }
    let by_now = matches!(&field.default, Some(Default::Function(name)) if name == "now");
    if field.updated_at {
        let created = model.fields.iter().find(|it| it.name == "createdAt");
        let created = created.filter(|it| it.of == field.of && it.arity != Arity::List);
        let created = created.map(|it| Place::Date(it.stored.clone()));
        return Some(Written::FirstOf(
            created.into_iter().chain([Place::TimeOfId]).collect(),
        ));
    }
    (by_now || field.name == "createdAt").then(|| Written::FirstOf(vec![Place::TimeOfId]))
}

/// A literal of the schema as a value of its field; `None` where it is none.
fn constant(literal: &Literal, field: &Field, schema: &Schema) -> Option<Constant> {
    if let Literal::List(members) = literal {
        let members = members.iter().map(|it| constant(it, field, schema));
        return members.collect::<Option<Vec<_>>>().map(Constant::List);
    }
    if let FieldType::Enum(at) = field.of {
        let Literal::Name(name) = literal else {
            return None;
        };
        let values = &schema.enums.get(at)?.values;
        let value = values.iter().find(|it| it.name == *name)?;
        return Some(Constant::Text(value.stored.clone()));
    }
    let text = match literal {
        Literal::Text(text) | Literal::Number(text) | Literal::Name(text) => text,
        Literal::List(_) => return None,
    };
    value_of(text, field.of)
}

/// True where the type of a field is another than today's.
pub fn has_other_type(field: &Field, around: Around<'_>) -> bool {
    let Some((schema, model)) = around.before else {
        return false;
    };
    let before = model.fields.iter().find(|it| it.name == field.name);
    before.is_some_and(|it| schema.type_words(it.of) != around.after.type_words(field.of))
}

/// The indexes that the schema names for a model.
pub fn indexes(model: &Model) -> Vec<NamedIndex> {
    let all = model.indexes.iter();
    all.map(|index| NamedIndex {
        name: index.name.clone(),
        keys: index
            .fields
            .iter()
            .map(|field| (field.stored.clone(), field.descending))
            .collect(),
        unique: index.kind == IndexKind::Unique,
        text: index.kind == IndexKind::Text,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prisma::{Source, read};

    fn schema(models: &str) -> Schema {
        let text = format!("datasource db {{\n  provider = \"mongodb\"\n}}\n{models}");
        let name = "schema.prisma".to_owned();
        read(&[Source { name, text }]).unwrap()
    }

    const AFTER: &str = r#"
enum Status {
  NEW @map("new")
}
model Visit {
  id        String   @id @map("_id")
  at        DateTime @map("starts_at")
  price     Int
  status    Status   @default(NEW)
  tags      String[]
  note      String
  createdAt DateTime @default(now())
  updatedAt DateTime @updatedAt
}
"#;

    fn words(answers: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let after = schema(AFTER);
        let before = schema(
            "model Visit {\n  id String @id @map(\"_id\")\n  at DateTime\n  price Float\n  note String\n}",
        );
        let answers = answers.iter();
        let answers = answers.map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        let around = Around {
            after: &after,
            before: Some((&before, &before.models[0])),
            rename: &BTreeMap::new(),
            answers: &answers.collect(),
        };
        let all = candidates(&after.models[0], around)?;
        let written = all.into_iter().filter(|it| {
            let Rule::Convert { all, .. } = &it.rule else {
                return true;
            };
            *all
        });
        Ok(written.map(|it| it.rule.words()).collect())
    }

    #[test]
    fn rules_come_from_the_schemas_and_no_date_is_invented() {
        let expected = [
            "at becomes starts_at",
            "price: kept as Int",
            "status: \"new\" written where it is missing or null",
            "tags: [] written where it is missing or null",
            "createdAt: the time in its _id written where it is missing or null",
            "updatedAt: its createdAt, else the time in its _id written where it is missing or null",
        ];
        assert_eq!(words(&[]).unwrap(), expected);
    }

    #[test]
    fn a_rename_stands_beside_the_new_field_on_either_side_and_none_is_passed_over() {
        let after = schema(AFTER);
        let of = |key: &str, name: &str| {
            let rename = [(key.to_owned(), name.to_owned())].into();
            let around = Around {
                after: &after,
                before: None,
                rename: &rename,
                answers: &BTreeMap::new(),
            };
            let all = candidates(&after.models[0], around)?;
            let renames = all.into_iter().filter_map(|it| match it.rule {
                Rule::Rename { from, to } => Some((from, to)),
                _ => None,
            });
            Ok::<_, String>(renames.collect::<Vec<_>>())
        };
        let expected = [("begin".to_owned(), "starts_at".to_owned())];
        assert_eq!(of("Visit.at", "begin").unwrap(), expected);
        assert_eq!(of("Visit.begin", "at").unwrap(), expected);
        assert!(of("Visit.begin", "end").unwrap_err().contains("neither"));
    }

    #[test]
    fn an_answer_says_what_is_written_or_that_nothing_is() {
        let answered = words(&[
            ("Visit.note", "constant none"),
            ("Visit.tags", "leave"),
            ("Visit.updatedAt", "field at"),
        ]);
        let answered = answered.unwrap();
        assert!(
            answered.contains(&"note: \"none\" written where it is missing or null".to_owned())
        );
        assert!(
            answered.contains(
                &"updatedAt: its starts_at written where it is missing or null".to_owned()
            )
        );
        assert!(!answered.iter().any(|it| it.starts_with("tags")));
        for (key, text) in [
            ("Visit.price", "constant many"),
            ("Visit.note", "field price"),
            ("Visit.note", "field nothing"),
            ("Visit.status", "constant OLD"),
            ("Visit.note", "whatever"),
        ] {
            let refused = words(&[(key, text)]).unwrap_err();
            assert!(refused.contains(key), "{refused}");
        }
    }
}
