//! Attributes: which a line may have, and what their arguments say.

use std::collections::BTreeSet;

use super::{Names, hint};
use crate::domain::text::safe;
use crate::prisma::ast::{Attribute, Expression, Value};
use crate::prisma::source::Flaw;

/// Refuses an attribute that no `what` has. Those of the datasource, such as `@db.ObjectId`, are looked at elsewhere.
pub(super) fn allowed(
    attributes: &[Attribute],
    known: &[&str],
    what: &str,
    names: &Names,
) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    for attribute in attributes {
        let name = attribute.name.text.as_str();
        let shown = safe(name, 60);
        let several = matches!(name, "index" | "unique" | "fulltext");
        let again = !seen.insert(name);
        if again && !(several && what == "model") {
            let message = format!("`{shown}` stands here twice");
            return Err(Flaw::new(attribute.name.place, message));
        }
        if native(attribute, names).is_some() || known.contains(&name) {
            continue;
        }
        let near = hint(name, known.iter().copied());
        let message = format!("no {what} has the attribute `{shown}`{near}");
        return Err(Flaw::new(attribute.name.place, message));
    }
    Ok(())
}

/// The type of `@db.ObjectId`: what follows the datasource's name.
pub(super) fn native<'a>(attribute: &'a Attribute, names: &Names) -> Option<&'a str> {
    let (source, of) = attribute.name.text.split_once('.')?;
    let known = names.datasource.as_deref();
    known.is_none_or(|known| known == source).then_some(of)
}

/// The attribute of that name.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|it| it.name.text == name)
}

/// The string that an attribute takes: `@map("_id")`, `@map(name: "_id")`.
pub(super) fn text_argument(
    attributes: &[Attribute],
    attribute: &str,
    argument: &str,
) -> Result<Option<String>, Flaw> {
    let Some(found) = find(attributes, attribute) else {
        return Ok(None);
    };
    match found.argument(argument, true) {
        Some(value) => text(value).map(Some),
        None => Err(Flaw::new(
            found.name.place,
            format!("`{attribute}` takes a name in quotes"),
        )),
    }
}

/// A string.
pub(super) fn text(value: &Expression) -> Result<String, Flaw> {
    match &value.value {
        Value::Text(text) if text.is_empty() => Err(Flaw::new(value.place, "this name is empty")),
        Value::Text(text) => Ok(text.clone()),
        _ => Err(Flaw::new(value.place, "expected a name in quotes")),
    }
}

/// The members of a list. One name alone is a list too, as Prisma has it.
pub(super) fn members(value: &Expression) -> Vec<&Expression> {
    match &value.value {
        Value::List(values) => values.iter().collect(),
        _ => vec![value],
    }
}

/// A name without points.
pub(super) fn single_name(value: &Expression) -> Result<&str, Flaw> {
    match &value.value {
        Value::Path(path) if path.len() == 1 => Ok(&path[0]),
        _ => Err(Flaw::new(value.place, "expected the name of a field")),
    }
}
