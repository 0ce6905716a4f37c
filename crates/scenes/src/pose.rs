//! Cameras as the networks see them.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::UnknownName;

/// The order of a pose's seven numbers. Weights trained with one are of no use with the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoseEncoding {
    /// x, y, z, cos yaw, sin yaw, cos pitch, sin pitch: the paper's.
    #[serde(rename = "xyz-cos-sin")]
    CosSin,
    /// x, y, z, sin yaw, cos yaw, sin pitch, cos pitch: that of `DeepMind`'s data reader.
    #[serde(rename = "xyz-sin-cos")]
    SinCos,
}

impl PoseEncoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::CosSin, Self::SinCos];

    /// The name in files and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CosSin => "xyz-cos-sin",
            Self::SinCos => "xyz-sin-cos",
        }
    }
}

impl fmt::Display for PoseEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PoseEncoding {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|encoding| encoding.name() == name);
        found.ok_or_else(|| UnknownName::new("pose encoding", name, Self::ALL.map(Self::name)))
    }
}

/// A camera as seven numbers, in the order of some [`PoseEncoding`]. Made by [`Camera::pose`](crate::Camera::pose).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose(pub [f32; 7]);

impl AsRef<[f32]> for Pose {
    fn as_ref(&self) -> &[f32] {
        &self.0
    }
}
