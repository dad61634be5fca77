//! The section of customers.

use super::values::{name_of, own_name, required_name, required_text, texts};
use crate::domain::mapping::form::{Node, Read, Section, Tree};
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::role::{CustomerRole, FieldSource, Given, NewIds};

pub(super) fn customer(section: &Section<'_>) -> Read<CustomerRole> {
    let fields = section.read("fields", |node| {
        let texts = texts(section, "fields", node)?.into_iter();
        let sources = texts.map(|(field, source)| {
            let (collection, place) = match source.split_once('>') {
                Some((collection, place)) => {
                    (Some(collection.trim().trim_matches('`').to_owned()), place)
                }
                None => (None, source.as_str()),
            };
            let place = FieldPath::parse(place)
                .map_err(|why| node.bad(format!("customer.fields: {why}")))?;
            Ok((
                own_name(section, "fields", &field, node)?,
                match collection {
                    Some(collection) => FieldSource::Hop {
                        collection,
                        field: place,
                    },
                    None => FieldSource::Of(place),
                },
            ))
        });
        sources.collect::<Read<Vec<_>>>()
    });
    let defaults = section.read("defaults", |node| {
        let Tree::Table(entries) = &node.tree else {
            return Err(section.must_be("defaults", node, "a table of fields and values"));
        };
        let given = entries.iter().map(|entry| {
            let name = own_name(section, "defaults", &entry.key, &entry.node)?;
            Ok((name, given(&entry.node)?))
        });
        given.collect::<Read<Vec<_>>>()
    });
    let nulls = section
        .list("nulls")
        .into_iter()
        .map(|node| name_of(section, "nulls", node));
    let ids = section.read("ids", |node| match &node.tree {
        Tree::Text(word) if word == "objectid" => Ok(NewIds::ObjectId),
        Tree::Text(word) if word == "uuid" => Ok(NewIds::Uuid),
        Tree::Text(word) if word == "string" => Ok(NewIds::String),
        _ => Err(section.must_be("ids", node, "\"objectid\", \"uuid\" or \"string\"")),
    });
    let adopt = section.list("adopt").into_iter().map(|node| {
        let word = section.text_of("adopt", node)?;
        if !["email", "phone"].contains(&word) {
            return Err(node.bad(format!(
                "customer.adopt knows \"email\" and \"phone\", and not `{word}`"
            )));
        }
        Ok(word)
    });
    let mut adopt = adopt.collect::<Read<Vec<_>>>()?;
    if section.get("adopt").is_none() {
        adopt.push("email");
    }
    Ok(CustomerRole {
        collection: required_text(section, "collection")?,
        business: required_name(section, "business")?,
        fields: fields?.unwrap_or_default(),
        defaults: defaults?.unwrap_or_default(),
        nulls: nulls.collect::<Read<_>>()?,
        ids: ids?,
        adopt_by_email: adopt.contains(&"email"),
        adopt_by_phone: adopt.contains(&"phone"),
    })
}

pub(super) fn given(node: &Node) -> Read<Given> {
    Ok(match &node.tree {
        Tree::Text(text) => Given::Text(text.clone()),
        Tree::Integer(number) => Given::Integer(*number),
        Tree::Float(number) => Given::Float(*number),
        Tree::Boolean(truth) => Given::Boolean(*truth),
        Tree::List(items) => Given::List(items.iter().map(given).collect::<Read<_>>()?),
        Tree::Date(_) | Tree::Table(_) => {
            return Err(node
                .bad("a default is a text, a number, true, false, or a list of those".to_owned()));
        }
    })
}
