//! Cylinders and cones, in closed form.
//!
//! `parry3d` casts rays at these two by iteration (GJK). Measured with the bench of this crate, that took more than
//! half of a room's time, which missed its 300 frames a second (190), and left normals too coarse for shading. A test
//! holds the distances against `parry3d`'s.

use parry3d::math::Vector;
use parry3d::query::Ray;

use super::object::Hit;

/// A solid of revolution about the y axis whose radius changes evenly from bottom to top.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frustum {
    half_height: f32,
    /// Radius at half height.
    middle: f32,
    /// How much narrower it becomes for each unit of height.
    taper: f32,
}

impl Frustum {
    pub(crate) fn cylinder(half_height: f32, radius: f32) -> Self {
        Self { half_height, middle: radius, taper: 0.0 }
    }

    pub(crate) fn cone(half_height: f32, radius: f32) -> Self {
        Self { half_height, middle: 0.5 * radius, taper: 0.5 * radius / half_height }
    }

    pub(crate) fn half_height(&self) -> f32 {
        self.half_height
    }

    /// Distance of the farthest point from the middle.
    pub(crate) fn reach(&self) -> f32 {
        let bottom = self.radius_at(-self.half_height);
        (self.half_height * self.half_height + bottom * bottom).sqrt()
    }

    fn radius_at(&self, y: f32) -> f32 {
        self.middle - self.taper * y
    }

    /// The nearest point of the surface before a ray's origin, if it is nearer than `limit`.
    pub(crate) fn hit(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        let distance = self.distance(ray).filter(|distance| *distance <= limit)?;
        let at = ray.point_at(distance);
        let radius = self.radius_at(at.y);
        let outside_side = (at.x * at.x + at.z * at.z).sqrt() - radius;
        if outside_side < at.y.abs() - self.half_height {
            return Some(Hit { distance, normal: Vector::new(0.0, at.y.signum(), 0.0) });
        }
        let outward = Vector::new(at.x, self.taper * radius, at.z);
        Some(Hit { distance, normal: outward / outward.length().max(f32::MIN_POSITIVE) })
    }

    /// How far along a ray the nearest point of the surface is.
    pub(crate) fn distance(&self, ray: &Ray) -> Option<f32> {
        let (from, dir) = (ray.origin, ray.dir);
        let mut nearest: Option<f32> = None;
        let mut offer = |t: f32, on_surface: bool| {
            if on_surface && t >= 0.0 && nearest.is_none_or(|least| t < least) {
                nearest = Some(t);
            }
        };
        // The side is where x^2 + z^2 = radius_at(y)^2: a t^2 + 2 b t + c = 0.
        let (radius, growth) = (self.radius_at(from.y), -self.taper * dir.y);
        let a = dir.x * dir.x + dir.z * dir.z - growth * growth;
        let b = from.x * dir.x + from.z * dir.z - radius * growth;
        let c = from.x * from.x + from.z * from.z - radius * radius;
        let discriminant = b * b - a * c;
        if discriminant >= 0.0 {
            // Both roots without a difference of like numbers; a vanishes for rays along the slant.
            let q = -b - discriminant.sqrt().copysign(b);
            for t in [q / a, c / q] {
                offer(t, (from.y + t * dir.y).abs() <= self.half_height);
            }
        }
        for y in [-self.half_height, self.half_height] {
            let t = (y - from.y) / dir.y;
            let (x, z) = (from.x + t * dir.x, from.z + t * dir.z);
            let radius = self.radius_at(y);
            offer(t, x * x + z * z <= radius * radius);
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use parry3d::query::RayCast;
    use parry3d::shape::{Cone, Cylinder};

    use super::*;
    use crate::World;
    use crate::random::{Dice, Purpose};

    /// `parry3d` iterates until it is about this near in `f32`.
    const DISTANCE_TOLERANCE: f32 = 2e-3;
    /// Rays that graze an edge may be found to hit by one and to miss by the other.
    const GRAZING_SHARE: usize = 100;

    #[track_caller]
    fn check(frustum: Frustum, oracle: &dyn RayCast) {
        let mut dice = Dice::new(World::RoomsRingCamera, 1, Purpose::Content);
        let mut point = |size: f32| Vector::from([(); 3].map(|()| dice.between(-size, size)));
        let (mut hits, mut disagreements) = (0, 0);
        for _ in 0..20_000 {
            let from = point(1.0);
            if from.length() < 0.5 {
                continue;
            }
            let ray = Ray::new(from, (point(0.25) - from).normalize());
            match (frustum.hit(&ray, 10.0), oracle.cast_local_ray(&ray, 10.0, true)) {
                (Some(hit), Some(expected)) => {
                    hits += 1;
                    let grazing = hit.normal.dot(ray.dir).abs() < 0.05;
                    disagreements += usize::from(
                        !grazing && (hit.distance - expected).abs() > DISTANCE_TOLERANCE,
                    );
                    assert!(
                        hit.normal.dot(ray.dir) <= 1e-3,
                        "a hit from outside faces the ray: {hit:?} {ray:?}"
                    );
                }
                (None, None) => {}
                _ => disagreements += 1,
            }
        }
        assert!(hits > 2_000, "{hits} rays hit");
        assert!(disagreements * GRAZING_SHARE <= hits, "{disagreements} of {hits} disagree");
    }

    #[test]
    fn cylinders_agree_with_parry() {
        check(Frustum::cylinder(0.2, 0.15), &Cylinder::new(0.2, 0.15));
    }

    #[test]
    fn cones_agree_with_parry() {
        check(Frustum::cone(0.2, 0.25), &Cone::new(0.2, 0.25));
    }
}
