//! What crosses crates is tested here: see `it/`. The library itself is empty.
