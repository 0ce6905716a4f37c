//! Mazes: corridors under a sky, and walks along them. How they look (finishes, landmarks, light) is `corridors.rs`.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs` | which cells are open, and which belong together |
//! | `walls.rs` | what a ray meets |
//! | `walk.rs` | cameras along the corridors |
//! | `roam.rs` | cameras that go where they like |

mod plan;
mod roam;
mod walk;
mod walls;

pub(super) use plan::{CELL, Plan, ZONES, crossings, middle};
pub(super) use roam::{in_sight, moved, placed};
pub(super) use walk::Walk;
pub(super) use walls::HALF;
pub(crate) use walls::Maze;
