//! How a document names users on its way back: in the form that the application's documents have, an id, a DBRef, or a list of either.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::booking::BookingPaths;
use super::path::DBREF;
use crate::domain::raw::{Builder, Element, Value, elements, get, kind};

/// The form in which bookings name their users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Form {
    /// The id itself.
    #[default]
    Id,
    /// A list, each element of this form.
    List(Box<Form>),
    /// A DBRef: its members as they stand, but for the id.
    DbRef(Vec<Option<Vec<u8>>>),
}

impl Form {
    fn of(value: Value<'_>) -> Self {
        let inner = RawDocument::from_bytes(value.bytes);
        match (value.kind, inner) {
            (kind::ARRAY, Ok(list)) => {
                let first = elements(list).map_while(Result::ok).next();
                let first = first.filter(|it| it.value.kind != kind::ARRAY);
                Self::List(Box::new(
                    first.map(|it| Self::of(it.value)).unwrap_or_default(),
                ))
            }
            (kind::DOCUMENT, Ok(inner)) if get(inner, DBREF).is_some() => {
                let members = elements(inner).map_while(Result::ok);
                let member =
                    |it: Element<'_>| (it.key != DBREF.as_bytes()).then(|| it.whole.to_vec());
                Self::DbRef(members.map(member).collect())
            }
            _ => Self::Id,
        }
    }

    /// A document that names these under `key`, and holds nothing else.
    fn holder(&self, key: &str, named: &[Value<'_>]) -> RawDocumentBuf {
        let mut whole = Builder::new(32);
        match (self, named) {
            (Self::List(form), named) => {
                let items: Vec<RawDocumentBuf> = named
                    .iter()
                    .map(|item| form.holder("", std::slice::from_ref(item)))
                    .collect();
                whole.array(key, items.iter().filter_map(|item| get(item, "")));
            }
            (_, []) => {}
            (Self::Id, [one]) => {
                whole.value(key, *one);
            }
            (Self::DbRef(members), [one]) => {
                let mut inner = Builder::new(32);
                for member in members {
                    match member {
                        Some(bytes) => inner.whole(bytes),
                        None => inner.value(DBREF, *one),
                    };
                }
                whole.document(key, &inner.finish());
            }
            // Several where the others name one each.
            (Self::Id | Self::DbRef(_), several) => {
                return Self::List(Box::new(self.clone())).holder(key, several);
            }
        }
        whole.finish()
    }
}

impl BookingPaths {
    /// The form in which a booking names its user; `None` where it names none.
    pub fn form(&self, booking: &RawDocument) -> Option<Form> {
        self.user.read(booking).named()?;
        let value = match &self.nested {
            Some(_) => {
                let lifted = self.lifted(booking).ok()?;
                return get(&lifted, self.user_key()).map(Form::of);
            }
            None => get(booking, self.user.key())?,
        };
        Some(Form::of(value))
    }

    /// The element by which a booking names this: a user, or a document on the way to one.
    pub fn naming(&self, named: Value<'_>, form: &Form) -> Vec<u8> {
        self.naming_all(&[named], form)
    }

    /// The same for several.
    pub fn naming_all(&self, named: &[Value<'_>], form: &Form) -> Vec<u8> {
        let document = form.holder(self.user_key(), named);
        let element = elements(&document).map_while(Result::ok).next();
        element.map_or_else(Vec::new, |element| element.whole.to_vec())
    }
}
