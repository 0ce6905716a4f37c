//! Products with vectors of eight numbers, on processors that have them.

use super::multiply::{COLUMNS, ROWS, Tile, sum};

/// A tile of the product of two panels; none if the processor has no such vectors.
#[inline]
pub(super) fn tile(left: &[[f32; ROWS]], right: &[[f32; COLUMNS]]) -> Option<Tile> {
    let knows = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    // SAFETY: it was asked.
    knows.then(|| unsafe { fused(left, right) })
}

#[target_feature(enable = "avx2,fma")]
fn fused(left: &[[f32; ROWS]], right: &[[f32; COLUMNS]]) -> Tile {
    sum(left, right, |sum, left, right| left.mul_add(right, sum))
}
