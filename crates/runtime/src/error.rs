//! Why a session or an engine refuses something.

use gqn_scenes::Camera;
use thiserror::Error;

use crate::engine::EngineError;
use crate::session::ViewId;

/// Why a session refused to observe, forget or query.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum SessionError {
    #[error(
        "view {index} of those given is {found}x{found} pixels, the model expects {expected}x{expected}\nhint: resize the picture first"
    )]
    FrameSize { index: usize, found: usize, expected: usize },
    #[error("the camera of {role} {index} is out of range, expected {}", Camera::RANGE)]
    Camera { role: &'static str, index: usize },
    #[error(
        "a query needs at least one observed view, found none\nhint: observe a picture of the scene first"
    )]
    NoViews,
    #[error("{0} was never observed or is forgotten already")]
    UnknownView(ViewId),
    #[error(
        "the noise's temperature is {found}, expected a finite number from 0 up\nhint: 0 gives the mean picture, 1 a sample"
    )]
    Temperature { found: f32 },
    #[error("{found} samples tell nothing of how much they differ, expected 2 or more")]
    Samples { found: usize },
    #[error("the scene has shape {found:?}, expected {expected:?}")]
    SceneShape { found: Vec<usize>, expected: Vec<usize> },
    #[error(
        "the engine's picture {index} holds a number that is not finite\nhint: the weights are damaged or overflow in this precision"
    )]
    NotFinite { index: usize },
    #[error(transparent)]
    Engine(#[from] EngineError),
}
