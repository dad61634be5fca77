//! Maps and sets with a quick hash, seeded anew in every process: what a survey or a proof asks for every booking.

use foldhash::fast::RandomState;

/// A map.
pub type Map<K, V> = std::collections::HashMap<K, V, RandomState>;
/// A set.
pub type Set<K> = std::collections::HashSet<K, RandomState>;
/// A map that keeps the order of insertion, so that a place in it can stand for a key.
pub type Ordered<K, V> = indexmap::IndexMap<K, V, RandomState>;
