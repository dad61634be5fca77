//! Which texts a collation takes for one. The server is asked, for nobody else compares as it does: it groups texts that are sent to it, and keeps
//! none of them.

use std::collections::BTreeMap;

use bson::raw::RawDocument;
use bson::{Document, doc};
use futures_util::TryStreamExt as _;
use mongodb::Database;
use mongodb::options::Collation;
use tokio_util::sync::CancellationToken;

use super::error::{Result, StoreError};

/// Bytes of texts that are sent half by half: two halves fit into one command.
const HALF: usize = 5 << 20;
/// What a text takes in a command beside its letters, at most.
const BESIDE: usize = 16;

/// The groups of texts that are one by this collation; a text that is like no other is in none.
///
/// # Errors
/// The server's refusal; a collation that it does not know.
pub async fn alike(
    database: &Database,
    collation: &RawDocument,
    texts: &[String],
    cancel: &CancellationToken,
) -> Result<Vec<Vec<String>>> {
    let invalid = |error: &dyn std::fmt::Display| StoreError::Invalid(error.to_string());
    let collation = Document::try_from(collation).map_err(|error| invalid(&error))?;
    let collation: Collation =
        bson::deserialize_from_document(collation).map_err(|error| invalid(&error))?;
    let mut groups = Groups::of(texts.len());
    let halves = halves(texts);
    let alone = halves.len() == 1;
    for (at, one) in halves.iter().enumerate() {
        for other in halves.iter().skip(at + 1).chain(alone.then_some(one)) {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let mut sent: Vec<usize> = one.clone().collect();
            if !alone {
                sent.extend(other.clone());
            }
            let those: Vec<&str> = sent.iter().map(|at| texts[*at].as_str()).collect();
            for group in grouped(database, &collation, &those).await? {
                groups.join(group.iter().filter_map(|at| sent.get(*at).copied()));
            }
        }
    }
    Ok(groups.all(texts))
}

/// Ranges of texts, each small enough to be sent with another one.
fn halves(texts: &[String]) -> Vec<std::ops::Range<usize>> {
    let mut halves = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        let more = text.len() + BESIDE;
        if bytes + more > HALF && at > begin {
            halves.push(begin..at);
            (begin, bytes) = (at, 0);
        }
        bytes += more;
    }
    if begin < texts.len() {
        halves.push(begin..texts.len());
    }
    halves
}

/// The groups among these texts, by their numbers.
async fn grouped(
    database: &Database,
    collation: &Collation,
    texts: &[&str],
) -> Result<Vec<Vec<usize>>> {
    const DOING: &str = "comparing texts by a collation";
    let mut found = database
        .aggregate([
            doc! { "$documents": [{ "text": { "$literal": texts } }] },
            doc! { "$unwind": { "path": "$text", "includeArrayIndex": "at" } },
            doc! { "$group": { "_id": "$text", "all": { "$push": "$at" } } },
            doc! { "$match": { "all.1": { "$exists": true } } },
            doc! { "$project": { "_id": 0, "all": 1 } },
        ])
        .collation(collation.clone())
        .allow_disk_use(true)
        .await
        .map_err(|error| StoreError::from_driver(DOING, &error))?;
    let mut groups = Vec::new();
    while let Some(group) = found
        .try_next()
        .await
        .map_err(|error| StoreError::from_driver(DOING, &error))?
    {
        let all = group.get_array("all").into_iter().flatten();
        let all = all.filter_map(|at| usize::try_from(at.as_i64()?).ok());
        groups.push(all.collect());
    }
    Ok(groups)
}

/// Numbers that were found to be of one group.
struct Groups {
    /// Another one of the group, or the number itself.
    leads: Vec<usize>,
}

impl Groups {
    fn of(count: usize) -> Self {
        Self {
            leads: (0..count).collect(),
        }
    }

    fn first(&mut self, at: usize) -> usize {
        let mut first = at;
        while self.leads[first] != first {
            self.leads[first] = self.leads[self.leads[first]];
            first = self.leads[first];
        }
        first
    }

    fn join(&mut self, group: impl Iterator<Item = usize>) {
        let mut before = None;
        for at in group {
            let first = self.first(at);
            let other = *before.get_or_insert(first);
            self.leads[first] = other;
        }
    }

    fn all(mut self, texts: &[String]) -> Vec<Vec<String>> {
        let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (at, text) in texts.iter().enumerate() {
            let first = self.first(at);
            groups.entry(first).or_default().push(text.clone());
        }
        groups.into_values().filter(|it| it.len() > 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_share_a_member_are_one_and_halves_hold_all() {
        let texts: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let mut groups = Groups::of(texts.len());
        groups.join([3, 1].into_iter());
        groups.join([0, 4].into_iter());
        groups.join([1, 0].into_iter());
        assert_eq!(groups.all(&texts), [["a", "b", "d", "e"]]);
        assert!(halves(&[]).is_empty());
        let long = vec!["x".repeat(HALF / 2); 5];
        assert_eq!(halves(&long), [0..1, 1..2, 2..3, 3..4, 4..5]);
        assert_eq!(halves(&texts), vec![0..texts.len()]);
    }
}
