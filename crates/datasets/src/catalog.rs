//! `DeepMind`'s data sets, by name.

use gqn_scenes::{Split, World};

/// What is known of a published data set (github.com/deepmind/gqn-datasets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSet {
    /// The name of its folder.
    pub name: &'static str,
    /// The procedural world that is modelled on it.
    pub world: World,
    /// Shards of the training split.
    pub train_shards: usize,
    /// Shards of the test split.
    pub test_shards: usize,
    /// Width and height of its frames in pixels.
    pub side: usize,
    /// Views of a scene.
    pub views: usize,
}

impl KnownSet {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::new("jaco", World::Jaco, [3600, 400], 64, 11),
        Self::new("mazes", World::Mazes, [1080, 120], 84, 300),
        Self::new(
            "rooms_free_camera_with_object_rotations",
            World::RoomsFreeCameraWithObjectRotations,
            [2034, 226],
            128,
            10,
        ),
        Self::new("rooms_ring_camera", World::RoomsRingCamera, [2160, 240], 64, 10),
        Self::new(
            "rooms_free_camera_no_object_rotations",
            World::RoomsFreeCameraNoObjectRotations,
            [2160, 240],
            64,
            10,
        ),
        Self::new("shepard_metzler_5_parts", World::ShepardMetzler5, [900, 100], 64, 15),
        Self::new("shepard_metzler_7_parts", World::ShepardMetzler7, [900, 100], 64, 15),
    ];

    const fn new(
        name: &'static str,
        world: World,
        [train_shards, test_shards]: [usize; 2],
        side: usize,
        views: usize,
    ) -> Self {
        Self { name, world, train_shards, test_shards, side, views }
    }

    /// The set of that name; hyphens count as underscores.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        Self::ALL.iter().find(|set| set.name == name)
    }

    /// The published set that a world is modelled on.
    pub fn of(world: World) -> &'static Self {
        Self::ALL.iter().find(|set| set.world == world).expect("each world is modelled on one")
    }

    /// How many shards a split has.
    pub fn shards(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train_shards,
            Split::Test => self.test_shards,
        }
    }
}
