//! Where a scene's cameras may be, and moving about there.

use core::f32::consts::{FRAC_PI_2, PI};

use parry3d::math::Vec2;

use super::backdrop::Backdrop;
use super::maze::{Maze, Walk};
use super::motion::{MapPoint, Motion, finite, shorter};
use super::path::{RING_RADIUS, SPHERE_RADIUS, on_ring, on_sphere};
use super::stage::Stage;
use super::{Scene, arm, free, maze};
use crate::{Camera, World};

/// How far up and down one may go on a sphere, in radians: short of the poles, where a picture would turn over.
const MOST_ELEVATION: f32 = 1.45;
/// Half the width of a map, in what the cameras reach: a margin is left.
const MARGIN: f32 = 1.18;
/// Steps of [`Scene::onward`] to half a turn: a third of a degree each, so that one of them a frame is a smooth walk.
const STEPS: f32 = 540.0;

/// Where a scene's cameras may be.
enum Reach<'scene> {
    /// On a sphere about a chain.
    Sphere,
    /// On a ring in a room.
    Ring,
    /// On a cylinder about an arm.
    Cylinder,
    /// In a room, off its objects.
    Room(&'scene Stage),
    /// In the corridors of a maze.
    Maze(&'scene Maze, &'scene Walk),
}

impl Scene {
    /// Where one begins to look around.
    pub fn home(&self) -> Camera {
        self.orbit(1)[0]
    }

    /// Whether its cameras go up and down, or [`Motion::raise`] does nothing.
    pub fn can_raise(&self) -> bool {
        matches!(self.reach(), Reach::Sphere | Reach::Cylinder | Reach::Room(_))
    }

    /// Whether its cameras go nearer and farther, or [`Motion::advance`] does nothing.
    pub fn can_advance(&self) -> bool {
        matches!(self.reach(), Reach::Room(_) | Reach::Maze(..))
    }

    /// The camera after a motion: one that the scene allows, if `camera` is.
    #[must_use]
    pub fn moved(&self, camera: &Camera, motion: &Motion) -> Camera {
        let motion = Motion {
            turn: finite(motion.turn),
            raise: finite(motion.raise),
            advance: finite(motion.advance),
        };
        match self.reach() {
            Reach::Room(stage) => free::moved(stage, camera, &motion),
            Reach::Maze(maze, _) => maze::moved(maze, camera, &motion),
            reach => {
                let [azimuth, level] = reach.place(camera);
                reach.at(azimuth - motion.turn * PI, level + motion.raise * reach.rise())
            }
        }
    }

    /// The camera so many small steps further on the way around by itself: the orbit, or the walk through a maze. No step
    /// is the nearest camera of that way.
    #[must_use]
    pub fn onward(&self, camera: &Camera, steps: usize) -> Camera {
        match self.reach() {
            Reach::Maze(_, walk) => walk.onward(camera, steps),
            _ => self.moved(camera, &Motion { turn: -(steps as f32) / STEPS, ..Motion::default() }),
        }
    }

    /// The allowed camera part of the way from one to another: `t` of 0 is `from`, of 1 is `to`. Where a wall stands
    /// between them one is there at once.
    #[must_use]
    pub fn between(&self, from: &Camera, to: &Camera, t: f32) -> Camera {
        let t = finite(t).clamp(0.0, 1.0);
        let mix = |from: f32, to: f32| from + t * (to - from);
        let straight = || Camera {
            position: [0, 1, 2].map(|axis| mix(from.position[axis], to.position[axis])),
            yaw: shorter(from.yaw + t * shorter(to.yaw - from.yaw)),
            pitch: mix(from.pitch, to.pitch),
        };
        match self.reach() {
            Reach::Room(stage) => free::stand(stage, &straight()),
            Reach::Maze(maze, _) if maze::in_sight(maze, from, to) => straight(),
            Reach::Maze(..) => *to,
            reach => {
                let ([azimuth, level], [to_azimuth, to_level]) =
                    (reach.place(from), reach.place(to));
                reach.at(azimuth + t * shorter(to_azimuth - azimuth), mix(level, to_level))
            }
        }
    }

    /// Where a camera stands on a map of the scene as seen from above, and where it looks.
    pub fn to_map(&self, camera: &Camera) -> MapPoint {
        let [x, y, _] = camera.position.map(|value| value / (2.0 * self.map_reach()));
        MapPoint { u: 0.5 + x, v: 0.5 - y, heading: FRAC_PI_2 - camera.yaw }
    }

    /// The allowed camera nearest to a place on the map, as high as `camera`; on a sphere it stays above or below.
    #[must_use]
    pub fn from_map(&self, camera: &Camera, u: f32, v: f32) -> Camera {
        let [x, y] = [u - 0.5, 0.5 - v].map(|value| finite(value) * 2.0 * self.map_reach());
        let (azimuth, ground) = (libm::atan2f(y, x), libm::sqrtf(x * x + y * y));
        match self.reach() {
            Reach::Sphere => {
                let elevation = libm::acosf((ground / SPHERE_RADIUS).min(1.0));
                let below = camera.position[2] < 0.0;
                Reach::Sphere.at(azimuth, if below { -elevation } else { elevation })
            }
            Reach::Room(stage) => free::placed(stage, camera, Vec2::new(x, y)),
            Reach::Maze(maze, _) => maze::placed(maze, camera, Vec2::new(x, y)),
            reach => reach.at(azimuth, finite(camera.position[2])),
        }
    }

    /// Half the width of the map, in world units: what there is and a margin.
    pub(crate) fn map_reach(&self) -> f32 {
        match self.reach() {
            Reach::Sphere => MARGIN * SPHERE_RADIUS,
            Reach::Ring => MARGIN * RING_RADIUS,
            Reach::Cylinder => MARGIN * arm::CAMERA_DISTANCE,
            Reach::Room(_) => MARGIN * free::REACH,
            Reach::Maze(..) => maze::HALF,
        }
    }

    fn reach(&self) -> Reach<'_> {
        match (&self.stage.backdrop, &self.walk, self.world) {
            (Backdrop::Maze(maze), Some(walk), _) => Reach::Maze(maze, walk),
            (_, _, World::ShepardMetzler5 | World::ShepardMetzler7) => Reach::Sphere,
            (_, _, World::Jaco) => Reach::Cylinder,
            (
                _,
                _,
                World::RoomsFreeCameraWithObjectRotations | World::RoomsFreeCameraNoObjectRotations,
            ) => Reach::Room(&self.stage),
            _ => Reach::Ring,
        }
    }
}

/// Those around a middle.
impl Reach<'_> {
    /// Azimuth of where a camera stands, and how high: an elevation on a sphere, otherwise a height.
    fn place(&self, camera: &Camera) -> [f32; 2] {
        let [x, y, z] = camera.position.map(finite);
        let level = match self {
            Self::Sphere => libm::atan2f(z, libm::sqrtf(x * x + y * y)),
            _ => z,
        };
        [libm::atan2f(y, x), level]
    }

    /// The inverse.
    fn at(&self, azimuth: f32, level: f32) -> Camera {
        match self {
            Self::Sphere => {
                on_sphere(azimuth, libm::sinf(level.clamp(-MOST_ELEVATION, MOST_ELEVATION)))
            }
            Self::Cylinder => {
                arm::around(azimuth, level.clamp(arm::CAMERA_HEIGHTS.0, arm::CAMERA_HEIGHTS.1))
            }
            _ => on_ring(azimuth),
        }
    }

    /// How far a motion of 1 rises.
    fn rise(&self) -> f32 {
        match self {
            Self::Sphere => FRAC_PI_2,
            _ => arm::CAMERA_HEIGHTS.1 - arm::CAMERA_HEIGHTS.0,
        }
    }
}
