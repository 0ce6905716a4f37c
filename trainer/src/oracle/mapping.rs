//! From the reference's parameters to ours: names, the four gates in one, and the order of the gates' inputs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use gqn_formats::{ModelConfig, Parameter, ParameterKind, Tensor, parameters};
use ndarray::{Axis, Slice, concatenate};

use super::formula;

/// The reference's gates in our order.
const GATES: [&str; 4] = ["forget", "input", "output", "state"];

const BIAS_BOUND: f64 = 0.1;
/// What starts at zero would say nothing about what reads it.
const GRID_BOUND: f64 = 0.5;

/// Our weights as the formula makes the reference's.
pub(super) fn weights(config: &ModelConfig) -> BTreeMap<String, Tensor> {
    let made =
        convert(config, &mut |name, shape, kind| Ok::<_, Infallible>(plain(name, shape, kind)));
    made.unwrap_or_else(|never| match never {})
}

/// Gives the reference's tensor of a name and shape.
type Get<'a, E> = dyn FnMut(&str, &[usize], ParameterKind) -> Result<Tensor, E> + 'a;

/// Our weights from the reference's; `get` gives the tensor that the reference calls `name`, of exactly that shape.
pub(crate) fn convert<E>(
    config: &ModelConfig,
    get: &mut Get<'_, E>,
) -> Result<BTreeMap<String, Tensor>, E> {
    let mut tensors = BTreeMap::new();
    for parameter in parameters(config) {
        let tensor = match parameter.name.split_once(".gates.") {
            Some((core, field)) => gates(config, core, field, &parameter.shape, get)?,
            None => {
                get(&reference_name(config, &parameter.name), &parameter.shape, parameter.kind)?
            }
        };
        tensors.insert(parameter.name, tensor);
    }
    Ok(tensors)
}

/// The part of one of our parameters that the reference calls `name`: the parameter and a range of its first axis.
/// None if this model has no such part.
pub(super) fn locate(config: &ModelConfig, name: &str) -> Option<(Parameter, Range<usize>)> {
    parameters(config).into_iter().find_map(|parameter| {
        if let Some((core, field)) = parameter.name.split_once(".gates.") {
            let rest = name.strip_prefix(core)?.strip_prefix(".core.")?;
            let (gate, found) = rest.split_once('.')?;
            let index = GATES.iter().position(|known| *known == gate)?;
            let rows = parameter.shape[0] / GATES.len();
            (found == field).then(|| (parameter.clone(), index * rows..(index + 1) * rows))
        } else if reference_name(config, &parameter.name) == name {
            let rows = 0..parameter.shape[0];
            Some((parameter, rows))
        } else {
            None
        }
    })
}

fn reference_name(config: &ModelConfig, name: &str) -> String {
    let (head, rest) = name.split_once('.').expect("a parameter has a path");
    match head {
        "representation" if config.representation == gqn_formats::RepresentationKind::Pyramid => {
            let (layer, field) = rest
                .strip_prefix("conv")
                .and_then(|rest| rest.split_once('.'))
                .expect("convN.field");
            let index: usize = layer.parse().expect("a layer's number");
            // A sequence in which every second module is a ReLU.
            format!("phi.net.{}.{field}", 2 * (index - 1))
        }
        "representation" => format!("phi.{rest}"),
        "prior" => format!("eta_pi.{rest}"),
        "posterior" => format!("eta_e.{rest}"),
        "observation" => format!("eta_g.{rest}"),
        _ => name.to_owned(),
    }
}

fn plain(name: &str, shape: &[usize], kind: ParameterKind) -> Tensor {
    let bound = match kind {
        ParameterKind::Bias => BIAS_BOUND,
        ParameterKind::Conv => (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt(),
        ParameterKind::ConvTranspose => (3.0 / shape[0] as f64).sqrt(),
        ParameterKind::Grid => GRID_BOUND,
    };
    formula::tensor(name, shape, -bound, bound)
}

fn gates<E>(
    config: &ModelConfig,
    core: &str,
    field: &str,
    shape: &[usize],
    get: &mut Get<'_, E>,
) -> Result<Tensor, E> {
    let mut one = shape.to_vec();
    one[0] /= GATES.len();
    let kind = if field == "bias" { ParameterKind::Bias } else { ParameterKind::Conv };
    let mut parts = Vec::with_capacity(GATES.len());
    for gate in GATES {
        let part = get(&format!("{core}.core.{gate}.{field}"), &one, kind)?;
        parts.push(if field == "bias" { part } else { reorder_inputs(config, core, &part) });
    }
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(concatenate(Axis(0), &views).expect("gates have one shape"))
}

/// Input channels: the reference's order is hidden, picture, camera, scene, other hidden, canvas for inference and
/// hidden, camera, scene, latent for generation. Of a voxel model the camera is a ray map and the scene the rendered
/// features.
fn reorder_inputs(config: &ModelConfig, core: &str, weight: &Tensor) -> Tensor {
    let (h, u, z) = (config.hidden_channels, config.canvas_channels, config.latent_channels);
    let (x, v, r) = (3, config.camera_channels(), config.scene_channels());
    let (lengths, order): (Vec<usize>, Vec<usize>) = if core.starts_with("inference_core") {
        (vec![h, x, v, r, h, u], vec![0, 4, 5, 1, 2, 3])
    } else {
        (vec![h, v, r, z], vec![0, 3, 1, 2])
    };
    let start = |index: usize| lengths[..index].iter().sum::<usize>();
    let parts: Vec<_> = order
        .iter()
        .map(|&index| {
            weight.slice_axis(Axis(1), Slice::from(start(index)..start(index) + lengths[index]))
        })
        .collect();
    concatenate(Axis(1), &parts).expect("slices of one weight fit together")
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;

    #[test]
    fn every_part_of_the_gates_has_its_place() {
        let config = ModelConfig { shared_core: false, ..Preset::TinyTower.config() };
        let (parameter, rows) =
            locate(&config, "generation_core.2.core.output.weight").expect("a gate");
        assert_eq!(parameter.name, "generation_core.2.gates.weight");
        let h = config.hidden_channels;
        assert_eq!(rows, 2 * h..3 * h);
        // The reference's latent channels come last; ours follow the hidden state.
        let reference = plain(
            "generation_core.2.core.output.weight",
            &[h, parameter.shape[1], 5, 5],
            ParameterKind::Conv,
        );
        let ours = &weights(&config)[&parameter.name];
        let last = parameter.shape[1] - config.latent_channels;
        assert_eq!(ours[[2 * h + 1, h, 3, 4]].to_bits(), reference[[1, last, 3, 4]].to_bits());
        assert!(locate(&config, "generation_core.2.core.output.wait").is_none());
        assert!(locate(&config, "phi.conv9.weight").is_none());
        assert_eq!(locate(&config, "eta_pi.bias").expect("a head").0.name, "prior.bias");
    }
}
