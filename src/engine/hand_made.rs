//! What somebody changed of the indexes of kept originals since the cut-over. It is undone before they are renamed back, so that they come back
//! with the indexes that they had; what no command can undo is found before anything is renamed.

use std::collections::BTreeMap;

use bson::RawDocumentBuf;

use crate::domain::index_plan::{name_of, with_ttl};
use crate::domain::pushed::KeptIndex;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::text::named;
use crate::engine::error::{Result, StepError};
use crate::engine::kept_files;
use crate::engine::session::Session;
use crate::store::collection_spec::{self, CollectionSpec};

/// Indexes of unknown origin that are tried one by one and together; more are all taken for strange.
const MOST: usize = 10;

/// The hash of the options and indexes that an original had, and its true expiries by index.
type Was<'r> = (&'r str, &'r BTreeMap<String, i64>);

/// What is made of an original's specification, of what it was, and of the indexes that it had.
type Look<T> = fn(&CollectionSpec, Was<'_>, &[RawDocumentBuf]) -> T;

/// An index of a kept original that was not there at the cut-over, or not so.
#[derive(Debug)]
struct HandMade {
    place: String,
    index: String,
    original_of: String,
}

impl HandMade {
    fn words(&self) -> String {
        format!(
            "index {} of {}, the original of {}, was made or changed by hand since the cut-over",
            named(&self.index),
            named(&self.place),
            named(&self.original_of)
        )
    }
}

impl Session {
    /// Indexes that are not those which the originals had.
    ///
    /// # Errors
    /// Options that are not those which the originals had; nothing was changed.
    async fn hand_made_indexes(&self) -> Result<Vec<HandMade>> {
        let mut all = Vec::new();
        for which in &self.work.mapping.rebuilt() {
            let Some((place, found)) = self.looked_at(which, strangers).await? else {
                continue;
            };
            match found {
                Some(names) => all.extend(names.into_iter().map(|index| HandMade {
                    place: place.clone(),
                    index,
                    original_of: which.live().to_owned(),
                })),
                None => return Err(self.other_options_than_then(which, &place)),
            }
        }
        Ok(all)
    }

    /// Where an original stands that was renamed, and what is made of its specification, of that in the record, and of the indexes that it had.
    async fn looked_at<T>(&self, which: &Rebuilt, look: Look<T>) -> Result<Option<(String, T)>> {
        let (Some(run), Some(place)) = (self.run.open(), self.layout.moved_to(which)) else {
            return Ok(None);
        };
        let record = run.collection(which);
        let Some(original) = record.original.as_ref().filter(|_| record.swap_began) else {
            return Ok(None);
        };
        let Some(spec) = collection_spec::load(&self.work.connection, place).await? else {
            return Ok(None);
        };
        let then = run.indexes.get(original).into_iter();
        let then = then.flat_map(|it| &it.indexes).filter_map(KeptIndex::raw);
        let was = (record.specification.as_str(), &record.ttl);
        let found = look(&spec, was, &then.collect::<Vec<_>>());
        Ok(Some((place.to_owned(), found)))
    }

    /// The indexes that the original of what is live had, whatever was made of them by hand since. `None` where nothing says that, or before the
    /// original was looked at after its rename.
    pub(crate) async fn indexes_of_then(
        &self,
        which: &Rebuilt,
    ) -> Result<Option<Vec<RawDocumentBuf>>> {
        if self.run.collection(which).frozen.is_none() {
            return Ok(None);
        }
        let found = self.looked_at(which, own_indexes).await?;
        Ok(found.and_then(|(_, own)| own))
    }

    fn other_options_than_then(&self, which: &Rebuilt, place: &str) -> StepError {
        let backup = self.run.open().and_then(|run| run.backup.as_ref());
        let backup = backup.map_or("the run folder", |backup| backup.path.as_str());
        StepError::Findings(format!(
            "{place}, the original of {live}, has other options or indexes than it had at the cut-over, and no command can tell which were its own. Nothing was changed: what is live stays live. The backup in {backup} holds them ({live}.metadata.json): give them back with collMod, createIndexes or dropIndexes, then run the same command again{}",
            kept_files::unless_gone(self.run.open()),
            live = which.live()
        ))
    }

    /// Refuses before the first rename where an original would come back with other options than it had.
    pub(crate) async fn require_specifications_known(&self) -> Result<()> {
        self.hand_made_indexes().await.map(drop)
    }

    /// What is dropped before the originals are renamed back, for a gate.
    pub(crate) async fn will_drop_hand_made(&self) -> Result<Vec<String>> {
        let all = match self.hand_made_indexes().await {
            Ok(all) => all,
            Err(StepError::Findings(why)) => return Ok(vec![why]),
            Err(error) => return Err(error),
        };
        Ok(all
            .iter()
            .map(|it| format!("drop what the originals did not have: {}", it.words()))
            .collect())
    }

    /// Drops such indexes of the originals, and says which. May be called any number of times.
    pub(crate) async fn drop_hand_made_indexes(&self) -> Result<Vec<String>> {
        let mut says = Vec::new();
        for it in self.hand_made_indexes().await? {
            collection_spec::drop_index(&self.work.connection, &it.place, &it.index).await?;
            says.push(format!(
                "{}: it is dropped, so that {} has the indexes that it had",
                it.words(),
                named(&it.original_of)
            ));
        }
        Ok(says)
    }
}

/// The indexes of an original with their true expiries.
fn with_true_ttls(spec: &CollectionSpec, ttl: &BTreeMap<String, i64>) -> Vec<RawDocumentBuf> {
    let indexes = spec.indexes.iter();
    let indexes = indexes.map(|index| match ttl.get(name_of(index)) {
        Some(seconds) => with_ttl(index, Some(*seconds)),
        None => index.clone(),
    });
    indexes.collect()
}

/// The names of indexes that an original did not have, or not so. `None` where its options are others.
fn strangers(
    spec: &CollectionSpec,
    (specification, ttl): Was<'_>,
    then: &[RawDocumentBuf],
) -> Option<Vec<String>> {
    let own = own_indexes(spec, (specification, ttl), then)?;
    let standing = with_true_ttls(spec, ttl).into_iter();
    let strange = standing.filter(|index| !own.contains(index));
    Some(strange.map(|index| name_of(&index).to_owned()).collect())
}

/// The indexes with which an original is specified as the record says: of those that stand, and of `then`. `None` where it is never so: its
/// options are others.
fn own_indexes(
    spec: &CollectionSpec,
    (specification, ttl): Was<'_>,
    then: &[RawDocumentBuf],
) -> Option<Vec<RawDocumentBuf>> {
    let standing = with_true_ttls(spec, ttl);
    if specification.is_empty() || spec.fingerprint_with(ttl) == specification {
        return Some(standing);
    }
    let (known, unknown): (Vec<_>, Vec<_>) = standing
        .into_iter()
        .partition(|index| name_of(index) == "_id_" || then.contains(index));
    let by_id = known.iter().filter(|index| name_of(index) == "_id_");
    let all_of_then: Vec<_> = by_id.chain(then).cloned().collect();
    // Some may have come to the live collection after the record of all indexes was made, and before its swap.
    let tried = if unknown.len() > MOST {
        0
    } else {
        unknown.len()
    };
    for base in [&all_of_then, &known] {
        for chosen in 0_u32..1 << tried {
            let mut one = spec.clone();
            one.indexes.clone_from(base);
            let some = unknown.iter().take(tried).enumerate();
            let some = some.filter(|(at, _)| chosen & (1 << at) != 0);
            one.indexes.extend(some.map(|(_, index)| index.clone()));
            if one.fingerprint() == specification {
                return Some(one.indexes);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    fn index(name: &str, more: i32) -> RawDocumentBuf {
        rawdoc! { "v": 2, "key": { "a": more }, "name": name }
    }

    fn spec(indexes: &[RawDocumentBuf]) -> CollectionSpec {
        CollectionSpec {
            name: "Booking".to_owned(),
            kind: "collection".to_owned(),
            options: rawdoc! {},
            uuid: None,
            indexes: [&[index("_id_", 1)], indexes].concat(),
        }
    }

    fn found(
        now: &[RawDocumentBuf],
        then: &[RawDocumentBuf],
        was: &[RawDocumentBuf],
    ) -> Option<Vec<String>> {
        let was = spec(was).fingerprint();
        strangers(&spec(now), (&was, &BTreeMap::new()), then)
    }

    #[test]
    fn what_was_made_by_hand_is_told_from_what_came_late_or_went() {
        let [a, b, c, other] = [index("a", 1), index("b", 1), index("c", 1), index("b", -1)];
        let both = [a.clone(), b.clone()];
        let nothing: Vec<String> = Vec::new();
        assert_eq!(found(&both, &both, &both), Some(nothing.clone()));
        // One more; one that went, which is built again elsewhere; one that is another.
        let more = [a.clone(), b.clone(), c.clone()];
        assert_eq!(found(&more, &both, &both).unwrap(), ["c"]);
        assert_eq!(found(&both[..1], &both, &both), Some(nothing.clone()));
        let turned = [a.clone(), other];
        assert_eq!(found(&turned, &both, &both).unwrap(), ["b"]);
        // One that came before the swap and after the record of all indexes is no stranger.
        assert_eq!(found(&more, &both, &more), Some(nothing));
        let late = [a.clone(), c.clone()];
        assert_eq!(
            found(&more, std::slice::from_ref(&a), &late).unwrap(),
            ["b"]
        );
        // Other options.
        let mut one = spec(&both);
        one.options = rawdoc! { "validationLevel": "off" };
        let was = spec(&both).fingerprint();
        assert_eq!(strangers(&one, (&was, &BTreeMap::new()), &both), None);
    }
}
