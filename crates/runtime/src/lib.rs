//! Looking around in a neural scene, whatever runs the graphs.
//!
//! It holds no arithmetic of the model, does no IO, and builds for wasm.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`Engine`]: what runs the graphs of a package (representation, generator, and a drawing graph if there is one); [`EngineError`] |
//! | `session.rs` | [`Session`]: observe, forget, query |
//! | `noise.rs` | [`Noise`]: seeded noise of the latents |
//! | `verify.rs` | [`verify`]: does a package give the pictures it gave where it was made? |
//! | `uncertainty.rs` | [`Uncertainty`]: where pictures of several noises differ |
//! | `occupancy.rs` | [`Occupancy`]: what a voxel scene holds, seen from above |
//! | `picture.rs` | pictures for screens: RGBA, other sizes, numbers as colours |
//! | `error.rs` | [`SessionError`] |
//!
//! A program that looks around, whatever runs the graphs:
//!
//! ```
//! use gqn_formats::Manifest;
//! use gqn_runtime::{Engine, Noise, Session, SessionError};
//! use gqn_scenes::{Camera, Frame};
//!
//! /// The mean picture of a camera, from views with their cameras.
//! fn novel_view(
//!     engine: impl Engine,
//!     manifest: &Manifest,
//!     views: &[(Frame, Camera)],
//!     camera: Camera,
//! ) -> Result<Frame, SessionError> {
//!     let mut session = Session::new(engine, manifest);
//!     session.observe(views)?;
//!     let mut frames = session.query(&[camera], &Noise::mean())?;
//!     Ok(frames.remove(0))
//! }
//! ```

mod engine;
mod error;
mod noise;
mod occupancy;
mod picture;
mod session;
#[cfg(test)]
mod tests;
mod uncertainty;
mod verify;

pub use engine::{Engine, EngineError};
pub use error::SessionError;
pub use noise::{Noise, NoiseSharing};
pub use occupancy::Occupancy;
pub use picture::{difference, from_rgba8, heat_rgba8, resize, to_rgba8};
pub use session::{Session, ViewId};
pub use uncertainty::{FULL_STD_DEV, Uncertainty};
pub use verify::{Check, Report, VERIFY_TOLERANCE, VerifyError, verify};
