//! What an after-schema asks of data that a before-schema describes: which fields get another name, what is written where nothing is, what is
//! kept as another type. Rules that could apply come from the schemas alone; which of them do, and what no rule mends, the documents say.

mod answer;
mod part;
mod relation;
mod value;

use std::collections::BTreeMap;

pub use answer::Answer;
use part::Part;
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
    /// The two schemas differ there, whatever the documents hold.
    pub of_schemas: bool,
}

/// What is known of a model beside itself.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The after-schema.
    pub after: &'a Schema,
    /// The same model in the schema of today, with that schema.
    pub before: Option<(&'a Schema, &'a Model)>,
    /// The schema of today, whether or not it has the model.
    pub today: Option<&'a Schema>,
    /// Fields that the operator says have another name.
    pub rename: &'a BTreeMap<String, String>,
    /// The operator's answers.
    pub answers: &'a BTreeMap<String, String>,
    /// Where the documents of each model stand today, by the model's number.
    pub stands: &'a BTreeMap<usize, String>,
    /// The model's documents are the customers that the migration makes.
    pub of_customers: bool,
}

/// Whether an answer to `key`, a model and its field, can be taken; `None` where the schema has no such field.
pub fn check_answer(after: &Schema, key: &str, answer: &str) -> Option<Result<(), String>> {
    let (name, _) = key.split_once('.')?;
    let model = after.models.iter().find(|it| it.name == name)?;
    let models = after.models.iter().map(|it| it.collection.clone());
    let around = Around {
        after,
        before: None,
        today: None,
        rename: &BTreeMap::new(),
        answers: &BTreeMap::new(),
        stands: &models.enumerate().collect(),
        of_customers: false,
    };
    let parts = Part::all(model, around);
    let (part, field) = each_field(&parts).find(|(part, field)| part.key(field) == key)?;
    Some(Answer::parse(answer, part, field, around).map(|_| ()))
}

/// The rules that may apply to the documents of `model`: names first, then types, then what is written. Those for the documents under a field
/// have that field around them.
///
/// # Errors
/// An answer or a rename that names no field, in words.
pub fn candidates(model: &Model, around: Around<'_>) -> Result<Vec<Candidate>, String> {
    let mut all = Vec::new();
    let parts = Part::all(model, around);
    require_known(model, &parts, around.rename)?;
    for (part, field) in each_field(&parts) {
        if let Some(from) = part.old_name(field, around)? {
            let to = field.stored.clone();
            all.push(part.candidate(field, Rule::Rename { from, to }));
        }
    }
    for (part, field) in each_field(&parts).filter(|(_, field)| is_open(field)) {
        if let Some(to) = native(field.of) {
            let rule = Rule::Convert {
                field: field.stored.clone(),
                to,
                all: part.has_other_type(field, around),
                from: part.type_today(field, around).filter(|from| *from != to),
            };
            let of_schemas = matches!(rule, Rule::Convert { from: Some(_), .. });
            all.push(Candidate {
                of_schemas,
                ..part.candidate(field, rule)
            });
        }
        let pairs = part.stored_otherwise(field, around);
        if !pairs.is_empty() {
            let field_name = field.stored.clone();
            let rule = Rule::Values {
                field: field_name,
                pairs,
            };
            all.push(Candidate {
                of_schemas: part.has_values_today(field, around),
                ..part.candidate(field, rule)
            });
        }
    }
    for (part, field) in each_field(&parts).filter(|(_, field)| is_open(field)) {
        let key = part.key(field);
        let answer = around.answers.get(&key);
        let answer = answer.map(|text| Answer::parse(text, part, field, around));
        let answer = answer
            .transpose()
            .map_err(|why| format!("the answer to {key} cannot be used: {why}"))?;
        let (value, answered) = match answer {
            Some(Answer::Leave) => continue,
            Some(Answer::Write(value)) => (Some(value), true),
            Some(Answer::Accept) => (suggestion(part, field, around), true),
            None => (suggestion(part, field, around), false),
        };
        if let Some(value) = value {
            let stored = field.stored.clone();
            let rule = Rule::Write {
                field: stored,
                value,
            };
            all.push(Candidate {
                answered,
                ..part.candidate(field, rule)
            });
        }
    }
    Ok(all)
}

fn each_field<'p>(parts: &'p [Part<'p>]) -> impl Iterator<Item = (&'p Part<'p>, &'p Field)> {
    let each = |part: &'p Part<'p>| part.fields.iter().map(move |field| (part, field));
    parts.iter().flat_map(each)
}

fn is_open(field: &Field) -> bool {
    !field.ignored && !field.is_id && field.stored != "_id"
}

/// Refuses a rename of which the model has neither field: it would be passed over.
fn require_known(
    model: &Model,
    parts: &[Part<'_>],
    rename: &BTreeMap<String, String>,
) -> Result<(), String> {
    let of_model = |key: &str| key.split_once('.').is_some_and(|(of, _)| of == model.name);
    for (key, name) in rename.iter().filter(|(key, _)| of_model(key)) {
        let known = |part: &Part<'_>| {
            let left = part.own(key);
            left.is_some_and(|left| part.has_field(left) || part.has_field(name))
        };
        if !parts.iter().any(known) {
            let (_, left) = key.split_once('.').unwrap_or_default();
            return Err(format!(
                "[schema] rename names {left} and {name}, and the model {} has neither of these fields",
                model.name
            ));
        }
    }
    Ok(())
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
fn suggestion(part: &Part<'_>, field: &Field, around: Around<'_>) -> Option<Written> {
    if let Some(Default::Literal(literal)) = &field.default {
        return constant(literal, field, around.after).map(Written::Constant);
    }
    if field.arity == Arity::List {
        return Some(Written::Constant(Constant::List(Vec::new())));
    }
    let is_date = field.of == FieldType::Scalar(Scalar::DateTime);
    // What stands within a document has no _id of its own that a client wrote.
    if field.arity != Arity::Required || !is_date || part.is_within() {
        return None;
    }
    let by_now = matches!(&field.default, Some(Default::Function(name)) if name == "now");
    let own = std::iter::once(Place::TimeOfId);
    let own = own.chain(around.of_customers.then_some(Place::Oldest));
    if field.updated_at {
        let created = part.fields.iter().find(|it| it.name == "createdAt");
        let created = created.filter(|it| it.of == field.of && it.arity != Arity::List);
        let created = created.map(|it| Place::Date(it.stored.clone()));
        return Some(Written::FirstOf(created.into_iter().chain(own).collect()));
    }
    (by_now || field.name == "createdAt").then(|| Written::FirstOf(own.collect()))
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
  endsAt    DateTime?
  raw       Bytes    @default("aGk=")
  data      Json     @default("{\"a\": 1}")
  kindId    String?
  kind      Treatment? @relation(fields: [kindId], references: [id])
  place     Place?
}
model Treatment {
  id     String @id @map("_id")
  lasts  Int    @map("minutes")
  name   String
  visits Visit[]
}
type Place {
  city    String @map("town")
  country String @default("NL")
  floor   Int
  rooms   Room[]
}
type Room {
  tags String[]
}
"#;

    fn words(answers: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let after = schema(AFTER);
        let before = schema(
            "model Visit {\n  id String @id @map(\"_id\")\n  at DateTime\n  price Float\n  note String\n  place Place?\n}\ntype Place {\n  city String\n  floor Float\n}\nmodel Treatment {\n  id String @id @map(\"_id\")\n  lasts Int\n}",
        );
        let answers = answers.iter();
        let answers = answers.map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        let around = Around {
            after: &after,
            before: Some((&before, &before.models[0])),
            today: Some(&before),
            rename: &BTreeMap::new(),
            answers: &answers.collect(),
            stands: &[(0, "visits".to_owned()), (1, "treatments".to_owned())].into(),
            of_customers: false,
        };
        let all = candidates(&after.models[0], around)?;
        let written = all.into_iter().filter(|it| {
            let Rule::Convert { all, .. } = it.rule.innermost() else {
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
            "place.city becomes place.town",
            "price: converted to Int",
            "status: \"NEW\" becomes \"new\"",
            "place.floor: converted to Int",
            "status: \"new\" written where it is missing or null",
            "tags: [] written where it is missing or null",
            "createdAt: the time in its _id written where it is missing or null",
            "updatedAt: its createdAt, else the time in its _id written where it is missing or null",
            "raw: aGk= written where it is missing or null",
            "data: {\"a\": 1} written where it is missing or null",
            "place.country: \"NL\" written where it is missing or null",
            "place.rooms: [] written where it is missing or null",
            "place.rooms.tags: [] written where it is missing or null",
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
                today: None,
                rename: &rename,
                answers: &BTreeMap::new(),
                stands: &BTreeMap::new(),
                of_customers: false,
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
            ("Visit.endsAt", "date at"),
            ("Visit.endsAt", "date note plus minutes kind.lasts"),
            ("Visit.endsAt", "date at plus minutes lasts"),
            ("Visit.endsAt", "date at plus minutes owner.lasts"),
            ("Visit.endsAt", "date at plus minutes kind.length"),
            ("Visit.endsAt", "date at plus minutes kind.name"),
            ("Visit.note", "date at plus minutes kind.lasts"),
            ("Visit.place.floor", "constant high"),
            ("Visit.place.floor", "field town"),
        ] {
            let refused = words(&[(key, text)]).unwrap_err();
            assert!(refused.contains(key), "{refused}");
        }
    }

    #[test]
    fn the_operator_says_a_date_plus_minutes_and_what_a_composite_lacks() {
        let answered = words(&[
            ("Visit.endsAt", "date at plus minutes kind.lasts"),
            ("Visit.place.floor", "constant 0"),
            ("Visit.place.country", "leave"),
        ]);
        let answered = answered.unwrap();
        for expected in [
            "endsAt: its starts_at plus the minutes in lasts of the treatments that its kindId names written where it is missing or null",
            "place.floor: 0 written where it is missing or null",
        ] {
            assert!(answered.iter().any(|it| it == expected), "{answered:#?}");
        }
        assert!(!answered.iter().any(|it| it.starts_with("place.country")));
    }
}
