//! What a document was before the rules of an after-schema: names and types back in their place, and what was written taken out again, where
//! it still is what the rules say. What the application changed since stays. Written apart from [`super::shape`], so that the proof tells by
//! it whether that kept every other byte.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::alike::{is_made_of, member, other_types};
use super::minutes::Minutes;
use super::rules::{CollectionChange, Place, Rule, Written, name_before};
use super::shape::time_of_id;
use super::types_before::as_it_was;
use super::values::given_back;
use crate::domain::id::Id;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// Whether a rule did something, and what its field held before: its BSON type and bytes.
type Guess = Option<Option<(u8, Vec<u8>)>>;

/// So many things that a composite may have been are tried.
const MOST_GUESSES: usize = 512;

/// What is known of a document before the rules.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// The document itself, or at least the fields that rules name.
    Document(&'a RawDocument),
    /// The names of the fields that it was made with, each with a digest of what it held; and the time of the oldest of its users or bookings,
    /// as its link holds that.
    Fields(&'a RawDocument, Option<i64>),
    /// Nothing: the application made it.
    Nothing,
}

impl CollectionChange {
    /// What `current` was before the rules.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn undo(
        &self,
        current: &RawDocument,
        known: Known<'_>,
    ) -> Result<RawDocumentBuf, Malformed> {
        let rules = Rules {
            rules: &self.rules,
            minutes: &self.minutes,
        };
        rules.undo(current, known)
    }
}

/// What a value may have been before a rule; `None` of a rule that changes none.
fn others_of(rule: &Rule, value: Value<'_>) -> Option<Vec<(u8, Vec<u8>)>> {
    match rule {
        Rule::Convert { .. } => Some(other_types(value)),
        Rule::Values { pairs, .. } => Some(given_back(value, pairs).into_iter().collect()),
        Rule::Rename { .. } | Rule::Write { .. } | Rule::Within { .. } => None,
    }
}

/// The rules of a collection, or of the documents under one field.
#[derive(Debug, Clone, Copy)]
struct Rules<'r> {
    rules: &'r [Rule],
    minutes: &'r Minutes,
}

impl Rules<'_> {
    fn undo(self, current: &RawDocument, known: Known<'_>) -> Result<RawDocumentBuf, Malformed> {
        let mut out = Builder::new(current.as_bytes().len());
        for element in elements(current) {
            let element = element?;
            let Ok(field) = std::str::from_utf8(element.key) else {
                out.element(&element);
                continue;
            };
            let name = name_before(self.rules, field);
            let was = match known {
                Known::Document(before) => get(before, name),
                Known::Fields(..) | Known::Nothing => None,
            };
            if let Some((kind, bytes)) =
                self.made_as(field, (name, element.value), current, known)?
            {
                let bytes = &bytes;
                out.value(name, Value { kind, bytes });
                continue;
            }
            if self.was_written(field, element.value, current, known) {
                if let Some(null) = was.filter(|was| was.kind == kind::NULL) {
                    out.value(name, null);
                }
                continue;
            }
            if let Some((kind, bytes)) =
                self.undone_within(field, (name, element.value), current, known)?
            {
                let bytes = &bytes;
                out.value(name, Value { kind, bytes });
                continue;
            }
            // Of what the migration made a digest told it already.
            let tells = !matches!(known, Known::Fields(..));
            let back = tells.then(|| as_it_was(self.rules, field, element.value, was));
            match back.flatten() {
                Some((kind, bytes)) => {
                    let bytes = &bytes;
                    out.value(name, Value { kind, bytes });
                }
                None if name == field => {
                    out.element(&element);
                }
                None => {
                    out.value(name, element.value);
                }
            }
        }
        Ok(out.finish())
    }

    /// The value with which a document was made, where that was of another type: the digest of it tells which.
    fn made_as(
        self,
        field: &str,
        (name, value): (&str, Value<'_>),
        current: &RawDocument,
        known: Known<'_>,
    ) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
        let Known::Fields(made, _) = known else {
            return Ok(None);
        };
        let mut others = self.rules.iter().filter(|rule| rule.field() == field);
        let others = others.find_map(|rule| others_of(rule, value));
        let digest = get(made, name).zip(get(current, "_id"));
        let Some((others, (digest, id))) = others.zip(digest) else {
            return Ok(None);
        };
        let id = Id::from_value(id);
        for (kind, bytes) in others {
            let other = Value {
                kind,
                bytes: &bytes,
            };
            if is_made_of(&id, digest, (name, other))? {
                return Ok(Some((kind, bytes)));
            }
        }
        Ok(None)
    }

    /// What a value was before the rules for the documents under its field; `None` where there are none.
    fn undone_within(
        self,
        field: &str,
        (name, value): (&str, Value<'_>),
        current: &RawDocument,
        known: Known<'_>,
    ) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
        let inner = self.rules.iter().filter_map(|rule| match rule {
            Rule::Within { field: it, rules } if it == field => Some(rules),
            _ => None,
        });
        let inner: Vec<Rule> = inner.flatten().cloned().collect();
        if inner.is_empty() {
            return Ok(None);
        }
        let inner = Rules {
            rules: &inner,
            minutes: self.minutes,
        };
        let made = match known {
            Known::Document(before) => return inner.undo_value(value, get(before, name)).map(Some),
            Known::Nothing => return inner.undo_value(value, None).map(Some),
            Known::Fields(made, _) => get(made, name),
        };
        let Some((made, id)) = made.zip(get(current, "_id")) else {
            return inner.undo_value(value, None).map(Some);
        };
        // What members were there, and of which type, says a digest of the whole: what may have been is tried.
        let id = Id::from_value(id);
        for (kept, was) in inner.guesses(value) {
            let rules = Rules {
                rules: &kept,
                ..inner
            };
            let bytes = was.as_bytes();
            let kind = kind::DOCUMENT;
            let before = rules.undo_value(value, Some(Value { kind, bytes }))?;
            let as_value = Value {
                kind: before.0,
                bytes: &before.1,
            };
            if is_made_of(&id, made, (name, as_value))? {
                return Ok(Some(before));
            }
        }
        inner.undo_value(value, None).map(Some)
    }

    /// What a composite may have been before these rules: the rules that did something, and the members that it had otherwise. The likely one
    /// first, and not more than a few.
    fn guesses(self, value: Value<'_>) -> Vec<(Vec<Rule>, RawDocumentBuf)> {
        let mut all = vec![(Vec::new(), Vec::<(String, u8, Vec<u8>)>::new())];
        for rule in self.rules {
            let options: Vec<Guess> = match rule {
                // Written, written over null, or there before.
                Rule::Write { .. } => vec![Some(None), Some(Some((kind::NULL, Vec::new()))), None],
                Rule::Convert { field, .. } | Rule::Values { field, .. } => {
                    let held = member(value, field);
                    let others = held.and_then(|held| others_of(rule, held));
                    let others = others.into_iter().flatten().map(|it| Some(Some(it)));
                    std::iter::once(None).chain(others).collect()
                }
                Rule::Rename { .. } | Rule::Within { .. } => vec![Some(None)],
            };
            if all.len() * options.len() > MOST_GUESSES {
                return Vec::new();
            }
            let before = name_before(self.rules, rule.field()).to_owned();
            let more = all.iter().flat_map(|(kept, was)| {
                options.iter().map(|option| {
                    let (mut kept, mut was) = (kept.clone(), was.clone());
                    if let Some(held) = option {
                        kept.push(rule.clone());
                        let held = held.as_ref();
                        was.extend(
                            held.map(|(kind, bytes)| (before.clone(), *kind, bytes.clone())),
                        );
                    }
                    (kept, was)
                })
            });
            all = more.collect();
        }
        let built = all.into_iter().map(|(kept, was)| {
            let mut out = Builder::new(64);
            for (name, kind, bytes) in &was {
                let kind = *kind;
                out.value(name, Value { kind, bytes });
            }
            (kept, out.finish())
        });
        built.collect()
    }

    /// The document that is a value, or each of a list, before the rules; what it was then is known or not.
    fn undo_value(
        self,
        value: Value<'_>,
        was: Option<Value<'_>>,
    ) -> Result<(u8, Vec<u8>), Malformed> {
        let read = |value: Value<'_>| {
            let is_one = value.kind == kind::DOCUMENT;
            is_one
                .then(|| RawDocument::from_bytes(value.bytes).ok())
                .flatten()
                .map(RawDocument::to_owned)
        };
        let undone = |value: Value<'_>, was: Option<Value<'_>>| {
            let Some(document) = read(value) else {
                return Ok((value.kind, value.bytes.to_vec()));
            };
            let was = was.and_then(read);
            let known = was.as_deref().map_or(Known::Nothing, Known::Document);
            let before = self.undo(&document, known)?;
            Ok::<_, Malformed>((kind::DOCUMENT, before.as_bytes().to_vec()))
        };
        let list = (value.kind == kind::ARRAY).then(|| RawDocument::from_bytes(value.bytes).ok());
        let Some(list) = list.flatten() else {
            return undone(value, was);
        };
        let were = was.filter(|was| was.kind == kind::ARRAY);
        let were = were.and_then(|were| RawDocument::from_bytes(were.bytes).ok());
        let mut out = Builder::new(value.bytes.len());
        for member in elements(list) {
            let member = member?;
            let key = String::from_utf8_lossy(member.key);
            // Nothing is known of each where nothing is known of the whole, and a single document stands for all of them.
            let was = match were {
                Some(were) => get(were, &key),
                None => was.filter(|was| was.kind == kind::DOCUMENT),
            };
            let (kind, bytes) = undone(member.value, was)?;
            let bytes = &bytes;
            out.value(&key, Value { kind, bytes });
        }
        Ok((kind::ARRAY, out.finish().as_bytes().to_vec()))
    }

    /// True where a rule wrote this value, and it is still what that rule writes.
    fn was_written(
        self,
        field: &str,
        value: Value<'_>,
        current: &RawDocument,
        known: Known<'_>,
    ) -> bool {
        let rule = self.rules.iter().find_map(|rule| match rule {
            Rule::Write {
                field: written,
                value,
            } if written == field => Some(value),
            _ => None,
        });
        let Some(rule) = rule else { return false };
        let name = name_before(self.rules, field);
        match known {
            Known::Nothing => false,
            Known::Fields(made, oldest) => {
                get(made, name).is_none() && self.says(rule, (current, oldest), value)
            }
            Known::Document(before) => {
                let had = get(before, name).is_some_and(|it| it.kind != kind::NULL);
                let says = |document| self.says(rule, (document, None), value);
                !had && (says(before) || says(current))
            }
        }
    }

    /// True where `value` is what a rule writes into `document`, whose fields have their old names or their new ones.
    fn says(
        self,
        rule: &Written,
        (document, oldest): (&RawDocument, Option<i64>),
        value: Value<'_>,
    ) -> bool {
        let old_or_new = |field: &str| {
            let old = get(document, name_before(self.rules, field));
            old.or_else(|| get(document, field))
        };
        match rule {
            Written::Constant(constant) => {
                let (kind, bytes) = constant.bytes();
                kind == value.kind && bytes == value.bytes
            }
            Written::FirstOf(places) => places.iter().any(|place| match place {
                Place::Field(field) | Place::Date(field) => old_or_new(field) == Some(value),
                Place::TimeOfId => {
                    let millis = time_of_id(document);
                    millis.is_some() && millis == value.as_date()
                }
                Place::Oldest => oldest.is_some() && oldest == value.as_date(),
                Place::Later { date, by, minutes } => {
                    let begins = old_or_new(date).and_then(|it| it.as_date());
                    let lasts = old_or_new(by).and_then(|it| self.minutes.find(minutes, it));
                    let ends = begins
                        .zip(lasts)
                        .map(|(begins, lasts)| begins.saturating_add(lasts));
                    ends.is_some() && ends == value.as_date()
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests;
