//! Shepard-Metzler objects: chains of coloured cubes, after the figures of Shepard & Metzler (1971).

use parry3d::math::Vector;

use super::backdrop::Backdrop;
use super::object::Object;
use super::stage::{Light, Stage};
use crate::colour::from_hsv;
use crate::random::Dice;

/// Edge of a cube in a chain of so many: chains fill the picture and, but for straight ones of seven, fit it.
fn edge(parts: usize) -> f32 {
    if parts <= 5 { 0.165 } else { 0.14 }
}

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
    let edge = edge(cells.len());
    let place = |cell: &[i32; 3]| Vector::from(cell.map(|steps| steps as f32)) * edge;
    let low = cells.iter().map(place).fold(Vector::splat(f32::MAX), Vector::min);
    let high = cells.iter().map(place).fold(Vector::splat(f32::MIN), Vector::max);
    let middle = (low + high) * 0.5;
    let mut hue = dice.unit();
    let objects = cells.iter().map(|cell| {
        // Neighbours differ clearly; otherwise any colour goes.
        hue += dice.between(0.14, 0.86);
        let albedo = from_hsv(hue, dice.between(0.72, 0.92), dice.between(0.82, 0.98));
        Object::cube(place(cell) - middle, edge, albedo)
    });
    let light = Light::new(
        Vector::new(1.4, 2.2, 4.0),
        0.35,
        Vector::new(0.66, 0.64, 0.60),
        [Vector::new(0.58, 0.60, 0.63), Vector::new(0.30, 0.29, 0.29)],
    );
    let light = light.tilted(Vector::new(0.45, -0.2, 0.85));
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
}
