//! The scoreboard is a bench target, `benches/scoreboard`. The library itself is empty.
