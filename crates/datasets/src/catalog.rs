//! `DeepMind`'s data sets, by name.

use gqn_scenes::Split;

/// What is known of a published data set (github.com/deepmind/gqn-datasets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSet {
    /// The name of its folder.
    pub name: &'static str,
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
        Self::new("jaco", [3600, 400], 64, 11),
        Self::new("mazes", [1080, 120], 84, 300),
        Self::new("rooms_free_camera_with_object_rotations", [2034, 226], 128, 10),
        Self::new("rooms_ring_camera", [2160, 240], 64, 10),
        Self::new("rooms_free_camera_no_object_rotations", [2160, 240], 64, 10),
        Self::new("shepard_metzler_5_parts", [900, 100], 64, 15),
        Self::new("shepard_metzler_7_parts", [900, 100], 64, 15),
    ];

    const fn new(
        name: &'static str,
        [train_shards, test_shards]: [usize; 2],
        side: usize,
        views: usize,
    ) -> Self {
        Self { name, train_shards, test_shards, side, views }
    }

    /// The set of that name; hyphens count as underscores.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        Self::ALL.iter().find(|set| set.name == name)
    }

    /// How many shards a split has.
    pub fn shards(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train_shards,
            Split::Test => self.test_shards,
        }
    }
}
