//! A part of a document: the document itself, or what stands under a field that holds a composite type, once or in a list.

use std::collections::BTreeMap;

use super::{Around, Candidate, native};
use crate::domain::schema_change::Rule;
use crate::domain::schema_change::convert::Native;
use crate::domain::schema_change::values::Pair;
use crate::prisma::schema::{Field, FieldType, Model, Schema};

/// How often a type is gone into within itself. What is deeper has no rule, and is found.
const DEEPEST: usize = 3;

/// A part of the documents of a model.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The model, or the composite type.
    pub(super) name: &'a str,
    /// The model, where the part is the document itself.
    pub(super) model: Option<&'a Model>,
    /// What it holds.
    pub(super) fields: &'a [Field],
    /// The way to it as the schema calls it, from the model on.
    names: Vec<&'a str>,
    /// The way to it in documents, by the names of afterwards.
    way: Vec<&'a str>,
    /// What it held by the schema of today.
    before: Option<(&'a Schema, &'a [Field])>,
    /// The types on the way to it.
    passed: Vec<usize>,
}

impl<'a> Part<'a> {
    /// All parts of a model's documents, the document itself first.
    pub(super) fn all(model: &'a Model, around: Around<'a>) -> Vec<Self> {
        let whole = Self {
            name: &model.name,
            model: Some(model),
            fields: &model.fields,
            names: vec![&model.name],
            way: Vec::new(),
            before: around
                .before
                .map(|(schema, model)| (schema, &model.fields[..])),
            passed: Vec::new(),
        };
        let mut all = vec![whole];
        let mut at = 0;
        while let Some(part) = all.get(at).cloned() {
            all.extend(part.inner(around));
            at += 1;
        }
        all
    }

    /// The parts under its fields.
    fn inner(&self, around: Around<'a>) -> Vec<Self> {
        let composites = self.fields.iter().filter(|field| !field.ignored);
        let composites = composites.filter_map(|field| {
            let FieldType::Composite(at) = field.of else {
                return None;
            };
            let passed = self.passed.iter().filter(|it| **it == at).count();
            let composite = around.after.composites.get(at)?;
            if passed >= DEEPEST {
                return None;
            }
            let held = self.before.and_then(|(schema, _)| {
                let FieldType::Composite(at) = self.before(&field.name)?.of else {
                    return None;
                };
                Some((schema, &schema.composites.get(at)?.fields[..]))
            });
            // What a new model holds comes from other documents, as the type of that name has it today.
            let alike = around.today.and_then(|schema| {
                let mut types = schema.composites.iter();
                let found = types.find(|it| it.name == composite.name)?;
                Some((schema, &found.fields[..]))
            });
            let before = held.or(alike.filter(|_| self.before.is_none()));
            let joined = |all: &[&'a str], last: &'a str| [all, &[last]].concat();
            Some(Self {
                name: &composite.name,
                model: None,
                fields: &composite.fields,
                names: joined(&self.names, &field.name),
                way: joined(&self.way, &field.stored),
                before,
                passed: [&self.passed[..], &[at]].concat(),
            })
        });
        composites.collect()
    }

    /// True where it is not the document itself.
    pub(super) fn is_within(&self) -> bool {
        self.model.is_none()
    }

    /// What an answer calls a field of it: `Customer.address.city`.
    pub(super) fn key(&self, field: &Field) -> String {
        format!("{}.{}", self.names.join("."), field.name)
    }

    /// A rule for a field of it.
    pub(super) fn candidate(&self, field: &Field, rule: Rule) -> Candidate {
        let within = |rule, name: &&str| Rule::Within {
            field: (*name).to_owned(),
            rules: vec![rule],
        };
        let way = self.names.iter().skip(1).copied();
        let path: Vec<&str> = way.chain([field.name.as_str()]).collect();
        Candidate {
            field: path.join("."),
            rule: self.way.iter().rev().fold(rule, within),
            answered: false,
            of_schemas: false,
        }
    }

    /// A field of the schema of today.
    fn before(&self, name: &str) -> Option<&'a Field> {
        let (_, fields) = self.before?;
        fields.iter().find(|it| it.name == name)
    }

    /// The field of this part that a key names, such as `city` of `Customer.address.city`.
    pub(super) fn own<'k>(&self, key: &'k str) -> Option<&'k str> {
        let (of, field) = key.rsplit_once('.')?;
        (of == self.names.join(".")).then_some(field)
    }

    /// True where it has a field that is called or stored so.
    pub(super) fn has_field(&self, name: &str) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|it| it.name == name || it.stored == name)
    }

    /// The old name that the operator gives a field: beside the new one, on either side.
    fn renamed_from<'r>(
        &self,
        field: &Field,
        rename: &'r BTreeMap<String, String>,
    ) -> Option<&'r str> {
        let is_new = |name: &str| name == field.name || name == field.stored;
        let mut all = rename
            .iter()
            .filter_map(|(key, name)| Some((self.own(key)?, name)));
        all.find_map(|(left, right)| {
            if self.has_field(left) {
                is_new(left).then_some(right.as_str())
            } else {
                is_new(right).then_some(left)
            }
        })
    }

    /// The name that documents have a field under today, where that is another.
    pub(super) fn old_name(
        &self,
        field: &Field,
        around: Around<'_>,
    ) -> Result<Option<String>, String> {
        let key = self.key(field);
        let from = match self.renamed_from(field, around.rename) {
            // By the name in the schema of today, else as documents have it.
            Some(old) => {
                let known = self.before(old);
                Some(known.map_or_else(|| old.to_owned(), |it| it.stored.clone()))
            }
            None => self.before(&field.name).map(|it| it.stored.clone()),
        };
        let from = from.filter(|from| *from != field.stored);
        if from.is_some() && (field.is_id || field.stored == "_id") {
            return Err(format!("{key} is the _id, which keeps its name"));
        }
        Ok(from)
    }

    /// The type that a client writes for a field by the schema of today.
    pub(super) fn type_today(&self, field: &Field, around: Around<'_>) -> Option<Native> {
        native(self.today(field, around)?.of)
    }

    /// A field as the schema of today has it, by its old name where the operator gives it another.
    fn today(&self, field: &Field, around: Around<'_>) -> Option<&'a Field> {
        let old = self.renamed_from(field, around.rename);
        self.before(old.unwrap_or(&field.name))
    }

    /// The values of an enum that are stored otherwise afterwards: each text of today with the new one. Where no schema says how they are stored
    /// today, that is by their names.
    pub(super) fn stored_otherwise(&self, field: &Field, around: Around<'_>) -> Vec<Pair> {
        let FieldType::Enum(at) = field.of else {
            return Vec::new();
        };
        let Some(after) = around.after.enums.get(at) else {
            return Vec::new();
        };
        let before = self.today(field, around).map(|it| it.of);
        let before = before
            .zip(self.before)
            .and_then(|(of, (schema, _))| match of {
                FieldType::Enum(at) => schema.enums.get(at),
                _ => None,
            });
        let is_stored = |text: &str| after.values.iter().any(|it| it.stored == text);
        let pairs = after.values.iter().filter_map(|value| {
            let old = match before {
                Some(before) => {
                    let mut values = before.values.iter();
                    &values.find(|it| it.name == value.name)?.stored
                }
                None if is_stored(&value.name) => return None,
                None => &value.name,
            };
            (*old != value.stored).then(|| (old.clone(), value.stored.clone()))
        });
        pairs.collect()
    }

    /// True where the schema of today has an enum there, too.
    pub(super) fn has_values_today(&self, field: &Field, around: Around<'_>) -> bool {
        let before = self.today(field, around);
        self.before.is_some() && before.is_some_and(|it| matches!(it.of, FieldType::Enum(_)))
    }

    /// True where the type of a field is another than today's.
    pub(super) fn has_other_type(&self, field: &Field, around: Around<'_>) -> bool {
        let Some((schema, _)) = self.before else {
            return false;
        };
        let before = self.today(field, around);
        before.is_some_and(|it| schema.type_words(it.of) != around.after.type_words(field.of))
    }
}
