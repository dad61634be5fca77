//! What a document of a model must look like, by the names that documents have.

use super::schema::{Arity, Default, Field, FieldType, Scalar, Schema};
use crate::domain::map::Map;

/// The shapes of a schema's models and composite types.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    pub(super) models: Vec<Shape>,
    pub(super) composites: Vec<Shape>,
    /// The stored values of each enum.
    pub(super) enums: Vec<Vec<Vec<u8>>>,
}

/// What a document, or a part of it, must look like.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// The fields that a client reads, in the order of the schema.
    pub(super) fields: Vec<Expected>,
    by_name: Map<Vec<u8>, usize>,
}

/// What a field must hold.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Its name in the schema.
    pub(super) name: String,
    pub(super) stored: Vec<u8>,
    pub(super) of: Holds,
    pub(super) arity: Arity,
    /// A literal default, which clients read where nothing is stored.
    pub(super) default: bool,
    /// Its number among the model's fields.
    pub(super) number: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Scalar(Scalar),
    Enum(usize),
    Composite(usize),
}

impl Shapes {
    pub(super) fn of(schema: &Schema) -> Self {
        let enums = schema.enums.iter().map(|it| {
            let values = it.values.iter();
            values
                .map(|value| value.stored.clone().into_bytes())
                .collect()
        });
        Self {
            models: schema
                .models
                .iter()
                .map(|it| Shape::of(&it.fields))
                .collect(),
            composites: schema
                .composites
                .iter()
                .map(|it| Shape::of(&it.fields))
                .collect(),
            enums: enums.collect(),
        }
    }
}

impl Shape {
    fn of(fields: &[Field]) -> Self {
        let mut expected = Vec::new();
        for (number, field) in fields.iter().enumerate() {
            let of = match field.of {
                _ if field.ignored => continue,
                FieldType::Scalar(scalar) => Holds::Scalar(scalar),
                FieldType::Enum(at) => Holds::Enum(at),
                FieldType::Composite(at) => Holds::Composite(at),
                FieldType::Unsupported => continue,
            };
            expected.push(Expected {
                name: field.name.clone(),
                stored: field.stored.clone().into_bytes(),
                of,
                arity: field.arity,
                default: matches!(field.default, Some(Default::Literal(_))),
                number,
            });
        }
        let names = expected.iter().enumerate();
        let by_name = names
            .map(|(at, field)| (field.stored.clone(), at))
            .collect();
        Self {
            fields: expected,
            by_name,
        }
    }

    /// The field of that name. Documents of one collection mostly have their fields in one order, so the one at `next` is tried first.
    pub(super) fn find(&self, name: &[u8], next: usize) -> Option<usize> {
        if self.fields.get(next).is_some_and(|it| it.stored == name) {
            return Some(next);
        }
        self.by_name.get(name).copied()
    }

    /// Where the model's field of that number stands here.
    pub(super) fn place_of(&self, number: usize) -> Option<usize> {
        self.fields.iter().position(|it| it.number == number)
    }
}
