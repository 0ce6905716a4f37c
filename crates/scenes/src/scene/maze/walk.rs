//! Cameras along the corridors of a maze.

use parry3d::math::Vec2;

use super::super::motion::{finite, shorter};
use super::plan::{Plan, middle};
use crate::Camera;
use crate::random::Dice;

/// Height of the eye.
pub(super) const EYE: f32 = 0.14;
/// How far to the right of the middle one walks, so that one turns around in dead ends and not on the spot.
const LANE: f32 = 0.045;
/// Half the stretch over which corners are rounded.
const ROUNDING: f32 = 0.13;
/// Pictures of a tour, as many as the world's data sets have of a scene.
const PICTURES: usize = 300;
/// How far one strays from the way, in world units, and glances aside and up or down, in radians.
const STRAY: f32 = 0.02;
const GLANCE: f32 = 0.4;
pub(super) const NOD: f32 = 0.06;
/// Steps of a tour that one makes by itself, and how many of them the first search for the nearest one skips.
const STEPS: usize = 3600;
const COARSE: usize = 6;
/// How much a turn of a radian tells two places of the way apart, in world units: one goes along every corridor twice.
const TURN: f32 = 0.3;

/// A closed way along all corridors.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// Its corners, and how far along the way each is; the last is the first again.
    corners: Vec<(f32, Vec2)>,
}

impl Walk {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut corners: Vec<(f32, Vec2)> = Vec::new();
        let mut push = |corner: Vec2| {
            let along =
                corners.last().map_or(0.0, |(along, last)| along + (corner - *last).length());
            corners.push((along, corner));
        };
        let lane = |pair: &[[usize; 2]]| {
            let (from, to) = (middle(pair[0]), middle(pair[1]));
            let ahead = (to - from) / (to - from).length();
            let right = Vec2::new(ahead.y, -ahead.x) * LANE;
            [from + right, to + right]
        };
        plan.tour.windows(2).flat_map(lane).for_each(&mut push);
        let first = lane(&plan.tour[..2])[0];
        push(first);
        Self { corners }
    }

    /// The walker's picture of that number: glancing about a little, after 300 pictures on the next tour.
    pub(crate) fn camera(&self, index: usize, dice: &mut Dice) -> Camera {
        let mut camera = self.on_way((index % PICTURES) as f32 / PICTURES as f32);
        let aside = [dice.between(-STRAY, STRAY), dice.between(-STRAY, STRAY)];
        for (at, aside) in camera.position.iter_mut().zip(aside) {
            *at += aside;
        }
        camera.yaw = shorter(camera.yaw + dice.between(-GLANCE, GLANCE));
        camera.pitch = dice.between(-NOD, NOD);
        camera
    }

    /// A camera at some share of the way, looking ahead.
    pub(crate) fn on_way(&self, share: f32) -> Camera {
        const PARTS: usize = 8;
        let along = share * self.length();
        // The way's mean over a stretch about the point, and its direction there.
        let part = |index: usize| {
            let offset = (index as f32 + 0.5) / PARTS as f32 * 2.0 - 1.0;
            self.at(along + offset * ROUNDING)
        };
        let mean = (0..PARTS).map(part).fold(Vec2::ZERO, |sum, at| sum + at) / PARTS as f32;
        let ahead = self.at(along + ROUNDING) - self.at(along - ROUNDING);
        Camera { position: [mean.x, mean.y, EYE], yaw: libm::atan2f(ahead.y, ahead.x), pitch: 0.0 }
    }

    /// So many steps further on the way from the place on it that is nearest to a camera.
    pub(crate) fn onward(&self, camera: &Camera, steps: usize) -> Camera {
        let step = |index: usize| self.on_way((index % STEPS) as f32 / STEPS as f32);
        let apart = |index: &usize| {
            let at = step(*index);
            let [dx, dy] = [0, 1].map(|axis| at.position[axis] - finite(camera.position[axis]));
            let turn = TURN * shorter(at.yaw - finite(camera.yaw));
            dx * dx + dy * dy + turn * turn
        };
        let nearer = |a: &usize, b: &usize| apart(a).total_cmp(&apart(b));
        let coarse = (0..STEPS).step_by(COARSE).min_by(nearer).unwrap_or(0) + STEPS;
        let nearest = (coarse - COARSE..coarse + COARSE).min_by(nearer).unwrap_or(coarse);
        step(nearest + steps)
    }

    fn length(&self) -> f32 {
        self.corners[self.corners.len() - 1].0
    }

    fn at(&self, along: f32) -> Vec2 {
        let length = self.length();
        let along = along - length * (along / length).floor();
        let next = self.corners.partition_point(|(at, _)| *at <= along).min(self.corners.len() - 1);
        let ((from, a), (to, b)) = (self.corners[next - 1], self.corners[next]);
        let stretch = (to - from).max(f32::MIN_POSITIVE);
        a + (b - a) * ((along - from) / stretch).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::random::Purpose;

    #[test]
    fn one_never_walks_into_a_wall() {
        for seed in 0..40 {
            let mut dice = Dice::new(World::Mazes, seed, Purpose::Content);
            let plan = Plan::new(&mut dice);
            let walk = Walk::new(&plan);
            for index in 0..PICTURES {
                let camera = walk.camera(index, &mut dice);
                let [x, y, z] = camera.position;
                let cell = |at: f32| ((at / super::super::plan::CELL) + 4.5).floor() as i32;
                assert!(plan.is_open(cell(x), cell(y)), "seed {seed}: {camera:?}");
                assert!(z.to_bits() == EYE.to_bits() && x.abs() < 1.0 && y.abs() < 1.0);
            }
        }
    }

    #[test]
    fn the_way_is_smooth_and_closed() {
        let plan = Plan::new(&mut Dice::new(World::Mazes, 3, Purpose::Content));
        let walk = Walk::new(&plan);
        let steps = 3000;
        let camera = |index: usize| walk.on_way((index % steps) as f32 / steps as f32);
        for index in 0..steps {
            let (a, b) = (camera(index), camera(index + 1));
            let [dx, dy] = [0, 1].map(|axis| a.position[axis] - b.position[axis]);
            let step = (dx * dx + dy * dy).sqrt();
            // A step of the way is about 0.006 long; rounded corners are shorter.
            assert!(step < 0.008, "{a:?} {b:?}");
            assert!(shorter(a.yaw - b.yaw).abs() < 0.35, "{a:?} {b:?}");
        }
    }
}
