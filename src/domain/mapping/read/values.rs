//! The values of keys: paths, filters, names.

use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::form::{Node, Read, Section, Tree};
use crate::domain::mapping::path::{FieldPath, ReferencePath};

pub(super) fn path_of(section: &Section<'_>, key: &str, node: &Node) -> Read<FieldPath> {
    let text = section.text_of(key, node)?;
    let path = FieldPath::parse(text);
    path.map_err(|why| node.bad(format!("{}: {why}", section.path(key))))
}

/// A field path that goes through no array.
pub(super) fn plain_of(section: &Section<'_>, key: &str, node: &Node) -> Read<FieldPath> {
    let path = path_of(section, key, node)?;
    if path.goes_through_arrays() {
        return Err(node.bad(format!(
            "{} names one value of a document, so `{path}` cannot go through an array",
            section.path(key)
        )));
    }
    Ok(path)
}

pub(super) fn plain(section: &Section<'_>, key: &str) -> Read<Option<FieldPath>> {
    section.read(key, |node| plain_of(section, key, node))
}

pub(super) fn plains(section: &Section<'_>, key: &str) -> Read<Vec<FieldPath>> {
    let items = section.list(key).into_iter();
    items.map(|node| plain_of(section, key, node)).collect()
}

/// Field paths of what leaves users: whole fields, and members of documents.
pub(super) fn dropped_of_users(section: &Section<'_>) -> Read<Vec<FieldPath>> {
    let items = section.list("drop").into_iter();
    let paths = items.map(|node| {
        let path = path_of(section, "drop", node)?;
        let mut through = path.steps().iter();
        let array = through.position(|step| step.each);
        let Some(at) = array else { return Ok(path) };
        let whole: Vec<&str> = path.steps()[..=at].iter().map(|it| it.name.as_str()).collect();
        Err(node.bad(format!(
            "{} takes fields, and members of documents, out of users. `{path}` is a member of what stands in an array, and these stay whole: name the array itself, `{}`, or leave it out",
            section.path("drop"),
            whole.join(".")
        )))
    });
    paths.collect()
}

/// Field paths, through arrays too.
pub(super) fn places(section: &Section<'_>, key: &str) -> Read<Vec<FieldPath>> {
    let items = section.list(key).into_iter();
    items.map(|node| path_of(section, key, node)).collect()
}

pub(super) fn reference_of(section: &Section<'_>, key: &str, node: &Node) -> Read<ReferencePath> {
    let text = section.text_of(key, node)?;
    let path = ReferencePath::parse(text);
    path.map_err(|why| node.bad(format!("{}: {why}", section.path(key))))
}

pub(super) fn reference(section: &Section<'_>, key: &str) -> Read<Option<ReferencePath>> {
    section.read(key, |node| reference_of(section, key, node))
}

/// A top-level field's name.
pub(super) fn name_of(section: &Section<'_>, key: &str, node: &Node) -> Read<String> {
    let path = plain_of(section, key, node)?;
    if !path.is_top_level() {
        return Err(node.bad(format!(
            "{} is a field of the document itself, without a dot; it says `{path}`",
            section.path(key)
        )));
    }
    Ok(path.top().to_owned())
}

/// The name of a customer's field, as a key of a table.
pub(super) fn own_name(section: &Section<'_>, key: &str, name: &str, node: &Node) -> Read<String> {
    let path = FieldPath::parse(name).ok();
    if path.is_none_or(|path| !path.is_top_level() || path.top() != name) {
        return Err(node.bad(format!(
            "{}: `{name}` cannot be a field of a customer: it is a name without dots and brackets, and without a $ in front",
            section.path(key)
        )));
    }
    Ok(name.to_owned())
}

pub(super) fn required_text(section: &Section<'_>, key: &str) -> Read<String> {
    let node = section.required(key)?;
    Ok(section.text_of(key, node)?.to_owned())
}

pub(super) fn required_name(section: &Section<'_>, key: &str) -> Read<String> {
    name_of(section, key, section.required(key)?)
}

pub(super) fn filter(section: &Section<'_>, key: &str) -> Read<Option<Filter>> {
    section.read(key, Filter::read)
}

pub(super) fn texts(section: &Section<'_>, key: &str, node: &Node) -> Read<Vec<(String, String)>> {
    let Tree::Table(entries) = &node.tree else {
        return Err(section.must_be(key, node, "a table of texts"));
    };
    let texts = entries.iter().map(|entry| {
        let text = section.text_of(&format!("{key}.{}", entry.key), &entry.node)?;
        Ok((entry.key.clone(), text.to_owned()))
    });
    texts.collect()
}
