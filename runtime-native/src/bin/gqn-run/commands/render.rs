use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gqn_formats::{Overwrite, write_atomic};
use gqn_runtime::{Engine, FrameMetrics, Session};
use gqn_scenes::{Camera, Frame};
use image::RgbImage;
use ndarray::{Axis, concatenate};
use serde_json::{Value, json};

use super::{BATCH, check_free, engine, noise, open, overwrite, warn_of_other_world};
use crate::input::Input;
use crate::picture::{enlarged, png};
use crate::sheet::{blocks, sheet};
use crate::{cli, output};

/// `gqn-run render`.
pub(crate) fn render(flags: &cli::Render) -> Result<()> {
    let overwrite = overwrite(&flags.look);
    let package = open(&flags.what)?;
    warn_of_other_world(&package, flags.input.source.world);
    let side = package.manifest.config.image_size;
    let input = Input::load(&flags.input, &package.manifest.config)?;
    let cameras =
        input.queries(flags.cameras.as_deref(), flags.queries, &package.manifest.config)?;
    for name in file_names(cameras.len(), input.scene.is_some()) {
        check_free(&flags.out.join(name), overwrite)?;
    }
    if flags.out.exists() && !flags.out.is_dir() {
        bail!("{} is no folder\nhint: --out names a folder", flags.out.display());
    }
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    output::talk(&format!("running on {}", session.engine().describe()));
    session.observe(&input.context)?;
    let mut planar = Vec::new();
    let bar = output::progress("painting", cameras.len());
    for batch in cameras.chunks(BATCH) {
        planar.push(session.query_planar(batch, &noise(&flags.look))?);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let views: Vec<_> = planar.iter().map(|tensor| tensor.view()).collect();
    let planar = concatenate(Axis(0), &views)?;
    let mut painted = Painted { cameras, prediction: Vec::new(), truth: None, metrics: Vec::new() };
    painted.truth = input.truth(&painted.cameras, side);
    for (index, values) in planar.outer_iter().enumerate() {
        let values: Vec<f32> = values.iter().copied().collect();
        painted.prediction.push(Frame::from_planar(side, &values)?);
        if let Some(truth) = &painted.truth {
            let mut expected = vec![0.0; values.len()];
            truth[index].write_planar(&mut expected);
            painted.metrics.push(FrameMetrics::compare(side, &values, &expected));
        }
    }
    let facts = facts(flags, &input, &painted, &session.engine().describe());
    write(flags, &input, &painted, &facts, overwrite)?;
    if flags.json {
        output::json(&facts)?;
    }
    Ok(())
}

/// Removes the pictures of an earlier run with more views, which would pass for this one's.
fn remove_surplus(folder: &Path, names: &[String]) -> Result<()> {
    let failed = || format!("could not tidy {}", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let name = entry.with_context(failed)?.file_name().to_string_lossy().into_owned();
        let index = ["prediction_", "truth_"].iter().find_map(|start| name.strip_prefix(start));
        let index = index.and_then(|rest| rest.strip_suffix(".png"));
        let is_ours = index.is_some_and(|index| index.parse::<u32>().is_ok());
        if is_ours && !names.contains(&name) {
            fs::remove_file(folder.join(&name)).with_context(failed)?;
        }
    }
    Ok(())
}

/// What was painted, and what was to be.
struct Painted {
    cameras: Vec<Camera>,
    prediction: Vec<Frame>,
    truth: Option<Vec<Frame>>,
    metrics: Vec<FrameMetrics>,
}

/// The files of a run, in the order in which they are written.
fn file_names(queries: usize, truth: bool) -> Vec<String> {
    let mut names = vec!["context.png".to_owned()];
    names.extend((0..queries).map(|index| format!("prediction_{index:02}.png")));
    if truth {
        names.extend((0..queries).map(|index| format!("truth_{index:02}.png")));
    }
    names.extend(["comparison.png".to_owned(), "metrics.json".to_owned()]);
    names
}

fn facts(flags: &cli::Render, input: &Input, painted: &Painted, engine: &str) -> Value {
    let view = |(index, camera): (usize, &Camera)| {
        let mut view =
            json!({ "position": camera.position, "yaw": camera.yaw, "pitch": camera.pitch });
        if let Some(metrics) = painted.metrics.get(index) {
            view["metrics"] = json!(metrics);
        }
        view
    };
    json!({
        "package": flags.what.package,
        "engine": engine,
        "world": flags.input.source.world,
        "seed": flags.input.source.world.map(|_| flags.input.seed),
        "folder": flags.input.source.views,
        "context": input.context.len(),
        "temperature": flags.look.temperature,
        "noise_seed": flags.look.noise_seed,
        "mean": FrameMetrics::mean(&painted.metrics),
        "views": painted.cameras.iter().enumerate().map(view).collect::<Vec<_>>(),
    })
}

fn write(
    flags: &cli::Render,
    input: &Input,
    painted: &Painted,
    facts: &Value,
    overwrite: Overwrite,
) -> Result<()> {
    let large = |frames: &[Frame]| {
        frames.iter().map(|frame| enlarged(frame, flags.look.scale)).collect::<Vec<_>>()
    };
    let context: Vec<RgbImage> =
        input.context.iter().map(|(frame, _)| enlarged(frame, flags.look.scale)).collect();
    let context = blocks(&[context]);
    let mut rows: Vec<Vec<RgbImage>> = painted.truth.iter().map(|truth| large(truth)).collect();
    rows.push(large(&painted.prediction));
    let comparison = sheet(&[context.clone(), blocks(&rows)].concat());

    let truth = painted.truth.iter().flatten();
    let mut contents = vec![png(&sheet(&context))?];
    for frame in painted.prediction.iter().chain(truth) {
        contents.push(png(&enlarged(frame, 1))?);
    }
    contents.push(png(&comparison)?);
    contents.push([serde_json::to_vec_pretty(facts)?, b"\n".to_vec()].concat());
    let names = file_names(painted.cameras.len(), painted.truth.is_some());
    for (name, content) in names.iter().zip(contents) {
        write_atomic(&flags.out.join(name), &content, overwrite)?;
    }
    if overwrite == Overwrite::Force {
        remove_surplus(&flags.out, &names)?;
    }
    let mean = FrameMetrics::mean(&painted.metrics);
    let quality =
        mean.map(|mean| format!(", mean PSNR {:.2} dB, SSIM {:.3}", mean.psnr, mean.ssim));
    let (count, out) = (painted.cameras.len(), flags.out.display());
    output::talk(&format!("painted {count} views into {out}{}", quality.unwrap_or_default()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_more_views_are_surplus() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = file_names(2, true);
        let others = ["prediction_mine.png", "truth_1.jpg", "notes.txt"];
        for name in names.iter().map(String::as_str).chain(others).chain(["truth_02.png"]) {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        remove_surplus(folder.path(), &names).expect("a tidy folder");
        assert!(!folder.path().join("truth_02.png").exists());
        for name in names.iter().map(String::as_str).chain(others) {
            assert!(folder.path().join(name).exists(), "{name}");
        }
    }
}
