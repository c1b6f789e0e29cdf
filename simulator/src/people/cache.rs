//! What was made lately, by person and day.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::civil::Day;

/// A person's number and a day.
pub(crate) type Key = (u32, Day);

/// Keeps the newest entries, so many at the most; the oldest go first.
pub(crate) struct Cache<V> {
    entries: Mutex<Entries<V>>,
    limit: usize,
}

struct Entries<V> {
    values: HashMap<Key, V>,
    order: VecDeque<Key>,
}

impl<V: Clone> Cache<V> {
    pub(crate) fn new(limit: usize) -> Cache<V> {
        let entries = Entries { values: HashMap::new(), order: VecDeque::new() };
        Cache { entries: Mutex::new(entries), limit }
    }

    fn entries(&self) -> MutexGuard<'_, Entries<V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, or what `make` makes. It is made outside the lock: two callers may both make it, with the same result.
    pub(crate) fn get_or_make(&self, key: Key, make: impl FnOnce() -> V) -> V {
        if let Some(known) = self.entries().values.get(&key) {
            return known.clone();
        }
        let made = make();
        let mut entries = self.entries();
        if entries.values.insert(key, made.clone()).is_none() {
            entries.order.push_back(key);
        }
        while entries.order.len() > self.limit {
            if let Some(oldest) = entries.order.pop_front() {
                entries.values.remove(&oldest);
            }
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let cache = Cache::new(2);
        let get = |number: u32, made: u32| cache.get_or_make((number, Day(0)), || made);
        assert_eq!((get(1, 10), get(2, 20), get(1, 11)), (10, 20, 10));
        assert_eq!((get(3, 30), get(2, 21), get(1, 12)), (30, 20, 12));
    }
}
