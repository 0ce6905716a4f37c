//! Data sets of procedural scenes.

use std::path::Path;

use anyhow::{Result, ensure};
use gqn_command_line::progress_bar;
use gqn_datasets::{Layout, RenderPlan, write_shards};
use gqn_scenes::Split;
use gqn_system::{FolderLock, Overwrite};

use crate::cli;

/// `gqn-data render`.
pub(crate) fn render(flags: &cli::Render) -> Result<()> {
    let cli::What { world, seed, size } = flags.what;
    ensure!(seed < 1 << 31, "the seed of a data set is {seed}, expected a number below 2^31");
    ensure!(
        flags.train > 0 || flags.test > 0,
        "--train and --test are both 0, so there is nothing to render"
    );
    let _lock = FolderLock::acquire(&flags.out)?;
    let views = flags.views.map_or(world.views_per_scene(), |views| views as usize);
    for (split, scenes) in [(Split::Train, flags.train), (Split::Test, flags.test)] {
        let plan = RenderPlan {
            world,
            split,
            base_seed: seed,
            views,
            side: size as usize,
            quality: flags.quality,
        };
        render_split(flags, &plan, scenes as usize, &flags.out)?;
    }
    Ok(())
}

fn render_split(flags: &cli::Render, plan: &RenderPlan, scenes: usize, out: &Path) -> Result<()> {
    if scenes == 0 {
        return Ok(());
    }
    let bar = progress_bar("scenes rendered", scenes);
    let layout = Layout { scenes, shards: scenes.div_ceil(flags.per_shard as usize) };
    write_shards(out, plan.split, layout, Overwrite::forced(flags.force), |range| {
        plan.render(range, || bar.inc(1))
    })?;
    bar.finish_and_clear();
    Ok(())
}
