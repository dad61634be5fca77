//! One raw document against the shape of its model: every value, to the depth of the composite types, without decoding.

use bson::raw::RawDocument;
use smallvec::SmallVec;

use super::kind::{Effects, Kind};
use super::schema::Arity;
use super::shape::{Expected, Holds, Shape, Shapes};
use super::value;
use crate::domain::raw::{Malformed, Value, elements, kind};

/// What is wrong with a document, and the values that were met.
#[derive(Debug, Default)]
pub(super) struct Judged<'d> {
    /// The value of each field of the shape, as the server reads it.
    pub(super) values: SmallVec<[Option<Value<'d>>; 24]>,
    /// One for each kind and path, whatever number of values has it.
    pub(super) flaws: Vec<DocumentFlaw>,
}

/// Something wrong with a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DocumentFlaw {
    pub(super) kind: Kind,
    /// With points, by the names of the schema.
    pub(super) path: String,
    pub(super) effects: Effects,
}

impl Judged<'_> {
    /// True when something is wrong with a value of that path.
    pub(super) fn is_flawed(&self, path: &str) -> bool {
        self.flaws.iter().any(|flaw| flaw.path == path)
    }
}

/// A step of a path from the document down.
struct Above<'a> {
    name: &'a str,
    above: Option<&'a Above<'a>>,
}

impl Above<'_> {
    fn path(&self) -> String {
        match self.above {
            None => self.name.to_owned(),
            Some(above) => format!("{}.{}", above.path(), self.name),
        }
    }
}

/// Judges `document`, which is of the model with this shape.
pub(super) fn judge<'d>(
    shapes: &Shapes,
    shape: &Shape,
    document: &'d RawDocument,
) -> Result<Judged<'d>, Malformed> {
    let mut judged = Judged::default();
    judged.values.resize(shape.fields.len(), None);
    let mut judge = Judge {
        shapes,
        flaws: &mut judged.flaws,
    };
    judge.document(shape, document, None, &mut judged.values)?;
    Ok(judged)
}

struct Judge<'j> {
    shapes: &'j Shapes,
    flaws: &'j mut Vec<DocumentFlaw>,
}

impl Judge<'_> {
    fn flaw(&mut self, kind: Kind, effects: Effects, at: &Above<'_>) {
        let path = at.path();
        let known = self.flaws.iter_mut();
        match known
            .into_iter()
            .find(|it| it.kind == kind && it.path == path)
        {
            Some(known) => known.effects = known.effects | effects,
            None => self.flaws.push(DocumentFlaw {
                kind,
                path,
                effects,
            }),
        }
    }

    fn document<'d>(
        &mut self,
        shape: &Shape,
        document: &'d RawDocument,
        above: Option<&Above<'_>>,
        values: &mut [Option<Value<'d>>],
    ) -> Result<(), Malformed> {
        let mut next = 0;
        for element in elements(document) {
            let element = element?;
            let Some(place) = shape.find(element.key, next) else {
                continue;
            };
            next = place + 1;
            // Of a name given twice the server reads the first, a client the last: both are judged.
            if let Some(value @ None) = values.get_mut(place) {
                *value = Some(element.value);
            }
            if let Some(expected) = shape.fields.get(place) {
                self.field(expected, Some(element.value), above)?;
            }
        }
        for (expected, value) in shape.fields.iter().zip(values.iter()) {
            if value.is_none() {
                self.field(expected, None, above)?;
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        expected: &Expected,
        value: Option<Value<'_>>,
        above: Option<&Above<'_>>,
    ) -> Result<(), Malformed> {
        let at = Above {
            name: &expected.name,
            above,
        };
        let Some(value) = value.filter(|value| value.kind != kind::NULL) else {
            if let Some((kind, effects)) = absent(expected, value.is_some()) {
                self.flaw(kind, effects, &at);
            }
            return Ok(());
        };
        if expected.arity != Arity::List {
            return self.value(expected, value, &at, false);
        }
        let Some(list) = inner(value, kind::ARRAY)? else {
            self.flaw(Kind::WrongType, Effects::REFUSED, &at);
            return Ok(());
        };
        for member in elements(list) {
            let member = member?.value;
            if member.kind == kind::NULL {
                self.flaw(Kind::NullInList, Effects::NULL_MEMBER, &at);
            } else {
                self.value(expected, member, &at, true)?;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        expected: &Expected,
        value: Value<'_>,
        at: &Above<'_>,
        in_list: bool,
    ) -> Result<(), Malformed> {
        let Holds::Composite(composite) = expected.of else {
            if let Some((kind, effects)) = value::judge(self.shapes, expected.of, value) {
                self.flaw(kind, effects, at);
            }
            return Ok(());
        };
        let Some(document) = inner(value, kind::DOCUMENT)? else {
            let silent = value.kind != kind::ARRAY && !in_list;
            let effects = if silent {
                Effects::READS_NULL
            } else {
                Effects::REFUSED
            };
            self.flaw(Kind::WrongType, effects, at);
            return Ok(());
        };
        let shapes = self.shapes;
        let Some(shape) = shapes.composites.get(composite) else {
            return Ok(());
        };
        let mut values: SmallVec<[Option<Value<'_>>; 24]> =
            SmallVec::from_elem(None, shape.fields.len());
        self.document(shape, document, Some(at), &mut values)
    }
}

/// What is wrong with a value that is missing, or null.
fn absent(expected: &Expected, is_null: bool) -> Option<(Kind, Effects)> {
    match expected.arity {
        Arity::List => Some((Kind::MissingList, Effects::EMPTY_LIST)),
        _ if expected.default => Some((Kind::DefaultNotWritten, Effects::DEFAULT_SHOWN)),
        Arity::Optional => None,
        Arity::Required if is_null => Some((Kind::NullRequired, Effects::REQUIRED)),
        Arity::Required => Some((Kind::MissingRequired, Effects::REQUIRED)),
    }
}

/// The document or list that a value is.
pub(super) fn inner(value: Value<'_>, kind: u8) -> Result<Option<&RawDocument>, Malformed> {
    if value.kind != kind {
        return Ok(None);
    }
    let document = RawDocument::from_bytes(value.bytes).map_err(|_| Malformed(0))?;
    Ok(Some(document))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prisma::{Source, read};
    use bson::rawdoc;

    fn flaws(schema: &str, document: &RawDocument) -> Vec<String> {
        let schema = read(&[Source {
            name: "s".to_owned(),
            text: schema.to_owned(),
        }])
        .unwrap();
        let shapes = Shapes::of(&schema);
        let judged = judge(&shapes, &shapes.models[0], document).unwrap();
        let flaws = judged.flaws.iter();
        flaws
            .map(|it| format!("{} {}", it.path, it.kind.word()))
            .collect()
    }

    #[test]
    fn both_values_of_a_name_that_is_given_twice_are_judged_and_the_first_one_counts() {
        let schema = "model A {\n id Int @id @map(\"_id\")\n n Int\n}";
        let mut document = rawdoc! { "_id": 1, "n": 1 };
        document.append(bson::raw::cstr!("n"), "x");
        assert_eq!(flaws(schema, &document), ["n wrong-type"]);
    }

    #[test]
    fn a_type_within_itself_is_judged_to_its_depth() {
        let schema =
            "type T {\n n Int\n in T?\n all T[]\n}\nmodel A {\n id Int @id @map(\"_id\")\n t T\n}";
        let document = rawdoc! { "_id": 1, "t": { "n": 1, "in": { "n": "x", "all": [{ "n": 1, "all": [] }, { "all": [], "n": null }] }, "all": [] } };
        assert_eq!(
            flaws(schema, &document),
            ["t.in.n wrong-type", "t.in.all.n null-required"]
        );
    }

    #[test]
    fn each_element_of_a_list_and_each_member_of_a_composite_is_a_value_with_one_finding() {
        let schema = "type T {\n a Int\n b Int\n c Int @default(1)\n d Int?\n l Int[]\n}\nmodel A {\n id Int @id @map(\"_id\")\n s String[]\n n Int[]\n t T\n f Float\n p Bytes\n}";
        let uuid = bson::Binary {
            subtype: bson::spec::BinarySubtype::Uuid,
            bytes: vec![1; 16],
        };
        let whole = rawdoc! { "a": 1, "b": 1, "c": 1, "l": [] };
        // "a" is a text; what is wrong is the null alone.
        let document = rawdoc! { "_id": 1, "s": [null, "a"], "n": [], "t": whole.clone(), "f": 1.5, "p": uuid.clone() };
        assert_eq!(flaws(schema, &document), ["s null-in-list"]);
        // Two elements, each with its own: taking the nulls out would not mend the text.
        let document = rawdoc! { "_id": 1, "s": [], "n": [null, "a"], "t": whole.clone(), "f": 1.5, "p": uuid.clone() };
        assert_eq!(flaws(schema, &document), ["n null-in-list", "n wrong-type"]);
        // An empty composite: one for each member that is missed.
        let document =
            rawdoc! { "_id": 1, "s": [], "n": [], "t": {}, "f": f64::INFINITY, "p": uuid };
        assert_eq!(
            flaws(schema, &document),
            [
                "t.a missing-required",
                "t.b missing-required",
                "t.c default-not-written",
                "t.l missing-list",
                "f wrong-type",
            ]
        );
    }

    #[test]
    fn values_of_a_list_with_one_flaw_are_one_finding_and_each_kind_is_one() {
        let schema = "model A {\n id Int @id @map(\"_id\")\n n Int[]\n}";
        let document = rawdoc! { "_id": 1, "n": [null, "x", null, true, 1.5] };
        assert_eq!(flaws(schema, &document), ["n null-in-list", "n wrong-type"]);
    }
}
