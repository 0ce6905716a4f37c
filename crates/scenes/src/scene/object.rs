//! Solid things: `parry3d`'s shapes with a place, a bounding ball and a colour.

use parry3d::math::{Pose, Rotation, Vector};
use parry3d::query::details::ray_toi_with_ball;
use parry3d::query::{Ray, RayCast};
use parry3d::shape::{Ball, Capsule, Cone, Cuboid, Cylinder, Triangle};

use super::icosahedron::icosahedron;

/// The shapes there are. The axis of round ones is their local y, which a standing object turns up.
#[derive(Debug, Clone)]
pub(crate) enum Solid {
    Block(Cuboid),
    Sphere(Ball),
    Cylinder(Cylinder),
    Cone(Cone),
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
            Self::Cylinder(cylinder) => cylinder.half_height,
            Self::Cone(cone) => cone.half_height,
            Self::Capsule(capsule) => capsule.half_height() + capsule.radius,
            Self::Icosahedron(faces) => faces.iter().map(|face| face.a.y).fold(0.0, f32::max),
        }
    }

    /// The radius of the ball about the middle that holds it.
    fn reach(&self) -> f32 {
        match self {
            Self::Block(block) => block.half_extents.length(),
            Self::Sphere(_) | Self::Capsule(_) => self.half_height(),
            Self::Cylinder(Cylinder { half_height, radius })
            | Self::Cone(Cone { half_height, radius }) => {
                (half_height * half_height + radius * radius).sqrt()
            }
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
        // parry3d finds these two by iteration: its distance is good, its normal is not good enough for shading.
        let iterated = |shape: &dyn RayCast, normal: &dyn Fn(Vector) -> Vector| {
            let distance = shape.cast_local_ray(ray, limit, true)?;
            Some(Hit { distance, normal: normal(ray.point_at(distance)) })
        };
        match self {
            Self::Block(block) => exact(block),
            Self::Sphere(ball) => exact(ball),
            Self::Capsule(capsule) => exact(capsule),
            Self::Cylinder(cylinder) => iterated(cylinder, &|at| cylinder_normal(*cylinder, at)),
            Self::Cone(cone) => iterated(cone, &|at| cone_normal(*cone, at)),
            Self::Icosahedron(faces) => faces.iter().filter_map(|face| exact(face)).min_by(nearer),
        }
    }

    fn blocks(&self, ray: &Ray, limit: f32) -> bool {
        match self {
            Self::Block(block) => block.intersects_local_ray(ray, limit),
            Self::Sphere(ball) => ball.intersects_local_ray(ray, limit),
            Self::Capsule(capsule) => capsule.intersects_local_ray(ray, limit),
            Self::Cylinder(cylinder) => cylinder.intersects_local_ray(ray, limit),
            Self::Cone(cone) => cone.intersects_local_ray(ray, limit),
            Self::Icosahedron(faces) => {
                faces.iter().any(|face| face.intersects_local_ray(ray, limit))
            }
        }
    }
}

fn nearer(a: &Hit, b: &Hit) -> core::cmp::Ordering {
    a.distance.total_cmp(&b.distance)
}

fn cylinder_normal(cylinder: Cylinder, at: Vector) -> Vector {
    let radial = Vector::new(at.x, 0.0, at.z);
    let from_axis = radial.length();
    if from_axis - cylinder.radius < at.y.abs() - cylinder.half_height {
        Vector::new(0.0, at.y.signum(), 0.0)
    } else {
        radial / from_axis
    }
}

fn cone_normal(cone: Cone, at: Vector) -> Vector {
    let Cone { half_height, radius } = cone;
    let slant = (4.0 * half_height * half_height + radius * radius).sqrt();
    let from_axis = (at.x * at.x + at.z * at.z).sqrt();
    // How far the point is outside of the side and of the base; it is on the one it is farther outside of.
    let outside_side = (2.0 * half_height * from_axis + radius * (at.y - half_height)) / slant;
    let outside_base = -half_height - at.y;
    if outside_base > outside_side {
        return Vector::new(0.0, -1.0, 0.0);
    }
    let outward = 2.0 * half_height / (slant * from_axis.max(1e-6));
    Vector::new(at.x * outward, radius / slant, at.z * outward)
}
