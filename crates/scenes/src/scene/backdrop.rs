//! What is behind the objects.

use parry3d::bounding_volume::Aabb;
use parry3d::math::{Vec2, Vector};
use parry3d::query::{Ray, details::clip_aabb_line};

use super::maze::Maze;
use super::object::Hit;
use super::patch::Patch;
use super::texture::Finish;
use crate::colour::{from_bytes, mix};

/// What is behind the objects.
#[derive(Debug, Clone)]
pub(crate) enum Backdrop {
    /// A plain, softly graded surround.
    Studio,
    /// A square room without a ceiling, under a sky.
    Room(Room),
    /// Corridors under a sky.
    Maze(Box<Maze>),
}

/// Floor at z = 0 and four walls.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    /// Its inside, up to far above the walls.
    pub(crate) inside: Aabb,
    pub(crate) wall_height: f32,
    pub(crate) walls: Finish,
    pub(crate) floor: Finish,
}

impl Backdrop {
    /// The light from a direction in which there is nothing.
    pub(crate) fn sky(&self, direction: Vector) -> Vector {
        match self {
            Self::Studio => {
                let height = 0.5 + 0.5 * direction.z;
                mix(from_bytes(164, 158, 156), from_bytes(205, 214, 226), height)
            }
            Self::Room(_) | Self::Maze(_) => {
                let height = (2.5 * direction.z).clamp(0.0, 1.0);
                mix(from_bytes(196, 222, 244), from_bytes(96, 156, 226), height)
            }
        }
    }

    /// The wall or floor that a ray meets; `spread` is the width of a pixel at distance 1.
    pub(crate) fn patch(&self, ray: &Ray, spread: f32) -> Option<Patch> {
        match self {
            Self::Studio => None,
            Self::Room(room) => room.patch(ray, spread),
            Self::Maze(maze) => maze.patch(ray, spread),
        }
    }

    /// Whether it can be before an object, and not behind all of them only.
    pub(crate) fn hides_objects(&self) -> bool {
        matches!(self, Self::Maze(_))
    }

    /// Whether it stands between the origin of a ray and its end at distance 1.
    pub(crate) fn blocks(&self, ray: &Ray) -> bool {
        match self {
            // The lamps of rooms hang in them.
            Self::Studio | Self::Room(_) => false,
            Self::Maze(maze) => maze.blocks(ray),
        }
    }
}

impl Room {
    fn patch(&self, ray: &Ray, spread: f32) -> Option<Patch> {
        // The far side, so that a camera outside looks through the wall before it.
        let (_, (distance, normal, side)) = clip_aabb_line(&self.inside, ray.origin, ray.dir)?;
        let at = ray.point_at(distance);
        if at.z > self.wall_height {
            return None;
        }
        // A pixel is drawn out along the line of sight only; the mean of both widths keeps patterns crisp.
        let width = spread * distance / normal.dot(ray.dir).abs().max(0.05).sqrt();
        let half = self.inside.maxs.x;
        let (to_x, to_y) = (half - at.x.abs(), half - at.y.abs());
        let (albedo, openness) = if normal.z > 0.5 {
            (self.floor.albedo(Vec2::new(at.x, at.y), width), corner(to_x) * corner(to_y))
        } else {
            let (along, to_next) = if normal.x.abs() > 0.5 { (at.y, to_y) } else { (at.x, to_x) };
            (self.walls.albedo(Vec2::new(along, at.z), width), corner(to_next) * corner(at.z))
        };
        Some(Patch { hit: Hit { distance, normal }, side: (side + 3) as u16, albedo, openness })
    }
}

/// Share of the light left at some distance from an inner edge.
fn corner(distance: f32) -> f32 {
    const DEPTH: f32 = 0.35;
    const WIDTH: f32 = 0.10;
    1.0 - DEPTH * WIDTH * WIDTH / (WIDTH * WIDTH + distance * distance)
}
