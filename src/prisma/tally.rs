//! Findings as they come in: counted by kind and field, with the ids of the first few documents.

use std::collections::BTreeMap;

use bson::raw::RawDocument;
use serde_json::{Map, Value as Json, json};

use super::kind::{Effects, Kind};
use crate::domain::id::Id;
use crate::domain::raw::{elements, kind};
use crate::domain::text;

/// Ids that are shown of a finding.
const SAMPLES: usize = 5;

/// Hears of every finding at once, as a line of JSON.
pub type Listener = Box<dyn FnMut(&Json) + Send>;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    /// The place of the first field in the schema, for the order.
    pub(super) place: usize,
    /// By the names of the schema.
    pub(super) names: Vec<String>,
    /// Of an index: its name.
    pub(super) index: Option<String>,
}

/// Findings about one subject.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) count: u64,
    pub(super) effects: Effects,
    pub(super) samples: Vec<String>,
    pub(super) advice: bool,
    /// What is offered, where only the finding itself knows it.
    pub(super) repair: Option<String>,
}

/// The documents of a finding.
pub(super) enum About<'a> {
    /// One.
    Document(&'a Id),
    /// Several together: how many, and some of them.
    Group(u64, &'a [Id]),
    /// None: an index.
    Nothing,
}

/// Findings of one model.
pub(super) struct Tally {
    pub(super) model: String,
    pub(super) collection: String,
    pub(super) entries: BTreeMap<Subject, Entry>,
    /// Ids that look like personal data are shown as they are.
    personal: bool,
}

impl Tally {
    pub(super) fn new(model: &str, collection: &str, personal: bool) -> Self {
        Self {
            model: model.to_owned(),
            collection: collection.to_owned(),
            entries: BTreeMap::new(),
            personal,
        }
    }

    /// Counts a finding, and says it to who listens.
    pub(super) fn add(
        &mut self,
        subject: Subject,
        effects: Effects,
        advice: bool,
        about: &About<'_>,
        listener: &mut Option<Listener>,
    ) -> &mut Entry {
        if let Some(listener) = listener {
            listener(&self.line(&subject, advice, about));
        }
        let entry = self.entries.entry(subject).or_default();
        entry.count += 1;
        entry.effects = entry.effects | effects;
        entry.advice = advice;
        let ids = match about {
            About::Document(id) => std::slice::from_ref(*id),
            About::Group(_, ids) => ids,
            About::Nothing => &[],
        };
        let room = SAMPLES.saturating_sub(entry.samples.len());
        let samples = ids.iter().take(room);
        entry
            .samples
            .extend(samples.map(|id| shown(id, self.personal)));
        entry
    }

    fn line(&self, subject: &Subject, advice: bool, about: &About<'_>) -> Json {
        let mut line = Map::new();
        line.insert("model".to_owned(), json!(self.model));
        line.insert("collection".to_owned(), json!(self.collection));
        let id = match about {
            About::Document(id) => extended(id, self.personal),
            _ => Json::Null,
        };
        line.insert("id".to_owned(), id);
        let (key, names) = names_json(&subject.names);
        line.insert(key.to_owned(), names);
        line.insert("kind".to_owned(), json!(subject.kind.word()));
        line.insert("advice".to_owned(), json!(advice));
        if let About::Group(members, ids) = about {
            let ids: Vec<_> = ids.iter().map(|id| extended(id, self.personal)).collect();
            line.insert("members".to_owned(), json!(members));
            line.insert("ids".to_owned(), json!(ids));
        }
        if let Some(index) = &subject.index {
            line.insert("index".to_owned(), json!(index));
        }
        Json::Object(line)
    }
}

/// One field is `field`, several are `fields`.
pub(super) fn names_json(names: &[String]) -> (&'static str, Json) {
    match names {
        [name] => ("field", json!(name)),
        names => ("fields", json!(names)),
    }
}

/// An id for people: strings without quotes, unless they read as an id of another type.
fn shown(id: &Id, personal: bool) -> String {
    if !personal && looks_personal(id) {
        return masked(id);
    }
    match id.as_str() {
        Some(text) if Id::parse(text).is_none() => text::safe(text, 120),
        _ => text::safe(&id.to_string(), 120),
    }
}

fn extended(id: &Id, personal: bool) -> Json {
    if !personal && looks_personal(id) {
        return json!(masked(id));
    }
    id.to_extended_json()
}

fn masked(id: &Id) -> String {
    id.as_str().map_or_else(|| "{…}".to_owned(), text::mask)
}

/// An e-mail address, a name of several words, a phone number; or a document that holds one.
fn looks_personal(id: &Id) -> bool {
    let text = |text: &str| {
        let phone = text.strip_prefix('+').is_some_and(|digits| {
            digits.len() > 6
                && digits
                    .chars()
                    .all(|c| c.is_ascii_digit() || " -()".contains(c))
        });
        phone || text.contains('@') || text.trim().contains(char::is_whitespace)
    };
    if let Some(id) = id.as_str() {
        return text(id);
    }
    let value = id.value();
    if !matches!(value.kind, kind::DOCUMENT | kind::ARRAY) {
        return false;
    }
    // An id of several parts: each of them, to any depth.
    let Ok(parts) = RawDocument::from_bytes(value.bytes) else {
        return true;
    };
    elements(parts)
        .map_while(Result::ok)
        .any(|part| looks_personal(&Id::from_value(part.value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn an_id_that_looks_like_personal_data_is_masked_unless_asked() {
        for (id, expected) in [
            (Id::string("ann@example.org"), "a…@….org"),
            (Id::string("Ann Smith"), "A…"),
            (Id::string("+31 6 12345678"), "+…"),
            (Id::string("ckx1"), "ckx1"),
            (Id::string("a\u{202e}b"), "a\\u{202e}b"),
            (
                Id::string("65a000000000000000000001"),
                "\"65a000000000000000000001\"",
            ),
            (Id::object_id([1; 12]), "010101010101010101010101"),
        ] {
            assert_eq!(shown(&id, false), expected);
        }
        assert_eq!(
            shown(&Id::string("ann@example.org"), true),
            "ann@example.org"
        );
        let parts = rawdoc! { "a": 1, "b": { "c": "ann@example.org" } };
        let parts = Id::from_value(crate::domain::raw::Value {
            kind: kind::DOCUMENT,
            bytes: parts.as_bytes(),
        });
        assert_eq!(shown(&parts, false), "{…}");
        assert_eq!(extended(&parts, false), json!("{…}"));
    }
}
