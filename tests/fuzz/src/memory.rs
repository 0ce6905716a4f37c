//! An allocator with a limit, for fuzzing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that an input may take.
pub const MOST_BYTES: usize = 2 << 30;

/// The system's allocator, which ends the program as soon as more than [`MOST_BYTES`] are taken at once.
#[derive(Debug, Default)]
pub struct Bounded {
    taken: AtomicUsize,
}

impl Bounded {
    /// Nothing is taken yet.
    pub const fn new() -> Self {
        Self { taken: AtomicUsize::new(0) }
    }

    fn take(&self, bytes: usize) {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if taken > MOST_BYTES {
            // Nothing may be allocated for a message here; the backtrace of the abort says where.
            std::process::abort();
        }
    }
}

#[allow(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one only counts for the system's"
)]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.take(size);
        self.taken.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        self.taken.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}
