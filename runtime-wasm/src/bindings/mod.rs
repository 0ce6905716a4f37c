//! What JavaScript sees, as `gqn.js` and `gqn.d.ts`.
//!
//! A camera crosses the border as five numbers: x, y, z, yaw, pitch; a picture as RGBA bytes. Every error is an
//! `Error` whose message is the whole chain and its hints.
//!
//! | file | holds |
//! |---|---|
//! | `viewer.rs` | `Viewer`: a package and a scene that is being looked at |
//! | `scene.rs` | `Scene`: a procedural scene, rendered, and its map |
//! | `pictures.rs` | `compare`, `parseViews` |
//! | `photograph.rs` | `Photograph`: someone's photograph as the network's input |
//! | `occupancy.rs` | `Occupancy`: what a voxel scene holds, seen from above |
//! | `conversions.rs` | cameras, seeds and errors on their way across |
//! | `allocator.rs` | an allocator that reports being out of memory |

mod allocator;
mod conversions;
mod occupancy;
mod photograph;
mod pictures;
mod scene;
mod viewer;

/// The engine behind the bindings: one for each module that `cargo xtask web` builds.
#[cfg(feature = "tract")]
use crate::TractEngine as BrowserEngine;
#[cfg(not(feature = "tract"))]
use gqn_portable::PortableEngine as BrowserEngine;
