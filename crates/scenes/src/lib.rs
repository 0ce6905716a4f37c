//! Little worlds to look at: cameras, poses, frames, and scenes that are generated from a seed and rendered.
//!
//! It does no IO and knows no tensors; it builds for wasm and draws the same pictures there.
//!
//! | file | holds |
//! |---|---|
//! | `camera.rs` | [`Camera`]: position, yaw, pitch |
//! | `pose.rs` | [`Pose`], [`PoseEncoding`]: a camera as the networks see it |
//! | `frame.rs` | [`Frame`]: a square picture |
//! | `world.rs` | [`World`], [`Extent`], [`Split`]: the families of scenes, the space they take, their seeds |
//! | `scene/` | [`Scene`]: chains, rooms, their objects, textures, camera paths; [`Motion`]: moving about there |
//! | `render/` | rays, shading, anti-aliasing |
//! | `random.rs` | random numbers that are the same on every target |
//! | `colour.rs` | linear light and bytes |
//! | `error.rs` | [`FrameError`], [`UnknownName`] |
//!
//! A seed gives a scene; a camera gives a picture of it:
//!
//! ```
//! use gqn_scenes::{PoseEncoding, Scene, World};
//!
//! let scene = Scene::generate(World::RoomsRingCamera, 7);
//! let camera = scene.camera(0);
//! let frame = scene.render(&camera, 32);
//! assert_eq!(frame.rgb8().len(), 32 * 32 * 3);
//! assert_eq!(camera.pose(PoseEncoding::CosSin).0.len(), 7);
//! ```

mod camera;
mod colour;
mod error;
mod frame;
mod pose;
mod random;
mod render;
mod scene;
mod world;

pub use camera::{Camera, FIELD_OF_VIEW};
pub use error::{FrameError, UnknownName};
pub use frame::Frame;
pub use pose::{Pose, PoseEncoding};
pub use scene::{MapPoint, Motion, Scene};
pub use world::{Extent, Split, World};
