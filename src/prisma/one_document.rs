//! Whether a client reads one document of a model: its own values alone, without what it refers to.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::judge::judge;
use super::kind::Kind;
use super::schema::Schema;
use super::shape::Shapes;

/// Judges documents of one model, each alone.
#[derive(Debug)]
pub struct OneDocument {
    shapes: Shapes,
    model: usize,
    name: String,
    /// What a decision leaves: `Room.name wrong-type`.
    left: BTreeSet<String>,
}

impl OneDocument {
    /// Of the model of this name; `None` where the schema has none.
    pub fn of(schema: &Schema, model: &str, left: &[String]) -> Option<Self> {
        let at = schema.models.iter().position(|it| it.name == model)?;
        Some(Self {
            shapes: Shapes::of(schema),
            model: at,
            name: model.to_owned(),
            left: left.iter().cloned().collect(),
        })
    }

    /// True where nothing in it is against the schema, but for what a decision leaves. A default that is not written is read all the same.
    pub fn reads(&self, document: &RawDocument) -> bool {
        let Some(shape) = self.shapes.models.get(self.model) else {
            return true;
        };
        let Ok(judged) = judge(&self.shapes, shape, document) else {
            return false;
        };
        judged.flaws.iter().all(|flaw| {
            let key = format!("{}.{} {}", self.name, flaw.path, flaw.kind.word());
            flaw.kind == Kind::DefaultNotWritten || self.left.contains(&key)
        })
    }

    /// The fields of a document whose values a client does not read, each with what is wrong; with `missing`, those that are required and not
    /// there too.
    pub fn unread(&self, document: &RawDocument, missing: bool) -> Vec<(String, Kind)> {
        let Some(shape) = self.shapes.models.get(self.model) else {
            return Vec::new();
        };
        let Ok(judged) = judge(&self.shapes, shape, document) else {
            return Vec::new();
        };
        let counts = |kind| match kind {
            Kind::NullInList | Kind::WrongType | Kind::BadEnum => true,
            Kind::MissingRequired | Kind::NullRequired => missing,
            _ => false,
        };
        let flaws = judged.flaws.into_iter().filter(|it| counts(it.kind));
        flaws.map(|it| (it.path, it.kind)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prisma::{Source, read};
    use bson::rawdoc;

    #[test]
    fn a_document_is_read_or_not_and_what_a_decision_leaves_is_no_matter() {
        let text =
            "model Room {\n id Int @id @map(\"_id\")\n price Int\n open Boolean @default(true)\n}";
        let schema = read(&[Source {
            name: "s".to_owned(),
            text: text.to_owned(),
        }])
        .unwrap();
        let of = |left: &[String]| OneDocument::of(&schema, "Room", left).unwrap();
        assert!(of(&[]).reads(&rawdoc! { "_id": 1, "price": 3 }));
        let half = rawdoc! { "_id": 1, "price": 12.5 };
        assert!(!of(&[]).reads(&half));
        assert!(of(&["Room.price wrong-type".to_owned()]).reads(&half));
        assert!(OneDocument::of(&schema, "Hall", &[]).is_none());
        let wrong = [("price".to_owned(), Kind::WrongType)];
        assert_eq!(of(&[]).unread(&half, true), wrong);
        let none = rawdoc! { "_id": 1 };
        assert_eq!(of(&[]).unread(&none, false), []);
        let missing = [("price".to_owned(), Kind::MissingRequired)];
        assert_eq!(of(&[]).unread(&none, true), missing);
    }
}
