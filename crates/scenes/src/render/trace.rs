//! What one ray sees.

use parry3d::math::Vector;
use parry3d::query::Ray;
use parry3d::query::details::ray_toi_with_ball;

use super::shade::{Shade, Surface, shade};
use crate::scene::Stage;

/// Which points of the lamp a ray asks about shadows.
#[derive(Debug, Clone, Copy)]
pub(super) enum LightSamples {
    /// All of them, where some of them are in sight and some not.
    All,
    /// One quarter of them: 0 to 3.
    Quarter(usize),
}

/// The light along a ray.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) light: Vector,
    /// How bright the surface is lit, apart from its colour, as it is stored.
    shading: f32,
    /// What was met: an object, a side of the room, or nothing.
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Object(usize),
    Backdrop(u16),
    Sky,
}

impl Sample {
    /// Whether a pixel between the two may hold an edge. Patterns count for none: they are filtered already.
    pub(super) fn differs(&self, other: &Self, limit: f32) -> bool {
        self.part != other.part || (self.shading - other.shading).abs() > limit
    }
}

/// What a ray sees; `spread` is the width of a pixel at distance 1.
pub(super) fn trace(stage: &Stage, ray: &Ray, spread: f32, samples: LightSamples) -> Sample {
    let surface = if stage.backdrop.hides_objects() {
        let wall = backdrop(stage, ray, spread);
        let limit = wall.map_or(f32::MAX, |wall| wall.distance);
        nearest_object(stage, ray, limit).or(wall)
    } else {
        // The walls are behind every object that a ray meets, for the objects stand in the room.
        nearest_object(stage, ray, f32::MAX).or_else(|| backdrop(stage, ray, spread))
    };
    let Some(surface) = surface else {
        return Sample { light: stage.backdrop.sky(ray.dir), shading: 0.0, part: Part::Sky };
    };
    let Shade { arriving, glint } = shade(stage, &surface, ray.dir, samples);
    let bright = (arriving.y + glint.y).sqrt();
    // What no picture can hold is cut off here, so that a glint does not outweigh the pixel's other samples.
    let light = (surface.albedo * arriving + glint).min(Vector::ONE);
    Sample { light, shading: bright, part: surface.part }
}

fn nearest_object(stage: &Stage, ray: &Ray, mut limit: f32) -> Option<Surface> {
    let (centre, radius) = stage.hull;
    ray_toi_with_ball(centre, radius, ray, true).1?;
    let mut nearest = None;
    for (index, object) in stage.objects.iter().enumerate() {
        if let Some(hit) = object.hit(ray, limit) {
            limit = hit.distance;
            nearest = Some((index, hit));
        }
    }
    let (index, hit) = nearest?;
    let albedo = stage.objects[index].albedo;
    Some(Surface {
        at: ray.point_at(hit.distance),
        distance: hit.distance,
        normal: hit.normal,
        albedo,
        openness: 1.0,
        part: Part::Object(index),
    })
}

/// Walls and floor.
fn backdrop(stage: &Stage, ray: &Ray, spread: f32) -> Option<Surface> {
    let patch = stage.backdrop.patch(ray, spread)?;
    let at = ray.point_at(patch.hit.distance);
    Some(Surface {
        at,
        distance: patch.hit.distance,
        normal: patch.hit.normal,
        albedo: patch.albedo,
        openness: patch.openness,
        part: Part::Backdrop(patch.side),
    })
}
