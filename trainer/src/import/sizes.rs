//! The model's sizes, read from the reference's tensors.

use std::collections::BTreeMap;

use gqn_formats::{ModelConfig, RepresentationKind, UpsampleR};

use super::{ImportError, ImportOptions};

/// Shapes by the reference's names.
type Shapes<'a> = BTreeMap<&'a str, &'a [usize]>;

/// The config that the shapes belong to, and whether pool was assumed where tower is possible.
pub(super) fn config(
    shapes: &Shapes<'_>,
    options: &ImportOptions,
) -> Result<(ModelConfig, bool), ImportError> {
    let [heads, hidden_channels, _, _] = shape4(shapes, "eta_pi.weight")?;
    let [_, canvas_channels, _, _] = shape4(shapes, "eta_g.weight")?;
    let [inference, generation] =
        ["inference_core", "generation_core"].map(|name| cores(shapes, name));
    let core = if generation.is_some() { "generation_core.0" } else { "generation_core" };
    let [_, _, side, _] = shape4(shapes, &format!("{core}.upsample_v.weight"))?;
    let has_upsample_r = shapes.contains_key(format!("{core}.upsample_r.weight").as_str());
    let (representation, representation_channels, assumed_pool) =
        representation(shapes, options, has_upsample_r)?;
    let config = ModelConfig {
        image_size: 4 * side,
        representation,
        representation_channels,
        latent_channels: heads / 2,
        hidden_channels,
        canvas_channels,
        steps: steps(generation.or(inference), options)?,
        shared_core: generation.is_none(),
        shared_inference_core: Some(inference.is_none()),
        upsample_r: if has_upsample_r { UpsampleR::Learned } else { UpsampleR::Tile },
        pose_encoding: options.pose_encoding,
        voxel: None,
    };
    Ok((config.canonical(), assumed_pool))
}

fn steps(cores: Option<usize>, options: &ImportOptions) -> Result<usize, ImportError> {
    match (cores, options.steps) {
        (None, None) => Err(ImportError::Steps),
        (None, Some(steps)) => Ok(steps),
        (Some(found), Some(asked)) if found != asked => {
            Err(ImportError::OtherSteps { found, asked })
        }
        (Some(found), _) => Ok(found),
    }
}

/// How many cores there are, if they are numbered.
fn cores(shapes: &Shapes<'_>, name: &str) -> Option<usize> {
    let number =
        |key: &&str| key.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse().ok();
    shapes.keys().filter_map(number).max().map(|last: usize| last.saturating_add(1))
}

fn representation(
    shapes: &Shapes<'_>,
    options: &ImportOptions,
    has_upsample_r: bool,
) -> Result<(RepresentationKind, usize, bool), ImportError> {
    use RepresentationKind::{Pool, Pyramid, Tower};
    let asked = options.representation;
    if shapes.contains_key("phi.net.0.weight") {
        let [channels, ..] = shape4(shapes, "phi.net.6.weight")?;
        return match asked {
            None | Some(Pyramid) => Ok((Pyramid, channels, false)),
            Some(_) => Err(ImportError::Representation { found: "pyramid" }),
        };
    }
    let [channels, ..] = shape4(shapes, "phi.conv8.weight")?;
    match asked {
        Some(Pyramid) => Err(ImportError::Representation { found: "tower or pool" }),
        Some(kind) => Ok((kind, channels, false)),
        // Nothing brings a 1×1 representation to the cores' size: it has that size.
        None if !has_upsample_r => Ok((Tower, channels, false)),
        None => Ok((Pool, channels, true)),
    }
}

fn shape4(shapes: &Shapes<'_>, name: &str) -> Result<[usize; 4], ImportError> {
    const EXPECTED: &str = "four sizes, as a convolution has";
    let found = *shapes
        .get(name)
        .ok_or_else(|| ImportError::Missing { name: name.to_owned(), expected: vec![] })?;
    <[usize; 4]>::try_from(found).map_err(|_| ImportError::Shape {
        name: name.to_owned(),
        found: found.to_vec(),
        expected: EXPECTED.to_owned(),
    })
}
