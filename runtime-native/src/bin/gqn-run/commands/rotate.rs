//! `gqn-run rotate`: mental rotation.

use anyhow::Result;
use gqn_command_line::say;
use gqn_runtime::{Engine, Session};

use super::{engine, errors, noise, open, overwrite, render_views, warn_of_cameras};
use crate::cli;
use crate::input::{Input, files_read};
use crate::picture::check_sheet;
use crate::strip::{Row, check_out, write};

/// `gqn-run rotate`.
pub(crate) fn rotate(flags: &cli::Strip) -> Result<()> {
    let inputs = files_read(&[&flags.what.package], &flags.input.source);
    check_out(&flags.out, overwrite(&flags.rendering), &inputs)?;
    let package = open(&flags.what)?;
    let side = package.manifest.config.image_size;
    // The row that was shown, what was rendered, and the truth.
    check_sheet(3 * flags.frames as usize, side, flags.rendering.scale)?;
    let mut input = Input::load(&flags.input, &package.manifest.config)?;
    warn_of_cameras(&package, &input, None);
    let cameras = input.orbit(flags.frames as usize)?;
    if flags.input.context.is_none() {
        // The task is to turn in the mind what was seen once.
        input.context.truncate(1);
    }
    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    session.observe(&input.context)?;
    let rendered = render_views(&mut session, &cameras, &noise(&flags.rendering))?;
    let shown: Vec<_> = input.context.iter().map(|(frame, _)| frame.clone()).collect();
    let degrees = 360.0 / f64::from(flags.frames);
    let mut rows = vec![
        Row::new("shown", &shown).still(),
        Row::new(format!("rendered, every {degrees:.0} degrees"), &rendered),
    ];
    if let Some(truth) = input.truth(&cameras, side) {
        let errors = errors(&rendered, &truth);
        say(&errors);
        rows.push(Row::new(format!("truth ({errors})"), &truth));
    }
    write(&flags.out, &rows, flags.rendering.scale, overwrite(&flags.rendering))?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    Ok(())
}
