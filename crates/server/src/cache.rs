//! What was read from the store a moment ago: a bounded number of things, each used for a second.

use rules::Millis;
use std::sync::Arc;

/// How long what was read may be used, so that nodes see each other's changes within a second.
const TTL_MS: Millis = 1_000;
/// How many things one cache remembers; beyond it, those asked for least are dropped.
const ENTRIES_MAX: usize = 10_000;

/// Things by their ids, good for a moment.
pub(crate) struct Cache<T> {
    entries: quick_cache::sync::Cache<String, (Arc<T>, Millis)>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Cache { entries: quick_cache::sync::Cache::new(ENTRIES_MAX) }
    }
}

impl<T> Cache<T> {
    /// What was put under this id less than a second before `now`.
    pub(crate) fn get(&self, id: &str, now: Millis) -> Option<Arc<T>> {
        let (value, read_at) = self.entries.get(id)?;
        is_good(read_at, now).then_some(value)
    }

    pub(crate) fn put(&self, id: &str, value: Arc<T>, now: Millis) {
        self.entries.insert(id.to_owned(), (value, now));
    }

    pub(crate) fn forget(&self, id: &str) {
        self.entries.remove(id);
    }

    /// Drops what was read a second or more before `now`.
    pub(crate) fn forget_stale(&self, now: Millis) {
        self.entries.retain(|_, (_, read_at)| is_good(*read_at, now));
    }

    pub(crate) fn clear(&self) {
        self.entries.clear();
    }
}

fn is_good(read_at: Millis, now: Millis) -> bool {
    (read_at..read_at.saturating_add(TTL_MS)).contains(&now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_good_for_a_second() {
        let cache = Cache::default();
        cache.put("a", Arc::new(1), 5_000);
        for (now, expected) in [(4_999, None), (5_000, Some(1)), (5_999, Some(1)), (6_000, None)] {
            assert_eq!(cache.get("a", now).as_deref(), expected.as_ref(), "{now}");
        }
        cache.forget("a");
        assert!(cache.get("a", 5_000).is_none());
        cache.put("a", Arc::new(1), 5_000);
        cache.forget_stale(5_999);
        assert_eq!(cache.entries.len(), 1);
        cache.forget_stale(6_000);
        assert_eq!(cache.entries.len(), 0);
        cache.put("a", Arc::new(1), 5_000);
        cache.clear();
        assert!(cache.get("a", 5_000).is_none());
    }

    #[test]
    fn entries_are_bounded() {
        let cache = Cache::default();
        for number in 0..3 * ENTRIES_MAX {
            cache.put(&number.to_string(), Arc::new(number), 0);
        }
        assert!(cache.entries.len() <= ENTRIES_MAX, "{}", cache.entries.len());
    }
}
