//! The geometry of a voxel model.

use gqn_scenes::{Extent, FIELD_OF_VIEW};
use serde::{Deserialize, Serialize};

use crate::error::FormatError;

/// Most cells of a grid.
const MOST_CELLS: usize = 1 << 18;

/// The geometry of a voxel model: which part of the world its grid covers, and the cameras that it is for.
///
/// It is part of [`ModelConfig`](crate::ModelConfig): weights trained with one geometry are of no use with another.
/// Lengths are in world units. `docs/voxel.md` defines the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoxelConfig {
    /// Centre of the first cell: x, y, z.
    pub low: [f64; 3],
    /// Centre of the last cell: x, y, z.
    pub high: [f64; 3],
    /// X, Y, Z: cells along x, y and z; 2 to 128 each.
    pub cells: [usize; 3],
    /// D: bins of a view's depth distribution, and samples along a ray of the query; 2 to 128.
    pub depth_samples: usize,
    /// Distance from the camera at which the depth bins begin.
    pub near: f64,
    /// Distance from the camera at which the depth bins end.
    pub far: f64,
    /// Rays of the query along either axis for each spatial position of the hidden state: 1, 2 or 4.
    pub rays: usize,
    /// C: channels of the rendered feature map that the cores read.
    pub rendered_channels: usize,
    /// Vertical and horizontal field of view of every camera, in radians.
    pub field_of_view: f64,
    /// K: evidence channels of a cell, which every view adds to wherever it sees the cell, whatever its density; up to
    /// 64. 0 is a model without them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evidence_channels: usize,
}

impl VoxelConfig {
    /// The geometry for that part of the world, seen by cameras with the field of view of the procedural worlds.
    pub fn of_extent(
        extent: &Extent,
        depth_samples: usize,
        rays: usize,
        rendered_channels: usize,
    ) -> Self {
        Self {
            low: extent.low,
            high: extent.high,
            cells: extent.cells,
            depth_samples,
            near: extent.near,
            far: extent.far,
            rays,
            rendered_channels,
            field_of_view: world_field_of_view(),
            evidence_channels: 0,
        }
    }

    /// Number of cells, X·Y·Z.
    pub fn cell_count(&self) -> usize {
        self.cells.iter().product()
    }

    /// Half the width of the picture plane at distance one, `tan(field_of_view / 2)`.
    pub fn half_width(&self) -> f64 {
        (self.field_of_view / 2.0).tan()
    }

    /// Distances of the D samples along a ray, in the middle of the depth bins.
    pub fn sample_distances(&self) -> Vec<f64> {
        let bin = (self.far - self.near) / self.depth_samples as f64;
        (0..self.depth_samples).map(|index| self.near + bin * (index as f64 + 0.5)).collect()
    }

    /// Coordinates of the cells' centres along x (0), y (1) or z (2).
    pub fn centres(&self, axis: usize) -> Vec<f64> {
        let (low, high, count) = (self.low[axis], self.high[axis], self.cells[axis]);
        let spacing = (high - low) / (count - 1) as f64;
        (0..count).map(|index| low + spacing * index as f64).collect()
    }

    /// Refuses pictures of cameras with another field of view than the model's, in radians; `what` names the file.
    ///
    /// # Errors
    /// [`FormatError::FieldOfView`]: they differ by more than a thousandth.
    pub fn check_field_of_view(&self, what: &str, found: f64) -> Result<(), FormatError> {
        let expected = self.field_of_view;
        if (found - expected).abs() <= 1e-3 * expected {
            return Ok(());
        }
        let share = self.half_width() / (found / 2.0).tan();
        Err(FormatError::FieldOfView { what: what.to_owned(), found, expected, share })
    }

    /// Refuses to show scenes of the procedural worlds to a model of cameras with another field of view than theirs.
    ///
    /// # Errors
    /// [`FormatError::RenderedFieldOfView`]: they differ by more than a thousandth.
    pub fn check_rendered_scenes(&self) -> Result<(), FormatError> {
        let expected = self.field_of_view;
        let fits = self.check_field_of_view("rendered scenes", world_field_of_view()).is_ok();
        if fits { Ok(()) } else { Err(FormatError::RenderedFieldOfView { expected }) }
    }

    /// Checks what the network takes for granted.
    ///
    /// # Errors
    /// [`FormatError`] names the first value that does not fit.
    pub fn validate(&self) -> Result<(), FormatError> {
        let [x, y, z] = self.cells;
        let sizes = [
            ("voxel.cells", x, 1, 2, 128),
            ("voxel.cells", y, 1, 2, 128),
            ("voxel.cells", z, 1, 2, 128),
            ("voxel.depth_samples", self.depth_samples, 1, 2, 128),
            ("voxel.rays", self.rays, 1, 1, 4),
            ("voxel.rendered_channels", self.rendered_channels, 1, 1, 4096),
            ("voxel.evidence_channels", self.evidence_channels, 1, 0, 64),
        ];
        for (name, found, multiple, smallest, largest) in sizes {
            if found < smallest || found > largest || found % multiple != 0 {
                return Err(FormatError::Size { name, found, multiple, smallest, largest });
            }
        }
        if self.rays == 3 {
            return Err(FormatError::geometry("rays", self.rays, "1, 2 or 4"));
        }
        let count = self.cell_count();
        if count > MOST_CELLS {
            return Err(FormatError::geometry("cells", count, "at most 262144 in all"));
        }
        let is_plain = |value: f64| value.is_finite() && value.abs() <= 1e6;
        for axis in 0..3 {
            let (low, high) = (self.low[axis], self.high[axis]);
            if !is_plain(low) || !is_plain(high) || high - low < 1e-6 {
                let found = format!("{low} to {high} along {}", ["x", "y", "z"][axis]);
                return Err(FormatError::geometry(
                    "low, high",
                    found,
                    "low below high, in world units",
                ));
            }
        }
        if !(is_plain(self.near) && is_plain(self.far) && self.near > 0.0 && self.near < self.far) {
            let found = format!("{} to {}", self.near, self.far);
            return Err(FormatError::geometry(
                "near, far",
                found,
                "0 < near < far, in world units",
            ));
        }
        if !(0.05..=2.8).contains(&self.field_of_view) {
            let found = self.field_of_view;
            return Err(FormatError::geometry("field_of_view", found, "0.05 to 2.8 radians"));
        }
        Ok(())
    }
}

/// Whether a key is left out of files.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Field of view of the procedural worlds' cameras, in radians: the `f32` constant in as many decimals as it has, so that a
/// file shows 0.872665 and not its binary neighbour.
pub fn world_field_of_view() -> f64 {
    (f64::from(FIELD_OF_VIEW) * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use gqn_scenes::World;

    use super::*;

    fn rooms() -> VoxelConfig {
        VoxelConfig::of_extent(&World::RoomsRingCamera.extent(), 16, 1, 64)
    }

    #[test]
    fn every_world_has_a_valid_geometry() {
        for world in World::ALL {
            let voxel = VoxelConfig::of_extent(&world.extent(), 16, 1, 64);
            voxel.validate().unwrap_or_else(|error| panic!("{world}: {error}"));
            let error = (voxel.half_width() - (25_f64.to_radians()).tan()).abs();
            assert!(error < 1e-6, "{world}: the half width is off by {error}");
        }
    }

    #[test]
    fn cells_and_samples_lie_where_they_should() {
        let voxel = rooms();
        assert_eq!(voxel.centres(2), [0.0, 0.12, 0.24, 0.36, 0.48, 0.6]);
        let distances = voxel.sample_distances();
        assert_eq!(distances.len(), 16);
        assert!((distances[0] - (0.1 + 2.5 / 32.0)).abs() < 1e-12);
        assert!((distances[15] - (2.6 - 2.5 / 32.0)).abs() < 1e-12);
    }

    #[test]
    fn bad_geometry_is_refused_by_name() {
        let refused = |edit: fn(&mut VoxelConfig), name: &str| {
            let mut voxel = rooms();
            edit(&mut voxel);
            let error = voxel.validate().expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        };
        refused(|voxel| voxel.cells[1] = 1, "voxel.cells is 1, expected from 2 to 128");
        refused(|voxel| voxel.cells = [128; 3], "cells");
        refused(|voxel| voxel.high[0] = voxel.low[0], "low, high");
        refused(|voxel| voxel.near = 0.0, "near, far");
        refused(|voxel| voxel.far = f64::NAN, "near, far");
        refused(|voxel| voxel.rays = 3, "rays");
        refused(|voxel| voxel.evidence_channels = 65, "voxel.evidence_channels is 65");
        refused(|voxel| voxel.field_of_view = 50.0, "field_of_view");
    }

    #[test]
    fn another_field_of_view_is_refused_with_a_remedy() {
        let voxel = rooms();
        voxel.check_field_of_view("views.json", 50_f64.to_radians()).expect("the model's own");
        let wider = voxel.check_field_of_view("views.json", 1.2).expect_err("wider").to_string();
        assert!(wider.contains("crop"), "{wider}");
        let narrower = voxel.check_field_of_view("views.json", 0.5).expect_err("narrower");
        assert!(!narrower.to_string().contains("crop"), "{narrower}");
        voxel.check_rendered_scenes().expect("the worlds' own");
        let other = VoxelConfig { field_of_view: 1.2, ..voxel };
        let error = other.check_rendered_scenes().expect_err("wider").to_string();
        for part in ["have a field of view of 50°", "1.2000", "leave out --field-of-view"] {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }
}
