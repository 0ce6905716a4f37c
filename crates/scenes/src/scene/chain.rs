//! Shepard-Metzler objects: chains of coloured cubes, after the figures of Shepard & Metzler (1971).

use parry3d::math::Vector;

use super::backdrop::Backdrop;
use super::object::Object;
use super::stage::{Light, Stage};
use crate::colour::from_hsv;
use crate::random::Dice;

/// Edge of a cube. A straight chain of seven, seen across from the sphere of cameras, just fits the picture.
const EDGE: f32 = 0.125;

const STEPS: [[i32; 3]; 6] = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];

/// The cells of a self-avoiding walk of `parts` cells on the cubic grid.
pub(super) fn walk(parts: usize, dice: &mut Dice) -> Vec<[i32; 3]> {
    // A walk that enters its own way is thrown away as a whole: so all walks are equally likely.
    loop {
        let mut cells = vec![[0; 3]];
        while cells.len() < parts {
            let [x, y, z] = cells[cells.len() - 1];
            let [dx, dy, dz] = *dice.choose(&STEPS);
            let next = [x + dx, y + dy, z + dz];
            if cells.contains(&next) {
                break;
            }
            cells.push(next);
        }
        if cells.len() == parts {
            return cells;
        }
    }
}

/// The chain on those cells, the middle of its extent at the origin.
pub(super) fn stage(cells: &[[i32; 3]], dice: &mut Dice) -> Stage {
    let place =
        |cell: &[i32; 3]| Vector::new(cell[0] as f32, cell[1] as f32, cell[2] as f32) * EDGE;
    let low = cells.iter().map(place).fold(Vector::splat(f32::MAX), Vector::min);
    let high = cells.iter().map(place).fold(Vector::splat(f32::MIN), Vector::max);
    let middle = (low + high) * 0.5;
    let mut hue = dice.unit();
    let objects = cells.iter().map(|cell| {
        // Neighbours differ clearly; otherwise any colour goes.
        hue += dice.between(0.14, 0.86);
        let albedo = from_hsv(hue, dice.between(0.72, 0.92), dice.between(0.82, 0.98));
        Object::cube(place(cell) - middle, EDGE, albedo)
    });
    let light = Light::new(
        Vector::new(1.5, 2.2, 4.0),
        0.35,
        Vector::new(0.78, 0.76, 0.72),
        Vector::new(0.46, 0.48, 0.52),
        Vector::new(0.26, 0.25, 0.25),
    );
    Stage::new(objects.collect(), Backdrop::Studio, light)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::random::Purpose;

    #[test]
    fn chains_avoid_themselves_and_hold_together() {
        for seed in 0..500 {
            for parts in [5, 7] {
                let cells =
                    walk(parts, &mut Dice::new(World::ShepardMetzler7, seed, Purpose::Content));
                assert_eq!(cells.len(), parts);
                for (index, cell) in cells.iter().enumerate() {
                    assert!(!cells[..index].contains(cell), "seed {seed}: {cells:?} meets itself");
                }
                for pair in cells.windows(2) {
                    let step: i32 = (0..3).map(|axis| (pair[0][axis] - pair[1][axis]).abs()).sum();
                    assert_eq!(step, 1, "seed {seed}: {cells:?} has a gap");
                }
            }
        }
    }

    #[test]
    fn a_straight_chain_of_seven_fits_the_picture() {
        // The corner farthest out, seen from the sphere's radius 1 across: half the chain over the distance to its face.
        let (half_length, half_edge) = (3.5 * EDGE, 0.5 * EDGE);
        assert!(half_length / (1.0 - half_edge) <= 0.4664, "tan 25 degrees is 0.4663");
    }
}
