//! Many pictures in one.

use gqn_scenes::{Scene, World};
use rayon::prelude::*;

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

/// The scenes with seeds `seed`, `seed + 1`, … by rows, their first `views` views by columns, on white.
///
/// # Panics
/// When `side` is no side of a frame.
pub fn contact_sheet(world: World, seed: u64, scenes: usize, views: usize, side: usize) -> Sheet {
    let span = |count: usize| count * (side + GAP) + GAP;
    let (width, height) = (span(views), span(scenes));
    let mut rgb8 = vec![255; 3 * width * height];
    let band = 3 * width * (side + GAP);
    rgb8[3 * width * GAP..].par_chunks_exact_mut(band).enumerate().for_each(|(row, band)| {
        let scene = Scene::generate(world, seed.wrapping_add(row as u64));
        for (column, camera) in scene.cameras(views).iter().enumerate() {
            let frame = scene.render(camera, side);
            let left = 3 * (GAP + column * (side + GAP));
            for (line, pixels) in frame.rgb8().chunks_exact(3 * side).enumerate() {
                band[3 * width * line + left..][..3 * side].copy_from_slice(pixels);
            }
        }
    });
    Sheet { width, height, rgb8 }
}
