//! From the form of a mapping to its roles. Every key is read here, once; what a key means stands in [`super::role`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::filter::{Filter, id_of_text};
use super::form::{BadMapping, Node, Section, Tree};
use super::path::{FieldPath, ReferencePath};
use super::role::{
    AccountRole, BookingRole, BusinessReference, BusinessRole, CustomerRole, Customers, Evidence,
    FieldSource, Following, Given, Guest, NewIds, SchemaRole, SchemaStep, ServiceRole, Several,
    UserReference, UserRole,
};
use super::{Mapping, VERIFIED};

type Lines = RefCell<BTreeMap<String, usize>>;
type Read<T> = Result<T, BadMapping>;

/// Keys of a mapping without `version`.
mod version_1 {
    pub const TOP: &[&str] = &[
        "accounts", "user", "business", "service", "booking", "customer",
    ];
    pub const USER: &[&str] = &[
        "collection",
        "name",
        "email",
        "password",
        "created",
        "contact",
        "phone",
        "country",
    ];
    pub const BUSINESS: &[&str] = &["collection", "name", "owner"];
    pub const SERVICE: &[&str] = &["collection", "business"];
    pub const BOOKING: &[&str] = &["collection", "user", "service", "customer", "created"];
    pub const CUSTOMER: &[&str] = &["collection", "business"];
}

/// Keys of a mapping of version 2.
mod version_2 {
    pub const TOP: &[&str] = &[
        "version", "theme", "accounts", "user", "business", "service", "booking", "customer",
        "follow", "schema", "keys",
    ];
    pub const USER: &[&str] = &[
        "collection",
        "where",
        "name",
        "email",
        "password",
        "evidence",
        "created",
        "contact",
        "phone",
        "country",
        "drop",
        "deleted",
        "customers",
        "business",
    ];
    pub const BUSINESS: &[&str] = &["collection", "where", "name", "owner"];
    pub const SERVICE: &[&str] = &["collection", "name", "business"];
    pub const BOOKING: &[&str] = &[
        "collection",
        "where",
        "user",
        "business",
        "service",
        "customer",
        "several",
        "in_place",
        "keep",
        "drop",
        "created",
        "when",
        "guest",
        "identity",
    ];
    pub const CUSTOMER: &[&str] = &[
        "collection",
        "business",
        "fields",
        "defaults",
        "nulls",
        "ids",
        "adopt",
    ];
    pub const FOLLOW: &[&str] = &[
        "collection",
        "where",
        "user",
        "business",
        "to",
        "several",
        "in_place",
        "keep",
        "drop",
        "guest",
        "identity",
    ];
    pub const SCHEMA: &[&str] = &["before", "after", "with", "rename"];
}

/// Keys of an account collection.
const ACCOUNT: &[&str] = &["collection", "user"];
/// By which member a guest is known, unless the mapping says another order.
const IDENTITY: [&str; 3] = ["email", "phone", "name"];

/// Reads a mapping's form.
pub(super) fn mapping(node: Node, file: &str) -> Read<Mapping> {
    let lines = Lines::default();
    let read = if node.get("version").is_some() {
        whole(&node, &lines)
    } else {
        first_version(&node, &lines)
    };
    let named = |mut bad: BadMapping| {
        file.clone_into(&mut bad.file);
        bad
    };
    let mut mapping = read.map_err(named)?;
    mapping.lines = lines.into_inner();
    file.clone_into(&mut mapping.file);
    mapping.form = node.without(&["theme", "keys"]);
    Ok(mapping)
}

fn path_of(section: &Section<'_>, key: &str, node: &Node) -> Read<FieldPath> {
    let text = section.text_of(key, node)?;
    let path = FieldPath::parse(text);
    path.map_err(|why| node.bad(format!("{}: {why}", section.path(key))))
}

/// A field path that goes through no array.
fn plain_of(section: &Section<'_>, key: &str, node: &Node) -> Read<FieldPath> {
    let path = path_of(section, key, node)?;
    if path.goes_through_arrays() {
        return Err(node.bad(format!(
            "{} names one value of a document, so `{path}` cannot go through an array",
            section.path(key)
        )));
    }
    Ok(path)
}

fn plain(section: &Section<'_>, key: &str) -> Read<Option<FieldPath>> {
    section.read(key, |node| plain_of(section, key, node))
}

fn plains(section: &Section<'_>, key: &str) -> Read<Vec<FieldPath>> {
    let items = section.list(key).into_iter();
    items.map(|node| plain_of(section, key, node)).collect()
}

fn reference_of(section: &Section<'_>, key: &str, node: &Node) -> Read<ReferencePath> {
    let text = section.text_of(key, node)?;
    let path = ReferencePath::parse(text);
    path.map_err(|why| node.bad(format!("{}: {why}", section.path(key))))
}

fn reference(section: &Section<'_>, key: &str) -> Read<Option<ReferencePath>> {
    section.read(key, |node| reference_of(section, key, node))
}

/// A top-level field's name.
fn name_of(section: &Section<'_>, key: &str, node: &Node) -> Read<String> {
    let path = plain_of(section, key, node)?;
    if !path.is_top_level() {
        return Err(node.bad(format!(
            "{} is a field of the document itself, without a dot; it says `{path}`",
            section.path(key)
        )));
    }
    Ok(path.top().to_owned())
}

fn required_text(section: &Section<'_>, key: &str) -> Read<String> {
    let node = section.required(key)?;
    Ok(section.text_of(key, node)?.to_owned())
}

fn required_name(section: &Section<'_>, key: &str) -> Read<String> {
    name_of(section, key, section.required(key)?)
}

fn filter(section: &Section<'_>, key: &str) -> Read<Option<Filter>> {
    section.read(key, Filter::read)
}

fn first_version(node: &Node, lines: &Lines) -> Read<Mapping> {
    use version_1 as keys;
    let top = Section::of("", node, keys::TOP, lines)?;
    let section = |name: &str, keys: &[&str]| Section::of(name, top.required(name)?, keys, lines);
    let of_user = section("user", keys::USER)?;
    for key in ["name", "email", "password", "created", "contact"] {
        of_user.required(key)?;
    }
    let user = UserRole {
        evidence: vec![Evidence::Field(FieldPath::field(VERIFIED))],
        ..user(&of_user, true)?
    };
    let of_business = section("business", keys::BUSINESS)?;
    of_business.required("name")?;
    of_business.required("owner")?;
    let of_service = section("service", keys::SERVICE)?;
    of_service.required("business")?;
    let of_booking = section("booking", keys::BOOKING)?;
    for key in ["user", "service", "created"] {
        of_booking.required(key)?;
    }
    let service = service(&of_service)?;
    Ok(Mapping {
        accounts: accounts(&top, lines)?,
        business: Box::new(business(&of_business)?),
        booking: Box::new(booking(&of_booking, Some(&service), lines)?),
        service: Some(service),
        customer: Box::new(customer(&section("customer", keys::CUSTOMER)?)?),
        ..Mapping::of(user)
    })
}

fn whole(node: &Node, lines: &Lines) -> Read<Mapping> {
    use version_2 as keys;
    let top = Section::of("", node, keys::TOP, lines)?;
    let version = top.required("version")?;
    if !matches!(version.tree, Tree::Integer(2)) {
        return Err(
            version.bad("version must be 2 (a mapping without it is one of version 1)".to_owned())
        );
    }
    let section = |name: &str, keys: &[&str]| {
        let node = top.get(name);
        node.map(|node| Section::of(name, node, keys, lines))
            .transpose()
    };
    let service = match section("service", keys::SERVICE)? {
        Some(section) => Some(service(&section)?),
        None => None,
    };
    let of_booking = Section::of("booking", top.required("booking")?, keys::BOOKING, lines)?;
    let booking = booking(&of_booking, service.as_ref(), lines)?;
    let user = match section("user", keys::USER)? {
        Some(section) => user(&section, false)?,
        None if booking.following.user.is_none() => UserRole::default(),
        None => {
            return Err(node.bad(
                "the mapping needs the section [user], for [booking] names users".to_owned(),
            ));
        }
    };
    let constant = matches!(booking.following.business, BusinessReference::Constant(_));
    let business = match section("business", keys::BUSINESS)? {
        Some(section) if constant => {
            return Err(section.bad(
                "",
                "[booking] names one business for all, so a section [business] has nothing to say: remove one of the two",
            ));
        }
        Some(section) => business(&section)?,
        None if constant => BusinessRole::default(),
        None => return Err(node.bad("the mapping needs the section [business]".to_owned())),
    };
    let follow = top
        .list("follow")
        .into_iter()
        .enumerate()
        .map(|(at, node)| {
            let section = Section::of(&format!("follow.{at}"), node, keys::FOLLOW, lines)?;
            following(&section, "to", None, lines)
        });
    Ok(Mapping {
        accounts: accounts(&top, lines)?,
        business: Box::new(business),
        service,
        booking: Box::new(booking),
        customer: Box::new(customer(&Section::of(
            "customer",
            top.required("customer")?,
            keys::CUSTOMER,
            lines,
        )?)?),
        follow: follow.collect::<Read<_>>()?,
        schema: section("schema", keys::SCHEMA)?
            .map(|section| schema(&section))
            .transpose()?,
        theme: top.text("theme")?.map(str::to_owned),
        keys: top
            .read("keys", |node| texts(&top, "keys", node))?
            .unwrap_or_default(),
        ..Mapping::of(user)
    })
}

fn accounts(top: &Section<'_>, lines: &Lines) -> Read<Vec<AccountRole>> {
    let rows = top.list("accounts").into_iter().enumerate();
    rows.map(|(at, node)| {
        let section = Section::of(&format!("accounts.{at}"), node, ACCOUNT, lines)?;
        Ok(AccountRole {
            collection: required_text(&section, "collection")?,
            user: reference_of(&section, "user", section.required("user")?)?,
        })
    })
    .collect()
}

fn user(section: &Section<'_>, first_version: bool) -> Read<UserRole> {
    let contact = plains(section, "contact")?;
    let member = |key: &str, usual: &str| -> Read<String> {
        match section.get(key) {
            None if first_version => Ok(usual.to_owned()),
            None => Ok(String::new()),
            Some(node) => {
                let path = plain_of(section, key, node)?;
                if !first_version && !contact.contains(&path) {
                    return Err(node.bad(format!(
                        "{} must be one of the fields of `contact`, and `{path}` is none of them",
                        section.path(key)
                    )));
                }
                Ok(path.last().to_owned())
            }
        }
    };
    let evidence = section
        .list("evidence")
        .into_iter()
        .map(|node| match node.tree {
            Tree::Text(_) => Ok(Evidence::Field(plain_of(section, "evidence", node)?)),
            _ => Ok(Evidence::Filter(Filter::read(node)?)),
        });
    let customers = section.read("customers", |node| match &node.tree {
        Tree::Text(word) if word == "no-password" => Ok(Customers::NoPassword),
        Tree::Text(word) if word == "everybody" => Ok(Customers::Everybody),
        Tree::Table(_) => Ok(Customers::Filter(Filter::read(node)?)),
        _ => Err(node.bad(
            "user.customers is \"no-password\", \"everybody\", or a filter as { role = \"client\" }".to_owned(),
        )),
    });
    Ok(UserRole {
        collection: required_text(section, "collection")?,
        filter: filter(section, "where")?,
        names: plains(section, "name")?,
        emails: plain(section, "email")?,
        passwords: plains(section, "password")?,
        evidence: evidence.collect::<Read<_>>()?,
        creation: plain(section, "created")?,
        phone: member("phone", "phone")?,
        country: member("country", "country")?,
        contact_paths: contact,
        drop: plains(section, "drop")?,
        deleted: section
            .list("deleted")
            .into_iter()
            .map(Filter::read)
            .collect::<Read<_>>()?,
        customers: customers?.unwrap_or_default(),
        business: reference(section, "business")?,
        ..UserRole::default()
    })
}

fn business(section: &Section<'_>) -> Read<BusinessRole> {
    section.required("collection")?;
    let collections = section.list("collection").into_iter();
    let collections = collections.map(|node| Ok(section.text_of("collection", node)?.to_owned()));
    let collections: Vec<String> = collections.collect::<Read<_>>()?;
    if collections.is_empty() {
        return Err(section.must_be(
            "collection",
            section.required("collection")?,
            "a collection, or several",
        ));
    }
    Ok(BusinessRole {
        collections,
        filter: filter(section, "where")?,
        name: plain(section, "name")?,
        owner: reference(section, "owner")?,
    })
}

fn service(section: &Section<'_>) -> Read<ServiceRole> {
    Ok(ServiceRole {
        collection: required_text(section, "collection")?,
        name: plain(section, "name")?,
        business: reference(section, "business")?,
    })
}

fn booking(
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
        way.hops.push(super::path::HopText {
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
fn following(
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
        let members = entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), plain_of(section, "guest", &entry.node)?)));
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
        drop: plains(section, "drop")?,
        guest: members.map(|members| Guest { members, identity }),
    })
}

fn customer(section: &Section<'_>) -> Read<CustomerRole> {
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
                field,
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
        let given = entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), given(&entry.node)?)));
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
    let adopt = match section.get("adopt") {
        None => vec!["email"],
        Some(_) => {
            let words = section.list("adopt").into_iter().map(|node| {
                let word = section.text_of("adopt", node)?;
                if !["email", "phone"].contains(&word) {
                    return Err(node.bad(format!(
                        "customer.adopt knows \"email\" and \"phone\", and not `{word}`"
                    )));
                }
                Ok(word)
            });
            words.collect::<Read<_>>()?
        }
    };
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

fn given(node: &Node) -> Read<Given> {
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

fn texts(section: &Section<'_>, key: &str, node: &Node) -> Read<Vec<(String, String)>> {
    let Tree::Table(entries) = &node.tree else {
        return Err(section.must_be(key, node, "a table of texts"));
    };
    let texts = entries.iter().map(|entry| {
        let text = section.text_of(&format!("{key}.{}", entry.key), &entry.node)?;
        Ok((entry.key.clone(), text.to_owned()))
    });
    texts.collect()
}

fn schema(section: &Section<'_>) -> Read<SchemaRole> {
    let with = section.read("with", |node| match &node.tree {
        Tree::Text(word) if word == "cut-over" => Ok(SchemaStep::WithCutOver),
        Tree::Text(word) if word == "own-step" => Ok(SchemaStep::OwnStep),
        _ => Err(section.must_be("with", node, "\"cut-over\" or \"own-step\"")),
    });
    let rename = section.read("rename", |node| texts(section, "rename", node));
    Ok(SchemaRole {
        before: section.text("before")?.map(str::to_owned),
        after: section.text("after")?.map(str::to_owned),
        with: with?.unwrap_or_default(),
        rename: rename?.unwrap_or_default(),
    })
}
