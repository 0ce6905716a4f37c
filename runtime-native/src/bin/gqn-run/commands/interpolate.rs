//! `gqn-run interpolate`: a way from one view to another.

use anyhow::{Result, ensure};
use gqn_command_line::say;
use gqn_runtime::{Engine, Session};
use gqn_scenes::Camera;

use super::{engine, errors, noise, open, overwrite, render_views, warn_of_cameras};
use crate::cli;
use crate::input::{Input, files_read};
use crate::path::way;
use crate::picture::check_sheet;
use crate::strip::{Row, check_out, write};

/// `gqn-run interpolate`.
pub(crate) fn interpolate(flags: &cli::Interpolate) -> Result<()> {
    let cli::Interpolate { strip: flags, from, to } = flags;
    let inputs = files_read(&[&flags.what.package], &flags.input.source);
    check_out(&flags.out, overwrite(&flags.rendering), &inputs)?;
    let package = open(&flags.what)?;
    let side = package.manifest.config.image_size;
    // What was rendered, and the truth.
    check_sheet(2 * flags.frames as usize, side, flags.rendering.scale)?;
    let input = Input::load(&flags.input, &package.manifest.config)?;
    warn_of_cameras(&package, &input, None);
    let cameras = way(&camera(&input, *from)?, &camera(&input, *to)?, flags.frames as usize);
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    session.observe(&input.context)?;
    let rendered = render_views(&mut session, &cameras, &noise(&flags.rendering))?;
    let views = input.context.len();
    let mut rows =
        vec![Row::new(format!("from view {from} to view {to}, {views} views shown"), &rendered)];
    if let Some(truth) = input.truth(&cameras, side) {
        say(&errors(&rendered, &truth));
        rows.insert(0, Row::new("truth", &truth));
    }
    write(&flags.out, &rows, flags.rendering.scale, overwrite(&flags.rendering))?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    Ok(())
}

/// A camera of the scene, or of an observed view.
fn camera(input: &Input, index: u32) -> Result<Camera> {
    let index = index as usize;
    if let Some(scene) = &input.scene {
        return Ok(scene.camera(index));
    }
    let known = input.context.len();
    ensure!(index < known, "there is no view {index}, expected one from 0 to {}", known - 1);
    Ok(input.context[index].1)
}
