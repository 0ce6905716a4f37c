//! The regular icosahedron, standing on a face.

use core::f32::consts::FRAC_PI_3;

use parry3d::math::Vector;
use parry3d::shape::Triangle;

/// Of an icosahedron of edge 1 whose axis goes through the middle of two faces: radius and height of its upper
/// two rings of three corners. phi is the golden ratio.
const CAP_RADIUS: f32 = 0.577_350_3; // 1 / sqrt 3
const CAP_HEIGHT: f32 = 0.755_761_3; // phi^2 / (2 sqrt 3)
const BELT_RADIUS: f32 = 0.934_172_4; // phi / sqrt 3
const BELT_HEIGHT: f32 = 0.178_411_1; // sqrt(phi^2 / 4 + 1 / 4 - phi^2 / 3)

/// Its twenty faces, the middle at the origin, a face up and a face down the y axis.
pub(super) fn icosahedron(edge: f32) -> Vec<Triangle> {
    let rings = [
        (CAP_RADIUS, CAP_HEIGHT, 0.0),
        (BELT_RADIUS, BELT_HEIGHT, FRAC_PI_3),
        (BELT_RADIUS, -BELT_HEIGHT, 0.0),
        (CAP_RADIUS, -CAP_HEIGHT, FRAC_PI_3),
    ];
    let mut corners = Vec::with_capacity(12);
    for (radius, height, start) in rings {
        for third in 0..3_u8 {
            let (sin, cos) = libm::sincosf(start + 2.0 * FRAC_PI_3 * f32::from(third));
            corners.push(Vector::new(radius * cos, height, radius * sin) * edge);
        }
    }
    // Neighbours are one edge apart, all others at least phi edges.
    let joined = |a: usize, b: usize| (corners[a] - corners[b]).length() < 1.3 * edge;
    let mut faces = Vec::with_capacity(20);
    for a in 0..corners.len() {
        for b in a + 1..corners.len() {
            for c in b + 1..corners.len() {
                if joined(a, b) && joined(b, c) && joined(a, c) {
                    faces.push(Triangle::new(corners[a], corners[b], corners[c]));
                }
            }
        }
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_twenty_equal_faces() {
        let faces = icosahedron(2.0);
        assert_eq!(faces.len(), 20);
        for face in faces {
            for (from, to) in [(face.a, face.b), (face.b, face.c), (face.c, face.a)] {
                // Rounding of coordinates near 2 and of the constants' last digit.
                assert!(((to - from).length() - 2.0).abs() < 1e-5, "{face:?}");
            }
        }
    }
}
