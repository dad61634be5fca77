//! How the mapping writes a place in a document and the way from one document to another: `local.email`, `items[].serviceId`,
//! `profileId > Profile.userId`, `stylist > branches(stylists).code`. Only the form is read here; the resolvers follow it.

use std::fmt;

use bson::raw::RawDocument;

use crate::domain::raw::{Value, get, kind};

/// One name of a field path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The field.
    pub name: String,
    /// Its value is an array, and the path goes on in each of its elements.
    pub each: bool,
}

/// A place in one document: names joined by dots; `[]` behind a name goes into each element of an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath {
    steps: Vec<Step>,
}

/// A document on a way: what was named so far leads to one of `collection`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HopText {
    /// The collection.
    pub collection: String,
    /// The field by which its documents are known there; `_id` unless said.
    pub by: Option<FieldPath>,
    /// Where the way goes on in it.
    pub then: FieldPath,
}

/// How a document finds another: a place in it, then the documents between.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferencePath {
    /// The place in the first document.
    pub start: FieldPath,
    /// The documents between.
    pub hops: Vec<HopText>,
}

impl FieldPath {
    /// Reads a field path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let step = |part: &str| {
            let (name, each) = match part.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (part, false),
            };
            let odd = name.trim() != name || name.contains(['[', ']', '(', ')', '>', '`', '\0']);
            if name.is_empty() || name.starts_with('$') || odd {
                return Err(format!(
                    "`{text}` is no field path: write names joined by dots, with [] behind an array that it goes through, as `items[].serviceId`"
                ));
            }
            Ok(Step {
                name: name.to_owned(),
                each,
            })
        };
        let mut steps = text.split('.').map(step).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = steps.last_mut() {
            last.each = false; // an array of plain values needs no []
        }
        Ok(Self { steps })
    }

    /// The path of one field.
    pub fn field(name: &str) -> Self {
        Self {
            steps: vec![Step {
                name: name.to_owned(),
                each: false,
            }],
        }
    }

    /// Its steps; there is at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The top-level field.
    pub fn top(&self) -> &str {
        self.steps.first().map_or("", |step| &step.name)
    }

    /// The last name.
    pub fn last(&self) -> &str {
        self.steps.last().map_or("", |step| &step.name)
    }

    /// True for a top-level field.
    pub fn is_top_level(&self) -> bool {
        self.steps.len() == 1
    }

    /// True where it goes through the elements of an array.
    pub fn goes_through_arrays(&self) -> bool {
        self.steps.iter().any(|step| step.each)
    }

    /// True where it begins with all of `other`'s names, or is the same.
    pub fn is_within(&self, other: &Self) -> bool {
        let names = |path: &Self| {
            path.steps
                .iter()
                .map(|it| it.name.clone())
                .collect::<Vec<_>>()
        };
        names(self).starts_with(&names(other))
    }

    /// The value at a path that goes through no array.
    pub fn value<'a>(&self, document: &'a RawDocument) -> Option<Value<'a>> {
        self.value_under(get(document, self.top())?)
    }

    /// The same, where the value of its top-level field is known already.
    pub fn value_under<'a>(&self, top: Value<'a>) -> Option<Value<'a>> {
        let mut inner = self.steps.iter().skip(1);
        inner.try_fold(top, |value, step| {
            let held = Some(value).filter(|value| value.kind == kind::DOCUMENT)?;
            get(RawDocument::from_bytes(held.bytes).ok()?, &step.name)
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let (dot, each) = (
                if at > 0 { "." } else { "" },
                if step.each { "[]" } else { "" },
            );
            write!(f, "{dot}{}{each}", step.name)?;
        }
        Ok(())
    }
}

impl ReferencePath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = split_hops(text).into_iter();
        let start = FieldPath::parse(parts.next().unwrap_or_default())?;
        let hops = parts.map(HopText::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { start, hops })
    }

    /// The path of one field.
    pub fn field(name: &str) -> Self {
        Self {
            start: FieldPath::field(name),
            hops: Vec::new(),
        }
    }

    /// The top-level field, where the path is nothing else.
    pub fn as_field(&self) -> Option<&str> {
        (self.hops.is_empty() && self.start.is_top_level()).then(|| self.start.top())
    }
}

impl fmt::Display for ReferencePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start)?;
        self.hops.iter().try_for_each(|hop| write!(f, " > {hop}"))
    }
}

impl HopText {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is no step of a path: write `collection.field` or `collection(field).field`, with the collection in back quotes where its name holds a dot",
                text.trim()
            )
        };
        let text = text.trim();
        let (collection, rest) = match text.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`').ok_or_else(wrong)?,
            None => text.split_at(text.find(['.', '(']).ok_or_else(wrong)?),
        };
        let collection = collection.trim();
        let (by, then) = match rest.trim_start().strip_prefix('(') {
            Some(rest) => {
                let (by, rest) = rest.split_once(')').ok_or_else(wrong)?;
                (Some(FieldPath::parse(by)?), rest)
            }
            None => (None, rest),
        };
        let then = then.trim_start().strip_prefix('.').ok_or_else(wrong)?;
        if collection.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            collection: collection.to_owned(),
            by: by.filter(|by| by.to_string() != "_id"),
            then: FieldPath::parse(then)?,
        })
    }
}

impl fmt::Display for HopText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.collection.contains(['.', '(', '>']) {
            "`"
        } else {
            ""
        };
        write!(f, "{quote}{}{quote}", self.collection)?;
        if let Some(by) = &self.by {
            write!(f, "({by})")?;
        }
        write!(f, ".{}", self.then)
    }
}

/// The parts between the `>`; one in back quotes is part of a name.
fn split_hops(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '`' => quoted = !quoted,
            '>' if !quoted => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    #[test]
    fn every_form_of_a_path_reads_and_is_written_as_it_was() {
        for text in [
            "userId",
            "local.email",
            "items[].serviceId",
            "profileId > Profile.userId",
            "items[].serviceId > Service.shop.id",
            "by > people(login.name)._id",
            "a > B.c > D.e",
            "x > `my.shop`.owner",
            "x > `my.shop`(key).owner",
        ] {
            assert_eq!(ReferencePath::parse(text).unwrap().to_string(), text);
        }
        let spaced = ReferencePath::parse(" a>B ( k ) . c ").unwrap();
        assert_eq!(spaced.to_string(), "a > B(k).c");
        let by_id = ReferencePath::parse("a > B(_id).c").unwrap();
        assert_eq!(by_id.to_string(), "a > B.c");
        assert_eq!(FieldPath::parse("ids[]").unwrap(), FieldPath::field("ids"));
    }

    #[test]
    fn what_is_no_path_is_refused_with_what_one_looks_like() {
        for text in [
            "",
            ".",
            "a.",
            "a..b",
            "a[0]",
            "a[].",
            "a >",
            "a > B",
            "a > B.",
            "a > .c",
            "a > `B.c",
            "a > B(.c",
            "$a",
            "a > B().c",
            "a > > B.c",
        ] {
            let why = ReferencePath::parse(text).unwrap_err();
            assert!(why.contains("write "), "{text}: {why}");
        }
    }

    #[test]
    fn a_dotted_path_goes_into_documents_and_not_into_arrays() {
        let path = FieldPath::parse("a.b").unwrap();
        let held = rawdoc! { "a": { "b": 7 } };
        assert_eq!(path.value(&held).map(|it| it.kind), Some(kind::INT32));
        for document in [
            rawdoc! {},
            rawdoc! { "a": 7 },
            rawdoc! { "a": [{ "b": 7 }] },
            rawdoc! { "a.b": 7 },
        ] {
            assert_eq!(path.value(&document), None, "{document:?}");
        }
    }
}
