//! Values of an enum that are stored otherwise afterwards: `@map` gives one another text. Nothing is lost, since no two values share one.

use bson::raw::RawDocument;

use crate::domain::raw::{Builder, Value, elements, kind, string_bytes};

/// A text of today, and what it becomes.
pub type Pair = (String, String);

/// What a function makes of a value, or of each member of a list; `None` where nothing changes.
pub(super) fn each(
    value: Value<'_>,
    make: impl Fn(Value<'_>) -> Option<(u8, Vec<u8>)>,
) -> Option<(u8, Vec<u8>)> {
    if value.kind != kind::ARRAY {
        return make(value);
    }
    let list = RawDocument::from_bytes(value.bytes).ok()?;
    let mut out = Builder::new(value.bytes.len());
    let mut any = false;
    for member in elements(list) {
        let member = member.ok()?;
        match make(member.value) {
            Some((kind, bytes)) => {
                any = true;
                let bytes = &bytes;
                out.value(&String::from_utf8_lossy(member.key), Value { kind, bytes });
            }
            None => {
                out.element(&member);
            }
        }
    }
    any.then(|| (kind::ARRAY, out.finish().as_bytes().to_vec()))
}

/// The value with each text replaced, member by member in a list; `None` where nothing changes.
pub(super) fn replaced(value: Value<'_>, pairs: &[Pair]) -> Option<(u8, Vec<u8>)> {
    each(value, |value| {
        let text = value.as_str()?;
        let (_, to) = pairs.iter().find(|(from, _)| from == text)?;
        Some((kind::STRING, string_bytes(to)))
    })
}

/// The same the other way round.
pub(super) fn given_back(value: Value<'_>, pairs: &[Pair]) -> Option<(u8, Vec<u8>)> {
    let back = pairs.iter().map(|(from, to)| (to.clone(), from.clone()));
    let back: Vec<Pair> = back.collect();
    replaced(value, &back)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::minutes::Minutes;
    use super::super::rules::{CollectionChange, Rule};
    use super::super::shape::Shape;
    use super::super::undo::Known;
    use bson::rawdoc;

    fn rules() -> Vec<Rule> {
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        ["state", "states"]
            .map(|field| Rule::Values {
                field: field.to_owned(),
                pairs: vec![pair("NEW", "new"), pair("a", "b"), pair("b", "a")],
            })
            .to_vec()
    }

    #[test]
    fn values_are_stored_anew_and_go_back_also_where_two_change_places() {
        let shape = Shape::new(&rules(), &Minutes::default());
        let before =
            rawdoc! { "_id": 1, "state": "NEW", "states": ["a", "b", "DONE", null], "x": "NEW" };
        let after =
            rawdoc! { "_id": 1, "state": "new", "states": ["b", "a", "DONE", null], "x": "NEW" };
        let shaped = shape.of(&before).unwrap();
        assert_eq!((&shaped.document, shaped.did.len()), (&after, 2));
        let change = CollectionChange {
            model: "Room".to_owned(),
            to: "rooms".to_owned(),
            sets_aside: false,
            copy: true,
            own_step: false,
            rules: rules(),
            indexes: Vec::new(),
            minutes: Minutes::default(),
        };
        for known in [Known::Document(&before), Known::Nothing] {
            assert_eq!(change.undo(&after, known).unwrap(), before);
        }
        // What the application wrote since is the text of today.
        let written = rawdoc! { "_id": 1, "state": "DONE", "states": ["new"], "x": "NEW" };
        let back = rawdoc! { "_id": 1, "state": "DONE", "states": ["NEW"], "x": "NEW" };
        assert_eq!(
            change.undo(&written, Known::Document(&before)).unwrap(),
            back
        );
    }
}
