//! What a ray meets in a maze.

use parry3d::math::{Vec2, Vector};
use parry3d::query::Ray;

use super::super::object::Hit;
use super::super::patch::Patch;
use super::super::texture::Finish;
use super::plan::{CELL, Plan, SIDE, ZONES};
use crate::colour::mix;

/// Height of all walls.
pub(super) const WALL_HEIGHT: f32 = 0.24;
/// Half the length of the outer walls.
pub(crate) const HALF: f32 = 0.5 * SIDE as f32 * CELL;

/// Walls, floor and their finishes.
#[derive(Debug, Clone)]
pub(crate) struct Maze {
    pub(super) plan: Plan,
    walls: [Finish; ZONES],
    floor: Finish,
}

/// The stretch of a ray over one cell.
#[derive(Debug, Clone, Copy)]
struct Span {
    cell: [i32; 2],
    from: f32,
    to: f32,
    /// Across which axis the cell was entered, and the direction of the step; none where the ray begins.
    entered: Option<(usize, i32)>,
}

/// The cells along a ray, one after the other (Amanatides & Woo 1987).
struct March {
    next: Option<Span>,
    step: [i32; 2],
    /// Where the ray crosses into the next cell along each axis, and how far it is from cell to cell.
    crossing: [f32; 2],
    stride: [f32; 2],
}

impl March {
    fn new(ray: &Ray) -> Self {
        let (from, dir) = ([ray.origin.x, ray.origin.y], [ray.dir.x, ray.dir.y]);
        // A ray that begins outside enters at the outer wall.
        let (mut start, mut end, mut axis) = (0.0_f32, f32::INFINITY, None);
        for (index, (from, dir)) in from.into_iter().zip(dir).enumerate() {
            let (a, b) = ((-HALF - from) / dir, (HALF - from) / dir);
            // 0 / 0, where a ray runs along a border, is no bound.
            if a.min(b) > start {
                (start, axis) = (a.min(b), Some(index));
            }
            end = end.min(a.max(b));
        }
        let step = dir.map(|dir| if dir < 0.0 { -1 } else { 1 });
        let cell = [0, 1].map(|index| {
            let at = ((from[index] + start * dir[index] + HALF) / CELL).floor();
            (at as i32).clamp(0, SIDE as i32 - 1)
        });
        let crossing = [0, 1].map(|index| {
            let border = (cell[index] + step[index].max(0)) as f32 * CELL - HALF;
            if dir[index] == 0.0 { f32::INFINITY } else { (border - from[index]) / dir[index] }
        });
        let stride = dir.map(|dir| (CELL / dir).abs());
        let meets = start < end && start.is_finite();
        let next = meets.then(|| Span {
            cell,
            from: start,
            to: crossing[0].min(crossing[1]).max(start),
            entered: axis.map(|axis| (axis, step[axis])),
        });
        Self { next, step, crossing, stride }
    }
}

impl Iterator for March {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let span = self.next?;
        let axis = usize::from(self.crossing[1] < self.crossing[0]);
        let mut cell = span.cell;
        cell[axis] += self.step[axis];
        let from = self.crossing[axis];
        self.crossing[axis] += self.stride[axis];
        let inside = (0..SIDE as i32).contains(&cell[axis]) && from.is_finite();
        let to = self.crossing[0].min(self.crossing[1]);
        let entered = Some((axis, self.step[axis]));
        self.next = inside.then_some(Span { cell, from, to, entered });
        Some(span)
    }
}

impl Maze {
    /// A maze of that plan; each zone's walls have a finish of their own.
    pub(crate) fn new(plan: Plan, walls: [Finish; ZONES], floor: Finish) -> Self {
        Self { plan, walls, floor }
    }

    /// The wall or floor that a ray meets; `spread` is the width of a pixel at distance 1. A ray that begins in a wall
    /// leaves it unhindered.
    pub(crate) fn patch(&self, ray: &Ray, spread: f32) -> Option<Patch> {
        let height = |t: f32| ray.origin.z + t * ray.dir.z;
        let mut is_out = height(0.0) >= WALL_HEIGHT;
        for span in March::new(ray) {
            let (low, high) = (height(span.to), height(span.from));
            let [x, y] = span.cell;
            if self.plan.is_open(x, y) {
                is_out = true;
                if high >= 0.0 && low < 0.0 {
                    return Some(self.floor(ray, span.cell, spread));
                }
            } else if high < WALL_HEIGHT {
                if let (Some((axis, step)), true, true) = (span.entered, is_out, high >= 0.0) {
                    return Some(self.side(ray, &span, axis, step, spread));
                }
            } else if low < WALL_HEIGHT {
                return Some(self.top(ray, span.cell));
            }
        }
        None
    }

    /// Whether a wall stands between the origin of a ray and its end at distance 1.
    pub(crate) fn blocks(&self, ray: &Ray) -> bool {
        let mut spans = March::new(ray).take_while(|span| span.from < 1.0);
        spans.any(|span| {
            let [x, y] = span.cell;
            let height = ray.origin.z + span.from * ray.dir.z;
            span.entered.is_some() && !self.plan.is_open(x, y) && height < WALL_HEIGHT
        })
    }

    fn floor(&self, ray: &Ray, cell: [i32; 2], spread: f32) -> Patch {
        let distance = -ray.origin.z / ray.dir.z;
        let at = ray.point_at(distance);
        let inside = self.nooks(cell, Vec2::new(at.x, at.y), [true, true]);
        Patch {
            hit: Hit { distance, normal: Vector::Z },
            side: 0,
            albedo: self
                .floor
                .albedo(Vec2::new(at.x, at.y), width(ray, distance, Vector::Z, spread)),
            openness: 0.82 * inside,
        }
    }

    fn side(&self, ray: &Ray, span: &Span, axis: usize, step: i32, spread: f32) -> Patch {
        let at = ray.point_at(span.from);
        let mut normal = Vector::ZERO;
        normal[axis] = -step as f32;
        let along = if axis == 0 { at.y } else { at.x };
        let [x, y] = span.cell;
        let finish = &self.walls[self.plan.zone(x, y)];
        let mut before = span.cell;
        before[axis] -= step;
        let inside = self.nooks(before, Vec2::new(at.x, at.y), [axis != 0, axis != 1]);
        let depth = 0.72 + 0.28 * (at.z / WALL_HEIGHT);
        Patch {
            hit: Hit { distance: span.from, normal },
            side: 1 + 5 * (x + SIDE as i32 * y) as u16 + 2 * axis as u16 + u16::from(step > 0),
            albedo: finish.albedo(Vec2::new(along, at.z), width(ray, span.from, normal, spread)),
            openness: depth * nook(at.z) * inside,
        }
    }

    fn top(&self, ray: &Ray, cell: [i32; 2]) -> Patch {
        let distance = (WALL_HEIGHT - ray.origin.z) / ray.dir.z;
        let [x, y] = cell;
        let albedo = mix(self.walls[self.plan.zone(x, y)].mean(), Vector::splat(0.5), 0.35);
        let side = 5 * (x + SIDE as i32 * y) as u16 + 5;
        Patch { hit: Hit { distance, normal: Vector::Z }, side, albedo, openness: 1.0 }
    }

    /// Share of the light that the walls beside a point of an open cell let through; only those across `axes` count.
    fn nooks(&self, cell: [i32; 2], at: Vec2, axes: [bool; 2]) -> f32 {
        let mut share = 1.0;
        for axis in (0..2).filter(|axis| axes[*axis]) {
            let low = cell[axis] as f32 * CELL - HALF;
            for (step, distance) in [(-1, at[axis] - low), (1, low + CELL - at[axis])] {
                let mut beside = cell;
                beside[axis] += step;
                if !self.plan.is_open(beside[0], beside[1]) {
                    share *= nook(distance);
                }
            }
        }
        share
    }
}

/// Width of a pixel on a surface: it is drawn out along the line of sight only, so the mean of both widths is taken.
fn width(ray: &Ray, distance: f32, normal: Vector, spread: f32) -> f32 {
    spread * distance / normal.dot(ray.dir).abs().max(0.05).sqrt()
}

/// Share of the light left at some distance from an inner edge.
fn nook(distance: f32) -> f32 {
    const DEPTH: f32 = 0.35;
    const WIDTH: f32 = 0.05;
    1.0 - DEPTH * WIDTH * WIDTH / (WIDTH * WIDTH + distance * distance)
}
