//! Many pictures in one.

use std::convert::Infallible;

use gqn_pictures::Resize;
use gqn_scenes::{Scene, World};
use rayon::prelude::*;

use crate::data_set::DataSet;
use crate::error::DataError;
use crate::picture::Decoder;

/// Pixels between the pictures of a sheet, and about them.
pub const GAP: usize = 2;

/// A picture, `width * height * 3` bytes, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// RGB8, the channels of a pixel together.
    pub rgb8: Vec<u8>,
}

impl Sheet {
    /// Pictures by rows and columns on white. `row` makes the pictures of one row, `[side,side,3]` each.
    fn of_rows<E: Send>(
        (rows, columns): (usize, usize),
        side: usize,
        row: impl Fn(usize) -> Result<Vec<Vec<u8>>, E> + Sync,
    ) -> Result<Self, E> {
        let span = |count: usize| count * (side + GAP) + GAP;
        let (width, height) = (span(columns), span(rows));
        let mut rgb8 = vec![255; 3 * width * height];
        let bands = rgb8[3 * width * GAP..].par_chunks_exact_mut(3 * width * (side + GAP));
        bands.enumerate().try_for_each(|(index, band)| {
            for (column, picture) in row(index)?.iter().enumerate() {
                let left = 3 * (GAP + column * (side + GAP));
                for (line, pixels) in picture.chunks_exact(3 * side).enumerate() {
                    band[3 * width * line + left..][..3 * side].copy_from_slice(pixels);
                }
            }
            Ok(())
        })?;
        Ok(Self { width, height, rgb8 })
    }
}

/// The scenes with seeds `seed`, `seed + 1`, … by rows, their first `views` views by columns, on white. Of a maze the
/// views are spread over the walk.
///
/// # Panics
/// When `side` is no side of a frame.
pub fn contact_sheet(world: World, seed: u64, scenes: usize, views: usize, side: usize) -> Sheet {
    let row = |row: usize| {
        let scene = Scene::generate(world, seed.wrapping_add(row as u64));
        let stride =
            if world == World::Mazes { (world.views_per_scene() / views).max(1) } else { 1 };
        let cameras: Vec<_> = (0..views).map(|view| scene.camera(view * stride)).collect();
        Ok(cameras.iter().map(|camera| scene.render(camera, side).into_rgb8()).collect())
    };
    Sheet::of_rows::<Infallible>((scenes, views), side, row).unwrap_or_else(|never| match never {})
}

/// Scenes evenly over a data set by rows, views evenly over each by columns, at most as many as there are.
///
/// # Errors
/// [`DataError`]: a scene that was looked at is damaged.
///
/// # Panics
/// When `side` is 0.
pub fn data_sheet(
    set: &DataSet,
    scenes: usize,
    views: usize,
    side: usize,
) -> Result<Sheet, DataError> {
    let (scenes, views) = (scenes.min(set.len()), views.min(set.views()));
    let row = |row: usize| {
        let scene = row * set.len() / scenes;
        let record = set.scene(scene)?;
        let mut decoder = Decoder::new(side, Resize::Area);
        let picture = |column: usize| {
            let view = column * set.views() / views;
            let mut rgb8 = vec![0; 3 * side * side];
            let decoded = decoder.decode(view, &record.frames[view], &mut rgb8);
            decoded.map(|()| rgb8).map_err(|damage| set.damaged(scene, damage))
        };
        (0..views).map(picture).collect()
    };
    Sheet::of_rows((scenes, views), side, row)
}
