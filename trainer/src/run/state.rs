//! The training state as a file: weights, moments, the moving average, the number of steps; no network and no optimiser.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, FormatError, ModelConfig, Tensor, TensorFile, parameters};

const STATE_FORMAT_KEY: &str = "gqn_training_state";
const STATE_FORMAT: u64 = 1;
const MOMENTS: [&str; 2] = ["adam.first_moment.", "adam.second_moment."];
const AVERAGE: &str = "average.";

/// All that training continues from.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingState {
    /// The weights that are trained, the training steps taken, the provenance.
    pub checkpoint: Checkpoint,
    /// Adam's first and second moments, by parameter.
    pub moments: BTreeMap<String, [Tensor; 2]>,
    /// The exponential moving average of the weights, by parameter; empty if the run keeps none.
    pub average: BTreeMap<String, Tensor>,
}

impl TrainingState {
    /// The content of a state file.
    ///
    /// # Errors
    /// [`FormatError::NotFinite`]: weights or moments that are not finite never replace those that are.
    pub fn into_tensor_file(self, what: &str) -> Result<TensorFile, FormatError> {
        self.checkpoint.check(what)?;
        let mut file = self.checkpoint.into_tensor_file();
        file.metadata.insert(STATE_FORMAT_KEY.to_owned(), STATE_FORMAT.to_string());
        for (name, moments) in self.moments {
            for (prefix, moment) in MOMENTS.into_iter().zip(moments) {
                let name = format!("{prefix}{name}");
                if moment.iter().any(|value| !value.is_finite()) {
                    return Err(FormatError::NotFinite { what: what.to_owned(), name });
                }
                file.tensors.insert(name, moment);
            }
        }
        for (name, weight) in self.average {
            file.tensors.insert(format!("{AVERAGE}{name}"), weight);
        }
        Ok(file)
    }

    /// The state in a file, of a model of that config.
    ///
    /// # Errors
    /// [`FormatError`]: no training state, one of another format or of another model, or a tensor that is missing.
    pub fn from_tensor_file(
        what: &str,
        mut file: TensorFile,
        config: &ModelConfig,
        is_averaged: bool,
    ) -> Result<Self, FormatError> {
        match file.metadata.remove(STATE_FORMAT_KEY) {
            Some(version) if version == STATE_FORMAT.to_string() => {}
            Some(found) => {
                let what = what.to_owned();
                return Err(FormatError::Version { what, found, expected: STATE_FORMAT });
            }
            None => {
                return Err(FormatError::Metadata {
                    what: what.to_owned(),
                    expected: "training state",
                    key: STATE_FORMAT_KEY,
                });
            }
        }
        let (mut moments, mut average) = (BTreeMap::new(), BTreeMap::new());
        for parameter in parameters(config) {
            let mut take = |prefix: &str| {
                let key = format!("{prefix}{}", parameter.name);
                file.get(what, &key, &parameter.shape)?;
                Ok::<_, FormatError>(file.tensors.remove(&key).expect("it was just found"))
            };
            let of_parameter = [take(MOMENTS[0])?, take(MOMENTS[1])?];
            if is_averaged {
                average.insert(parameter.name.clone(), take(AVERAGE)?);
            }
            moments.insert(parameter.name, of_parameter);
        }
        let checkpoint = Checkpoint::from_tensor_file(what, file)?;
        if checkpoint.config != *config {
            let json = |config| serde_json::to_string(config).unwrap_or_default();
            let (found, expected) = (json(&checkpoint.config), json(config));
            return Err(FormatError::OtherModel { what: what.to_owned(), found, expected });
        }
        Ok(Self { checkpoint, moments, average })
    }
}
