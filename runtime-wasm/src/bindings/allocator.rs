//! An allocator that reports being out of memory, as an error with words in place of a trap.

use std::alloc::{GlobalAlloc, Layout, System};

use wasm_bindgen::prelude::*;

/// The system's memory. Where a tab has no more of it, JavaScript gets an `Error` with words; Rust's own answer to that
/// is a trap without.
struct Spoken;

#[global_allocator]
static MEMORY: Spoken = Spoken;

// SAFETY: every call is the system's own; what comes back is its answer, unless nothing does.
unsafe impl GlobalAlloc for Spoken {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system asks for.
        spoken(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        spoken(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        spoken(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

fn spoken(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() && size > 0 {
        // The words are constant, for there may be no memory for others.
        wasm_bindgen::throw_val(JsError::new(OUT_OF_MEMORY).into());
    }
    block
}

const OUT_OF_MEMORY: &str =
    "the tab has no memory left for this\nhint: use a smaller package, or close other tabs";
