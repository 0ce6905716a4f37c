//! What a run is trained on: the scenes, and how batches are drawn from them.

use std::path::PathBuf;

use gqn_scenes::{PoseEncoding, World};
use serde::{Deserialize, Serialize};

/// Scenes and batches.
#[derive(Debug, Clone, PartialEq)]
pub struct DataConfig {
    /// World of the rendered scenes, or of those in the files.
    pub world: World,
    /// Scenes to train on.
    pub scenes: u64,
    /// Held-out scenes of the evaluation at the end.
    pub test_scenes: u64,
    /// Epochs after which all rendered scenes are replaced by new ones; `None`: never.
    pub refresh_epochs: Option<u64>,
    /// Rendered scenes in memory at a time, where that is fewer than all.
    pub resident_scenes: Option<u64>,
    /// Files to train on instead of rendered scenes.
    pub files: Option<FilesConfig>,
    /// B: scenes in a batch. That of each process where `processes` is `None`, otherwise of all together.
    pub batch: usize,
    /// Processes that share a batch.
    pub processes: Option<usize>,
    /// Fewest context views.
    pub min_context: usize,
    /// Most context views; the number is drawn for each batch from `min_context` to this.
    pub max_context: usize,
}

/// A data set on disk, in the layout of `DeepMind`'s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// The folder that holds `train` and `test`.
    pub folder: PathBuf,
    /// Leave damaged scenes out instead of stopping: the next sound one takes the place.
    #[serde(default)]
    pub skip_damaged: bool,
    /// Views of a scene; found in the files.
    #[serde(default)]
    pub views: usize,
    /// Views of a held-out scene; found in the files.
    #[serde(default)]
    pub test_views: usize,
}

/// The scenes and batches of one run as its network reads them. Equal values give equal scenes, views and batches.
#[derive(Debug, Clone, PartialEq)]
pub struct RunScenes {
    /// Scenes and batches.
    pub data: DataConfig,
    /// Seed of scenes and batches.
    pub seed: u64,
    /// S: side of a picture in pixels.
    pub side: usize,
    /// How a camera becomes numbers.
    pub pose_encoding: PoseEncoding,
}

impl DataConfig {
    /// Scenes of a batch that each process takes.
    pub fn share(&self) -> usize {
        self.batch / self.processes.unwrap_or(1)
    }

    /// Views of a scene.
    pub fn views(&self) -> usize {
        self.files.as_ref().map_or(self.world.views_per_scene(), |files| files.views)
    }

    /// Rendered scenes that are in memory at a time.
    pub fn resident(&self) -> u64 {
        self.resident_scenes.unwrap_or(self.scenes).min(self.scenes)
    }

    /// How often the scenes in memory have been replaced when a step begins.
    pub fn generation(&self, step: u64) -> u64 {
        let in_parts = (self.resident() < self.scenes).then_some(1);
        let epochs = self.refresh_epochs.or(in_parts);
        let scenes = epochs.map(|epochs| epochs.saturating_mul(self.resident()));
        scenes.map_or(0, |scenes| step.saturating_mul(self.batch as u64) / scenes)
    }

    /// The index, among all scenes that the run's seed gives, of a scene in memory. Where scenes are refreshed, each
    /// generation has new ones; otherwise the generations go round in the run's scenes.
    pub fn scene_index(&self, generation: u64, slot: u64) -> u64 {
        let index = generation.saturating_mul(self.resident()).saturating_add(slot);
        if self.refresh_epochs.is_some() { index } else { index % self.scenes }
    }
}
