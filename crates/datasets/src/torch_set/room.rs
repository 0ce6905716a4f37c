//! How many bytes of files are in memory at once, whatever the number of cores that read them.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes of files; what is made of them takes a few times as much. A single file may be larger.
const MOST: u64 = 1 << 29;

static USED: Mutex<u64> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// Room for a file, until this is dropped. Who holds one must not wait for another.
#[derive(Debug)]
pub(super) struct Room(u64);

impl Room {
    /// Waits until there is room for a file of that many bytes, or none other is in memory.
    pub(super) fn take(bytes: u64) -> Self {
        let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |used: &mut u64| *used > 0 && used.saturating_add(bytes) > MOST;
        let used = FREED.wait_while(used, is_full);
        *used.unwrap_or_else(PoisonError::into_inner) += bytes;
        Self(bytes)
    }

    /// Gives back what the file does not need after all.
    pub(super) fn shrink(&mut self, bytes: u64) {
        let less = self.0.saturating_sub(bytes);
        self.0 -= less;
        give_back(less);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        give_back(self.0);
    }
}

fn give_back(bytes: u64) {
    *USED.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
    FREED.notify_all();
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn large_files_wait_for_one_another() {
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut room = Room::take(3 << 30);
                    let count = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(count, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    room.shrink(MOST);
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }
}
