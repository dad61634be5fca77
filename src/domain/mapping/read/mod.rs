//! From the form of a mapping to its roles. Every key is read here, once; what a key means stands in [`super::role`].

mod customer;
mod following;
mod values;

use super::filter::Filter;
use super::form::{BadMapping, Lines, Node, Read, Section, Tree};
use super::path::FieldPath;
use super::role::{
    AccountRole, BusinessReference, BusinessRole, Customers, Evidence, SchemaRole, SchemaStep,
    ServiceRole, UserRole,
};
use super::{Mapping, VERIFIED};
use customer::customer;
use following::{booking, following};
use values::{
    dropped_of_users, filter, plain, plain_of, plains, reference, reference_of, required_text,
    texts,
};

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
            section.required("user")?;
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
        drop: dropped_of_users(section)?,
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
