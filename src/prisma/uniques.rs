//! Several documents with one value of a unique. Each value is kept once, as a digest; a group grows by a chain of its members, so that all of
//! them can be named without a second read.

use bson::raw::RawDocument;

use super::alike::{Alike, Compares};
use super::id_log::IdLog;
use super::index_key::digests;
use super::judge::Judged;
use super::kind::Kind;
use super::schema::{IndexKind, Model};
use crate::domain::id::Id;
use crate::domain::table::{Column, Fixed, Memory, Reader, Table, Writer};

/// The first document with a value, and the last member of the chain (one more, so that 0 is "none").
#[derive(Debug, Clone, Copy)]
struct Group {
    first: u32,
    last: u32,
    members: u32,
}

impl Fixed for Group {
    const WIDTH: usize = 12;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(self.first);
        into.u32(self.last);
        into.u32(self.members);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            first: from.u32(),
            last: from.u32(),
            members: from.u32(),
        }
    }
}

/// A document with a value that another one had before.
#[derive(Debug, Clone, Copy)]
struct Member {
    id: u32,
    before: u32,
    row: u32,
}

impl Fixed for Member {
    const WIDTH: usize = 12;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(self.id);
        into.u32(self.before);
        into.u32(self.row);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            id: from.u32(),
            before: from.u32(),
            row: from.u32(),
        }
    }
}

/// One unique of a model.
#[derive(Debug)]
struct Unique {
    /// Its number among the model's indexes.
    index: usize,
    /// Its fields by the names of documents, cut at the points.
    paths: Vec<Vec<String>>,
    /// Its field by the name of the schema, where it is one.
    alone: Option<String>,
    /// Which texts count as one in it; `None` where no two do.
    alike: Option<Alike>,
    groups: Table<Group>,
    members: Column<Member>,
    /// Documents whose keys no server would index.
    unclear: u64,
}

/// The uniques of a model that no index of the database guards.
#[derive(Debug)]
pub(super) struct Uniques {
    uniques: Vec<Unique>,
    log: IdLog,
}

/// Documents with one value of a unique.
pub(super) struct Duplicates {
    /// The unique's number among the model's indexes.
    pub(super) index: usize,
    /// How many documents.
    pub(super) members: u64,
    /// Some of them, the first one first.
    pub(super) ids: Vec<Id>,
}

/// Members of a group that are named.
const NAMED: usize = 100;

impl Uniques {
    /// Those of `model` that are not among `guarded`, by number.
    pub(super) fn new(
        model: &Model,
        guarded: &[usize],
        compares: &Compares,
        memory: &Memory,
    ) -> Self {
        let alike = match compares {
            Compares::ByCollation(alike) => Some(alike),
            Compares::ByLetters | Compares::Unknown => None,
        };
        let uniques = model.indexes.iter().enumerate();
        let uniques = uniques
            .filter(|(at, index)| index.kind == IndexKind::Unique && !guarded.contains(at))
            .map(|(at, index)| {
                let paths = index.fields.iter();
                let alone = match &index.fields[..] {
                    [field] => Some(field.path.clone()),
                    _ => None,
                };
                Unique {
                    index: at,
                    paths: paths
                        .map(|field| field.stored.split('.').map(str::to_owned).collect())
                        .collect(),
                    alone,
                    alike: alike.filter(|it| it.is_about(&index.name)).cloned(),
                    groups: Table::new(memory),
                    members: Column::new(memory),
                    unclear: 0,
                }
            });
        Self {
            uniques: uniques.collect(),
            log: IdLog::new(memory),
        }
    }

    /// None, as of a view.
    pub(super) fn none(memory: &Memory) -> Self {
        Self {
            uniques: Vec::new(),
            log: IdLog::new(memory),
        }
    }

    /// True where a field is a unique of its own.
    pub(super) fn has(&self, path: &str) -> bool {
        let mut uniques = self.uniques.iter();
        uniques.any(|unique| unique.alone.as_deref() == Some(path))
    }

    /// Takes in a document.
    pub(super) fn take(&mut self, document: &RawDocument, judged: &Judged<'_>, id: &Id) {
        let mut number = None;
        for unique in &mut self.uniques {
            // A value has one finding: what cannot be read is no duplicate.
            let flawed = unique.alone.as_ref().is_some_and(|path| {
                let mut flaws = judged.flaws.iter();
                flaws.any(|flaw| &flaw.path == path && flaw.kind != Kind::DefaultNotWritten)
            });
            if flawed {
                continue;
            }
            let paths: Vec<Vec<&str>> = unique
                .paths
                .iter()
                .map(|path| path.iter().map(String::as_str).collect())
                .collect();
            let Some(digests) = digests(document, &paths, unique.alike.as_ref()) else {
                unique.unclear += 1;
                continue;
            };
            let id = *number.get_or_insert_with(|| self.log.keep(id));
            for digest in digests {
                unique.insert(&digest, id);
            }
        }
    }

    /// Documents that no index over these fields could hold, by the unique's number.
    pub(super) fn unclear(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let uniques = self.uniques.iter();
        uniques
            .map(|unique| (unique.index, unique.unclear))
            .filter(|(_, unclear)| *unclear > 0)
    }

    /// Every group of documents with one value.
    pub(super) fn duplicates(&self, mut found: impl FnMut(Duplicates)) {
        for unique in &self.uniques {
            for second in unique.members.iter().filter(|member| member.before == 0) {
                found(unique.group(second.row, &self.log));
            }
        }
    }
}

impl Unique {
    fn insert(&mut self, digest: &[u8], id: u32) {
        let new = Group {
            first: id,
            last: 0,
            members: 1,
        };
        let (row, is_new) = self.groups.insert(digest, &new);
        if is_new {
            return;
        }
        let mut group = self.groups.value(row);
        self.members.push(&Member {
            id,
            before: group.last,
            row: u32::try_from(row).unwrap_or(u32::MAX),
        });
        group.last = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        group.members = group.members.saturating_add(1);
        self.groups.set(row, &group);
    }

    fn group(&self, row: u32, log: &IdLog) -> Duplicates {
        let group = self
            .groups
            .value(usize::try_from(row).unwrap_or(usize::MAX));
        let mut ids = Vec::new();
        let mut last = group.last;
        while let Some(at) = last.checked_sub(1).filter(|_| ids.len() < NAMED - 1) {
            let member = self
                .members
                .value(usize::try_from(at).unwrap_or(usize::MAX));
            ids.push(log.id(member.id));
            last = member.before;
        }
        ids.push(log.id(group.first));
        ids.reverse();
        Duplicates {
            index: self.index,
            members: u64::from(group.members),
            ids,
        }
    }
}
