//! A run that begins with the weights of another one.

use std::path::Path;

use gqn_formats::{Checkpoint, ModelConfig};
use serde_json::Value;

use crate::training::training_loop::TrainError;

/// The checkpoint at that path, which must be of that model.
///
/// # Errors
/// [`TrainError::Format`]: no such file, or a damaged one; [`TrainError::OtherModel`].
pub(crate) fn load(path: &Path, model: &ModelConfig) -> Result<Checkpoint, TrainError> {
    let checkpoint = Checkpoint::load(path)?;
    match first_difference(&checkpoint.config, model) {
        None => Ok(checkpoint),
        Some((key, found, expected)) => {
            Err(TrainError::OtherModel { path: path.to_owned(), key, found, expected })
        }
    }
}

/// The first key of `[model]` that differs, and its two values.
fn first_difference(
    found: &ModelConfig,
    expected: &ModelConfig,
) -> Option<(String, String, String)> {
    let json = |config: &ModelConfig| {
        serde_json::to_value(config.clone().canonical()).expect("a config is JSON")
    };
    difference_of("model", &json(found), &json(expected))
}

fn difference_of(key: &str, found: &Value, expected: &Value) -> Option<(String, String, String)> {
    if found == expected {
        return None;
    }
    if let (Value::Object(found), Value::Object(expected)) = (found, expected) {
        let keys = expected.keys().chain(found.keys());
        return keys.into_iter().find_map(|inner| {
            let of = |table: &serde_json::Map<String, Value>| {
                table.get(inner).cloned().unwrap_or(Value::Null)
            };
            difference_of(&format!("{key}.{inner}"), &of(found), &of(expected))
        });
    }
    let shown = |value: &Value| match value {
        Value::Null => "missing".to_owned(),
        Value::String(name) => name.clone(),
        other => other.to_string(),
    };
    Some((key.to_owned(), shown(found), shown(expected)))
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let tiny = Preset::Tiny.config();
        assert_eq!(first_difference(&tiny, &tiny), None);
        let check = |other: ModelConfig, key: &str, found: &str, expected: &str| {
            let difference = first_difference(&other, &tiny);
            assert_eq!(difference, Some((key.into(), found.into(), expected.into())));
        };
        check(ModelConfig { steps: 9, ..tiny.clone() }, "model.steps", "9", "4");
        let mut nearer = tiny.clone();
        nearer.voxel.as_mut().expect("a voxel model").near = 0.05;
        check(nearer, "model.voxel.near", "0.05", "0.1");
        let said = ModelConfig { shared_inference_core: Some(true), ..tiny.clone() };
        assert_eq!(first_difference(&said, &tiny), None, "another way to say the same");
    }
}
