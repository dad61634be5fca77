#![allow(clippy::unwrap_used)]
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::domain::map::Ordered;

/// Bytes that stand for a file.
#[derive(Debug, Default)]
struct Bytes(Mutex<Vec<u8>>);

impl SpillFile for Bytes {
    fn set_length(&self, length: u64) {
        let mut bytes = self.0.lock().unwrap();
        bytes.resize(usize::try_from(length).unwrap(), 0);
    }

    fn read(&self, at: u64, into: &mut [u8]) {
        let at = usize::try_from(at).unwrap();
        into.copy_from_slice(&self.0.lock().unwrap()[at..at + into.len()]);
    }

    fn write(&self, at: u64, bytes: &[u8]) {
        let at = usize::try_from(at).unwrap();
        self.0.lock().unwrap()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn failure(&self) -> Option<String> {
        None
    }
}

/// So much memory.
pub(crate) fn memory(limit: u64) -> Memory {
    Memory::limited(limit, Arc::new(Bytes::default()))
}

/// What is done with a table or column between two values.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    Change,
    Spill,
    Reload,
}

fn then() -> impl Strategy<Value = Then> {
    prop_oneof![
        10 => Just(Then::Nothing),
        10 => Just(Then::Change),
        1 => Just(Then::Spill),
        1 => Just(Then::Reload),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Value(u32, i64);

impl Fixed for Value {
    const WIDTH: usize = 12;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(self.0);
        into.i64(self.1);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self(from.u32(), from.i64())
    }
}

proptest! {
    /// Whatever the keys, and wherever the limit is, a table is what a plain map is.
    #[test]
    fn a_table_says_what_a_map_says(
        keys in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), any::<(u32, i64)>(), then()), 0..60),
        repeats in 1_usize..60,
        limit in 0_u64..400_000,
    ) {
        let mut table: Table<Value> = Table::new(&memory(limit));
        let mut map: Ordered<Vec<u8>, Value> = Ordered::default();
        for again in 0..repeats {
            for (key, (one, other), then) in &keys {
                let mut key = key.clone();
                key.extend_from_slice(&(again * usize::from(key.len() % 3 == 0)).to_le_bytes());
                let value = Value(*one, *other);
                let (at, new) = table.insert(&key, &value);
                prop_assert_eq!(new, !map.contains_key(&key));
                prop_assert_eq!(at, map.insert_full(key.clone(), *map.get(&key).unwrap_or(&value)).0);
                match then {
                    Then::Nothing => {}
                    Then::Change => {
                        let changed = Value(one.wrapping_add(1), other.wrapping_sub(1));
                        table.set(at, &changed);
                        map[at] = changed;
                    }
                    Then::Spill => table.spill(),
                    Then::Reload => table.reload(),
                }
            }
        }
        prop_assert_eq!(table.len(), map.len());
        for (at, (key, value)) in map.iter().enumerate() {
            prop_assert_eq!(table.find(key), Some(at));
            prop_assert_eq!(table.key(at).to_vec(), key.clone());
            prop_assert_eq!(table.value(at), *value);
            let mut other = key.clone();
            other.push(1);
            prop_assert_eq!(table.find(&other), map.get_index_of(&other));
        }
        let rows: Vec<_> = table.iter().map(|(key, value)| (key.to_vec(), value)).collect();
        let expected: Vec<_> = map.into_iter().collect();
        prop_assert_eq!(rows, expected);
    }

    /// Whatever is done between, a column is what a list is.
    #[test]
    fn a_column_says_what_a_list_says(
        values in prop::collection::vec((any::<(u32, i64)>(), any::<prop::sample::Index>(), then()), 1..60),
        repeats in 1_usize..80,
        limit in 0_u64..400_000,
    ) {
        let mut column: Column<Value> = Column::new(&memory(limit));
        let mut list: Vec<Value> = Vec::new();
        for _ in 0..repeats {
            for ((one, other), at, then) in &values {
                column.push(&Value(*one, *other));
                list.push(Value(*one, *other));
                let at = at.index(list.len());
                match then {
                    Then::Nothing => {}
                    Then::Change => {
                        let changed = Value(one.wrapping_add(1), other.wrapping_sub(1));
                        column.set(at, &changed);
                        list[at] = changed;
                    }
                    Then::Spill => column.spill(),
                    Then::Reload => column.reload(),
                }
                prop_assert_eq!(column.value(at), list[at]);
            }
        }
        prop_assert_eq!(column.iter().collect::<Vec<_>>(), list);
    }
}

/// A table of a thousand rows: 27,648 bytes.
fn filled(memory: &Memory) -> Table<Value> {
    let mut table = Table::new(memory);
    for number in 0..1_000_u32 {
        table.insert(&number.to_be_bytes(), &Value(number, 1));
    }
    table
}

#[test]
fn what_passes_the_limit_goes_outside_and_a_dropped_table_gives_its_memory_back() {
    let memory = memory(60_000);
    let fill = || filled(&memory);
    drop(fill());
    let again = fill();
    assert_eq!((again.len(), memory.most_spilled()), (1_000, 0));
    let third = fill();
    assert!(memory.most_spilled() > 17_000, "{}", memory.most_spilled());
    assert_eq!(
        third.value(third.find(&7_u32.to_be_bytes()).unwrap()),
        Value(7, 1)
    );
    // What is given back outside is used again, and is empty then.
    let most = memory.most_spilled();
    drop(third);
    let fourth = fill();
    assert_eq!((fourth.len(), memory.most_spilled()), (1_000, most));
}

#[test]
fn who_steps_aside_leaves_its_memory_to_others_and_takes_it_again() {
    let memory = memory(100_000);
    let mut one = filled(&memory);
    assert!(memory.has_as_much_again());
    let other = filled(&memory);
    assert!(!memory.has_as_much_again());
    one.spill();
    assert!(memory.has_as_much_again());
    let outside = memory.most_spilled();
    assert_eq!(outside, 27_648);
    one.reload();
    assert!(!memory.has_as_much_again());
    one.spill();
    assert_eq!(memory.most_spilled(), outside);
    let rows = |table: &Table<Value>| table.iter().collect::<Vec<_>>();
    assert_eq!(rows(&one), rows(&other));
}
