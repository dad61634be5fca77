//! A schema with every name looked up: what a Prisma client of MongoDB knows.

pub use super::ast::Arity;
pub use super::source::Place;

/// A whole schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Models and views, in the order of the text.
    pub models: Vec<Model>,
    /// Composite types.
    pub composites: Vec<Composite>,
    /// Enums.
    pub enums: Vec<Enumeration>,
    /// The variable that the datasource takes its address from: `env("DATABASE_URL")`.
    pub url_variable: Option<String>,
}

/// A model, or a view.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The collection: `@@map`, else its name.
    pub collection: String,
    /// True for `view`.
    pub is_view: bool,
    /// `@@ignore`: the client does not know it.
    pub ignored: bool,
    /// What it holds, relations apart.
    pub fields: Vec<Field>,
    /// Its relations.
    pub relations: Vec<Relation>,
    /// Uniques and indexes, those of single fields too. The index of `_id` is not among them.
    pub indexes: Vec<Index>,
    /// Where it stands.
    pub place: Place,
}

/// A composite type.
#[derive(Debug, Clone)]
pub struct Composite {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub fields: Vec<Field>,
}

/// An enum.
#[derive(Debug, Clone)]
pub struct Enumeration {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<EnumerationValue>,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub struct EnumerationValue {
    /// As the application says it.
    pub name: String,
    /// As it is stored: `@map`, else its name.
    pub stored: String,
}

/// A field that is stored.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the schema.
    pub name: String,
    /// Its name in documents: `@map`, else its name.
    pub stored: String,
    /// What it holds.
    pub of: FieldType,
    /// How many.
    pub arity: Arity,
    /// `@default`.
    pub default: Option<Default>,
    /// `@updatedAt`.
    pub updated_at: bool,
    /// `@id`.
    pub is_id: bool,
    /// `@ignore`, or a type that no client reads: the client does not know it.
    pub ignored: bool,
    /// Where it stands.
    pub place: Place,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A value of a type that Prisma has.
    Scalar(Scalar),
    /// A value of an enum, by number.
    Enum(usize),
    /// A composite type, by number.
    Composite(usize),
    /// `Unsupported("…")`, which no client reads.
    Unsupported,
}

/// Prisma's types, as MongoDB keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// `String`.
    Text,
    /// `String @db.ObjectId`.
    ObjectId,
    /// `Boolean`.
    Boolean,
    /// `Int`, of 32 bits.
    Int,
    /// `BigInt`.
    BigInt,
    /// `Float`.
    Float,
    /// `DateTime`.
    DateTime,
    /// `Bytes`.
    Bytes,
    /// `Bytes @db.ObjectId`.
    BytesObjectId,
    /// `Json`.
    Json,
}

impl Scalar {
    /// As a schema writes it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::ObjectId => "String @db.ObjectId",
            Self::Boolean => "Boolean",
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Float => "Float",
            Self::DateTime => "DateTime",
            Self::Bytes => "Bytes",
            Self::BytesObjectId => "Bytes @db.ObjectId",
            Self::Json => "Json",
        }
    }
}

/// `@default(…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// A value that is written out: clients read it where none is stored.
    Literal(Literal),
    /// A function, by name: `now`, `auto`, `cuid`, `uuid`.
    Function(String),
}

/// A value that is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A string.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// `true`, `false`, or the name of an enum's value.
    Name(String),
    /// A list.
    List(Vec<Literal>),
}

impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Number(text) | Self::Name(text) => f.write_str(text),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
        }
    }
}

/// A field that stands for documents of another model.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its name in the schema.
    pub name: String,
    /// The other model, by number.
    pub target: usize,
    /// How many documents.
    pub arity: Arity,
    /// What tells it from others between the same models.
    pub relation: Option<String>,
    /// The fields of this model that hold the reference, by number; empty on the other side.
    pub fields: Vec<usize>,
    /// The fields of the other model that they are equal to, by number.
    pub references: Vec<usize>,
    /// `onDelete`.
    pub on_delete: Option<String>,
    /// `@ignore`.
    pub ignored: bool,
    /// Where it stands.
    pub place: Place,
}

/// What an index does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// `@unique`, `@@unique`.
    Unique,
    /// `@@index`.
    Plain,
    /// `@@fulltext`.
    Text,
}

/// An index that `db push` makes.
#[derive(Debug, Clone)]
pub struct Index {
    /// What it does.
    pub kind: IndexKind,
    /// Its name in the database.
    pub name: String,
    /// What it is over.
    pub fields: Vec<IndexField>,
    /// It has a line of its own: `@@unique`, not `@unique`.
    pub own_line: bool,
    /// What a client calls its key: `name:`.
    pub called: Option<String>,
}

impl Index {
    /// The key by which a client finds one document: `businessId_email`.
    pub fn client_key(&self) -> String {
        let called = self.called.clone();
        called.unwrap_or_else(|| self.paths().join("_").replace('.', "_"))
    }

    /// The fields by the names of the schema.
    pub fn paths(&self) -> Vec<&str> {
        self.fields.iter().map(|it| it.path.as_str()).collect()
    }
}

/// A field of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexField {
    /// Its path in the schema: `address.city`.
    pub path: String,
    /// Its path in documents.
    pub stored: String,
    /// `sort: Desc`.
    pub descending: bool,
}

impl Schema {
    /// The other side of a relation: model and relation, by number.
    pub fn other_side(&self, model: usize, relation: usize) -> Option<(usize, usize)> {
        let ours = self.models.get(model)?.relations.get(relation)?;
        let others = &self.models.get(ours.target)?.relations;
        let found = others.iter().enumerate().find(|(at, other)| {
            other.target == model
                && other.relation == ours.relation
                && (ours.target != model || *at != relation)
        });
        found.map(|(at, _)| (ours.target, at))
    }

    /// A field of the schema in words: `Int`, `Status[]`.
    pub fn type_words(&self, of: FieldType) -> String {
        match of {
            FieldType::Scalar(scalar) => scalar.words().to_owned(),
            FieldType::Enum(at) => {
                let found = self.enums.get(at);
                found.map_or_else(String::new, |it| it.name.clone())
            }
            FieldType::Composite(at) => {
                let found = self.composites.get(at);
                found.map_or_else(String::new, |it| it.name.clone())
            }
            FieldType::Unsupported => "Unsupported".to_owned(),
        }
    }
}
