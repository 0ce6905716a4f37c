//! `gqn-run arithmetic`: scenes of several sets of views added and subtracted.

use std::slice;

use anyhow::Result;
use gqn_command_line::say;
use gqn_runtime::{Engine, Session};
use gqn_scenes::{Camera, Frame, Scene};

use super::{engine, noise, open, overwrite, render_views};
use crate::cli;
use crate::picture::check_sheet;
use crate::strip::{Row, check_out, write};

/// `gqn-run arithmetic`: a scene is a sum over views, so scenes can be added and taken from one another (Eslami et al.
/// 2018, figure 4).
pub(crate) fn arithmetic(flags: &cli::Arithmetic) -> Result<()> {
    check_out(&flags.out, overwrite(&flags.rendering), slice::from_ref(&flags.what.package))?;
    let package = open(&flags.what)?;
    package.manifest.config.check_rendered_scenes()?;
    let side = package.manifest.config.image_size;
    let rows = flags.add.len() + flags.subtract.len() + 1;
    check_sheet(rows * flags.queries as usize, side, flags.rendering.scale)?;
    let terms = || {
        let added = flags.add.iter().map(|seed| (1.0, *seed));
        added.chain(flags.subtract.iter().map(|seed| (-1.0, *seed)))
    };
    // The first scene's cameras serve all scenes: what these have in common cancels out view by view.
    let first = Scene::generate(flags.world, flags.add[0]);
    let views = flags.context.map_or(flags.world.max_context(), |views| views as usize);
    let context = first.cameras(views);
    let cameras: Vec<Camera> =
        (0..flags.queries as usize).map(|index| first.camera(views + index)).collect();

    let mut session = Session::new(engine(&flags.what, &package)?, &package.manifest);
    say(&format!("running on {}", session.engine().describe()));
    let (mut rows, mut sum) = (Vec::new(), None);
    for (sign, seed) in terms() {
        let scene = Scene::generate(flags.world, seed);
        let shown: Vec<(Frame, Camera)> =
            context.iter().map(|camera| (scene.render(camera, side), *camera)).collect();
        session.clear();
        session.observe(&shown)?;
        let term = session.scene()? * sign;
        sum = Some(match sum {
            None => term,
            Some(sum) => sum + term,
        });
        let truth: Vec<Frame> = cameras.iter().map(|camera| scene.render(camera, side)).collect();
        let sign = if sign > 0.0 { '+' } else { '-' };
        rows.push(Row::new(format!("{sign} scene {seed}"), &truth));
    }
    session.clear();
    // There is a scene to add: the command line has one.
    sum.map(|sum| session.add_scene(sum)).transpose()?;
    let rendered = render_views(&mut session, &cameras, &noise(&flags.rendering))?;
    rows.push(Row::new("= rendered", &rendered));
    write(&flags.out, &rows, flags.rendering.scale, overwrite(&flags.rendering))?;
    say(&format!("rendered {} views into {}", cameras.len(), flags.out.display()));
    Ok(())
}
