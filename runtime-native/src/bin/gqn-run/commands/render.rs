//! `gqn-run render`: novel views as pictures, with figures where the truth is known.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gqn_command_line::{print_json, progress_bar, say};
use gqn_pictures::FrameMetrics;
use gqn_runtime::{Engine, Session};
use gqn_scenes::{Camera, Frame};
use gqn_system::{FolderLock, Overwrite, check_place, read_regular, write_atomic};
use image::RgbImage;
use ndarray::{Axis, concatenate};
use serde_json::{Value, json};

use super::{BATCH, engine, noise, open, overwrite, warn_of_cameras, warn_of_other_world};
use crate::cli;
use crate::input::{Input, files_read};
use crate::picture::{check_sheet, enlarged, png};
use crate::sheet::{blocks, sheet};

/// What a run says of itself, written last.
const METRICS_FILE: &str = "metrics.json";
/// No file of that kind comes near it, in bytes.
const MOST_METRICS: u64 = 1 << 26;

/// `gqn-run render`.
pub(crate) fn render(flags: &cli::Render) -> Result<()> {
    let overwrite = overwrite(&flags.rendering);
    let package = open(&flags.what)?;
    warn_of_other_world(&package, flags.input.source.world);
    let side = package.manifest.config.image_size;
    let input = Input::load(&flags.input, &package.manifest.config)?;
    let cameras =
        input.queries(flags.cameras.as_deref(), flags.queries, &package.manifest.config)?;
    warn_of_cameras(&package, &input, flags.cameras.as_deref().map(|file| (file, &cameras[..])));
    // The context, what was rendered, and the truth.
    let shown = input.context.len() + cameras.len() * if input.scene.is_some() { 2 } else { 1 };
    check_sheet(shown, side, flags.rendering.scale)?;
    let inputs = inputs_in(&flags.out, &flags.input);
    for name in file_names(cameras.len(), input.scene.is_some()) {
        if inputs.contains(&name) {
            bail!(
                "{name} would be replaced, and is one of the pictures to render from\nhint: --out names another folder"
            );
        }
        check_place(&flags.out.join(name), overwrite)?;
    }
    if flags.out.exists() && !flags.out.is_dir() {
        bail!("{} is no folder\nhint: --out names a folder", flags.out.display());
    }
    let _lock = FolderLock::acquire(&flags.out)?;
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    session.observe(&input.context)?;
    let mut planar = Vec::new();
    let bar = progress_bar("rendering", cameras.len());
    for batch in cameras.chunks(BATCH) {
        planar.push(session.query_planar(batch, &noise(&flags.rendering))?);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let views: Vec<_> = planar.iter().map(|tensor| tensor.view()).collect();
    let planar = concatenate(Axis(0), &views)?;
    let mut rendered =
        Rendered { cameras, prediction: Vec::new(), truth: None, metrics: Vec::new() };
    rendered.truth = input.truth(&rendered.cameras, side);
    for (index, values) in planar.outer_iter().enumerate() {
        let values: Vec<f32> = values.iter().copied().collect();
        rendered.prediction.push(Frame::from_planar(side, &values)?);
        if let Some(truth) = &rendered.truth {
            let mut expected = vec![0.0; values.len()];
            truth[index].write_planar(&mut expected);
            rendered.metrics.push(FrameMetrics::compare(side, &values, &expected));
        }
    }
    let facts = facts(flags, &input, &rendered, &session.engine().describe());
    write(flags, &input, &rendered, &facts, overwrite)?;
    if flags.json {
        print_json(&facts)?;
    }
    Ok(())
}

/// The pictures of an earlier run into a folder that would pass for this one's: those that its `metrics.json` accounts for
/// and this run does not write. Looked for before that file is replaced.
fn surplus(folder: &Path, names: &[String], inputs: &[String]) -> Vec<String> {
    let facts = read_regular(&folder.join(METRICS_FILE), MOST_METRICS).ok();
    let facts = facts.and_then(|facts| serde_json::from_slice::<Value>(&facts).ok());
    let Some((views, facts)) =
        facts.and_then(|facts| Some((facts["views"].as_array()?.len(), facts)))
    else {
        return Vec::new();
    };
    let is_ours = facts["noise_seed"].is_u64() && facts["engine"].is_string();
    let earlier = if is_ours { file_names(views, facts["world"].is_string()) } else { Vec::new() };
    earlier.into_iter().filter(|name| !names.contains(name) && !inputs.contains(name)).collect()
}

/// The pictures that the run reads out of the folder that it writes to.
fn inputs_in(out: &Path, input: &cli::Input) -> Vec<String> {
    let Ok(out) = out.canonicalize() else { return Vec::new() };
    let places = files_read(&[], &input.source).into_iter();
    let places = places.filter_map(|path| path.canonicalize().ok());
    let names = places.filter_map(|path| path.strip_prefix(&out).ok().map(Path::to_owned));
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// What was rendered, and what was to be.
struct Rendered {
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
    names.extend(["comparison.png".to_owned(), METRICS_FILE.to_owned()]);
    names
}

fn facts(flags: &cli::Render, input: &Input, rendered: &Rendered, engine: &str) -> Value {
    let view = |(index, camera): (usize, &Camera)| {
        let mut view =
            json!({ "position": camera.position, "yaw": camera.yaw, "pitch": camera.pitch });
        if let Some(metrics) = rendered.metrics.get(index) {
            view["metrics"] = json!(metrics);
        }
        view
    };
    json!({
        "package": flags.what.package.to_string_lossy(),
        "engine": engine,
        "world": flags.input.source.world,
        "seed": flags.input.source.world.map(|_| flags.input.seed),
        "folder": flags.input.source.views.as_deref().map(Path::to_string_lossy),
        "context": input.context.len(),
        "temperature": flags.rendering.temperature,
        "noise_seed": flags.rendering.noise_seed,
        "mean": FrameMetrics::mean(&rendered.metrics),
        "views": rendered.cameras.iter().enumerate().map(view).collect::<Vec<_>>(),
    })
}

fn write(
    flags: &cli::Render,
    input: &Input,
    rendered: &Rendered,
    facts: &Value,
    overwrite: Overwrite,
) -> Result<()> {
    let large = |frames: &[Frame]| {
        frames.iter().map(|frame| enlarged(frame, flags.rendering.scale)).collect::<Vec<_>>()
    };
    let context: Vec<RgbImage> =
        input.context.iter().map(|(frame, _)| enlarged(frame, flags.rendering.scale)).collect();
    let context = blocks(&[context]);
    let mut rows: Vec<Vec<RgbImage>> = rendered.truth.iter().map(|truth| large(truth)).collect();
    rows.push(large(&rendered.prediction));
    let comparison = sheet(&[context.clone(), blocks(&rows)].concat());

    let truth = rendered.truth.iter().flatten();
    let mut contents = vec![png(&sheet(&context))?];
    for frame in rendered.prediction.iter().chain(truth) {
        contents.push(png(&enlarged(frame, 1))?);
    }
    contents.push(png(&comparison)?);
    contents.push([serde_json::to_vec_pretty(facts)?, b"\n".to_vec()].concat());
    let names = file_names(rendered.cameras.len(), rendered.truth.is_some());
    let surplus = match overwrite {
        Overwrite::Force => surplus(&flags.out, &names, &inputs_in(&flags.out, &flags.input)),
        Overwrite::Refuse => Vec::new(),
    };
    for (name, content) in names.iter().zip(contents) {
        write_atomic(&flags.out.join(name), &content, overwrite)?;
    }
    for name in surplus {
        let path = flags.out.join(name);
        if path.is_file() {
            fs::remove_file(&path)
                .with_context(|| format!("could not remove {}", path.display()))?;
        }
    }
    let mean = FrameMetrics::mean(&rendered.metrics);
    let quality =
        mean.map(|mean| format!(", mean PSNR {:.2} dB, SSIM {:.3}", mean.psnr, mean.ssim));
    let (count, out) = (rendered.cameras.len(), flags.out.display());
    say(&format!("rendered {count} views into {out}{}", quality.unwrap_or_default()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_earlier_run_accounts_for_is_surplus() {
        let folder = tempfile::tempdir().expect("a folder");
        let surplus = |inputs: &[String]| surplus(folder.path(), &file_names(1, false), inputs);
        for name in ["prediction_01.png", "truth_00.png", "prediction_07.png", "mine.png"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        assert!(surplus(&[]).is_empty(), "no run was here");
        let write = |facts: Value| {
            fs::write(folder.path().join(METRICS_FILE), facts.to_string()).expect("a file");
        };
        write(json!({ "views": [{}, {}], "psnr": 1.0 }));
        assert!(surplus(&[]).is_empty(), "the file of another program");
        let of = |world: Value| json!({ "views": [{}, {}], "world": world, "noise_seed": 0, "engine": "e" });
        write(of(Value::Null));
        assert_eq!(surplus(&[]), ["prediction_01.png"]);
        write(of("mazes".into()));
        assert_eq!(surplus(&[]), ["prediction_01.png", "truth_00.png", "truth_01.png"]);
        let input = "truth_00.png".to_owned();
        assert_eq!(surplus(&[input]), ["prediction_01.png", "truth_01.png"]);
    }
}
