//! Pictures and sheets.

use std::path::Path;

use anyhow::{Result, ensure};
use gqn_datasets::{Sheet, contact_sheet};
use gqn_formats::{View, Views};
use gqn_pictures::{PngSize, encode_png};
use gqn_scenes::Scene;
use gqn_system::{FolderLock, Overwrite, check_output, check_place, write_atomic};

use crate::cli;

/// Pixels in the largest sheet: beyond, neither memory nor viewers keep up.
const MAX_SHEET_PIXELS: u64 = 1 << 28;

/// `gqn-data scene`.
pub(crate) fn scene(flags: &cli::Scene) -> Result<()> {
    let cli::What { world, seed, size } = flags.what;
    let side = size as usize;
    let scene = Scene::generate(world, seed);
    let count = flags.views.map_or(world.views_per_scene(), |views| views as usize);
    let list = flags.out.join("views.json");
    let overwrite = Overwrite::forced(flags.force);
    let _lock = FolderLock::acquire(&flags.out)?;
    check_place(&list, overwrite)?;
    for index in 0..count {
        check_place(&flags.out.join(format!("{index:02}.png")), overwrite)?;
    }
    let mut views = Vec::with_capacity(count);
    for (index, camera) in scene.cameras(count).iter().enumerate() {
        let name = format!("{index:02}.png");
        let picture = encode_png(side, side, scene.render(camera, side).rgb8(), PngSize::Small)?;
        write(&flags.out.join(&name), &picture, overwrite)?;
        views.push(View::new(Some(name), camera));
    }
    // Last, so that a folder with a list is complete.
    write(&list, &Views::of_world(views).to_json(), overwrite)
}

/// `gqn-data sheet`.
pub(crate) fn sheet(flags: &cli::Sheet) -> Result<()> {
    let cli::What { world, seed, size } = flags.what;
    let pixels = u64::from(size).pow(2) * u64::from(flags.scenes) * u64::from(flags.views);
    ensure!(
        pixels <= MAX_SHEET_PIXELS,
        "the sheet would have {pixels} pixels, expected at most {MAX_SHEET_PIXELS}\n\
         hint: lower `--size`, `--scenes` or `--views`"
    );
    check_output(&flags.out, Overwrite::forced(flags.force), &[])?;
    let sheet =
        contact_sheet(world, seed, flags.scenes as usize, flags.views as usize, size as usize);
    write_sheet(&sheet, &flags.out, Overwrite::forced(flags.force))
}

pub(super) fn write_sheet(sheet: &Sheet, path: &Path, overwrite: Overwrite) -> Result<()> {
    write(path, &encode_png(sheet.width, sheet.height, &sheet.rgb8, PngSize::Small)?, overwrite)
}

fn write(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<()> {
    // The error names the path.
    Ok(write_atomic(path, bytes, overwrite)?)
}
