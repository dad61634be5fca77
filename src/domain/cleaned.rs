//! The transform of a user: contact data that was copied leaves, whole fields and members of documents.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::decision::Contact;
use super::mapping::UserRole;
use super::mapping::path::Step;
use super::raw::{Builder, Malformed, Value, elements, kind};

const NULL: Value<'_> = Value {
    kind: kind::NULL,
    bytes: &[],
};

/// The user without contact fields, with null in them, or as it is.
///
/// # Errors
/// A document that is not BSON.
pub fn user(
    role: &UserRole,
    cleaning: Option<Contact>,
    document: &RawDocument,
) -> Result<RawDocumentBuf, Malformed> {
    let Some(contact) = cleaning else {
        return Ok(document.to_owned());
    };
    let mut out = Builder::new(document.as_bytes().len());
    for element in elements(document) {
        let element = element?;
        if !role.leaves(element.key) {
            out.element(&element);
        } else if !role.leaves_whole(element.key) {
            let members = role.contact_paths.iter().map(|path| (path, true));
            let members = members.chain(role.drop.iter().map(|path| (path, false)));
            let of_this = members.filter(|(path, _)| path.top().as_bytes() == element.key);
            let members: Vec<Member<'_>> = of_this
                .map(|(path, is_contact)| Member {
                    names: path.steps().get(1..).unwrap_or_default(),
                    is_null: is_contact && contact == Contact::Null,
                })
                .collect();
            match without(element.value, &members) {
                Rest::Same => {
                    out.element(&element);
                }
                Rest::Less(rest) => {
                    out.document(&String::from_utf8_lossy(element.key), &rest);
                }
                Rest::Nothing => {}
            }
        } else if contact == Contact::Null && role.is_contact(element.key) {
            out.value(&String::from_utf8_lossy(element.key), NULL);
        }
    }
    Ok(out.finish())
}

/// A member of a field that leaves, or becomes null.
struct Member<'a> {
    names: &'a [Step],
    is_null: bool,
}

/// What is left of a value.
enum Rest {
    Same,
    Less(RawDocumentBuf),
    Nothing,
}

/// A document without some of its members, and without what then holds nothing.
fn without(value: Value<'_>, members: &[Member<'_>]) -> Rest {
    let document = RawDocument::from_bytes(value.bytes);
    let (kind::DOCUMENT, Ok(document)) = (value.kind, document) else {
        return Rest::Same;
    };
    let mut out = Builder::new(document.as_bytes().len());
    let (mut any, mut changed) = (false, false);
    for element in elements(document).map_while(Result::ok) {
        let of_this = members.iter().filter_map(|member| {
            let (first, rest) = member.names.split_first()?;
            (first.name.as_bytes() == element.key).then_some(Member {
                names: rest,
                is_null: member.is_null,
            })
        });
        let of_this: Vec<Member<'_>> = of_this.collect();
        let key = String::from_utf8_lossy(element.key);
        if let Some(whole) = of_this.iter().find(|member| member.names.is_empty()) {
            changed = true;
            if whole.is_null {
                out.value(&key, NULL);
                any = true;
            }
            continue;
        }
        let rest = if of_this.is_empty() {
            Rest::Same
        } else {
            without(element.value, &of_this)
        };
        changed |= !matches!(rest, Rest::Same);
        match rest {
            Rest::Same => out.element(&element),
            Rest::Less(rest) => out.document(&key, &rest),
            Rest::Nothing => continue,
        };
        any = true;
    }
    match (changed, any) {
        (false, _) => Rest::Same,
        (true, true) => Rest::Less(out.finish()),
        (true, false) => Rest::Nothing,
    }
}
