//! `gqn-run compare`: one scene rendered with several packages.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use gqn_command_line::say;
use gqn_runtime::{Engine, Session};

use super::{
    engine, errors, noise, open, overwrite, render_views, warn_of_cameras, warn_of_other_world,
};
use crate::cli;
use crate::input::{Input, files_read};
use crate::picture::check_sheet;
use crate::strip::{Row, check_out, write};

/// `gqn-run compare`.
pub(crate) fn compare(flags: &cli::Compare) -> Result<()> {
    let paths: Vec<&Path> = flags.packages.iter().map(PathBuf::as_path).collect();
    let inputs = files_read(&paths, &flags.input.source);
    check_out(&flags.out, overwrite(&flags.rendering), &inputs)?;
    ensure!(
        flags.names.is_empty() || flags.names.len() == flags.packages.len(),
        "--names has {} names, expected one for each of {} packages",
        flags.names.len(),
        flags.packages.len()
    );
    let packages =
        (flags.packages.iter().map(|path| open(&flags.what(path)))).collect::<Result<Vec<_>>>()?;
    let sides = packages.iter().map(|package| package.manifest.config.image_size);
    let largest = sides.max().unwrap_or_default();
    let pictures = (1 + packages.len()) * flags.queries as usize;
    check_sheet(pictures, largest, flags.rendering.scale)?;
    let mut rows = Vec::new();
    let mut cameras = Vec::new();
    for (index, (path, package)) in flags.packages.iter().zip(&packages).enumerate() {
        let config = &package.manifest.config;
        let side = config.image_size;
        warn_of_other_world(package, flags.input.source.world);
        let input = Input::load(&flags.input, config)?;
        warn_of_cameras(package, &input, None);
        if index == 0 {
            cameras = input.queries(None, Some(flags.queries), config)?;
            rows.extend(input.truth(&cameras, largest).map(|truth| Row::new("truth", &truth)));
        }
        let mut session = Session::new(engine(&flags.what(path), package)?, &package.manifest);
        if index == 0 {
            say(&format!("running on {}", session.engine().describe()));
        }
        session.observe(&input.context)?;
        let rendered = render_views(&mut session, &cameras, &noise(&flags.rendering))?;
        let name = flags.names.get(index).cloned();
        let name = name.unwrap_or_else(|| path.display().to_string());
        let truth = input.truth(&cameras, side);
        let errors = truth.map(|truth| format!(": {}", errors(&rendered, &truth)));
        let text = format!("{name}{}", errors.unwrap_or_default());
        say(&text);
        rows.push(Row::new(text, &rendered));
    }
    write(&flags.out, &rows, flags.rendering.scale, overwrite(&flags.rendering))?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    Ok(())
}
