//! `gqn-run uncertainty`: mean and spread of samples by the number of context views.

use anyhow::{Result, bail};
use gqn_command_line::{print_json, progress_bar, say};
use gqn_runtime::{Engine, Noise, Session, heat_rgba8};
use gqn_scenes::Frame;
use gqn_system::Overwrite;
use serde_json::json;

use super::{
    engine, error_in_words, mse, open, render_views, warn_of_cameras, warn_of_other_world,
};
use crate::cli;
use crate::input::{Input, files_read};
use crate::picture::check_sheet;
use crate::strip::{Row, check_out, write};

/// `gqn-run uncertainty`.
pub(crate) fn uncertainty(flags: &cli::Uncertainty) -> Result<()> {
    let overwrite = Overwrite::forced(flags.force);
    let inputs = files_read(&[&flags.what.package], &flags.source);
    check_out(&flags.out, overwrite, &inputs)?;
    let package = open(&flags.what)?;
    warn_of_other_world(&package, flags.source.world);
    let side = package.manifest.config.image_size;
    // The truth, then mean pictures and maps of each number of views.
    let rows = 1 + 2 * flags.context.len();
    check_sheet(rows * flags.queries as usize, side, flags.scale)?;
    let most = flags.context.iter().copied().max().unwrap_or(1);
    let shown = cli::Input {
        source: flags.source.clone(),
        seed: flags.seed,
        context: Some(most),
        resize: flags.resize,
    };
    let input = Input::load(&shown, &package.manifest.config)?;
    warn_of_cameras(&package, &input, None);
    let cameras = input.queries(None, Some(flags.queries), &package.manifest.config)?;
    let truth = input.truth(&cameras, side);
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    let mut rows: Vec<Row> = truth.iter().map(|truth| Row::new("truth", truth)).collect();
    let mut facts = Vec::new();
    for &context in &flags.context {
        session.clear();
        session.observe(&input.context[..context as usize])?;
        let views = if context == 1 { "1 view".to_owned() } else { format!("{context} views") };
        // Zero noise: the mean picture.
        let mean = render_views(&mut session, &cameras, &Noise::new(flags.noise_seed, 0.0))?;
        let bar = progress_bar("sampling", cameras.len());
        let (mut maps, mut means) = (Vec::new(), Vec::new());
        for camera in &cameras {
            let found = session.uncertainty(camera, flags.noise_seed, flags.samples as usize)?;
            maps.push(heat_map(side, &found.std_dev, flags.white)?);
            means.push(f64::from(found.mean_std_dev));
            bar.inc(1);
        }
        bar.finish_and_clear();
        let std_dev = means.iter().sum::<f64>() / means.len() as f64;
        let mse = truth.as_ref().map(|truth| mse(&mean, truth));
        let error = mse.map(|mse| format!(", {}", error_in_words(mse))).unwrap_or_default();
        say(&format!("{views}: standard deviation {std_dev:.4}{error}"));
        rows.push(Row::new(format!("{views}: mean picture{error}"), &mean));
        rows.push(Row::new(
            format!("{views}: standard deviation {std_dev:.3} (white: {})", flags.white),
            &maps,
        ));
        facts.push(json!({ "context": context, "std_dev": std_dev, "mse": mse }));
    }
    write(&flags.out, &rows, flags.scale, overwrite)?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    if flags.json {
        print_json(&json!({
            "package": flags.what.package,
            "engine": session.engine().describe(),
            "world": flags.source.world,
            "seed": flags.source.world.map(|_| flags.seed),
            "folder": flags.source.views,
            "samples": flags.samples,
            "noise_seed": flags.noise_seed,
            "queries": cameras.len(),
            "rows": facts,
        }))?;
    }
    Ok(())
}

/// Standard deviations `[S,S]` → black where all samples agree, white from `white` up
fn heat_map(side: usize, std_dev: &[f32], white: f32) -> Result<Frame> {
    let rgba = heat_rgba8(std_dev, white);
    let rgb = rgba.chunks_exact(4).flat_map(|pixel| pixel[..3].iter().copied()).collect();
    match Frame::from_rgb8(side, rgb) {
        Ok(frame) => Ok(frame),
        Err(error) => bail!("the map of standard deviations is no picture: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_differ_glow() {
        let map = heat_map(16, &[[0.0; 128], [0.1; 128]].concat(), 0.1).expect("a picture");
        assert_eq!((map.rgb8()[0], map.rgb8()[3 * 255]), (0, 255));
        assert!(heat_map(16, &[0.0; 3], 0.1).is_err());
    }
}
