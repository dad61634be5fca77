//! What the rules of an after-schema make of a document: names in their place, values of another type in their place, what was missing at the
//! end. All other bytes stay.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::convert::{Native, convert};
use super::rules::{CollectionChange, Place, Rule, Written};
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// Rules, made ready.
#[derive(Debug, Clone)]
pub struct Shape {
    rules: Vec<Rule>,
    /// The constant of each rule that writes one.
    constants: Vec<Option<(u8, Vec<u8>)>>,
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
        (!self.rules.is_empty()).then(|| Shape::new(&self.rules))
    }
}

impl Shape {
    /// Makes `rules` ready.
    pub fn new(rules: &[Rule]) -> Self {
        let constant = |rule: &Rule| match rule {
            Rule::Write {
                value: Written::Constant(constant),
                ..
            } => Some(constant.bytes()),
            _ => None,
        };
        Self {
            constants: rules.iter().map(constant).collect(),
            rules: rules.to_vec(),
        }
    }

    /// What it makes of a document.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn of(&self, document: &RawDocument) -> Result<Shaped, Malformed> {
        let mut out = Builder::new(document.as_bytes().len() + 64);
        let (mut did, mut occupied) = (Vec::new(), false);
        let mut present = vec![false; self.rules.len()];
        for element in elements(document) {
            let element = element?;
            let mut name = None;
            if let Some((at, to)) = self.new_name(element.key) {
                if get(document, to).is_some() {
                    occupied = true;
                } else {
                    name = Some(to);
                    did.push(at);
                }
            }
            let key = name.map_or(element.key, str::as_bytes);
            let mut converted = None;
            let mut written = None;
            for (at, rule) in self.rules.iter().enumerate() {
                match rule {
                    Rule::Convert { field, to, all } if field.as_bytes() == key => {
                        converted = converted_value(element.value, (*to, *all));
                        if converted.is_some() {
                            did.push(at);
                        }
                    }
                    Rule::Write { field, .. } if field.as_bytes() == key => {
                        let was_seen = std::mem::replace(&mut present[at], true);
                        if element.value.kind == kind::NULL && !was_seen {
                            written = self.value(at, document);
                            if written.is_some() {
                                did.push(at);
                            }
                        }
                    }
                    _ => {}
                }
            }
            match (written.or(converted), name) {
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
            if let Some((kind, bytes)) = self.value(at, document) {
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

    fn new_name(&self, key: &[u8]) -> Option<(usize, &str)> {
        let mut rules = self.rules.iter().enumerate();
        rules.find_map(|(at, rule)| match rule {
            Rule::Rename { from, to } if from.as_bytes() == key => Some((at, to.as_str())),
            _ => None,
        })
    }

    /// What a rule writes into this document, which is still as it was.
    fn value(&self, at: usize, document: &RawDocument) -> Option<(u8, Vec<u8>)> {
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
            let renamed = self.rules.iter().find_map(|rule| match rule {
                Rule::Rename { from, to } if to == field => Some(from.as_str()),
                _ => None,
            });
            renamed
                .and_then(|from| get(document, from))
                .or_else(|| get(document, field))
        };
        places.iter().find_map(|place| match place {
            Place::Field(field) => before(field)
                .filter(|value| value.kind != kind::NULL)
                .map(|value| (value.kind, value.bytes.to_vec())),
            Place::Date(field) => before(field)
                .filter(|value| value.kind == kind::DATE)
                .map(|value| (value.kind, value.bytes.to_vec())),
            Place::TimeOfId => {
                time_of_id(document).map(|millis| (kind::DATE, millis.to_le_bytes().to_vec()))
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
    if value.kind != kind::ARRAY {
        return convert(value).map(|bytes| (to.kind(), bytes));
    }
    let list = RawDocument::from_bytes(value.bytes).ok()?;
    let mut out = Builder::new(value.bytes.len());
    let mut any = false;
    for (at, member) in elements(list).map_while(Result::ok).enumerate() {
        match convert(member.value) {
            Some(bytes) => {
                any = true;
                let (kind, bytes) = (to.kind(), &bytes[..]);
                out.value(&at.to_string(), Value { kind, bytes });
            }
            None => {
                out.element(&member);
            }
        }
    }
    any.then(|| (kind::ARRAY, out.finish().as_bytes().to_vec()))
}

/// The moment at which an ObjectId was made; `None` of one that was derived and holds none.
pub(super) fn time_of_id(document: &RawDocument) -> Option<i64> {
    let id = get(document, "_id").filter(|id| id.kind == kind::OBJECT_ID)?;
    let seconds = u32::from_be_bytes(id.bytes.get(..4)?.try_into().ok()?);
    (seconds > 0).then(|| i64::from(seconds) * 1_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::rules::Constant;
    use super::*;
    use bson::oid::ObjectId;
    use bson::{DateTime, rawdoc};

    fn rules() -> Vec<Rule> {
        let write = |field: &str, value| Rule::Write {
            field: field.to_owned(),
            value,
        };
        vec![
            Rule::Rename {
                from: "startTime".to_owned(),
                to: "starts_at".to_owned(),
            },
            write("isActive", Written::Constant(Constant::Boolean(true))),
            write("tags", Written::Constant(Constant::List(Vec::new()))),
            write(
                "updatedAt",
                Written::FirstOf(vec![Place::Date("createdAt".to_owned()), Place::TimeOfId]),
            ),
            Rule::Convert {
                field: "price".to_owned(),
                to: Native::Int,
                all: true,
            },
        ]
    }

    #[test]
    fn names_and_types_change_in_their_place_and_what_is_missing_comes_last() {
        let at = DateTime::from_millis(7_000);
        let before = rawdoc! {
            "_id": 1, "startTime": "x", "isActive": null, "price": 5.0, "note": 1.5, "createdAt": at,
        };
        let shaped = Shape::new(&rules()).of(&before).unwrap();
        let expected = rawdoc! {
            "_id": 1, "starts_at": "x", "isActive": true, "price": 5, "note": 1.5, "createdAt": at, "tags": [], "updatedAt": at,
        };
        assert_eq!(shaped.document, expected);
        assert!(!shaped.occupied);
        let mut did = shaped.did;
        did.sort_unstable();
        assert_eq!(did, [0, 1, 2, 3, 4]);
        // What is as it must be stays byte for byte.
        let again = Shape::new(&rules()).of(&expected).unwrap();
        assert_eq!((again.document, again.did.len()), (expected, 0));
    }

    #[test]
    fn a_date_comes_from_the_id_where_nothing_else_has_one_and_is_never_invented() {
        let id = ObjectId::parse_str("000000070000000000000000").unwrap();
        let shaped = Shape::new(&rules()).of(&rawdoc! { "_id": id }).unwrap();
        let updated = get(&shaped.document, "updatedAt").unwrap();
        assert_eq!(updated.as_date(), Some(7_000));
        let shaped = Shape::new(&rules()).of(&rawdoc! { "_id": "text" }).unwrap();
        assert_eq!(get(&shaped.document, "updatedAt"), None);
        let derived = ObjectId::from_bytes([0; 12]);
        let shaped = Shape::new(&rules()).of(&rawdoc! { "_id": derived });
        assert_eq!(get(&shaped.unwrap().document, "updatedAt"), None);
    }

    #[test]
    fn a_name_that_is_taken_is_said_and_nothing_is_overwritten() {
        let before = rawdoc! { "_id": 1, "startTime": "x", "starts_at": "y", "isActive": true, "tags": [], "updatedAt": DateTime::MIN };
        let shaped = Shape::new(&rules()).of(&before).unwrap();
        assert!(shaped.occupied);
        assert_eq!(shaped.document, before);
    }
}
