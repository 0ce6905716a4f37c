//! What the renderer gets: objects, what is behind them, and a lamp.

use parry3d::math::Vector;

use super::backdrop::Backdrop;
use super::object::Object;

/// How many points of a lamp may be asked whether they are in sight.
pub(crate) const LIGHT_POINTS: usize = 16;

/// Everything there is to see in a scene.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) objects: Vec<Object>,
    /// Centre and radius of a ball that holds all objects.
    pub(crate) hull: (Vector, f32),
    pub(crate) backdrop: Backdrop,
    pub(crate) light: Light,
}

impl Stage {
    pub(crate) fn new(objects: Vec<Object>, backdrop: Backdrop, light: Light) -> Self {
        let centre = objects.iter().map(|object| object.centre).sum::<Vector>()
            / objects.len().max(1) as f32;
        let reach = |object: &Object| (object.centre - centre).length() + object.reach;
        let hull = (centre, objects.iter().map(reach).fold(0.0, f32::max));
        Self { objects, hull, backdrop, light }
    }
}

/// A round lamp that hangs level, and the light that comes from everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Light {
    pub(crate) centre: Vector,
    pub(crate) radius: f32,
    /// Points spread over the lamp, the outermost first.
    pub(crate) points: [Vector; LIGHT_POINTS],
    /// Light that a surface facing the lamp gets.
    pub(crate) lamp: Vector,
    /// The direction that most of the ambient light comes from.
    pub(crate) up: Vector,
    /// Ambient light on a surface that faces `up`, and on one that faces away.
    pub(crate) from_above: Vector,
    pub(crate) from_below: Vector,
}

impl Light {
    /// A lamp of the given light, and ambient light on surfaces that face up and down.
    pub(crate) fn new(centre: Vector, radius: f32, lamp: Vector, ambient: [Vector; 2]) -> Self {
        // Steps of the golden angle fill a disc evenly, whichever neighbours in the order one takes.
        let golden_angle = core::f32::consts::PI * (3.0 - 5.0_f32.sqrt());
        let points = core::array::from_fn(|index| {
            let rank = (LIGHT_POINTS - 1 - index) as f32;
            let (sin, cos) = libm::sincosf(golden_angle * rank);
            let from_centre = radius * ((rank + 0.5) / LIGHT_POINTS as f32).sqrt();
            centre + Vector::new(from_centre * cos, from_centre * sin, 0.0)
        });
        let [from_above, from_below] = ambient;
        Self { centre, radius, points, lamp, up: Vector::Z, from_above, from_below }
    }

    /// The same with the ambient light's main direction tilted, so that no two sides of a cube look the same.
    pub(crate) fn tilted(mut self, towards: Vector) -> Self {
        self.up = towards / towards.length();
        self
    }
}
