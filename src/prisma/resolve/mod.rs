//! Blocks → schema: every name is looked up, and what Prisma refuses of a MongoDB schema is refused here too where reading it would be a guess.

mod attributes;
mod defaults;
mod fields;
mod indexes;
mod relations;

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Block, EnumValue, Field as FieldAst, Holder, Name, Value};
use super::schema::{Composite, Enumeration, EnumerationValue, Model, Schema};
use super::source::Flaw;
use crate::domain::text::safe;
use attributes::{allowed, text_argument};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Named {
    Model(usize),
    Composite(usize),
    Enum(usize),
}

/// The names of a schema, and what the datasource is called.
struct Names {
    all: BTreeMap<String, Named>,
    /// `db` in `@db.ObjectId`.
    datasource: Option<String>,
}

/// A model's or composite type's lines, until all names are known.
struct Waiting {
    fields: Vec<FieldAst>,
    attributes: Vec<super::ast::Attribute>,
}

pub(super) fn resolve(blocks: Vec<Block>) -> Result<Schema, Flaw> {
    let mut schema = Schema::default();
    let mut names = Names {
        all: BTreeMap::new(),
        datasource: None,
    };
    let (mut models, mut composites) = (Vec::new(), Vec::new());
    for block in blocks {
        match block {
            Block::Config {
                datasource: true,
                name,
                entries,
            } => datasource(&mut schema, &mut names, name, &entries)?,
            Block::Config { .. } => {}
            Block::Enum {
                name,
                values,
                attributes,
            } => {
                allowed(&attributes, &["map", "schema"], "enum", &names)?;
                names.add(&name, Named::Enum(schema.enums.len()))?;
                schema.enums.push(enumeration(&name, &values, &names)?);
            }
            Block::Fields {
                holder: Holder::Composite,
                name,
                fields,
                attributes,
            } => {
                allowed(&attributes, &[], "composite type", &names)?;
                names.add(&name, Named::Composite(composites.len()))?;
                schema.composites.push(Composite {
                    name: name.text,
                    fields: Vec::new(),
                });
                composites.push(Waiting { fields, attributes });
            }
            Block::Fields {
                holder,
                name,
                fields,
                attributes,
            } => {
                names.add(&name, Named::Model(models.len()))?;
                schema
                    .models
                    .push(empty_model(&name, holder == Holder::View));
                models.push(Waiting { fields, attributes });
            }
        }
    }
    for (at, waiting) in composites.iter().enumerate() {
        let fields = fields::of_composite(&waiting.fields, &names, &schema.enums)?;
        schema.composites[at].fields = fields;
    }
    for (at, waiting) in models.iter().enumerate() {
        model(&mut schema.models[at], waiting, &names, &schema.enums)?;
    }
    for (at, waiting) in models.iter().enumerate() {
        let relations = relations::of_model(&schema, at, &waiting.fields, &names)?;
        schema.models[at].relations = relations;
        let indexes = indexes::of_model(&schema, at, waiting)?;
        schema.models[at].indexes = indexes;
    }
    relations::check_both_sides(&schema)?;
    check_collections(&schema)?;
    Ok(schema)
}

impl Names {
    fn add(&mut self, name: &Name, stands_for: Named) -> Result<(), Flaw> {
        const OWN: [&str; 10] = [
            "String",
            "Boolean",
            "Int",
            "BigInt",
            "Float",
            "Decimal",
            "DateTime",
            "Json",
            "Bytes",
            "Unsupported",
        ];
        let shown = safe(&name.text, 60);
        if OWN.contains(&name.text.as_str()) {
            let message = format!("{shown} is a type of Prisma's own; another name is needed");
            return Err(Flaw::new(name.place, message));
        }
        match self.all.insert(name.text.clone(), stands_for) {
            None => Ok(()),
            Some(_) => Err(Flaw::new(name.place, format!("{shown} is defined twice"))),
        }
    }
}

/// ` Did you mean X?`, where something is near.
fn hint<'n>(name: &str, among: impl Iterator<Item = &'n str>) -> String {
    let lower = name.to_lowercase();
    let likeness = |other: &str| {
        let other = other.to_lowercase();
        // Two letters that changed places are likely in a short word, too.
        match strsim::osa_distance(&lower, &other) {
            0 | 1 => 1.0,
            _ => strsim::jaro_winkler(&lower, &other),
        }
    };
    among
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, near)| format!(". Did you mean {}?", safe(near, 60)))
        .unwrap_or_default()
}

fn datasource(
    schema: &mut Schema,
    names: &mut Names,
    name: Name,
    entries: &[(Name, Option<super::ast::Expression>)],
) -> Result<(), Flaw> {
    if names.datasource.is_some() {
        return Err(Flaw::new(name.place, "a schema has one datasource"));
    }
    names.datasource = Some(name.text);
    for (key, value) in entries {
        let Some(value) = value else { continue };
        match (key.text.as_str(), &value.value) {
            ("provider", Value::Text(provider)) if provider != "mongodb" => {
                let provider = safe(provider, 40);
                let message = format!(
                    "this schema is for {provider}, and ringfence works on MongoDB. Give it the schema whose datasource says provider = \"mongodb\""
                );
                return Err(Flaw::new(value.place, message));
            }
            ("provider", Value::Text(_)) => {}
            ("provider", _) => {
                let message = "the provider is one name in quotes: \"mongodb\"";
                return Err(Flaw::new(value.place, message));
            }
            ("url", Value::Call(path, arguments)) if path == &["env"] => {
                let first = arguments.first().map(|argument| &argument.value.value);
                if let Some(Value::Text(variable)) = first {
                    schema.url_variable = Some(variable.clone());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn enumeration(name: &Name, values: &[EnumValue], names: &Names) -> Result<Enumeration, Flaw> {
    let mut known: Vec<EnumerationValue> = Vec::with_capacity(values.len());
    let mut seen = BTreeSet::new();
    for value in values {
        allowed(&value.attributes, &["map"], "value of an enum", names)?;
        let stored = text_argument(&value.attributes, "map", "name")?;
        let stored = stored.unwrap_or_else(|| value.name.text.clone());
        if !seen.insert(&value.name.text) {
            let shown = safe(&value.name.text, 60);
            let message = format!("the value {shown} is defined twice");
            return Err(Flaw::new(value.name.place, message));
        }
        known.push(EnumerationValue {
            name: value.name.text.clone(),
            stored,
        });
    }
    if known.is_empty() {
        return Err(Flaw::new(name.place, "an enum needs a value"));
    }
    Ok(Enumeration {
        name: name.text.clone(),
        values: known,
    })
}

fn empty_model(name: &Name, is_view: bool) -> Model {
    Model {
        name: name.text.clone(),
        collection: name.text.clone(),
        is_view,
        ignored: false,
        fields: Vec::new(),
        relations: Vec::new(),
        indexes: Vec::new(),
        place: name.place,
    }
}

fn model(
    model: &mut Model,
    waiting: &Waiting,
    names: &Names,
    enums: &[Enumeration],
) -> Result<(), Flaw> {
    const KNOWN: [&str; 8] = [
        "map", "id", "unique", "index", "fulltext", "ignore", "schema", "shardKey",
    ];
    allowed(&waiting.attributes, &KNOWN, "model", names)?;
    if let Some(collection) = text_argument(&waiting.attributes, "map", "name")? {
        model.collection = collection;
    }
    model.ignored = waiting.attributes.iter().any(|it| it.name.text == "ignore");
    let compound = waiting.attributes.iter().find(|it| it.name.text == "id");
    if let Some(compound) = compound {
        let message = "MongoDB has no compound `@@id`: a document's id is the field `@id @map(\"_id\")`; what belongs together is `@@unique`";
        return Err(Flaw::new(compound.name.place, message));
    }
    model.fields = fields::of_model(&waiting.fields, names, enums)?;
    let mut ids = model.fields.iter().filter(|field| field.is_id);
    let id = ids.next();
    if let Some(second) = ids.next() {
        return Err(Flaw::new(second.place, "a model has one `@id`"));
    }
    match id {
        Some(id) if id.stored != "_id" => {
            let message = "the `@id` of a MongoDB model is stored as `_id`: add `@map(\"_id\")`";
            Err(Flaw::new(id.place, message))
        }
        None if !model.is_view && !model.ignored => {
            let name = safe(&model.name, 60);
            let message = format!("the model {name} has no `@id`; MongoDB needs one");
            Err(Flaw::new(model.place, message))
        }
        _ => Ok(()),
    }
}

/// Two models on one collection are refused, as Prisma does.
fn check_collections(schema: &Schema) -> Result<(), Flaw> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for model in &schema.models {
        if let Some(other) = taken.insert(&model.collection, &model.name) {
            let message = format!(
                "the collection \"{}\" belongs to the model {} already",
                safe(&model.collection, 60),
                safe(other, 60)
            );
            return Err(Flaw::new(model.place, message));
        }
    }
    Ok(())
}
