//! What a data set holds, and whether all of it is sound.

use gqn_formats::world_field_of_view;
use gqn_scenes::{Camera, Extent, World};
use rayon::prelude::*;
use serde::Serialize;

use crate::data_set::DataSet;
use crate::error::DataError;
use crate::suggest::{CameraPattern, SUGGESTING_SCENES, SuggestedExtent, suggest};

/// What there is in a data set.
#[derive(Debug, Clone, Serialize)]
pub struct Inventory {
    /// The published set of that name, if the folder has one.
    pub known_as: Option<&'static str>,
    /// Scenes.
    pub scenes: usize,
    /// Views of each.
    pub views: usize,
    /// Width and height of the frames in pixels.
    pub side: usize,
    /// Files there are.
    pub shards: usize,
    /// Files that their names promise.
    pub shards_promised: usize,
    /// The fewest and the most scenes of a file.
    pub scenes_per_shard: (usize, usize),
    /// Bytes of all files.
    pub bytes: u64,
    /// Scenes whose cameras were looked at.
    pub scenes_sampled: usize,
    /// The least and the greatest of their values.
    pub cameras: Option<CameraRange>,
    /// The geometry of a voxel model for the set, the same as training takes; none if no scene that it follows from is
    /// sound.
    pub voxel: Option<SuggestedVoxel>,
}

/// Keys of a configuration's table `[model.voxel]`, and where they come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuggestedVoxel {
    /// The world whose box and depths these are, since the set is the published one of that name; otherwise the cameras
    /// suggest them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_world: Option<World>,
    /// How the cameras stand.
    pub camera_pattern: CameraPattern,
    /// Centre of the first cell.
    pub low: [f64; 3],
    /// Centre of the last cell.
    pub high: [f64; 3],
    /// Cells along x, y and z.
    pub cells: [usize; 3],
    /// Where the depth bins begin.
    pub near: f64,
    /// Where they end.
    pub far: f64,
    /// In radians. Files do not tell it: that of the procedural worlds, 50 degrees, which readers of the published sets
    /// take as well.
    pub assumed_field_of_view: f64,
}

/// The least and the greatest of the cameras' values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CameraRange {
    /// In world units.
    pub x: (f32, f32),
    /// In world units.
    pub y: (f32, f32),
    /// In world units.
    pub z: (f32, f32),
    /// In radians.
    pub yaw: (f32, f32),
    /// In radians.
    pub pitch: (f32, f32),
}

/// What a complete reading found.
#[derive(Debug)]
pub struct Verdict {
    /// Scenes that are sound in every byte and pixel.
    pub sound: usize,
    /// What is not, in the order of the files.
    pub damaged: Vec<DataError>,
}

impl SuggestedVoxel {
    fn of(suggested: SuggestedExtent, of_world: Option<World>) -> Self {
        let extent = of_world.map_or(suggested.extent, World::extent);
        let Extent { low, high, near, far, cells } = extent;
        let assumed_field_of_view = world_field_of_view();
        let camera_pattern = suggested.cameras;
        Self { of_world, camera_pattern, low, high, cells, near, far, assumed_field_of_view }
    }

    /// The table `[model.voxel]` for a configuration, with comments.
    pub fn to_toml(&self) -> String {
        let Self { low, high, cells, near, far, assumed_field_of_view, .. } = self;
        let source = match self.of_world {
            Some(world) => {
                format!("of the world {world}, which the published set of that name is like")
            }
            None => format!("suggested by the cameras, which {}", self.camera_pattern),
        };
        format!(
            "# {source}\n[model.voxel]\nlow = {low:?}\nhigh = {high:?}\ncells = {cells:?}\nnear = {near:?}\n\
             far = {far:?}\n# {:.0} degrees; the files do not tell\nfield_of_view = {assumed_field_of_view}",
            assumed_field_of_view.to_degrees()
        )
    }
}

impl CameraRange {
    fn of(camera: &Camera) -> Self {
        let [x, y, z] = camera.position.map(|value| (value, value));
        let (yaw, pitch) = ((camera.yaw, camera.yaw), (camera.pitch, camera.pitch));
        Self { x, y, z, yaw, pitch }
    }

    fn with(self, other: Self) -> Self {
        let wider = |a: (f32, f32), b: (f32, f32)| (a.0.min(b.0), a.1.max(b.1));
        Self {
            x: wider(self.x, other.x),
            y: wider(self.y, other.y),
            z: wider(self.z, other.z),
            yaw: wider(self.yaw, other.yaw),
            pitch: wider(self.pitch, other.pitch),
        }
    }
}

/// Counts what there is, and looks at the cameras of at most `sample` scenes evenly over the set. The geometry follows
/// from [`SUGGESTING_SCENES`] scenes, as in training, of which damaged ones are passed over.
///
/// # Errors
/// [`DataError`]: a scene of the sample is damaged.
pub fn inspect(set: &DataSet, sample: usize) -> Result<Inventory, DataError> {
    let scenes_sampled = sample.min(set.len());
    let cameras = |index: usize| Ok(set.scene(index * set.len() / scenes_sampled)?.cameras);
    let cameras = (0..scenes_sampled).into_par_iter().map(cameras);
    let cameras = cameras.collect::<Result<Vec<Vec<Camera>>, DataError>>()?.concat();
    let (shards, shards_promised) = set.shards();
    Ok(Inventory {
        known_as: set.known().map(|known| known.name),
        scenes: set.len(),
        views: set.views(),
        side: set.side(),
        shards,
        shards_promised,
        scenes_per_shard: set.scenes_per_shard(),
        bytes: set.bytes(),
        scenes_sampled,
        voxel: match suggest(set, SUGGESTING_SCENES) {
            Ok(found) => Some(SuggestedVoxel::of(found, set.known().map(|known| known.world))),
            Err(_) => None,
        },
        cameras: cameras.iter().map(CameraRange::of).reduce(CameraRange::with),
    })
}

/// Reads every record and decodes every frame, on all cores; `on_progress` is called on any thread, once a scene.
pub fn verify(set: &DataSet, on_progress: impl Fn() + Sync) -> Verdict {
    let check = |scene: usize| {
        let checked = set.check(scene);
        on_progress();
        checked
    };
    let failed: Vec<DataError> =
        (0..set.len()).into_par_iter().filter_map(|scene| check(scene).err()).collect();
    let sound = set.len() - failed.len();
    let mut damaged = failed;
    damaged.extend(set.gaps());
    // By file, then by byte.
    damaged.sort_by_key(|error| match error {
        DataError::Damaged { path, offset, .. } => (path.clone(), *offset),
        DataError::Gap { path, from, .. } => (path.clone(), *from),
        other => (std::path::PathBuf::from(other.to_string()), 0),
    });
    Verdict { sound, damaged }
}
