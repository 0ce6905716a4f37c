//! Solid things: `parry3d`'s shapes with a place, a bounding ball and a colour.

use parry3d::math::{Pose, Rotation, Vector};
use parry3d::query::details::ray_toi_with_ball;
use parry3d::query::{Ray, RayCast};
use parry3d::shape::{Ball, Capsule, Cuboid, Triangle};

use super::frustum::Frustum;
use super::icosahedron::icosahedron;

/// The shapes there are. The axis of round ones is their local y, which a standing object turns up.
#[derive(Debug, Clone)]
pub(crate) enum Solid {
    Block(Cuboid),
    Sphere(Ball),
    Frustum(Frustum),
    Capsule(Capsule),
    Icosahedron(Vec<Triangle>),
}

/// Where a ray meets a surface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// Along the ray, in lengths of its direction.
    pub(crate) distance: f32,
    /// Unit vector out of the surface.
    pub(crate) normal: Vector,
}

/// A solid in the world.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    solid: Solid,
    pose: Pose,
    /// Centre of the bounding ball.
    pub(crate) centre: Vector,
    /// Radius of the bounding ball.
    pub(crate) reach: f32,
    /// Radius of a ball that keeps as much ambient light away.
    pub(crate) bulk: f32,
    /// Share of each colour of light that it scatters back.
    pub(crate) albedo: Vector,
}

impl Object {
    /// An axis-parallel cube.
    pub(crate) fn cube(centre: Vector, edge: f32, albedo: Vector) -> Self {
        let half = 0.5 * edge;
        Self {
            solid: Solid::Block(Cuboid::new(Vector::splat(half))),
            pose: Pose::from_translation(centre),
            centre,
            reach: half * 3.0_f32.sqrt(),
            bulk: 1.1 * half,
            albedo,
        }
    }

    /// A solid that stands on the floor (z = 0) at x, y, turned by `yaw` radians about its axis.
    pub(crate) fn standing(solid: Solid, x: f32, y: f32, yaw: f32, albedo: Vector) -> Self {
        let (height, reach) = (solid.half_height(), solid.reach());
        let centre = Vector::new(x, y, height);
        let (sin, cos) = libm::sincosf(0.5 * yaw);
        let half = 0.5_f32.sqrt();
        let rotation =
            Rotation::from_xyzw(0.0, 0.0, sin, cos) * Rotation::from_xyzw(half, 0.0, 0.0, half);
        let bulk = 0.5 * (height + reach);
        Self { solid, pose: Pose::from_parts(centre, rotation), centre, reach, bulk, albedo }
    }

    /// A ball anywhere.
    pub(crate) fn ball(centre: Vector, radius: f32, albedo: Vector) -> Self {
        let (solid, pose) = (Solid::Sphere(Ball::new(radius)), Pose::from_translation(centre));
        Self { solid, pose, centre, reach: radius, bulk: radius, albedo }
    }

    /// A capsule whose axis leads from one point to another.
    pub(crate) fn capsule(from: Vector, to: Vector, radius: f32, albedo: Vector) -> Self {
        let (centre, axis) = ((from + to) * 0.5, to - from);
        let half = 0.5 * axis.length();
        let solid = Solid::Capsule(Capsule::new_y(half, radius));
        let pose = Pose::from_parts(centre, from_y_to(axis / (2.0 * half)));
        // Slender things keep little light away, long as they are.
        let bulk = radius + 0.25 * half;
        Self { solid, pose, centre, reach: half + radius, bulk, albedo }
    }

    /// The first point of its surface on the ray, if it is nearer than `limit`.
    pub(crate) fn hit(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        self.near(ray, limit)
            .then(|| self.solid.hit(&ray.inverse_transform_by(&self.pose), limit))
            .flatten()
            .map(|hit| Hit { distance: hit.distance, normal: self.pose.rotation * hit.normal })
    }

    /// Whether it stands in the way of the ray, nearer than `limit`.
    pub(crate) fn blocks(&self, ray: &Ray, limit: f32) -> bool {
        self.near(ray, limit) && self.solid.blocks(&ray.inverse_transform_by(&self.pose), limit)
    }

    /// Whether the ray meets the bounding ball.
    fn near(&self, ray: &Ray, limit: f32) -> bool {
        ray_toi_with_ball(self.centre, self.reach, ray, true)
            .1
            .is_some_and(|distance| distance <= limit)
    }
}

impl Solid {
    pub(crate) fn icosahedron(edge: f32) -> Self {
        Self::Icosahedron(icosahedron(edge))
    }

    /// From the middle to the floor it stands on.
    fn half_height(&self) -> f32 {
        match self {
            Self::Block(block) => block.half_extents.y,
            Self::Sphere(ball) => ball.radius,
            Self::Frustum(frustum) => frustum.half_height(),
            Self::Capsule(capsule) => capsule.half_height() + capsule.radius,
            Self::Icosahedron(faces) => faces.iter().map(|face| face.a.y).fold(0.0, f32::max),
        }
    }

    /// The radius of the ball about the middle that holds it.
    fn reach(&self) -> f32 {
        match self {
            Self::Block(block) => block.half_extents.length(),
            Self::Sphere(_) | Self::Capsule(_) => self.half_height(),
            Self::Frustum(frustum) => frustum.reach(),
            // All corners are equally far from the middle.
            Self::Icosahedron(faces) => {
                faces.iter().map(|face| face.a.length()).fold(0.0, f32::max)
            }
        }
    }

    fn hit(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        let exact = |shape: &dyn RayCast| {
            let found = shape.cast_local_ray_and_get_normal(ray, limit, true)?;
            Some(Hit { distance: found.time_of_impact, normal: found.normal })
        };
        match self {
            Self::Block(block) => exact(block),
            Self::Sphere(ball) => exact(ball),
            Self::Capsule(capsule) => exact(capsule),
            Self::Frustum(frustum) => frustum.hit(ray, limit),
            Self::Icosahedron(faces) => faces.iter().filter_map(|face| exact(face)).min_by(nearer),
        }
    }

    fn blocks(&self, ray: &Ray, limit: f32) -> bool {
        match self {
            Self::Block(block) => block.intersects_local_ray(ray, limit),
            Self::Sphere(ball) => ball.intersects_local_ray(ray, limit),
            Self::Capsule(capsule) => capsule.intersects_local_ray(ray, limit),
            Self::Frustum(frustum) => {
                frustum.distance(ray).is_some_and(|distance| distance <= limit)
            }
            Self::Icosahedron(faces) => {
                faces.iter().any(|face| face.intersects_local_ray(ray, limit))
            }
        }
    }
}

/// The shortest rotation that turns the y axis into a unit vector.
fn from_y_to(axis: Vector) -> Rotation {
    let w = 1.0 + axis.y;
    if w < 1e-6 {
        return Rotation::from_xyzw(1.0, 0.0, 0.0, 0.0);
    }
    // y cross axis, and one more than their cosine: twice the half angle's sine and cosine, but for a factor.
    let norm = (axis.z * axis.z + axis.x * axis.x + w * w).sqrt();
    Rotation::from_xyzw(axis.z / norm, 0.0, -axis.x / norm, w / norm)
}

fn nearer(a: &Hit, b: &Hit) -> core::cmp::Ordering {
    a.distance.total_cmp(&b.distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capsules_lie_between_their_ends() {
        let ends = [
            (Vector::new(0.1, 0.2, 0.3), Vector::new(-0.4, 0.5, 0.1)),
            (Vector::ZERO, Vector::new(0.0, -0.7, 0.0)),
            (Vector::ZERO, Vector::new(0.0, 0.0, 0.3)),
        ];
        for (from, to) in ends {
            let capsule = Object::capsule(from, to, 0.05, Vector::ONE);
            let axis = (to - from) / (to - from).length();
            // Seen along its axis, its round ends are a radius beyond the two points.
            for (end, out) in [(to, axis), (from, -axis)] {
                let ray = Ray::new(end + out, -out);
                let hit = capsule.hit(&ray, 9.0).expect("a hit");
                assert!((hit.distance - 0.95).abs() < 1e-4, "{from} {to}: {hit:?}");
                assert!((hit.normal - out).length() < 1e-3, "{from} {to}: {hit:?}");
            }
        }
    }
}
