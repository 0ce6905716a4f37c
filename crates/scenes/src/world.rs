//! The families of scenes and how their seeds are shared out.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::UnknownName;

/// A family of scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Chains of five coloured cubes, seen from a sphere.
    #[serde(rename = "shepard-metzler-5")]
    ShepardMetzler5,
    /// Chains of seven coloured cubes, seen from a sphere.
    #[serde(rename = "shepard-metzler-7")]
    ShepardMetzler7,
    /// A square room with one to three objects, seen from a ring.
    RoomsRingCamera,
    /// The same room, seen from anywhere in it.
    RoomsFreeCameraWithObjectRotations,
    /// The same, and the objects stand straight.
    RoomsFreeCameraNoObjectRotations,
    /// A maze, seen on a walk through it.
    Mazes,
    /// A robot arm and an object, seen from around it.
    Jaco,
}

impl World {
    /// Every world.
    pub const ALL: [Self; 7] = [
        Self::ShepardMetzler5,
        Self::ShepardMetzler7,
        Self::RoomsRingCamera,
        Self::RoomsFreeCameraWithObjectRotations,
        Self::RoomsFreeCameraNoObjectRotations,
        Self::Mazes,
        Self::Jaco,
    ];

    /// The name in files and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShepardMetzler5 => "shepard-metzler-5",
            Self::ShepardMetzler7 => "shepard-metzler-7",
            Self::RoomsRingCamera => "rooms-ring-camera",
            Self::RoomsFreeCameraWithObjectRotations => "rooms-free-camera-with-object-rotations",
            Self::RoomsFreeCameraNoObjectRotations => "rooms-free-camera-no-object-rotations",
            Self::Mazes => "mazes",
            Self::Jaco => "jaco",
        }
    }

    /// How many pictures of a scene there are in a data set.
    pub const fn views_per_scene(self) -> usize {
        match self {
            Self::ShepardMetzler5 | Self::ShepardMetzler7 => 15,
            Self::RoomsRingCamera
            | Self::RoomsFreeCameraWithObjectRotations
            | Self::RoomsFreeCameraNoObjectRotations => 10,
            Self::Mazes => 300,
            Self::Jaco => 11,
        }
    }

    /// The most pictures a network is shown while it trains: the paper's number, less the one to be painted.
    pub const fn max_context(self) -> usize {
        match self {
            Self::ShepardMetzler5 | Self::ShepardMetzler7 => 14,
            Self::RoomsRingCamera
            | Self::RoomsFreeCameraWithObjectRotations
            | Self::RoomsFreeCameraNoObjectRotations => 5,
            Self::Mazes => 20,
            Self::Jaco => 7,
        }
    }
}

/// The part of the world that holds a scene's content, and how far from its cameras that lies. World units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// The least x, y and z.
    pub low: [f64; 3],
    /// The greatest x, y and z.
    pub high: [f64; 3],
    /// The least distance from a camera at which there is something to see.
    pub near: f64,
    /// The greatest distance from a camera at which there is something to see.
    pub far: f64,
    /// Cells of a grid over the box, along x, y and z, small enough to tell its objects apart in 64×64 pictures.
    pub cells: [usize; 3],
}

impl World {
    /// The box around everything that tells one scene of this world from another. Walls lie inside it.
    pub const fn extent(self) -> Extent {
        match self {
            Self::ShepardMetzler5 | Self::ShepardMetzler7 => Extent {
                low: [-0.6; 3],
                high: [0.6; 3],
                near: 0.35,
                far: 1.65,
                cells: [20, 20, 20],
            },
            Self::RoomsRingCamera
            | Self::RoomsFreeCameraWithObjectRotations
            | Self::RoomsFreeCameraNoObjectRotations => Extent {
                low: [-1.1, -1.1, 0.0],
                high: [1.1, 1.1, 0.6],
                near: 0.1,
                far: 2.6,
                cells: [24, 24, 6],
            },
            Self::Mazes => Extent {
                low: [-1.3, -1.3, 0.0],
                high: [1.3, 1.3, 0.3],
                near: 0.05,
                far: 2.0,
                cells: [32, 32, 4],
            },
            Self::Jaco => Extent {
                low: [-0.8, -0.8, 0.0],
                high: [0.8, 0.8, 0.7],
                near: 0.3,
                far: 2.1,
                cells: [24, 24, 10],
            },
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for World {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|world| world.name() == name);
        found.ok_or_else(|| UnknownName::new("world", name, Self::ALL.map(Self::name)))
    }
}

/// What a scene is for. No seed belongs to both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Scenes to learn from.
    Train,
    /// Held-out scenes; any seed below 2^63, such as a person types, is one of these.
    Test,
}

impl Split {
    /// The seed of scene `index` of the data set with seed `base`.
    ///
    /// # Panics
    /// When `base` is not below 2^31 or `index` not below 2^32.
    pub fn scene_seed(self, base: u64, index: u64) -> u64 {
        assert!(base < 1 << 31, "the base seed {base} is not below 2^31");
        assert!(index < 1 << 32, "the scene index {index} is not below 2^32");
        let train = match self {
            Self::Train => 1 << 63,
            Self::Test => 0,
        };
        train | (base << 32) | index
    }
}
