//! Where the rebuilt collections stand: what is swapped, moved and prepared, as the server's UUIDs say.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::mapping::Mapping;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::domain::run::RunRecord;
use crate::engine::error::Result;
use crate::store::collection_spec;
use crate::store::connect::Connection;

/// Which collection stands where, by the rebuilt collection's key.
#[derive(Debug, Default)]
pub struct Layout {
    swapped: BTreeSet<String>,
    moved: BTreeMap<String, String>,
    prepared: BTreeSet<String>,
}

impl Layout {
    /// Asks the server where the collections of an open run stand.
    pub(crate) async fn read(
        connection: &Connection,
        mapping: &Mapping,
        run: Option<&RunRecord>,
    ) -> Result<Self> {
        let mut layout = Self::default();
        let Some(run) = run else {
            return Ok(layout);
        };
        let uuids = collection_spec::uuids(connection).await?;
        let uuid = |name: &str| uuids.get(name).and_then(Option::as_deref);
        for which in mapping.rebuilt() {
            let known = run.collection(&which);
            let key = which.key().to_owned();
            let live = uuid(which.live());
            if known.is_next(live) || known.is_old(live) {
                layout.swapped.insert(key.clone());
            }
            if known.is_next(uuid(&which.next())) {
                layout.prepared.insert(key.clone());
            }
            let before = which.before();
            if known.is_original(uuid(&before)) {
                layout.moved.insert(key, before);
            }
        }
        Ok(layout)
    }

    /// True once the prepared copy is live.
    pub fn is_swapped(&self, which: &Rebuilt) -> bool {
        self.swapped.contains(which.key())
    }

    /// True once all copies of a group are live.
    pub fn is_group_swapped(&self, mapping: &Mapping, group: Group) -> bool {
        let list = mapping.rebuilt_in(group);
        list.iter().all(|which| self.is_swapped(which))
    }

    /// True once some copy is live.
    pub fn is_any_swapped(&self) -> bool {
        !self.swapped.is_empty()
    }

    /// True once the first rename of a swap was done, whatever became of the rest. The journal alone only says that it was about to be sent.
    pub fn has_moved(&self, which: &Rebuilt) -> bool {
        self.is_swapped(which) || self.moved.contains_key(which.key())
    }

    /// True once some original was renamed.
    pub fn has_any_moved(&self) -> bool {
        !self.swapped.is_empty() || !self.moved.is_empty()
    }

    /// True where the prepared copy of this run stands.
    pub fn is_prepared(&self, which: &Rebuilt) -> bool {
        self.prepared.contains(which.key())
    }

    /// The collection that the transform reads: the original, wherever it stands. `None` where there was none.
    pub fn source(&self, which: &Rebuilt) -> Option<String> {
        match self.moved.get(which.key()) {
            Some(before) => Some(before.clone()),
            None if self.is_swapped(which) => None,
            None => Some(which.live().to_owned()),
        }
    }

    /// Where the documents stand that were under a live name before any swap.
    pub(crate) fn original_of(&self, mapping: &Mapping, live: &str) -> String {
        let list = mapping.rebuilt();
        let rebuilt = list.iter().find(|which| which.live() == live);
        let place = rebuilt.and_then(|which| self.source(which));
        place.unwrap_or_else(|| live.to_owned())
    }

    /// Where the rebuilt collection stands: prepared, or live after the swap.
    pub fn place(&self, which: &Rebuilt) -> String {
        if self.is_swapped(which) {
            which.live().to_owned()
        } else {
            which.next()
        }
    }
}
