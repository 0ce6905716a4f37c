//! Patterns on walls and floors, filtered to the size of a pixel.

use parry3d::math::{Vec2, Vector};

use crate::colour::{fract, mix};

/// A pattern in the unit of its own period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Upright bands.
    Stripes,
    /// Squares by turns.
    Checker,
    /// Staggered blocks with joints between them.
    Bricks,
    /// Zigzag bands.
    Chevrons,
    /// Round spots, in two interleaved grids.
    Dots,
    /// Squares with joints between them.
    Tiles,
    /// Long boards, each a little lighter or darker.
    Planks,
}

/// What a wall or a floor is covered with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finish {
    pub(crate) pattern: Pattern,
    /// Period in world units. A wall's length is a multiple of it, so that patterns meet in the corners.
    pub(crate) period: f32,
    /// The two albedos.
    pub(crate) colours: [Vector; 2],
}

impl Finish {
    /// The albedo about `at`, averaged over a square of edge `width`, both in world units.
    pub(crate) fn albedo(&self, at: Vec2, width: f32) -> Vector {
        let (at, width) = (at / self.period, (width / self.period).max(1e-4));
        let (share, tint) = self.pattern.sample(at, width);
        // Tints average out where a pixel covers several blocks.
        let tint = 1.0 + tint * (1.0 - width).max(0.0);
        mix(self.colours[0], self.colours[1], share) * tint
    }

    /// The albedo far away, where the pattern is a blur.
    pub(crate) fn mean(&self) -> Vector {
        mix(self.colours[0], self.colours[1], 0.5)
    }
}

impl Pattern {
    /// Share of the second colour, and a change of lightness.
    fn sample(self, at: Vec2, width: f32) -> (f32, f32) {
        match self {
            Self::Stripes => (band(at.x, 0.5, width), 0.0),
            Self::Checker => {
                let sign = |x| 2.0 * band(x, 0.5, width) - 1.0;
                (0.5 - 0.5 * sign(at.x) * sign(at.y), 0.0)
            }
            Self::Bricks => {
                blocks(Vec2::new(at.x, 2.0 * at.y), 0.5, Vec2::new(0.07, 0.14), width, 0.16)
            }
            Self::Tiles => blocks(at, 0.0, Vec2::splat(0.07), width, 0.10),
            Self::Planks => {
                blocks(Vec2::new(0.25 * at.x, at.y), 0.37, Vec2::new(0.012, 0.06), width, 0.28)
            }
            Self::Chevrons => {
                (band(at.y + (2.0 * fract(at.x) - 1.0).abs() * 0.5, 0.5, 1.4 * width), 0.0)
            }
            Self::Dots => {
                let spot = |at: Vec2| {
                    let from_middle = Vec2::new(fract(at.x) - 0.5, fract(at.y) - 0.5).length();
                    ((0.24 - from_middle) / width + 0.5).clamp(0.0, 1.0)
                };
                (spot(at).max(spot(at + Vec2::splat(0.5))), 0.0)
            }
        }
    }
}

/// The mean, over a stretch of `width` about `x`, of the wave that is 1 on the first `duty` of each period of 1.
fn band(x: f32, duty: f32, width: f32) -> f32 {
    let integral = |x: f32| x.floor() * duty + fract(x).min(duty);
    ((integral(x + 0.5 * width) - integral(x - 0.5 * width)) / width).clamp(0.0, 1.0)
}

/// Blocks of 1 by 1, each row shifted by `stagger` against the one below; the joints take the second colour.
fn blocks(at: Vec2, stagger: f32, joint: Vec2, width: f32, contrast: f32) -> (f32, f32) {
    let row = at.y.floor();
    let x = at.x + stagger * row;
    let solid = band(x, 1.0 - joint.x, width) * band(at.y, 1.0 - joint.y, width);
    (1.0 - solid, contrast * scatter(x.floor(), row))
}

/// A number in [-0.5, 0.5) that looks unrelated for neighbouring cells.
fn scatter(column: f32, row: f32) -> f32 {
    let mut bits = (column as i32 as u32).wrapping_mul(0x9E37_79B1)
        ^ (row as i32 as u32).wrapping_mul(0x85EB_CA77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits ^= bits >> 13;
    (bits >> 8) as f32 / 16_777_216.0 - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_average_to_their_duty() {
        // Over a whole period the mean is the duty, wherever the period begins (rounding of numbers below 3).
        for x in [-1.3, 0.0, 0.4, 2.0] {
            assert!((band(x, 0.3, 1.0) - 0.3).abs() < 1e-5, "{x}");
        }
        assert!((band(0.15, 0.3, 0.01) - 1.0).abs() < 1e-3);
        assert!(band(0.65, 0.3, 0.01).abs() < 1e-3);
    }
}
