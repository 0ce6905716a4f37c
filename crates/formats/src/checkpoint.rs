//! Checkpoints: weights with config, training step and provenance.

use std::collections::BTreeMap;

use gqn_scenes::World;
use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;
use crate::error::FormatError;
use crate::parameter::parameters;
use crate::tensor_file::{Tensor, TensorFile};

const FORMAT_KEY: &str = "gqn_checkpoint";
const FORMAT_VERSION: u64 = 1;

/// The weights of a model at one step of its training.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The sizes that the weights fit.
    pub config: ModelConfig,
    /// Training steps taken.
    pub step: u64,
    /// Where the weights come from.
    pub provenance: Provenance,
    /// One tensor for every entry of [`parameters`](crate::parameters), by name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Where weights come from; carried from the checkpoint into the manifest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The command line that made the weights.
    pub command: String,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the source tree, or `unknown`.
    pub commit: String,
    /// What the model was trained on, such as `rooms-ring-camera, 2000 scenes`.
    pub data: String,
    /// Seconds of training, over all resumptions.
    pub seconds: f64,
    /// Measured figures by name, such as `psnr_generated` in decibels.
    pub metrics: BTreeMap<String, f64>,
}

impl Provenance {
    /// Name of the figure that tells what the last step of training maximised: 1 for the evidence lower bound, 0 for the
    /// likelihood alone. Checkpoints without it are of the ELBO phase.
    pub const ELBO_PHASE: &'static str = "elbo_phase";

    /// Whether the weights are of the generation phase: the posterior is not trained, and samples are worthless.
    pub fn is_generation_phase(&self) -> bool {
        self.metrics.get(Self::ELBO_PHASE).is_some_and(|phase| *phase <= 0.5)
    }

    /// The world of the scenes it was trained on, if that is one of ours.
    pub fn world(&self) -> Option<World> {
        self.data.split(',').next()?.parse().ok()
    }
}

impl Checkpoint {
    /// Parses and checks a checkpoint; `what` names it in errors.
    ///
    /// # Errors
    /// [`FormatError`] names the first thing that is damaged, missing, unknown or of another shape.
    pub fn from_bytes(what: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        Self::from_tensor_file(what, TensorFile::from_bytes(what, bytes)?)
    }

    /// The checkpoint in a file that may hold more metadata, but no other tensors.
    ///
    /// # Errors
    /// As [`Checkpoint::from_bytes`].
    pub fn from_tensor_file(what: &str, file: TensorFile) -> Result<Self, FormatError> {
        let value = |key: &'static str| {
            let missing =
                || FormatError::Metadata { what: what.to_owned(), expected: "checkpoint", key };
            file.metadata.get(key).ok_or_else(missing)
        };
        let version = value(FORMAT_KEY)?;
        if *version != FORMAT_VERSION.to_string() {
            let (what, found) = (what.to_owned(), version.clone());
            return Err(FormatError::Version { what, found, expected: FORMAT_VERSION });
        }
        let unreadable =
            |key| move |source| FormatError::MetadataValue { what: what.to_owned(), key, source };
        let config: ModelConfig =
            serde_json::from_str(value("config")?).map_err(unreadable("config"))?;
        config.validate()?;
        let step = serde_json::from_str(value("step")?).map_err(unreadable("step"))?;
        let provenance =
            serde_json::from_str(value("provenance")?).map_err(unreadable("provenance"))?;
        let checkpoint = Self { config, step, provenance, tensors: file.tensors };
        checkpoint.check(what)?;
        Ok(checkpoint)
    }

    /// The content of the checkpoint's file.
    pub fn into_tensor_file(self) -> TensorFile {
        let json = |value: serde_json::Result<String>| value.expect("plain data is JSON");
        let metadata = BTreeMap::from([
            (FORMAT_KEY.to_owned(), FORMAT_VERSION.to_string()),
            ("config".to_owned(), json(serde_json::to_string(&self.config))),
            ("step".to_owned(), self.step.to_string()),
            ("provenance".to_owned(), json(serde_json::to_string(&self.provenance))),
        ]);
        TensorFile { metadata, tensors: self.tensors }
    }

    /// Checks that the tensors are exactly those of the config, in names and shapes, and finite.
    ///
    /// # Errors
    /// [`FormatError`] names the first tensor that is missing, unknown, of another shape, or not finite.
    pub fn check(&self, what: &str) -> Result<(), FormatError> {
        let expected: BTreeMap<_, _> = parameters(&self.config)
            .into_iter()
            .map(|parameter| (parameter.name, parameter.shape))
            .collect();
        if let Some((name, tensor)) =
            self.tensors.iter().find(|(name, _)| !expected.contains_key(*name))
        {
            let (what, name, found) = (what.to_owned(), name.clone(), tensor.shape().to_vec());
            return Err(FormatError::UnknownTensor { what, name, found });
        }
        for (name, shape) in expected {
            let (what, tensor) = (what.to_owned(), self.tensors.get(&name));
            match tensor {
                None => return Err(FormatError::MissingTensor { what, name, expected: shape }),
                Some(tensor) if tensor.shape() != shape => {
                    let found = tensor.shape().to_vec();
                    return Err(FormatError::Shape { what, name, found, expected: shape });
                }
                Some(tensor) if tensor.iter().any(|value| !value.is_finite()) => {
                    return Err(FormatError::NotFinite { what, name });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod files {
    use std::path::Path;

    use gqn_system::{Overwrite, read_regular, write_atomic};

    use super::Checkpoint;
    use crate::error::FormatError;

    impl Checkpoint {
        /// Reads and checks a checkpoint.
        ///
        /// # Errors
        /// [`FormatError::System`] if there is no such file, otherwise as [`Checkpoint::from_bytes`].
        pub fn load(path: &Path) -> Result<Self, FormatError> {
            let bytes = read_regular(path, u64::MAX)?;
            Self::from_bytes(&path.display().to_string(), &bytes)
        }

        /// Writes the checkpoint atomically.
        ///
        /// # Errors
        /// As [`write_atomic`].
        pub fn save(self, path: &Path, overwrite: Overwrite) -> Result<(), FormatError> {
            let what = path.display().to_string();
            Ok(write_atomic(path, &self.into_tensor_file().to_bytes(&what)?, overwrite)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use gqn_system::{Overwrite, SystemError};

    use super::*;
    use crate::Preset;

    fn zeros() -> Checkpoint {
        let config = Preset::TinyTower.config();
        let tensors =
            parameters(&config).into_iter().map(|p| (p.name, Tensor::zeros(p.shape))).collect();
        Checkpoint { config, step: 7, provenance: Provenance::default(), tensors }
    }

    fn reload(checkpoint: Checkpoint) -> Result<Checkpoint, FormatError> {
        Checkpoint::from_bytes(
            "test",
            &checkpoint.into_tensor_file().to_bytes("test").expect("bytes"),
        )
    }

    #[test]
    fn round_trip() {
        assert_eq!(reload(zeros()).expect("a checkpoint"), zeros());
    }

    #[test]
    fn half_a_checkpoint_is_read_like_a_whole_one() {
        use crate::tensor_file::Element;
        let mut checkpoint = zeros();
        checkpoint.tensors.get_mut("prior.bias").expect("a bias").fill(0.1);
        let bytes = |element| {
            checkpoint.clone().into_tensor_file().to_bytes_as(element, "test").expect("bytes")
        };
        let [half_bytes, whole_bytes] = [Element::F16, Element::F32].map(bytes);
        let half = Checkpoint::from_bytes("test", &half_bytes).expect("a checkpoint");
        assert_eq!((&half.config, half.step), (&checkpoint.config, 7));
        // 0.1 in eleven bits of mantissa.
        let rounded = 0.099_975_586_f32.to_bits();
        assert!(half.tensors["prior.bias"].iter().all(|value| value.to_bits() == rounded));
        assert!((half_bytes.len() as f64 / whole_bytes.len() as f64 - 0.5).abs() < 0.1);
    }

    #[test]
    fn a_checkpoint_is_not_replaced_unasked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("whole");
        zeros().save(&path, Overwrite::Refuse).expect("a file");
        let again = zeros().save(&path, Overwrite::Refuse);
        assert!(matches!(again, Err(FormatError::System(SystemError::Exists { .. }))), "{again:?}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut checkpoint = zeros();
        let bias = checkpoint.tensors.remove("prior.bias").expect("a bias");
        assert!(
            matches!(reload(checkpoint.clone()), Err(FormatError::MissingTensor { name, .. }) if name == "prior.bias")
        );
        checkpoint.tensors.insert("prior.bias".into(), Tensor::zeros(vec![1]));
        assert!(
            matches!(reload(checkpoint.clone()), Err(FormatError::Shape { found, expected, .. }) if found == [1] && expected == bias.shape())
        );
        checkpoint.tensors.insert("prior.bias".into(), bias);
        checkpoint.tensors.insert("stray".into(), Tensor::zeros(vec![1]));
        assert!(
            matches!(reload(checkpoint.clone()), Err(FormatError::UnknownTensor { name, .. }) if name == "stray")
        );
        checkpoint.tensors.remove("stray");
        checkpoint.tensors.get_mut("prior.bias").expect("a bias").fill(f32::NAN);
        assert!(matches!(reload(checkpoint), Err(FormatError::NotFinite { .. })));
    }

    #[test]
    fn other_files_and_versions_are_refused() {
        let mut file = zeros().into_tensor_file();
        file.metadata.insert(FORMAT_KEY.into(), "2".into());
        assert!(matches!(
            Checkpoint::from_tensor_file("test", file.clone()),
            Err(FormatError::Version { .. })
        ));
        file.metadata.remove(FORMAT_KEY);
        assert!(matches!(
            Checkpoint::from_tensor_file("test", file),
            Err(FormatError::Metadata { .. })
        ));
    }

    #[test]
    fn an_unknown_pose_encoding_is_refused() {
        let mut file = zeros().into_tensor_file();
        let config = file.metadata["config"].replace("xyz-cos-sin", "xyz-quaternion");
        file.metadata.insert("config".into(), config);
        assert!(matches!(
            Checkpoint::from_tensor_file("test", file),
            Err(FormatError::MetadataValue { key: "config", .. })
        ));
    }
}
