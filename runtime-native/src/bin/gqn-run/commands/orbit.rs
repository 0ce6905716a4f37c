//! `gqn-run orbit`: an animated picture of a way around the scene.

use std::path::Path;

use anyhow::{Result, bail};
use gqn_command_line::{progress_bar, say};
use gqn_runtime::{Engine, Session};
use gqn_system::{check_output, write_atomic};

use super::{BATCH, engine, noise, open, overwrite, warn_of_cameras, warn_of_other_world};
use crate::cli;
use crate::input::{Input, files_read};
use crate::picture::{check_sheet, enlarged, gif};
use crate::sheet::sheet;

/// 48 pictures take four seconds.
const MILLISECONDS: u32 = 80;

/// `gqn-run orbit`.
pub(crate) fn orbit(flags: &cli::Orbit) -> Result<()> {
    let overwrite = overwrite(&flags.rendering);
    check_gif(&flags.out)?;
    let inputs = files_read(&[&flags.what.package], &flags.input.source);
    check_output(&flags.out, overwrite, &inputs)?;
    let package = open(&flags.what)?;
    warn_of_other_world(&package, flags.input.source.world);
    let side = package.manifest.config.image_size;
    check_sheet(
        flags.frames as usize * if flags.truth { 2 } else { 1 },
        side,
        flags.rendering.scale,
    )?;
    let input = Input::load(&flags.input, &package.manifest.config)?;
    warn_of_cameras(&package, &input, None);
    let cameras = input.orbit(flags.frames as usize)?;
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    session.observe(&input.context)?;

    let bar = progress_bar("rendering", cameras.len());
    let (mut images, noise) = (Vec::with_capacity(cameras.len()), noise(&flags.rendering));
    for batch in cameras.chunks(BATCH) {
        let truth = if flags.truth { input.truth(batch, side) } else { None };
        for (index, frame) in session.query(batch, &noise)?.iter().enumerate() {
            let prediction = enlarged(frame, flags.rendering.scale);
            images.push(match &truth {
                Some(truth) => {
                    sheet(&[vec![vec![prediction, enlarged(&truth[index], flags.rendering.scale)]]])
                }
                None => prediction,
            });
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    write_atomic(&flags.out, &gif(images, MILLISECONDS)?, overwrite)?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    Ok(())
}

/// A GIF under another name opens nowhere.
fn check_gif(path: &Path) -> Result<()> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gif")) {
        return Ok(());
    }
    bail!(
        "an orbit is written as GIF, but --out is {}\nhint: let its name end in .gif",
        path.display()
    )
}
