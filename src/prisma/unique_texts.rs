//! The texts that the uniques of a model hold, each once: what the server is asked about where a collection has a collation of its own.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::index_key::{document_or_list, values};
use super::schema::{IndexKind, Model};
use crate::domain::map::Set;
use crate::domain::raw::{Value, elements, kind};

/// So many bytes of different texts are compared, with what keeps them.
const MOST: usize = 64 << 20;
/// What a text takes beside its letters.
const BESIDE: usize = 32;
/// A longer text is not sent to the server once more.
const LONGEST: usize = 1 << 20;

/// The different texts in the uniques of a model.
#[derive(Debug)]
pub struct UniqueTexts {
    paths: Vec<Vec<String>>,
    texts: Set<String>,
    bytes: usize,
    too_many: bool,
}

impl UniqueTexts {
    /// Those of a model; `None` where it has no unique that `asked` wants.
    pub fn of(model: &Model, asked: impl Fn(usize, &str) -> bool) -> Option<Self> {
        let uniques = model.indexes.iter().enumerate();
        let uniques = uniques
            .filter(|(at, index)| index.kind == IndexKind::Unique && asked(*at, &index.name));
        let paths = uniques.flat_map(|(_, index)| &index.fields);
        let paths: BTreeSet<&str> = paths.map(|field| field.stored.as_str()).collect();
        (!paths.is_empty()).then(|| Self {
            paths: paths
                .into_iter()
                .map(|path| path.split('.').map(str::to_owned).collect())
                .collect(),
            texts: Set::default(),
            bytes: 0,
            too_many: false,
        })
    }

    /// Takes in a document.
    pub fn take(&mut self, document: &RawDocument) {
        if self.too_many {
            return;
        }
        for at in 0..self.paths.len() {
            let path: Vec<&str> = self.paths[at].iter().map(String::as_str).collect();
            for value in values(document, &path).into_iter().flatten() {
                self.take_value(value);
            }
        }
    }

    fn take_value(&mut self, value: Value<'_>) {
        if let Some(inner) = document_or_list(value) {
            for element in elements(inner).map_while(Result::ok) {
                self.take_value(element.value);
            }
            return;
        }
        if value.kind != kind::STRING {
            return;
        }
        match value.as_str() {
            Some(text) if text.len() <= LONGEST => {
                if !self.texts.contains(text) {
                    self.bytes += text.len() + BESIDE;
                    self.texts.insert(text.to_owned());
                }
            }
            // What is no UTF-8 the server reads as it likes.
            _ => self.too_many = true,
        }
        if self.bytes > MOST {
            self.too_many = true;
        }
        if self.too_many {
            self.texts = Set::default();
        }
    }

    /// All of them; `None` where they are too many, or one is too long or no text.
    pub fn all(self) -> Option<Vec<String>> {
        (!self.too_many).then(|| self.texts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prisma::{Source, read};
    use bson::rawdoc;

    #[test]
    fn the_texts_of_uniques_are_gathered_once_each_and_no_others() {
        let text = "model Room {\n id Int @id @map(\"_id\")\n code String @unique @map(\"kode\")\n at Place\n note String\n floor Int\n @@unique([at.city, floor], map: \"u\")\n}\ntype Place {\n city String\n}";
        let schema = read(&[Source {
            name: "s".to_owned(),
            text: text.to_owned(),
        }])
        .unwrap();
        let model = &schema.models[0];
        let document = rawdoc! { "_id": 1, "kode": "x", "at": { "city": "Y" }, "note": "n" };
        let gathered = |asked: fn(usize, &str) -> bool| {
            let mut texts = UniqueTexts::of(model, asked)?;
            texts.take(&document);
            texts.take(&document);
            let mut all = texts.all().unwrap();
            all.sort();
            Some(all)
        };
        assert_eq!(gathered(|_, _| true).unwrap(), ["Y", "x"]);
        assert_eq!(gathered(|_, name| name == "u").unwrap(), ["Y"]);
        assert_eq!(gathered(|_, _| false), None);
        let mut texts = UniqueTexts::of(model, |_, _| true).unwrap();
        texts.take(&rawdoc! { "kode": "x".repeat(LONGEST + 1) });
        assert_eq!(texts.all(), None);
    }
}
