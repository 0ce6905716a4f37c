//! Where the geometry of a voxel model comes from.

use std::fmt;

use gqn_datasets::{DataSet, SUGGESTING_SCENES, SuggestedExtent, suggest};
use gqn_formats::VoxelConfig;
use gqn_scenes::{Extent, World};
use toml::Table;

use super::ConfigError;

/// The keys of a geometry that follow from what a run is trained on.
const EXTENT_KEYS: [&str; 5] = ["low", "high", "cells", "near", "far"];

/// The geometry of a voxel model, and where it came from. Shown in one line.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// Where the keys came from that were not given.
    pub source: GeometrySource,
    /// Whether the run is trained on files, which do not tell the cameras' field of view.
    pub is_of_files: bool,
    /// The keys of `[model.voxel]` that a file or flags gave.
    pub given: Vec<String>,
    /// The whole.
    pub voxel: VoxelConfig,
}

/// Where the box, its cells and the depth range come from.
#[derive(Debug, Clone, Copy)]
pub enum GeometrySource {
    /// All of them were given; the world completes nothing but sizes.
    Given(World),
    /// They are the world's, whose scenes are rendered, or which was given along with the files.
    World(World),
    /// The files are a published set, by the name of their folder; they are those of its world.
    PublishedSet(World),
    /// The cameras in the files suggest them.
    Cameras(SuggestedExtent),
}

impl GeometrySource {
    /// For a run in that world or, if there is one, on that data set. A world that is given beats what the set's name
    /// says.
    pub(super) fn of(
        given: &Table,
        world: World,
        world_is_given: bool,
        set: Option<&DataSet>,
    ) -> Result<Self, ConfigError> {
        if EXTENT_KEYS.iter().all(|key| given.contains_key(*key)) {
            return Ok(Self::Given(world));
        }
        let Some(set) = set else { return Ok(Self::World(world)) };
        Ok(match set.known() {
            Some(_) if world_is_given => Self::World(world),
            Some(known) => Self::PublishedSet(known.world),
            None => Self::Cameras(suggest(set, SUGGESTING_SCENES)?),
        })
    }

    pub(super) fn extent(&self) -> Extent {
        match self {
            Self::Given(world) | Self::World(world) | Self::PublishedSet(world) => world.extent(),
            Self::Cameras(suggested) => suggested.extent,
        }
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VoxelConfig { low, high, cells, near, far, .. } = &self.voxel;
        let list = |values: &[f64; 3]| values.map(|value| value.to_string()).join(", ");
        let cells = cells.map(|count| count.to_string()).join("×");
        write!(f, "geometry: {cells} cells from ({}) to ({}), ", list(low), list(high))?;
        write!(f, "depths {near} to {far}; ")?;
        match &self.source {
            GeometrySource::Given(_) => f.write_str("as [model.voxel] says"),
            GeometrySource::World(world) => write!(f, "of the world {world}"),
            GeometrySource::PublishedSet(world) => {
                write!(f, "of the world {world}, which the published set of that name is like")
            }
            GeometrySource::Cameras(suggested) => {
                write!(f, "suggested by the cameras of the files, which {}", suggested.cameras)
            }
        }?;
        let is_assumed = !self.given.iter().any(|key| key == "field_of_view");
        if is_assumed && self.is_of_files {
            let degrees = self.voxel.field_of_view.to_degrees();
            write!(f, "; the cameras' field of view is taken for {degrees:.0}°")?;
        }
        match (&self.source, self.given.is_empty()) {
            (GeometrySource::Given(_), _) | (_, true) => Ok(()),
            _ => write!(f, "; given: {}", self.given.join(", ")),
        }
    }
}
