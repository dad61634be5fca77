//! Joining two lists of documents by `_id`, in memory. Lists in nearly the same order are joined without hashing.

use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::raw::get;

/// How many documents of the right list are compared before the ids are hashed.
const WINDOW: usize = 8;

/// Which documents of two lists have the same `_id`, by their places in the lists.
pub struct Join {
    /// For each document of the left list, its partner in the right one.
    pub partners: Vec<Option<usize>>,
    /// Documents of the right list without a partner.
    pub unmatched: Vec<usize>,
}

/// Joins two lists by `_id`, in any order. Fastest when both have the same order.
pub fn join_by_id(left: &[&RawDocument], right: &[&RawDocument]) -> Join {
    let right: Vec<_> = right.iter().map(|document| get(document, "_id")).collect();
    let mut taken = vec![false; right.len()];
    // Hashed only when the orders differ, or when ids are equal as numbers and not as bytes.
    let mut places: Option<Map<Id, usize>> = None;
    let canonical = |id| Id::from_value(id).canonical();
    let mut next = 0;
    let partners = left.iter().map(|document| {
        let id = get(document, "_id")?;
        let mut window = (next..right.len()).take(WINDOW);
        let here = window.find(|at| !taken[*at] && right[*at] == Some(id));
        let here = here.or_else(|| {
            let places = places.get_or_insert_with(|| {
                let rest = right.iter().enumerate().filter(|(at, _)| !taken[*at]);
                let rest = rest.filter_map(|(at, id)| Some((canonical((*id)?), at)));
                rest.collect()
            });
            let at = *places.get(&canonical(id))?;
            (!taken[at]).then_some(at)
        })?;
        taken[here] = true;
        next = here + 1;
        Some(here)
    });
    let partners = partners.collect();
    let unmatched = (0..right.len()).filter(|at| !taken[*at]).collect();
    Join {
        partners,
        unmatched,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn documents(ids: &[i64]) -> Vec<RawDocumentBuf> {
        ids.iter().map(|id| rawdoc! { "_id": *id }).collect()
    }

    /// As [`join_by_id`], by comparing each with each.
    fn expected(first: &[i64], second: &[i64]) -> (Vec<Option<i64>>, Vec<i64>) {
        let partners = first
            .iter()
            .map(|id| second.iter().find(|other| *other == id).copied())
            .collect();
        let alone = second.iter().filter(|id| !first.contains(id));
        (partners, alone.copied().collect())
    }

    fn found(first: &[i64], second: &[i64]) -> (Vec<Option<i64>>, Vec<i64>) {
        let (one, other) = (documents(first), documents(second));
        let one: Vec<&RawDocument> = one.iter().map(AsRef::as_ref).collect();
        let other: Vec<&RawDocument> = other.iter().map(AsRef::as_ref).collect();
        let join = join_by_id(&one, &other);
        let id = |at: usize| other[at].get_i64("_id").unwrap();
        let mut alone: Vec<i64> = join.unmatched.iter().map(|at| id(*at)).collect();
        alone.sort_unstable();
        let partners = join.partners.iter();
        (partners.map(|it| it.map(id)).collect(), alone)
    }

    #[test]
    fn documents_are_matched_in_any_order_with_any_gaps() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let mut some = |most: usize| -> Vec<i64> {
                let mut ids: Vec<u8> = (0..60).collect();
                if random.bool() {
                    random.shuffle(&mut ids);
                }
                let skip = random.u8(1..20);
                ids.retain(|_| random.u8(..) % 20 >= skip);
                ids.truncate(most);
                ids.into_iter().map(i64::from).collect()
            };
            let (first, second) = (some(60), some(60));
            let (partners, mut alone) = expected(&first, &second);
            alone.sort_unstable();
            assert_eq!(
                found(&first, &second),
                (partners, alone),
                "{first:?} {second:?}"
            );
        }
    }

    #[test]
    fn numbers_of_other_types_are_the_same_id() {
        let one = [rawdoc! { "_id": 1 }, rawdoc! { "_id": 2_i64 }];
        let other = [rawdoc! { "_id": 2.0 }, rawdoc! { "_id": 1_i64 }];
        let one: Vec<&RawDocument> = one.iter().map(AsRef::as_ref).collect();
        let other: Vec<&RawDocument> = other.iter().map(AsRef::as_ref).collect();
        let join = join_by_id(&one, &other);
        assert_eq!(join.partners, [Some(1), Some(0)]);
        assert!(join.unmatched.is_empty());
    }
}
