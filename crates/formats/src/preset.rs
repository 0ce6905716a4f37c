use std::fmt;
use std::str::FromStr;

use gqn_scenes::PoseEncoding;
use serde::{Deserialize, Serialize};

use crate::config::{ModelConfig, RepresentationKind, UpsampleR};
use crate::error::FormatError;

/// Named model sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The reference: the sizes of torch-gqn, which its author confirmed with the paper's.
    Paper,
    /// For browsers and Jetson-class devices: 64×64 pictures, half the hidden channels, a lean tower.
    Edge,
    /// 32×32 pictures; learns something to look at within minutes on two CPU cores.
    Tiny,
}

impl Preset {
    /// Every preset, largest first.
    pub const ALL: [Self; 3] = [Self::Paper, Self::Edge, Self::Tiny];

    /// The name used in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Edge => "edge",
            Self::Tiny => "tiny",
        }
    }

    /// The sizes behind the name.
    pub fn config(self) -> ModelConfig {
        match self {
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
            },
            Self::Edge => ModelConfig {
                image_size: 64,
                representation: RepresentationKind::Tower,
                representation_channels: 64,
                latent_channels: 3,
                hidden_channels: 64,
                canvas_channels: 64,
                steps: 8,
                shared_core: true,
                shared_inference_core: None,
                upsample_r: UpsampleR::Tile,
                pose_encoding: PoseEncoding::CosSin,
            },
            Self::Tiny => ModelConfig {
                image_size: 32,
                representation: RepresentationKind::Tower,
                representation_channels: 32,
                latent_channels: 3,
                hidden_channels: 32,
                canvas_channels: 32,
                steps: 6,
                shared_core: true,
                shared_inference_core: None,
                upsample_r: UpsampleR::Tile,
                pose_encoding: PoseEncoding::CosSin,
            },
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
