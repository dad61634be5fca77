//! The indexes of a collection under an after-schema: those that the schema names, under its names, beside all that stand already.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::rules::{CollectionChange, NamedIndex, Rule, path_after};
use crate::domain::index_plan::name_of;
use crate::domain::raw::{Builder, Element, Value, elements, get, kind};

/// What an index may say and still be no other than one that a schema names.
const PLAIN: [&[u8]; 6] = [b"v", b"key", b"name", b"unique", b"background", b"ns"];

impl NamedIndex {
    /// As `createIndexes` takes it.
    pub fn specification(&self) -> RawDocumentBuf {
        if self.text {
            return self.text_specification();
        }
        let mut key = Builder::new(64);
        for (path, descending) in &self.keys {
            let number: i32 = if *descending { -1 } else { 1 };
            let bytes = &number.to_le_bytes();
            let kind = kind::INT32;
            key.value(path, Value { kind, bytes });
        }
        let mut out = Builder::new(128);
        out.document("key", &key.finish());
        out.string("name", &self.name);
        if self.unique {
            let kind = kind::BOOLEAN;
            out.value("unique", Value { kind, bytes: &[1] });
        }
        out.finish()
    }

    /// The same of a text index, written as the server gives it back.
    fn text_specification(&self) -> RawDocumentBuf {
        let mut paths: Vec<&str> = self.keys.iter().map(|(path, _)| path.as_str()).collect();
        paths.sort_unstable();
        let mut weights = Builder::new(64);
        let number = |number: i32| number.to_le_bytes();
        let kind = kind::INT32;
        for path in paths {
            let bytes = &number(1);
            weights.value(path, Value { kind, bytes });
        }
        let mut key = Builder::new(64);
        key.string("_fts", "text");
        let bytes = &number(1);
        key.value("_ftsx", Value { kind, bytes });
        let mut out = Builder::new(192);
        out.document("key", &key.finish());
        out.string("name", &self.name);
        out.document("weights", &weights.finish());
        out.string("default_language", "english");
        out.string("language_override", "language");
        let bytes = &number(3);
        out.value("textIndexVersion", Value { kind, bytes });
        out.finish()
    }

    /// True where `index` is over the same fields in the same order.
    pub fn has_keys_of(&self, index: &RawDocument) -> bool {
        if self.text {
            let mut ours: Vec<_> = self.keys.iter().map(|(path, _)| path.as_bytes()).collect();
            let weights = index.get_document("weights").into_iter().flat_map(elements);
            let mut theirs: Vec<_> = weights.map_while(Result::ok).map(|it| it.key).collect();
            ours.sort_unstable();
            theirs.sort_unstable();
            return ours == theirs;
        }
        let Ok(key) = index.get_document("key") else {
            return false;
        };
        let theirs = elements(key).map_while(Result::ok);
        let theirs: Vec<_> = theirs.map(|it| (it.key, is_descending(it.value))).collect();
        let ours = self.keys.iter();
        theirs.len() == self.keys.len()
            && ours
                .zip(theirs)
                .all(|((path, down), (key, is))| path.as_bytes() == key && is == Some(*down))
    }

    /// True where `index` is this one but for its name. `collation` is that of the collection, which an index has where it says no other.
    pub fn is(&self, index: &RawDocument, collation: Option<&RawDocument>) -> bool {
        let inherited = |it: &Element<'_>| {
            it.key == b"collation" && collation.is_some_and(|own| own.as_bytes() == it.value.bytes)
        };
        let says = |it: &Element<'_>| PLAIN.contains(&it.key) || inherited(it);
        let unique = index.get_bool("unique").unwrap_or(false);
        let plain = self.text || elements(index).map_while(Result::ok).all(|it| says(&it));
        plain && unique == self.unique && self.has_keys_of(index)
    }
}

/// Whether a number of a key says that it goes down; `None` for `text`, `hashed` and their like.
fn is_descending(value: Value<'_>) -> Option<bool> {
    match value.kind {
        kind::INT32 | kind::INT64 | kind::DOUBLE => {
            Some(value.bytes.last().is_some_and(|it| it & 0x80 != 0))
        }
        _ => None,
    }
}

impl CollectionChange {
    /// The indexes with the schema's among them: one that stands already gets the schema's name, and fields that are renamed are so in keys.
    /// `uniques` false leaves out those that are unique in the schema. `collation` is that of the collection.
    pub fn with_indexes(
        &self,
        standing: &[RawDocumentBuf],
        collation: Option<&RawDocument>,
        uniques: bool,
    ) -> Vec<RawDocumentBuf> {
        let mut all: Vec<_> = standing.iter().map(|it| self.renamed_keys(it)).collect();
        for index in self.indexes.iter().filter(|it| uniques || !it.unique) {
            if let Some(found) = all.iter_mut().find(|it| index.is(it, collation)) {
                *found = with_name(found, &index.name);
            } else {
                // One of that name over other fields is a blocker of the plan.
                all.retain(|it| name_of(it) != index.name);
                all.push(index.specification());
            }
        }
        all
    }

    /// True where an index of the schema begins with this field.
    pub fn begins_with(&self, field: &str) -> bool {
        let mut first = self.indexes.iter().filter_map(|it| it.keys.first());
        first.any(|(path, _)| path == field)
    }

    /// True where the schema has a unique over exactly these fields.
    pub fn has_unique(&self, fields: &[&str]) -> bool {
        self.indexes.iter().any(|index| {
            let keys = index.keys.iter().map(|(path, _)| path.as_str());
            index.unique && keys.eq(fields.iter().copied())
        })
    }

    /// An index with the fields as they are called afterwards.
    pub fn renamed_keys(&self, index: &RawDocument) -> RawDocumentBuf {
        renamed_keys(&self.rules, index)
    }
}

/// An index with the fields as they are called after these rules. Those of a text index stand under its weights.
pub fn renamed_keys(rules: &[Rule], index: &RawDocument) -> RawDocumentBuf {
    const NAMES: [&str; 2] = ["key", "weights"];
    let to = |path: &str| path_after(rules, path);
    let in_it = |of: &str| index.get_document(of).into_iter().flat_map(elements);
    let mut names = NAMES.iter().flat_map(|of| in_it(of).map_while(Result::ok));
    if !names.any(|it| to(&String::from_utf8_lossy(it.key)).is_some()) {
        return index.to_owned();
    }
    let mut out = Builder::new(index.as_bytes().len() + 16);
    for element in elements(index).map_while(Result::ok) {
        let of = NAMES.iter().find(|of| of.as_bytes() == element.key);
        let Some(of) = of else {
            out.element(&element);
            continue;
        };
        let mut parts: Vec<(String, Value<'_>)> = in_it(of)
            .map_while(Result::ok)
            .map(|part| {
                let path = String::from_utf8_lossy(part.key).into_owned();
                (to(&path).unwrap_or(path), part.value)
            })
            .collect();
        if *of == "weights" {
            parts.sort_by(|one, other| one.0.cmp(&other.0)); // as the server keeps them
        }
        let mut inner = Builder::new(64);
        for (path, value) in parts {
            inner.value(&path, value);
        }
        out.document(of, &inner.finish());
    }
    out.finish()
}

fn with_name(index: &RawDocument, name: &str) -> RawDocumentBuf {
    let mut out = Builder::new(index.as_bytes().len() + name.len());
    for element in elements(index).map_while(Result::ok) {
        if element.key == b"name" {
            out.string("name", name);
        } else {
            out.element(&element);
        }
    }
    if get(index, "name").is_none() {
        out.string("name", name);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::super::minutes::Minutes;
    use super::*;
    use bson::rawdoc;

    fn change() -> CollectionChange {
        let index = |name: &str, keys: &[&str], unique| NamedIndex {
            name: name.to_owned(),
            keys: keys.iter().map(|it| ((*it).to_owned(), false)).collect(),
            unique,
            text: false,
        };
        CollectionChange {
            model: "User".to_owned(),
            to: "users".to_owned(),
            sets_aside: false,
            copy: true,
            own_step: false,
            rules: vec![Rule::Rename {
                from: "mail".to_owned(),
                to: "email".to_owned(),
            }],
            indexes: vec![
                index("users_email_key", &["email"], true),
                index("users_a_b_idx", &["a", "b"], false),
            ],
            minutes: Minutes::default(),
        }
    }

    #[test]
    fn an_index_that_stands_gets_the_schemas_name_and_others_stay() {
        let standing = vec![
            rawdoc! { "v": 2, "key": { "a": 1.0, "b": 1_i64 }, "name": "by hand" },
            rawdoc! { "v": 2, "key": { "mail": 1 }, "name": "User_mail_idx" },
            rawdoc! { "v": 2, "key": { "a": 1, "b": 1 }, "name": "partial", "partialFilterExpression": { "a": 1 } },
        ];
        let all = change().with_indexes(&standing, None, true);
        let names: Vec<_> = all.iter().map(|it| name_of(it)).collect();
        assert_eq!(
            names,
            [
                "users_a_b_idx",
                "User_mail_idx",
                "partial",
                "users_email_key"
            ]
        );
        assert_eq!(
            all[1],
            rawdoc! { "v": 2, "key": { "email": 1 }, "name": "User_mail_idx" }
        );
        assert_eq!(
            all[3],
            rawdoc! { "key": { "email": 1 }, "name": "users_email_key", "unique": true }
        );
    }

    #[test]
    fn an_index_under_the_collation_of_its_collection_is_the_schemas_and_one_under_another_is_not()
    {
        let own = rawdoc! { "locale": "sv", "strength": 1 };
        let other = rawdoc! { "locale": "sv", "strength": 2 };
        let index = |collation: &RawDocument| rawdoc! { "v": 2, "key": { "mail": 1 }, "name": "old", "unique": true, "collation": collation.to_owned() };
        let names = |standing: &[RawDocumentBuf], collation| -> Vec<String> {
            let all = change().with_indexes(standing, collation, true);
            all.iter().map(|it| name_of(it).to_owned()).collect()
        };
        let schema = ["users_email_key", "users_a_b_idx"];
        assert_eq!(names(&[index(&own)], Some(&own)), schema);
        let beside = ["old", "users_email_key", "users_a_b_idx"];
        assert_eq!(names(&[index(&other)], Some(&own)), beside);
        assert_eq!(names(&[index(&own)], None), beside);
    }

    #[test]
    fn uniques_can_be_left_for_later() {
        let all = change().with_indexes(&[], None, false);
        assert_eq!(all.len(), 1);
        assert!(change().has_unique(&["email"]) && change().begins_with("a"));
        assert!(!change().has_unique(&["a", "b"]) && !change().begins_with("b"));
    }
}
