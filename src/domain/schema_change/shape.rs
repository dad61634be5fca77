//! What the rules of an after-schema make of a document: names in their place, values of another type in their place, what was missing at the
//! end. All other bytes stay.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::convert::{Native, convert};
use super::minutes::Minutes;
use super::rules::{CollectionChange, Place, Rule, Written, name_before};
use super::values::{each, replaced};
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// So many rules may take their value from what another one writes.
const CHAIN: usize = 4;

/// A value: its BSON type and bytes.
type Held = (u8, Vec<u8>);

/// Rules, made ready.
#[derive(Debug, Clone)]
pub struct Shape {
    rules: Vec<Rule>,
    /// The constant of each rule that writes one.
    constants: Vec<Option<(u8, Vec<u8>)>>,
    /// What is done to the documents under a field, with the rule's number.
    within: Vec<(usize, Shape)>,
    minutes: Minutes,
}

/// A document after the rules.
#[derive(Debug)]
pub struct Shaped {
    /// As it will be.
    pub document: RawDocumentBuf,
    /// The rules that did something, by number.
    pub did: Vec<usize>,
    /// A field could not get its new name, since the document has one of that name already.
    pub occupied: bool,
}

impl CollectionChange {
    /// What is done to its documents; `None` for nothing.
    pub fn shape(&self) -> Option<Shape> {
        (!self.rules.is_empty()).then(|| Shape::new(&self.rules, &self.minutes))
    }
}

impl Shape {
    /// Makes `rules` ready; `minutes` is what they add to dates.
    pub fn new(rules: &[Rule], minutes: &Minutes) -> Self {
        let constant = |rule: &Rule| match rule {
            Rule::Write {
                value: Written::Constant(constant),
                ..
            } => Some(constant.bytes()),
            _ => None,
        };
        let within = rules.iter().enumerate();
        let within = within.filter_map(|(at, rule)| match rule {
            Rule::Within { rules, .. } => Some((at, Self::new(rules, minutes))),
            Rule::Rename { .. }
            | Rule::Write { .. }
            | Rule::Convert { .. }
            | Rule::Values { .. } => None,
        });
        Self {
            constants: rules.iter().map(constant).collect(),
            within: within.collect(),
            rules: rules.to_vec(),
            minutes: minutes.clone(),
        }
    }

    /// How many rules it has.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// True where a rule dates customers by the oldest of their users or bookings.
    pub fn asks_for_oldest(&self) -> bool {
        self.rules.iter().any(Rule::asks_for_oldest)
    }

    /// What it makes of a document.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn of(&self, document: &RawDocument) -> Result<Shaped, Malformed> {
        self.of_dated(document, None)
    }

    /// The same of a customer, with the time of the oldest of its users or bookings, in milliseconds.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn of_dated(
        &self,
        document: &RawDocument,
        oldest: Option<i64>,
    ) -> Result<Shaped, Malformed> {
        let mut out = Builder::new(document.as_bytes().len() + 64);
        let (mut did, mut occupied) = (Vec::new(), false);
        let mut present = vec![false; self.rules.len()];
        for element in elements(document) {
            let element = element?;
            let mut name = None;
            if let Some((at, to)) = self.new_name(element.key) {
                if self.comes_free(document, (element.key, to)) {
                    name = Some(to);
                    did.push(at);
                } else {
                    occupied = true;
                }
            }
            let key = name.map_or(element.key, str::as_bytes);
            let mut converted = None;
            let mut written = None;
            for (at, rule) in self.rules.iter().enumerate() {
                match rule {
                    Rule::Convert { field, to, all, .. } if field.as_bytes() == key => {
                        converted = converted_value(element.value, (*to, *all));
                        if converted.is_some() {
                            did.push(at);
                        }
                    }
                    Rule::Values { field, pairs } if field.as_bytes() == key => {
                        converted = replaced(element.value, pairs);
                        if converted.is_some() {
                            did.push(at);
                        }
                    }
                    Rule::Write { field, .. } if field.as_bytes() == key => {
                        let was_seen = std::mem::replace(&mut present[at], true);
                        if element.value.kind == kind::NULL && !was_seen {
                            written = self.value((at, CHAIN), (document, oldest));
                            if written.is_some() {
                                did.push(at);
                            }
                        }
                    }
                    _ => {}
                }
            }
            let mut value = written.or(converted);
            for (at, inner) in &self.within {
                if self.rules[*at].field().as_bytes() != key {
                    continue;
                }
                let now = value
                    .as_ref()
                    .map_or(element.value, |(kind, bytes)| Value { kind: *kind, bytes });
                let (shaped, taken) = inner.under(now)?;
                occupied |= taken;
                if let Some(shaped) = shaped {
                    value = Some(shaped);
                    did.push(*at);
                }
            }
            match (value, name) {
                (Some((kind, bytes)), _) => {
                    let key = String::from_utf8_lossy(key);
                    let bytes = &bytes;
                    out.value(&key, Value { kind, bytes });
                }
                (None, Some(name)) => {
                    out.value(name, element.value);
                }
                (None, None) => {
                    out.element(&element);
                }
            }
        }
        for (at, (rule, present)) in self.rules.iter().zip(&present).enumerate() {
            let Rule::Write { field, .. } = rule else {
                continue;
            };
            if *present {
                continue;
            }
            if let Some((kind, bytes)) = self.value((at, CHAIN), (document, oldest)) {
                let bytes = &bytes;
                out.value(field, Value { kind, bytes });
                did.push(at);
            }
        }
        Ok(Shaped {
            document: out.finish(),
            did,
            occupied,
        })
    }

    /// What it makes of the document that is a value, or of each in a list; `None` where nothing changes. And whether a name was taken.
    fn under(&self, value: Value<'_>) -> Result<(Option<Held>, bool), Malformed> {
        let document = |value: Value<'_>| {
            let is_one = value.kind == kind::DOCUMENT;
            let read = is_one.then(|| RawDocument::from_bytes(value.bytes).ok());
            read.flatten().map(|it| self.of(it)).transpose()
        };
        if value.kind != kind::ARRAY {
            return Ok(match document(value)? {
                None => (None, false),
                Some(shaped) => {
                    let bytes = shaped.document.as_bytes().to_vec();
                    let value = (!shaped.did.is_empty()).then_some((kind::DOCUMENT, bytes));
                    (value, shaped.occupied)
                }
            });
        }
        let Ok(list) = RawDocument::from_bytes(value.bytes) else {
            return Ok((None, false));
        };
        let mut out = Builder::new(value.bytes.len() + 16);
        let (mut any, mut occupied) = (false, false);
        for member in elements(list) {
            let member = member?;
            let shaped = document(member.value)?;
            occupied |= shaped.as_ref().is_some_and(|it| it.occupied);
            match shaped.filter(|it| !it.did.is_empty()) {
                None => {
                    out.element(&member);
                }
                Some(shaped) => {
                    any = true;
                    let value = Value {
                        kind: kind::DOCUMENT,
                        bytes: shaped.document.as_bytes(),
                    };
                    out.value(&String::from_utf8_lossy(member.key), value);
                }
            }
        }
        let value = any.then(|| (kind::ARRAY, out.finish().as_bytes().to_vec()));
        Ok((value, occupied))
    }

    /// True where a document has no field of the new name of `from`, or that one gets another name too: two may change places.
    fn comes_free(&self, document: &RawDocument, (from, to): (&[u8], &str)) -> bool {
        let mut name = to;
        for _ in &self.rules {
            if get(document, name).is_none() {
                return true;
            }
            match self.new_name(name.as_bytes()) {
                None => return false,
                Some((_, next)) if next.as_bytes() == from => return true,
                Some((_, next)) => name = next,
            }
        }
        true
    }

    fn new_name(&self, key: &[u8]) -> Option<(usize, &str)> {
        let mut rules = self.rules.iter().enumerate();
        rules.find_map(|(at, rule)| match rule {
            Rule::Rename { from, to } if from.as_bytes() == key => Some((at, to.as_str())),
            _ => None,
        })
    }

    /// What a rule writes into this document, which is still as it was. What it takes from a field that has nothing is what another rule writes
    /// there.
    fn value(
        &self,
        (at, chain): (usize, usize),
        (document, oldest): (&RawDocument, Option<i64>),
    ) -> Option<Held> {
        if let Some(constant) = &self.constants[at] {
            return Some(constant.clone());
        }
        let Rule::Write {
            value: Written::FirstOf(places),
            ..
        } = &self.rules[at]
        else {
            return None;
        };
        let before = |field: &str| {
            let old = get(document, name_before(&self.rules, field));
            // A field of that name which gets another one is not meant.
            let stays = || self.new_name(field.as_bytes()).is_none();
            let held = old.or_else(|| get(document, field).filter(|_| stays()));
            held.filter(|value| value.kind != kind::NULL)
        };
        let holds = |field: &str| {
            let held = before(field).map(|value| (value.kind, value.bytes.to_vec()));
            held.or_else(|| {
                let writes =
                    |rule: &Rule| matches!(rule, Rule::Write { .. }) && rule.field() == field;
                let other = self.rules.iter().position(writes)?;
                self.value((other, chain.checked_sub(1)?), (document, oldest))
            })
        };
        places.iter().find_map(|place| match place {
            Place::Field(field) => holds(field),
            Place::Date(field) => holds(field).filter(|held| held.0 == kind::DATE),
            Place::TimeOfId => {
                time_of_id(document).map(|millis| (kind::DATE, millis.to_le_bytes().to_vec()))
            }
            Place::Oldest => oldest.map(|millis| (kind::DATE, millis.to_le_bytes().to_vec())),
            Place::Later { date, by, minutes } => {
                let (kind, bytes) = holds(date)?;
                let begins = Value {
                    kind,
                    bytes: &bytes,
                };
                let begins = begins.as_date()?;
                let (kind, bytes) = holds(by)?;
                let named = Value {
                    kind,
                    bytes: &bytes,
                };
                let lasts = self.minutes.find(minutes, named)?;
                let ends = begins.checked_add(lasts)?;
                Some((kind::DATE, ends.to_le_bytes().to_vec()))
            }
        })
    }
}

/// The value as another type, member by member in a list; `None` where nothing changes.
fn converted_value(value: Value<'_>, (to, all): (Native, bool)) -> Option<(u8, Vec<u8>)> {
    let convert = |value: Value<'_>| {
        let wanted = all || !to.reads(value.kind);
        wanted.then(|| convert(value, to)).flatten()
    };
    each(value, |value| Some((to.kind(), convert(value)?)))
}

/// The moment at which an ObjectId was made; `None` of one that was derived and holds none.
pub(super) fn time_of_id(document: &RawDocument) -> Option<i64> {
    let id = get(document, "_id").filter(|id| id.kind == kind::OBJECT_ID)?;
    let seconds = u32::from_be_bytes(id.bytes.get(..4)?.try_into().ok()?);
    (seconds > 0).then(|| i64::from(seconds) * 1_000)
}

#[cfg(test)]
mod tests;
