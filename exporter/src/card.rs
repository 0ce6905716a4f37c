//! The model card of a package.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use gqn_formats::{Manifest, Precision, UpsampleR, VoxelConfig};
use gqn_scenes::World;

use crate::measure::StepQuality;
use crate::options::ExportOptions;
use crate::summary::{GraphSummary, grouped};

/// The model card of a package: `README.md` with the front matter that model hubs read. The manifest need not name
/// the card itself yet.
pub(crate) fn card(
    manifest: &Manifest,
    options: &ExportOptions,
    graphs: &[GraphSummary; 2],
    steps: &[StepQuality],
) -> String {
    let sections = [
        FRONT_MATTER.to_owned(),
        training(manifest),
        quality(manifest),
        precision(manifest, options),
        step_table(manifest, steps),
        LIMITS.to_owned(),
        running(manifest),
        model(manifest),
        graph_table(manifest, graphs),
        file_table(manifest),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    sections.join("\n")
}

const FRONT_MATTER: &str = "\
---
library_name: onnx
pipeline_tag: image-to-image
tags:
  - gqn
  - generative-query-network
  - novel-view-synthesis
  - neural-scene-representation
---

# Generative Query Network

A few pictures of a scene and the cameras that took them go in; pictures of the same scene from other cameras come
out (Eslami et al. 2018, *Neural scene representation and rendering*).
";

const LIMITS: &str = "\
## Limits

- It knows the kind of scenes that it was trained on and no other: photographs of the world are outside of it.
- Pictures are means, so what the views leave open comes out blurred; noise draws one of the possibilities instead.
- Cameras must be written in the training data's coordinates and in the pose encoding below, with the field of view
  of the training pictures.
- The weights carry no licence of their own here: that of the training data and of whoever trained them holds.
";

fn running(manifest: &Manifest) -> String {
    let world = manifest.provenance.world().unwrap_or(World::RoomsRingCamera);
    format!(
        "\
## How to run it

```sh
gqn-run verify .                 # the sample's inputs through the graphs, held against the trainer's outputs
gqn-run render . --world {world} --seed 42 --out views
gqn-run render --help            # your own pictures and cameras
```

Or in any ONNX runtime: `representation.onnx` turns pictures and poses into a scene, `generator.onnx` turns the scene,
query poses and noise into pictures. Zero noise gives the mean picture. `scene` is opaque, but linear in the views:
the scenes of two sets of views add up to the scene of both. `manifest.json` holds every name and shape.
"
    )
}

fn training(manifest: &Manifest) -> String {
    let provenance = &manifest.provenance;
    let or_unknown =
        |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    table(
        "## Training",
        ["", ""],
        &[
            ["data".into(), or_unknown(&provenance.data)],
            ["training steps".into(), grouped(manifest.step)],
            ["time".into(), duration(provenance.seconds)],
            ["seed".into(), provenance.seed.to_string()],
            ["source commit".into(), or_unknown(&provenance.commit)],
            [
                "command".into(),
                format!("`{}`", or_unknown(&provenance.command).replace('|', "\\|")),
            ],
        ],
    )
}

fn quality(manifest: &Manifest) -> String {
    let metrics = &manifest.provenance.metrics;
    if metrics.is_empty() {
        return "## Quality\n\nNot measured: the checkpoint holds no metrics. `gqn-train eval` measures them.\n".to_owned();
    }
    let whole = metrics.iter().filter(|(name, _)| of_views(name).is_none());
    let rows: Vec<_> =
        whole.map(|(name, value)| [format!("`{name}`"), format!("{value:.5}")]).collect();
    let note = "Errors are of pixels in [0, 1], PSNR is in decibels, KL and ELBO are in nats; the query view is never \
                among the views that the model sees.\n";
    let phase = if manifest.provenance.is_generation_phase() {
        "These weights are of the generation phase: the posterior is not trained yet, and only the mean picture (no noise) \
         says something; samples are worthless.\n"
    } else {
        ""
    };
    format!("{}{}\n{note}{phase}", table("## Quality", ["measured", ""], &rows), by_views(metrics))
}

/// What is measured, and from how many context views: `rmse_3` is the RMSE from three.
fn of_views(name: &str) -> Option<(&str, usize)> {
    let (figure, views) = name.rsplit_once('_')?;
    Some((figure, views.parse().ok()?))
}

/// Mean pictures of held-out scenes by the number of context views, where the checkpoint says so.
fn by_views(metrics: &BTreeMap<String, f64>) -> String {
    const COLUMNS: [(&str, &str, usize); 5] = [
        ("rmse", "RMSE of 255", 2),
        ("mae", "MAE of 255", 2),
        ("psnr", "PSNR, dB", 2),
        ("ssim", "SSIM", 3),
        ("kl", "KL, nats", 1),
    ];
    let views: BTreeSet<usize> =
        metrics.keys().filter_map(|name| of_views(name)).map(|(_, views)| views).collect();
    if views.is_empty() {
        return String::new();
    }
    let names = COLUMNS.map(|(_, title, _)| title).join(" | ");
    let mut text = format!("\n| context views | {names} |\n|--:|--:|--:|--:|--:|--:|\n");
    for views in views {
        let cells = COLUMNS.map(|(name, _, decimals)| {
            let figure = metrics.get(&format!("{name}_{views}"));
            figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.decimals$}"))
        });
        push_line(&mut text, &format!("| {views} | {} |", cells.join(" | ")));
    }
    text
}

/// What the precision is, and what it costs.
fn precision(manifest: &Manifest, options: &ExportOptions) -> String {
    let what = match manifest.precision {
        Precision::Fp32 => return String::new(),
        Precision::Fp16 if options.target.computes_in_half() => {
            "Weights are stored in half precision, and convolutions and gates are computed in half. Cell state, means, \
             log-variances, latents and pictures stay in single."
        }
        Precision::Fp16 => {
            "Weights are stored in half precision; ONNX Runtime on CPUs and the built-in engine compute in single."
        }
        Precision::Int8 => {
            "The gates' convolution of the hidden state, and of the latent where it is Winograd's, reads and writes \
             eight-bit integers (QDQ, one scale for each kernel, no offsets); the other weights are stored in half \
             precision and computed with in single. ONNX Runtime gains speed by it; the built-in engine does not run it \
             and would gain nothing."
        }
    };
    let grain = options.grain.map_or_else(String::new, |grain| {
        format!(
            " They are rounded to multiples of a power of two near their standard deviation divided by {grain}, so that the \
             package compresses better."
        )
    });
    let error = match &manifest.precision_error {
        Some(error) => format!(
            "Against single precision, over {} held-out views, each with a noise of its own, on ONNX Runtime's CPU: PSNR \
             {:.1} dB, the worst view {:.1} dB.",
            error.views, error.psnr, error.smallest_psnr
        ),
        None => "Its error against single precision was not measured.".to_owned(),
    };
    format!("## Precision: {}\n\n{what}{grain}\n\n{error}\n", manifest.precision.name())
}

/// How good the pictures of the first steps are.
fn step_table(manifest: &Manifest, steps: &[StepQuality]) -> String {
    let has = manifest.config.steps;
    let mut text = "## DRAW steps\n".to_owned();
    if let Some(trained) = manifest.trained_steps {
        push_line(
            &mut text,
            &format!(
                "\nThese graphs have the first {has} of {trained} trained DRAW steps. The sample's pictures are those of the \
                 reference graph of {has} steps on ONNX Runtime, which gave the trainer's pictures with all {trained}."
            ),
        );
    }
    if steps.is_empty() {
        return if manifest.trained_steps.is_some() { text } else { String::new() };
    }
    text.push_str(
        "\nMean pictures after the first DRAW steps, in single precision on held-out views. \
         `gqn-export export --draw-steps K` writes the graphs of K DRAW steps.\n\n\
         | DRAW steps | MSE | PSNR, dB | PSNR against all steps, dB | multiply-adds a query |\n\
         |---:|---:|---:|---:|---:|\n",
    );
    for row in steps {
        let (steps, multiply_adds) = (row.steps, grouped(row.multiply_adds));
        let all = if steps == manifest.trained_steps.unwrap_or(has) {
            "–".to_owned()
        } else {
            format!("{:.1}", row.psnr_of_all_steps)
        };
        push_line(
            &mut text,
            &format!("| {steps} | {:.5} | {:.2} | {all} | {multiply_adds} |", row.mse, row.psnr),
        );
    }
    text
}

fn model(manifest: &Manifest) -> String {
    let config = &manifest.config;
    let representation = config.representation.name();
    let upsample = match config.upsample_r {
        _ if !config.is_scene_vector() => "not needed",
        UpsampleR::Learned => "learned",
        UpsampleR::Tile => "tiled",
    };
    let mut rows = vec![
        ["pictures (S)".into(), format!("{0}×{0} RGB", config.image_size)],
        [
            "representation (R)".into(),
            format!("{representation}, {} channels", config.representation_channels),
        ],
        ["representation's up-sampling".into(), upsample.into()],
        ["latent channels (Z)".into(), config.latent_channels.to_string()],
        ["hidden channels (H)".into(), config.hidden_channels.to_string()],
        ["canvas channels (U)".into(), config.canvas_channels.to_string()],
        ["DRAW steps (L)".into(), config.steps.to_string()],
        ["cores".into(), if config.shared_core { "shared".into() } else { "one a step".into() }],
        ["pose encoding".into(), format!("`{}`", config.pose_encoding)],
    ];
    rows.extend(config.voxel.iter().flat_map(geometry));
    table("## Model", ["size", ""], &rows)
}

/// The part of the world that a voxel model knows, and its cameras.
fn geometry(voxel: &VoxelConfig) -> Vec<[String; 2]> {
    let list = |numbers: &[f64; 3]| numbers.map(|number| number.to_string()).join(", ");
    let [x, y, z] = voxel.cells;
    let (low, high) = (list(&voxel.low), list(&voxel.high));
    let (angle, degrees) = (voxel.field_of_view, voxel.field_of_view.to_degrees());
    let depths = format!("{} from {} to {}", voxel.depth_samples, voxel.near, voxel.far);
    let evidence = (voxel.evidence_channels > 0)
        .then(|| ["evidence channels (K)".into(), voxel.evidence_channels.to_string()]);
    let rows = [
        ["cells (X×Y×Z)".into(), format!("{x}×{y}×{z}, centres from ({low}) to ({high})")],
        ["depth samples (D), world units".into(), depths],
        ["rays for each position (q×q)".into(), format!("{0}×{0}", voxel.rays)],
        ["rendered channels (C)".into(), voxel.rendered_channels.to_string()],
        ["field of view".into(), format!("{angle} radians, {degrees:.1}°")],
    ];
    rows.into_iter().chain(evidence).collect()
}

fn graph_table(manifest: &Manifest, graphs: &[GraphSummary; 2]) -> String {
    let mut text = format!(
        "## Graphs\n\nONNX, opset {}, {}, variant `{}`.\n\n\
         | graph | nodes | parameters | multiply-adds |\n|---|---:|---:|---:|\n",
        manifest.opset,
        manifest.precision.name(),
        manifest.variant.name()
    );
    for graph in graphs {
        let (parameters, multiply_adds) = (grouped(graph.parameters), grouped(graph.multiply_adds));
        let (file, nodes, item) = (graph.file, graph.nodes(), graph.item);
        push_line(
            &mut text,
            &format!("| `{file}` | {nodes} | {parameters} | {multiply_adds} per {item} |"),
        );
    }
    text
}

fn file_table(manifest: &Manifest) -> String {
    let rows: Vec<_> = manifest
        .files
        .iter()
        .map(|(name, entry)| [format!("`{name}`"), grouped(entry.bytes)])
        .collect();
    table("## Files", ["file", "bytes"], &rows)
}

fn table(title: &str, head: [&str; 2], rows: &[[String; 2]]) -> String {
    let mut text = format!("{title}\n\n| {} | {} |\n|---|---|\n", head[0], head[1]);
    for [name, value] in rows {
        push_line(&mut text, &format!("| {name} | {value} |"));
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes any text");
}

/// Such as `3 min 20 s` or `2 h 05 min`.
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        for (seconds, text) in [(12.4, "12 s"), (200.0, "3 min 20 s"), (7500.0, "2 h 05 min")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
