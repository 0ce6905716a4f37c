//! Named model sizes.

use std::fmt;
use std::str::FromStr;

use gqn_scenes::{Extent, PoseEncoding, World};
use serde::{Deserialize, Serialize};

use crate::config::{ModelConfig, RepresentationKind, UpsampleR};
use crate::error::FormatError;
use crate::voxel::VoxelConfig;

/// Named model sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The reference: the sizes of torch-gqn, which its author confirmed with the paper's.
    Paper,
    /// For browsers and Jetson-class devices: 64×64 pictures, a voxel grid, four DRAW steps.
    Edge,
    /// 32×32 pictures, a coarser grid; shows objects after minutes on two CPU cores.
    Tiny,
    /// The paper's tower network at the size for devices: 64×64 pictures, half the hidden channels.
    EdgeTower,
    /// The paper's tower network for 32×32 pictures.
    TinyTower,
}

impl Preset {
    /// Every preset, largest first.
    pub const ALL: [Self; 5] =
        [Self::Paper, Self::Edge, Self::Tiny, Self::EdgeTower, Self::TinyTower];

    /// The name used in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Edge => "edge",
            Self::Tiny => "tiny",
            Self::EdgeTower => "edge-tower",
            Self::TinyTower => "tiny-tower",
        }
    }

    /// The sizes behind the name, for rooms that are seen from a ring.
    pub fn config(self) -> ModelConfig {
        self.config_for(World::RoomsRingCamera)
    }

    /// The sizes behind the name, with the geometry of a world.
    pub fn config_for(self, world: World) -> ModelConfig {
        let config = match self {
            Self::Paper => ModelConfig {
                image_size: 64,
                representation: RepresentationKind::Pool,
                representation_channels: 256,
                latent_channels: 3,
                hidden_channels: 128,
                canvas_channels: 128,
                steps: 12,
                shared_core: false,
                shared_inference_core: None,
                upsample_r: UpsampleR::Learned,
                pose_encoding: PoseEncoding::CosSin,
                voxel: None,
            },
            Self::Edge => ModelConfig {
                image_size: 64,
                representation: RepresentationKind::Voxel,
                representation_channels: 32,
                hidden_channels: 48,
                canvas_channels: 16,
                steps: 4,
                ..Self::EdgeTower.config_for(world)
            },
            Self::Tiny => {
                ModelConfig { image_size: 32, hidden_channels: 32, ..Self::Edge.config_for(world) }
            }
            Self::EdgeTower => ModelConfig {
                image_size: 64,
                representation: RepresentationKind::Tower,
                representation_channels: 64,
                hidden_channels: 64,
                canvas_channels: 64,
                steps: 8,
                shared_core: true,
                upsample_r: UpsampleR::Tile,
                ..Self::Paper.config_for(world)
            },
            Self::TinyTower => ModelConfig {
                image_size: 32,
                representation_channels: 32,
                hidden_channels: 32,
                canvas_channels: 32,
                steps: 6,
                ..Self::EdgeTower.config_for(world)
            },
        };
        ModelConfig { voxel: self.voxel(&world.extent()), ..config }
    }

    /// The geometry of the preset for that part of the world; none if it is no voxel model.
    pub fn voxel(self, extent: &Extent) -> Option<VoxelConfig> {
        match self {
            Self::Paper | Self::EdgeTower | Self::TinyTower => None,
            Self::Edge => Some(VoxelConfig::of_extent(extent, 16, 1, 64)),
            Self::Tiny => {
                // Half the pixels, two thirds of the cells along each axis.
                let cells = extent.cells.map(|count| (2 * count).div_ceil(3));
                Some(VoxelConfig::of_extent(&Extent { cells, ..*extent }, 12, 1, 64))
            }
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| FormatError::Preset { found: name.to_owned() })
    }
}
