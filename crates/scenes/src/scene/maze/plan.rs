//! Which cells of a maze are open.

use parry3d::math::Vec2;

use crate::random::Dice;

/// Width of a corridor: seven cells are 2 long, as rooms are.
pub(crate) const CELL: f32 = 2.0 / 7.0;
/// Cells along a side: seven, of which every other is a crossing, and the outer wall about them.
pub(super) const SIDE: usize = 9;
/// Crossings along a side.
const CROSSINGS: usize = 4;
/// Stretches of wall with a finish of their own.
pub(crate) const ZONES: usize = 5;
/// Walls that are taken away so that there are ways around.
const LOOPS: usize = 2;
/// Squares of nine cells, which may lie in one another.
const SQUARES: usize = 2;

/// The cells of a maze by columns (x) and rows (y), the outer wall included.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    open: [[bool; SIDE]; SIDE],
    zone: [[u8; SIDE]; SIDE],
    /// Crossings in the order of a tour along all corridors of the spanning tree and back, each as a cell.
    pub(super) tour: Vec<[usize; 2]>,
}

impl Plan {
    /// Corridors along a random spanning tree of the crossings, a few loops, and open squares.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let mut plan =
            Self { open: [[false; SIDE]; SIDE], zone: [[0; SIDE]; SIDE], tour: Vec::new() };
        let mut cells = crossings();
        dice.shuffle(&mut cells);
        plan.dig(cells[0], dice);
        for _ in 0..LOOPS {
            let [x, y] = [1 + 2 * dice.below(CROSSINGS - 1), 1 + 2 * dice.below(CROSSINGS)];
            let [x, y] = if dice.below(2) == 0 { [x + 1, y] } else { [y, x + 1] };
            plan.open[x][y] = true;
        }
        for _ in 0..SQUARES {
            let [x, y] = [2 + 2 * dice.below(CROSSINGS - 1), 2 + 2 * dice.below(CROSSINGS - 1)];
            for (x, y) in (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y))) {
                plan.open[x][y] = true;
            }
        }
        plan.divide(dice);
        plan
    }

    /// Goes into every crossing that is still closed, in random order, and back.
    fn dig(&mut self, cell: [usize; 2], dice: &mut Dice) {
        let [x, y] = cell;
        self.open[x][y] = true;
        self.tour.push(cell);
        let mut steps = [(2, 0), (-2, 0), (0, 2), (0, -2)];
        dice.shuffle(&mut steps);
        for (dx, dy) in steps {
            let next = [x as i32 + dx, y as i32 + dy];
            let inside = next.iter().all(|at| (1..SIDE as i32 - 1).contains(at));
            let next = next.map(|at| at.max(0) as usize);
            if inside && !self.open[next[0]][next[1]] {
                self.open[usize::midpoint(x, next[0])][usize::midpoint(y, next[1])] = true;
                self.dig(next, dice);
                self.tour.push(cell);
            }
        }
    }

    /// Gives each cell the zone whose seed is nearest.
    fn divide(&mut self, dice: &mut Dice) {
        let seeds =
            [(); ZONES].map(|()| [dice.between(0.0, SIDE as f32), dice.between(0.0, SIDE as f32)]);
        for x in 0..SIDE {
            for y in 0..SIDE {
                let distance = |seed: &[f32; 2]| {
                    let (dx, dy) = (seed[0] - x as f32 - 0.5, seed[1] - y as f32 - 0.5);
                    dx * dx + dy * dy
                };
                let nearer =
                    |a: &usize, b: &usize| distance(&seeds[*a]).total_cmp(&distance(&seeds[*b]));
                self.zone[x][y] = (0..ZONES).min_by(nearer).unwrap_or(0) as u8;
            }
        }
    }

    /// Whether there is no wall; there is none beyond the outer wall either.
    pub(super) fn is_open(&self, x: i32, y: i32) -> bool {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < SIDE && y < SIDE => self.open[x][y],
            _ => true,
        }
    }

    /// Which finish the walls of a cell have.
    pub(super) fn zone(&self, x: i32, y: i32) -> usize {
        let clamped = |at: i32| at.clamp(0, SIDE as i32 - 1) as usize;
        usize::from(self.zone[clamped(x)][clamped(y)])
    }
}

/// All crossings.
pub(crate) fn crossings() -> Vec<[usize; 2]> {
    let along = || (0..CROSSINGS).map(|index| 1 + 2 * index);
    along().flat_map(|x| along().map(move |y| [x, y])).collect()
}

/// The middle of a cell in the world.
pub(crate) fn middle(cell: [usize; 2]) -> Vec2 {
    let at = |index: usize| (index as f32 + 0.5 - 0.5 * SIDE as f32) * CELL;
    Vec2::new(at(cell[0]), at(cell[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::random::Purpose;

    #[test]
    fn every_crossing_is_reached_and_the_tour_closes() {
        for seed in 0..100 {
            let plan = Plan::new(&mut Dice::new(World::Mazes, seed, Purpose::Content));
            for cell in crossings() {
                assert!(plan.tour.contains(&cell), "seed {seed}: {cell:?}");
            }
            // A spanning tree of 16 crossings has 15 corridors, each walked twice.
            assert_eq!(plan.tour.len(), 31);
            assert_eq!(plan.tour[0], plan.tour[30]);
            for pair in plan.tour.windows(2) {
                let [a, b] = [pair[0], pair[1]];
                assert_eq!(a[0].abs_diff(b[0]) + a[1].abs_diff(b[1]), 2, "seed {seed}");
                let between = [usize::midpoint(a[0], b[0]), usize::midpoint(a[1], b[1])];
                assert!(plan.is_open(between[0] as i32, between[1] as i32), "seed {seed}");
            }
            for at in 0..SIDE as i32 {
                for (x, y) in [(0, at), (8, at), (at, 0), (at, 8)] {
                    assert!(!plan.is_open(x, y), "seed {seed}: the outer wall is closed");
                }
            }
        }
    }
}
