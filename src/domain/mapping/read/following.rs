//! The sections that refer to users and businesses: bookings, and the collections that follow.

use super::values::{
    filter, own_name, places, plain, plain_of, reference, reference_of, required_name,
    required_text,
};
use crate::domain::mapping::filter::id_of_text;
use crate::domain::mapping::form::{Lines, Read, Section, Tree};
use crate::domain::mapping::path::{HopText, ReferencePath};
use crate::domain::mapping::role::{
    BookingRole, BusinessReference, Following, Guest, ServiceRole, Several, UserReference,
};

/// By which member a guest is known, unless the mapping says another order.
const IDENTITY: [&str; 3] = ["email", "phone", "name"];

pub(super) fn booking(
    section: &Section<'_>,
    of_service: Option<&ServiceRole>,
    lines: &Lines,
) -> Read<BookingRole> {
    let service = reference(section, "service")?;
    if let (Some(_), None) = (&service, of_service) {
        return Err(section.bad(
            "service",
            "booking.service names services, so the mapping needs the section [service] with their collection",
        ));
    }
    let over_service = service.clone().zip(of_service).and_then(|(mut way, role)| {
        let then = role.business.clone()?;
        way.hops.push(HopText {
            collection: role.collection.clone(),
            by: None,
            then: then.start,
        });
        way.hops.extend(then.hops);
        Some(way)
    });
    let following = following(section, "customer", over_service, lines)?;
    if following.user.is_none() && following.guest.is_none() {
        section.required("user")?;
    }
    Ok(BookingRole {
        collection: following.collection.clone(),
        customer: following.customer.clone(),
        following,
        service,
        created: plain(section, "created")?,
        when: plain(section, "when")?,
    })
}

/// What bookings and followed collections have in common; `to` is the key of the new reference.
pub(super) fn following(
    section: &Section<'_>,
    to: &str,
    over_service: Option<ReferencePath>,
    lines: &Lines,
) -> Read<Following> {
    let user = section.read("user", |node| match &node.tree {
        Tree::Table(_) => {
            let by = Section::of(&section.path("user"), node, &["email"], lines)?;
            Ok(UserReference::Email(plain_of(
                &by,
                "email",
                by.required("email")?,
            )?))
        }
        _ => Ok(UserReference::Path(reference_of(section, "user", node)?)),
    });
    let business = match section.get("business") {
        Some(node) if matches!(node.tree, Tree::Table(_)) => {
            let one = Section::of(&section.path("business"), node, &["constant"], lines)?;
            let node = one.required("constant")?;
            let id = id_of_text(one.text_of("constant", node)?);
            BusinessReference::Constant(id.map_err(|why| node.bad(why))?)
        }
        Some(node) => {
            let paths = section.list("business").into_iter();
            let paths: Vec<_> = paths
                .map(|node| reference_of(section, "business", node))
                .collect::<Read<_>>()?;
            if paths.is_empty() {
                return Err(section.must_be(
                    "business",
                    node,
                    "a path, several of them, or { constant = \"…\" }",
                ));
            }
            BusinessReference::Paths(paths)
        }
        None => {
            let Some(way) = over_service else {
                let also = if to == "customer" {
                    ", or booking.service and service.business, the way over a booking's service"
                } else {
                    ""
                };
                return Err(section.missing("business", also));
            };
            BusinessReference::Paths(vec![way])
        }
    };
    let members = section.read("guest", |node| {
        let Tree::Table(entries) = &node.tree else {
            return Err(section.must_be("guest", node, "a table, as { name = \"clientName\" }"));
        };
        let members = entries.iter().map(|entry| {
            let name = own_name(section, "guest", &entry.key, &entry.node)?;
            Ok((name, plain_of(section, "guest", &entry.node)?))
        });
        members.collect::<Read<Vec<_>>>()
    })?;
    let identity = section.list("identity").into_iter().map(|node| {
        let word = section.text_of("identity", node)?;
        let known = members.iter().flatten().any(|(member, _)| member == word);
        if !known && !IDENTITY.contains(&word) {
            return Err(node.bad(format!(
                "{} names `{word}`, which is no member of `guest`",
                section.path("identity")
            )));
        }
        Ok(word.to_owned())
    });
    let mut identity: Vec<String> = identity.collect::<Read<_>>()?;
    if identity.is_empty() {
        identity = IDENTITY.map(str::to_owned).to_vec();
    }
    let several = section.read("several", |node| match &node.tree {
        Tree::Text(word) if word == "first" => Ok(Several::First),
        Tree::Text(word) if word == "list" => Ok(Several::List),
        _ => Err(section.must_be("several", node, "\"first\" or \"list\"")),
    });
    Ok(Following {
        collection: required_text(section, "collection")?,
        filter: filter(section, "where")?,
        user: user?,
        business,
        customer: required_name(section, to)?,
        several: several?.unwrap_or_default(),
        in_place: section.truth("in_place")?,
        keep: section.truth("keep")?,
        drop: places(section, "drop")?,
        guest: members.map(|members| Guest {
            members,
            identity,
            fields: Vec::new(),
        }),
    })
}
