//! The operator's answers to what an after-schema asks, as the decisions file holds them: `accept`, `leave`, `constant 5`, `field createdAt`,
//! `date startTime plus minutes service.duration`.

use super::Around;
use super::part::Part;
use super::value::value_of;
use crate::domain::schema_change::{Constant, Place, Written};
use crate::domain::text::safe;
use crate::prisma::schema::{Arity, Field, FieldType, Relation, Scalar, Schema};

/// What an answer may be.
const FORMS: &str =
    "it is one of: accept, leave, constant VALUE, field NAME, date NAME plus minutes RELATION.NAME";

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What is suggested.
    Accept,
    /// The documents stay as they are.
    Leave,
    /// This is written where nothing is.
    Write(Written),
}

impl Answer {
    /// Reads an answer about `field`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(
        text: &str,
        part: &Part<'_>,
        field: &Field,
        around: Around<'_>,
    ) -> Result<Self, String> {
        let text = text.trim();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let first_of = |place| Self::Write(Written::FirstOf(vec![place]));
        match word {
            "accept" if rest.is_empty() => Ok(Self::Accept),
            "leave" if rest.is_empty() => Ok(Self::Leave),
            "constant" => constant(rest.trim(), field, around.after)
                .map(|value| Self::Write(Written::Constant(value))),
            "field" => {
                let found = alike(rest.trim(), part, field, around.after)?;
                Ok(first_of(Place::Field(found.stored.clone())))
            }
            "date" => later(rest, part, field, around).map(first_of),
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// Another field of the same part and type.
fn alike<'p>(
    name: &str,
    part: &Part<'p>,
    field: &Field,
    schema: &Schema,
) -> Result<&'p Field, String> {
    let found = part.fields.iter().find(|it| it.name == name);
    let Some(found) = found else {
        return Err(format!(
            "{} has no field {}",
            safe(part.name, 60),
            safe(name, 60)
        ));
    };
    if found.of != field.of || (found.arity == Arity::List) != (field.arity == Arity::List) {
        return Err(format!(
            "{} is {}, and {} is {}",
            safe(name, 60),
            words(schema, found),
            safe(&field.name, 60),
            words(schema, field)
        ));
    }
    Ok(found)
}

/// The type of a field, as the schema has it.
fn words(schema: &Schema, field: &Field) -> String {
    let list = if field.arity == Arity::List { "[]" } else { "" };
    format!("{}{list}", schema.type_words(field.of))
}

/// A date plus the minutes of another document: `startTime plus minutes service.duration`.
fn later(text: &str, part: &Part<'_>, field: &Field, around: Around<'_>) -> Result<Place, String> {
    let form = "it is written as: date FIELD plus minutes RELATION.FIELD";
    let (Some(model), Some((date, minutes))) = (part.model, text.split_once(" plus minutes "))
    else {
        return Err(form.to_owned());
    };
    let is_date = field.of == FieldType::Scalar(Scalar::DateTime) && field.arity != Arity::List;
    if !is_date {
        return Err(format!(
            "{} is {}, and a date plus minutes is a DateTime",
            safe(&field.name, 60),
            words(around.after, field)
        ));
    }
    let date = alike(date.trim(), part, field, around.after)?;
    let Some((relation, lasts)) = minutes.trim().split_once('.') else {
        return Err(form.to_owned());
    };
    let ours = |it: &&Relation| it.fields.len() == 1 && it.arity != Arity::List;
    let mut relations = model.relations.iter().filter(ours);
    let Some(found) = relations.clone().find(|it| it.name == relation) else {
        let names: Vec<_> = relations.by_ref().map(|it| safe(&it.name, 60)).collect();
        return Err(format!(
            "{} has no relation {} that one field holds{}",
            safe(&model.name, 60),
            safe(relation, 60),
            if names.is_empty() {
                String::new()
            } else {
                format!("; it has {}", names.join(", "))
            }
        ));
    };
    let of = |at: &usize| model.fields.get(*at);
    let target = around.after.models.get(found.target);
    let (Some(by), Some(target)) = (found.fields.first().and_then(of), target) else {
        return Err(form.to_owned());
    };
    let referenced = found
        .references
        .first()
        .and_then(|at| target.fields.get(*at));
    if !referenced.is_some_and(|it| it.is_id) {
        return Err(format!(
            "{} does not refer to the id of {}",
            safe(relation, 60),
            safe(&target.name, 60)
        ));
    }
    let numbers = [Scalar::Int, Scalar::BigInt, Scalar::Float].map(FieldType::Scalar);
    let known = target.fields.iter().find(|it| it.name == lasts);
    let Some(known) = known.filter(|it| numbers.contains(&it.of) && it.arity != Arity::List) else {
        return Err(format!(
            "{} has no field {} that is one number",
            safe(&target.name, 60),
            safe(lasts, 60)
        ));
    };
    let Some(stands) = around.stands.get(&found.target) else {
        return Err(format!(
            "no collection holds documents of {}",
            safe(&target.name, 60)
        ));
    };
    let before = around.before.and_then(|(schema, _)| {
        let mut models = schema.models.iter();
        Some((schema, models.find(|it| it.name == target.name)?))
    });
    let whole = Part::all(target, Around { before, ..around });
    let old = match whole.first() {
        Some(whole) => whole.old_name(known, around)?,
        None => None,
    };
    Ok(Place::Later {
        date: date.stored.clone(),
        by: by.stored.clone(),
        minutes: (stands.clone(), old.unwrap_or_else(|| known.stored.clone())),
    })
}

fn constant(text: &str, field: &Field, schema: &Schema) -> Result<Constant, String> {
    if let FieldType::Enum(at) = field.of {
        let values = schema.enums.get(at).map_or(&[][..], |it| &it.values);
        let found = values.iter().find(|it| it.name == text);
        let names: Vec<_> = values.iter().map(|it| safe(&it.name, 60)).collect();
        return found
            .map(|it| Constant::Text(it.stored.clone()))
            .ok_or_else(|| format!("the enum has {}", names.join(", ")));
    }
    if field.arity == Arity::List {
        return Err("a list takes its default, or []".to_owned());
    }
    value_of(text, field.of)
        .ok_or_else(|| format!("{} is no {}", safe(text, 60), schema.type_words(field.of)))
}
