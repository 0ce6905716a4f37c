//! The sizes of a model: what must be equal for weights to be interchangeable.

use gqn_scenes::PoseEncoding;
use serde::{Deserialize, Serialize};

use crate::error::FormatError;
use crate::voxel::VoxelConfig;

/// Numbers in a pose, whatever its encoding.
const POSE_CHANNELS: usize = 7;

/// Channels of a ray map: where the rays begin, and their directions.
const RAY_CHANNELS: usize = 6;

/// Channels of a voxel scene beside its features: density, visibility, red, green, blue.
const VOXEL_EXTRA_CHANNELS: usize = 5;

/// Everything that must be equal for two sets of weights to be interchangeable.
///
/// Sizes are named as in the legend of `ARCHITECTURE.md`; their values in the paper are those of
/// [`Preset::Paper`](crate::Preset::Paper).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// S: side of a picture in pixels; a multiple of 8, at least 16 (Eslami et al. 2018: 64).
    pub image_size: usize,
    /// Which network turns a picture and its camera into a representation.
    pub representation: RepresentationKind,
    /// R: channels of the representation; a multiple of 8 (Eslami et al. 2018: 256).
    pub representation_channels: usize,
    /// Z: channels of the latent of one step (torch-gqn: 3; more made training collapse).
    pub latent_channels: usize,
    /// H: channels of the hidden and of the cell state (torch-gqn: 128).
    pub hidden_channels: usize,
    /// U: channels of the canvas (torch-gqn: 128).
    pub canvas_channels: usize,
    /// L: DRAW steps (Eslami et al. 2018: 12).
    pub steps: usize,
    /// Whether the L steps share one generation core; the inference core goes with it unless
    /// `shared_inference_core` says otherwise.
    pub shared_core: bool,
    /// Whether the L steps share one inference core, where that differs from `shared_core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_inference_core: Option<bool>,
    /// How a 1×1 representation reaches the cores' h×h; a representation that has that size passes as it is.
    pub upsample_r: UpsampleR,
    /// How a camera is written as seven numbers.
    pub pose_encoding: PoseEncoding,
    /// The geometry of a voxel model; there if, and only if, the representation is [`RepresentationKind::Voxel`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voxel: Option<VoxelConfig>,
}

/// The representation networks: three of Eslami et al. 2018, section S3, and one that knows geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepresentationKind {
    /// Four strided convolutions, R×1×1.
    Pyramid,
    /// Residual convolutions that keep space, R×h×h.
    Tower,
    /// The tower, then the mean over space, R×1×1.
    Pool,
    /// The tower's features put into a grid over the world, (R+5+K)×Z×Y×X; the generator looks along the query's rays.
    Voxel,
}

impl RepresentationKind {
    /// The name in files and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pyramid => "pyramid",
            Self::Tower => "tower",
            Self::Pool => "pool",
            Self::Voxel => "voxel",
        }
    }
}

/// How a 1×1 representation is brought to the h×h of the cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpsampleR {
    /// A transposed convolution of each core (the reference; R²·h² parameters a core).
    Learned,
    /// The same numbers at every spatial position; no parameters.
    Tile,
}

impl ModelConfig {
    /// h: side of the hidden state, a quarter of the picture's.
    pub fn hidden_size(&self) -> usize {
        self.image_size / 4
    }

    /// Channels of a pose, 7.
    pub fn pose_channels(&self) -> usize {
        POSE_CHANNELS
    }

    /// Shape of a scene's representation: `[1, R, 1, 1]` for pyramid and pool, `[1, R, h, h]` for the tower,
    /// `[1, R+5+K, Z, Y, X]` for voxels, whose channels are R features, density, visibility, red, green, blue, and K of
    /// evidence.
    pub fn scene_shape(&self) -> Vec<usize> {
        let (r, h) = (self.representation_channels, self.hidden_size());
        match (self.representation, &self.voxel) {
            (RepresentationKind::Pyramid | RepresentationKind::Pool, _) => vec![1, r, 1, 1],
            (RepresentationKind::Tower, _) => vec![1, r, h, h],
            (RepresentationKind::Voxel, voxel) => {
                let [x, y, z] = voxel.as_ref().map_or([0; 3], |voxel| voxel.cells);
                vec![1, r + VOXEL_EXTRA_CHANNELS + self.evidence_channels(), z, y, x]
            }
        }
    }

    /// K: evidence channels of a voxel model; 0 for other models.
    pub fn evidence_channels(&self) -> usize {
        self.voxel.as_ref().map_or(0, |voxel| voxel.evidence_channels)
    }

    /// Whether the representation is a 1×1 vector that every spatial position of the cores reads.
    pub fn is_scene_vector(&self) -> bool {
        matches!(self.representation, RepresentationKind::Pyramid | RepresentationKind::Pool)
    }

    /// Whether the cores own a learned up-sampler for the representation.
    pub fn learns_upsample_r(&self) -> bool {
        self.upsample_r == UpsampleR::Learned && self.is_scene_vector()
    }

    /// Whether the cores own a learned up-sampler for the pose. A voxel model's cores read a ray map instead.
    pub fn learns_upsample_v(&self) -> bool {
        self.representation != RepresentationKind::Voxel
    }

    /// Channels of what the cores read of a camera: a pose's 7, or a ray map's 6.
    pub fn camera_channels(&self) -> usize {
        if self.learns_upsample_v() { POSE_CHANNELS } else { RAY_CHANNELS }
    }

    /// Channels of what the cores read of a scene: R, or the C of the rendered feature map.
    pub fn scene_channels(&self) -> usize {
        self.voxel.as_ref().map_or(self.representation_channels, |voxel| voxel.rendered_channels)
    }

    /// Number of distinct generation cores: 1 or L.
    pub fn cores(&self) -> usize {
        if self.shared_core { 1 } else { self.steps }
    }

    /// Whether the L steps share one inference core.
    pub fn shares_inference_core(&self) -> bool {
        self.shared_inference_core.unwrap_or(self.shared_core)
    }

    /// Number of distinct inference cores: 1 or L.
    pub fn inference_cores(&self) -> usize {
        if self.shares_inference_core() { 1 } else { self.steps }
    }

    /// The same model with `shared_inference_core` only where it says something that `shared_core` does not.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.shared_inference_core =
            self.shared_inference_core.filter(|shared| *shared != self.shared_core);
        self
    }

    /// Input channels of a generation core's gates, in the order hidden, latent, camera, scene.
    pub fn generation_channels(&self) -> usize {
        self.hidden_channels + self.latent_channels + self.camera_channels() + self.scene_channels()
    }

    /// Input channels of an inference core's gates, in the order hidden of the inference core, hidden of the
    /// generation core, canvas, picture, camera, scene.
    pub fn inference_channels(&self) -> usize {
        2 * self.hidden_channels
            + self.canvas_channels
            + 3
            + self.camera_channels()
            + self.scene_channels()
    }

    /// Refuses to show scenes of the procedural worlds to a voxel model of other cameras than theirs. Other models know
    /// no field of view.
    ///
    /// # Errors
    /// [`FormatError::RenderedFieldOfView`].
    pub fn check_rendered_scenes(&self) -> Result<(), FormatError> {
        self.voxel.as_ref().map_or(Ok(()), crate::VoxelConfig::check_rendered_scenes)
    }

    /// Checks what the networks take for granted.
    ///
    /// # Errors
    /// [`FormatError::Size`] names the first size that does not fit.
    pub fn validate(&self) -> Result<(), FormatError> {
        let sizes = [
            ("image_size", self.image_size, 8, 16, 1024),
            ("representation_channels", self.representation_channels, 8, 8, 4096),
            ("latent_channels", self.latent_channels, 1, 1, 1024),
            ("hidden_channels", self.hidden_channels, 1, 1, 4096),
            ("canvas_channels", self.canvas_channels, 1, 1, 4096),
            ("steps", self.steps, 1, 1, 256),
        ];
        for (name, found, multiple, smallest, largest) in sizes {
            if found < smallest || found > largest || found % multiple != 0 {
                return Err(FormatError::Size { name, found, multiple, smallest, largest });
            }
        }
        match (self.representation, &self.voxel) {
            (RepresentationKind::Voxel, Some(voxel)) => voxel.validate(),
            (RepresentationKind::Voxel, None) => {
                Err(FormatError::VoxelTable { representation: "voxel", is_there: false })
            }
            (other, Some(_)) => {
                Err(FormatError::VoxelTable { representation: other.name(), is_there: true })
            }
            (_, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{FormatError, Preset};

    #[test]
    fn presets_are_valid() {
        for preset in Preset::ALL {
            preset.config().validate().expect("a preset is valid");
        }
    }

    #[test]
    fn paper_has_the_published_channels() {
        // Eslami et al. 2018 and torch-gqn: 394 input channels of the generation core's gates.
        let config = Preset::Paper.config();
        assert_eq!(config.generation_channels(), 394);
        assert_eq!(config.inference_channels(), 3 + 7 + 256 + 3 * 128);
        assert_eq!(config.hidden_size(), 16);
    }

    #[test]
    fn odd_sizes_are_refused_by_name() {
        let mut config = Preset::TinyTower.config();
        config.image_size = 30;
        let error = config.validate().expect_err("30 is no multiple of 8");
        assert!(matches!(error, FormatError::Size { name: "image_size", found: 30, .. }));
        config = Preset::TinyTower.config();
        config.steps = 0;
        assert!(config.validate().is_err());
    }

    #[test]
    fn cores_are_shared_separately() {
        let both = |shared_core, shared_inference_core| {
            let base = Preset::TinyTower.config();
            let config = crate::ModelConfig { shared_core, shared_inference_core, ..base };
            (config.inference_cores(), config.cores())
        };
        assert_eq!(both(true, None), (1, 1));
        assert_eq!(both(false, None), (6, 6));
        assert_eq!(both(true, Some(false)), (6, 1));
        assert_eq!(both(false, Some(true)), (1, 6));
    }

    #[test]
    fn configs_of_one_switch_are_read_and_written_as_before() {
        let config = Preset::Paper.config();
        let json = serde_json::to_string(&config).expect("a config is JSON");
        assert!(!json.contains("shared_inference_core"), "{json}");
        assert_eq!(serde_json::from_str::<crate::ModelConfig>(&json).expect("a config"), config);
        let said = crate::ModelConfig { shared_inference_core: Some(false), ..config.clone() };
        assert_eq!(said.canonical(), config);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let mut json = serde_json::to_value(Preset::TinyTower.config()).expect("a config is JSON");
        json["hiden_channels"] = 3.into();
        assert!(serde_json::from_value::<crate::ModelConfig>(json).is_err());
    }
}
