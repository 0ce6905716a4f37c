//! From a stage to a picture.
//!
//! | file | holds |
//! |---|---|
//! | `trace.rs` | what one ray sees |
//! | `shade.rs` | how much light a point scatters to the eye |

mod shade;
mod trace;

use parry3d::math::{Vec2, Vector};
use parry3d::query::Ray;

use self::trace::{LightSamples, Sample, trace};
use crate::camera::{Axes, HALF_WIDTH};
use crate::colour::encode;
use crate::frame::to_byte;
use crate::scene::Stage;
use crate::{Camera, Frame, Scene};

/// Neighbours whose stored colours differ by more than this in some channel get more samples.
const CONTRAST: f32 = 0.04;

/// Where in a pixel the further samples lie, from its middle, in pixels: no two in a row or a column.
const OFFSETS: [Vec2; 4] = [
    Vec2::new(-0.125, -0.375),
    Vec2::new(0.375, -0.125),
    Vec2::new(0.125, 0.375),
    Vec2::new(-0.375, 0.125),
];

impl Scene {
    /// The picture that `camera` takes, `side` pixels wide and high.
    ///
    /// A room's walls are not seen from behind: a camera outside looks in.
    ///
    /// # Panics
    /// When `side` is 0 or over [`Frame::MAX_SIDE`].
    pub fn render(&self, camera: &Camera, side: usize) -> Frame {
        picture(self.stage(), &Lens::new(camera, side))
    }

    /// The scene from straight above: the picture that lies under [`Scene::to_map`]'s places.
    ///
    /// # Panics
    /// When `side` is 0 or over [`Frame::MAX_SIDE`].
    pub fn plan(&self, side: usize) -> Frame {
        picture(self.stage(), &Lens::above(self.map_reach(), side))
    }
}

/// The picture of `stage` through `lens`: a sample in each pixel, and four where neighbours differ.
fn picture(stage: &Stage, lens: &Lens) -> Frame {
    let side = lens.side;
    let middles: Vec<Sample> = (0..side * side)
        .map(|pixel| trace(stage, &lens.ray(pixel, Vec2::ZERO), lens.spread, LightSamples::All))
        .collect();
    let mut rgb8 = Vec::with_capacity(3 * side * side);
    for pixel in 0..side * side {
        let light = if on_edge(&middles, side, pixel) {
            refined(stage, lens, pixel)
        } else {
            middles[pixel].light
        };
        rgb8.extend(encode(light).to_array().map(to_byte));
    }
    Frame::from_rgb8(side, rgb8).expect("three bytes were made for each pixel")
}

fn refined(stage: &Stage, lens: &Lens, pixel: usize) -> Vector {
    let sample = |part: usize| {
        trace(stage, &lens.ray(pixel, OFFSETS[part]), lens.spread, LightSamples::Quarter(part))
            .light
    };
    (sample(0) + sample(1) + sample(2) + sample(3)) * 0.25
}

/// Whether a pixel shows something else than one of its four neighbours.
fn on_edge(samples: &[Sample], side: usize, pixel: usize) -> bool {
    let (row, column) = (pixel / side, pixel % side);
    let here = &samples[pixel];
    (column > 0 && here.differs(&samples[pixel - 1], CONTRAST))
        || (column + 1 < side && here.differs(&samples[pixel + 1], CONTRAST))
        || (row > 0 && here.differs(&samples[pixel - side], CONTRAST))
        || (row + 1 < side && here.differs(&samples[pixel + side], CONTRAST))
}

/// The rays of a picture's pixels.
struct Lens {
    from: From,
    side: usize,
    /// Width of a pixel at distance one.
    spread: f32,
}

/// Where the rays begin.
enum From {
    /// All in a camera's eye.
    Eye { eye: Vector, axes: Axes },
    /// High above what they meet, all straight down; as far from the middle as said.
    Above { reach: f32 },
}

/// A map's rays begin here: above everything, and below the top of the box that stands for a room.
const ABOVE: f32 = 10.0;

impl Lens {
    fn new(camera: &Camera, side: usize) -> Self {
        let spread = 2.0 * HALF_WIDTH / side as f32;
        Self { from: From::Eye { eye: camera.position.into(), axes: camera.axes() }, side, spread }
    }

    fn above(reach: f32, side: usize) -> Self {
        // A pixel is as wide on the floor as it would be for an eye at that height.
        Self { from: From::Above { reach }, side, spread: 2.0 * reach / (side as f32 * ABOVE) }
    }

    /// The ray through a pixel; `offset` is in pixels from its middle.
    fn ray(&self, pixel: usize, offset: Vec2) -> Ray {
        let (row, column) = (pixel / self.side, pixel % self.side);
        let scale = 2.0 / self.side as f32;
        let right = (column as f32 + 0.5 + offset.x) * scale - 1.0;
        let up = 1.0 - (row as f32 + 0.5 + offset.y) * scale;
        match &self.from {
            From::Eye { eye, axes } => Ray::new(*eye, axes.ray_direction(Vec2::new(right, up))),
            From::Above { reach } => {
                Ray::new(Vector::new(right * reach, up * reach, ABOVE), -Vector::Z)
            }
        }
    }
}
