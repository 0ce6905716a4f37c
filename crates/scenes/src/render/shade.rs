//! How much light a point scatters to the eye.

use parry3d::math::Vector;
use parry3d::query::Ray;

use super::trace::{LightSamples, Part};
use crate::colour::mix;
use crate::scene::{LIGHT_POINTS, Stage};

/// Shadow rays start this far off their surface, in world units.
const LIFT: f32 = 1e-4;
/// How many points of the lamp decide whether all of them have to be asked.
const PROBES: usize = 4;

/// A point to be lit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surface {
    pub(super) at: Vector,
    /// From the eye, along the ray.
    pub(super) distance: f32,
    /// Unit vector out of the surface.
    pub(super) normal: Vector,
    pub(super) albedo: Vector,
    /// Share of the ambient light that large surfaces nearby let through.
    pub(super) openness: f32,
    pub(super) part: Part,
}

/// What light does at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shade {
    /// The light that the surface scatters, each colour times its albedo.
    pub(super) arriving: Vector,
    /// The light that it mirrors to the eye.
    pub(super) glint: Vector,
}

/// The light on `surface`, seen along the unit direction `view`.
pub(super) fn shade(
    stage: &Stage,
    surface: &Surface,
    view: Vector,
    samples: LightSamples,
) -> Shade {
    let light = &stage.light;
    let ambient = mix(light.from_below, light.from_above, 0.5 + 0.5 * surface.normal.dot(light.up));
    let to_lamp = light.centre - surface.at;
    let to_lamp = to_lamp / to_lamp.length();
    let facing = surface.normal.dot(to_lamp);
    let mut arriving = ambient * (surface.openness * ambient_share(stage, surface));
    let mut glint = 0.0;
    if facing > 0.0 {
        let visible = lamp_share(stage, surface, samples);
        arriving += light.lamp * (facing * visible);
        if matches!(surface.part, Part::Object(_)) {
            glint = visible * gloss(surface.normal, to_lamp, view);
        }
    }
    Shade { arriving, glint: light.lamp * glint }
}

/// A soft highlight, as on satin paint.
fn gloss(normal: Vector, to_lamp: Vector, view: Vector) -> f32 {
    let half = to_lamp - view;
    let cosine = normal.dot(half / half.length().max(1e-6)).max(0.0);
    let second = cosine * cosine;
    let fourth = second * second;
    let sixteenth = fourth * fourth * fourth * fourth;
    0.18 * sixteenth * sixteenth * second
}

/// Share of the ambient light that the other objects let through: each is taken for a ball, which hides
/// `cosine * (radius / distance)^2` of the sky about a point.
fn ambient_share(stage: &Stage, surface: &Surface) -> f32 {
    let mut share = 1.0;
    for (index, object) in stage.objects.iter().enumerate() {
        if surface.part == Part::Object(index) {
            continue;
        }
        let to_object = object.centre - surface.at;
        let distance_squared = to_object.length_squared().max(object.bulk * object.bulk);
        let cosine = surface.normal.dot(to_object) / distance_squared.sqrt();
        share *= 1.0 - (cosine * object.bulk * object.bulk / distance_squared).clamp(0.0, 0.9);
    }
    share
}

/// Share of the lamp that is in sight.
fn lamp_share(stage: &Stage, surface: &Surface, samples: LightSamples) -> f32 {
    let light = &stage.light;
    // One bit an object: worlds have few.
    let mut in_the_way = 0_u32;
    for index in 0..stage.objects.len() {
        // Every object is convex: none hides the lamp from a point of its own that faces it.
        if surface.part != Part::Object(index) && may_shade(stage, index, surface.at) {
            in_the_way |= 1 << index;
        }
    }
    if in_the_way == 0 && !stage.backdrop.hides_objects() {
        return 1.0;
    }
    let origin = surface.at + surface.normal * LIFT;
    let seen = |point: &Vector| {
        let ray = Ray::new(origin, *point - origin);
        let blocked =
            |index: usize| in_the_way >> index & 1 == 1 && stage.objects[index].blocks(&ray, 1.0);
        !(0..stage.objects.len()).any(blocked) && !stage.backdrop.blocks(&ray)
    };
    let count = |points: &[Vector]| points.iter().filter(|point| seen(point)).count();
    match samples {
        LightSamples::Quarter(part) => {
            let quarter = LIGHT_POINTS / 4;
            count(&light.points[part * quarter..][..quarter]) as f32 / quarter as f32
        }
        LightSamples::All => {
            let probed = count(&light.points[..PROBES]);
            if probed == 0 || probed == PROBES {
                return probed as f32 / PROBES as f32;
            }
            (probed + count(&light.points[PROBES..])) as f32 / LIGHT_POINTS as f32
        }
    }
}

/// Whether the bounding ball of an object reaches into the cone from a point to the lamp.
fn may_shade(stage: &Stage, index: usize, at: Vector) -> bool {
    let (light, object) = (&stage.light, &stage.objects[index]);
    let (axis, to_object) = (light.centre - at, object.centre - at);
    let along = (to_object.dot(axis) / axis.length_squared()).clamp(0.0, 1.0);
    let reach = object.reach + light.radius * along;
    (to_object - axis * along).length_squared() < reach * reach
}

#[cfg(test)]
mod tests {
    use parry3d::shape::Ball;

    use super::*;
    use crate::scene::test_room;

    /// The floor at x, y of a room with one ball.
    fn floor(x: f32, y: f32) -> Surface {
        let at = Vector::new(x, y, 0.0);
        Surface {
            at,
            distance: 1.0,
            normal: Vector::Z,
            albedo: Vector::ONE,
            openness: 1.0,
            part: Part::Backdrop(0),
        }
    }

    #[test]
    fn a_ball_throws_a_shadow_away_from_the_lamp() {
        let stage = test_room(Ball::new(0.15));
        let lamp = stage.light.centre;
        // Light that grazes the ball's middle, at height 0.15, meets the floor this far from the ball's foot.
        let reach = 0.15 / (lamp.z - 0.15);
        let share = |factor: f32| {
            lamp_share(
                &stage,
                &floor(-lamp.x * reach * factor, -lamp.y * reach * factor),
                LightSamples::All,
            )
        };
        assert!(share(1.0) <= 0.0, "behind the ball");
        assert!(share(-4.0) >= 1.0, "on the lamp's side");
        assert!(share(8.0) >= 1.0, "far behind the ball");
        let shares: Vec<f32> = (0..200).map(|step| share(1.0 + 0.02 * step as f32)).collect();
        assert!(
            shares.iter().any(|share| (0.2..0.8).contains(share)),
            "the edge of the shadow is soft"
        );
        assert!(
            shares.windows(2).all(|pair| pair[0] <= pair[1] + 0.13),
            "the shadow fades outwards: {shares:?}"
        );

        let view = Vector::new(0.0, 0.6, -0.8);
        let green = |factor: f32| {
            let point = floor(-lamp.x * reach * factor, -lamp.y * reach * factor);
            shade(&stage, &point, view, LightSamples::All).arriving.y
        };
        assert!(green(1.0) < 0.5 * green(8.0), "{} {}", green(1.0), green(8.0));
    }

    #[test]
    fn quarters_of_the_lamp_make_the_whole() {
        let stage = test_room(Ball::new(0.15));
        for step in 0..60 {
            let point = floor(-0.4 + 0.01 * step as f32, 0.1);
            let quarters =
                (0..4).map(|part| lamp_share(&stage, &point, LightSamples::Quarter(part)));
            let (mean, all) =
                (quarters.sum::<f32>() / 4.0, lamp_share(&stage, &point, LightSamples::All));
            // Where the four outermost points agree, `All` does not ask the other twelve.
            assert!((mean - all).abs() <= 0.2, "step {step}: {mean} and {all}");
        }
    }
}
