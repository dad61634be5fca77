//! The check of a whole schema, collection by collection, document by document. The caller reads the database and passes documents in.

use std::collections::{BTreeMap, BTreeSet};

use bson::raw::{RawDocument, RawDocumentBuf};

use super::alike::Compares;
use super::conformity::{Conformity, Finding, ModelConformity};
use super::indexes;
use super::judge::judge;
use super::kind::{Effects, Kind};
use super::references::{Broken, References};
use super::repair;
use super::schema::{Model, Schema};
use super::shape::Shapes;
use super::tally::{About, Listener, Subject, Tally};
use super::uniques::Uniques;
use crate::domain::id::Id;
use crate::domain::number::counted;
use crate::domain::raw::{Malformed, Value, get, kind};
use crate::domain::table::Memory;
use crate::domain::text::safe;

/// What a model's collection is in the database.
#[derive(Debug, Clone)]
pub enum Standing {
    /// A collection with these indexes.
    Collection {
        /// As `listIndexes` gives them.
        indexes: Vec<RawDocumentBuf>,
        /// How its uniques compare text.
        compares: Compares,
    },
    /// A time-series collection.
    TimeSeries,
    /// A view.
    View,
    /// Nothing.
    Missing,
}

/// The findings so far.
struct Findings {
    tallies: Vec<Tally>,
    listener: Option<Listener>,
}

/// The model whose documents are being read.
struct Current {
    model: usize,
    uniques: Uniques,
    /// Defaults that are not written of fields that are unique: how many, and the first document. Two of them are duplicates.
    unwritten: BTreeMap<String, (u64, Id)>,
}

/// A check under way.
pub struct SchemaCheck<'s> {
    schema: &'s Schema,
    shapes: Shapes,
    references: References,
    findings: Findings,
    documents: Vec<u64>,
    current: Option<Current>,
    memory: Memory,
    notes: Vec<String>,
    incomplete: bool,
    /// Defaults that a decision leaves unwritten, each `Model.field`.
    left: BTreeSet<String>,
}

impl<'s> SchemaCheck<'s> {
    /// A check of `schema`. Tables stay within `memory`; `personal` shows ids that look like personal data; `listener` hears of every finding.
    pub fn new(
        schema: &'s Schema,
        memory: &Memory,
        personal: bool,
        listener: Option<Listener>,
    ) -> Self {
        let shapes = Shapes::of(schema);
        let models = schema.models.iter();
        let tallies = models.map(|it| Tally::new(&it.name, &it.collection, personal));
        Self {
            references: References::new(schema, &shapes, memory),
            findings: Findings {
                tallies: tallies.collect(),
                listener,
            },
            documents: vec![0; schema.models.len()],
            current: None,
            memory: memory.clone(),
            notes: Vec::new(),
            incomplete: false,
            left: BTreeSet::new(),
            schema,
            shapes,
        }
    }

    /// The same check, with defaults that a decision leaves unwritten, each `Model.field`: they are advice.
    #[must_use]
    pub fn leaving(mut self, left: BTreeSet<String>) -> Self {
        self.left = left;
        self
    }

    /// True where the schema has this `Model.field`; a field inside a composite as `Model.field.member`.
    pub fn has_field(&self, name: &str) -> bool {
        let Some((model, path)) = name.split_once('.') else {
            return false;
        };
        let mut models = self.schema.models.iter();
        let model = models.find(|it| it.name == model);
        model.is_some_and(|model| repair::find(self.schema, model, path).is_some())
    }

    fn is_left(&self, of: &Model, path: &str) -> bool {
        !self.left.is_empty() && self.left.contains(&format!("{}.{path}", of.name))
    }

    /// The models that a client reads, in an order that keeps the least in memory.
    pub fn order(&self) -> Vec<usize> {
        let order = self.references.order(self.schema.models.len());
        let known = |at: &usize| self.schema.models.get(*at).is_some_and(|it| !it.ignored);
        order.into_iter().filter(known).collect()
    }

    /// Says something beside the findings.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Says what could not be checked.
    pub fn not_checked(&mut self, note: String) {
        self.notes.push(note);
        self.incomplete = true;
    }

    /// Begins with the documents of a model; about so many come.
    pub fn begin(&mut self, model: usize, standing: &Standing, expected: u64) {
        let Some(of) = self.schema.models.get(model) else {
            return;
        };
        let mut guarded = Vec::new();
        let mut comparison = Compares::ByLetters;
        match standing {
            Standing::Collection { indexes, compares } => {
                let collated = !matches!(compares, Compares::ByLetters);
                guarded = indexes::guarded(of, indexes, collated);
                self.compare(model, of, indexes);
                if matches!(compares, Compares::Unknown) {
                    self.not_collated(of, &guarded);
                }
                comparison = compares.clone();
            }
            Standing::View => self.note_view(of),
            Standing::TimeSeries => self.notes.push(format!(
                "{} is a time-series collection: it takes no unique index, and `npx prisma@6 db push` fails on one",
                safe(&of.collection, 120)
            )),
            Standing::Missing => {}
        }
        self.references
            .expect(model, usize::try_from(expected).unwrap_or(0));
        let uniques = if of.is_view {
            Uniques::none(&self.memory)
        } else {
            Uniques::new(of, &guarded, &comparison, &self.memory)
        };
        self.current = Some(Current {
            model,
            uniques,
            unwritten: BTreeMap::new(),
        });
    }

    fn note_view(&mut self, of: &Model) {
        if !of.is_view {
            self.notes.push(format!(
                "{} is a view, and the model {} reads it: its documents were checked, and it can have no indexes",
                safe(&of.collection, 120),
                safe(&of.name, 120)
            ));
        }
    }

    /// Text that is compared by a collation has duplicates that bytes do not show.
    fn not_collated(&mut self, of: &Model, guarded: &[usize]) {
        let uniques = of.indexes.iter().enumerate();
        let mut unguarded = uniques.filter(|(at, it)| {
            it.kind == super::schema::IndexKind::Unique && !guarded.contains(at)
        });
        if let Some((_, unique)) = unguarded.next() {
            self.not_checked(format!(
                "{} has a collation of its own, so a unique index compares text by that, not letter by letter. The texts under {} are too many for that (more than 64 MB), or one is longer than 1 MB or no UTF-8: whether two of them count as one was not checked",
                safe(&of.collection, 120),
                safe(&unique.name, 130)
            ));
        }
    }

    fn compare(&mut self, model: usize, of: &Model, standing: &[RawDocumentBuf]) {
        for found in indexes::compare(self.schema, of, standing) {
            let advice = found.kind != Kind::IndexMissing;
            let subject = Subject {
                kind: found.kind,
                place: place_of(of, &found.names),
                names: found.names,
                index: found.index,
            };
            let about = About::Nothing;
            let entry = self
                .findings
                .add(model, subject, found.effects, advice, &about);
            if let Some(entry) = entry {
                entry.repair = Some(found.repair);
            }
        }
    }

    /// Takes in a document of the model that was begun.
    ///
    /// # Errors
    /// A document that is not well-formed.
    pub fn take(&mut self, document: &RawDocument) -> Result<(), Malformed> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let model = current.model;
        let (Some(shape), Some(of)) =
            (self.shapes.models.get(model), self.schema.models.get(model))
        else {
            return Ok(());
        };
        let judged = judge(&self.shapes, shape, document)?;
        if let Some(documents) = self.documents.get_mut(model) {
            *documents += 1;
        }
        let id = get(document, "_id").unwrap_or(Value {
            kind: kind::NULL,
            bytes: &[],
        });
        let id = Id::from_value(id);
        for flaw in &judged.flaws {
            if flaw.kind == Kind::DefaultNotWritten && current.uniques.has(&flaw.path) {
                let first = || (0, id.clone());
                let seen = current.unwritten.entry(flaw.path.clone());
                seen.or_insert_with(first).0 += 1;
                continue;
            }
            let advice = flaw.kind == Kind::DefaultNotWritten
                && !self.left.is_empty()
                && self.left.contains(&format!("{}.{}", of.name, flaw.path));
            let subject = subject(of, flaw.kind, vec![flaw.path.clone()]);
            let about = About::Document(&id);
            self.findings
                .add(model, subject, flaw.effects, advice, &about);
        }
        current.uniques.take(document, &judged, &id);
        let findings = &mut self.findings;
        self.references
            .take(&self.shapes, model, &judged, &id, |broken| {
                findings.broken(self.schema, broken);
            });
        Ok(())
    }

    /// All documents of the model that was begun were taken in.
    pub fn end(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        let model = current.model;
        let Some(of) = self.schema.models.get(model) else {
            return;
        };
        self.references.complete(model);
        current.uniques.duplicates(|group| {
            let names = index_names(of, group.index);
            let about = About::Group(group.members, &group.ids);
            let subject = subject(of, Kind::Duplicate, names);
            self.findings
                .add(model, subject, Effects::PUSH_STOPS, false, &about);
        });
        for (path, (count, id)) in &current.unwritten {
            if *count == 1 {
                let advice = self.is_left(of, path);
                let subject = subject(of, Kind::DefaultNotWritten, vec![path.clone()]);
                let about = About::Document(id);
                self.findings
                    .add(model, subject, Effects::DEFAULT_SHOWN, advice, &about);
            }
        }
        let unclear: Vec<_> = current.uniques.unclear().collect();
        for (index, documents) in unclear {
            let names = index_names(of, index).join(", ");
            let name = safe(&of.collection, 120);
            self.not_checked(format!(
                "{} several lists under the unique of {}: no server keeps such an index, and they were not compared",
                counted(
                    documents,
                    &format!("document of {name} has"),
                    &format!("documents of {name} have")
                ),
                safe(&names, 200)
            ));
        }
    }

    /// The answer, after every model was begun and ended.
    pub fn finish(mut self) -> Conformity {
        let findings = &mut self.findings;
        self.references
            .finish(|broken| findings.broken(self.schema, broken));
        for model in self.schema.models.iter().filter(|model| model.ignored) {
            self.notes.push(format!(
                "the model {} has @@ignore: no client reads it, and it was not checked",
                safe(&model.name, 120)
            ));
        }
        let models = self.schema.models.iter().zip(&self.findings.tallies);
        let models = models
            .zip(&self.documents)
            .filter(|((model, _), _)| !model.ignored)
            .map(|((model, tally), documents)| ModelConformity {
                name: model.name.clone(),
                collection: model.collection.clone(),
                documents: *documents,
                findings: tally_findings(self.schema, model, tally),
            });
        Conformity {
            models: models.collect(),
            notes: self.notes,
            incomplete: self.incomplete,
        }
    }
}

impl Findings {
    fn add(
        &mut self,
        model: usize,
        subject: Subject,
        effects: Effects,
        advice: bool,
        about: &About<'_>,
    ) -> Option<&mut super::tally::Entry> {
        let tally = self.tallies.get_mut(model)?;
        Some(tally.add(subject, effects, advice, about, &mut self.listener))
    }

    fn broken(&mut self, schema: &Schema, broken: Broken) {
        let Some(of) = schema.models.get(broken.model) else {
            return;
        };
        let advice = broken.effects == Effects::NULL_RELATION;
        let subject = subject(of, broken.kind, broken.names);
        let about = About::Document(&broken.id);
        self.add(broken.model, subject, broken.effects, advice, &about);
    }
}

fn subject(of: &Model, kind: Kind, names: Vec<String>) -> Subject {
    Subject {
        kind,
        place: place_of(of, &names),
        names,
        index: None,
    }
}

/// Where the first of these fields stands in the schema.
fn place_of(of: &Model, names: &[String]) -> usize {
    let first = names.first().and_then(|path| path.split('.').next());
    let place = of
        .fields
        .iter()
        .position(|field| Some(field.name.as_str()) == first);
    place.unwrap_or(usize::MAX)
}

fn index_names(of: &Model, index: usize) -> Vec<String> {
    let fields = of.indexes.get(index).into_iter().flat_map(|it| &it.fields);
    fields.map(|field| field.path.clone()).collect()
}

fn tally_findings(schema: &Schema, model: &Model, tally: &Tally) -> Vec<Finding> {
    let entries = tally.entries.iter();
    entries
        .map(|(subject, entry)| Finding {
            kind: subject.kind,
            fields: subject.names.clone(),
            count: entry.count,
            error: entry.effects.words(),
            samples: entry.samples.clone(),
            repair: entry
                .repair
                .clone()
                .unwrap_or_else(|| repair::of(schema, model, subject.kind, &subject.names)),
            advice: entry.advice,
        })
        .collect()
}
