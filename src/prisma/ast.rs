//! What a schema's text says, block by block, before names are looked up.

use super::source::Place;

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) place: Place,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// What a value can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(String),
    /// A name, or names with points between: `true`, `Cascade`, `address.city`.
    Path(Vec<String>),
    /// A function with its arguments: `now()`, `email(sort: Desc)`.
    Call(Vec<String>, Vec<Argument>),
    List(Vec<Expression>),
}

/// An argument, named or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) name: Option<Name>,
    pub(super) value: Expression,
}

/// `@name(arguments)` or `@@name(arguments)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// With its points: `db.ObjectId`.
    pub(super) name: Name,
    pub(super) arguments: Vec<Argument>,
}

impl Attribute {
    /// The argument of that name, or the first one without a name where `or_first`.
    pub(super) fn argument(&self, name: &str, or_first: bool) -> Option<&Expression> {
        let named = |it: &&Argument| it.name.as_ref().is_some_and(|it| it.text == name);
        let mut arguments = self.arguments.iter();
        let found = arguments.find(named).or_else(|| {
            let first = self.arguments.first();
            first.filter(|it| or_first && it.name.is_none())
        });
        found.map(|argument| &argument.value)
    }
}

/// How many values a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// One.
    Required,
    /// One or none: `?`.
    Optional,
    /// Any number: `[]`.
    List,
}

/// A line of a model or composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Name,
    pub(super) of: Name,
    /// `Unsupported("…")`.
    pub(super) unsupported: bool,
    pub(super) arity: Arity,
    pub(super) attributes: Vec<Attribute>,
}

/// A line of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EnumValue {
    pub(super) name: Name,
    pub(super) attributes: Vec<Attribute>,
}

/// What holds fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Model,
    View,
    Composite,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Fields {
        holder: Holder,
        name: Name,
        fields: Vec<Field>,
        attributes: Vec<Attribute>,
    },
    Enum {
        name: Name,
        values: Vec<EnumValue>,
        attributes: Vec<Attribute>,
    },
    /// `datasource` or `generator`.
    Config {
        datasource: bool,
        name: Name,
        entries: Vec<(Name, Option<Expression>)>,
    },
}
