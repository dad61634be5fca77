//! The operator's answers to what an after-schema asks, as the decisions file holds them: `accept`, `leave`, `constant 5`, `field createdAt`.

use super::value::value_of;
use crate::domain::schema_change::{Constant, Place, Written};
use crate::domain::text::safe;
use crate::prisma::schema::{Arity, Field, FieldType, Model, Schema};

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
    pub fn parse(
        text: &str,
        model: &Model,
        field: &Field,
        schema: &Schema,
    ) -> Result<Self, String> {
        let text = text.trim();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "accept" if rest.is_empty() => Ok(Self::Accept),
            "leave" if rest.is_empty() => Ok(Self::Leave),
            "constant" => constant(rest.trim(), field, schema)
                .map(|value| Self::Write(Written::Constant(value))),
            "field" => {
                let name = rest.trim();
                let found = model.fields.iter().find(|it| it.name == name);
                let Some(found) = found else {
                    return Err(format!(
                        "the model {} has no field {}",
                        safe(&model.name, 60),
                        safe(name, 60)
                    ));
                };
                if found.of != field.of
                    || (found.arity == Arity::List) != (field.arity == Arity::List)
                {
                    return Err(format!(
                        "{} is {}, and {} is {}",
                        safe(name, 60),
                        schema.type_words(found.of),
                        safe(&field.name, 60),
                        schema.type_words(field.of)
                    ));
                }
                let place = Place::Field(found.stored.clone());
                Ok(Self::Write(Written::FirstOf(vec![place])))
            }
            _ => Err("it is one of: accept, leave, constant VALUE, field NAME".to_owned()),
        }
    }
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
