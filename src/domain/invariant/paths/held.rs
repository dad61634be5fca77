//! What the proof says a document holds once its reference left: of a nested one the rest, of dropped members the rest; and which customers the new
//! field names.

use std::borrow::Cow;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::read::{bare, dropped, not_null};
use super::{Ids, ProofPaths};
use crate::domain::raw::{Builder, Element, Value, elements, kind};

/// The one element of a document, as its bytes; none where it holds nothing.
fn only_element(document: &RawDocument) -> Option<Vec<u8>> {
    let element = elements(document).map_while(Result::ok).next()?;
    Some(element.whole.to_vec())
}

impl ProofPaths {
    /// True where the new reference is a list.
    pub(in crate::domain::invariant) fn lists(&self) -> bool {
        self.lists
    }

    /// The customers that a value of the new field names; null and a missing field name none.
    pub(in crate::domain::invariant) fn customers_in(&self, value: Option<Value<'_>>) -> Ids {
        let Some(value) = value else {
            return Ids::new();
        };
        match RawDocument::from_bytes(value.bytes) {
            Ok(items) if self.lists && value.kind == kind::ARRAY => {
                let items = elements(items).map_while(Result::ok);
                items.filter_map(|item| not_null(item.value)).collect()
            }
            _ => not_null(value).into_iter().collect(),
        }
    }

    /// True where the reference stands inside another document, out of which it leaves.
    pub(in crate::domain::invariant) fn is_nested(&self) -> bool {
        !self.user.start.is_top_level() && !self.keeps
    }

    /// What must be left of an element that does not leave whole; nothing where it held nothing else than what leaves.
    pub(in crate::domain::invariant) fn remains_of<'e>(
        &self,
        element: &Element<'e>,
    ) -> Option<Cow<'e, [u8]>> {
        let is_under = |top: &str| top.as_bytes() == element.key;
        let of_user = self.is_nested() && is_under(self.user.start.top());
        let drops = self.drops.iter().filter(|it| !it.is_top_level());
        let mut drops = drops.filter(|it| is_under(it.top())).peekable();
        if !of_user && drops.peek().is_none() {
            return Some(Cow::Borrowed(element.whole));
        }
        let mut left: RawDocumentBuf = {
            let mut alone = Builder::new(element.whole.len());
            alone.element(element);
            alone.finish()
        };
        for path in drops {
            left = dropped(&left, path.steps());
        }
        if of_user && self.user.start.value(&left).is_some() {
            left = bare(&left, self.user.start.steps())?;
        }
        only_element(&left).map(Cow::Owned)
    }
}
